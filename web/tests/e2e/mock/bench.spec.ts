import type { Page } from '@playwright/test'
import { expect, test } from '../fixture'

// The station page of a bench without an agent: a keyboard scanner, an outbox in the browser, the station line.
test.use({ testIdAttribute: 'data-test' })

interface Sent {
  seq: number
  data: string
  plate?: string
  flags?: string[]
}
const line = async (mock: (what: string, body?: object) => Promise<Record<string, unknown>>, body: object = {}) => (await mock('line', body)).producers as { producer: string; scans: Sent[] }[]

async function open(page: Page) {
  await page.goto('/bench')
  await page.getByTestId('bench-choice').filter({ hasText: 'HZ1/3' }).click()
  await expect(page.getByTestId('link')).toHaveClass(/good/)
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
}

const code = (n: number) => `69014432145${String(n).padStart(2, '0')}`

test.beforeEach(async ({ mock }) => {
  await mock('reset')
})

test('scans are safe before they beep, outlive a reload and a server that is away, and arrive once', async ({ page, mock, wedge, accessible }) => {
  await page.goto('/bench')
  await accessible(page)
  await open(page)
  const band = page.getByTestId('band')
  await wedge(page, code(1))
  await expect(band).toHaveAttribute('data-face', 'ok')
  await expect(band.locator('[data-light][data-on=true]')).toHaveCount(3)
  await line(mock, { down: true })
  await expect(page.getByTestId('banner-offline')).toBeVisible()
  for (const n of [2, 3, 4]) {
    await wedge(page, code(n))
    await expect(band).toHaveAttribute('data-face', 'unchecked')
    await expect(page.getByTestId('recent').first()).toContainText(code(n))
  }
  await expect(page.locator('.page')).toHaveAttribute('data-tone', 'provisional') // the beep of a committed scan
  await expect(page.getByTestId('banner-offline')).toContainText('3')
  await accessible(page)

  // The server is still away: the worker brings the page, the outbox its scans.
  await page.reload()
  await expect(page.getByTestId('recent')).toHaveCount(4)
  await expect(page.getByTestId('banner-offline')).toContainText('3')
  await wedge(page, code(4)) // the last one again: it may have been safe without its beep
  await wedge(page, code(5))
  await expect(page.getByTestId('recent')).toHaveCount(6)

  await line(mock, { down: false })
  await expect(page.getByTestId('link')).toHaveClass(/good/, { timeout: 30_000 })
  await expect(page.getByTestId('recent').first().locator('[data-on=true]')).toHaveCount(3)
  const [one, ...others] = await line(mock)
  expect(others).toEqual([])
  expect(one!.scans.map((s) => [s.seq, s.data, s.flags ?? []])).toEqual([
    [1, code(1), []], [2, code(2), []], [3, code(3), []], [4, code(4), []], [5, code(4), ['repeat_after_restart']], [6, code(5), []],
  ])
  const plates = one!.scans.map((s) => s.plate)
  expect(plates.every((p) => /^U\d{10}$/.test(p ?? ''))).toBe(true)
  expect(new Set(plates).size).toBe(6)
})

test('two tabs do not share a producer: the second waits and goes on where the first one stopped', async ({ page, context, mock, wedge }) => {
  await open(page)
  await wedge(page, code(1))
  await expect(page.getByTestId('band')).toHaveAttribute('data-face', 'ok')
  const second = await context.newPage()
  await second.goto('/bench')
  await expect(second.getByTestId('obstacle')).toContainText('另一个标签页')
  await wedge(second, code(2)) // nobody listens there
  await page.close()
  await expect(second.getByTestId('link')).toHaveClass(/good/)
  await expect(second.getByTestId('recent')).toHaveCount(1)
  await wedge(second, code(3))
  await expect(second.getByTestId('band').locator('[data-light][data-on=true]')).toHaveCount(3)
  const sent = await line(mock)
  expect(sent).toHaveLength(1)
  expect(sent[0]!.scans.map((s) => [s.seq, s.data])).toEqual([[1, code(1)], [2, code(3)]])
})

test('a burst loses none', async ({ page, mock, wedge }) => {
  await open(page)
  for (let n = 0; n < 15; n++) await wedge(page, code(n))
  await expect.poll(async () => (await line(mock))[0]?.scans.length, { timeout: 20_000 }).toBe(15)
  expect((await line(mock))[0]!.scans.map((s) => s.data)).toEqual([...Array(15).keys()].map(code))
})

test('keys stand for control barcodes here, too', async ({ page, mock }) => {
  await open(page)
  await page.keyboard.press('F8')
  await expect.poll(async () => (await line(mock))[0]?.scans.map((s) => s.data)).toEqual(['BD:UNDO'])
})
