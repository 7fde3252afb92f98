import type { BenchView, Device, Outcome } from '@/station/types'
import type { Block, Outbox } from './outbox'

const subprotocol = 'backdock.station.v1'
const window = 64 // scans under way without an answer
const batch = 16
const platesLow = 12_000
const platesLease = 10_000

export interface Timing {
  retryMin: number
  retryMax: number
  silence: number // without an answer to what was sent the socket is dead
}
const usual: Timing = { retryMin: 250, retryMax: 15_000, silence: 30_000 }

interface FromServer {
  op: 'welcome' | 'outcomes' | 'plates' | 'view' | 'error'
  server_time?: string
  last_seq?: number
  outcomes?: Outcome[]
  view?: BenchView
  blocks?: Block[]
  code?: string
  fatal?: boolean
  retry_after_ms?: number
}

export interface LineEvents {
  /** The link came, went or changed. problem is why waiting does not help. */
  linked(online: boolean, problem: string, offsetMs: number): void
  /** Outcomes are stored; scans up to acked are committed. */
  answered(outcomes: Outcome[], acked: number): void
  viewed(view: BenchView): void
  /** The outbox goes on under a new producer. */
  renewed(): void
  devices(): Device[]
  /** Before a socket is opened: sees to the ticket. It returns '' or the problem that keeps the bench from going on. */
  admit(): Promise<string>
}

/**
 * Carries an outbox over the station line, by the rules of docs/station-protocol.md: strictly in sequence, resumed behind the newest stored outcome.
 * The page asks for no stored outcomes: it sends again what it has no outcome for, and the server compares and answers. So a scan that the server knows with
 * other content (the profile was copied) is found by the same way as an answer that got lost.
 */
export class Line {
  private socket: WebSocket | null = null
  private ready = false // welcomed
  private sent = 0
  private acked = 0
  private ahead = 0 // last_seq of the welcome
  private leasing = false
  private careful = false // one scan at a time: one of them is known otherwise
  private chain = Promise.resolve()
  private retry: number
  private timer: ReturnType<typeof setTimeout> | undefined
  private patience: ReturnType<typeof setTimeout> | undefined
  private closed = false
  private generation = 0

  constructor(
    private readonly outbox: Outbox,
    private readonly on: LineEvents,
    private readonly url: string,
    private readonly timing: Timing = usual,
    private readonly Socket: typeof WebSocket = WebSocket,
  ) {
    this.retry = timing.retryMin
  }

  open(): void {
    clearTimeout(this.timer)
    if (this.closed || this.socket) return
    void this.dial(++this.generation)
  }

  /** Tries at once: the browser says that the network is back, or somebody logged in. */
  hurry(): void {
    if (this.socket) return
    this.retry = this.timing.retryMin
    this.open()
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    clearTimeout(this.patience)
    this.socket?.close()
  }

  /** There is something new to send. */
  notify(): void {
    this.then(() => this.pump())
  }

  /** Everything that touches the outbox happens one after the other, and only for the socket it was begun for. */
  private then(act: () => Promise<void> | void): void {
    const mine = this.generation
    this.chain = this.chain.then(async () => {
      if (mine !== this.generation || this.closed) return
      try {
        await act()
      } catch {
        this.socket?.close() // the outbox failed, or the server said something impossible: begin again
      }
    })
  }

  private async dial(mine: number): Promise<void> {
    const problem = await this.on.admit().catch(() => '')
    if (mine !== this.generation || this.closed) return
    if (problem !== '') {
      this.on.linked(false, problem, 0)
      return this.later()
    }
    const socket = new this.Socket(this.url, subprotocol)
    this.socket = socket
    const over = () => {
      if (this.socket !== socket) return
      this.socket = null
      this.ready = false
      this.generation++
      clearTimeout(this.patience)
      this.on.linked(false, this.problem, 0)
      this.later()
    }
    this.problem = ''
    socket.onopen = () => this.then(() => this.hello())
    socket.onmessage = (e) => this.then(() => this.hear(JSON.parse(String(e.data)) as FromServer))
    socket.onclose = over
    socket.onerror = () => socket.close()
    this.wait(socket)
  }

  private problem = ''
  private notBefore = 0

