import type { Page } from '@playwright/test'
import { english, expect, test } from '../fixture'

// The bench's camera, with the browser's make-believe one: recordings and stills are on this computer first, and go to the server as it comes and goes.
test.use({
  testIdAttribute: 'data-test',
  permissions: ['camera'],
  launchOptions: {
    executablePath: process.env.BACKDOCK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  },
})

interface Uploaded {
  metadata: Record<string, string>
  csrf: string
  parts: number
  length: number
  done: boolean
  whole: boolean
  head: string
}
type Drive = (what: string, body?: object) => Promise<Record<string, unknown>>
const arrived = async (mock: Drive, body: object = {}) => ((await mock('camera', body)).uploads as Uploaded[]).filter((u) => u.done)
const waybill = 'SF143802769951'

async function open(page: Page) {
  await page.goto('/station.html')
  await expect(page.getByTestId('camera')).toHaveAttribute('data-state', 'ready')
}

/** Waits until a stretch of the recording is written down on this computer. */
const recorded = (page: Page) =>
  expect.poll(() => page.evaluate(() => new Promise<number>((resolve, reject) => {
    const open = indexedDB.open('backdock-camera', 1)
    open.onerror = () => reject(open.error)
    open.onsuccess = () => {
      const takes = open.result.transaction('takes').objectStore('takes').getAll()
      takes.onsuccess = () => {
        open.result.close()
        resolve(Math.max(0, ...(takes.result as { kind: string; chunks: number }[]).filter((t) => t.kind === 'video').map((t) => t.chunks)))
      }
    }
  })), { timeout: 20_000 }).toBeGreaterThan(0)

test.beforeEach(async ({ mock }) => void (await mock('reset')))

test('records from the scan that opens the parcel to the one that closes it', async ({ page, mock, accessible }) => {
  await open(page)
  await mock('scan', { data: waybill })
  await expect(page.getByTestId('camera')).toHaveAttribute('data-state', 'recording')
  await accessible(page)
  await mock('scan', { data: '6901443214507' })
  await recorded(page)
  await mock('scan', { data: 'BD:DONE' })
  await expect(page.getByTestId('camera')).toHaveAttribute('data-state', 'ready')
  await expect.poll(async () => (await arrived(mock)).length, { timeout: 20_000 }).toBe(1)
  const [video] = await arrived(mock)
  expect(video!.metadata).toMatchObject({ kind: 'video', producer: 'c0ffee00c0ffee00c0ffee00c0ffee00', seq: '1', offset_ms: '12' })
  expect(video!.head).toBe('1a45dfa3') // WebM
  expect(video!.whole).toBe(true)
  expect(Number(video!.metadata.duration_ms)).toBeGreaterThan(2000)
  expect(Date.now() - Date.parse(video!.metadata.captured_at!)).toBeLessThan(30_000)
  await expect(page.getByTestId('camera-waiting')).toHaveCount(0)
})

test('F2 and PHOTO take the piece, EMPTY the box, damage is called damage; the server may be away', async ({ page, mock }) => {
  await open(page)
  await mock('camera', { away: true })
  await mock('scan', { data: waybill })
  await mock('scan', { data: '6901443214507' })
  await page.keyboard.press('F2')
  await expect(page.getByTestId('band')).toContainText('照片')
  await expect(page.getByTestId('camera-waiting')).toContainText('1')
  await page.keyboard.press('F4')
  await mock('scan', { data: 'BD:PHOTO' })
  await mock('scan', { data: 'BD:EMPTY' })
  await expect(page.getByTestId('camera-waiting')).toContainText('3')
  await recorded(page)
  await page.reload() // what is on this computer outlives the page; the recording up to here, too
  await expect(page.getByTestId('camera-waiting')).toContainText('4')
  await mock('camera', { away: false, cut: 1 }) // and one part gets lost on its way
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await expect.poll(async () => (await arrived(mock)).length, { timeout: 30_000 }).toBe(4)
  const got = await arrived(mock)
  expect(got.every((u) => u.whole)).toBe(true)
  expect(got.map((u) => u.metadata.kind).sort()).toEqual(['damage', 'empty_box', 'photo', 'video'])
  const photo = got.find((u) => u.metadata.kind === 'photo')!
  expect(photo.head).toBe('ffd8ffe0')
  expect(photo.metadata.seq).toBe('3') // the scan that F2 stands for
})

test('what the server does not take is not sent for ever, and is said', async ({ page, mock }) => {
  await open(page)
  await mock('camera', { refuse: 'evidence_type' })
  await mock('scan', { data: waybill })
  await page.keyboard.press('F2')
  await expect(page.getByTestId('camera')).toContainText('1 份未被接收', { timeout: 20_000 })
})

test('the page of a bench without an agent says who sends, and for which bench', async ({ page, mock, wedge }) => {
  await page.goto('/bench')
  await page.getByTestId('bench-choice').filter({ hasText: 'HZ1/3' }).click()
  await expect(page.getByTestId('camera')).toHaveAttribute('data-state', 'ready')
  await wedge(page, '6901443214502')
  await page.keyboard.press('F2')
  await expect.poll(async () => (await arrived(mock)).length, { timeout: 20_000 }).toBe(1)
  expect((await arrived(mock))[0]).toMatchObject({ csrf: 'csrf-token', metadata: { bench: 'HZ1/3', kind: 'photo', seq: '2' } })
})

test('English', async ({ page, mock }) => {
  await english(page)
  await open(page)
  await mock('scan', { data: waybill })
  await expect(page.getByTestId('camera')).toContainText('Recording')
})
