// Development only: serves the built pages with the product's content security policy, and speaks enough of the agent's page API and of the REST API to show every screen.
// `npm run mock` after `npm run build`; `npm run dev` runs it behind Vite. POST /mock/* drives it from the end-to-end tests.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { makeBench } from './bench.mjs'
import { makeCamera } from './camera.mjs'
import { checkAnswer, checkFrame, checkRequest } from './contract.mjs'
import { makeServer } from './server.mjs'
import { makeLine } from './station.mjs'

if (process.env.MOCK_NOW) {
  // For pictures that look the same whenever they are taken: it is this time when the mock starts.
  const Real = Date
  const shift = Real.parse(process.env.MOCK_NOW) - Real.now()
  globalThis.Date = class extends Real {
    constructor(...args) {
      super(...(args.length > 0 ? args : [Real.now() + shift]))
    }
    static now() {
      return Real.now() + shift
    }
  }
}

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const port = Number(process.env.PORT ?? 7099)
const csp = "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:"
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json', '.png': 'image/png' }

const agents = new WebSocketServer({ noServer: true })
const lives = new WebSocketServer({ noServer: true })
const drift = [] // where mock or page left the written contracts; GET /mock/drift
const hold = (what, errors) => errors.length > 0 && console.error(drift[drift.push(`${what}: ${errors.join('; ')}`) - 1])
const shout = (m) => {
  hold(`agent's ${m.op}`, checkFrame('page', m))
  agents.clients.forEach((c) => c.readyState === 1 && c.send(JSON.stringify(m)))
}
const bench = makeBench(shout)
const server = makeServer(lives, (m) => hold(`live ${m.op}`, checkFrame('live', m)))
const stations = new WebSocketServer({ noServer: true, handleProtocols: () => 'backdock.station.v1' })
const line = makeLine(stations, bench)
const camera = makeCamera()
let agentDown = false

agents.on('connection', (socket) => {
  socket.send(JSON.stringify({ op: 'state', state: bench.state() }))
  socket.on('message', (raw) => {
    const m = JSON.parse(String(raw))
    hold(`page's ${m.op}`, checkFrame('page', m))
    if (m.op === 'settle') bench.dealt(m)
    else bench.scan(m.data, m.op === 'control' ? 'key' : 'typed')
  })
})

const mock = {
  '/mock/reset': () => {
    agentDown = false
    bench.reset()
    server.reset()
    line.reset()
    camera.reset()
  },
  '/mock/scan': (b) => bench.scan(b.data, b.source, b.outcome),
  '/mock/link': (b) => bench.link(b.online),
  '/mock/notice': (b) => bench.notice(b.code, b.more),
  '/mock/patch': (b) => bench.patch(b),
  '/mock/agent': (b) => {
    agentDown = b.down
    if (b.down) agents.clients.forEach((c) => c.terminate())
  },
  '/mock/live': (b) => server.control(b),
  '/mock/line': (b) => line.control(b),
  '/mock/camera': (b) => camera.control(b),
}

const body = async (req) => {
  let text = ''
  for await (const part of req) text += part
  return text ? JSON.parse(text) : undefined
}
const json = (res, status, value, headers = {}) => {
  res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers })
  res.end(value === undefined ? '' : JSON.stringify(value))
}

const http = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://mock')
  try {
    if (mock[url.pathname] && req.method === 'POST') return json(res, 200, mock[url.pathname]((await body(req)) ?? {}) ?? {})
    if (url.pathname === '/mock/drift') return json(res, 200, drift.splice(0))
    if (line.isDown()) return req.destroy() // the server is away: nothing answers
    if (url.pathname === '/agent/state') return json(res, 200, bench.state())
    if (url.pathname.startsWith('/agent/print/') && req.method === 'POST') {
      const refusal = bench.print(url.pathname.slice('/agent/print/'.length), await body(req))
      return refusal ? json(res, refusal.status, refusal) : json(res, 204)
    }
    if (url.pathname.startsWith('/agent/label/')) {
      res.writeHead(200, { 'content-type': 'image/svg+xml' })
      return res.end(readFileSync(new URL('../../scanner/sticker/testdata/plate-50x30-203.svg', import.meta.url)))
    }
    if (url.pathname.startsWith('/api/v1/evidence/uploads')) return camera.upload(req, res, url)
    const media = /^\/api\/v1\/evidence\/(E\d+)\/(content|thumbnail|chapters\.vtt)$/.exec(url.pathname)
    if (media) return camera.serve(req, res, media[1], media[2])
    if (url.pathname.startsWith('/api/v1/')) return answer(req, res, url, await body(req))
  } catch (err) {
    return json(res, 500, { code: 'internal', title: String(err), status: 500 })
  }
  let file = join(dist, normalize(url.pathname))
  if (url.pathname === '/agent' || url.pathname === '/bench') file = join(dist, 'station.html')
  else if (!existsSync(file) || statSync(file).isDirectory()) {
    if (url.pathname.startsWith('/assets/')) return json(res, 404, { code: 'not_found', status: 404 })
    file = join(dist, 'index.html')
  }
  res.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': csp, 'cache-control': 'no-cache' })
  createReadStream(file).pipe(res)
})

function answer(req, res, url, asked) {
  hold(`asked ${req.method} ${url.pathname}`, checkRequest(req.method, url.pathname, url.searchParams, asked))
  const a = server.handle(req.method, url, req.headers, asked)
  hold(`answered ${a.status} to ${req.method} ${url.pathname}`, checkAnswer(req.method, url.pathname, a.status, a.body))
  json(res, a.status, a.body)
}

http.on('upgrade', (req, socket, head) => {
  const path = new URL(req.url, 'http://mock').pathname
  if (path === '/agent/ws' && !agentDown) agents.handleUpgrade(req, socket, head, (ws) => agents.emit('connection', ws))
  else if (path === '/ws/station' && !line.isDown()) stations.handleUpgrade(req, socket, head, (ws) => stations.emit('connection', ws))
  else if (path === '/ws/live' && server.liveUp()) lives.handleUpgrade(req, socket, head, (ws) => server.live(ws))
  else socket.destroy()
})

http.listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}  (station: /station.html)`))
