// Sample data for the mock: a quiet afternoon in a returns warehouse.
const ago = (hours) => new Date(Date.now() - hours * 3600e3).toISOString()
const cny = (yuan) => ({ minor: Math.round(yuan * 100), currency: 'CNY' })

export const goods = [
  ['EB-PRO-WHT', '无线蓝牙耳机 Pro', 'Wireless earbuds Pro', '白色', 'White', 'electronics', 459],
  ['JK-W-BLUE-M', '轻羽绒夹克 女款', 'Light down jacket, women', '雾蓝 / M', 'Mist blue / M', 'apparel', 699],
  ['BD-4PC-GRY', '纯棉四件套', 'Cotton bedding set, 4 pieces', '1.8 m / 浅灰', '1.8 m / light grey', 'home', 329],
  ['CUP-500-GRN', '不锈钢保温杯', 'Stainless steel flask', '500 ml / 墨绿', '500 ml / dark green', 'home', 89],
  ['PH-X12-256', '手机 X12', 'Phone X12', '256 GB / 钛灰', '256 GB / titanium', 'phone', 4299],
  ['SH-RUN-42', '跑鞋 云感', 'Running shoes Cloud', '黑白 / 42', 'Black-white / 42', 'apparel', 519],
]
const findings = ['match', 'match', 'match', 'damaged', 'wrong_spec', 'match', 'accessory_missing', 'match', 'undeclared', 'match']
const checkDigit = (d) => (10 - ([...d].reverse().reduce((s, c, i) => s + Number(c) * (i % 2 ? 1 : 3), 0) % 10)) % 10
export const plateOf = (n) => {
  const d = String(n).padStart(9, '0')
  return `U${d}${checkDigit(d)}`
}

export function units() {
  return Array.from({ length: 26 }, (_, i) => {
    const [sku, name, name_en, spec, spec_en, category, value] = goods[i % goods.length]
    const finding = findings[i % findings.length]
    const hours = [0.4, 0.9, 1.6, 2.2, 3.5, 5, 7, 9, 14, 20, 26, 31, 47, 70, 76, 90][i % 16] + i / 50
    return {
      plate: plateOf(1200 + i * 7), sku, name, name_en, spec, spec_en, color: '', state: 'quarantine', account: finding === 'wrong_spec' ? 'custody' : 'quarantine', finding, condition: ['opened', 'sealed', 'damaged', ''][i % 4],
      parcel: `P${String(4200 + i).padStart(6, '0')}`, case: `RT-2611${20 + (i % 4)}-${String(400 + i).padStart(4, '0')}`, reason: ['quality', 'size_fit', 'changed_mind', 'wrong_spec'][i % 4], received_at: ago(hours), received_by: ['李敏', '赵强', '孙丽'][i % 3],
      value: cny(value), category, owner: '拾物家居', warehouse: 'HZ1', version: 3, place: i % 3 ? '' : 'B-Q1', age_s: Math.round(hours * 3600), ...(i === 9 ? { deadline: ago(0.5) } : i % 5 === 0 ? { deadline: ago(-6) } : {}),
    }
  })
}

const checklists = {
  electronics: [['power', '能开机，左右耳都有声音', 'Powers on, both sides play', true], ['bluetooth', '能配对', 'Pairs', true], ['seal', '耳塞无使用痕迹', 'Ear tips unused', true], ['parts', '充电仓、线、耳塞齐全', 'Case, cable and tips complete', true]],
  phone: [['lock', '激活锁已关', 'Activation lock off', true], ['imei', 'IMEI 与订单一致', 'IMEI matches the order', true], ['wiped', '数据已清除', 'Data wiped', true], ['screen', '屏幕无划痕', 'Screen unscratched', true], ['battery', '电池健康 ≥ 90%', 'Battery health ≥ 90 %', false]],
  apparel: [['tag', '吊牌在，未剪', 'Tag attached, uncut', true], ['worn', '无穿着、洗涤痕迹', 'Not worn or washed', true], ['stain', '无污渍、异味', 'No stain or smell', true]],
  home: [['seal', '卫生封条完好', 'Hygiene seal unbroken', true], ['parts', '件数齐全', 'All parts there', true], ['damage', '无磕碰', 'No dents', false]],
}

