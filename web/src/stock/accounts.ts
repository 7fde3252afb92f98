import type { AvailabilityRow } from '@/api/types'

/** The columns of the stock table: the field of a row, and the account it stands for. */
export const columns = [
  { field: 'available', account: 'available' },
  { field: 'reserved', account: 'reserved' },
  { field: 'released', account: 'released' },
  { field: 'second_grade', account: 'second_grade' },
  { field: 'quarantine', account: 'quarantine' },
  { field: 'blocked', account: 'blocked' },
  { field: 'repair', account: 'repair' },
  { field: 'outbound', account: 'outbound' },
  { field: 'custody', account: 'custody' },
] as const satisfies readonly { field: keyof AvailabilityRow; account: string }[]

/** Balances that a manager may correct by a number; pieces everywhere else have plates. */
export const adjustable = ['available', 'second_grade'] as const
export type Adjustable = (typeof adjustable)[number]

export const reasons = ['found', 'lost', 'damaged', 'opening', 'other'] as const

/** What a correction comes to, or why it cannot be: nothing to change, or below zero. */
export function after(now: number, change: number): { quantity: number; problem: '' | 'none' | 'below' } {
  if (!Number.isInteger(change) || change === 0) return { quantity: now, problem: 'none' }
  return { quantity: now + change, problem: now + change < 0 ? 'below' : '' }
}
