import type { components } from '@/api/frames'
import type { Board } from '@/api/types'

type Schemas = components['schemas']

/** One event of the log, as /ws/live sends it. */
export type LiveEvent = Schemas['Event']

type FromServer = Schemas['LiveHello'] | Schemas['LiveEvent'] | Schemas['LiveBoard'] | Schemas['LiveReset']

export type LiveState = 'connecting' | 'live' | 'lost'

export interface LiveHandlers {
  event?(e: LiveEvent, seq: number): void
  board?(b: Board): void
  /** The gap was too old: what is on the screen must be loaded again. */
  reset?(): void
  state?(s: LiveState): void
}

export interface LiveOptions {
  url: string
  warehouse: string
  board: boolean
  since?: number // seq of the snapshot already on the screen; 0 asks for what comes next
  open?: (url: string) => WebSocket
}

const firstRetryMs = 500
const lastRetryMs = 15_000

/**
 * The client end of /ws/live. It resumes after the last seq it has seen, hands on each event once and in order, drops boards older than the
 * one it has, and is "live" only between the server's hello and the end of the socket.
 */
export class Live {
  private socket: WebSocket | null = null
  private seq: number
  private boardSeq = -1
  private retryMs = firstRetryMs
  private timer: ReturnType<typeof setTimeout> | undefined
  private closed = false

  constructor(
    private readonly options: LiveOptions,
    private readonly on: LiveHandlers,
  ) {
    this.seq = options.since ?? 0
  }

  /** The newest seq seen: where the next connection resumes. */
  get since(): number {
    return this.seq
  }

  start(): void {
    this.closed = false
    window.addEventListener('offline', this.drop)
    window.addEventListener('online', this.hurry)
    this.connect()
  }

  stop(): void {
    this.closed = true
    clearTimeout(this.timer)
    window.removeEventListener('offline', this.drop)
    window.removeEventListener('online', this.hurry)
    this.socket?.close()
    this.socket = null
  }

  /** The cable is out: a socket that has not noticed yet would keep the board looking live. */
  private readonly drop = () => this.socket?.close()
  private readonly hurry = () => {
    if (this.socket !== null || this.closed) return
    clearTimeout(this.timer)
    this.connect()
  }

  private connect() {
    this.on.state?.('connecting')
    const socket = (this.options.open ?? ((url) => new WebSocket(url)))(this.options.url)
    this.socket = socket
    const resume = (): Schemas['LiveResume'] => ({ op: 'resume', since: this.seq, warehouse: this.options.warehouse, board: this.options.board })
    socket.onopen = () => socket.send(JSON.stringify(resume()))
    socket.onmessage = (e) => {
      if (this.socket === socket) this.read(String(e.data))
    }
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.socket = null
      if (this.closed) return
      this.on.state?.('lost')
      // A share of chance keeps a hall full of screens from coming back in the same instant.
      this.timer = setTimeout(() => this.connect(), this.retryMs * (0.75 + Math.random() / 2))
      this.retryMs = Math.min(this.retryMs * 2, lastRetryMs)
    }
  }

  private read(text: string) {
    let m: FromServer
    try {
      m = JSON.parse(text) as FromServer
    } catch {
      return
    }
    switch (m.op) {
      case 'hello':
        this.retryMs = firstRetryMs
        if (this.seq === 0) this.seq = m.seq
        this.on.state?.('live')
        return
      case 'event':
        if (m.seq <= this.seq) return // had it before the reconnect
        this.seq = m.seq
        this.on.event?.(m.event, m.seq)
        return
      case 'board':
        if (m.board.seq < this.boardSeq) return
        this.boardSeq = m.board.seq
        this.on.board?.(m.board)
        return
      case 'reset':
        this.seq = m.seq
        this.boardSeq = -1
        this.on.reset?.()
    }
  }
}

export function liveURL(base: Location | URL = location): string {
  return `${base.protocol === 'https:' ? 'wss' : 'ws'}://${base.host}/ws/live`
}
