// The mock of the server's REST API and /ws/live: sample data, and a decision that moves a unit. Everything real is on the other side of the API.
import { samples } from './camera.mjs'
import { benches, board, detailOf, dockQueue, handovers, unscanned, workDone, parcelDetail, parcels, parkedScan, refundDetail, refunds, rollOf, rolls, rowOf, stations, unclaimed, units, ways } from './samples.mjs'
import { makeStock } from './stock.mjs'

const ok = (body) => ({ status: 200, body })
const problem = (status, code, params) => ({ status, body: { type: 'about:blank', title: code, status, detail: code, code, ...(params ? { params } : {}) } })

export function makeServer(lives, sent = () => {}) {
  let db
  let seq
  let up
  let ticking
  let log

  const stock = makeStock()

  function reset() {
    stock.reset()
    const rows = units()
    db = { units: new Map(rows.map((u) => [u.plate, detailOf(u)])), parcels: parcels(), unclaimed: unclaimed(), refunds: refunds(), scan: parkedScan(), stations: stations(), rolls: rolls(), benches: benches(), holds: [], loggedIn: true }
    seq = 100
    up = true
    ticking = false
    log = []
    lives.clients.forEach((c) => c.terminate())
  }
  reset()
  const timer = setInterval(() => ticking && publish(), 1000)
  timer.unref()

  const put = (socket, m) => {
    sent(m)
    socket.send(JSON.stringify(m))
  }
  const say = (m) => lives.clients.forEach((c) => c.ready && put(c, m))
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
      put(socket, { op: 'hello', seq })
      if (m.since > 0) for (const e of log) if (e.seq > m.since) put(socket, e)
      if (m.board) put(socket, { op: 'board', board: board(seq) })
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
      event('backdock.unit.blocked.v1', `unit/${b.change}`)
    }
    if (b.logout) db.loggedIn = false
    return { seq, last: b.plate ? db.units.get(b.plate) : undefined }
  }

  const me = () => ({
    user: { username: 'manager', display: '王芳', lang: 'zh' }, grants: ['manager', 'admin'].map((role) => ({ role, warehouse: '*', owner: '*', shop: '*' })), csrf: 'csrf-token', site_lang: 'zh',
    warehouses: [{ code: 'HZ1', name: '华东退货仓 · 杭州', name_en: 'East China returns · Hangzhou', time_zone: 'Asia/Shanghai' }],
  })

  const page = (items) => ok({ items, next: '' })
  const inState = (list, query) => page(list.filter((x) => !query.get('state') || x.state === query.get('state')))

  /** Answers a request: { status, body }. body is undefined where none was sent. */
  function handle(method, url, headers, body) {
    const path = url.pathname.slice('/api/v1'.length)
    const write = method !== 'GET'
    if (path === '/auth/login') {
      if (body.password !== 'backdock') return problem(401, 'login_failed')
      db.loggedIn = true
      return ok(me())
    }
    if (!db.loggedIn) return problem(401, 'not_logged_in')
    if (write && headers['x-csrf-token'] !== 'csrf-token') return problem(403, 'csrf')
    if (path === '/auth/me' || path === '/auth/language') return ok(me())
    if (path === '/auth/logout') {
      db.loggedIn = false
      return { status: 204 }
    }
    if (path === '/reports/board') return ok(board(seq))
    if (path === '/parcels/queue') return ok({ items: dockQueue(), total: 57 })
    if (path === '/reports/unscanned') return ok(unscanned())
    if (path === '/handovers') return page(handovers())
    if (path === '/reports/work') return ok(workDone(url.searchParams.get('by') ?? 'operator', url.searchParams.get('from')))
    if (path === '/units' && !url.searchParams.get('account')) return page(queue(url.searchParams.get('q') ?? ''))
    const more = stock.handle(method, url, body, db.units)
    if (more) return more
    const seen = /^\/(units|parcels)\/([^/]+)\/evidence$/.exec(path)
    if (seen) return ok({ items: samples(seen[1] === 'units' ? seen[2] : 'U0000001201'), holds: db.holds })
    if (path === '/evidence/holds') {
      db.holds = [{ id: 1, on: 'parcel', reason: body.reason, at: new Date().toISOString() }]
      return ok(db.holds[0])
    }
    if (/^\/evidence\/holds\/\d+\/release$/.test(path)) {
      db.holds = []
      return ok({})
    }
    const parcel = /^\/parcels\/([^/]+)$/.exec(path)
    const row = parcel && db.parcels.find((p) => p.number === parcel[1])
    if (row) return ok(parcelDetail(row))
    const unit = /^\/units\/([^/]+)(\/inspection(\/undo)?)?$/.exec(path)
    if (unit) return inspect(unit, body)
    if (path === '/parcels') return inState(db.parcels, url.searchParams)
    const stray = /^\/unclaimed(?:\/(\w+)(?:\/([\w-]+))?)?$/.exec(path)
    if (stray) return onUnclaimed(stray[1], stray[2], body, url.searchParams)
    if (path === '/refunds' && url.searchParams.get('stray') === 'true') return page(db.refunds.filter((r) => r.origin !== 'ours' && r.case === ''))
    if (path === '/refunds') return inState(db.refunds, url.searchParams)
    const refund = /^\/refunds\/([^/]+)(?:\/([\w-]+))?$/.exec(path)
    if (refund) return onRefund(refund[1], refund[2], body)
    const scan = /^\/scans\/(\w+)\/(\d+)(\/rerun|\/dismiss)?$/.exec(path)
    if (scan) return onScan(scan)
    if (path === '/benches') return page(db.benches)
    if (path === '/benches/plates') {
      const b = db.benches.find((x) => x.bench === body.bench)
      return b ? ok(Object.assign(b, { plates: body.mode })) : problem(404, 'bench_not_found')
    }
    if (path === '/plates/rolls' && !write) return page(db.rolls)
    if (path === '/plates/rolls') {
      const roll = rollOf(20_001 + 2_000 * db.rolls.length, body.count)
      db.rolls.unshift(roll)
      return ok({ ...roll, zpl: '^XA^XZ' })
    }
    if (path === '/benches/page') return ok({ station: 'page 3f2a', bench: body.bench, name: `${body.bench.split('/')[1]} 号收货台` })
    if (path === '/stations' && !write) return page(db.stations)
    if (path === '/stations') return ok({ code: '7KQM-24XD', expires_at: new Date(Date.now() + 15 * 60e3).toISOString() })
    const revoke = /^\/stations\/([^/]+)\/revoke$/.exec(path)
    const station = revoke && db.stations.find((s) => s.id === revoke[1])
    return station ? ok(Object.assign(station, { revoked: true })) : problem(404, 'not_found')
  }

  /** A row of the list is the detail without what only the detail has. */
  const unclaimedRow = ({ slip, phone_tail, origin, asked, asked_note, end, ends_from, can, candidates, units, timeline, ...row }) => row

  function onUnclaimed(number, verb, body, params) {
    if (!number) {
      const q = (params.get('q') ?? '').toLowerCase()
      const left = (u) => u.state !== 'closed'
      return page(db.unclaimed.filter((u) => left(u) === (params.get('ended') === 'true') && (params.get('old') !== 'true' || u.old) && JSON.stringify([u.number, u.waybill, u.shelf, u.contents]).toLowerCase().includes(q)).map(unclaimedRow))
    }
    const u = db.unclaimed.find((x) => x.number === number)
    if (!u) return problem(404, 'parcel_not_found')
    const become = (more) => ok(Object.assign(u, more, { version: u.version + 1 }))
    const asks = { 'hand-back': 'handed_back', 'sell-as-found': 'sold_as_found', dispose: 'disposed' }
    switch (verb) {
      case undefined:
        return ok(u)
      case 'claim':
        db.unclaimed = db.unclaimed.filter((x) => x !== u)
        return ok({ ...db.parcels[0], number, state: 'closed', kind: 'customer_return', cases: body.case ? [body.case] : [], expected: 2, received: 2, pieces: 2, orders: [], waybills: [], lines: [], units: [], timeline: [] })
      case 'shelf':
        return become({ shelf: body.shelf })
      case 'label':
        return become({ slip: body.slip ?? u.slip, origin: body.origin ?? u.origin, phone_tail: u.phone_tail || !!body.phone_tail })
      case 'ask-owner':
        return become({ asked_at: new Date().toISOString(), asked_note: body.note ?? '' })
      case 'confirm':
        return become({ state: u.ending, can: [], end: { ...u.end, confirmed_by: '王芳', confirmed_at: new Date().toISOString() } })
      case 'withdraw':
        delete u.end
        return become({ ending: '', can: ['claim', 'shelve', 'note', 'ask', 'hand_back'] })
    }
    if (!asks[verb]) return problem(404, 'not_found')
    return become({ ending: asks[verb], can: ['claim', 'shelve', 'note', 'ask', 'withdraw'], end: { ending: asks[verb], reason: body.reason, value_minor: 0, requested_by: '李敏', requested_at: new Date().toISOString(), confirmed_by: '', own: true, above_limit: false } })
  }

  function queue(text) {
    const q = text.toLowerCase()
    return [...db.units.values()].filter((u) => u.state === 'quarantine' && [u.plate, u.name, u.name_en, u.sku, u.case.number].some((s) => s.toLowerCase().includes(q))).map(rowOf)
  }

  function become(r, state, more = {}) {
    return Object.assign(r, { state, can: ways(state, r.origin, false), can_authorize: false, why: 'refund_state', version: r.version + 1, ...more })
  }

  function onRefund(number, verb, body) {
    const r = db.refunds.find((x) => x.number === number)
    if (!r) return problem(404, 'refund_not_found')
    if (!verb) return ok(refundDetail(r))
    if (!r.can.includes(verb.replaceAll('-', '_'))) return problem(409, 'refund_state', { state: r.state })
    switch (verb) {
      case 'authorize':
        return ok(refundDetail(become(r, r.proof ? 'paid_by_hand' : 'authorized', { authorized_by: '王芳' })))
      case 'hold':
        return ok(refundDetail(become(r, 'held', { hold_code: 'by_person' })))
      case 'release':
        return ok(refundDetail(become(r, 'authorized', { hold_code: '' })))
      case 'cancel':
        return ok(refundDetail(become(r, 'cancelled')))
      case 'attribute':
        return ok(refundDetail(Object.assign(r, { case: body.case, can: [], version: r.version + 1 })))
    }
    const next = { ...r, number: `${r.number}-2`, state: 'requested', proof: body?.proof ?? '', can: ['cancel'], can_authorize: false, why: 'same_person', requested_by: '王芳', requested_at: new Date().toISOString(), refused_code: '', version: 1 }
    delete next.sent_at
    Object.assign(r, { can: [], version: r.version + 1 })
    db.refunds.unshift(next)
    return ok({ ...refundDetail(next), replaces: r.number })
  }

  function onScan([, producer, seq, verb]) {
    if (producer !== db.scan.producer || Number(seq) !== db.scan.seq) return problem(404, 'scan_not_found')
    if (verb === '/dismiss') Object.assign(db.scan, { parked: false, code: 'dismissed' })
    if (verb === '/rerun') Object.assign(db.scan, { parked: false, verdict: 'accepted', code: 'matched', params: {}, plate: db.scan.params.plate ?? db.scan.plate })
    return ok(db.scan)
  }

  function inspect([, plate, inspection, undo], body) {
    const u = db.units.get(plate)
    if (!u) return problem(404, 'unit_not_found')
    if (!inspection) return ok(u)
    if (body.version !== u.version) return problem(409, 'version_conflict')
    const at = new Date().toISOString()
    if (undo) {
      u.inspection = { ...u.inspection, undone_at: at }
      Object.assign(u, { state: 'quarantine', account: 'quarantine', can: { inspect: true, undo: false, why: 'not_inspected' } })
      u.timeline.push({ at, type: 'backdock.unit.inspection_undone.v1', by: '王芳', text_code: 'unit.inspection_undone', params: { reason: body.reason } })
    } else {
      u.inspection = { id: '1', grade: body.grade, disposition: body.disposition, note: body.note, tote: body.tote ?? '', checks: body.checks, by: '王芳', at, round: 1, ...(body.override_reason ? { override_reason: body.override_reason } : {}) }
      Object.assign(u, { state: 'inspected', account: { restock: 'available', restock_b: 'second_grade', repair: 'repair', scrap: 'scrap' }[body.disposition] ?? 'outbound', can: { inspect: false, undo: true, why: 'already_inspected' } })
      u.timeline.push({ at, type: 'backdock.unit.inspected.v1', by: '王芳', text_code: 'unit.inspected', params: { grade: body.grade, disposition: body.disposition } })
    }
    u.version++
    event(undo ? 'backdock.unit.inspection_undone.v1' : 'backdock.unit.inspected.v1', `unit/${plate}`)
    return ok(u)
  }

  return { reset, control, handle, live, liveUp: () => up }
}
