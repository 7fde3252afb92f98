import { describe, expect, it } from 'vitest'
import type { CheckItem, UnitDetail, UnitRow } from '@/api/types'
import { blank, gradeABlocked, missing, refused, withCheck, withGrade } from '@/qc/decision'
import { sorted, total } from '@/qc/queue'

const checks: CheckItem[] = [
  { key: 'seal', title: '封条', title_en: 'Seal', kind: 'bool', blocks_grade_a: true, hazard: false },
  { key: 'box', title: '外盒', title_en: 'Box', kind: 'bool', blocks_grade_a: false, hazard: false },
]
const unit = (u: Partial<UnitDetail> = {}) => ({ plate: 'U1', checklist: checks, can: { inspect: true, undo: false, why: 'not_inspected' }, ...u }) as UnitDetail

describe('a decision', () => {
  const answered = withCheck(withCheck(blank(), 'seal', true, checks), 'box', true, checks)

  it('asks for the checks, then the grade, and is complete', () => {
    expect(missing(unit(), blank())).toBe('checks')
    expect(missing(unit(), answered)).toBe('grade')
    expect(missing(unit(), withGrade(answered, 'A', checks))).toBe('')
  })

  it.each([['A', 'restock'], ['B', 'restock_b'], ['C', 'repair'], ['D', 'scrap']] as const)('grade %s usually means %s', (g, d) => expect(withGrade(answered, g, checks).disposition).toBe(d))

  it('needs a reason to scrap, blanks are none', () => {
    const d = withGrade(answered, 'D', checks)
    expect(missing(unit(), d)).toBe('note')
    expect(missing(unit(), { ...d, note: '  ' })).toBe('note')
    expect(missing(unit(), { ...d, note: '碎了' })).toBe('')
  })

  it('is never A with a failed check that rules it out', () => {
    const failed = withCheck(answered, 'seal', false, checks)
    expect(gradeABlocked(checks, failed)).toBe(true)
    expect(withGrade(failed, 'A', checks).grade).toBe('')
    expect(withGrade(withCheck(answered, 'box', false, checks), 'A', checks).grade).toBe('A')
  })

  it('loses its A when a check fails afterwards, and keeps a B', () => {
    expect(withCheck(withGrade(answered, 'A', checks), 'seal', false, checks)).toMatchObject({ grade: '', disposition: '' })
    expect(withCheck(withGrade(answered, 'B', checks), 'seal', false, checks)).toMatchObject({ grade: 'B', disposition: 'restock_b' })
  })

  it('wants a reason where the server has asked for one, and nothing overrides what has moved on', () => {
    const d = withGrade({ ...answered, askOverride: true }, 'A', checks)
    expect(missing(unit(), d)).toBe('override')
    expect(missing(unit(), { ...d, override: '夜班只有一人' })).toBe('')
    expect(refused(unit({ can: { inspect: false, undo: false, why: 'moved_on' } }))).toBe(true)
  })

  it('does not mind an empty checklist', () => expect(missing(unit({ checklist: [] }), withGrade(blank(), 'A', []))).toBe(''))
})

describe('the queue', () => {
  const now = Date.parse('2026-11-23T08:00:00Z')
  const row = (plate: string, age_s: number, minor: number, more: Partial<UnitRow> = {}) => ({ plate, age_s, value: { minor, currency: 'CNY' }, ...more }) as UnitRow
  const rows = [row('U1', 100, 900), row('U2', 900, 100), row('U3', 500, 500, { deadline: '2026-11-23T07:00:00Z' }), row('U4', 900, 50)]

  it('is by age, overdue deadlines first, ties by plate', () => expect(sorted(rows, 'age', now).map((r) => r.plate)).toEqual(['U3', 'U2', 'U4', 'U1']))
  it('is by value when asked', () => expect(sorted(rows, 'value', now).map((r) => r.plate)).toEqual(['U3', 'U1', 'U2', 'U4']))
  it('adds up one currency only', () => {
    expect(total([...rows, row('U9', 1, 100_000, { value: { minor: 100_000, currency: 'JPY' } })])).toEqual({ minor: 1550, currency: 'CNY' })
    expect(total([])).toBeNull()
  })
})