export function detailOf(u) {
  const n = u.case
  const shipped = u.finding === 'wrong_spec' ? { shipped_sku: `${u.sku}-2`, ...(u.category === 'apparel' ? { shipped_spec: '黑 / XL', shipped_spec_en: 'Black / XL' } : { shipped_spec: '128 GB / 黑', shipped_spec_en: '128 GB / black' }) } : { shipped_sku: u.sku, shipped_spec: u.spec, shipped_spec_en: u.spec_en }
  return {
    ...u,
    order: {
      number: `TB26111${u.plate.slice(-5)}`, placed_at: ago(24 * 9), shop: '拾物家居旗舰店',
      lines: [
        { sku: u.sku, name: u.name, name_en: u.name_en, spec: u.spec, ordered: u.spec, ordered_en: u.spec_en, ...shipped, quantity: 1, paid: u.value },
        { sku: 'BAG-GIFT', name: '赠品 收纳袋', name_en: 'Gift: storage bag', spec: '均码', ordered: '均码', ordered_en: 'One size', shipped_sku: 'BAG-GIFT', shipped_spec: '均码', shipped_spec_en: 'One size', quantity: 1, paid: cny(0) },
      ],
    },
    case: {
      number: n, type: 'return_refund', reason: u.reason, buyer_words: { quality: '左耳没有声音，充过电也一样。盒子和配件都在，请尽快处理。', size_fit: '尺码偏小，肩膀紧', changed_mind: '收到后不太喜欢，没有用过', wrong_spec: '颜色和规格都发错了' }[u.reason],
      decision: 'approved', goods: 'received', judgement: 'pending', money: 'due', status: 'received',
      history: u.reason === 'quality' ? [{ number: 'RT-260904-0112', type: 'return_refund', reason: 'changed_mind', state: 'settled', at: ago(24 * 80) }] : [],
    },
    serial: '', batch: '', expiry: '', scanned: '6954821770316', codes: ['6954821770316'], checklist: (checklists[u.category] ?? []).map(([key, title, title_en, blocks_grade_a]) => ({ key, title, title_en, kind: 'bool', blocks_grade_a, hazard: key === 'battery' })),
    timeline: [
      { at: u.received_at, type: 'backdock.unit.received.v1', by: u.received_by, text_code: 'unit.received', params: {} },
      ...(u.condition ? [{ at: u.received_at, type: 'backdock.unit.condition_set.v1', by: u.received_by, text_code: 'unit.condition_set', params: { condition: u.condition } }] : []),
    ],
    inspection: null, refund: { number: `RF-${n.slice(3)}`, state: 'requested', amount: u.value }, can: { inspect: true, undo: false, why: 'not_inspected' }, min_days: 30, second_look: '', title: 'ours',
    ...(u.plate === plateOf(1200 + 21) ? { expiry: '2026-12-05', days_left: 12, batch: 'L2611' } : {}),
  }
}

/** A unit as the queue shows it. */
export function rowOf(u) {
  const { order, serial, batch, expiry, days_left, min_days, second_look, block, title, scanned, codes, checklist, timeline, inspection, refund, can, ...row } = u
  return { ...row, case: u.case.number }
}

/** The scan that the board shows as set aside. */
export const parkedScan = () => ({
  producer: 'c0ffee00c0ffee00c0ffee00c0ffee07', seq: 4123, warehouse: 'HZ1', bench: '2 号收货台', clerk: '孙丽', data: '6954821770316', captured_at: ago(0.1), decided_at: ago(0.1), verdict: 'rejected', code: 'parked', params: { reason: 'check', plate: plateOf(1533) }, plate: '', parcel: 'P004291', parked: true,
})

