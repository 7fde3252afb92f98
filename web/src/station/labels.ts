import type { LocalScan } from './types'

/** A piece that has a label of this bench. */
export interface Labelled {
  plate: string
  sku: string
  scan: LocalScan
}

/** The pieces of recent scans that were booked and not taken back, newest first. */
export function labelled(recent: readonly LocalScan[]): Labelled[] {
  const gone = new Set<string>()
  const out: Labelled[] = []
  for (const scan of recent) {
    for (const e of scan.outcome?.effects ?? []) {
      if (!e.plate) continue
      if (e.kind === 'unit_undone') gone.add(e.plate)
      if (e.kind === 'unit_booked' && !gone.has(e.plate) && !out.some((l) => l.plate === e.plate)) out.push({ plate: e.plate, sku: e.sku ?? '', scan })
    }
  }
  return out
}

/** Why the agent refused, in its own words; the network's when it did not answer. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(detail)
  }
}

async function post(path: string, body: unknown): Promise<void> {
  const res = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, credentials: 'same-origin', body: JSON.stringify(body) })
  if (res.ok) return
  const p = (await res.json().catch(() => ({}))) as { code?: string; detail?: string }
  throw new Refused(p.code ?? String(res.status), p.detail ?? `HTTP ${res.status}`)
}

/** Asks for a second label. */
export const reprint = (plate: string, reason: string) => post('/agent/print/reprint', { plate, reason })

/** Answers whether a label in doubt came out. */
export const settle = (plate: string, printed: boolean) => post('/agent/print/settle', { plate, printed })

/** The picture of a label. */
export const picture = (plate: string) => `/agent/label/${encodeURIComponent(plate)}.svg`
