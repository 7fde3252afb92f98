import { describe, expect, it } from 'vitest'
import { makeI18n } from '@/i18n/lang'
import { stationMessages } from '@/station/messages'
import { say, sayProvisional, tidy, type Translate } from '@/station/say'
import type { Outcome, Provisional } from '@/station/types'

const i18n = makeI18n(stationMessages, 'zh')
const t = (lang: 'zh' | 'en'): Translate => (key, params) => (i18n.global.te(key, lang) ? i18n.global.t(key, params ?? {}, { locale: lang }) : '')
const outcome = (o: Partial<Outcome>): Outcome => ({ seq: 1, verdict: 'accepted', code: 'matched', tone: 'ok', at: '2026-11-23T06:20:00Z', ...o })
const now = Date.parse('2026-11-23T08:00:00Z')
const both = (o: Outcome) => [say(o, 'zh', t('zh'), { now, zone: 'Asia/Shanghai' }), say(o, 'en', t('en'), { now, zone: 'Asia/Shanghai' })]

describe('what the station says by itself', () => {
  it('counts, and names the piece if it can', () => {
    const p = { verdict: 'accepted' as const, code: 'provisional_match' as const, expected: 2, received: 1 }
    expect(sayProvisional({ ...p, name: '毛巾', name_en: 'Towel' }, '690', 'en', t('en'))).toEqual({ headline: 'Provisional: match 1/2', act: 'Towel — on the station\'s own list, not confirmed. Label it, BLUE QC tote' })
    expect(sayProvisional(p, '690', 'zh', t('zh')).act).toContain('690 — ')
  })
  it('says that nothing was checked when it does not know the code', () => {
    expect(sayProvisional({ verdict: 'accepted', code: 'provisional_of_tomorrow' as Provisional['code'] }, '690', 'zh', t('zh')).headline).toBe('已记录，未核对')
  })
})

describe('what the band says', () => {
  it('names the piece and the tote in the reader\'s language', () => {
    const [zh, en] = both(outcome({ tote: 'blue', params: { sku: '无线蓝牙耳机 Pro', sku_en: 'Wireless earbuds Pro' } }))
    expect(zh).toEqual({ headline: '匹配，已收', act: '无线蓝牙耳机 Pro — 贴质检标，放入蓝色质检筐' })
    expect(en).toEqual({ headline: 'Matched, received', act: 'Wireless earbuds Pro — stick the QC label, put it in the BLUE QC tote' })
  })

  it('shows times in the warehouse\'s zone and a bench by its number', () => {
    const [zh] = both(outcome({ verdict: 'attention', code: 'already_received', params: { time: '2026-11-23T06:20:00Z', bench: '3 号收货台', pieces: '3' } }))
    expect(zh!.headline).toBe('已收过：14:20 3号台 3件')
  })

  it('counts the piece that would be one too many', () => {
    expect(both(outcome({ verdict: 'attention', code: 'over', params: { expected: '2', sku: '毛巾' } }))[0]!.headline).toBe('已够2件。真有第3件扫 +1')
  })

  it('turns codes into words', () => {
    const [zh, en] = both(outcome({ code: 'condition_set', tote: 'yellow', params: { condition: 'damaged', plate: 'U1' } }))
    expect([zh!.headline, en!.headline]).toEqual(['已记成色：破损', 'Condition noted: damaged'])
  })

  it('leaves no brace or dangling dash when a value is missing', () => {
    for (const code of Object.keys(stationMessages.zh.outcomes)) {
      for (const s of both(outcome({ code: code as Outcome['code'] }))) {
        expect(`${s.headline} ${s.act}`).not.toMatch(/[{}]|undefined/)
        expect(s.act).not.toMatch(/^[—·]|[·]$/)
      }
    }
  })

  it('shows the verdict and the bare code of an outcome newer than the page', () => {
    const [zh, en] = both(outcome({ verdict: 'attention', code: 'invented_tomorrow' as Outcome['code'] }))
    expect(zh).toEqual({ headline: '请注意', act: '代码 invented_tomorrow' })
    expect(en!.headline).toBe('Attention')
  })

  it('takes out separators around nothing', () => {
    expect(tidy('收货一件 ·  · U1')).toBe('收货一件 · U1')
    expect(tidy(' ·  · ')).toBe('')
    expect(tidy(' — 放入蓝筐')).toBe('放入蓝筐')
  })
})
