import { ApiError, api, ok } from '@/api/client'
import type { RefundDetail, RefundRow } from '@/api/types'

/** What can be done with a refund, as the server names it. */
export type Verb = RefundRow['can'][number]

/** What a person has to write for each act, and how long it may be; null: nothing. */
export const asks: Record<Verb, { text: 'note' | 'reason' | 'proof' | 'case'; most: number } | null> = {
  authorize: { text: 'note', most: 500 },
  hold: { text: 'reason', most: 500 },
  release: null,
  cancel: { text: 'reason', most: 500 },
  replace: null,
  pay_by_hand: { text: 'proof', most: 200 },
  attribute: { text: 'case', most: 100 },
}

/** Acts in the order of their buttons; the first that can be done is the main one. */
export const order: readonly Verb[] = ['authorize', 'attribute', 'replace', 'release', 'pay_by_hand', 'hold', 'cancel']

export const sorted = (can: readonly Verb[]) => order.filter((v) => can.includes(v))

/** Does it; the answer is the refund, or its successor where one is made. */
export function act(verb: Verb, row: RefundRow, text: string): Promise<RefundDetail> {
  const params = { path: { number: row.number } }
  switch (verb) {
    case 'authorize':
      return ok(api.POST('/api/v1/refunds/{number}/authorize', { params, body: { note: text } }))
    case 'hold':
      return ok(api.POST('/api/v1/refunds/{number}/hold', { params, body: { reason: text } }))
    case 'release':
      return ok(api.POST('/api/v1/refunds/{number}/release', { params }))
    case 'cancel':
      return ok(api.POST('/api/v1/refunds/{number}/cancel', { params, body: { reason: text } }))
    case 'replace':
      return ok(api.POST('/api/v1/refunds/{number}/replace', { params }))
    case 'pay_by_hand':
      return ok(api.POST('/api/v1/refunds/{number}/pay-by-hand', { params, body: { proof: text } }))
    case 'attribute':
      return attribute(row, text)
  }
}

/** Case numbers are a shop's own: where several shops have this one, the shop of the payment is meant. */
async function attribute(row: RefundRow, text: string): Promise<RefundDetail> {
  const send = (body: { case: string; shop?: string }) => ok(api.POST('/api/v1/refunds/{number}/attribute', { params: { path: { number: row.number } }, body }))
  try {
    return await send({ case: text })
  } catch (err) {
    if (err instanceof ApiError && err.code === 'number_ambiguous') return send({ case: text, shop: row.shop_code })
    throw err
  }
}

export const read = (number: string): Promise<RefundDetail> => ok(api.GET('/api/v1/refunds/{number}', { params: { path: { number } } }))
