import { describe, expect, it } from 'vitest'
import { board } from '../../dev/samples.mjs'
import type { Board } from '@/api/types'
import { delta } from '@/board/delta'
import { ageingOption } from '@/charts/ageing'
import { hoursOption, workingHours } from '@/charts/hours'

describe('change against yesterday', () => {
  it.each([
    [{ today: 108, yesterday: 100 }, 'percent', false, { way: 'up', good: true, text: '+8.0%' }],
    [{ today: 90, yesterday: 100 }, 'percent', false, { way: 'down', good: false, text: '−10.0%' }],
    [{ today: 106, yesterday: 115 }, 'seconds', true, { way: 'down', good: true, text: '−9 s' }],
    [{ today: 0.963, yesterday: 0.971 }, 'points', false, { way: 'down', good: false, text: '−0.8 pp' }],
    [{ today: 214, yesterday: 183 }, 'count', true, { way: 'up', good: false, text: '+31' }],
    [{ today: 100.01, yesterday: 100 }, 'percent', false, { way: 'flat', good: null, text: '±0.0%' }],
  ] as const)('%j %s', (pair, unit, less, want) => expect(delta(pair, unit, less)).toEqual(want))

  it('has nothing to compare with when yesterday was nothing', () => expect(delta({ today: 5, yesterday: 0 }, 'percent')).toBeNull())
})

describe('pieces per hour', () => {
  const b = board(1) as unknown as Board
  const words = { received: 'R', released: 'L', yesterday: 'Y', target: 'T' }
  const hour = (h: number, received = 0) => ({ hour: h, received, released: 0, yesterday: 0 })

  it('covers the working day and whatever falls outside it', () => {
    const day = Array.from({ length: 24 }, (_, h) => hour(h))
    expect(workingHours(day).map((h) => h.hour)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    day[5] = hour(5, 3)
    day[22] = hour(22, 1)
    expect([workingHours(day)[0]!.hour, workingHours(day).at(-1)!.hour]).toEqual([5, 22])
  })

  it('fades the running hour and leaves the rest of the day empty', () => {
    const bars = hoursOption(b, 14, words).series[0]!.data as { value: number | null; itemStyle?: { opacity: number } }[]
    expect(bars[13 - 8]!.itemStyle).toBeUndefined()
    expect(bars[14 - 8]!.itemStyle).toEqual({ opacity: 0.5 })
    expect(bars[15 - 8]!.value).toBeNull()
  })

  it('draws a target only where there is one', () => {
    expect(hoursOption(b, 14, words).series[0]).toHaveProperty('markLine')
    expect(hoursOption({ ...b, target_per_hour: 0 }, 14, words).series[0]).not.toHaveProperty('markLine')
  })

  it('draws tooltips on the canvas: the HTML kind breaks the content security policy', () => {
    expect(hoursOption(b, 14, words).tooltip.renderMode).toBe('richText')
    expect(ageingOption(b.ageing, [], []).tooltip.renderMode).toBe('richText')
  })

  it('draws from an empty board', () => {
    const empty = hoursOption({ ...b, hours: [] }, 14, words)
    expect(empty.xAxis.data).toEqual([])
    expect(ageingOption([], [], []).xAxis.max).toBe(1)
  })
})
