import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'

const web = fileURLToPath(new URL('../..', import.meta.url))
const real = process.env.BACKDOCK_URL
// A port of this run's own, so that two work trees can test at once; workers inherit the variable.
const port = Number((process.env.BACKDOCK_MOCK_PORT ??= String(20_000 + (process.pid % 20_000))))

// Two sets: "mock" drives the built pages against dev/mock.mjs and needs nothing else; "real" needs a running server at BACKDOCK_URL.
export default defineConfig({
  testDir: real ? './real' : './mock',
  outputDir: `${web}/test-results`,
  workers: 1, // the mock is one bench and one database
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: {
    baseURL: real ?? `http://127.0.0.1:${port}`,
    viewport: { width: 1920, height: 1080 },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.BACKDOCK_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    },
  },
  webServer: real ? undefined : { command: 'node dev/mock.mjs', cwd: web, env: { PORT: String(port) }, url: `http://127.0.0.1:${port}/agent/state`, reuseExistingServer: false },
})
