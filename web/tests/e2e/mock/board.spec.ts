import { english, expect, test } from '../fixture'

test.use({ testIdAttribute: 'data-test' })
test.beforeEach(async ({ mock }) => void (await mock('reset')))

test('shows the day, live, and is accessible in both languages', async ({ page, accessible }) => {
  await page.goto('/board')
  await expect(page.getByTestId('live')).toHaveText('实时')
  await expect(page.getByTestId('exception')).toHaveCount(6)
  await expect(page.getByTestId('bench')).toHaveCount(6)
  await expect(page.locator('canvas')).toHaveCount(2)
  await accessible(page)
  await page.getByTestId('lang').click()
  await expect(page.getByRole('heading', { name: 'Live dashboard' })).toBeVisible()
  await accessible(page)
})

test('is live only while the socket is open, and comes back', async ({ page, mock }) => {
  await page.goto('/board')
  await expect(page.getByTestId('live')).toHaveText('实时')
  await mock('live', { up: false })
  await expect(page.getByTestId('live')).toContainText('数据是')
  await mock('live', { up: true })
  await expect(page.getByTestId('live')).toHaveText('实时', { timeout: 12_000 })
})

test('applies a flood of boards at most once a second, ending with the newest', async ({ page, mock }) => {
  await page.goto('/board')
  await expect(page.getByTestId('live')).toHaveText('实时')
  await page.evaluate(() => {
    const w = window as unknown as { changes: number }
    w.changes = 0
    new MutationObserver(() => w.changes++).observe(document.querySelector('.kpis .value')!, { characterData: true, subtree: true, childList: true })
  })
  const { seq } = await mock('live', { flood: 200 })
  await expect(page.locator('.kpis .value').first()).toHaveText((1284 + (Number(seq) % 50)).toLocaleString('en'))
  expect(await page.evaluate(() => (window as unknown as { changes: number }).changes)).toBeLessThanOrEqual(3)
})

test('a tooltip draws on the canvas', async ({ page }) => {
  await page.goto('/board')
  await page.locator('canvas').first().hover({ position: { x: 300, y: 150 } })
  await expect(page.locator('.draw > *').first().locator('div[style*="z-index: 9999999"]')).toHaveCount(0)
})

test('log in, wrong first, and land where one wanted to go', async ({ page, mock, accessible }) => {
  await mock('live', { logout: true })
  await page.goto('/refunds')
  await expect(page).toHaveURL(/\/login\?next=/)
  await accessible(page)
  await page.fill('#username', 'manager')
  await page.fill('#password', 'wrong')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toHaveText('用户名或密码不对')
  await page.fill('#password', 'backdock')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/refunds$/)
  await page.getByTestId('logout').click()
  await expect(page).toHaveURL(/\/login/)
})

test('an address from outside is not where a log-in leads', async ({ page, mock }) => {
  await mock('live', { logout: true })
  await page.goto('/login?next=//evil.example/')
  await page.fill('#username', 'manager')
  await page.fill('#password', 'backdock')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/127\.0\.0\.1:\d+\/board$/)
})

test('a session that ends sends to the log-in', async ({ page, mock }) => {
  await page.goto('/refunds')
  await expect(page.getByTestId('authorize').first()).toBeVisible()
  await mock('live', { logout: true })
  await page.getByTestId('authorize').first().click()
  await page.fill('#refund-note', 'ok')
  await page.getByTestId('authorize-now').click()
  await expect(page).toHaveURL(/\/login\?next=\/refunds&expired=1/)
})

test('authorize a refund', async ({ page, accessible }) => {
  await english(page)
  await page.goto('/refunds')
  await accessible(page)
  const authorize = page.getByTestId('authorize')
  await expect(authorize).toHaveCount(2)
  await authorize.first().click()
  await page.getByTestId('authorize-now').click()
  await expect(page.getByRole('alert')).toHaveText('Give a note')
  await page.fill('#refund-note', 'goods are back')
  await page.getByTestId('authorize-now').click()
  await expect(page.getByTestId('done')).toContainText('RF-261123-0417 authorized')
  await expect(authorize).toHaveCount(1)
})

test('enrol a station', async ({ page, accessible }) => {
  await page.goto('/stations')
  await accessible(page)
  await page.getByTestId('add').click()
  await page.fill('#station-name', '7 号收货台')
  await page.fill('#station-bench', '7')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('code')).toHaveText('7KQM-24XD')
})

test('parcels filter by state', async ({ page, accessible }) => {
  await page.goto('/parcels')
  await expect(page.locator('.el-table__body tr')).toHaveCount(18)
  await accessible(page)
  await page.locator('.el-select').click()
  await page.getByRole('option', { name: '隔离' }).click()
  await expect(page.locator('.el-table__body tr')).toHaveCount(3)
})
