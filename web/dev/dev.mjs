// Starts the mock back end and Vite together; BACKDOCK_URL points Vite at a real server instead.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!process.env.BACKDOCK_URL) {
  const mock = spawn(process.execPath, [fileURLToPath(new URL('./mock.mjs', import.meta.url))], { stdio: 'inherit' })
  process.on('exit', () => mock.kill())
}
const vite = await createServer({ root })
await vite.listen()
vite.printUrls()
