// @vitest-environment node
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scenes } from '../../dev/scenes.mjs'

const docs = resolve(__dirname, '../../../docs')

describe('pictures of the documentation', () => {
  const wanted = scenes.filter((s) => s.doc).flatMap((s) => [`${s.name}.en.png`, `${s.name}.zh.png`]).sort()

  it('are there, shown on their page, and no others', () => {
    expect(wanted.length).toBeGreaterThan(20)
    expect(readdirSync(`${docs}/screens`).sort()).toEqual(wanted)
    const page = readFileSync(`${docs}/screens.md`, 'utf8')
    expect(wanted.filter((f) => !page.includes(`](screens/${f})`))).toEqual([])
    const readme = [...readFileSync(resolve(docs, '../README.md'), 'utf8').matchAll(/\]\((docs\/screens\/[^)]+)\)/g)].map((m) => resolve(docs, '..', m[1]!))
    expect(readme.length).toBeGreaterThan(0)
    expect(readme.filter((f) => !existsSync(f))).toEqual([])
  })

  it('weigh little', () => {
    const sizes = wanted.map((f) => statSync(`${docs}/screens/${f}`).size)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200_000)
    expect(sizes.reduce((a, b) => a + b, 0) / sizes.length).toBeLessThan(140_000)
  })
})
