// Keeps the station page of a bench without an agent loadable while the server is away. It holds only the page and its files, never an answer of the API.
const name = 'backdock-bench-1'
const page = '/bench'

/** Takes the page and every file it names over, or nothing. */
async function take(response) {
  const html = await response.clone().text()
  const files = [...html.matchAll(/(?:src|href)="(\/(?:assets\/[^"]+|favicon\.svg))"/g)].map((m) => m[1])
  const cache = await caches.open(name)
  const missing = []
  for (const f of files) if (!(await cache.match(f))) missing.push(f)
  await cache.addAll(missing)
  await cache.put(page, response)
}

async function fresh() {
  const response = await fetch(page, { cache: 'no-store', credentials: 'same-origin' })
  if (!response.ok) throw new Error(`the page answered ${response.status}`)
  return response
}

self.addEventListener('install', (e) => e.waitUntil(fresh().then(take).then(() => self.skipWaiting())))
self.addEventListener('activate', (e) => e.waitUntil(self.clients.claim()))

/** The server's page, if it comes soon; else the one that is here. */
async function navigate(e) {
  const cached = await caches.match(page)
  const live = fresh().then((response) => {
    e.waitUntil(take(response.clone()).catch(() => undefined))
    return response
  })
  if (!cached) return live
  return Promise.race([live, new Promise((late) => setTimeout(late, 3000))]).then((r) => r ?? cached, () => cached)
}

/** Files carry a hash in their name: what is here is right for ever. */
async function asset(request) {
  const cached = await caches.match(request)
  if (cached) return cached
  const response = await fetch(request)
  if (response.ok) {
    const cache = await caches.open(name)
    await cache.put(request, response.clone())
  }
  return response
}

self.addEventListener('fetch', (e) => {
  const url = new URL(e.request.url)
  if (url.origin !== location.origin || e.request.method !== 'GET') return
  if (e.request.mode === 'navigate' && url.pathname === page) e.respondWith(navigate(e))
  else if (url.pathname.startsWith('/assets/') || url.pathname === '/favicon.svg') e.respondWith(asset(e.request))
})
