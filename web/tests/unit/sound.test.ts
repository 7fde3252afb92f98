import { describe, expect, it } from 'vitest'
import { scores } from '@/station/sound'

const length = (tone: keyof typeof scores) => scores[tone].at(-1)!.at + scores[tone].at(-1)!.for

describe('tones told apart without looking', () => {
  it('are one high of 70 ms, three rising, two mid, three long low', () => {
    expect(scores.ok).toMatchObject([{ for: 0.07 }])
    expect(scores.done).toHaveLength(3)
    expect(scores.done.map((n) => n.hz)).toEqual([...scores.done.map((n) => n.hz)].sort((a, b) => a - b))
    expect(scores.dup).toHaveLength(2)
    expect(scores.low).toHaveLength(3)
    expect(Math.max(...scores.low.map((n) => n.hz))).toBeLessThan(Math.min(...scores.dup.map((n) => n.hz)))
    expect(length('low')).toBeGreaterThan(4 * length('dup') / 2)
  })

  it('differ from each other and stay below a scanner\'s own beep', () => {
    const shapes = Object.values(scores).map((notes) => JSON.stringify(notes))
    expect(new Set(shapes).size).toBe(shapes.length)
    for (const notes of Object.values(scores)) for (const n of notes) expect(n.hz).toBeLessThan(2000)
  })
})
