import type { Lang } from '@/i18n/lang'
import { when } from '@/i18n/format'
import type { Outcome, Provisional } from './types'

/** Looks a message up; '' when there is none. */
export type Translate = (key: string, params?: Record<string, unknown>) => string

export interface Saying {
  headline: string
  act: string
}

// Parameters whose value is a code with words of its own.
const worded: Record<string, string[]> = {
  condition: ['condition'],
  state: ['unit_state', 'parcel_state'],
  why: ['why'],
  what: ['effect'],
  carrier: ['carrier'],
  now: ['carrier'],
  dock_reason: ['dock_reason'],
  reason: ['why', 'link_problem'],
}

/** The texts of an outcome in one language: what happened, and the next act. */
export function say(outcome: Outcome, lang: Lang, t: Translate, context: { now: number; zone?: string }): Saying {
  const headline = t(`outcomes.${outcome.code}.headline`)
  if (headline === '') {
    // A newer server may know codes this page does not: say the verdict and show the code rather than nothing.
    return { headline: t(`words.verdict.${outcome.verdict}`), act: t('unknown_outcome.act', { code: outcome.code }) }
  }
  const params = fill(outcome, lang, t, context)
  const act = tidy(t(`outcomes.${outcome.code}.act`, params))
  return { headline: tidy(t(`outcomes.${outcome.code}.headline`, params)), act: outcome.params?.parts ? t('boxes', { text: act, arrived: params.arrived, parts: params.parts }) : act }
}

/** The texts of a provisional answer. `data` stands in for a name that the station does not know. */
export function sayProvisional(p: Provisional, data: string, lang: Lang, t: Translate): Saying {
  const params = { name: (lang === 'en' && p.name_en ? p.name_en : p.name) || p.sku || data, expected: p.expected ?? 0, received: p.received ?? 0, missing: p.missing ?? 0 }
  const headline = t(`${p.code}.headline`, params)
  if (headline === '') return { headline: t('provisional_unknown.headline'), act: t('provisional_unknown.act') }
  return { headline, act: t(`${p.code}.act`, params) }
}

/** The values for the placeholders: texts in the reader's language, codes as words, times in the warehouse's zone. */
export function fill(outcome: Outcome, lang: Lang, t: Translate, context: { now: number; zone?: string }): Record<string, string> {
  const given = outcome.params ?? {}
  const out: Record<string, string> = {}
  for (const [key, value] of Object.entries(given)) {
    if (key.endsWith('_en')) continue
    const english = given[`${key}_en`]
    out[key] = lang === 'en' && english ? english : value
    for (const group of worded[key] ?? []) {
      const word = t(`words.${group}.${value}`)
      if (word !== '') {
        out[key] = word
        break
      }
    }
  }
  if (given.time && /^\d{4}-\d\d-\d\dT/.test(given.time)) out.time = when(given.time, context.now, lang, context.zone)
  if (given.bench) out.bench = bareBench(given.bench)
  const expected = Number(given.expected)
  if (given.expected && Number.isInteger(expected)) out.next = String(expected + 1)
  const tote = outcome.tote || 'none'
  out.tote = t(`words.tote.${tote}`)
  out.bin = t(`words.bin.${tote}`)
  out.plate ??= outcome.plate ?? ''
  out.parcel ??= outcome.parcel ?? ''
  // A value the server left out is left out of the sentence, too, instead of showing a brace.
  for (const name of ['sku', 'what', 'names', 'code', 'waybill', 'case', 'why', 'reason', 'serial', 'state', 'carrier', 'count', 'dock_reason', 'clerk', 'time']) out[name] ??= ''
  return out
}

/** "3 号收货台" and "3" both read "{bench}号台": the texts say "bench" themselves. */
function bareBench(bench: string): string {
  return /^(\d+)\s*号/.exec(bench)?.[1] ?? bench
}

/** Takes out the separators that a missing value leaves behind. */
export function tidy(text: string): string {
  return text
    .replace(/(?:\s*·\s*)+$/, '')
    .replace(/^(?:\s*·\s*)+/, '')
    .replace(/(?:\s*·\s*){2,}/g, ' · ')
    .replace(/^\s*—\s*/, '')
    .replace(/\s{2,}/g, ' ')
    .trim()
}
