/** The few calls of the REST API that a bench's page makes. A network that is away is an answer here, not an error: the bench works on. */
export interface BenchRow {
  bench: string
  name: string
  warehouse: string
  kind: string
}

export type Asked<T> = { ok: true; value: T } | { ok: false; problem: 'offline' | 'login' | 'refused'; code: string }

async function call<T>(path: string, init: RequestInit = {}): Promise<Asked<T>> {
  let res: Response
  try {
    res = await fetch(`/api/v1${path}`, { credentials: 'same-origin', cache: 'no-store', ...init })
  } catch {
    return { ok: false, problem: 'offline', code: '' }
  }
  const body: unknown = await res.json().catch(() => null)
  if (res.ok) return { ok: true, value: body as T }
  const code = (body as { code?: string } | null)?.code ?? `http_${res.status}`
  if (res.status === 401) return { ok: false, problem: 'login', code }
  return { ok: false, problem: res.status >= 500 ? 'offline' : 'refused', code }
}

export const benches = () => call<{ items: BenchRow[] }>('/benches')

/** Gets the ticket, as a cookie that only the station line is sent. Needs somebody to be logged in. */
export async function openPage(bench: string, page: string): Promise<Asked<{ station: string; bench: string; name: string }>> {
  const me = await call<{ csrf: string }>('/auth/me')
  if (!me.ok) return me
  return call('/benches/page', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': me.value.csrf }, body: JSON.stringify({ bench, page }) })
}

/** What pictures of this bench are sent with; null while nobody is logged in, or the server is away. */
export async function permitOf(bench: string): Promise<{ headers: Record<string, string>; metadata: Record<string, string> } | null> {
  const me = await call<{ csrf: string }>('/auth/me')
  return me.ok ? { headers: { 'X-CSRF-Token': me.value.csrf }, metadata: { bench } } : null
}
