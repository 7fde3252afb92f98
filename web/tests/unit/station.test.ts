import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { useStation } from '@/station/store'
import type { BenchView, Difference, LocalScan, Outcome, State } from '@/station/types'
import { face, rowState, sortRows, toneOf, unresolved } from '@/station/verdict'
import type { LineView } from '@/station/types'

const outcome = (o: Partial<Outcome> = {}): Outcome => ({ seq: 1, verdict: 'accepted', code: 'matched', tone: 'ok', at: '2026-11-23T02:24:31Z', ...o })
const scan = (seq: number, s: Partial<LocalScan> = {}): LocalScan => ({
  producer: 'p', seq, data: `69014432145${seq}`, symbology: '', device: 'gun', flags: [], source: 'device', captured_at: '2026-11-23T02:24:31Z', outcome: null, provisional: null,
  lights: { captured: true, accepted: s.outcome != null, applied: s.outcome != null }, ...s,
})
const wrong = (seq: number, plate = `U${seq}`) => scan(seq, { outcome: outcome({ verdict: 'attention', code: 'wrong_item', tone: 'low', tote: 'red', plate }) })
const control = (seq: number, data: string, o: Partial<Outcome>) => scan(seq, { data, source: 'key', outcome: outcome(o) })

describe('the face of a scan', () => {
  it.each([
    ['nothing yet', null, 'idle'],
    ['captured only', scan(1), 'pending'],
    ['matched', scan(1, { outcome: outcome() }), 'ok'],
    ['closed', scan(1, { outcome: outcome({ code: 'closed', tone: 'done' }) }), 'done'],
    ['over', scan(1, { outcome: outcome({ verdict: 'attention', code: 'over', tone: 'mid' }) }), 'attention'],
    ['wrong item', wrong(1), 'mismatch'],
    ['read twice', scan(1, { outcome: outcome({ verdict: 'duplicate', code: 'double_read', tone: 'dup' }) }), 'duplicate'],
    ['unknown code', scan(1, { outcome: outcome({ verdict: 'rejected', code: 'unknown_code', tone: 'error' }) }), 'rejected'],
    ['offline match', scan(1, { provisional: { verdict: 'accepted', code: 'provisional_match' } }), 'provisional'],
    ['offline unknown', scan(1, { provisional: { verdict: 'unknown', code: 'provisional_unknown' } }), 'unchecked'],
  ] as const)('%s → %s', (_name, s, want) => expect(face(s as LocalScan | null)).toBe(want))

  it('is never green before the outcome is stored here', () => {
    for (const lights of [{ captured: true, accepted: false, applied: false }, { captured: true, accepted: true, applied: false }]) {
      const s = scan(1, { lights, outcome: outcome() })
      expect(['ok', 'done']).not.toContain(face(s))
      expect(toneOf(s)).toBeNull()
    }
    const offline = scan(2, { provisional: { verdict: 'accepted', code: 'provisional_match' } })
    expect(toneOf(offline)).toBe('provisional')
  })
})

describe('mismatches that wait', () => {
  const newestFirst = (...scans: LocalScan[]) => scans.reverse()
  it('stay while later pieces are scanned', () => {
    const list = newestFirst(wrong(1), scan(2, { outcome: outcome() }), wrong(3))
    expect(unresolved(list).map((s) => s.seq)).toEqual([3, 1])
  })
  it('EXCEPTION deals with the newest, as soon as it is journalled', () => {
    expect(unresolved(newestFirst(wrong(1), wrong(2), scan(3, { data: 'BD:EXCEPTION', source: 'key' }))).map((s) => s.seq)).toEqual([1])
  })
  it('an EXCEPTION that was refused deals with nothing', () => {
    expect(unresolved(newestFirst(wrong(1), control(2, 'BD:EXCEPTION', { verdict: 'rejected', code: 'control_not_here', tone: 'error' })))).toHaveLength(1)
  })
  it('UNDO deals with the piece it undid, not with the newest', () => {
    const list = newestFirst(wrong(1, 'U1'), wrong(2, 'U2'), control(3, 'BD:UNDO', { code: 'undone', params: { plate: 'U1' } }))
    expect(unresolved(list).map((s) => s.seq)).toEqual([2])
  })
  it('a refused UNDO deals with nothing', () => {
    expect(unresolved(newestFirst(wrong(1), control(2, 'BD:UNDO', { verdict: 'rejected', code: 'undo_refused', tone: 'error' })))).toHaveLength(1)
  })
  it.each(['closed', 'closed_short', 'held'] as const)('%s deals with all', (code) => {
    expect(unresolved(newestFirst(wrong(1), wrong(2), control(3, 'BD:DONE', { code, tone: 'done' })))).toHaveLength(0)
  })
})