export function board(seq) {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Shanghai' }).format(new Date()))
  const shape = { 8: [183, 96, 160], 9: [264, 189, 240], 10: [311, 254, 292], 11: [349, 302, 331], 12: [206, 177, 226], 13: [289, 241, 252], 14: [357, 322, 330], 15: [402, 372, 352], 16: [227, 198, 320], 17: [240, 220, 262], 18: [120, 110, 170], 19: [60, 50, 85] }
  return {
    warehouse: 'HZ1', time_zone: 'Asia/Shanghai', now: new Date().toISOString(), seq,
    kpi: {
      parcels: { today: 1284 + (seq % 50), yesterday: 1187 }, pieces: { today: 2917 + (seq % 50), yesterday: 2618 }, median_handling_s: { today: 106, yesterday: 115 }, match_rate: { today: 0.963, yesterday: 0.971 },
      quarantine: { now: 214, yesterday: 183, over_3d: 12 }, refunded_minor: { today: 18642000, yesterday: 17570100, currency: 'CNY' }, pieces_per_labour_hour: { today: 61.4, yesterday: 58.2 },
    },
    hours: Array.from({ length: 24 }, (_, h) => ({ hour: h, received: h <= Math.max(hour, 16) ? (shape[h]?.[0] ?? 0) : 0, released: h <= Math.max(hour, 16) ? (shape[h]?.[1] ?? 0) : 0, yesterday: shape[h]?.[2] ?? 0 })),
    target_per_hour: 320,
    ageing: [{ cause: 'to_inspect', buckets: [64, 38, 11, 2] }, { cause: 'mismatch', buckets: [12, 18, 9, 4] }, { cause: 'damaged', buckets: [9, 14, 7, 3] }, { cause: 'unknown_owner', buckets: [4, 8, 8, 3] }],
    exceptions: [
      { kind: 'serial_mismatch', ref: plateOf(1228), detail: 'PH-X12-256', params: {}, since: ago(28), severity: 'high', owner: '' },
      { kind: 'wrong_item', ref: plateOf(1263), detail: 'EB-OLD-BLK', params: {}, since: ago(3.2), severity: 'high', owner: '' },
      { kind: 'refund_unknown', ref: 'RF-261123-0102', detail: 'SYSTEM_ERROR', params: {}, since: ago(0.6), severity: 'high', owner: '' },
      { kind: 'parked', ref: `${parkedScan().producer}:${parkedScan().seq}`, detail: 'parked', params: {}, since: ago(0.1), severity: 'high', owner: '' },
      { kind: 'unknown_owner', ref: 'P004288', detail: 'YT8830447120611', params: {}, since: ago(0.87), severity: 'mid', owner: '' },
      { kind: 'over', ref: plateOf(1305), detail: 'BD-4PC-GRY', params: {}, since: ago(0.15), severity: 'mid', owner: '' },
    ],
    exceptions_total: 6,
    refunds: { due: { n: 38, minor: 1204500 }, requested: { n: 6, minor: 412900 }, authorized: { n: 3, minor: 91200 }, sending: { n: 4, minor: 120000 }, accepted: { n: 11, minor: 388000 }, unknown: { n: 1, minor: 45900 }, succeeded_today: { n: 412, minor: 18642000 }, held: { n: 2, minor: 69900 }, failed: { n: 1, minor: 8900 } },
    stations: [
      { id: '1', number: 1, name: '1 号收货台', clerk: '赵强', last_scan: ago(4 / 3600), rate_per_hour: 78, state: 'ok', devices: [{ name: '扫码枪 1', state: 'connected' }] },
      { id: '2', number: 2, name: '2 号收货台', clerk: '孙丽', last_scan: ago(11 / 3600), rate_per_hour: 84, state: 'ok', devices: [{ name: '扫码枪 1', state: 'connected' }] },
      { id: '3', number: 3, name: '3 号收货台', clerk: '李敏', last_scan: ago(2 / 3600), rate_per_hour: 91, state: 'ok', devices: [{ name: '扫码枪 1', state: 'connected' }] },
      { id: '4', number: 4, name: '4 号收货台', clerk: '周涛', last_scan: ago(26 / 3600), rate_per_hour: 52, state: 'fallback', devices: [{ name: '扫码枪 1', state: 'gone' }] },
      { id: '5', number: 5, name: '5 号收货台', clerk: '', last_scan: ago(38 / 60), rate_per_hour: 0, state: 'idle', devices: [{ name: '扫码枪 1', state: 'connected' }] },
      { id: '6', number: 6, name: '6 号收货台', clerk: '吴迪', last_scan: ago(7 / 60), rate_per_hour: 0, state: 'offline', devices: [] },
    ],
    unclaimed: { n: 23, over_3d: 3 }, at_dock: 57, queue: dockQueue().slice(0, 5), due_today: 4, unscanned: { n: 3, minor: 612700, oldest: ago(31) }, stock: { available: 8412, second_grade: 366, quarantine: 214, custody: 61 },
  }
}

