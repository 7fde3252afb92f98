import Code128 from 'jsbarcode/src/barcodes/CODE128/CODE128_AUTO.js'

/** A bar: its left edge and width in modules. */
export interface Bar {
  x: number
  width: number
}

/** The bars of a Code 128 symbol with a quiet zone of ten modules on both sides, as the standard asks for. */
export function code128(data: string): { bars: Bar[]; modules: number } {
  const code = new Code128(data, {})
  if (!code.valid()) throw new Error(`Code 128 cannot hold ${JSON.stringify(data)}`)
  const quiet = 10
  const bits = code.encode().data
  const bars: Bar[] = []
  for (const run of bits.matchAll(/1+/g)) bars.push({ x: quiet + run.index, width: run[0].length })
  return { bars, modules: bits.length + 2 * quiet }
}
