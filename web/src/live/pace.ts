/** Calls fn at once, then at most once per interval with the newest value; what came between is dropped. */
export function pace<T>(fn: (value: T) => void, everyMs: number): { push(value: T): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: { value: T } | null = null
  const tick = () => {
    timer = undefined
    if (!waiting) return
    const { value } = waiting
    waiting = null
    timer = setTimeout(tick, everyMs)
    fn(value)
  }
  return {
    push(value) {
      waiting = { value }
      if (timer === undefined) tick()
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
      waiting = null
    },
  }
}
