import type { FromAgent, ToAgent } from './types'

export interface AgentEvents {
  message(m: FromAgent): void
  connected(yes: boolean): void
  /** What was pressed or scanned here did not become durable. */
  failed(data: string): void
}

/** The page's other end: the agent on this computer, or the page's own outbox where there is none. */
export interface StationLink {
  /** The page reads the scanner itself, as keys. */
  readonly wedge: boolean
  connect(): void
  /** False: it was not taken. */
  send(m: ToAgent): boolean
  close(): void
}

const firstRetryMs = 250
const lastRetryMs = 4000

/** The page's socket to the agent on this computer. It reconnects for ever; the agent repeats its whole state each time. */
export class AgentSocket implements StationLink {
  readonly wedge = false
  private socket: WebSocket | null = null
  private retryMs = firstRetryMs
  private timer: ReturnType<typeof setTimeout> | undefined
  private closed = false

  constructor(
    private readonly on: AgentEvents,
    private readonly base: Location | URL = location,
  ) {}

  connect(): void {
    const socket = new WebSocket(`${this.base.protocol === 'https:' ? 'wss' : 'ws'}://${this.base.host}/agent/ws`)
    this.socket = socket
    socket.onopen = () => {
      this.retryMs = firstRetryMs
      this.on.connected(true)
    }
    socket.onmessage = (e) => {
      let m: FromAgent
      try {
        m = JSON.parse(String(e.data)) as FromAgent
      } catch {
        return // not ours; the next whole state puts things right
      }
      this.on.message(m)
    }
    socket.onclose = () => {
      if (this.socket !== socket || this.closed) return
      this.on.connected(false)
      this.timer = setTimeout(() => void this.again(), this.retryMs)
      this.retryMs = Math.min(this.retryMs * 2, lastRetryMs)
    }
  }

  /** A restarted agent has a new page token: fetching the page once more sets its cookie, without losing what is on the screen. */
  private async again() {
    await fetch('/', { cache: 'no-store', credentials: 'same-origin' }).catch(() => undefined)
    if (!this.closed) this.connect()
  }

  /** Whether the agent got it. A key press that did not reach the journal must be seen to have failed. */
  send(m: ToAgent): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(m))
    return true
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.socket?.close()
  }
}
