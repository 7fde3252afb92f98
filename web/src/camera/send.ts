import type { Film, Take } from './film'

/** The same path at the server and at an agent, which passes it on. */
const endpoint = '/api/v1/evidence/uploads'
const partBytes = 1 << 20
const firstRetryMs = 2000
const lastRetryMs = 60_000
/** Damaged on its way so often, something else is wrong. */
const mostTries = 3

export interface Permit {
  headers: Record<string, string>
  /** What is said beside the take: the bench, where the page has no agent. */
  metadata: Record<string, string>
}

export interface SenderEvents {
  /** Called whenever the number of takes that wait changed; refused of them the server does not take. */
  waiting(count: number, refused: number): void
  sent(): void
}

/** Carries what is on the film to the server, oldest first, and goes on where it was cut off. */
export class Sender {
  private running = false
  private again = false
  private closed = false
  private retryMs = firstRetryMs
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly tries = new Map<string, number>()

  constructor(
    private readonly film: Film,
    private readonly on: SenderEvents,
    /** Null: nothing can be sent now, because nobody is logged in or the server is away. */
    private readonly permit: () => Promise<Permit | null>,
  ) {}

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
  }

  /** There is something new, or the network is back. */
  hurry(): void {
    clearTimeout(this.timer)
    if (this.running) {
      this.again = true
      return
    }
    this.running = true
    void this.run().finally(() => {
      this.running = false
      if (this.again && !this.closed) {
        this.again = false
        this.hurry()
      }
    })
  }

  private async run(): Promise<void> {
    const takes = await this.tell()
    const ready = takes.filter((t) => t.ended && t.problem === '')
    if (ready.length === 0) return
    const permit = await this.permit().catch(() => null)
    if (!permit) return this.later()
    for (const take of ready) {
      if (this.closed) return
      const outcome = await this.send(take, permit)
      if (outcome === 'later') return this.later()
      this.retryMs = firstRetryMs
      await this.tell()
    }
  }

  private async tell(): Promise<Take[]> {
    const takes = await this.film.all()
    this.on.waiting(takes.filter((t) => t.ended && t.problem === '').length, takes.filter((t) => t.problem !== '').length)
    return takes
  }

  private later() {
    if (this.closed) return
    this.timer = setTimeout(() => this.hurry(), this.retryMs)
    this.retryMs = Math.min(this.retryMs * 2, lastRetryMs)
  }

  private async send(take: Take, permit: Permit): Promise<'sent' | 'refused' | 'later'> {
    const content = await this.film.content(take)
    const failed = await upload(take, content, permit, (url) => {
      take.upload = url
      void this.film.keep(take)
    })
    if (failed === null) {
      await this.film.drop(take.id)
      this.on.sent()
      return 'sent'
    }
    const { status, code } = failed
    // What is about this file and will not change; anything else is tried again.
    const final = [413, 415].includes(status) || (status === 422 && code !== 'evidence_hash') || (status === 409 && code === 'evidence_purged') || code === 'upload_foreign'
    const tries = (this.tries.get(take.id) ?? 0) + 1
    if (code === 'evidence_hash') {
      this.tries.set(take.id, tries)
      take.upload = ''
    }
    if (final || tries >= mostTries) {
      await this.film.keep({ ...take, upload: '', problem: code || `http_${status}` })
      return 'refused'
    }
    await this.film.keep(take)
    return 'later'
  }
}

/** Sends one take. Null: the server has it. */
async function upload(take: Take, content: Blob, permit: Permit, begun: (url: string) => void): Promise<{ status: number; code: string } | null> {
  const [{ Upload }, sha256] = await Promise.all([import('tus-js-client'), digest(content)])
  return new Promise((resolve) => {
    const u = new Upload(content, {
      endpoint, uploadUrl: take.upload || null, chunkSize: partBytes, retryDelays: null, storeFingerprintForResuming: false, removeFingerprintOnSuccess: false, headers: permit.headers,
      metadata: {
        kind: take.kind, producer: take.producer, seq: String(take.seq), captured_at: take.capturedAt, offset_ms: String(take.offsetMs), sha256,
        ...(take.kind === 'video' ? { duration_ms: String(take.durationMs) } : {}), ...permit.metadata,
      },
      onUploadUrlAvailable: () => begun(u.url ?? ''),
      onSuccess: () => resolve(null),
      onError: (err) => {
        const response = 'originalResponse' in err ? err.originalResponse : null
        let code = ''
        try {
          code = (JSON.parse(response?.getBody() ?? '') as { code?: string }).code ?? ''
        } catch {
          // no problem of ours: a proxy, or no answer at all
        }
        resolve({ status: response?.getStatus() ?? 0, code })
      },
    })
    u.start()
  })
}

async function digest(content: Blob): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', await content.arrayBuffer()))
  return [...sum].map((b) => b.toString(16).padStart(2, '0')).join('')
}
