// @vitest-environment node
import { readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeBench } from '../../dev/bench.mjs'
import { checkAnswer, checkFrame, checkRequest, operation } from '../../dev/contract.mjs'
import { parkedScan, plateOf } from '../../dev/samples.mjs'
import { makeServer } from '../../dev/server.mjs'

type Frame = { op: string }
const src = resolve(__dirname, '../../src')

/** Every operation that the pages call: METHOD and path as openapi-fetch is given them. */
function called(): Set<string> {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(ts|vue)$/.test(f))
  const calls = files.flatMap((f) => [...readFileSync(`${src}/${f}`, 'utf8').matchAll(/api\.(GET|POST|PUT|DELETE)\('([^']+)'/g)])
  return new Set(calls.map((m) => `${m[1]} ${m[2]}`))
}

describe('the mock of the server', () => {
  const sent: Frame[] = []
  const lives = { clients: new Set<{ terminate(): void }>() }
  const server = makeServer(lives as never, (m: Frame) => sent.push(m))
  const answered = new Set<string>()
  beforeEach(() => server.reset())

  function ask(method: string, address: string, body?: unknown): { status: number; body: unknown } {
    const url = new URL(address, 'http://mock/api/v1/')
    expect(checkRequest(method, url.pathname, url.searchParams, body)).toEqual([])
    const a = server.handle(method, url, { 'x-csrf-token': 'csrf-token' }, body)
    expect(checkAnswer(method, url.pathname, a.status, a.body)).toEqual([])
    if (a.status < 400) answered.add(`${method} ${operation(method, url.pathname)!.path}`)
    return a
  }
  const unit = `units/${plateOf(1200 + 7)}`
  const decision = { grade: 'A', disposition: 'restock', checks: {}, note: '', version: 3 }
  const scan = `scans/${parkedScan().producer}/${parkedScan().seq}`
  /** Does something with the first refund in a state. */
  const verb = (state: string, what: string, body?: unknown) => ask('POST', `refunds/${listed(`refunds?state=${state}`)[0]!.number}/${what}`, body).status
  /** Does something with the first parcel of unknown owner. */
  const stray = (what: string, body?: unknown) => ask('POST', `unclaimed/${listed('unclaimed')[0]!.number}/${what}`, body).status
  const listed = (path: string) => (ask('GET', path).body as { items: Record<string, string>[] }).items

  it.each([
    ['log in', () => ask('POST', 'auth/login', { username: 'manager', password: 'backdock' }).status, 200],
    ['wrong password', () => ask('POST', 'auth/login', { username: 'manager', password: 'wrong' }).status, 401],
    ['who am I', () => ask('GET', 'auth/me').status, 200],
    ['language', () => ask('PUT', 'auth/language', { lang: 'en' }).status, 200],
    ['log out, and then nobody is there', () => [ask('POST', 'auth/logout').status, ask('GET', 'auth/me').status], [204, 401]],
    ['board', () => ask('GET', 'reports/board?warehouse=HZ1').status, 200],
    ['queue', () => listed('units?state=quarantine&warehouse=HZ1&limit=100').length, 26],
    ['no such unit', () => ask('GET', 'units/U0000000000').status, 404],
    ['unit, decision, conflict, undo', () => [ask('GET', unit).status, ask('POST', `${unit}/inspection`, decision).status, ask('POST', `${unit}/inspection`, decision).status, ask('POST', `${unit}/inspection/undo`, { reason: 'x', version: 4 }).status], [200, 200, 409, 200]],
    ['stock and what explains a number', () => [listed('stock/availability?warehouse=HZ1').length, listed('units?account=available&sku=EB-PRO-WHT').length > 0, listed('stock/movements?sku=EB-PRO-WHT&account=available').length], [6, true, 3]],
    ['adjust, not below zero', () => [1, -9999].map((quantity) => ask('POST', 'stock/adjustments', { owner: 'SHIWU', warehouse: 'HZ1', sku: 'EB-PRO-WHT', account: 'available', quantity, reason: 'found', note: 'x' }).status), [200, 409]],
    ['count, take back, close, confirm', () => {
      const { id } = ask('POST', 'stock/counts', { warehouse: 'HZ1' }).body as { id: number }
      const post = (verb: string, body?: unknown) => ask('POST', `stock/counts/${id}/${verb}`, body).status
      return [post('confirm'), post('plates', { plates: [plateOf(1214), plateOf(9999)] }), post(`plates/${plateOf(1214)}/undo`), post('close'), post('confirm'), ask('GET', `stock/counts/${id}`).status, listed('stock/counts?warehouse=HZ1').length]
    }, [409, 200, 200, 200, 200, 200, 1]],
    ['a count thrown away', () => {
      const { id } = ask('POST', 'stock/counts', { warehouse: 'HZ1', place: 'B-Q1' }).body as { id: number }
      return [ask('POST', `stock/counts/${id}/cancel`).status, ask('GET', 'stock/counts/999').status]
    }, [200, 404]],
    ['second looks', () => {
      const [first, , mine] = listed('second-looks?warehouse=HZ1&state=due')
      const again = (plate: string) => ask('POST', `units/${plate}/second-look`, { grade: 'A', checks: {} }).status
      return [again(first!.plate!), again(first!.plate!), again(mine!.plate!), ask('POST', `units/${mine!.plate}/second-look/settle`, { take: 'waive', reason: 'x' }).status]
    }, [200, 409, 403, 200]],
    ['block, free again, repaired, handed over', () => [ask('POST', `${unit}/block`, { reason: 'disputed' }).status, ask('POST', `${unit}/unblock`, { reason: 'x' }).status, ask('POST', `${unit}/inspection`, { ...decision, version: 5 }).status, ask('POST', `${unit}/repaired`, { note: 'x', version: 6 }).status, ask('POST', `${unit}/hand-over`, { waybill: 'SF1', version: 7 }).status], [200, 200, 200, 200, 200]],
    ['parcels', () => listed('parcels?warehouse=HZ1&state=held').length, 3],
    ['refunds', () => [listed('refunds?state=requested').length, listed('refunds?stray=true').length], [4, 1]],
    ['withdraw', () => verb('requested', 'cancel', { reason: 'x' }), 200],
    ['authorize and hold', () => [verb('requested', 'authorize', { note: 'x' }), verb('authorized', 'hold', { reason: 'x' })], [200, 200]],
    ['release, what is held already is not held again', () => [verb('held', 'release'), verb('held', 'hold', { reason: 'x' })], [200, 409]],
    ['ask again', () => verb('failed', 'replace'), 200],
    ['paid by hand, seen, and withdrawn', () => [verb('failed', 'pay-by-hand', { proof: 'T7' }), ask('GET', `refunds/${listed('refunds')[0]!.number}`).status, ask('POST', `refunds/${listed('refunds')[0]!.number}/cancel`, { reason: 'x' }).status], [200, 200, 200]],
    ['tie to a case', () => ask('POST', `refunds/${listed('refunds?stray=true')[0]!.number}/attribute`, { case: 'C1', shop: 'S' }).status, 200],
    ['a scan set aside, run again', () => [ask('GET', scan).status, ask('POST', `${scan}/rerun`, { reason: 'mended' }).status, ask('GET', 'scans/x/1').status], [200, 200, 404]],
    ['the dock', () => [(ask('GET', 'parcels/queue?warehouse=HZ1&limit=50').body as { total: number }).total, (ask('GET', 'reports/unscanned?warehouse=HZ1&limit=50').body as { total: number }).total, listed('handovers?warehouse=HZ1&limit=20').length], [57, 3, 3]],
    ['work done', () => (['operator', 'bench', 'hour'] as const).map((by) => listed(`reports/work?warehouse=HZ1&from=2026-11-23&to=2026-11-23&by=${by}`).length), [4, 3, 8]],
    ['a scan set aside, dismissed', () => (ask('POST', `${scan}/dismiss`, { reason: 'its moment has passed' }).body as { code: string }).code, 'dismissed'],
    ['rolls and benches', () => [listed('plates/rolls').length, ask('POST', 'plates/rolls', { warehouse: 'HZ1', count: 10 }).status, listed('plates/rolls').length], [2, 200, 3]],
    ['a bench told to use rolls', () => [listed('benches').length, (ask('POST', 'benches/plates', { bench: 'HZ1/1', mode: 'preprinted' }).body as { plates: string }).plates, ask('POST', 'benches/plates', { bench: 'HZ9/1', mode: 'printed' }).status], [3, 'preprinted', 404]],
    ['a parcel and its evidence', () => [ask('GET', `parcels/${listed('parcels')[0]!.number}`).status, ask('GET', `parcels/${listed('parcels')[0]!.number}/evidence`).status, ask('GET', `${unit}/evidence`).status], [200, 200, 200]],
    ['evidence held and let go', () => [ask('POST', 'evidence/holds', { parcel: 'P004290', reason: 'x' }).status, ask('POST', 'evidence/holds/1/release', { reason: 'x' }).status], [200, 200]],
    ['nobody knows whose', () => [listed('unclaimed').length, listed('unclaimed?old=true').length, ask('GET', `unclaimed/${listed('unclaimed')[0]!.number}`).status], [3, 2, 200]],
    ['noted, shelved, its owner asked', () => [stray('label', { slip: 'TB1' }), stray('shelf', { shelf: 'W-2' }), stray('ask-owner', { note: 'x' })], [200, 200, 200]],
    ['ends by two persons', () => (['hand-back', 'sell-as-found', 'dispose'] as const).map((end) => [stray(end, { reason: 'x' }), stray('withdraw'), stray(end, { reason: 'x' }), stray('confirm')]), [[200, 200, 200, 200], [200, 200, 200, 200], [200, 200, 200, 200]]],
    ['claimed', () => stray('claim', { case: 'RT-261120-0388' }), 200],
    ['stations', () => listed('stations').length, 6],
    ['new station', () => ask('POST', 'stations', { name: '7', bench: 'HZ1/7' }).status, 200],
    ['revoke', () => ask('POST', `stations/${listed('stations')[0]!.id}/revoke`).status, 200],
  ] as [string, () => unknown, unknown][])('%s', (_name, act, want) => expect(act()).toEqual(want))

  it('answers every operation that the pages call, and each is in the description', () => {
    const calls = called()
    expect(calls.size).toBeGreaterThan(10)
    expect([...calls].filter((c) => !operation(...(c.split(' ') as [string, string]))).sort()).toEqual([])
    expect([...calls].filter((c) => !answered.has(c)).sort()).toEqual([])
  })

  it('says on /ws/live what the description says', () => {
    const heard: string[] = []
    let say: (raw: string) => void = () => {}
    const socket = { on: (_: string, fn: (raw: string) => void) => (say = fn), send: (m: string) => heard.push(m), terminate() {}, ready: false }
    server.live(socket as never)
    lives.clients.add(socket)
    sent.length = 0
    const resume = { op: 'resume', since: 0, warehouse: 'HZ1', board: true }
    expect(checkFrame('live', resume)).toEqual([])
    say(JSON.stringify(resume))
    server.control({ flood: 2, change: plateOf(1200) })
    lives.clients.delete(socket)
    expect(new Set(sent.map((m) => m.op))).toEqual(new Set(['hello', 'board', 'event']))
    expect(heard.map((m) => JSON.parse(m))).toEqual(JSON.parse(JSON.stringify(sent)))
    for (const m of sent) expect(checkFrame('live', m)).toEqual([])
  })
})

describe('the mock of the agent', () => {
  it('says what the agent may say, in every scene', () => {
    const sent: Frame[] = []
    const bench = makeBench((m: Frame) => sent.push(JSON.parse(JSON.stringify(m)) as Frame))
    const codes = ['SF143802769951', '6901443214507', '6954821770316', '6923450657713', '6923450657713', '6937526503743', '6937526503743', '6921734912305', '6901443214514', 'BD:CONDITION:DAMAGED', 'BD:UNDO', 'BD:HOLD', 'BD:RESUME', 'BD:CHOOSE:1', 'BD:DONE', 'BD:NONSENSE', 'BD:EXCEPTION']
    for (const code of codes) bench.scan(code, code.startsWith('BD:') ? 'key' : 'device')
    bench.link(false)
    for (const code of ['6954821770316', 'YT8830447120611']) bench.scan(code)
    bench.notice('partial_dropped')
    bench.link(true)
    expect(new Set(sent.map((m) => m.op))).toEqual(new Set(['state', 'scan', 'view', 'link', 'notice']))
    for (const m of sent) expect([m.op, checkFrame('page', m)]).toEqual([m.op, []])
  })

  it('hears only what the page may say', () => {
    expect(checkFrame('page', { op: 'type', data: 'SF1' })).toEqual([])
    expect(checkFrame('page', { op: 'control', data: 'BD:DONE' })).toEqual([])
    expect(checkFrame('page', { op: 'typed', data: 'x' })).not.toEqual([])
  })
})

describe('the check itself', () => {
  it('finds what is missing, too much or wrong', () => {
    expect(checkAnswer('GET', '/api/v1/auth/me', 200, {}).join()).toContain("'user'")
    expect(checkAnswer('GET', '/api/v1/auth/me', 418, { code: 'teapot' }).join()).toContain("'detail'")
    expect(checkAnswer('POST', '/api/v1/auth/logout', 200, {})).not.toEqual([])
    expect(checkRequest('GET', '/api/v1/units', new URLSearchParams('warehose=HZ1'), undefined)).toEqual(['?warehose is not known'])
    expect(checkRequest('GET', '/api/v1/reports/board', new URLSearchParams(), undefined)).toEqual(['?warehouse is missing'])
    expect(checkRequest('POST', '/api/v1/stations', new URLSearchParams(), { name: '7', bench: 'HZ1/7', kind: 'qc' }).join()).toContain('kind')
    expect(checkFrame('live', { op: 'hello', seq: 1, more: 2 })).not.toEqual([])
    expect(checkFrame('page', { op: 'link', link: {} })).not.toEqual([])
  })
})
