import { expect, test } from '../fixture'
import type { Page } from '@playwright/test'

const password = 'backdock-demo'
const station = process.env.BACKDOCK_STATION ?? 'http://127.0.0.1:7070'

async function login(page: Page, user: string) {
  await page.goto('/')
  await page.locator('input[type="password"]').waitFor()
  await page.locator('input:not([type="password"])').first().fill(user)
  await page.locator('input[type="password"]').fill(password)
  await page.keyboard.press('Enter')
}

test('the dashboard moves while the day is played', async ({ page, accessible }) => {
  await login(page, 'manager')
  await expect(page.locator('[data-test="live"]')).toHaveClass(/live/)
  await expect(page.locator('[data-test="bench"]')).toHaveCount(4)
  const numbers = () => page.locator('main').innerText()
  const before = await numbers()
  await expect.poll(async () => (await numbers()) !== before, { timeout: 15_000 }).toBe(true)
  await accessible(page)
})

test('a visitor inspects a unit that a real scan booked, once', async ({ page, request }) => {
  await login(page, 'inspector')
  await expect(page).toHaveURL(/\/qc/)
  const rows = page.locator('.row .mono, .row b').filter({ hasText: /^U\d{10}$/ })
  await expect(rows.first()).toBeVisible({ timeout: 15_000 })
  // The scripted inspector works from the front of the queue: take what it has passed over, the oldest.
  const units = await page.request.get('/api/v1/units?state=quarantine&warehouse=HZ1&limit=50')
  const plate = ((await units.json()) as { items: { plate: string }[] }).items[0]!.plate
  const detail = (await (await page.request.get(`/api/v1/units/${plate}`)).json()) as { version: number; checklist: { key: string }[] }
  const me = (await (await page.request.get('/api/v1/auth/me')).json()) as { csrf: string }
  const body = { grade: 'B', disposition: 'restock_b', checks: Object.fromEntries(detail.checklist.map((c) => [c.key, true])), note: 'opened by the visitor', version: detail.version }
  const send = (key: string) =>
    page.request.post(`/api/v1/units/${plate}/inspection`, { data: body, headers: { 'X-CSRF-Token': me.csrf, 'Idempotency-Key': key } })
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((k) => send(`${plate}-${k}`)))
  const won = answers.filter((a) => a.ok())
  // Either one of ours wins, or the scripted inspector was faster than all four.
  expect(won.length).toBeLessThanOrEqual(1)
  for (const a of answers.filter((x) => !x.ok())) expect(a.status()).toBe(409)
  const after = (await (await page.request.get(`/api/v1/units/${plate}`)).json()) as { state: string; inspection: object | null }
  expect(after.state).not.toBe('quarantine')
  expect(after.inspection).not.toBeNull()
  expect((await request.get(`/api/v1/units/${plate}`)).status()).toBe(401)
})

test('the station page follows the scanner', async ({ page }) => {
  await page.goto(`${station}/`)
  await expect(page.locator('[data-test="scanner"]')).toHaveClass(/good/)
  await expect(page.locator('[data-test="link"]')).toHaveClass(/good/)
  const newest = () => page.locator('[data-test="recent"]').first().innerText()
  const before = await newest()
  await expect.poll(async () => (await newest()) !== before, { timeout: 15_000 }).toBe(true)
})

test('a clerk is not a manager', async ({ page }) => {
  await login(page, 'inspector')
  await expect(page).toHaveURL(/\/qc/)
  expect((await page.request.get('/api/v1/refunds')).status()).toBe(403)
  expect((await page.request.post('/api/v1/stations', { data: { name: 'x', bench: 'HZ1/1' } })).status()).toBe(403)
})
