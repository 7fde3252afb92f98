import type { UnitRow } from '@/api/types'

export type Sort = 'age' | 'value'

/** The queue in the order the inspector wants, oldest or dearest first; overdue platform deadlines always lead. */
export function sorted(rows: readonly UnitRow[], by: Sort, now: number): UnitRow[] {
  const overdue = (r: UnitRow) => (r.deadline && Date.parse(r.deadline) < now ? 0 : 1)
  const order = by === 'age' ? (a: UnitRow, b: UnitRow) => b.age_s - a.age_s : (a: UnitRow, b: UnitRow) => b.value.minor - a.value.minor
  return [...rows].sort((a, b) => overdue(a) - overdue(b) || order(a, b) || a.plate.localeCompare(b.plate))
}

/** The sum in the queue's most common currency; amounts of others are not added up as if they were the same. */
export function total(rows: readonly UnitRow[]): { minor: number; currency: string } | null {
  const sums = new Map<string, { n: number; minor: number }>()
  for (const { value } of rows) {
    const s = sums.get(value.currency) ?? { n: 0, minor: 0 }
    sums.set(value.currency, { n: s.n + 1, minor: s.minor + value.minor })
  }
  const best = [...sums].sort((a, b) => b[1].n - a[1].n)[0]
  return best ? { minor: best[1].minor, currency: best[0] } : null
}

const findingTag: Record<string, string> = { match: 'green', over: 'amber', extra: 'amber', undeclared: 'amber', accessory_missing: 'amber', damaged: 'amber', short: 'amber' }
export const tagOf = (finding: string) => (finding === '' ? '' : (findingTag[finding] ?? 'red'))
