import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Line, type LineEvents } from '@/bench/line'
import { hex, Outbox, plate, type Scan } from '@/bench/outbox'
import { BenchPage } from '@/bench/page'
import type { FromAgent, Outcome } from '@/station/types'

let made = 0
const fresh = () => `outbox-${++made}`
const scan = (data: string) => (seq: number, p: string | undefined): Scan => ({
  seq, device: 'wedge', source: 'device', captured_at: '2026-11-23T02:00:00.000Z', mono_us: seq, raw: btoa(data), data, charset: 'utf-8', ...(p ? { plate: p } : {}),
})
const outcome = (seq: number): Outcome => ({ seq, verdict: 'accepted', code: 'matched', tone: 'ok', at: '2026-11-23T02:00:01Z' })

/** A server that holds to the rules of docs/station-protocol.md, and watches the page do the same. */
class Server {
  producers = new Map<string, Scan[]>()
  breaches: string[] = []
  sockets = new Set<Socket>()
  up = true
  plate = 1
  hellos = 0
  lenient = false // a gap is no breach: this server was restored
  cut: (place: string) => boolean = () => false

  readonly Socket = ((server: Server) =>
    class extends Socket {
      constructor() {
        super(server)
      }
    })(this) as unknown as typeof WebSocket

  hear(s: Socket, m: { op: string; producer?: string; next_seq?: number; outcome_seq?: number; scans?: Scan[]; count?: number }) {
    if ((s.producer === '') !== (m.op === 'hello')) this.breaches.push(`${m.op} while producer is "${s.producer}"`)
    switch (m.op) {
      case 'hello': {
        this.hellos++
        s.producer = m.producer!
        const last = this.known(s.producer).length
        if (this.cut('welcome')) return s.close()
        s.say({ op: 'welcome', version: 1, last_seq: last, server_time: new Date().toISOString() })
        return
      }
      case 'lease':
        s.say({ op: 'plates', blocks: [{ first: this.plate, count: m.count }] })
        this.plate += m.count!
        return
      case 'scans': {
        if (m.scans!.length > 16) this.breaches.push(`${m.scans!.length} scans in a message`)
        if (this.cut('before commit')) return s.close()
        const list = this.known(s.producer)
        for (const one of m.scans!) {
          if (one.seq > list.length + 1) {
            if (!this.lenient) this.breaches.push(`seq ${one.seq} after ${list.length}`)
            return s.fail('seq_gap')
          }
          if (one.seq <= list.length) {
            if (JSON.stringify(list[one.seq - 1]) !== JSON.stringify(one)) return s.fail('seq_conflict')
          } else list.push(one)
        }
        if (this.cut('after commit')) return s.close()
        s.say({ op: 'outcomes', outcomes: m.scans!.map((x) => outcome(x.seq)), last_seq: list.length })
        if (this.cut('after answer')) s.close()
      }
    }
  }
  known(producer: string) {
    if (!this.producers.has(producer)) this.producers.set(producer, [])
    return this.producers.get(producer)!
  }
  down() {
    this.up = false
    for (const s of [...this.sockets]) s.close()
  }
}

class Socket {
  producer = ''
  onopen: (() => void) | null = null
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  private open = true
  constructor(private readonly server: Server) {
    queueMicrotask(() => {
      if (!server.up) return this.close()
      server.sockets.add(this)
      this.onopen?.()
    })
  }
  send(text: string) {
    if (this.open) setTimeout(() => this.open && this.server.hear(this, JSON.parse(text)), 0)
  }
  say(m: object) {
    if (this.open) setTimeout(() => this.open && this.onmessage?.({ data: JSON.stringify(m) }), 0)
  }
  fail(code: string) {
    this.say({ op: 'error', code, message: code, fatal: true })
    setTimeout(() => this.close(), 0)
  }
  close() {
    if (!this.open) return
    this.open = false
    this.server.sockets.delete(this)
    setTimeout(() => this.onclose?.(), 0)
  }
}

const lines: Line[] = []
function carry(outbox: Outbox, server: Server, more: Partial<LineEvents> = {}): Line {
  const line = new Line(
    outbox,
    { linked() {}, answered() {}, viewed() {}, renewed() {}, devices: () => [], admit: async () => '', ...more },
    'ws://bench',
    { retryMin: 1, retryMax: 4, silence: 400 },
    server.Socket,
  )
  lines.push(line)
  line.open()
  return line
}
afterEach(() => {
  for (const l of lines.splice(0)) l.close()
})
const settled = (o: Outbox) => vi.waitFor(() => expect(o.head.answered).toBe(o.head.next - 1), { timeout: 20_000, interval: 5 })

