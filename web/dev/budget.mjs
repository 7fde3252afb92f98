// Fails when a page weighs more than it may: gzip of the JavaScript and CSS it loads before it can be used, the shell included.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'))

// The entry and the lazy parts that the page needs at once. Budgets in KiB.
const pages = [
  { name: 'station', parts: ['station.html'], budget: 140 },
  { name: 'qc', parts: ['index.html', 'src/views/Shell.vue', 'src/views/Qc.vue'], budget: 180 },
  { name: 'dashboard', parts: ['index.html', 'src/views/Shell.vue', 'src/views/Board.vue'], budget: 350 },
]

function collect(key, into) {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`${key} is not in the manifest: build first, or the page was renamed`)
  if (into.has(chunk.file)) return
  into.add(chunk.file)
  for (const css of chunk.css ?? []) into.add(css)
  for (const next of chunk.imports ?? []) collect(next, into)
}

let over = false
for (const page of pages) {
  const files = new Set()
  for (const part of page.parts) collect(part, files)
  const kib = [...files].reduce((n, f) => n + gzipSync(readFileSync(dist + f), { level: 9 }).length, 0) / 1024
  const fits = kib <= page.budget
  over ||= !fits
  console.log(`${fits ? 'ok  ' : 'OVER'} ${page.name.padEnd(10)} ${kib.toFixed(1).padStart(7)} KiB of ${page.budget}  (${files.size} files)`)
}
process.exit(over ? 1 : 0)
