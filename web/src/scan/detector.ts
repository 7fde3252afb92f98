/**
 * Tells a barcode scanner that types (a "keyboard wedge") from a person at the keyboard, by rhythm.
 * It is the fallback where no station program reads the scanner, so it guesses and has to say when it is unsure.
 */
export interface ScanOptions {
  minLength: number // shorter bursts are typing
  avgGapMs: number // a scanner's mean gap between keys is at most this
  maxGapMs: number // and no single gap is longer than this
  idleMs: number // silence after which the buffer is forgotten
  suffixes: readonly string[] // keys that end a scan
  prefix: string // character(s) the scanner is configured to send first, '' for none
}

export const defaults: ScanOptions = { minLength: 4, avgGapMs: 35, maxGapMs: 80, idleMs: 120, suffixes: ['Enter', 'Tab'], prefix: '' }

/** The parts of a KeyboardEvent the detector looks at. */
export interface Key {
  key: string
  code: string
  keyCode?: number
  timeStamp: number
  shiftKey: boolean
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  repeat: boolean
}

/**
 * What a key turned out to be:
 * - part: a character that may belong to a scan · scan: the suffix that ended one · broken: the suffix of a burst too fast for a hand, yet not whole
 * - tail: a second suffix right after a scan (CR LF) · typed: a suffix after a few slow keys · alone: a suffix with nothing before it · other: no business of ours
 */
export type Reading = 'part' | 'scan' | 'broken' | 'tail' | 'typed' | 'alone' | 'other'

export class Detector {
  readonly options: ScanOptions
  private chars: string[] = []
  private times: number[] = []
  private scannedAt = -Infinity
  /** The text of the last reading 'scan'. */
  data = ''

  constructor(options: Partial<ScanOptions> = {}) {
    this.options = { ...defaults, ...options }
  }

  /** Characters that may yet become a scan, at the given event time. */
  pending(now: number): number {
    const last = this.times.at(-1)
    return last !== undefined && now - last <= this.options.idleMs ? this.chars.length : 0
  }

  read(e: Key): Reading {
    if (e.repeat || e.ctrlKey || e.altKey || e.metaKey) return 'other'
    if (this.options.suffixes.includes(e.key) || (isIME(e) && this.options.suffixes.includes(e.code))) return this.finish(e.timeStamp)
    const char = isIME(e) ? fromCode(e.code, e.shiftKey) : [...e.key].length === 1 ? e.key : ''
    if (char === '') {
      if (e.key !== 'Shift' && e.key !== 'CapsLock') this.clear() // an arrow or Backspace is a person
      return 'other'
    }
    if (this.pending(e.timeStamp) === 0) this.clear()
    this.chars.push(char)
    this.times.push(e.timeStamp)
    return 'part'
  }

  private finish(now: number): Reading {
    const { minLength, avgGapMs, maxGapMs, idleMs, prefix } = this.options
    const n = this.pending(now)
    const text = this.chars.join('')
    const times = [...this.times, now]
    this.clear()
    if (n === 0) return now - this.scannedAt <= idleMs ? 'tail' : 'alone'
    const gaps = times.slice(1).map((t, i) => t - times[i]!)
    const average = gaps.reduce((a, b) => a + b, 0) / gaps.length
    if (text.length < minLength || average > avgGapMs) return 'typed'
    if (prefix !== '' && !text.startsWith(prefix)) return 'typed'
    this.scannedAt = now
    if (Math.max(...gaps) > maxGapMs) return 'broken'
    this.data = text.slice(prefix.length)
    return 'scan'
  }

  clear(): void {
    this.chars = []
    this.times = []
  }
}

/** A Chinese input method swallows the character and reports key "Process" (or key code 229): the physical key is all that is left. */
function isIME(e: Key): boolean {
  return e.key === 'Process' || e.keyCode === 229
}

const shifted: Record<string, string> = {
  Minus: '-_', Equal: '=+', BracketLeft: '[{', BracketRight: ']}', Backslash: '\\|', Semicolon: ';:', Quote: '\'"', Comma: ',<', Period: '.>', Slash: '/?', Backquote: '`~', Space: '  ',
  Digit1: '1!', Digit2: '2@', Digit3: '3#', Digit4: '4$', Digit5: '5%', Digit6: '6^', Digit7: '7&', Digit8: '8*', Digit9: '9(', Digit0: '0)',
}

/** The character of a physical key on the US layout that scanners emulate. */
export function fromCode(code: string, shift: boolean): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter) return shift ? letter : letter.toLowerCase()
  const digit = /^Numpad(\d)$/.exec(code)?.[1]
  if (digit) return digit
  const pair = shifted[code]
  return pair ? pair[shift ? 1 : 0]! : ''
}