/** What stands at the dock, in the order of fetching. */
export const dockQueue = () => Array.from({ length: 12 }, (_, i) => ({
  number: `P${String(4260 - i).padStart(6, '0')}`, waybill: `SF14380${2769951 - i * 131}`, carrier: ['sf', 'yto', 'zto'][i % 3], kind: i === 9 ? 'unknown' : 'customer_return', shelf: i % 4 === 0 ? `A-0${1 + (i % 3)}` : '', owner: i === 9 ? '' : 'SHIWU', cases: i === 9 ? [] : [`RT-261123-${String(400 + i).padStart(4, '0')}`],
  since: ago(26 - i * 2), ...(i < 4 ? { deadline: ago(1 - i * 2) } : {}), value: cny(459 + i * 37),
}))
export const unscanned = () => ({
  items: [31, 22, 15].map((h, i) => ({ waybill: `YT883044712061${i}`, carrier: 'yto', owner: 'SHIWU', case: `RT-261122-0${310 + i}`, value: cny([4299, 1129, 699][i]), signed_at: ago(h), raised_at: ago(h - 12) })),
  total: 3, value: cny(6127), policy: { hours: 12, opens_min: 480, closes_min: 1200 },
})
export const handovers = () => [
  { id: 3, carrier: 'zto', bench: '20 号收货口', clerk: '吴迪', state: 'open', parcels: 18, turned: 0, opened_at: ago(0.3) },
  { id: 2, carrier: 'yto', bench: '20 号收货口', clerk: '吴迪', state: 'closed', parcels: 41, turned: 2, opened_at: ago(2.4), closed_at: ago(2.1) },
  { id: 1, carrier: 'sf', bench: '20 号收货口', clerk: '吴迪', state: 'closed', parcels: 96, turned: 0, opened_at: ago(5), closed_at: ago(4.4) },
]
/** Work done: by operator, by bench, or by both and hour. */
export function workDone(by, day) {
  const row = (operator, bench, pieces, minutes, more = {}) => ({ day: '', bench, operator, parcels_docked: 0, parcels_opened: 0, parcels_closed: 0, pieces, inspections: 0, put_aways: 0, errors: 0, minutes, pieces_per_hour: minutes ? (pieces * 60) / minutes : 0, ...more })
  const rows = [row('李敏', '3 号收货台', 96, 90, { parcels_opened: 42, parcels_closed: 41 }), row('赵强', '1 号收货台', 78, 95, { parcels_opened: 33, parcels_closed: 33, errors: 1 }), row('吴迪', '20 号收货口', 0, 60, { parcels_docked: 155 }), row('王芳', '', 0, 70, { inspections: 64 })]
  const shown = by === 'operator' ? rows.map((r) => ({ ...r, bench: '' })) : by === 'bench' ? rows.slice(0, 3).map((r) => ({ ...r, operator: '' })) : rows.flatMap((r) => [9, 10].map((hour) => ({ ...r, day, hour })))
  return { items: shown, total: row('', '', 174, 315, { parcels_docked: 155, parcels_opened: 75, parcels_closed: 74, inspections: 64, errors: 1 }), seq: 4821 }
}

const pick = (list, i) => list[i % list.length]

