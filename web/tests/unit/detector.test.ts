import { describe, expect, it } from 'vitest'
import { Detector, fromCode, type Key, type Reading, type ScanOptions } from '@/scan/detector'

const key = (k: string, timeStamp: number, more: Partial<Key> = {}): Key => ({
  key: k, code: '', timeStamp, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, repeat: false, ...more,
})

/** Types text with the given gap, then the suffix, and reports what the suffix turned out to be. */
function type(text: string, gapMs: number | number[], options: Partial<ScanOptions> = {}, suffix = 'Enter'): { reading: Reading; data: string } {
  const d = new Detector(options)
  let at = 1000
  let i = 0
  const step = () => (Array.isArray(gapMs) ? gapMs[i++ % gapMs.length]! : gapMs)
  for (const c of text) {
    d.read(key(c, at))
    at += step()
  }
  return { reading: d.read(key(suffix, at)), data: d.data }
}

describe('a scan told from typing', () => {
  it.each([
    ['a scanner at 5 ms', '6901443214507', 5, 'scan'],
    ['a slow scanner at 35 ms', '6901443214507', 35, 'scan'],
    ['a person at 60 ms', 'hello', 60, 'typed'],
    ['too short for a barcode', 'ABC', 5, 'typed'],
    ['exactly long enough', 'ABCD', 5, 'scan'],
    ['silence before Enter', '6901443214507', 200, 'alone'],
  ] as const)('%s', (_name, text, gap, want) => {
    expect(type(text, gap).reading).toBe(want)
  })

  it('keeps every character, blanks and punctuation too', () => {
    expect(type('BD:CONDITION:damaged +1', 8)).toEqual({ reading: 'scan', data: 'BD:CONDITION:damaged +1' })
  })

  it('ends on Tab as well', () => {
    expect(type('SF143802769951', 6, {}, 'Tab').reading).toBe('scan')
  })

  it('never acts on a burst with a hole in it', () => {
    expect(type('6901443214507', [4, 4, 4, 95, 4, 4, 4, 4, 4, 4, 4, 4, 4]).reading).toBe('broken')
  })

  it('forgets what was typed before a pause', () => {
    const d = new Detector()
    d.read(key('x', 0))
    for (const [i, c] of [...'6901443214507'].entries()) d.read(key(c, 200 + i * 5))
    expect(d.read(key('Enter', 270))).toBe('scan')
    expect(d.data).toBe('6901443214507')
  })

  it('takes the line feed after the carriage return as part of the scan', () => {
    const d = new Detector()
    for (const [i, c] of [...'6901443214507'].entries()) d.read(key(c, i * 5))
    expect(d.read(key('Enter', 65))).toBe('scan')
    expect(d.read(key('Enter', 70))).toBe('tail')
    expect(d.read(key('Enter', 900))).toBe('alone')
  })

  it('leaves repeats and shortcuts alone', () => {
    const d = new Detector()
    expect(d.read(key('a', 0, { repeat: true }))).toBe('other')
    expect(d.read(key('a', 1, { ctrlKey: true }))).toBe('other')
    expect(d.read(key('F8', 2))).toBe('other')
    expect(d.pending(3)).toBe(0)
  })

  it('strips a configured prefix and refuses bursts without it', () => {
    expect(type('~6901443214507', 5, { prefix: '~' })).toEqual({ reading: 'scan', data: '6901443214507' })
    expect(type('6901443214507', 5, { prefix: '~' }).reading).toBe('typed')
  })

  it('reads through a Chinese input method by physical key', () => {
    const d = new Detector()
    const keys: [string, boolean][] = [['KeyS', true], ['KeyF', true], ['Digit1', false], ['Numpad4', false], ['Minus', false], ['Semicolon', true]]
    for (const [i, [code, shiftKey]] of keys.entries()) d.read(key('Process', i * 5, { code, shiftKey, keyCode: 229 }))
    expect(d.read(key('Enter', 30))).toBe('scan')
    expect(d.data).toBe('SF14-:')
    expect(fromCode('Digit2', true)).toBe('@')
    expect(fromCode('ArrowUp', false)).toBe('')
  })
})
