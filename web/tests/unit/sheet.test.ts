import { BarcodeFormat, BinaryBitmap, DecodeHintType, HybridBinarizer, MultiFormatReader, RGBLuminanceSource } from '@zxing/library'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { code128 } from '@/sheet/code128'
import { groups, spanOf } from '@/sheet/controls'

/** Draws the bars three pixels a module and reads them back with an independent decoder. */
function decode(data: string): string {
  const { bars, modules } = code128(data)
  const scale = 3
  const width = modules * scale
  const height = 40
  const pixels = new Uint8ClampedArray(width * height).fill(255)
  for (const bar of bars) for (let y = 0; y < height; y++) pixels.fill(0, y * width + bar.x * scale, y * width + (bar.x + bar.width) * scale)
  const hints = new Map<DecodeHintType, unknown>([[DecodeHintType.POSSIBLE_FORMATS, [BarcodeFormat.CODE_128]], [DecodeHintType.TRY_HARDER, true]])
  return new MultiFormatReader().decode(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(pixels, width, height))), hints).getText()
}

const all = groups.flatMap((g) => g.controls.map((c) => ({ group: g, control: c })))

describe('the control sheet', () => {
  it.each(all.map((x) => x.control.data))('%s reads back as itself', (data) => expect(decode(data)).toBe(data))

  it.each(all.map((x) => [x.control.data, x] as const))('%s has bars a worn scanner still reads', (_data, { group, control }) => {
    const width = ((210 - 20 + 2) / 12) * spanOf(group, control) - 2 - 0.6 // A4 less the margins, less gaps and border
    expect(width / code128(control.data).modules).toBeGreaterThanOrEqual(0.25)
  })

  it('names each control once, in both languages', () => {
    expect(new Set(all.map((x) => x.control.data)).size).toBe(all.length)
    for (const { control } of all) expect([control.zh, control.en].every((s) => s.trim() !== '')).toBe(true)
  })

  it('has every condition the desk knows', () => {
    const go = readFileSync(`${__dirname}/../../../scanner/control.go`, 'utf8')
    const known = [...go.match(/Conditions = \[\]string\{(.*)\}/)![1]!.matchAll(/"(\w+)"/g)].map((m) => `BD:CONDITION:${m[1]}`)
    expect(all.map((x) => x.control.data)).toEqual(expect.arrayContaining(known))
  })
})
