import { api, ok } from '@/api/client'
import type { UnclaimedDetail, UnclaimedRow } from '@/api/types'
import type { Page } from '@/lists/pages'

export type Candidate = UnclaimedDetail['candidates'][number]
/** What can be done with a parcel of unknown owner, as the server names it. */
export type Can = UnclaimedDetail['can'][number]
export type Ending = 'hand_back' | 'sell_as_found' | 'dispose'
export const endings: readonly Ending[] = ['hand_back', 'sell_as_found', 'dispose']

export interface Filter {
  warehouse: string
  q: string
  show: 'here' | 'old' | 'ended'
  cursor: string
}

export const list = (f: Filter): Promise<Page<UnclaimedRow>> =>
  ok(api.GET('/api/v1/unclaimed', { params: { query: { ...(f.warehouse ? { warehouse: f.warehouse } : {}), ...(f.q ? { q: f.q } : {}), ...(f.show === 'here' ? {} : { [f.show]: true }), ...(f.cursor ? { cursor: f.cursor } : {}) } } }))

export const read = (number: string): Promise<UnclaimedDetail> => ok(api.GET('/api/v1/unclaimed/{number}', { params: { path: { number } } }))

/** Says whose it is. A case is named before its order: that is what awaits the goods. */
export const claim = (number: string, c: Candidate) =>
  ok(api.POST('/api/v1/unclaimed/{number}/claim', { params: { path: { number } }, body: c.case ? { case: c.case, shop: c.shop_code } : { order: c.order, shop: c.shop_code } }))

export const shelve = (number: string, shelf: string): Promise<UnclaimedDetail> => ok(api.POST('/api/v1/unclaimed/{number}/shelf', { params: { path: { number } }, body: { shelf } }))

export const note = (number: string, body: { slip?: string; phone_tail?: string; origin?: string }): Promise<UnclaimedDetail> =>
  ok(api.POST('/api/v1/unclaimed/{number}/label', { params: { path: { number } }, body }))

export const askOwner = (number: string, text: string): Promise<UnclaimedDetail> => ok(api.POST('/api/v1/unclaimed/{number}/ask-owner', { params: { path: { number } }, body: { note: text } }))

export function end(number: string, ending: Ending, reason: string): Promise<UnclaimedDetail> {
  const request = { params: { path: { number } }, body: { reason } }
  switch (ending) {
    case 'hand_back':
      return ok(api.POST('/api/v1/unclaimed/{number}/hand-back', request))
    case 'sell_as_found':
      return ok(api.POST('/api/v1/unclaimed/{number}/sell-as-found', request))
    case 'dispose':
      return ok(api.POST('/api/v1/unclaimed/{number}/dispose', request))
  }
}

export const confirm = (number: string): Promise<UnclaimedDetail> => ok(api.POST('/api/v1/unclaimed/{number}/confirm', { params: { path: { number } } }))

export const withdraw = (number: string): Promise<UnclaimedDetail> => ok(api.POST('/api/v1/unclaimed/{number}/withdraw', { params: { path: { number } } }))
