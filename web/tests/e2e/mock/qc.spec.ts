import { plateOf } from '../../../dev/samples.mjs'
import { english, expect, test } from '../fixture'

test.use({ testIdAttribute: 'data-test' })
test.beforeEach(async ({ mock }) => void (await mock('reset')))

const unit = plateOf(1207) // a jacket that matches

test('scan, check, grade, release, undo: without the mouse', async ({ page, wedge, mock, accessible }) => {
  await page.goto('/qc')
  await expect(page.getByTestId('unit')).toHaveCount(26)
  await accessible(page)
  await wedge(page, unit)
  await expect(page.getByRole('heading', { name: '轻羽绒夹克 女款' })).toBeVisible()
  await expect(page).toHaveURL(new RegExp(`/qc/${unit}$`))
  await page.keyboard.press('r')
  await expect(page.getByTestId('gap')).toHaveText('先把检查项填完')
  await page.keyboard.press('y')
  await page.keyboard.press('1')
  await expect(page.getByTestId('grade-A')).toHaveAttribute('aria-pressed', 'true')
  await accessible(page)
  await page.keyboard.press('r')
  await expect(page.getByTestId('confirm')).toBeVisible()
  await wedge(page, 'TOTE-B-017')
  await expect(page.getByTestId('notice')).toContainText('已放行')
  await expect(page.getByTestId('unit')).toHaveCount(25)
  await page.keyboard.press('u')
  await page.keyboard.type('看错了', { delay: 60 })
  await page.waitForTimeout(150) // a person's pause: faster than this would be a scanner
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('notice')).toContainText('已撤销')
  const { last } = await mock('live', { plate: unit })
  expect(last).toMatchObject({ state: 'quarantine', inspection: { grade: 'A', disposition: 'restock' } })
})

test('scrap asks for a reason', async ({ page, mock }) => {
  await page.goto(`/qc/${unit}`)
  await expect(page.getByTestId('check')).toHaveCount(3)
  await page.keyboard.press('y')
  await page.getByTestId('all-pass').waitFor({ state: 'hidden' })
  await page.keyboard.press('s')
  await expect(page.getByTestId('gap')).toHaveText('先写报废原因')
  await expect(page.locator('#note')).toBeFocused()
  await page.keyboard.type('撕破，不能修', { delay: 60 })
  await page.keyboard.press('Enter', { delay: 200 })
  await expect(page.getByTestId('confirm')).toBeVisible()
  await page.getByTestId('confirm-now').click()
  await expect(page.getByTestId('notice')).toContainText('报废')
  expect((await mock('live', { plate: unit })).last).toMatchObject({ inspection: { grade: 'D', disposition: 'scrap', note: '撕破，不能修' } })
})

test('a failed check rules out grade A', async ({ page }) => {
  await page.goto(`/qc/${unit}`)
  await page.getByTestId('check').first().locator('.no').click()
  await expect(page.getByTestId('grade-A')).toBeDisabled()
})

test('a conflict is shown, nothing filled in is lost, the next try works', async ({ page, mock }) => {
  await page.goto(`/qc/${unit}`)
  await expect(page.getByTestId('check')).toHaveCount(3)
  await page.keyboard.press('y')
  await page.getByTestId('all-pass').waitFor({ state: 'hidden' })
  await page.keyboard.press('2')
  await expect(page.getByTestId('grade-B')).toHaveAttribute('aria-pressed', 'true')
  await mock('live', { change: unit, fields: { condition: 'dirty' } })
  await page.getByTestId('release').click()
  await page.getByTestId('confirm-now').click()
  await expect(page.getByTestId('notice')).toContainText('刚被别人改过')
  await expect(page.getByTestId('grade-B')).toHaveAttribute('aria-pressed', 'true')
  await expect(page.locator('.facts')).toContainText('脏污')
  await page.getByTestId('release').click()
  await page.getByTestId('confirm-now').click()
  await expect(page.getByTestId('notice')).toContainText('已放行')
})

test("the queue follows other people's work", async ({ page, mock }) => {
  await page.goto('/qc')
  await expect(page.getByTestId('unit')).toHaveCount(26)
  await mock('live', { change: unit, fields: { state: 'available' } })
  await expect(page.getByTestId('unit')).toHaveCount(25)
})

test('a scan in the search field opens the unit and leaves the field as it was', async ({ page, wedge }) => {
  await page.goto('/qc')
  const field = page.getByTestId('filter')
  await field.fill('耳机')
  await field.focus()
  await wedge(page, unit)
  await expect(page.getByRole('heading', { name: '轻羽绒夹克 女款' })).toBeVisible()
  await expect(field).toHaveValue('耳机')
})

test('what is not a unit label is refused by name', async ({ page, wedge }) => {
  await english(page)
  await page.goto('/qc')
  await expect(page.getByTestId('unit')).toHaveCount(26)
  await wedge(page, 'SF143802769951')
  await expect(page.getByTestId('notice')).toHaveText('SF143802769951 is not a unit label')
  await wedge(page, 'U0000099999')
  await expect(page.getByTestId('notice')).toContainText('No unit')
})
