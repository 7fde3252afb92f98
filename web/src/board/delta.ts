import type { Pair } from '@/api/types'

export interface Delta {
  way: 'up' | 'down' | 'flat'
  good: boolean | null // null: neither
  text: string // +8.2%, −9 s, −0.8 pp
}

type Unit = 'percent' | 'seconds' | 'points' | 'count'

/** The change against the same clock time yesterday. For some figures less is better. */
export function delta(p: Pair, unit: Unit, lessIsBetter = false): Delta | null {
  const diff = p.today - p.yesterday
  let text: string
  switch (unit) {
    case 'percent':
      if (p.yesterday === 0) return null // no base to compare with
      text = signed((diff / p.yesterday) * 100, 1) + '%'
      break
    case 'points':
      if (p.yesterday === 0) return null
      text = signed(diff * 100, 1) + ' pp'
      break
    case 'seconds':
      if (p.yesterday === 0) return null
      text = signed(diff, 0) + ' s'
      break
    default:
      text = signed(diff, 0)
  }
  if (!/[1-9]/.test(text)) return { way: 'flat', good: null, text: text.replace(/^[+−]/, '±') }
  const up = diff > 0
  return { way: up ? 'up' : 'down', good: up !== lessIsBetter, text }
}

function signed(n: number, decimals: number): string {
  return (n < 0 ? '−' : '+') + Math.abs(n).toFixed(decimals)
}