export const parcels = () => Array.from({ length: 18 }, (_, i) => {
  const state = pick(['open', 'closed', 'closed', 'held', 'closed', 'at_dock'], i)
  const docked = state === 'at_dock'
  const unknown = i % 6 === 3
  const expected = unknown ? 0 : 2 + (i % 3)
  const pieces = docked ? 0 : 2 + (i % 3) - (i % 7 === 2 ? 1 : 0)
  return {
    number: `P${String(4291 - i).padStart(6, '0')}`, state, kind: pick(['customer_return', 'customer_return', 'refused', 'unknown', 'customer_return', 'intercepted'], i), waybill: `SF14380${2769951 - i * 377}`, carrier: 'sf', owner: unknown ? '' : '拾物家居', warehouse: 'HZ1',
    bench: docked ? '' : `${(i % 4) + 1} 号收货台`, clerk: docked ? '' : pick(['赵强', '孙丽', '李敏', '周涛'], i), cases: unknown ? [] : [`RT-261123-0${417 - i}`], note: '', shelf: unknown ? 'W-12' : '', expected, received: unknown ? 0 : pieces, pieces, created_at: ago(i / 3 + 0.3), version: 3,
    ...(docked ? {} : { opened_at: ago(i / 3) }), ...(state === 'closed' ? { closed_at: ago(i / 3 - 0.1) } : {}),
  }
})

const knit = { sku: 'KT-021-RED-M', name: '针织开衫', name_en: 'Knit cardigan', spec: '红 M', spec_en: 'Red M', color: '#b3262e' }
const lamp = { sku: 'DL-07-WHT', name: '阅读台灯', name_en: 'Reading lamp', spec: '白', spec_en: 'White', color: '#f2f2ee' }

/** Parcels of unknown owner with those who may own them. The first is old; the second has nobody yet; the third waits for a second person. */
export const unclaimed = () =>
  ['W-12', 'W-03', 'W-07'].map((shelf, i) => ({
    number: `P00420${i + 1}`, state: 'closed', waybill: i === 1 ? '' : `SF99990000${i}1234`, carrier: i === 1 ? '' : 'sf', warehouse: 'HZ1', shelf, pieces: 2 - (i % 2), weight_g: 640, created_at: ago([101, 20, 800][i]), age_s: [101, 20, 800][i] * 3600, old: i !== 1,
    ending: i === 2 ? 'disposed' : '', ...(i === 2 ? { asked_at: ago(700) } : {}),
    contents: [[{ ...knit, scanned: '6901234567892', n: 1 }, { ...lamp, scanned: '6901234567915', n: 1 }], [{ sku: '', name: '未识别商品', name_en: 'Unidentified item', spec: '', spec_en: '', color: '', scanned: 'X-77-0021', n: 1 }], [{ ...lamp, scanned: '6901234567915', n: 2 }]][i], version: 4,
    slip: '', phone_tail: false, origin: '', asked: '', asked_note: '', ends_from: ago([101, 20, 800][i] - 720), units: [], timeline: [],
    ...(i === 2 ? { end: { ending: 'disposed', reason: '受潮发霉', value_minor: 17800, requested_by: '李敏', requested_at: ago(3), confirmed_by: '', own: false, above_limit: false } } : {}),
    can: i === 2 ? ['claim', 'shelve', 'note', 'ask', 'confirm', 'withdraw'] : ['claim', 'shelve', 'note', 'ask', 'hand_back'],
    candidates: i === 0 ? [
      { n: 1, case: 'RT-261120-0388', order: 'TB2611150921', shop: '拾物家居旗舰店', shop_code: 'SW-TB', waits: true, score: 163, reasons: [{ why: 'serial', detail: 'L7-20931', points: 100 }, { why: 'sku_set', detail: '2', points: 40 }, { why: 'weight', detail: '655', points: 10 }, { why: 'waiting', detail: '', points: 8 }, { why: 'date', detail: '', points: 5 }], lines: [{ ...knit, awaited: 1, here: 1 }, { ...lamp, awaited: 1, here: 1 }] },
      { n: 2, case: '', order: 'TB2611130077', shop: '拾物家居旗舰店', shop_code: 'SW-TB', waits: false, score: 25, reasons: [{ why: 'sku_part', detail: '2', points: 20 }, { why: 'date', detail: '', points: 5 }], lines: [{ ...knit, awaited: 2, here: 1 }, { ...lamp, awaited: 1, here: 1 }] },
    ] : [],
  }))

