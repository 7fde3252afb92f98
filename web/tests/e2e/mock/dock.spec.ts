import { english, expect, test } from '../fixture'

const dock = { bench: '20 号收货口', number: 20, kind: 'dock', dock: { handover: 0, carrier: '', said: false, count: 0 } }

const byHand = 250 // ms between a key and the one before: within the detector's 120 ms it would be a scanner's

test.describe('the station page at the dock', () => {
  test.beforeEach(async ({ page, mock }) => {
    await mock('reset')
    await mock('patch', { view: dock })
    await page.goto('/station.html')
    await expect(page.getByTestId('link')).toHaveClass(/good/)
    await expect(page.getByTestId('dock')).toBeVisible()
  })
  test.use({ testIdAttribute: 'data-test' })

  test('a hand-over from its first parcel to the number both agree on', async ({ page, mock, accessible }) => {
    await expect(page.getByTestId('headline')).toHaveText('请扫快递面单')
    for (const data of ['SF143802769951', 'SF143802769952', 'SF143802769953']) await mock('scan', { data })
    await expect(page.getByTestId('dock-count')).toHaveText('3')
    await expect(page.getByTestId('dock-carrier')).toHaveText('顺丰')
    await expect(page.getByTestId('dock-last')).toContainText('SF1438 0276 9953')
    await expect(page.getByTestId('band')).toHaveAttribute('data-face', 'ok')
    await accessible(page)
    await mock('scan', { data: 'SF143802769952' })
    await expect(page.getByTestId('headline')).toContainText('已经在仓')
    await expect(page.getByTestId('dock-count')).toHaveText('3')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('dock-dialog')).toBeVisible()
    await accessible(page)
    await page.keyboard.type('4', { delay: 120 })
    await page.keyboard.press('Enter', { delay: 10 })
    await expect(page.getByTestId('headline')).toHaveText('件数不符：扫到 3，司机说 4')
    await expect(page.getByTestId('dock-count')).toHaveText('3')
    await page.waitForTimeout(byHand)
    await page.keyboard.press('Enter')
    await page.keyboard.type('3', { delay: 120 })
    await page.keyboard.press('Enter', { delay: 10 })
    await expect(page.getByTestId('headline')).toHaveText('交接完成：顺丰 3 件')
    await expect(page.locator('.page')).toHaveAttribute('data-tone', 'done')
    await expect(page.getByTestId('dock-count')).toHaveText('0')
  })

  test('courier, freight collect, damage and refusal by keys', async ({ page, mock }) => {
    await page.keyboard.press('F3')
    await page.getByTestId('pick-sf').click()
    await expect(page.getByTestId('headline')).toHaveText('本次交接：顺丰')
    await mock('scan', { data: 'YT1234567890123' })
    await expect(page.getByTestId('headline')).toHaveText('这是圆通的件，本次交接是顺丰')
    await mock('scan', { data: 'SF143802769951' })
    await page.keyboard.press('F7')
    await page.keyboard.type('12.5', { delay: 120 })
    await page.keyboard.press('Enter', { delay: 10 })
    await expect(page.getByTestId('dock-last')).toContainText('到付 12.50 元')
    await page.waitForTimeout(byHand)
    await page.keyboard.press('F4')
    await expect(page.getByTestId('dock-last')).toContainText('外箱破损')
    await page.keyboard.press('F6')
    await expect(page.getByTestId('dock-dialog')).toContainText('为什么拒签？')
    await page.keyboard.press('1')
    await expect(page.getByTestId('headline')).toHaveText('已拒签：外箱破损')
    await expect(page.getByTestId('dock-last')).toContainText('拒签')
    await expect(page.getByTestId('dock-count')).toHaveText('0')
  })

  test('the sheet has no amounts: the page asks by itself', async ({ page, mock }) => {
    await mock('scan', { data: 'SF143802769951' })
    await mock('scan', { data: 'BD:COLLECT' })
    await expect(page.getByTestId('dock-dialog')).toContainText('付给司机多少元？')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('dock-dialog')).toContainText('请输入金额')
    await page.keyboard.press('Escape')
    await expect(page.getByTestId('dock-dialog')).toBeHidden()
  })

  test('a box of several, in English', async ({ page, mock }) => {
    await english(page)
    await page.reload()
    await mock('scan', { data: 'JD0012345678901-2-3-' })
    await expect(page.getByTestId('dock-last')).toContainText('box 2 of 3')
    await expect(page.getByTestId('act')).toContainText('1 of 3 boxes here')
  })
})

test.describe('a receiving bench without a parcel', () => {
  test.use({ testIdAttribute: 'data-test' })
  test('is told what to fetch', async ({ page, mock }) => {
    await mock('reset')
    const at = (h: number) => new Date(Date.now() + h * 3600e3).toISOString()
    await mock('patch', { view: { fetch: [{ parcel: 'P004260', shelf: 'A-01', carrier: 'sf', waybill: 'SF143802769951', since: at(-20), deadline: at(2) }, { parcel: 'P004262', shelf: '', carrier: '', waybill: '', since: at(-3) }] } })
    await page.goto('/station.html')
    await expect(page.getByTestId('fetch')).toContainText('尾号 9951')
    await expect(page.getByTestId('fetch')).toContainText('货架 A-01')
    await expect(page.getByTestId('fetch')).toContainText('P004262')
    await mock('scan', { data: 'SF143802769951' })
    await expect(page.getByTestId('fetch')).toBeHidden()
  })
})

test.describe('the dock and the work of managers', () => {
  test.use({ testIdAttribute: 'data-test' })
  test.beforeEach(async ({ mock }) => void (await mock('reset')))

  test('queue, alarms and hand-overs', async ({ page, accessible }) => {
    await page.goto('/dock')
    await expect(page.getByTestId('unscanned')).toContainText('YT8')
    await expect(page.getByTestId('unscanned')).toContainText('3')
    await expect(page.getByTestId('queue').locator('tbody tr')).toHaveCount(12)
    await expect(page.getByTestId('queue').locator('tbody tr').first()).toContainText('已超时')
    await expect(page.getByTestId('handovers')).toContainText('进行中')
    await accessible(page)
  })

  test('work by operator, bench and hour, and as a file', async ({ page, accessible }) => {
    await page.goto('/work')
    await expect(page.getByTestId('rows').locator('tbody tr')).toHaveCount(4)
    await expect(page.getByTestId('total')).toContainText('174')
    await accessible(page)
    await page.getByTestId('by-hour').click()
    await expect(page.getByTestId('rows').locator('tbody tr')).toHaveCount(8)
    await expect(page.getByTestId('csv')).toHaveAttribute('href', /work\.csv\?.*by=hour/)
  })

  test('the board names what was signed for and not scanned', async ({ page }) => {
    await page.goto('/board')
    await expect(page.getByTestId('unscanned')).toContainText('3')
    await expect(page.getByTestId('fetch')).toContainText('P004260')
  })
})
