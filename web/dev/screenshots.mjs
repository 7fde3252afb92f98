// Pictures of every screen in both languages, from the mock.
//   npm run screenshots                  the pictures of the documentation, into docs/screens
//   npm run screenshots -- --all [name]  every scene in full size, into test-results/screens: to look at
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { chromium } from '@playwright/test'
import { scenes } from './scenes.mjs'
import { path } from './specs.mjs'

const all = process.argv.includes('--all')
const filter = process.argv.slice(2).find((a) => !a.startsWith('--')) ?? ''
const folder = path(all ? 'web/test-results/screens' : 'docs/screens')
const scale = all ? 1 : 2 / 3 // 1280 × 720: large enough to read, small enough to keep
const mostBytes = 200_000
const now = '2026-11-23T08:24:00Z' // a quiet afternoon in Hangzhou
const port = 20_000 + (process.pid % 20_000)
const base = `http://127.0.0.1:${port}`

const wanted = scenes.filter((s) => (all || s.doc) && s.name.includes(filter))
mkdirSync(folder, { recursive: true })
if (!filter) for (const f of readdirSync(folder)) if (f.endsWith('.png')) rmSync(`${folder}/${f}`)
const mock = spawn(process.execPath, [path('web/dev/mock.mjs')], { env: { ...process.env, PORT: String(port), MOCK_NOW: now }, stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise((up, down) => {
  mock.stdout.once('data', up)
  mock.once('exit', () => down(new Error('the mock did not start')))
})
const post = (where, body = {}) => fetch(base + where, { method: 'POST', body: JSON.stringify(body) }).then((r) => r.json())
const started = Date.now()
const wrong = []

async function picture(browser, scene, lang) {
  await post('/mock/reset')
  const context = await browser.newContext({ viewport: scene.viewport ?? { width: 1920, height: 1080 }, deviceScaleFactor: all ? scale : (scene.scale ?? scale) })
  await context.addInitScript((l) => localStorage.setItem('backdock.lang', l), lang)
  const page = await context.newPage()
  await page.clock.install({ time: Date.parse(now) + Date.now() - started }) // the mock's clock runs on too
  page.on('pageerror', (e) => wrong.push(`${scene.name} ${lang}: ${e.message}`))
  await page.goto(base + scene.path)
  await scene.act?.({ page, post })
  await page.waitForTimeout(scene.settle ?? 500)
  const file = `${folder}/${scene.name}.${lang}.png`
  await page.screenshot({ path: file, fullPage: scene.full ?? false })
  await context.close()
  if (!all && statSync(file).size > mostBytes) wrong.push(`${scene.name}.${lang}.png has ${statSync(file).size} bytes, more than ${mostBytes}`)
}

const browser = await chromium.launch({ executablePath: process.env.BACKDOCK_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--autoplay-policy=no-user-gesture-required'] })
try {
  for (const scene of wanted) for (const lang of ['zh', 'en']) await picture(browser, scene, lang)
  wrong.push(...(await (await fetch(`${base}/mock/drift`)).json()))
} finally {
  await browser.close()
  mock.kill()
}
if (wanted.length === 0) wrong.push(`no scene is called ${filter}`)
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${wanted.length * 2} pictures in ${folder}`)
