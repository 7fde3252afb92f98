import { readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(__dirname, '../..')
const json = (file: string) => JSON.parse(readFileSync(`${root}/src/i18n/${file}`, 'utf8')) as Record<string, unknown>
const go = (file: string) => readFileSync(`${root}/../scanner/${file}`, 'utf8')

/** Each outcome code of scanner/code.go with the parameters its comment names. */
function codes(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const m of go('code.go').matchAll(/^\s*Code\w+\s+Code = "(\w+)"\s*\/\/(.*)$/gm)) {
    const list = m[2]!.split(':')[0]!
    found.set(m[1]!, /^[\s\w,]*$/.test(list) ? list.split(',').map((p) => p.trim()).filter((p) => /^\w+$/.test(p)) : [])
  }
  return found
}

const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!))].sort()

function leaves(node: unknown, path = ''): Map<string, string> {
  if (typeof node === 'string') return new Map([[path, node]])
  const out = new Map<string, string>()
  for (const [key, value] of Object.entries(node as object)) for (const [p, text] of leaves(value, path ? `${path}.${key}` : key)) out.set(p, text)
  return out
}

describe('files of texts', () => {
  const keys = (node: unknown): number => (typeof node === 'object' && node ? Object.values(node).reduce((n: number, v) => n + 1 + keys(v), 0) : 0)
  const files = readdirSync(`${root}/src/i18n`).filter((f) => f.endsWith('.json'))

  it('are there', () => expect(files.length).toBeGreaterThan(8))

  // JSON.parse takes the last of two without a word: the text that was looked at may not be the one that is shown.
  it.each(files)('%s has no key twice', (file) => {
    const written = [...readFileSync(`${root}/src/i18n/${file}`, 'utf8').matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter((m) => m[1]).length
    expect(written).toBe(keys(json(file)))
  })
})

type Texts = Record<string, { headline: string; act: string }>
const outcomes = { zh: json('outcomes.zh.json') as Texts, en: json('outcomes.en.json') as Texts }

describe('texts of the outcome codes', () => {
  const all = codes()

  it('reads the codes from scanner/code.go', () => {
    const listed = go('code.go').split('var Codes')[1]!.match(/\bCode[A-Z]\w+/g)!
    expect(all.size).toBe(new Set(listed).size)
    expect(all.size).toBeGreaterThan(40)
  })

  it.each(['zh', 'en'] as const)('has every code in %s and no other', (lang) => {
    expect(Object.keys(outcomes[lang]).sort()).toEqual([...all.keys()].sort())
  })

  it.each([...all.entries()])('%s uses only what the server sends', (code, params) => {
    // The page adds the tote, its short name, and the number after "expected"; plate and parcel are fields of the outcome itself.
    const known = new Set([...params, 'tote', 'bin', 'plate', 'parcel', ...(params.includes('expected') ? ['next'] : [])])
    for (const lang of ['zh', 'en'] as const) {
      const text = outcomes[lang][code]!
      expect(text.headline.trim()).not.toBe('')
      expect(text.act.trim()).not.toBe('')
      expect([...placeholders(text.headline), ...placeholders(text.act)].filter((p) => !known.has(p))).toEqual([])
    }
  })
})

describe('texts of the station\'s own answers', () => {
  const codes = [...go('guess/answer.go').matchAll(/Code\s+= "(provisional_\w+)"/g)].map((m) => m[1]!)
  const given = ['name', 'expected', 'received', 'missing']

  it.each(['zh', 'en'] as const)('has every code in %s and no other', (lang) => {
    expect(codes.length).toBeGreaterThan(10)
    const texts = json(`station.${lang}.json`) as unknown as Texts
    expect(Object.keys(texts).filter((k) => k.startsWith('provisional_')).sort()).toEqual([...codes].sort())
    for (const code of codes) {
      expect([...placeholders(texts[code]!.headline), ...placeholders(texts[code]!.act)].filter((p) => !given.includes(p))).toEqual([])
      expect(texts[code]!.headline.trim()).not.toBe('')
    }
  })
})

describe('both languages', () => {
  const files = readdirSync(`${root}/src/i18n`).filter((f) => f.endsWith('.zh.json'))
  it.each(files)('%s and its English say the same things', (file) => {
    const zh = leaves(json(file))
    const en = leaves(json(file.replace('.zh.', '.en.')))
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
    for (const [key, text] of zh) expect(`${key}: ${placeholders(en.get(key)!)}`).toBe(`${key}: ${placeholders(text)}`)
  })
})

describe('words for codes of the station line', () => {
  const words = { zh: json('words.zh.json'), en: json('words.en.json') } as Record<'zh' | 'en', Record<string, Record<string, string>>>
  const constants = (file: string, type: string) => [...go(file).matchAll(new RegExp(`\\b${type}\\s*=\\s*"(\\w+)"`, 'g'))].map((m) => m[1]!)

  it.each([
    ['verdict', constants('outcome.go', 'Verdict')],
    ['tote', constants('outcome.go', 'Tote')],
    ['effect', constants('outcome.go', 'EffectKind')],
    ['device_state', constants('device.go', 'DeviceState')],
    ['device_code', constants('device.go', 'DeviceCode')],
    ['condition', [...go('control.go').match(/Conditions = \[\]string\{(.*)\}/)![1]!.matchAll(/"(\w+)"/g)].map((m) => m[1]!)],
  ] as const)('%s', (group, values) => {
    expect(values.length).toBeGreaterThan(2)
    for (const lang of ['zh', 'en'] as const) expect(values.filter((v) => !words[lang][group]?.[v])).toEqual([])
  })
})

describe('notices of the agent', () => {
  const codes = [...go('agent/state.go').matchAll(/^\s*Notice\w+\s*= "(\w+)"/gm)].map((m) => m[1]!)
  it('each have a text in both languages', () => {
    expect(codes.length).toBeGreaterThan(5)
    for (const lang of ['zh', 'en']) expect(Object.keys(json(`station.${lang}.json`).notice as object).sort()).toEqual([...codes].sort())
  })
})

describe('problems of the link', () => {
  // What the server's line refuses with, and what the uplink finds by itself.
  const codes = [...go('wire/wire.go').matchAll(/^\s*Err\w+\s*= "(\w+)"/gm), ...go('uplink/uplink.go').matchAll(/Problem = false, "(\w+)"/g), ...go('uplink/carry.go').matchAll(/problem: "(\w+)"/g)].map((m) => m[1]!)
  it('each have a text in both languages', () => {
    expect(codes.length).toBeGreaterThan(10)
    for (const lang of ['zh', 'en']) expect(codes.filter((c) => !(json(`words.${lang}.json`).link_problem as Record<string, string>)[c])).toEqual([])
  })
})

describe('codes of failures', () => {
  const repo = `${root}/..`
  // Rooms whose failures reach a page. What only a station, a gateway or the log sees has no text here.
  const rooms = ['api', 'inventory', 'receiving', 'internal/auth', 'internal/idempotency']
  const elsewhere = new Set(['batch_size', 'lease_count', 'seq_gap', 'producer_unknown', 'no_plates', 'plates_spent', 'subprotocol', 'websocket_only', 'time_zone', 'badge_unknown', 'roll_count', 'plate_awaited'])
  const files = rooms.flatMap((room) => readdirSync(`${repo}/${room}`, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.go') && !/_test\.go$|^world\/|^receivingtest\//.test(f)).map((f) => `${repo}/${room}/${f}`))
  const found = new Set<string>()
  for (const f of files) {
    const source = readFileSync(f, 'utf8')
    for (const m of source.matchAll(/fault\.New\(fault\.\w+, "(\w+)"/g)) found.add(m[1]!)
    if (f.endsWith('api/problem.go')) for (const m of source.matchAll(/http\.Status\w+: "(\w+)"/g)) found.add(m[1]!)
  }
  const codes = [...found].filter((c) => !elsewhere.has(c))

  it.each(['zh', 'en'])('each have a text in %s', (lang) => {
    expect(codes.length).toBeGreaterThan(100)
    const texts = json(`errors.${lang}.json`) as Record<string, string>
    expect(codes.filter((c) => !texts[c]).sort()).toEqual([])
  })
})

describe('the ten usual mistakes, word for word', () => {
  // Punctuation is set in the reader's type (full width in Chinese); the words are the design's.
  const plain = (s: string) => s.replaceAll('，', ',').replaceAll('：', ':').replaceAll('；', ';').replaceAll('？', '?').replaceAll('！', '!').replaceAll(/[“”]/g, '"')
  const fill = (s: string, params: Record<string, string>) => s.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? `{${name}}`)

  it.each([
    ['already_received', { time: '14:20', bench: '3', pieces: '3' }, '已收过:14:20 3号台 3件'],
    ['previous_open', { missing: '1', names: '黑L' }, '上一包裹还差1件:黑L。再扫=按少件关闭'],
    ['old_label', {}, '这是发货面单,请找退货面单'],
    ['over', { expected: '2', next: '3' }, '已够2件。真有第3件扫 +1'],
    ['scan_the_tag', {}, '这是箱码/分拣码,请扫吊牌'],
    ['scan_waybill_first', {}, '先扫运单;没面单扫"无面单"'],
    ['plate_of_other', { plate: 'U123', want: 'U124' }, 'U123 是上一件的,请贴 U124'],
    ['belongs_elsewhere', { bench: '5' }, '这件属于5号台包裹,请递过去'],
    ['zero_pieces', {}, '0件!空包?拍照+称重后扫"空包裹"'],
  ] as [string, Record<string, string>, string][])('%s', (code, params, want) => {
    expect(plain(fill(outcomes.zh[code]!.headline, params))).toBe(want)
  })

  it('wrong_spec', () => {
    const { headline, act } = outcomes.zh.wrong_spec!
    expect(plain(fill(`${headline} ${act}`, { want: '黑L', got: '黑XL', bin: '黄筐' }))).toBe('应退 黑L / 扫到 黑XL → 黄筐,别换标')
  })
})
