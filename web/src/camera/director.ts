import type { LocalScan, ParcelView } from '@/station/types'
import type { Camera } from './camera'
import type { Kind, ScanKey } from './film'

/** What the page knows when something happened. */
export interface Scene {
  parcel: ParcelView | null
  recent: readonly LocalScan[]
  offsetMs: number
}

/** A parcel that the station opened by itself, while the server is away, may have no number yet. */
const unnumbered = '?'

/**
 * Tells the camera when: it records from the scan that opens a parcel to the one that closes it, and takes a still for PHOTO and for EMPTY at the moment of the scan,
 * whether the server has answered or not.
 */
export class Director {
  private filming = '' // number of the parcel
  private readonly seen = new Set<string>()
  private begun = false

  constructor(
    private readonly camera: Pick<Camera, 'record' | 'stop' | 'photo' | 'recording'>,
    /** A picture was asked for and could not be taken. */
    private readonly failed: () => void,
  ) {}

  /** After every message. What was scanned before the page was loaded is no order to the camera. */
  see(scene: Scene): void {
    for (const scan of [...scene.recent].reverse()) {
      const key = `${scan.producer}:${scan.seq}`
      if (this.seen.has(key)) continue
      this.seen.add(key)
      if (this.begun) this.order(scan, scene)
    }
    this.begun = true
    this.follow(scene)
  }

  private order(scan: LocalScan, scene: Scene) {
    const what = scan.data.toUpperCase()
    if (what !== 'BD:PHOTO' && what !== 'BD:EMPTY') return
    const kind: Kind = what === 'BD:EMPTY' ? 'empty_box' : damaged(scan, scene.recent) ? 'damage' : 'photo'
    void this.camera.photo(kind, key(scan), scene.offsetMs).then((ok) => {
      if (!ok) this.failed()
    })
  }

  private follow(scene: Scene) {
    const now = scene.parcel ? scene.parcel.number || unnumbered : ''
    if (this.camera.recording && this.filming === unnumbered && now !== '') this.filming = now // it has its number now
    if (now === this.filming && (now === '' || this.camera.recording)) return
    if (now === '') {
      this.camera.stop()
      this.filming = ''
      return
    }
    // The recording goes under a scan that the parcel is found by: the newest one that was answered with it, else the newest of all.
    const scan = scene.recent.find((s) => s.outcome?.parcel === now) ?? (now === unnumbered ? scene.recent[0] : undefined)
    if (!scan) {
      if (this.filming !== now) this.camera.stop()
      return
    }
    if (this.camera.record(key(scan), scene.offsetMs)) this.filming = now
  }
}

const key = (scan: LocalScan): ScanKey => ({ producer: scan.producer, seq: scan.seq })

/** Whether the clerk has just said that the piece is damaged: then the picture is of that. */
function damaged(photo: LocalScan, recent: readonly LocalScan[]): boolean {
  const before = recent.filter((s) => s.producer === photo.producer && s.seq < photo.seq && !/^BD:PHOTO$/i.test(s.data))
  const last = before.reduce<LocalScan | null>((a, s) => (!a || s.seq > a.seq ? s : a), null)
  return last !== null && /^BD:CONDITION:damaged$/i.test(last.data)
}
