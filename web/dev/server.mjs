// The mock of the server's REST API and /ws/live: sample data, and a decision that moves a unit. Everything real is on the other side of the API.
import { board, detailOf, parcels, refunds, stations, units } from './samples.mjs'

export function makeServer(lives) {
  let db
  let seq
  let up
  let ticking
  let log

  function reset() {
    const rows = units()
    db = { units: new Map(rows.map((u) => [u.plate, detailOf(u)])), parcels: parcels(), refunds: refunds(), stations: stations(), loggedIn: true }
    seq = 100
    up = true
    ticking = false
    log = []
    lives.clients.forEach((c) => c.terminate())
  }
  reset()
  const timer = setInterval(() => ticking && publish(), 1000)
  timer.unref()

  const say = (m) => lives.clients.forEach((c) => c.ready && c.send(JSON.stringify(m)))
  function publish() {
    seq++
    say({ op: 'board', board: board(seq) })
  }
  function event(type, subject) {
    seq++
    const e = { op: 'event', seq, event: { id: String(seq), type, subject, version: 1, at: new Date().toISOString(), data: {} } }
    log.push(e)
    say(e)
  }

  function live(socket) {
    socket.on('message', (raw) => {
      const m = JSON.parse(String(raw))
      if (m.op !== 'resume') return
      socket.ready = true
      socket.send(JSON.stringify({ op: 'hello', seq }))
      if (m.since > 0) for (const e of log) if (e.seq > m.since) socket.send(JSON.stringify(e))
      if (m.board) socket.send(JSON.stringify({ op: 'board', board: board(seq) }))
    })
  }

  /** Drives the mock from a test: { up, tick, flood, change, logout }. */
  function control(b) {
    if (b.up !== undefined) {
      up = b.up
      if (!up) lives.clients.forEach((c) => c.terminate())
    }
    if (b.tick !== undefined) ticking = b.tick
    if (b.flood) for (let i = 0; i < b.flood; i++) publish()
    if (b.change) {
      const u = db.units.get(b.change)
      Object.assign(u, b.fields ?? {}, { version: u.version + 1 })
      event('backdock.unit.changed.v1', b.change)
    }
    if (b.logout) db.loggedIn = false
    return { seq, last: b.plate ? db.units.get(b.plate) : undefined }
  }

  const me = () => ({
    user: { username: 'manager', display: '王芳', lang: 'zh' }, grants: [{ role: 'admin', warehouse: '*', owner: '*' }], csrf: 'csrf-token', site_lang: 'zh',
    warehouses: [{ code: 'HZ1', name: '华东退货仓 · 杭州', name_en: 'East China returns · Hangzhou', time_zone: 'Asia/Shanghai' }],
  })

  async function handle(req, res, url, json, read) {
    const path = url.pathname.slice('/api/v1'.length)
    const post = req.method === 'POST' || req.method === 'PUT'
    const problem = (status, code, params) => json(res, status, { type: 'about:blank', title: code, status, code, params })
    const body = post ? await read(req) : {}
    if (path === '/auth/login') {
      if (body.password !== 'backdock') return problem(401, 'login_failed')
      db.loggedIn = true
      return json(res, 200, me())
    }
    if (!db.loggedIn) return problem(401, 'unauthorized')
    if (post && req.headers['x-csrf-token'] !== 'csrf-token') return problem(403, 'csrf')
    if (path === '/auth/me') return json(res, 200, me())
    if (path === '/auth/logout') {
      db.loggedIn = false
      return json(res, 200, {})
    }
    if (path === '/auth/language') return json(res, 200, {})
    if (path === '/reports/board') return json(res, 200, board(seq))
    if (path === '/units') {
      const q = (url.searchParams.get('q') ?? '').toLowerCase()
      const rows = [...db.units.values()].filter((u) => u.state === 'quarantine' && [u.plate, u.name, u.name_en, u.sku, u.case.number].some((s) => s.toLowerCase().includes(q)))
      return json(res, 200, { items: rows.map((u) => ({ ...u, case: u.case.number })), next: '' })
    }
    const unit = /^\/units\/([^/]+)(\/inspection(\/undo)?)?$/.exec(path)
    if (unit) return inspect(unit, req, body, (v) => json(res, 200, v), problem)
    if (path === '/parcels') return json(res, 200, { items: db.parcels.filter((p) => !url.searchParams.get('state') || p.state === url.searchParams.get('state')), next: '' })
    if (path === '/refunds') return json(res, 200, { items: db.refunds.filter((r) => !url.searchParams.get('state') || r.state === url.searchParams.get('state')), next: '' })
    const refund = /^\/refunds\/([^/]+)\/authorize$/.exec(path)
    if (refund) {
      const r = db.refunds.find((x) => x.number === refund[1])
      Object.assign(r, { state: 'authorized', can_authorize: false })
      return json(res, 200, r)
    }
    if (path === '/stations' && req.method === 'GET') return json(res, 200, { items: db.stations, next: '' })
    if (path === '/stations') return json(res, 200, { code: '7KQM-24XD', expires_at: new Date(Date.now() + 15 * 60e3).toISOString() })
    const revoke = /^\/stations\/([^/]+)\/revoke$/.exec(path)
    if (revoke) {
      db.stations.find((s) => s.id === revoke[1]).revoked = true
      return json(res, 200, {})
    }
    return problem(404, 'not_found')
  }

  function inspect([, plate, inspection, undo], req, body, answer, problem) {
    const u = db.units.get(plate)
    if (!u) return problem(404, 'not_found')
    if (!inspection) return answer(u)
    if (body.version !== u.version) return problem(409, 'version_conflict')
    const at = new Date().toISOString()
    if (undo) {
      u.inspection = { ...u.inspection, undone_at: at }
      Object.assign(u, { state: 'quarantine', account: 'quarantine', can: { inspect: true, undo: false, why: '' } })
      u.timeline.push({ at, type: 'backdock.inspection.undone.v1', by: '王芳', text_code: 'inspection_undone', params: { reason: body.reason } })
    } else {
      u.inspection = { id: 'i1', grade: body.grade, disposition: body.disposition, note: body.note, checks: body.checks, by: '王芳', at }
      Object.assign(u, { state: 'inspected', account: { restock: 'available', restock_b: 'second_grade', repair: 'repair', scrap: 'scrap' }[body.disposition] ?? 'outbound', can: { inspect: false, undo: true, why: '' } })
      u.timeline.push({ at, type: 'backdock.unit.inspected.v1', by: '王芳', text_code: 'inspected', params: { grade: body.grade, disposition: body.disposition } })
    }
    u.version++
    event('backdock.inspection.decided.v1', plate)
    return answer(u)
  }

  return { reset, control, handle, live, liveUp: () => up }
}
