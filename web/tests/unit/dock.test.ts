import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { amount, control, reasons } from '@/station/dock'
import { groups } from '@/sheet/controls'

describe('what the dock asks', () => {
  it.each([
    ['12', '12'], ['12.5', '12.5'], [' 12.50 ', '12.50'], ['12，5', '12.5'], ['12,50', '12.50'], ['¥8', '8'], ['', null], ['0', null], ['0.00', null], ['-3', null], ['12.345', null], ['1e3', null], ['6901443214507', null], ['十二', null],
  ])('reads %j as the amount %j', (text, want) => expect(amount(text)).toBe(want))

  it('answers with control barcodes', () => {
    expect(control('carrier', 'sf')).toBe('BD:CARRIER:sf')
    expect(control('done', '57')).toBe('BD:DONE:57')
    expect(control('done', '')).toBe('BD:DONE')
    expect(control('hand_back', 'not_ours')).toBe('BD:HAND-BACK:not_ours')
  })

  it('knows the reasons that the desk knows, and the sheet prints no other', () => {
    const go = readFileSync(resolve(__dirname, '../../../scanner/control.go'), 'utf8')
    const known = [...go.match(/DockReasons = \[\]string\{(.*)\}/)![1]!.matchAll(/"(\w+)"/g)].map((m) => m[1]!)
    expect([...reasons].sort()).toEqual([...known].sort())
    const printed = groups.flatMap((g) => g.controls).map((c) => /^BD:(?:REFUSE|HAND-BACK):(\w+)$/.exec(c.data)?.[1]).filter((r) => r !== undefined)
    expect(printed.length).toBeGreaterThan(2)
    expect(printed.filter((r) => !known.includes(r!))).toEqual([])
  })
})