describe('rows of the list', () => {
  const line = (l: Partial<LineView>): LineView => ({ id: l.id ?? '1', sku: 'S', name: '', name_en: '', spec: '', spec_en: '', code: '', color: '', expected: 1, received: 0, finding: '', last: false, plates: [], ...l })
  it.each([
    [{ expected: 2, received: 0 }, 'none'],
    [{ expected: 2, received: 1, finding: 'match' }, 'part'],
    [{ expected: 2, received: 2, finding: 'match' }, 'full'],
    [{ expected: 1, received: 1, finding: 'damaged' }, 'attention'],
    [{ expected: 1, received: 1, finding: 'serial_mismatch' }, 'mismatch'],
    [{ expected: 0, received: 1, finding: 'extra' }, 'attention'],
    [{ expected: 0, received: 1, finding: 'wrong_item' }, 'mismatch'],
  ] as [Partial<LineView>, string][])('%j → %s', (l, want) => expect(rowState(line(l))).toBe(want))

  it('puts what is wrong first and keeps the rest in order', () => {
    const rows = [line({ id: 'a' }), line({ id: 'b', received: 1, finding: 'match' }), line({ id: 'x', expected: 0, received: 1, finding: 'wrong_item' })]
    expect(sortRows(rows).map((r) => r.id)).toEqual(['x', 'a', 'b'])
  })
})

describe('the station store', () => {
  beforeEach(() => setActivePinia(createPinia()))
  const view = (version: number, bench = `v${version}`): BenchView => ({ version, bench, number: 3, kind: 'receiving', warehouse: '', time_zone: 'Asia/Shanghai', clerk: '', parcel: null, choices: [], today: { parcels: 0, pieces: 0 } })
  const state = (s: Partial<State> = {}): State => ({ station: 's', version: '1', lang: 'zh', link: { online: true, queued: 0, since: '', server: '', offset_ms: 0 }, devices: [], view: view(5), recent: [], notices: [], plates_left: 9, printing: null, weight: null, expected: { returns: 0, checked: '' }, differences: { all: 0, list: [] }, ...s })

  it('takes a whole state', () => {
    const s = useStation()
    s.apply({ op: 'state', state: state() })
    expect([s.recent, s.devices, s.choices, s.view?.version]).toEqual([[], [], [], 5])
  })

  it('drops a view older than the one shown', () => {
    const s = useStation()
    s.apply({ op: 'state', state: state() })
    s.apply({ op: 'view', view: view(4) })
    expect(s.view?.bench).toBe('v5')
    s.apply({ op: 'view', view: view(6) })
    expect(s.view?.bench).toBe('v6')
  })

  it('puts each scan in its place once, and reports news once', () => {
    const s = useStation()
    expect(s.apply({ op: 'scan', scan: scan(2) })?.seq).toBe(2)
    expect(s.apply({ op: 'scan', scan: scan(1) })?.seq).toBe(1)
    expect(s.recent.map((r) => r.seq)).toEqual([2, 1])
    expect(s.latest?.seq).toBe(2)
    expect(s.apply({ op: 'scan', scan: scan(1, { outcome: outcome() }) })?.outcome?.code).toBe('matched')
    expect(s.apply({ op: 'scan', scan: scan(1, { outcome: outcome() }) })).toBeNull()
    expect(s.recent).toHaveLength(2)
  })

  it('shows what happened without a scan until the next scan, and passes over what a newer agent says', () => {
    const s = useStation()
    const notice = { code: 'partial_dropped', tone: 'error', at: '2026-11-23T02:24:40Z', device: 'gun' } as const
    s.apply({ op: 'scan', scan: scan(1) })
    s.apply({ op: 'notice', notice })
    expect(s.notice).toEqual(notice)
    s.apply({ op: 'invented_tomorrow' } as never)
    s.apply({ op: 'scan', scan: scan(2, { captured_at: '2026-11-23T02:24:50Z' }) })
    expect(s.notice).toBeNull()
    s.apply({ op: 'state', state: state({ notices: [notice] }) })
    expect(s.notice).toEqual(notice)
  })

  it('keeps at most thirty scans however long the day', () => {
    const s = useStation()
    for (let i = 1; i <= 500; i++) s.apply({ op: 'scan', scan: scan(i) })
    expect(s.recent).toHaveLength(30)
    expect(s.latest?.seq).toBe(500)
  })
})

describe('differences', () => {
  beforeEach(() => setActivePinia(createPinia()))
  const difference = (seq: number): Difference => ({
    producer: 'p', seq, data: 'TEE-L', device: 'gun', captured_at: '2026-11-23T02:24:31Z', mono_us: 1, at: '2026-11-23T03:00:00Z',
    said: { verdict: 'accepted', code: 'provisional_match', expected: 2, received: 1 }, outcome: outcome({ seq, verdict: 'attention', code: 'over', params: { expected: '1' } }),
  })
  it('come with the state, are replaced whole, and go when they are dealt with', () => {
    const store = useStation()
    const state: State = { station: 's', version: '1', lang: 'zh', link: {} as State['link'], devices: [], view: null, recent: [], notices: [], plates_left: 1, printing: null, weight: null, expected: { returns: 0, checked: '' }, differences: { all: 0, list: [] } }
    store.apply({ op: 'state', state: { ...state, differences: { all: 2, list: [difference(1), difference(2)] } } })
    expect(store.differences.list.map((d) => d.seq)).toEqual([1, 2])
    expect(store.apply({ op: 'differences', differences: { all: 1, list: [difference(2)] } })).toBeNull()
    expect(store.differences).toEqual({ all: 1, list: [difference(2)] })
    store.apply({ op: 'state', state })
    expect(store.differences.all).toBe(0)
  })
})
