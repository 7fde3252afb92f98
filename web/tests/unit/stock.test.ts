import { describe, expect, it } from 'vitest'
import { actsOf, lifeOf } from '@/qc/acts'
import { after } from '@/stock/accounts'

describe('a correction of stock', () => {
  it.each([
    [5, 2, 7, ''], [5, -5, 0, ''], [5, -6, -1, 'below'], [5, 0, 5, 'none'], [5, 1.5, 5, 'none'], [5, NaN, 5, 'none'],
  ] as const)('%i and %i', (now, change, quantity, problem) => expect(after(now, change)).toEqual({ quantity, problem }))
})

describe('what may be done with a piece', () => {
  it.each([
    ['quarantine', '', false, ['block']], ['repair', '', false, ['repaired', 'block']], ['outbound', '', false, ['hand_over', 'block']], ['outbound', 'due', false, ['block']],
    ['blocked', '', false, []], ['blocked', '', true, ['unblock']], ['available', 'due', true, ['block']], ['scrapped', '', true, []], ['inspected', 'due', false, []],
  ] as const)('%s, second look %s, manager %s', (state, second_look, manager, acts) => expect(actsOf({ state, second_look }, manager)).toEqual(acts))
})

describe('how its life stands', () => {
  it.each([[undefined, ''], [-1, 'expired'], [0, 'short'], [29, 'short'], [30, 'fine']] as const)('%s days left', (days_left, want) => expect(lifeOf({ ...(days_left === undefined ? {} : { days_left }), min_days: 30 })).toBe(want))
})
