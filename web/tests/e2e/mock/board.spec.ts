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
  await expect(page).toHaveURL(/\/login\?next=\/refunds&expired=1/)
})

test('authorize a refund: the amount and the way to the buyer are named', async ({ page, accessible }) => {
  await english(page)
  await page.goto('/refunds')
  await accessible(page)
  const authorize = page.getByTestId('authorize')
  await expect(authorize).toHaveCount(2)
  await authorize.first().click()
  const dialog = page.getByRole('dialog', { name: 'Authorize ¥459.00' })
  await expect(dialog.getByTestId('route')).toHaveText('WeChat Pay, back on payment 4200002718202611230000000417')
  await expect(page.locator('#refund-text')).toBeFocused() // the dialog has faded in: until then its colours are not its own
  await accessible(page)
  await dialog.getByTestId('confirm-now').click()
  await expect(dialog.getByRole('alert')).toHaveText('Give a note')
  await page.fill('#refund-text', 'goods are back')
  await dialog.getByTestId('confirm-now').click()
  await expect(page.getByTestId('done')).toContainText('RF-261123-0417')
  await expect(authorize).toHaveCount(1)
})

test('a failed refund is asked for again, or was paid by hand', async ({ page }) => {
  await english(page)
  await page.goto('/refunds')
  await page.getByTestId('replace').first().click()
  await expect(page.getByRole('dialog')).toContainText('another person authorizes it')
  await page.getByTestId('confirm-now').click()
  await expect(page.getByTestId('done')).toContainText('waits for another person')
  await page.getByTestId('pay_by_hand').first().click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByTestId('route')).toHaveText('By hand, outside the gateway')
  await dialog.getByTestId('confirm-now').click()
  await expect(dialog.getByRole('alert')).toHaveText('Give the number of the transfer or receipt')
  await page.fill('#refund-text', 'transfer 7')
  await dialog.getByTestId('confirm-now').click()
  await expect(page.getByTestId('done')).toContainText('confirm the proof')
  await expect(page.getByTestId('cancel').first()).toBeVisible()
})

test('what others have paid back is tied to its case', async ({ page }) => {
  await english(page)
  await page.goto('/refunds')
  await page.locator('.el-select').click()
  await page.getByRole('option', { name: 'By others, no case' }).click()
  await expect(page.locator('.el-table__body tr')).toHaveCount(1)
  await page.getByTestId('attribute').click()
  await page.fill('#refund-text', 'RT-261123-0414')
  await page.getByTestId('confirm-now').click()
  await expect(page.getByTestId('done')).toContainText('tied to its case')
  await expect(page.locator('.el-table__body tr')).toHaveCount(0)
})

test('a scan that was set aside is run again', async ({ page, accessible }) => {
  await english(page)
  await page.goto('/board')
  await page.getByTestId('rerun').click()
  const form = page.getByTestId('rerun-form')
  await expect(form).toContainText('6954821770316')
  await expect(form).toContainText('P004291')
  await expect(page.locator('#rerun-reason')).toBeFocused()
  await accessible(page)
  await form.getByTestId('rerun-now').click()
  await expect(form.getByRole('alert')).toHaveText('Say what was mended')
  await page.fill('#rerun-reason', 'the rule was wrong')
  await form.getByTestId('rerun-now').click()
  await expect(form.getByTestId('rerun-done')).toContainText('Match')
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
