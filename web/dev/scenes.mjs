// What the pictures show: where to go and what to do there first. Those with `doc` are in the documentation (docs/screens.md).
import { plateOf } from './samples.mjs'

/** Answers the first checks (1 pass, 2 fail), then presses keys one by one. */
const fill = (answers, ...keys) => async ({ page }) => {
  await page.waitForSelector('[data-test=check]')
  for (const [i, a] of [...answers].entries()) await page.locator('[data-test=check]').nth(i).locator(a === '1' ? '.yes' : '.no').click()
  for (const key of keys) {
    await page.keyboard.press(key)
    await page.waitForTimeout(180)
  }
}

const waybill = 'SF143802769951'
const scanned = (...codes) => async ({ page, post }) => {
  await page.waitForSelector('[data-test=band]')
  for (const data of [waybill, ...codes]) await post('/mock/scan', { data })
}
const [jacket, buds, bedding, cup] = ['6901443214507', '6954821770316', '6923450657713', '6937526503743']

export const scenes = [
  {
    name: 'station-putaway', path: '/station.html',
    act: async (c) => {
      await c.page.waitForSelector('[data-test=band]')
      const unit = { plate: plateOf(1207), sku: 'JK-W-BLUE-M', name: '轻羽绒夹克 女款', name_en: 'Light down jacket, women', spec: '雾蓝 / M', spec_en: 'Mist blue / M', color: '#8fa7bf', state: 'released' }
      await c.post('/mock/patch', { view: { kind: 'putaway', bench: '12 号上架台', number: 12, parcel: null, hand: { units: [{ ...unit, plate: plateOf(1214) }, unit], count: 2, bin: 'B-03-12' } } })
      await c.post('/mock/scan', { data: unit.plate, outcome: { verdict: 'accepted', code: 'putaway_unit', tone: 'ok', params: { plate: unit.plate, place: 'B-03-12', sku: '轻羽绒夹克 女款 雾蓝 / M', sku_en: 'Light down jacket, women Mist blue / M' } } })
    },
  },
  {
    name: 'station-qc', path: '/station.html',
    act: async (c) => {
      await c.page.waitForSelector('[data-test=band]')
      await c.post('/mock/patch', { view: { kind: 'qc', bench: '11 号质检台', number: 11, parcel: null, hand: { units: [{ plate: plateOf(1207), sku: 'JK-W-BLUE-M', name: '轻羽绒夹克 女款', name_en: 'Light down jacket, women', spec: '雾蓝 / M', spec_en: 'Mist blue / M', color: '#8fa7bf', state: 'quarantine', condition: 'opened' }], count: 1, grade: 'B', disposition: 'restock_b' } } })
      await c.post('/mock/scan', { data: 'BD:GRADE:B', outcome: { verdict: 'accepted', code: 'qc_graded', tone: 'ok', params: { grade: 'B', disposition: 'restock_b', plate: plateOf(1207) } } })
    },
  },
  { name: 'stock', path: '/stock', act: async ({ page }) => {
    await page.locator('[data-test=n-available]').first().click()
    await page.waitForSelector('[data-test=entry]')
  } },
  { name: 'stock-take', path: '/stock', act: async ({ page, post }) => {
    await page.locator('[data-test=tab-counts]').click()
    await page.locator('[data-test=count-open]').click()
    await page.waitForSelector('[data-test=missing]')
  } },
  { name: 'second-looks', path: '/second-looks', act: async ({ page }) => {
    await page.locator('[data-test=look]').first().click()
    await page.waitForSelector('[data-test=check]')
  } },
  { name: 'qc-short-life', path: `/qc/${plateOf(1221)}`, act: async ({ page }) => void (await page.waitForSelector('[data-test=life]')) },
  { name: 'station-idle', path: '/station.html' },
  { name: 'station-match', doc: true, path: '/station.html', act: scanned(jacket, bedding, buds) },
  { name: 'station-wrong-item', doc: true, path: '/station.html', act: scanned(jacket, bedding, buds, '6921734912305') },
  { name: 'station-wrong-spec', path: '/station.html', act: scanned(bedding, buds, '6901443214514') },
  { name: 'station-pinned', path: '/station.html', act: scanned(jacket, '6921734912305', buds) },
  { name: 'station-over', path: '/station.html', act: scanned(jacket, buds, bedding, bedding, cup, cup) },
  {
    name: 'station-offline', doc: true, path: '/station.html',
    act: async (c) => {
      await scanned(jacket)(c)
      await c.post('/mock/link', { online: false })
      for (const data of [buds, bedding]) await c.post('/mock/scan', { data })
    },
  },
  {
    name: 'station-differs', path: '/station.html',
    act: async (c) => {
      await scanned(bedding)(c)
      await c.post('/mock/link', { online: false })
      for (const data of [buds, buds, jacket, jacket]) await c.post('/mock/scan', { data })
      await c.post('/mock/link', { online: true })
      await c.page.waitForSelector('[data-test=banner-differs]')
      await c.page.keyboard.press('F10')
    },
  },
  {
    name: 'station-offline-unknown', path: '/station.html',
    act: async (c) => {
      await scanned(jacket)(c)
      await c.post('/mock/link', { online: false })
      await c.post('/mock/scan', { data: 'YT8830447120611' })
    },
  },
  {
    name: 'station-choose', doc: true, path: '/station.html',
    act: async (c) => {
      await c.page.waitForSelector('[data-test=band]')
      await c.post('/mock/scan', { data: 'YT8830447120611', outcome: { verdict: 'attention', code: 'choose', tone: 'mid', params: { count: '2' } } })
      await c.post('/mock/patch', { view: { choices: [
        { n: 1, shop: '拾物家居旗舰店', case: 'RT-261123-0417', order: 'TB2611200187', waybill: 'YT8830447120611' },
        { n: 2, shop: '北野户外', case: 'RT-261122-1904', order: 'JD8829104417', waybill: 'YT8830447120611' },
      ] } })
    },
  },
  {
    name: 'station-duplicate', path: '/station.html',
    act: async (c) => {
      await scanned(jacket, buds)(c)
      await c.post('/mock/scan', { data: buds, outcome: { verdict: 'duplicate', code: 'double_read', tone: 'dup' } })
    },
  },
  {
    name: 'station-rejected', path: '/station.html',
    act: async (c) => {
      await scanned(jacket, buds)(c)
      await c.post('/mock/scan', { data: '\u0000garbled', outcome: { verdict: 'rejected', code: 'unknown_code', tone: 'error', params: { code: '0417-X?' } } })
    },
  },
  {
    name: 'station-previous', path: '/station.html',
    act: async (c) => {
      await scanned(jacket, buds, bedding, cup)(c)
      await c.post('/mock/scan', { data: 'SF143802770001', outcome: { verdict: 'attention', code: 'previous_open', tone: 'mid', params: { missing: '1', names: '纯棉四件套 1.8 m / 浅灰', names_en: 'Cotton bedding set 1.8 m / light grey' } } })
    },
  },
  { name: 'station-notice', path: '/station.html', act: async (c) => {
    await scanned(jacket)(c)
    await c.post('/mock/notice', { code: 'partial_dropped' })
  } },
  { name: 'station-done', path: '/station.html', act: scanned(jacket, buds, bedding, bedding, cup, 'BD:DONE') },
  { name: 'station-complete', path: '/station.html', act: scanned(jacket, buds, bedding, bedding, cup) },
  { name: 'station-small', path: '/station.html', viewport: { width: 1366, height: 768 }, act: scanned(jacket, bedding, buds, '6921734912305') },
  {
    name: 'station-type', path: '/station.html',
    act: async (c) => {
      await scanned(jacket)(c)
      await c.page.keyboard.press('F1')
    },
  },
  {
    name: 'station-agent-lost', path: '/station.html', settle: 600,
    act: async (c) => {
      await scanned(jacket)(c)
      await c.post('/mock/agent', { down: true })
    },
  },
  { name: 'bench-choose', path: '/bench' },
  {
    name: 'bench-offline', path: '/bench',
    act: async (c) => {
      await c.page.locator('[data-test=bench-choice]').nth(2).click()
      await c.page.waitForSelector('[data-test=link].good')
      await c.post('/mock/line', { down: true })
      await c.page.keyboard.press('F1')
      await c.page.locator('#type-field').fill('SF143802769951')
      await c.page.keyboard.press('Enter')
      await c.page.waitForSelector('[data-test=banner-offline]')
    },
  },
  { name: 'login', doc: true, path: '/login' },
  { name: 'login-failed', path: '/login', act: async ({ page }) => {
    await page.fill('#username', 'manager')
    await page.fill('#password', 'wrong')
    await page.click('button[type=submit]')
    await page.waitForSelector('[role=alert]')
  } },
  { name: 'board', doc: true, path: '/board', settle: 900 },
  { name: 'board-lost', path: '/board', settle: 600, act: async ({ page, post }) => {
    await page.waitForSelector('[data-test=live].live')
    await post('/mock/live', { up: false })
  } },
  { name: 'board-rerun', doc: true, path: '/board', settle: 900, act: async ({ page }) => {
    await page.click('[data-test=rerun]')
    await page.waitForSelector('[data-test=mend] dl')
  } },
  { name: 'board-small', path: '/board', settle: 900, viewport: { width: 1366, height: 768 } },
  { name: 'qc-queue', path: '/qc', settle: 500 },
  { name: 'qc-unit', path: `/qc/${plateOf(1200)}`, settle: 500, act: fill('112', '1') },
  { name: 'qc-confirm', path: `/qc/${plateOf(1200 + 28)}`, settle: 500, act: fill('', '4', 's') },
  { name: 'qc-ready', doc: true, path: `/qc/${plateOf(1200 + 7)}`, settle: 500, act: fill('', 'y', '1', 'r') },
  { name: 'qc-decided', path: `/qc/${plateOf(1200 + 7)}`, settle: 500, act: fill('', 'y', '1', 'r', 'Enter') },
  { name: 'qc-small', path: `/qc/${plateOf(1200)}`, settle: 500, viewport: { width: 1366, height: 768 }, act: fill('', 'y', '2') },
  { name: 'parcels', doc: true, path: '/parcels', settle: 600 },
  { name: 'unclaimed', path: '/unclaimed/P004201', settle: 600 },
  { name: 'refunds', doc: true, path: '/refunds', settle: 600 },
  { name: 'refunds-authorize', doc: true, path: '/refunds', settle: 600, act: async ({ page }) => page.locator('[data-test=authorize]').first().click() },
  { name: 'refunds-by-hand', doc: true, path: '/refunds', settle: 600, act: async ({ page }) => {
    await page.locator('[data-test=pay_by_hand]').first().click()
    await page.waitForSelector('[data-test=confirm] dl')
  } },
  { name: 'stations', doc: true, path: '/stations', settle: 600 },
  { name: 'stations-code', path: '/stations', settle: 600, act: async ({ page }) => {
    await page.click('[data-test=add]')
    await page.fill('#station-name', '7 号收货台')
    await page.fill('#station-bench', '7')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-test=code]')
  } },
  { name: 'sheet', doc: true, path: '/station.html#/sheet', viewport: { width: 1100, height: 1300 }, full: true },
]
