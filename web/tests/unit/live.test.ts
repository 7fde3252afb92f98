import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Live, liveURL, type LiveState } from '@/live/live'
import { pace } from '@/live/pace'

/** A server's end of the socket. */
class Wire {
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  send = (text: string) => this.sent.push(JSON.parse(text) as Record<string, unknown>)
  close = () => this.onclose?.()
  say = (m: unknown) => this.onmessage?.({ data: typeof m === 'string' ? m : JSON.stringify(m) })
}

const wires: Wire[] = []
const seen = { events: [] as number[], boards: [] as number[], states: [] as LiveState[], resets: 0 }
let live: Live

const event = (seq: number) => ({ op: 'event', seq, event: { id: `e${seq}`, type: 't', subject: 's', version: 1, at: '', data: null } })
const board = (seq: number) => ({ op: 'board', board: { seq } })
const last = () => wires.at(-1)!
function connect(hello = 40) {
  last().onopen?.()
  last().say({ op: 'hello', seq: hello })
}

beforeEach(() => {
  vi.useFakeTimers()
  wires.length = 0
  Object.assign(seen, { events: [], boards: [], states: [], resets: 0 })
  live = new Live(
    { url: 'ws://x/ws/live', warehouse: 'HZ1', board: true, open: () => (wires.push(new Wire()), last() as unknown as WebSocket) },
    { event: (_e, seq) => seen.events.push(seq), board: (b) => seen.boards.push(b.seq), reset: () => seen.resets++, state: (s) => seen.states.push(s) },
  )
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
})

describe('the live client', () => {
  it('resumes by its first message and is live from the hello on', () => {
    last().onopen?.()
    expect(last().sent).toEqual([{ op: 'resume', since: 0, warehouse: 'HZ1', board: true }])
    expect(seen.states).toEqual(['connecting'])
    last().say({ op: 'hello', seq: 40 })
    expect(seen.states).toEqual(['connecting', 'live'])
    expect(live.since).toBe(40)
  })

  it('hands on each event once, in order, across a reconnect', () => {
    connect()
    for (const n of [41, 42]) last().say(event(n))
    last().close()
    expect(seen.states.at(-1)).toBe('lost')
    vi.advanceTimersByTime(1000)
    expect(wires).toHaveLength(2)
    last().onopen?.()
    expect(last().sent[0]).toMatchObject({ op: 'resume', since: 42 })
    last().say({ op: 'hello', seq: 44 })
    for (const n of [42, 43, 43, 44]) last().say(event(n))
    expect(seen.events).toEqual([41, 42, 43, 44])
  })

  it('keeps its place when the hello is ahead of it', () => {
    connect(40)
    last().say(event(41))
    last().close()
    vi.advanceTimersByTime(1000)
    connect(99)
    last().say(event(42))
    expect(seen.events).toEqual([41, 42])
  })

  it('drops boards older than the one it has', () => {
    connect()
    for (const n of [50, 52, 51, 52, 53]) last().say(board(n))
    expect(seen.boards).toEqual([50, 52, 52, 53])
  })

  it('loads anew after a reset, and takes the next board whatever its number', () => {
    connect()
    last().say(board(90))
    last().say({ op: 'reset', seq: 7 })
    last().say(board(7))
    last().say(event(7))
    last().say(event(8))
    expect(seen.resets).toBe(1)
    expect(seen.boards).toEqual([90, 7])
    expect(seen.events).toEqual([8])
  })

  it('waits longer each time, never more than a few seconds', () => {
    connect()
    for (let i = 0; i < 8; i++) {
      last().close()
      vi.advanceTimersByTime(19_000)
      expect(wires).toHaveLength(i + 2)
    }
    const before = wires.length
    last().close()
    vi.advanceTimersByTime(5_000)
    expect(wires).toHaveLength(before) // backed off
  })

  it('is not live with the cable out, even if the socket has not noticed', () => {
    connect()
    window.dispatchEvent(new Event('offline'))
    expect(seen.states.at(-1)).toBe('lost')
    window.dispatchEvent(new Event('online'))
    expect(wires).toHaveLength(2) // at once, not after the pause
  })

  it('survives nonsense and a late word from a closed socket', () => {
    connect()
    const old = last()
    old.say('not json')
    old.close()
    vi.advanceTimersByTime(1000)
    connect()
    old.say(event(77))
    expect(seen.events).toEqual([])
  })

  it('stops for good', () => {
    connect()
    live.stop()
    vi.advanceTimersByTime(60_000)
    expect(wires).toHaveLength(1)
  })

  it('follows the page\'s scheme', () => {
    expect(liveURL(new URL('https://a.example/board'))).toBe('wss://a.example/ws/live')
    expect(liveURL(new URL('http://a.example:8080/'))).toBe('ws://a.example:8080/ws/live')
  })
})

describe('at most one update a second', () => {
  it('shows the first at once, then the newest of each second', () => {
    const shown: number[] = []
    const p = pace<number>((n) => shown.push(n), 1000)
    for (let n = 1; n <= 100; n++) p.push(n)
    expect(shown).toEqual([1])
    vi.advanceTimersByTime(1000)
    expect(shown).toEqual([1, 100])
    vi.advanceTimersByTime(5000)
    expect(shown).toEqual([1, 100])
    p.push(101)
    expect(shown).toEqual([1, 100, 101])
    p.push(102)
    p.stop()
    vi.advanceTimersByTime(5000)
    expect(shown).toEqual([1, 100, 101])
  })
})