describe('the outbox', () => {
  it('numbers without gaps, also when much is scanned at once, and through a reload', async () => {
    const name = fresh()
    let o = await Outbox.open(name)
    const producer = o.head.producer
    expect(producer).toMatch(/^[0-9a-f]{32}$/)
    const entries = await Promise.all([...Array(40).keys()].map((i) => o.append(false, scan(`code ${i}`))))
    expect(entries.map((e) => e.seq)).toEqual([...Array(40).keys()].map((i) => i + 1))
    o.close()
    o = await Outbox.open(name)
    expect(o.head).toMatchObject({ producer, next: 41, answered: 0 })
    expect((await o.append(false, scan('more'))).seq).toBe(41)
    expect((await o.recent(2)).map((e) => e.scan.data)).toEqual(['more', 'code 39'])
  })

  it('stores answers once and in order, and forgets old answered scans only', async () => {
    const o = await Outbox.open(fresh())
    for (let i = 0; i < 4; i++) await o.append(false, scan(`${i}`))
    expect(await o.store([outcome(1), outcome(3)])).toHaveLength(1) // 2 is missing
    expect(await o.store([outcome(1), outcome(2), outcome(2), outcome(3), outcome(4), outcome(5)])).toHaveLength(3)
    expect(o.head.answered).toBe(4)
    await o.forget(2)
    expect(o.head.answered).toBe(2)
    expect((await o.recent(4)).map((e) => e.outcome !== null)).toEqual([false, false, true, true])
  })

  it('gives a plate out once, whatever block is told again', async () => {
    const name = fresh()
    let o = await Outbox.open(name)
    await o.lease([{ first: 10, count: 2 }])
    const take = async () => (await o.append(true, scan('x'))).scan.plate
    expect(await take()).toBe(plate(10))
    await o.lease([{ first: 10, count: 2 }])
    o.close()
    o = await Outbox.open(name)
    await o.lease([{ first: 10, count: 2 }, { first: 20, count: 1 }])
    expect([await take(), await take(), await take()]).toEqual([plate(11), plate(20), undefined])
  })

  it('writes plates with the check digit that the server reads', () => {
    expect([plate(1), plate(42), plate(999_999_999)]).toEqual(['U0000000017', 'U0000000420', 'U9999999999'])
  })

  it('keeps nothing of a scan that could not be made', async () => {
    const o = await Outbox.open(fresh())
    await expect(o.append(false, () => { throw new Error('no') })).rejects.toThrow('no')
    expect((await o.append(false, scan('a'))).seq).toBe(1)
    expect(await o.read(1, 10)).toHaveLength(1)
  })

  it('becomes another station only when all is answered', async () => {
    const o = await Outbox.open(fresh())
    const { page, producer } = o.head
    await o.append(false, scan('a'))
    expect(await o.leave()).toBe(false)
    expect(o.head.page).toBe(page)
    await o.store([outcome(1)])
    expect(await o.leave()).toBe(true)
    expect(o.head.page).not.toBe(page)
    expect(o.head.producer).not.toBe(producer)
    expect(await o.read(1, 10)).toHaveLength(0)
  })
})

describe('the line', () => {
  it('brings every scan once and in order while sockets are cut at random places', async () => {
    const server = new Server()
    let dice = 12345
    server.cut = () => (dice = (dice * 1103515245 + 12345) % 2147483648) % 9 === 0
    const o = await Outbox.open(fresh())
    const line = carry(o, server)
    const n = 150
    for (let i = 0; i < n; i++) {
      await o.append(true, scan(`code ${i}`))
      line.notify()
    }
    await settled(o)
    const arrived = server.known(o.head.producer)
    expect(arrived.map((s) => s.data)).toEqual([...Array(n).keys()].map((i) => `code ${i}`))
    expect(server.hellos).toBeGreaterThan(3)
    expect(server.breaches).toEqual([])
    const plates = arrived.map((s) => s.plate).filter((p) => p !== undefined)
    expect(new Set(plates).size).toBe(plates.length)
  }, 60_000)

  it('takes up behind a reload and behind a server that was away', async () => {
    const server = new Server()
    server.down()
    const name = fresh()
    let o = await Outbox.open(name)
    carry(o, server)
    for (let i = 0; i < 70; i++) await o.append(false, scan(`code ${i}`))
    lines.splice(0).forEach((l) => l.close())
    o.close()
    o = await Outbox.open(name)
    server.up = true
    const heard: number[] = []
    carry(o, server, { answered: (list) => heard.push(...list.map((x) => x.seq)) })
    await settled(o)
    expect(server.known(o.head.producer)).toHaveLength(70)
    expect(heard).toEqual([...Array(70).keys()].map((i) => i + 1))
  })

  it('sends again what a restored server lost', async () => {
    const server = new Server()
    const o = await Outbox.open(fresh())
    const line = carry(o, server)
    for (let i = 0; i < 20; i++) await o.append(false, scan(`code ${i}`))
    line.notify()
    await settled(o)
    server.known(o.head.producer).length = 5
    server.lenient = true
    server.down()
    server.up = true
    await vi.waitFor(() => expect(server.known(o.head.producer)).toHaveLength(20), { timeout: 20_000 })
    await settled(o)
  })

  it('moves to a new producer what the server knows otherwise, and loses nothing', async () => {
    const server = new Server()
    const o = await Outbox.open(fresh())
    const old = o.head.producer
    for (let i = 0; i < 6; i++) await o.append(false, scan(`mine ${i}`))
    // A copy of this profile was here first and went on from the third scan.
    server.producers.set(old, [...(await o.read(1, 2)).map((e) => e.scan), scan('theirs')(3, undefined)])
    let renewed = 0
    carry(o, server, { renewed: () => renewed++ })
    await vi.waitFor(() => expect(o.head.producer).not.toBe(old), { timeout: 20_000 })
    await settled(o)
    expect(renewed).toBe(1)
    expect(server.known(old).map((s) => s.data)).toEqual(['mine 0', 'mine 1', 'theirs'])
    expect(server.known(o.head.producer).map((s) => s.data)).toEqual(['mine 2', 'mine 3', 'mine 4', 'mine 5'])
  })

  it('takes a new name when the server knows more than was ever written here', async () => {
    const server = new Server()
    const o = await Outbox.open(fresh())
    const old = o.head.producer
    await o.append(false, scan('mine'))
    server.producers.set(old, [(await o.read(1, 1))[0]!.scan, scan('theirs')(2, undefined)])
    carry(o, server)
    await vi.waitFor(() => expect(o.head.producer).not.toBe(old), { timeout: 20_000 })
    await o.append(false, scan('next'))
    lines[0]!.notify()
    await settled(o)
    expect(server.known(o.head.producer).map((s) => s.data)).toEqual(['next'])
  })

  it('says why it cannot go on, and goes on once it can', async () => {
    const server = new Server()
    const o = await Outbox.open(fresh())
    const told: string[] = []
    let problem = 'login'
    const line = carry(o, server, { admit: async () => problem, linked: (online, why) => told.push(online ? 'online' : why) })
    await vi.waitFor(() => expect(told).toContain('login'))
    expect(server.hellos).toBe(0)
    problem = ''
    line.hurry()
    await vi.waitFor(() => expect(told.at(-1)).toBe('online'), { timeout: 20_000 })
  })
})

