// Takes a picture of every screen in both languages from the mock: node dev/screenshots.mjs [folder] [name filter]
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import { scenes } from './scenes.mjs'

const folder = process.argv[2] ?? fileURLToPath(new URL('../test-results/screens', import.meta.url))
const filter = process.argv[3] ?? ''
const port = 7098
const base = `http://127.0.0.1:${port}`
mkdirSync(folder, { recursive: true })
const mock = spawn(process.execPath, [fileURLToPath(new URL('./mock.mjs', import.meta.url))], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise((up) => mock.stdout.once('data', up))
const browser = await chromium.launch({ executablePath: process.env.BACKDOCK_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--autoplay-policy=no-user-gesture-required'] })
const mockPost = (path, body = {}) => fetch(base + path, { method: 'POST', body: JSON.stringify(body) }).then((r) => r.json())

try {
  for (const scene of scenes.filter((s) => s.name.includes(filter))) {
    for (const lang of ['zh', 'en']) {
      await mockPost('/mock/reset')
      const context = await browser.newContext({ viewport: scene.viewport ?? { width: 1920, height: 1080 } })
      await context.addInitScript((l) => localStorage.setItem('backdock.lang', l), lang)
      const page = await context.newPage()
      page.on('console', (m) => m.type() === 'error' && console.log(`[${scene.name} ${lang}] ${m.text()}`))
      page.on('pageerror', (e) => console.log(`[${scene.name} ${lang}] ${e.message}`))
      await page.goto(base + scene.path)
      await scene.act?.({ page, post: mockPost })
      await page.waitForTimeout(scene.settle ?? 250)
      await page.screenshot({ path: `${folder}/${scene.name}.${lang}.png`, fullPage: scene.full ?? false })
      await context.close()
    }
  }
} finally {
  await browser.close()
  mock.kill()
}
