import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { labelled, Refused, reprint, settle } from '@/station/labels'
import { useStation } from '@/station/store'
import type { Effect, LocalScan, State } from '@/station/types'

const scan = (seq: number, ...effects: Effect[]): LocalScan => ({
  producer: 'p', seq, data: 'x', symbology: '', flags: [], device: 'gun', source: 'device', captured_at: '2026-11-24T02:00:00Z', provisional: null, lights: { captured: true, accepted: true, applied: true },
  outcome: { seq, verdict: 'accepted', code: 'matched', tone: 'ok', at: '2026-11-24T02:00:00Z', effects },
})
const booked = (plate: string): Effect => ({ kind: 'unit_booked', plate, sku: 'S' })
const undone = (plate: string): Effect => ({ kind: 'unit_undone', plate })

describe('pieces that a label may be printed of again', () => {
  it.each([
    ['newest first', [scan(2, booked('U2')), scan(1, booked('U1'))], ['U2', 'U1']],
    ['each plate once', [scan(2, booked('U1')), scan(1, booked('U1'))], ['U1']],
    ['none that was taken back', [scan(3, undone('U2')), scan(2, booked('U2')), scan(1, booked('U1'))], ['U1']],
    ['none without an effect', [{ ...scan(1), outcome: null }, scan(2)], []],
  ] as [string, LocalScan[], string[]][])('%s', (_name, recent, want) => expect(labelled(recent).map((l) => l.plate)).toEqual(want))
})

describe('what the agent is asked', () => {
  afterEach(() => vi.unstubAllGlobals())
  const answer = (status: number, body?: unknown) => {
    const asked = vi.fn(async () => new Response(body === undefined ? null : JSON.stringify(body), { status }))
    vi.stubGlobal('fetch', asked)
    return asked
  }

  it('sends plate and reason as JSON', async () => {
    const asked = answer(204)
    await reprint('U1', 'lost')
    await settle('U1', false)
    const calls = asked.mock.calls as unknown as [string, { method: string; body: string; headers: Record<string, string> }][]
    expect(calls.map(([path, init]) => [path, init.method, init.body])).toEqual([
      ['/agent/print/reprint', 'POST', '{"plate":"U1","reason":"lost"}'],
      ['/agent/print/settle', 'POST', '{"plate":"U1","printed":false}'],
    ])
    expect(calls[0]![1].headers['content-type']).toBe('application/json')
  })

  it('says why it was refused', async () => {
    answer(409, { code: 'no_doubt', detail: 'that label is not in question any more' })
    await expect(settle('U1', true)).rejects.toMatchObject({ code: 'no_doubt', message: 'that label is not in question any more' })
    answer(502)
    await expect(reprint('U1', 'lost')).rejects.toBeInstanceOf(Refused)
  })
})

describe('printer and scale in the store', () => {
  beforeEach(() => setActivePinia(createPinia()))
  const state: State = {
    station: 's', version: '1', lang: 'zh', link: { online: true, queued: 0, since: '', server: '', offset_ms: 0 }, view: null, recent: [], notices: [], plates_left: 9, expected: { returns: 0, checked: '' }, differences: { all: 0, list: [] }, weight: { grams: 5, stable: true },
    devices: [{ name: 'gun', url: '', state: 'connected', since: '', scans: 0 }, { kind: 'printer', name: 'label', url: '', state: 'fault', since: '', scans: 0 }],
    printing: { printer: 'label', state: 'paper_out', waiting: [], unshown: 0, doubtful: [] },
  }

  it('takes them from a state and from messages, and forgets them when they are gone', () => {
    const s = useStation()
    s.apply({ op: 'state', state })
    expect([s.printing?.state, s.weight?.grams]).toEqual(['paper_out', 5])
    expect(s.scanners.map((d) => d.name)).toEqual(['gun'])
    s.apply({ op: 'weight', weight: { grams: 1200, stable: false } })
    s.apply({ op: 'printing', printing: { ...state.printing!, state: 'ready' } })
    expect([s.printing?.state, s.weight]).toEqual(['ready', { grams: 1200, stable: false }])
    s.apply({ op: 'weight' })
    s.apply({ op: 'state', state: { ...state, printing: null, weight: null } })
    expect([s.printing, s.weight]).toEqual([null, null])
  })
})

describe('words for the printer', () => {
  const root = resolve(__dirname, '../..')
  const words = (lang: string) => (JSON.parse(readFileSync(`${root}/src/i18n/words.${lang}.json`, 'utf8')) as { printer_state: Record<string, string> }).printer_state
  const go = readFileSync(`${root}/../scanner/printer/status.go`, 'utf8')
  const states = [...go.matchAll(/\bState = "(\w+)"/g)].map((m) => m[1]!)

  it('has a text for every state the agent may tell', () => {
    expect(states.length).toBeGreaterThan(8)
    for (const lang of ['zh', 'en']) expect([...states, 'record_failed'].filter((s) => !words(lang)[s])).toEqual([])
  })
})
