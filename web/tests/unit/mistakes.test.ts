import { describe, expect, it } from 'vitest'
import { makeI18n } from '@/i18n/lang'
import { stationMessages } from '@/station/messages'
import { say, type Translate } from '@/station/say'
import type { Outcome } from '@/station/types'

const i18n = makeI18n(stationMessages, 'zh')
const t = (lang: 'zh' | 'en'): Translate => (key, params) => (i18n.global.te(key, lang) ? i18n.global.t(key, params ?? {}, { locale: lang }) : '')
const now = Date.parse('2026-11-23T08:00:00Z')

// What the screen says in the ten usual mistakes, word for word. The list was agreed with clerks in half-width punctuation; the screen sets it in the full-width
// one that Chinese text wants, and nothing else may differ.
const mistakes: [string, Partial<Outcome>][] = [
  ['已收过:14:20 3号台 3件', { code: 'already_received', params: { time: '2026-11-23T06:20:00Z', bench: '3', pieces: '3' } }],
  ['上一包裹还差1件:黑L。再扫=按少件关闭', { code: 'previous_open', params: { missing: '1', names: '黑L', names_en: 'Black L' } }],
  ['这是发货面单,请找退货面单', { code: 'old_label', params: { waybill: 'SF1' } }],
  ['已够2件。真有第3件扫 +1', { code: 'over', params: { expected: '2', sku: '毛巾', sku_en: 'Towel' } }],
  ['这是箱码/分拣码,请扫吊牌', { code: 'scan_the_tag', params: { code: '1' } }],
  ['先扫运单;没面单扫"无面单"', { code: 'scan_waybill_first' }],
  ['U123 是上一件的,请贴 U124', { code: 'plate_of_other', params: { plate: 'U123', want: 'U124' } }],
  ['这件属于5号台包裹,请递过去', { code: 'belongs_elsewhere', params: { bench: '5' } }],
  ['0件!空包?拍照+称重后扫"空包裹"', { code: 'zero_pieces' }],
  ['应退 黑L / 扫到 黑XL → 黄筐,别换标', { code: 'wrong_spec', tote: 'yellow', params: { want: '黑L', got: '黑XL', want_en: 'Black L', got_en: 'Black XL' } }],
]

const halfWidth = (s: string) => s.replace(/[“”]/g, '"').normalize('NFKC')

describe('the ten usual mistakes', () => {
  it.each(mistakes)('%s', (words, o) => {
    const outcome = { seq: 1, verdict: 'attention', tone: 'mid', at: '2026-11-23T06:20:00Z', ...o } as Outcome
    const zh = say(outcome, 'zh', t('zh'), { now, zone: 'Asia/Shanghai' })
    expect(halfWidth(words.includes('→') ? `${zh.headline} ${zh.act}` : zh.headline)).toBe(halfWidth(words))
    // English equals it in brevity: a line of the band, which holds about fifty-six letters.
    const en = say(outcome, 'en', t('en'), { now, zone: 'Asia/Shanghai' })
    expect(en.headline.length).toBeLessThanOrEqual(62)
    expect(en.headline).toMatch(/^[\x20-\x7e]+$/)
  })

  it('names the tote of the outcome: what is not ours goes into the red one', () => {
    const o = { seq: 1, verdict: 'attention', tone: 'low', at: '2026-11-23T06:20:00Z', code: 'wrong_spec', tote: 'red', params: { want: '黑L', got: '黑XL' } } as Outcome
    expect(say(o, 'zh', t('zh'), { now, zone: 'Asia/Shanghai' }).act).toBe('→ 红筐，别换标')
  })
})
