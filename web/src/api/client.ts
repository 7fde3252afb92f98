import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './schema'
import type { Problem } from './types'

/** A problem the server named. `code` is stable and has a text in both languages; `detail` is for logs and people who read English. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly problem: Partial<Problem> = {},
  ) {
    super(`${status} ${code}`)
  }
}

/** What the client needs of the session, and what it tells it. */
export const session = {
  csrf: '',
  expired: () => {},
}

/** 128 random bits. crypto.randomUUID is missing on plain http, which is how many warehouses reach their server. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method === 'GET') return
    if (session.csrf) request.headers.set('X-CSRF-Token', session.csrf)
    // One key per press of a button: a repeated request on a shaky network is answered, not done twice.
    if (!request.headers.has('Idempotency-Key')) request.headers.set('Idempotency-Key', randomKey())
  },
}

export function makeClient(options: { baseUrl?: string; fetch?: typeof fetch } = {}) {
  const client = createClient<paths>({ baseUrl: options.baseUrl ?? location.origin, credentials: 'same-origin', ...(options.fetch ? { fetch: options.fetch } : {}) })
  client.use(guard)
  return client
}

export const api = makeClient()

/** The answer's body, or an ApiError. A network failure is one too, with the code "network". */
export async function ok<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer: { data?: T; error?: unknown; response: Response }
  try {
    answer = await call
  } catch {
    throw new ApiError(0, 'network')
  }
  if (answer.response.ok) return answer.data as T
  const problem = (typeof answer.error === 'object' && answer.error !== null ? answer.error : {}) as Partial<Problem>
  const error = new ApiError(answer.response.status, problem.code || `http_${answer.response.status}`, problem)
  if (error.status === 401 && error.code !== 'login_failed') session.expired()
  throw error
}
