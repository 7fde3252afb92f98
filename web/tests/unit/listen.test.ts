import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { listen, type Hearing } from '@/scan/listen'

let stop = () => {}
let heard: Required<{ [K in keyof Hearing]: ReturnType<typeof vi.fn> }>
let at = 0

/** A key the way a browser reports it; returns whether its default (typing, pressing) was left to happen. */
function press(key: string, gapMs = 5): boolean {
  at += gapMs
  const e = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
  Object.defineProperty(e, 'timeStamp', { value: at })
  const target = document.activeElement ?? document.body
  const goesOn = target.dispatchEvent(e)
  if (goesOn && target instanceof HTMLInputElement && key.length === 1) target.value += key
  if (goesOn && target instanceof HTMLButtonElement && key === 'Enter') target.click()
  return goesOn
}
const scan = (text: string) => [...text, 'Enter'].forEach((k) => press(k))

beforeEach(() => {
  vi.useFakeTimers()
  at += 10_000
  heard = { scan: vi.fn(), broken: vi.fn(), lone: vi.fn(), enter: vi.fn() }
  stop = listen(heard as unknown as Hearing)
})
afterEach(() => {
  stop()
  vi.useRealTimers()
  document.body.innerHTML = ''
})

describe('listening on the window', () => {
  it('hears a scan with nothing focused', () => {
    scan('6901443214507')
    expect(heard.scan).toHaveBeenCalledWith('6901443214507', expect.any(Number))
  })

  it("never lets a scan's Enter press the focused button", () => {
    const button = document.body.appendChild(document.createElement('button'))
    const pressed = vi.fn()
    button.addEventListener('click', pressed)
    button.focus()
    scan('6901443214507')
    expect(pressed).not.toHaveBeenCalled()
    expect(heard.scan).toHaveBeenCalledOnce()
    press('Enter', 1000)
    expect(pressed).toHaveBeenCalledOnce()
    expect(heard.enter).not.toHaveBeenCalled()
  })

  it('takes a scan back out of the field it typed into', () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.value = 'note: '
    field.focus()
    scan('U0000001237')
    expect(field.value).toBe('note: ')
    expect(heard.scan).toHaveBeenCalledOnce()
  })

  it('leaves a person typing in a field alone', () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.focus()
    for (const c of 'scratched') press(c, 90)
    expect(press('Enter', 90)).toBe(true)
    expect(field.value).toBe('scratched')
    expect(heard.scan).not.toHaveBeenCalled()
    expect(heard.enter).not.toHaveBeenCalled()
  })

  it('finishes on Enter only with an empty buffer', () => {
    press('Enter', 500)
    expect(heard.enter).toHaveBeenCalledOnce()
    press('4', 500)
    press('Enter', 60)
    expect(heard.enter).toHaveBeenCalledOnce()
    scan('6901443214507')
    press('Enter', 4) // the line feed of a CR LF scanner
    expect(heard.enter).toHaveBeenCalledOnce()
  })

  it('reports a key pressed by itself, and only that', () => {
    press('2', 500)
    vi.advanceTimersByTime(200)
    expect(heard.lone).toHaveBeenCalledWith('2')
    heard.lone.mockClear()
    scan('2901443214507')
    vi.advanceTimersByTime(500)
    expect(heard.lone).not.toHaveBeenCalled()
  })

  it('reports shortcuts pressed in quick succession, in order', () => {
    for (const k of ['y', '1', 'r']) press(k, 90)
    vi.advanceTimersByTime(200)
    expect(heard.lone.mock.calls.flat()).toEqual(['y', '1', 'r'])
  })

  it('reports a shortcut before the Enter that follows it at once, and does not finish', () => {
    press('2', 500)
    press('Enter', 60)
    expect(heard.lone).toHaveBeenCalledWith('2')
    expect(heard.enter).not.toHaveBeenCalled()
  })

  it('takes a scanner that is too slow, or without a suffix, for noise: never for shortcuts', () => {
    for (const c of '1234567') press(c, 60)
    press('Enter', 60)
    for (const c of '1234567') press(c)
    vi.advanceTimersByTime(500)
    expect(heard.lone).not.toHaveBeenCalled()
    expect(heard.enter).not.toHaveBeenCalled()
    expect(heard.scan).not.toHaveBeenCalled()
  })

  it('asks again for a burst with a hole', () => {
    for (const c of '69014') press(c)
    press('4', 100)
    for (const c of '3214507') press(c)
    press('Enter')
    expect(heard.broken).toHaveBeenCalledOnce()
    expect(heard.scan).not.toHaveBeenCalled()
  })
})
