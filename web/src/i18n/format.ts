import type { Lang } from './lang'

const locale = (lang: Lang) => (lang === 'zh' ? 'zh-CN' : 'en-GB')
const cache = new Map<string, Intl.DateTimeFormat>()

function formatter(lang: Lang, zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang}|${zone}|${JSON.stringify(options)}`
  let f = cache.get(key)
  if (!f) {
    try {
      f = new Intl.DateTimeFormat(locale(lang), { hourCycle: 'h23', timeZone: zone || undefined, ...options })
    } catch {
      f = new Intl.DateTimeFormat(locale(lang), { hourCycle: 'h23', ...options }) // a zone this browser does not know
    }
    cache.set(key, f)
  }
  return f
}

/** 14:20:31 in the warehouse's zone. */
export function clock(iso: string, lang: Lang, zone?: string): string {
  return formatter(lang, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(iso))
}

/** 14:20 today, 11-23 14:20 on any other day, in the warehouse's zone. */
export function when(iso: string, now: number, lang: Lang, zone?: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const day = formatter('en', zone, { year: 'numeric', month: '2-digit', day: '2-digit' })
  const time = formatter(lang, zone, { hour: '2-digit', minute: '2-digit' }).format(at)
  if (day.format(at) === day.format(now)) return time
  const [d, m, y] = day.format(at).split('/')
  const year = day.format(now).split('/')[2]
  return y === year ? `${m}-${d} ${time}` : `${y}-${m}-${d} ${time}`
}

/** A length of time in its two largest units: ['hm', {h, m}], ready for the message age.hm. */
export function age(seconds: number): [unit: 's' | 'm' | 'h' | 'hm' | 'd' | 'dh', params: Record<string, number>] {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 60) return ['s', { n: s }]
  const m = Math.floor(s / 60)
  if (m < 60) return ['m', { n: m }]
  const h = Math.floor(m / 60)
  if (h < 24) return m % 60 === 0 ? ['h', { n: h }] : ['hm', { h, m: m % 60 }]
  const d = Math.floor(h / 24)
  return h % 24 === 0 || d > 6 ? ['d', { n: d }] : ['dh', { d, h: h % 24 }]
}

/** A waybill in groups of four, the carrier's letters kept with the first: SF1438 0276 9951. A license plate stays as it stands on the label. */
export function grouped(code: string): string {
  if (/^U\d{10}$/.test(code)) return code
  const m = /^([A-Za-z]*)(\d{8,})$/.exec(code)
  if (!m) return code
  const digits = m[2]!
  const first = digits.length % 4
  const groups = digits.slice(first).match(/.{4}/g) ?? []
  const head = digits.slice(0, first)
  return m[1] + [head, ...groups].filter((g) => g !== '').join(' ')
}

export interface Money {
  minor: number
  currency: string
}

const digitsOf = (currency: string) => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2

/** An amount with its currency's sign and as many decimals as the currency has. `whole` drops them for large figures on a board. */
export function money(m: Money | undefined, lang: Lang, whole = false): string {
  if (!m || !m.currency) return '—'
  const decimals = digitsOf(m.currency)
  return new Intl.NumberFormat(locale(lang), {
    style: 'currency',
    currency: m.currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: whole ? 0 : decimals,
    maximumFractionDigits: whole ? 0 : decimals,
  }).format(m.minor / 10 ** decimals)
}

export function count(n: number, lang: Lang): string {
  return new Intl.NumberFormat(locale(lang)).format(n)
}