  private later(): void {
    if (this.closed) return
    const pause = Math.max(this.retry / 2 + (Math.random() * this.retry) / 2, this.notBefore)
    this.notBefore = 0
    this.retry = Math.min(this.retry * 2, this.timing.retryMax)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.open(), pause)
  }

  /** A browser hides pings: a socket that leaves something unanswered for too long is taken for dead. */
  private wait(socket: WebSocket): void {
    clearTimeout(this.patience)
    this.patience = setTimeout(() => socket.close(), this.timing.silence)
  }

  private say(m: object): void {
    this.socket?.send(JSON.stringify(m))
    if (this.socket) this.wait(this.socket)
  }

  private hello(): void {
    const h = this.outbox.head
    this.say({ op: 'hello', versions: [1], producer: h.producer, next_seq: h.next, outcome_seq: h.next - 1, agent: 'page', clock: new Date().toISOString(), devices: this.on.devices() })
  }

  private async hear(m: FromServer): Promise<void> {
    if (m.op === 'error') return this.refused(m)
    if (m.op === 'welcome') await this.welcome(m)
    if (m.op === 'plates') {
      this.leasing = false
      await this.outbox.lease(m.blocks ?? [])
    }
    if (m.op === 'outcomes') {
      const fresh = await this.outbox.store(m.outcomes ?? [])
      this.acked = Math.max(this.acked, Math.min(m.last_seq ?? 0, this.outbox.head.next - 1))
      this.on.answered(fresh, this.acked)
    }
    if (m.view) {
      await this.outbox.view(m.view)
      this.on.viewed(m.view)
    }
    await this.pump()
    if (this.sent === this.outbox.head.answered && !this.leasing) clearTimeout(this.patience) // nothing is waited for
    else if (this.socket) this.wait(this.socket)
  }

  private async welcome(m: FromServer): Promise<void> {
    const socket = this.socket
    const last = m.last_seq ?? 0
    if (last < this.outbox.head.answered) {
      // The server was restored from a backup. What is kept is sent again; what is not kept leaves a gap, which only a new producer may have.
      if (last + 1 < this.outbox.head.first) {
        await this.renew(this.outbox.head.first)
        return
      }
      await this.outbox.forget(last)
    }
    await this.outbox.lease(m.blocks ?? [])
    if (this.socket !== socket) return // it went meanwhile; another one begins with a hello of its own
    const h = this.outbox.head
    this.ahead = last
    if (last >= h.next) this.careful = true // it has scans that this outbox never wrote
    this.sent = h.answered
    this.acked = Math.min(last, h.next - 1)
    this.ready = true
    this.leasing = false
    this.retry = this.timing.retryMin
    this.on.linked(true, '', m.server_time ? Date.parse(m.server_time) - Date.now() : 0)
    this.on.answered([], this.acked)
  }

  private async pump(): Promise<void> {
    if (!this.ready) return
    const socket = this.socket
    const h = this.outbox.head
    if (this.ahead >= h.next && h.answered === h.next - 1) return this.renew(h.next) // the next scan would have a name that is taken
    const most = this.careful ? 1 : window
    while (this.ready && this.sent < this.outbox.head.next - 1 && this.sent - this.outbox.head.answered < most) {
      const n = Math.min(this.careful ? 1 : batch, most - (this.sent - this.outbox.head.answered))
      const entries = await this.outbox.read(this.sent + 1, n)
      if (this.socket !== socket || !this.ready) return
      if (entries.length === 0) break
      this.say({ op: 'scans', scans: entries.map((e) => e.scan) })
      this.sent = entries.at(-1)!.seq
    }
    if (!this.leasing && this.outbox.plates() < platesLow) {
      this.leasing = true
      this.say({ op: 'lease', count: platesLease })
    }
  }

  private async refused(m: FromServer): Promise<void> {
    switch (m.code) {
      case 'seq_conflict':
        if (this.careful) return this.renew(this.outbox.head.answered + 1)
        this.careful = true
        break
      case 'seq_gap':
        break
      case 'busy':
      case 'going_away':
        this.notBefore = m.retry_after_ms ?? 1000
        break
      case 'replaced':
        this.problem = 'replaced'
        this.notBefore = 15_000
        break
      default:
        this.problem = m.code ?? 'protocol'
        this.notBefore = 5000
    }
    this.socket?.close()
  }

  private async renew(seq: number): Promise<void> {
    await this.outbox.renew(seq)
    this.careful = false
    this.ahead = 0
    this.on.renewed()
    this.socket?.close()
  }
}