describe('the page without an agent', () => {
  const start = async (name: string) => {
    vi.stubGlobal('fetch', async () => { throw new TypeError('no network') })
    vi.stubGlobal('WebSocket', class { close() {} })
    const heard: FromAgent[] = []
    const failed: string[] = []
    const outbox = await Outbox.open(name)
    const page = new BenchPage({ message: (m) => heard.push(structuredClone(m)), connected() {}, failed: (d) => failed.push(d) }, outbox, 'ws://bench', { retryMin: 50, retryMax: 50, silence: 1000 })
    page.connect()
    await vi.waitFor(() => expect(heard.some((m) => m.op === 'state')).toBe(true))
    const scans = () => heard.flatMap((m) => (m.op === 'scan' ? [m.scan] : []))
    return { page, outbox, heard, failed, scans }
  }
  afterEach(() => vi.unstubAllGlobals())

  it('shows a scan once it is committed, and marks it as not checked', async () => {
    const { page, outbox, scans } = await start(fresh())
    page.send({ op: 'scan', data: ']E06901234567892' })
    expect(scans()).toHaveLength(0)
    await vi.waitFor(() => expect(scans()).toHaveLength(1))
    expect((await outbox.read(1, 1))[0]!.scan).toMatchObject({ data: '6901234567892', symbology: ']E0', raw: btoa(']E06901234567892'), source: 'device', device: 'wedge' })
    expect(scans()[0]).toMatchObject({ lights: { captured: true, accepted: false, applied: false }, provisional: { code: 'provisional_unknown' } })
    page.close()
  })

  it('flags a scan that repeats the last one after a reload, once', async () => {
    const name = fresh()
    const before = await start(name)
    before.page.send({ op: 'scan', data: '条码 A' })
    await vi.waitFor(() => expect(before.scans()).toHaveLength(1))
    before.page.close()
    const { page, outbox, scans } = await start(name)
    for (const data of ['条码 A', '条码 A']) page.send({ op: 'scan', data })
    await vi.waitFor(() => expect(scans()).toHaveLength(2))
    expect((await outbox.read(1, 9)).map((e) => e.scan.flags ?? [])).toEqual([[], ['repeat_after_restart'], []])
    page.close()
  })

  it('says so when a scan could not be saved', async () => {
    const { page, outbox, failed, scans } = await start(fresh())
    page.send({ op: 'scan', data: 'x'.repeat(9000) })
    outbox.close() // the browser took the storage away
    page.send({ op: 'scan', data: '6901234567892' })
    await vi.waitFor(() => expect(failed).toEqual(['x'.repeat(9000), '6901234567892']))
    expect(scans()).toHaveLength(0)
    page.close()
  })
})

it('makes names as long as the line wants them', () => {
  expect(hex(16)).toMatch(/^[0-9a-f]{32}$/)
  expect(hex(32)).not.toBe(hex(32))
})
