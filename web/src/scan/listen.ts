import { Detector, type Key, type ScanOptions } from './detector'

export interface Hearing {
  /** A whole scan, with the moment of its last key (the clock of Event.timeStamp). */
  scan(data: string, at: number): void
  /** A burst too fast for a hand but with a hole in it: ask for it again, never act on it. */
  broken?(): void
  /** One key pressed by itself outside a text field: a shortcut. */
  lone?(key: string): void
  /** Enter with nothing before it, no button focused and outside a text field. */
  enter?(): void
}

const editable = (el: Element | null): el is HTMLInputElement | HTMLTextAreaElement =>
  (el instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit'].includes(el.type)) || el instanceof HTMLTextAreaElement

const pressable = (el: Element | null) => el !== null && el !== document.body && el.matches('button, a[href], input, select, textarea, summary, [role=button], [role=option]')

/**
 * Listens on the whole window, so that no field has to be clicked first, and before every other listener, so that a scan's Enter never presses
 * the focused button and its characters do not stay behind in a field. Returns the function that stops it.
 */
export function listen(hearing: Hearing, options: Partial<ScanOptions> = {}): () => void {
  const detector = new Detector(options)
  let burst: { field: HTMLInputElement | HTMLTextAreaElement; value: string } | null = null
  let run: string[] = [] // the keys of a burst outside text fields
  let quiet: ReturnType<typeof setTimeout> | undefined

  const swallow = (e: Event) => {
    e.preventDefault()
    e.stopImmediatePropagation()
  }

  /** Too few keys for a scan are shortcuts, pressed one by one or in quick succession; more are a scanner's or a hand's noise and mean nothing. */
  const flush = () => {
    clearTimeout(quiet)
    const keys = run
    run = []
    if (keys.length < detector.options.minLength) for (const key of keys) hearing.lone?.(key)
  }

  const onKey = (e: KeyboardEvent) => {
    const active = document.activeElement
    const before = detector.pending(e.timeStamp)
    const reading = detector.read(e as Key)
    if (reading === 'part' && before === 0) flush()
    switch (reading) {
      case 'part':
        if (editable(active)) {
          if (before === 0) burst = { field: active, value: active.value }
          return
        }
        burst = null
        if (e.key === ' ') e.preventDefault() // a blank inside a scan would press the focused button
        run.push(e.key)
        clearTimeout(quiet)
        quiet = setTimeout(flush, detector.options.idleMs)
        return
      case 'scan':
      case 'broken':
        swallow(e)
        clearTimeout(quiet)
        run = []
        if (burst && burst.field === active) restore(burst.field, burst.value)
        burst = null
        if (reading === 'scan') hearing.scan(detector.data, e.timeStamp)
        else hearing.broken?.()
        return
      case 'tail':
        swallow(e)
        return
      case 'typed':
        if (editable(active)) return
        swallow(e)
        flush()
        return
      case 'alone':
        flush()
        if (e.key === 'Enter' && !pressable(active)) {
          swallow(e)
          hearing.enter?.()
        }
    }
  }

  window.addEventListener('keydown', onKey, { capture: true })
  return () => {
    clearTimeout(quiet)
    window.removeEventListener('keydown', onKey, { capture: true })
  }
}

/** Puts a field back to what it held before the scan typed into it, and lets its owner know. */
function restore(field: HTMLInputElement | HTMLTextAreaElement, value: string) {
  field.value = value
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
