import { plateOf } from '../../../dev/samples.mjs'
import { expect, test } from '../fixture'

test.use({ testIdAttribute: 'data-test' })
test.beforeEach(async ({ mock }) => void (await mock('reset')))

test('the inspector sees stills and the video, and goes to a scan in it', async ({ page, accessible }) => {
  await page.goto(`/qc/${plateOf(1207)}`)
  await expect(page.getByTestId('still')).toHaveCount(2)
  await accessible(page)
  await page.getByTestId('still').first().click()
  await expect(page.getByRole('dialog')).toContainText('SHA-256')
  await page.getByTestId('close').click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByTestId('chapter')).toHaveCount(4)
  await page.getByTestId('chapter').nth(2).click()
  // A recorder's file has no index: the browser finds the place by reading.
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime), { timeout: 20_000 }).toBeGreaterThanOrEqual(3.9)
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)).toBeLessThan(6.2)
  await expect(page.getByTestId('chapter').nth(2)).toHaveClass(/now/)
})

test('a parcel is opened from the list, its evidence held and released', async ({ page, accessible }) => {
  await page.goto('/parcels')
  await page.getByRole('link', { name: 'P004290' }).click()
  await expect(page.getByTestId('still')).toHaveCount(2)
  await accessible(page)
  await page.getByTestId('hold').click()
  await page.getByTestId('reason').fill('平台申诉 4711')
  await page.getByTestId('decide').click()
  await expect(page.getByTestId('held')).toBeVisible()
  await expect(page.getByTestId('evidence')).toContainText('平台申诉 4711')
  await page.getByTestId('release').click()
  await page.getByTestId('reason').fill('胜诉')
  await page.getByTestId('decide').click()
  await expect(page.getByTestId('held')).toHaveCount(0)
})
