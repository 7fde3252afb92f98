import type { LocalScan, LineView, Tone } from './types'

/** How a scan looks on the band. Each face has its own colour and its own shape. */
export type Face = 'idle' | 'pending' | 'ok' | 'done' | 'attention' | 'mismatch' | 'duplicate' | 'rejected' | 'provisional' | 'unchecked'

/** The face of one scan. Green (ok, done) needs the stored outcome: nothing is plain green while it is only captured or only sent. */
export function face(scan: LocalScan | null): Face {
  if (!scan) return 'idle'
  const outcome = scan.outcome
  if (!outcome || !scan.lights.applied) {
    if (!scan.provisional) return 'pending'
    return scan.provisional.verdict === 'unknown' ? 'unchecked' : 'provisional'
  }
  switch (outcome.verdict) {
    case 'accepted':
      return outcome.tone === 'done' ? 'done' : 'ok'
    case 'attention':
      return isMismatch(scan) ? 'mismatch' : 'attention'
    case 'duplicate':
      return 'duplicate'
    default:
      return 'rejected'
  }
}

/** A piece that is not what was promised: it stays on the screen until somebody deals with it. */
export function isMismatch(scan: LocalScan): boolean {
  const o = scan.outcome
  return o !== null && o.verdict === 'attention' && (o.tone === 'low' || o.tote === 'red')
}

const closing = new Set(['closed', 'closed_short', 'held', 'empty_confirmed'])

/**
 * Mismatches nobody has dealt with, newest first. EXCEPTION deals with the newest one as soon as it is journalled, UNDO with the one it undid,
 * and holding or closing the parcel with all. It is computed from the list of scans alone, so that it survives a reload.
 */
export function unresolved(recent: readonly LocalScan[]): LocalScan[] {
  const open: LocalScan[] = []
  for (const scan of [...recent].reverse()) {
    const o = scan.outcome
    const verb = scan.data.toUpperCase()
    if (verb === 'BD:EXCEPTION' && o?.verdict !== 'rejected') open.pop()
    else if (verb === 'BD:UNDO' && o?.code === 'undone') {
      const at = open.findIndex((m) => m.outcome?.plate !== undefined && m.outcome.plate === (o.plate ?? o.params?.plate))
      open.splice(at >= 0 ? at : Math.max(open.length - 1, 0), 1)
    } else if (o && closing.has(o.code)) open.length = 0
    if (isMismatch(scan)) open.push(scan)
  }
  return open.reverse()
}

/** The tone of one scan's new state, null for silence. Offline, a provisional match is never the sound of a real one. */
export function toneOf(scan: LocalScan): Tone | 'provisional' | null {
  if (scan.outcome && scan.lights.applied) return scan.outcome.tone
  if (!scan.provisional) return null
  return scan.provisional.verdict === 'attention' ? 'mid' : 'provisional'
}

export type RowState = 'full' | 'part' | 'none' | 'attention' | 'mismatch'

const amber = new Set(['over', 'extra', 'undeclared', 'accessory_missing', 'damaged', 'short'])

/** How a row of the expected/received list looks. */
export function rowState(line: LineView): RowState {
  if (line.expected === 0) return amber.has(line.finding) || line.finding === 'match' || line.finding === '' ? 'attention' : 'mismatch'
  if (line.finding !== '' && line.finding !== 'match' && line.received > 0) return amber.has(line.finding) ? 'attention' : 'mismatch'
  if (line.received >= line.expected) return 'full'
  return line.received > 0 ? 'part' : 'none'
}

const rank: Record<RowState, number> = { mismatch: 0, attention: 1, part: 2, none: 2, full: 2 }

/** Rows with what is wrong first; the others keep the order of the return, so that nothing jumps under the clerk's eyes. */
export function sortRows(lines: readonly LineView[]): LineView[] {
  const weight = (l: LineView) => (l.expected === 0 ? rank[rowState(l)] : 2)
  return [...lines].sort((a, b) => weight(a) - weight(b))
}
