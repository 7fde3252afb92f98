import type { CheckItem, InspectionRequest, UnitDetail } from '@/api/types'

export type Grade = InspectionRequest['grade']
export type Disposition = InspectionRequest['disposition']
export const grades: readonly Grade[] = ['A', 'B', 'C', 'D']
export const dispositions: readonly Disposition[] = ['restock', 'restock_b', 'repair', 'return_to_vendor', 'return_to_customer', 'scrap', 'donate']

export const defaultDisposition: Record<Grade, Disposition> = { A: 'restock', B: 'restock_b', C: 'repair', D: 'scrap' }

/** What the inspector has filled in so far for one unit. */
export interface Draft {
  grade: Grade | ''
  disposition: Disposition | ''
  checks: Record<string, boolean>
  note: string
  override: string
  askOverride: boolean // the server wants a reason: the inspector received the piece too, and it is above the limit
}

export const blank = (): Draft => ({ grade: '', disposition: '', checks: {}, note: '', override: '', askOverride: false })

export const unchecked = (list: readonly CheckItem[], d: Draft) => list.filter((c) => d.checks[c.key] === undefined)

/** A failed check of the kind that rules out "as new". */
export const gradeABlocked = (list: readonly CheckItem[], d: Draft) => list.some((c) => c.blocks_grade_a && d.checks[c.key] === false)

export const refused = (u: UnitDetail) => !u.can.inspect

/** What is missing before the decision can be sent, the first thing first; '' when nothing is. */
export function missing(u: UnitDetail, d: Draft): '' | 'checks' | 'grade' | 'note' | 'override' {
  if (unchecked(u.checklist, d).length > 0) return 'checks'
  if (d.grade === '') return 'grade'
  if (d.disposition === 'scrap' && d.note.trim() === '') return 'note'
  if (d.askOverride && d.override.trim() === '') return 'override'
  return ''
}

/** Takes a grade, with the disposition that usually follows. Grade A is refused while a check forbids it. */
export function withGrade(d: Draft, grade: Grade, list: readonly CheckItem[]): Draft {
  if (grade === 'A' && gradeABlocked(list, d)) return d
  return { ...d, grade, disposition: defaultDisposition[grade] }
}

/** Answers one check. If it takes grade A away, the grade is asked for again. */
export function withCheck(d: Draft, key: string, pass: boolean, list: readonly CheckItem[]): Draft {
  const next = { ...d, checks: { ...d.checks, [key]: pass } }
  return next.grade === 'A' && gradeABlocked(list, next) ? { ...next, grade: '', disposition: '' } : next
}
