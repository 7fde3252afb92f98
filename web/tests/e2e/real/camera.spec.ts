import { expect, test } from '../fixture'

// The whole way: a make-believe camera, a real agent that carries what the page films, the server, and the evidence under the parcels of a real day.
const station = process.env.BACKDOCK_STATION ?? 'http://127.0.0.1:7070'
test.use({
  permissions: ['camera'],
  launchOptions: {
    executablePath: process.env.BACKDOCK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  },
})

interface Item {
  number: string
  kind: string
  content: string
  chapters: { at_ms: number; code: string }[]
}

test('a parcel that was filmed at a bench can be looked at, scan by scan', async ({ page, context }) => {
  test.setTimeout(120_000)
  await page.goto(`${station}/`)
  await expect(page.locator('[data-test="camera"]')).toHaveAttribute('data-state', /ready|recording/)
  // The scripted clerk opens and closes parcels; F2 asks for a photo in between. PHOTO with nothing open is refused, so it is pressed while something is.
  await expect(page.locator('[data-test="camera"]')).toHaveAttribute('data-state', 'recording', { timeout: 30_000 })
  await page.keyboard.press('F2')

  const office = await context.newPage()
  await office.goto('/')
  await office.locator('input:not([type="password"])').first().fill('manager')
  await office.locator('input[type="password"]').fill('backdock-demo')
  await office.keyboard.press('Enter')
  await expect(office.locator('[data-test="live"]')).toBeVisible()
  let parcel = ''
  let items: Item[] = []
  await expect
    .poll(
      async () => {
        const list = (await (await office.request.get('/api/v1/parcels?state=closed&limit=50')).json()) as { items: { number: string }[] }
        for (const { number } of list.items) {
          items = ((await (await office.request.get(`/api/v1/parcels/${number}/evidence`)).json()) as { items: Item[] }).items
          const video = items.find((e) => e.kind === 'video')
          if (video && video.chapters.length >= 2) return (parcel = number)
        }
        return ''
      },
      { timeout: 90_000, intervals: [1000] },
    )
    .not.toBe('')
  const video = items.find((e) => e.kind === 'video')!
  const some = await office.request.get(video.content, { headers: { Range: 'bytes=0-3' } })
  expect(some.status()).toBe(206)
  expect((await some.body()).toString('hex')).toBe('1a45dfa3')
  await office.goto(`/parcels/${parcel}`)
  await expect(office.locator('[data-test="chapter"]')).not.toHaveCount(0)
  await office.locator('[data-test="chapter"]').first().click()
  await expect.poll(() => office.locator('video').first().evaluate((v: HTMLVideoElement) => v.readyState), { timeout: 20_000 }).toBeGreaterThan(1)
})
