import { describe, expect, it } from 'vitest'
import { age, clock, count, grouped, money, when } from '@/i18n/format'

describe('formatting', () => {
  it.each([
    [5, ['s', { n: 5 }]], [59.9, ['s', { n: 59 }]], [60, ['m', { n: 1 }]], [3600, ['h', { n: 1 }]], [11520, ['hm', { h: 3, m: 12 }]], [86400, ['d', { n: 1 }]], [100800, ['dh', { d: 1, h: 4 }]],
    [10 * 86400 + 7200, ['d', { n: 10 }]], [-3, ['s', { n: 0 }]],
  ] as const)('age of %d s', (s, want) => expect(age(s)).toEqual(want))

  it.each([['U0000012287', 'U0000012287'], ['SF143802769951', 'SF1438 0276 9951'], ['YT8830447120611', 'YT8 8304 4712 0611'], ['123', '123'], ['RT-261123-0417', 'RT-261123-0417'], ['', '']])('groups %s', (raw, want) => expect(grouped(raw)).toBe(want))

  it('shows the warehouse\'s time, not the browser\'s', () => {
    expect(clock('2026-11-23T02:24:31Z', 'zh', 'Asia/Shanghai')).toBe('10:24:31')
    expect(clock('2026-11-23T02:24:31Z', 'en', 'Europe/Berlin')).toBe('03:24:31')
    expect(clock('2026-11-22T16:00:05Z', 'zh', 'Asia/Shanghai')).toBe('00:00:05')
  })

  it('adds the date when it is not today there', () => {
    const now = Date.parse('2026-11-23T16:30:00Z') // already the 24th in Shanghai
    expect(when('2026-11-23T16:10:00Z', now, 'zh', 'Asia/Shanghai')).toBe('00:10')
    expect(when('2026-11-23T10:10:00Z', now, 'zh', 'Asia/Shanghai')).toBe('11-23 18:10')
    expect(when('2025-11-23T10:10:00Z', now, 'zh', 'Asia/Shanghai')).toBe('2025-11-23 18:10')
    expect(when('not a time', now, 'zh')).toBe('not a time')
  })

  it('knows how many decimals a currency has', () => {
    expect(money({ minor: 12345, currency: 'CNY' }, 'zh')).toBe('¥123.45')
    expect(money({ minor: 12345, currency: 'JPY' }, 'en')).toBe('¥12,345')
    expect(money({ minor: 18642000, currency: 'CNY' }, 'zh', true)).toBe('¥186,420')
    expect(money(undefined, 'zh')).toBe('—')
  })

  it('groups thousands', () => expect(count(1284, 'zh')).toBe('1,284'))
})
