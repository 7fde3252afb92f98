import { ref } from 'vue'
import type { Tone } from './types'

type Note = { hz: number; at: number; for: number; wave?: OscillatorType }

// Scanners beep at 2–4 kHz: these stay below, and differ in number, height and direction so that they are told apart without looking.
export const scores: Record<Tone | 'provisional', Note[]> = {
  ok: [{ hz: 1320, at: 0, for: 0.07 }],
  done: [{ hz: 660, at: 0, for: 0.09 }, { hz: 880, at: 0.1, for: 0.09 }, { hz: 1175, at: 0.2, for: 0.16 }],
  dup: [{ hz: 620, at: 0, for: 0.08 }, { hz: 620, at: 0.13, for: 0.08 }],
  mid: [{ hz: 520, at: 0, for: 0.22 }],
  low: [0, 0.34, 0.68].map((at) => ({ hz: 185, at, for: 0.26, wave: 'square' as const })),
  error: [{ hz: 400, at: 0, for: 0.12, wave: 'square' }, { hz: 220, at: 0.14, for: 0.3, wave: 'square' }],
  provisional: [{ hz: 780, at: 0, for: 0.05 }],
}

// Of several tones that fall together only the most serious is heard.
const weight: Record<Tone | 'provisional', number> = { provisional: 0, ok: 1, dup: 2, done: 3, mid: 4, error: 5, low: 6 }

const muted = 'backdock.muted'

export type SoundState = 'on' | 'off' | 'blocked'

/** Tones of the station. Browsers keep a page silent until somebody touches it; the page says so instead of pretending. */
export class Sound {
  readonly state = ref<SoundState>('blocked')
  /** The last tone asked for, heard or not. */
  readonly last = ref<Tone | 'provisional' | null>(null)
  private context: AudioContext | null = null
  private off = localStorage.getItem(muted) === '1'
  private endsAt = 0
  private playing: { weight: number; gain: GainNode } | null = null

  constructor() {
    this.settle()
    // Any key or touch unlocks it, on iOS too, where it has to happen within the gesture.
    for (const type of ['pointerdown', 'keydown', 'touchend']) window.addEventListener(type, () => this.unlock(), { capture: true, passive: true })
    this.unlock()
  }

  toggle(): void {
    this.off = this.state.value === 'on'
    localStorage.setItem(muted, this.off ? '1' : '0')
    this.unlock()
    this.settle()
    if (!this.off) this.play('ok')
  }

  play(tone: Tone | 'provisional'): void {
    this.last.value = tone
    const context = this.context
    if (this.off || !context || context.state !== 'running') return
    const now = context.currentTime
    if (this.playing && now < this.endsAt) {
      if (weight[tone] < this.playing.weight) return
      this.playing.gain.disconnect()
    }
    const gain = context.createGain()
    gain.gain.value = 0.5
    gain.connect(context.destination)
    for (const note of scores[tone]) this.note(context, gain, note, now)
    const end = scores[tone].at(-1)!
    this.endsAt = now + end.at + end.for
    this.playing = { weight: weight[tone], gain }
  }

  private note(context: AudioContext, into: GainNode, n: Note, now: number) {
    const voice = context.createOscillator()
    const envelope = context.createGain()
    voice.type = n.wave ?? 'sine'
    voice.frequency.value = n.hz
    // Short ramps: a hard edge clicks.
    envelope.gain.setValueAtTime(0, now + n.at)
    envelope.gain.linearRampToValueAtTime(1, now + n.at + 0.006)
    envelope.gain.setValueAtTime(1, now + n.at + n.for - 0.012)
    envelope.gain.linearRampToValueAtTime(0, now + n.at + n.for)
    voice.connect(envelope).connect(into)
    voice.start(now + n.at)
    voice.stop(now + n.at + n.for)
  }

  private unlock() {
    if (this.context?.state === 'running' || typeof AudioContext === 'undefined') return
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: 'interactive' })
      this.context.onstatechange = () => this.settle()
    }
    this.context.resume().then(() => this.settle(), () => undefined)
  }

  private settle() {
    this.state.value = this.off ? 'off' : this.context?.state === 'running' ? 'on' : 'blocked'
  }
}

let shared: Sound | null = null

/** The page's one voice: it listens on the window for ever, so going to the sheet and back must not make a second. */
export function voice(): Sound {
  return (shared ??= new Sound())
}
