import type { UnitDetail } from '@/api/types'

export type Act = 'repaired' | 'hand_over' | 'block' | 'unblock'

const blockable = ['quarantine', 'custody', 'available', 'second_grade', 'released', 'released_b', 'repair', 'outbound']

/** What may be done with a piece where it stands. Free again is a manager's word. */
export function actsOf(u: Pick<UnitDetail, 'state' | 'second_look'>, manager: boolean): Act[] {
  const acts: Act[] = []
  if (u.state === 'repair') acts.push('repaired')
  if (u.state === 'outbound' && u.second_look !== 'due' && u.second_look !== 'differs') acts.push('hand_over')
  if (u.state === 'blocked' && manager) acts.push('unblock')
  if (blockable.includes(u.state)) acts.push('block')
  return acts
}

/** How a piece's life stands: '' without an expiry. */
export function lifeOf(u: Pick<UnitDetail, 'days_left' | 'min_days'>): '' | 'expired' | 'short' | 'fine' {
  if (u.days_left === undefined || u.days_left === null) return ''
  if (u.days_left < 0) return 'expired'
  return u.days_left < u.min_days ? 'short' : 'fine'
}
