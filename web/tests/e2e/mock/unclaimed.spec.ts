import { expect, test } from '../fixture'

test.use({ testIdAttribute: 'data-test' })
test.beforeEach(async ({ mock }) => void (await mock('reset')))

test('shows the pile, the oldest first, with age, shelf and what is in it, in both languages', async ({ page, accessible }) => {
  await page.goto('/unclaimed')
  await expect(page.getByTestId('open')).toHaveCount(3)
  await expect(page.locator('tbody').first()).toContainText('W-12')
  await expect(page.locator('tbody').first()).toContainText('X-77-0021')
  await accessible(page)
  await page.getByTestId('lang').click()
  await expect(page.getByRole('heading', { name: 'Unknown owners' })).toBeVisible()
  await expect(page.locator('tbody').first()).toContainText('Knit cardigan')
  await accessible(page)
})

test('finds a parcel by what is in it', async ({ page }) => {
  await page.goto('/unclaimed')
  await page.getByLabel('运单、货架、SKU、序列号、品名').fill('x-77')
  await expect(page.getByTestId('open')).toHaveCount(1)
})

test('candidates stand side by side with why, and one press claims', async ({ page, accessible }) => {
  await page.goto('/unclaimed/P004201')
  await expect(page.getByTestId('candidate')).toHaveCount(2)
  await expect(page.getByTestId('candidate').first()).toContainText('序列号 L7-20931')
  await expect(page.getByTestId('candidate').nth(1)).toContainText('2 件吻合')
  await accessible(page)
  await page.getByTestId('claim').first().click()
  await expect(page.getByTestId('done')).toContainText('P004201 已认领到 RT-261120-0388')
  await expect(page.getByTestId('detail')).toHaveCount(0)
  await expect(page.getByTestId('open')).toHaveCount(2)
})

test('a scan’s Enter claims nothing', async ({ page }) => {
  await page.goto('/unclaimed/P004201')
  await expect(page.getByTestId('candidate')).toHaveCount(2)
  await page.keyboard.type('6901234567892')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('candidate')).toHaveCount(2)
  await expect(page.getByTestId('done')).toHaveCount(0)
})

test('an end wants its reason and its second person', async ({ page }) => {
  await page.goto('/unclaimed/P004202')
  await page.getByTestId('hand_back').click()
  await expect(page.getByRole('alert')).toContainText('请先写说明')
  await page.getByLabel('说明').fill('快递同意收回')
  await page.getByTestId('hand_back').click()
  await expect(page.getByTestId('pending')).toContainText('要由另一人确认')
  await expect(page.getByTestId('confirm-end')).toHaveCount(0)
  await page.goto('/unclaimed/P004203')
  await page.getByTestId('confirm-end').click()
  await expect(page.getByTestId('pending')).toContainText('已确认')
  await expect(page.getByTestId('candidate')).toHaveCount(0)
})
