import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { Director, type Scene } from '@/camera/director'
import { Film, type Kind, type ScanKey, type Take } from '@/camera/film'
import type { LocalScan, ParcelView } from '@/station/types'

const scan = (seq: number, data: string, parcel?: string): LocalScan => ({
  producer: 'p', seq, data, symbology: '', flags: [], device: 'gun', source: 'device', captured_at: '2026-11-24T02:00:00Z', provisional: null, lights: { captured: true, accepted: true, applied: true },
  outcome: parcel === undefined ? null : { seq, verdict: 'accepted', code: 'matched', tone: 'ok', at: '2026-11-24T02:00:00Z', parcel },
})
const parcel = (number: string) => ({ number }) as ParcelView

function set(works = true) {
  const log: string[] = []
  const camera = {
    recording: false,
    record(s: ScanKey) {
      log.push(`record ${s.seq}`)
      return (this.recording = works)
    },
    stop() {
      log.push('stop')
      this.recording = false
    },
    async photo(kind: Kind, s: ScanKey) {
      log.push(`${kind} ${s.seq}`)
      return works
    },
  }
  const director = new Director(camera, () => log.push('failed'))
  const see = (recent: LocalScan[], open: ParcelView | null) => director.see({ recent, parcel: open, offsetMs: 5 } satisfies Scene)
  return { log, see, camera }
}

describe('when the camera does what', () => {
  it('records from the opening scan to the closing one, each parcel by itself', () => {
    const { log, see } = set()
    see([], null)
    see([scan(1, 'SF1', 'P1')], parcel('P1'))
    see([scan(2, 'X', 'P1'), scan(1, 'SF1', 'P1')], parcel('P1'))
    see([scan(3, 'SF2', 'P2'), scan(2, 'X', 'P1')], parcel('P2'))
    see([scan(4, 'BD:DONE', 'P2')], null)
    expect(log).toEqual(['record 1', 'record 3', 'stop'])
  })
  it('takes stills at the moment of the scan, answered or not, and none for what was scanned before the page was loaded', async () => {
    const { log, see } = set()
    see([scan(1, 'BD:PHOTO', 'P1')], null)
    see([scan(2, 'bd:photo'), scan(1, 'BD:PHOTO', 'P1')], null)
    see([scan(2, 'bd:photo', 'P1')], null)
    see([scan(4, 'BD:PHOTO'), scan(3, 'BD:CONDITION:damaged'), scan(2, 'bd:photo', 'P1')], null)
    see([scan(5, 'BD:EMPTY')], null)
    await Promise.resolve()
    expect(log).toEqual(['photo 2', 'damage 4', 'empty_box 5'])
  })
  it('says when there is no picture', async () => {
    const { log, see } = set(false)
    see([], null)
    see([scan(1, 'BD:PHOTO', 'P1')], parcel('P1'))
    await new Promise((r) => setTimeout(r))
    expect(log).toEqual(['photo 1', 'record 1', 'failed'])
  })
  it('goes on when a parcel that was opened without the server gets its number', () => {
    const { log, see } = set()
    see([], null)
    see([scan(1, 'SF1')], parcel(''))
    see([scan(1, 'SF1', 'P7')], parcel('P7'))
    expect(log).toEqual(['record 1'])
  })
  it('waits for a scan that names the parcel after a reload', () => {
    const { log, see } = set()
    see([scan(1, 'SF1')], parcel('P1'))
    see([scan(2, 'X', 'P1'), scan(1, 'SF1')], parcel('P1'))
    expect(log.filter((l) => l !== 'stop')).toEqual(['record 2'])
  })
})

describe('the film', () => {
  const take = (id: string, at: string): Take => ({ id, kind: 'video', producer: 'p', seq: 1, capturedAt: at, offsetMs: 0, type: 'video/webm', durationMs: 0, chunks: 0, ended: false, upload: '', problem: '' })
  it('gives back what was recorded in order, over a reload, until it is dropped', async () => {
    const film = await Film.open('film-test')
    const a = take('a', '2026-11-24T02:00:01Z')
    await film.add(take('b', '2026-11-24T02:00:00Z'), new Blob(['still']))
    await film.add(a)
    for (let n = 0; n < 12; n++) await film.append(a, new Blob([String.fromCharCode(97 + n)]))
    film.close()
    const again = await Film.open('film-test')
    const all = await again.all()
    expect(all.map((t) => [t.id, t.chunks])).toEqual([['b', 0], ['a', 12]])
    expect((await again.content(all[1]!)).type).toBe('video/webm')
    await again.drop('a')
    expect((await again.all()).map((t) => t.id)).toEqual(['b'])
    expect((await again.content(all[1]!)).size).toBe(0)
    again.close()
  })
})
