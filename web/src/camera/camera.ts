import { hex } from '@/bench/outbox'
import type { Film, Kind, ScanKey, Take } from './film'

export type CameraState = 'starting' | 'none' | 'denied' | 'ready' | 'recording' | 'full'

/** How often a recording is written down. */
const sliceMs = 2000
/** Preferred first: what Chromium makes, then what Safari makes. */
const videoTypes = ['video/webm;codecs=vp8', 'video/webm', 'video/mp4']
const bitsPerSecond = 1_000_000

export interface CameraEvents {
  state(state: CameraState): void
  /** There is something new to send. */
  taken(): void
}

/** The bench's camera: it records while a parcel is open, and takes stills in between. All it makes goes to the film first. */
export class Camera {
  private stream: MediaStream | null = null
  private recorder: MediaRecorder | null = null
  private writing = Promise.resolve()
  private closed = false
  private now: CameraState = 'starting'

  constructor(
    private readonly film: Film,
    private readonly on: CameraEvents,
  ) {}

  get state(): CameraState {
    return this.now
  }

  private become(state: CameraState) {
    this.now = state
    this.on.state(state)
  }

  async open(): Promise<void> {
    await this.recover()
    navigator.mediaDevices?.addEventListener('devicechange', this.look)
    await this.start()
  }

  /** A camera was plugged in or out. */
  private readonly look = () => {
    if (!this.stream?.active) void this.start()
  }

  async start(): Promise<void> {
    if (this.closed) return
    // Asking for a camera where there is none would bother nobody; asking for leave where there is one happens once per browser.
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? []
    if (!devices.some((d) => d.kind === 'videoinput') || typeof MediaRecorder === 'undefined') return this.become('none')
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 15 } } })
    } catch (err) {
      return this.become(err instanceof DOMException && err.name === 'NotAllowedError' ? 'denied' : 'none')
    }
    if (this.closed) return this.stream.getTracks().forEach((t) => t.stop())
    this.stream.getVideoTracks()[0]?.addEventListener('ended', () => {
      this.stop()
      this.stream = null
      this.become('none')
    })
    this.become('ready')
  }

  /** Recordings that a reload or a crash cut off end where they ended. */
  private async recover() {
    for (const take of await this.film.all()) {
      if (take.ended) continue
      if (take.chunks === 0) await this.film.drop(take.id)
      else await this.film.keep({ ...take, ended: true })
    }
  }

  close(): void {
    this.closed = true
    navigator.mediaDevices?.removeEventListener('devicechange', this.look)
    this.stop()
    this.stream?.getTracks().forEach((t) => t.stop())
  }

  /** Records from now on, for the parcel that a scan opened. */
  record(scan: ScanKey, offsetMs: number): boolean {
    if (!this.stream?.active) return false
    this.stop()
    const type = videoTypes.find((t) => MediaRecorder.isTypeSupported(t))
    if (!type) return false
    const recorder = new MediaRecorder(this.stream, { mimeType: type, videoBitsPerSecond: bitsPerSecond })
    const take: Take = { id: hex(16), kind: 'video', ...scan, capturedAt: new Date().toISOString(), offsetMs, type: type.split(';')[0]!, durationMs: 0, chunks: 0, ended: false, upload: '', problem: '' }
    this.recorder = recorder
    const begun = performance.now()
    recorder.onstart = () => (take.capturedAt = new Date().toISOString())
    this.write(() => this.film.add(take))
    recorder.ondataavailable = (e) => {
      if (e.data.size === 0) return
      take.durationMs = Math.round(performance.now() - begun)
      this.write(() => this.film.append(take, e.data))
    }
    recorder.onstop = () => {
      take.ended = true
      this.write(() => this.film.keep(take))
      void this.writing.then(() => this.on.taken())
    }
    recorder.start(sliceMs)
    this.become('recording')
    return true
  }

  get recording(): boolean {
    return this.recorder !== null
  }

  stop(): void {
    if (!this.recorder) return
    if (this.recorder.state !== 'inactive') this.recorder.stop()
    this.recorder = null
    if (this.now === 'recording') this.become('ready')
  }

  /** Everything is written in the order it came. A full disk ends the recording: what is there is kept and sent. */
  private write(act: () => Promise<void>) {
    this.writing = this.writing.then(act).catch(() => {
      if (this.now === 'full') return
      const recorder = this.recorder
      this.recorder = null
      if (recorder && recorder.state !== 'inactive') recorder.stop()
      this.become('full')
    })
  }

  /** There is room again: something was sent. */
  relieved(): void {
    if (this.now === 'full' && this.stream?.active) this.become('ready')
  }

  /** Takes a still. False: there is no camera, or the picture could not be kept. */
  async photo(kind: Kind, scan: ScanKey, offsetMs: number): Promise<boolean> {
    if (!this.stream?.active) return false
    const capturedAt = new Date().toISOString()
    try {
      const blob = await still(this.stream)
      await this.film.add({ id: hex(16), kind, ...scan, capturedAt, offsetMs, type: blob.type, durationMs: 0, chunks: 1, ended: true, upload: '', problem: '' }, blob)
    } catch {
      return false
    }
    this.on.taken()
    return true
  }
}

/** One picture of a stream as JPEG. */
async function still(stream: MediaStream): Promise<Blob> {
  const video = document.createElement('video')
  video.muted = true
  video.playsInline = true
  video.srcObject = stream
  try {
    await video.play()
    const canvas = document.createElement('canvas')
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    canvas.getContext('2d')!.drawImage(video, 0, 0)
    return await new Promise<Blob>((resolve, reject) => canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('no picture'))), 'image/jpeg', 0.88))
  } finally {
    video.srcObject = null
  }
}
