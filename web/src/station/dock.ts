/** What the dock's dialogs ask for. The answer is a control barcode, so that a scan of the sheet says the same. */
export type Ask = 'carrier' | 'collect' | 'done' | 'refuse' | 'hand_back'

export const carriers = ['sf', 'zto', 'yto', 'sto', 'yunda', 'jt', 'jd', 'ems', 'chinapost', 'deppon'] as const
export const reasons = ['damaged', 'opened', 'not_ours', 'collect', 'misdelivered', 'other'] as const

const verbs: Record<Ask, string> = { carrier: 'CARRIER', collect: 'COLLECT', done: 'DONE', refuse: 'REFUSE', hand_back: 'HAND-BACK' }

/** The control barcode of an answer; an empty answer leaves the value out. */
export const control = (ask: Ask, value: string) => `BD:${verbs[ask]}${value === '' ? '' : `:${value}`}`

/** Reads what a person typed as an amount: a comma is taken for the point, nothing else is guessed. null: no amount. */
export function amount(text: string): string | null {
  const plain = text.trim().replace(/[，,]/, '.').replace(/^[¥￥]/, '')
  return /^\d{1,6}(\.\d{1,2})?$/.test(plain) && Number(plain) > 0 ? plain : null
}
