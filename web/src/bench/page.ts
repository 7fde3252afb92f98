import type { Device, FromAgent, Link, LocalScan, Outcome, State, ToAgent } from '@/station/types'
import { Line, type Timing } from './line'
import type { Entry, Outbox, Scan } from './outbox'
import { openPage } from './ticket'

const most = 30
const maxBytes = 8000 // a DataMatrix holds about 3,100; the line takes 8 KiB

export interface PageEvents {
  message(m: FromAgent): void
  connected(yes: boolean): void
  /** The scan is nowhere: the browser could not store it, or it is no code. */
  failed(data: string): void
}

/**
 * The station page's other end where no agent is: it does in the browser what the agent does on the bench's computer, and tells the page the same things.
 * A scan is shown, and beeps, once it is committed to the outbox.
 */
export class BenchPage {
  readonly wedge = true
  private readonly line: Line
  private recent: Entry[] = []
  private online = false
  private problem = ''
  private since = new Date().toISOString()
  private offset = 0
  private acked = 0
  private scans = 0
  private lastScan = ''
  private last = '' // raw bytes of the newest scan, while the first one after a start may repeat it
  private first = true

  constructor(
    private readonly on: PageEvents,
    private readonly outbox: Outbox,
    url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/station`,
    timing?: Timing,
  ) {
    this.line = new Line(
      outbox,
      {
        linked: (online, problem, offset) => this.linked(online, problem, offset),
        answered: (outcomes, acked) => this.answered(outcomes, acked),
        viewed: (view) => this.on.message({ op: 'view', view }),
        renewed: () => void this.reload(),
        devices: () => this.devices(),
        admit: () => this.admit(),
      },
      url,
      timing,
    )
  }

  connect(): void {
    void this.start()
  }

  private async start() {
    this.recent = await this.outbox.recent(most)
    this.last = this.recent[0]?.scan.raw ?? ''
    this.acked = this.outbox.head.answered
    this.on.connected(true)
    this.restate()
    this.line.open()
    window.addEventListener('online', this.hurry)
  }

  private readonly hurry = () => this.line.hurry()

  close(): void {
    window.removeEventListener('online', this.hurry)
    this.line.close()
    this.outbox.close()
  }

  /** Always taken: whether it became durable is told by the scan that appears, or by failed. */
  send(m: ToAgent): boolean {
    if (m.op === 'scan') void this.capture('device', m.data)
    else if (m.op === 'type') void this.capture('typed', m.data.trim())
    else if (m.op === 'control') void this.capture('key', m.data.trim())
    return true
  }

  private async capture(source: Scan['source'], text: string) {
    const raw = new TextEncoder().encode(text)
    if (raw.length === 0 || raw.length > maxBytes || text.includes('\0')) return this.on.failed(text)
    const aim = /^\][A-Za-z][A-Za-z0-9]/.exec(text)?.[0]
    const data = aim ? text.slice(3) : text
    const encoded = btoa(String.fromCharCode(...raw))
    const mono = Math.round(performance.now() * 1000)
    const at = new Date().toISOString()
    const repeats = this.first && source === 'device' && encoded === this.last
    this.first = false
    try {
      const entry = await this.outbox.append(mayBePiece(data), (seq, plate) => ({
        seq, device: source === 'device' ? 'wedge' : 'page', source, captured_at: at, mono_us: mono, raw: encoded, data, charset: 'utf-8',
        ...(aim ? { symbology: aim } : {}), ...(repeats ? { flags: ['repeat_after_restart'] } : {}), ...(plate ? { plate } : {}),
      }))
      this.last = encoded
      this.scans++
      this.lastScan = at
      this.recent = [entry, ...this.recent].slice(0, most)
      this.on.message({ op: 'scan', scan: this.shown(entry) })
      this.on.message({ op: 'link', link: this.link() })
      this.line.notify()
    } catch {
      this.on.failed(text)
    }
  }

  /** Renews the ticket: it ends with the log-in, and a browser forgets it when it ends. */
  private async admit(): Promise<string> {
    const { bench, page } = this.outbox.head
    const asked = await openPage(bench, page)
    if (asked.ok || asked.problem === 'offline') return ''
    return asked.problem === 'login' ? 'login' : asked.code
  }

  private linked(online: boolean, problem: string, offset: number) {
    if (online !== this.online) this.since = new Date().toISOString()
    Object.assign(this, { online, problem, offset })
    this.restate()
  }

  private answered(outcomes: Outcome[], acked: number) {
    this.acked = Math.max(this.acked, acked)
    for (const e of [...this.recent].reverse()) {
      if (e.producer !== this.outbox.head.producer) continue
      const o = outcomes.find((x) => x.seq === e.seq)
      if (!o && e.seq > acked) continue
      if (o) e.outcome = o
      this.on.message({ op: 'scan', scan: this.shown(e) })
    }
    this.on.message({ op: 'link', link: this.link() })
  }

  private async reload() {
    this.recent = await this.outbox.recent(most)
    this.acked = 0
    this.restate()
  }

  private shown(e: Entry): LocalScan {
    const applied = e.outcome !== null
    return {
      producer: e.producer, seq: e.seq, data: e.scan.data, symbology: e.scan.symbology ?? '', device: e.scan.device, source: e.scan.source, captured_at: e.scan.captured_at,
      lights: { captured: true, accepted: applied || (e.producer === this.outbox.head.producer && e.seq <= this.acked), applied }, flags: e.scan.flags ?? [], outcome: e.outcome,
      provisional: this.online || applied ? null : { verdict: 'unknown', code: 'provisional_unknown' },
    }
  }

  private link(): Link {
    return { online: this.online, queued: Math.max(0, this.outbox.head.next - 1 - this.acked), since: this.since, server: location.origin, offset_ms: this.offset, problem: this.problem }
  }

  private devices(): Device[] {
    return [{ name: 'wedge', url: 'page', state: 'connected', since: this.since, scans: this.scans, ...(this.lastScan ? { last_scan: this.lastScan } : {}) }]
  }

  private restate() {
    const h = this.outbox.head
    const state: State = {
      station: h.station, bench: h.name, version: 'page', lang: '', link: this.link(), devices: this.devices(), view: h.view, recent: this.recent.map((e) => this.shown(e)), notices: [], printing: null, weight: null, expected: { returns: 0, checked: '0001-01-01T00:00:00Z' },
      plates_left: this.outbox.plates(), differences: { all: 0, list: [] },
    }
    this.on.message({ op: 'state', state })
  }
}

/** Whether a plate is set apart: for anything but what certainly is no piece. A plate that is not used is void. */
function mayBePiece(data: string): boolean {
  return !/^BD:/i.test(data) && !/^U\d{10}$/i.test(data) && !/^(SF|YT|JT)\d{13}$/.test(data)
}