/** What can be done with a refund, as receiving/aftersales/refund says. `mine`: the viewer asked for it. */
export const ways = (state, origin, mine) =>
  origin !== 'ours' ? ['attribute'] : ({ requested: mine ? ['cancel'] : ['authorize', 'cancel'], authorized: ['hold', 'cancel'], held: ['release', 'cancel'], failed: ['replace', 'pay_by_hand'] }[state] ?? [])

export const refunds = () => Array.from({ length: 12 }, (_, i) => {
  const state = pick(['requested', 'requested', 'accepted', 'succeeded', 'held', 'failed'], i)
  const origin = i === 3 ? 'platform' : 'ours'
  const sent = ['accepted', 'succeeded', 'failed'].includes(state)
  return {
    number: `RF-261123-0${417 - i}`, state, origin, amount: cny(pick([459, 699, 329, 89, 4299, 519], i)), deduction: cny(0), case: origin === 'ours' ? `RT-261123-0${417 - i}` : '', order: `TB26112001${87 - i}`, shop: '拾物家居旗舰店', shop_code: 'SW-TB', owner: '拾物家居', gateway: 'wechatpay',
    reason: pick(['quality', 'size_fit', 'changed_mind'], i), hold_code: state === 'held' ? 'NOT_ENOUGH' : '', refused_code: state === 'failed' ? 'USER_ACCOUNT_ABNORMAL' : '', requested_by: i % 6 === 1 ? '周经理' : '', authorized_by: '', requested_at: ago(i / 2 + 0.2), ...(sent ? { sent_at: ago(i / 2 + 0.1) } : {}), ...(state === 'succeeded' ? { settled_at: ago(i / 2) } : {}),
    can_authorize: i % 6 === 0, why: i % 6 === 0 ? '' : i % 6 === 1 ? 'same_person' : 'refund_state', can: ways(state, origin, i % 6 === 1), proof: '', version: 1,
  }
})

export const refundDetail = (r) => ({ gateway_refund_id: '', transaction_id: '4200002718202611230000000417', deduction_reason: '', replaces: '', replaced_by: '', ...r, lines: [], attempts: [], timeline: [] })

export const stations = () => board(1).stations.map((s, i) => ({
  id: String(s.number), name: `HZ1-${s.number}`, warehouse: 'HZ1', number: s.number, bench: s.name, clerk: s.clerk, state: s.state, version: '1.0.0', hostname: `bench-${s.number}`, last_scan: s.last_scan, revoked: i === 5,
  devices: i === 3 ? [{ name: '扫码枪 1', state: 'fault', code: 'port_busy', about: '/dev/ttyACM0', detail: '/dev/ttyACM0: another program holds the port; close it' }] : s.devices,
}))

/** A parcel with what was in it. */
export const parcelDetail = (row) => ({
  ...row, orders: row.cases.map((c) => c.replace('RT', 'TB')), waybills: [{ number: row.waybill, carrier: row.carrier, role: 'return', source: 'import' }], units: [], timeline: [],
  lines: row.expected === 0 ? [] : [{ sku: 'JK-W-BLUE-M', name: '轻羽绒夹克 女款', name_en: 'Light down jacket, women', spec: '雾蓝 / M', spec_en: 'Mist blue / M', expected: row.expected, received: row.received, finding: row.received < row.expected ? 'short' : 'match' }],
})

export const rollOf = (first, count, used = 0) => ({ warehouse: 'HZ1', first: plateOf(first), last: plateOf(first + count - 1), count, used, newest: used ? plateOf(first + used - 1) : '', leased_at: new Date(Date.now() - 26 * 3600e3).toISOString() })
export const rolls = () => [rollOf(12_001, 500, 131), rollOf(9_501, 500, 500)]
export const benches = () => [1, 2, 3].map((n) => ({ bench: `HZ1/${n}`, name: `${n} 号收货台`, warehouse: 'HZ1', kind: 'receiving', plates: n === 3 ? 'preprinted' : 'printed' }))
