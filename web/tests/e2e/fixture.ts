import AxeBuilder from '@axe-core/playwright'
import { expect, test as base, type Page } from '@playwright/test'

export { expect }

export interface Bench {
  /** Drives the mock: POST /mock/<what>. */
  mock(what: string, body?: object): Promise<Record<string, unknown>>
  /**
   * Types like a keyboard scanner: all keys pipelined, stamped 4 ms apart as the operating system would have done, the last one now.
   * Playwright's keyboard.type waits for each key and is too slow.
   */
  wedge(page: Page, data: string, suffix?: boolean): Promise<void>
  /** Fails on any accessibility rule of WCAG 2.1 A and AA, contrast included. */
  accessible(page: Page): Promise<void>
}

/** Every test fails on an error in the page, on any breach of the content security policy, and where page or mock leave the written contracts (dev/contract.mjs). Language is Chinese unless the test sets it. */
export const test = base.extend<Bench & { quiet: void }>({
  mock: async ({ request }, use) => {
    await use(async (what, body = {}) => (await request.post(`/mock/${what}`, { data: body })).json() as Promise<Record<string, unknown>>)
  },
  wedge: async ({}, use) => {
    await use(async (page, data, suffix = true) => {
      const cdp = await page.context().newCDPSession(page)
      const keys = [...data].map((c) => ({ type: 'keyDown' as const, text: c, key: c, unmodifiedText: c }))
      const all = suffix ? [...keys, { type: 'keyDown' as const, text: '\r', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 }] : keys
      // The keys are stamped in the past: without a pause they would reach back into the key pressed before them, and read as one burst with a hole in it.
      await page.waitForTimeout(200 + all.length * 4)
      const start = Date.now() / 1000 - all.length * 0.004
      await Promise.all(all.flatMap((k, i) => [
        cdp.send('Input.dispatchKeyEvent', { ...k, timestamp: start + i * 0.004 }),
        cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', key: k.key, timestamp: start + i * 0.004 + 0.002 }),
      ]))
      await cdp.detach()
    })
  },
  accessible: async ({}, use) => {
    await use(async (page) => {
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze()
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`)).toEqual([])
    })
  },
  quiet: [
    async ({ page, request }, use) => {
      const errors: string[] = []
      page.on('pageerror', (e) => errors.push(e.message))
      page.on('console', (m) => {
        if (/Content.Security.Policy/i.test(m.text())) errors.push(m.text())
      })
      await use()
      if (!process.env.BACKDOCK_URL) errors.push(...((await (await request.get('/mock/drift')).json()) as string[]))
      expect(errors).toEqual([])
    },
    { auto: true },
  ],
})

export const english = (page: Page) => page.addInitScript(() => localStorage.setItem('backdock.lang', 'en'))
