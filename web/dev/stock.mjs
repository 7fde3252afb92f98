// The mock's stock: balances, what explains them, second looks, a stock-take, and what is done with a piece beside its inspection.
import { goods, plateOf, rowOf } from './samples.mjs'

const ok = (body) => ({ status: 200, body })
const problem = (status, code) => ({ status, body: { type: 'about:blank', title: code, status, detail: code, code } })
const ago = (hours) => new Date(Date.now() - hours * 3600e3).toISOString()

const product = ([sku, name, name_en, spec, spec_en], i) => ({
  owner: 'SHIWU', warehouse: 'HZ1', sku, name, name_en, spec, spec_en, available: [214, 38, 61, 420, 9, 77][i], reserved: [6, 0, 2, 12, 1, 0][i], reserved_second_grade: 0, released: [3, 0, 0, 8, 0, 2][i], released_second_grade: 0,
  second_grade: [4, 11, 0, 0, 2, 5][i], quarantine: [5, 5, 4, 4, 4, 4][i], custody: [0, 1, 0, 0, 0, 1][i], blocked: [0, 0, 3, 0, 1, 0][i], repair: [2, 0, 0, 0, 3, 0][i], outbound: [0, 1, 0, 0, 0, 0][i], version: 14 + i,
})
const look = ([, name, name_en, spec, spec_en, category], i) => ({
  plate: plateOf(1200 + i * 7), sku: goods[i][0], name, name_en, spec, spec_en, category, warehouse: 'HZ1', state: 'due', drawn_at: ago(1 + i), mine: i === 2, place: i % 2 ? '' : 'T-014', first: 'A', first_by: '李敏', second: '', second_by: '',
})

export function makeStock() {
  let db
  function reset() {
    db = {
      rows: goods.map(product), counts: [], next: 7,
      looks: [...goods.slice(0, 3).map(look), { ...look(goods[3], 3), state: 'differs', second: 'B', second_by: '赵强', note: '杯盖有划痕' }],
    }
  }
  reset()

  const page = (items) => ok({ items, next: '' })
  const detail = (c) => {
    const book = ['missing', 'misplaced'].flatMap((kind, i) => [{ plate: plateOf(1214 + i * 7), kind, book: i ? 'B-Q2' : 'B-Q1', result: '' }])
    const lines = c.lines ?? [...book.filter((l) => !c.plates.includes(l.plate) || l.kind === 'misplaced'), ...c.plates.filter((p) => p === plateOf(9999)).map((plate) => ({ plate, kind: 'surplus', book: 'available', result: '' }))]
    const { plates, ...row } = c
    return { ...row, counted: plates.length, lines, plates }
  }

  function count(method, path, body) {
    if (path === '/stock/counts' && method === 'GET') return page(db.counts.map(({ plates, lines, ...c }) => ({ ...c, counted: plates.length })))
    if (path === '/stock/counts') {
      db.counts.unshift({ id: db.next++, warehouse: 'HZ1', place: body.place ?? '', state: 'open', opened_by: '王芳', opened_at: new Date().toISOString(), plates: [] })
      return ok(detail(db.counts[0]))
    }
    const [, id, verb, plate] = /^\/stock\/counts\/(\d+)(?:\/(\w+))?(?:\/(\w+)\/undo)?$/.exec(path) ?? []
    const c = db.counts.find((x) => x.id === Number(id))
    if (!c) return problem(404, 'count_not_found')
    switch (verb) {
      case 'plates':
        c.plates = plate ? c.plates.filter((p) => p !== plate) : [...new Set([...body.plates.toReversed(), ...c.plates])]
        break
      case 'close':
        Object.assign(c, { lines: detail(c).lines, state: 'closed', closed_at: new Date().toISOString() })
        break
      case 'confirm':
        if (c.state !== 'closed') return problem(409, 'count_state')
        Object.assign(c, { state: 'posted', confirmed_by: '王芳', confirmed_at: new Date().toISOString(), lines: c.lines.map((l) => ({ ...l, result: l.kind === 'surplus' ? 'open' : 'posted' })) })
        break
      case 'cancel':
        c.state = 'cancelled'
    }
    return ok(detail(c))
  }

  /** What is done with a piece: the state it ends in. */
  const ends = { repaired: 'quarantine', 'hand-over': 'shipped', block: 'blocked', unblock: 'quarantine' }
  function act(u, verb, body) {
    if (body.version !== undefined && body.version !== u.version) return problem(409, 'version_conflict')
    Object.assign(u, { state: ends[verb], account: { shipped: 'vendor' }[ends[verb]] ?? ends[verb], version: u.version + 1, can: { inspect: ends[verb] === 'quarantine', undo: false, why: ends[verb] === 'quarantine' ? 'not_inspected' : 'unit_state' } })
    if (verb === 'repaired') u.inspection = { ...u.inspection, closed_at: new Date().toISOString() }
    if (verb === 'block') u.block = { reason: body.reason, note: body.note ?? '', by: '王芳', at: new Date().toISOString() }
    else delete u.block
    return ok(u)
  }

  /** Answers what is its own; undefined leaves it to the rest of the mock. */
  function handle(method, url, body, units) {
    const path = url.pathname.slice('/api/v1'.length)
    const q = url.searchParams
    if (path === '/stock/availability') return page(db.rows.filter((r) => r.sku.includes(q.get('sku') ?? '')))
    if (path === '/units' && q.get('account')) return page([...units.values()].filter((u) => u.sku === q.get('sku')).map((u) => ({ ...rowOf(u), account: q.get('account'), state: q.get('account'), place: 'B-03-12' })))
    if (path === '/stock/movements') {
      return page([['quarantine', q.get('account'), 'inspection'], ['customer', q.get('account'), 'opening'], [q.get('account'), 'reserved', 'reservation']].map(([from, to, cause], i) => ({
        at: ago(1 + i * 3), sku: q.get('sku') ?? goods[0][0], plate: i === 2 ? '' : plateOf(1200 + i * 7), from, to, quantity: i === 2 ? 6 : 1, cause, cause_ref: String(i + 1), by: ['李敏', '赵强', '王芳'][i], counter: false,
      })))
    }
    if (path === '/stock/adjustments') {
      const r = db.rows.find((x) => x.sku === body.sku)
      if (r[body.account] + body.quantity < 0) return problem(409, 'stock_short')
      r[body.account] += body.quantity
      return ok({ owner: body.owner, warehouse: body.warehouse, sku: body.sku, account: body.account, quantity: r[body.account] })
    }
    if (path.startsWith('/stock/counts')) return count(method, path, body)
    if (path === '/second-looks') return page(db.looks.filter((l) => l.state === (q.get('state') ?? 'due')))
    const [, plate, verb] = /^\/units\/(\w+)\/(second-look(?:\/settle)?|repaired|hand-over|block|unblock)$/.exec(path) ?? []
    if (!plate) return undefined
    const u = units.get(plate)
    if (!u) return problem(404, 'unit_not_found')
    if (!verb.startsWith('second-look')) return act(u, verb, body)
    const l = db.looks.find((x) => x.plate === plate && (x.state === 'due' || x.state === 'differs'))
    if (!l) return problem(409, 'second_look_none')
    if (verb === 'second-look') {
      if (l.mine) return problem(403, 'second_look_self')
      Object.assign(l, { state: body.grade === l.first ? 'agreed' : 'differs', second: body.grade, second_by: '王芳' })
      return ok({ plate, done: true })
    }
    l.state = { first: 'kept', second: 'changed', waive: 'waived' }[body.take]
    return ok(u)
  }

  return { reset, handle }
}
