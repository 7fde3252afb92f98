// A make-believe bench for looking at the station page without an agent: one parcel, a handful of rules. The real rules live in receiving/desk.

const line = (id, sku, name, name_en, spec, spec_en, code, expected) => ({ id, sku, name, name_en, spec, spec_en, code, color: '', expected, received: 0, finding: '', last: false, plates: [] })

const parcel = () => ({
  number: 'P004291', kind: 'customer_return', waybill: 'SF1438027 69951'.replace(' ', ''), carrier: 'sf', owner: '拾物家居', cases: ['RT-261123-0417'], orders: ['TB2611200187'],
  reason: 'quality', buyer_words: '尺码偏小，耳机左耳无声', note: '', opened_at: new Date().toISOString(), deadline: new Date(Date.now() + 5.4 * 3600e3).toISOString(), expected: 5, received: 0,
  lines: [
    line('1', 'JK-W-BLUE-M', '轻羽绒夹克 女款', 'Light down jacket, women', '雾蓝 / M', 'Mist blue / M', '6901443214507', 1),
    line('2', 'EB-PRO-WHT', '无线蓝牙耳机 Pro', 'Wireless earbuds Pro', '白色', 'White', '6954821770316', 1),
    line('3', 'BD-4PC-GRY', '纯棉四件套', 'Cotton bedding set, 4 pieces', '1.8 m / 浅灰', '1.8 m / light grey', '6923450657713', 2),
    line('4', 'CUP-500-GRN', '不锈钢保温杯', 'Stainless steel flask', '500 ml / 墨绿', '500 ml / dark green', '6937526503743', 1),
  ],
})

export function makeBench(send) {
  let seq, plate, online, state
  const producer = 'c0ffee00c0ffee00c0ffee00c0ffee00'

  function reset() {
    seq = 0
    plate = 120
    online = true
    state = {
      station: 'bench-3', bench: '3 号收货台', version: '1.0.0', lang: 'zh', plates_left: 380,
      link: { online: true, queued: 0, since: new Date(Date.now() - 3600e3).toISOString(), server: 'https://backdock.example', offset_ms: 12 },
      devices: [{ name: '扫码枪 1', url: 'serial://?vid=0c2e&pid=0b6a', state: 'connected', since: new Date().toISOString(), scans: 214 }],
      view: { version: 1, bench: '3 号收货台', number: 3, kind: 'receiving', warehouse: '华东退货仓', time_zone: 'Asia/Shanghai', clerk: '李敏', parcel: null, choices: [], today: { parcels: 41, pieces: 96 } },
      recent: [], notices: [], printing: null, weight: null,
      differences: { all: 0, list: [] }, expected: { returns: 812, checked: new Date().toISOString() },
    }
    publish()
  }
  const publish = () => send({ op: 'state', state })

  function view(change) {
    change(state.view)
    state.view.version++
    send({ op: 'view', view: state.view })
  }

  const outcomeOf = (scan, verdict, code, tone, params = {}, more = {}) => ({ seq: scan.seq, verdict, code, tone, params, at: new Date().toISOString(), clerk: '李敏', ...more })
  const nextPlate = () => `U${String(++plate).padStart(9, '0')}7`
  const mark = (l) => state.view.parcel.lines.forEach((x) => (x.last = x === l))

  function judge(scan) {
    const v = state.view
    const up = scan.data.toUpperCase()
    if (up.startsWith('BD:')) return control(scan, up)
    if (/^SF\d{12}$/.test(up)) {
      view((w) => ((w.parcel = parcel()), (w.choices = [])))
      return outcomeOf(scan, 'accepted', 'parcel_opened', 'ok', { waybill: up, expected: '5' }, { parcel: v.parcel.number })
    }
    if (!v.parcel) return outcomeOf(scan, 'attention', 'scan_waybill_first', 'mid')
    const l = v.parcel.lines.find((x) => x.code === scan.data)
    if (l && l.expected > 0 && l.received < l.expected) {
      const p = nextPlate()
      view((w) => {
        l.received++
        l.finding = 'match'
        l.plates = [...l.plates, p]
        w.parcel.received++
        mark(l)
      })
      return outcomeOf(scan, 'accepted', 'matched', 'ok', { sku: l.name, sku_en: l.name_en, received: String(l.received), expected: String(l.expected) }, { tote: 'blue', plate: p, effects: [{ kind: 'unit_booked', plate: p, sku: l.sku }] })
    }
    if (l) return outcomeOf(scan, 'attention', 'over', 'mid', { sku: l.name, sku_en: l.name_en, expected: String(l.expected) })
    const p = nextPlate()
    const wrong = scan.data === '6901443214514'
    view((w) => {
      const row = wrong
        ? line(`x${scan.seq}`, 'JK-W-BLK-XL', '轻羽绒夹克 女款', 'Light down jacket, women', '黑 / XL', 'Black / XL', scan.data, 0)
        : line(`x${scan.seq}`, '', '未知商品（不在退货单内）', 'Unknown item (not on this return)', '', '', scan.data, 0)
      Object.assign(row, { received: 1, finding: wrong ? 'wrong_spec' : 'unknown_item', plates: [p] })
      w.parcel.lines.push(row)
      mark(row)
    })
    if (wrong) return outcomeOf(scan, 'attention', 'wrong_spec', 'low', { want: '雾蓝 M', got: '黑 XL', want_en: 'blue M', got_en: 'black XL' }, { tote: 'red', plate: p, effects: [{ kind: 'unit_booked', plate: p, sku: 'JK-W-BLK-XL' }] })
    return outcomeOf(scan, 'attention', 'wrong_item', 'low', { sku: '旧款有线耳机', sku_en: 'Old wired earphones' }, { tote: 'red', plate: p, effects: [{ kind: 'unit_booked', plate: p }] })
  }

  function control(scan, up) {
    const v = state.view
    const last = v.parcel?.lines.find((l) => l.last)
    switch (true) {
      case up === 'BD:UNDO': {
        if (!last || last.received === 0) return outcomeOf(scan, 'rejected', 'nothing_to_undo', 'error')
        const p = last.plates.at(-1)
        view((w) => {
          last.received--
          last.plates = last.plates.slice(0, -1)
          if (last.expected === 0) w.parcel.lines = w.parcel.lines.filter((l) => l !== last)
          else w.parcel.received--
        })
        return outcomeOf(scan, 'accepted', 'undone', 'ok', { what: 'unit_booked', sku: last.name, sku_en: last.name_en, plate: p }, { effects: [{ kind: 'unit_undone', plate: p }] })
      }
      case up.startsWith('BD:CONDITION:'):
        if (!last) return outcomeOf(scan, 'rejected', 'nothing_to_mark', 'error')
        view(() => (last.condition = up.slice(13).toLowerCase()))
        return outcomeOf(scan, 'accepted', 'condition_set', 'ok', { condition: last.condition, plate: last.plates.at(-1) }, { tote: 'yellow' })
      case up === 'BD:HOLD':
        view((w) => (w.parcel = null))
        return outcomeOf(scan, 'accepted', 'held', 'done', { parcel: 'P004291' })
      case up === 'BD:EXCEPTION':
        return outcomeOf(scan, 'accepted', 'exception_noted', 'ok', { parcel: v.parcel?.number ?? '' })
      case up === 'BD:PHOTO':
        if (!v.parcel) return outcomeOf(scan, 'rejected', 'nothing_open', 'error')
        return outcomeOf(scan, 'accepted', 'photo_asked', 'ok', { parcel: v.parcel.number, ...(last ? { plate: last.plates.at(-1) } : {}) }, { parcel: v.parcel.number })
      case up === 'BD:DONE': {
        if (!v.parcel) return outcomeOf(scan, 'rejected', 'nothing_open', 'error')
        const short = v.parcel.lines.filter((l) => l.received < l.expected)
        const got = v.parcel.lines.reduce((n, l) => n + l.received, 0)
        if (got === 0) return outcomeOf(scan, 'attention', 'zero_pieces', 'mid')
        const missing = v.parcel.expected - v.parcel.received
        view((w) => {
          w.parcel = null
          w.today = { parcels: w.today.parcels + 1, pieces: w.today.pieces + got }
        })
        if (short.length) return outcomeOf(scan, 'attention', 'closed_short', 'mid', { pieces: String(got), missing: String(missing), names: short.map((l) => l.name).join('、'), names_en: short.map((l) => l.name_en).join(', ') })
        return outcomeOf(scan, 'accepted', 'closed', 'done', { pieces: String(got) })
      }
      case up.startsWith('BD:CHOOSE:'):
        view((w) => ((w.parcel = parcel()), (w.choices = [])))
        return outcomeOf(scan, 'accepted', 'parcel_opened', 'ok', { waybill: 'SF143802769951', expected: '5' })
      default:
        return outcomeOf(scan, 'rejected', 'control_unknown', 'error', { code: scan.data })
    }
  }

  function guess(scan) {
    const l = state.view.parcel?.lines.find((x) => x.code === scan.data && x.expected > 0)
    if (l) return { verdict: 'accepted', code: 'provisional_match', sku: l.sku, name: l.name, name_en: l.name_en, expected: l.expected, received: l.received + 1 }
    if (state.view.parcel && /^\d{13}$/.test(scan.data)) return { verdict: 'attention', code: 'provisional_not_expected' }
    return { verdict: 'unknown', code: 'provisional_unknown' }
  }

  function scan(data, source = 'device', forced) {
    const s = { producer, seq: ++seq, data, symbology: '', device: source === 'device' ? '扫码枪 1' : '', source, captured_at: new Date().toISOString(), lights: { captured: true, accepted: false, applied: false }, flags: [], outcome: null, provisional: null }
    if (!online) s.provisional = guess(s)
    state.recent = [s, ...state.recent].slice(0, 30)
    send({ op: 'scan', scan: s })
    if (online) settle(s, forced)
    else queue()
    return s
  }
  function queue() {
    state.link = { ...state.link, queued: state.recent.filter((s) => !s.lights.accepted).length }
    send({ op: 'link', link: state.link })
  }
  function settle(s, forced) {
    const outcome = forced ? { seq: s.seq, at: new Date().toISOString(), ...forced } : judge(s)
    Object.assign(s, { lights: { captured: true, accepted: true, applied: true }, outcome, provisional: null })
    send({ op: 'scan', scan: s })
  }
  function link(on) {
    online = on
    state.link = { ...state.link, online: on, since: new Date(Date.now() - (on ? 0 : 12 * 60e3)).toISOString() }
    send({ op: 'link', link: state.link })
    if (!on) return
    for (const s of [...state.recent].reverse()) {
      if (s.lights.accepted) continue
      const said = s.provisional
      settle(s)
      if (said && said.verdict !== 'unknown' && (said.verdict === 'accepted') !== (s.outcome.verdict === 'accepted')) {
        differ([...state.differences.list, { producer, seq: s.seq, data: s.data, device: s.device, captured_at: s.captured_at, mono_us: s.seq * 1_000_000, said, outcome: s.outcome, at: new Date().toISOString() }])
      }
    }
    queue()
  }
  function differ(list) {
    state.differences = { all: list.length, list }
    send({ op: 'differences', differences: state.differences })
  }
  const dealt = (m) => differ(state.differences.list.filter((d) => d.producer !== m.producer || d.seq !== m.seq))
  function patch(change) {
    if (change.view && state.view) Object.assign(state.view, change.view, { version: state.view.version + 1 })
    const { view: _, ...rest } = change
    Object.assign(state, rest)
    publish()
  }

  /** Something that happened without a scan. */
  function notice(code, more = {}) {
    const n = { code, device: '扫码枪 1', tone: 'error', at: new Date().toISOString(), ...more }
    state.notices = [n, ...state.notices]
    send({ op: 'notice', notice: n })
  }

  /** The agent's answers about labels: a copy waits in the queue, a doubt is settled. */
  function print(what, { plate, reason, printed }) {
    const p = state.printing
    if (!p) return { status: 400, code: 'no_printer', detail: 'this station has no printer: print the label from the browser' }
    if (what === 'reprint') {
      if (!reason) return { status: 400, code: 'reason_missing', detail: 'say why a second label is needed' }
      p.waiting = [...p.waiting, { plate, name: '', copy: 2, reason, at: new Date().toISOString() }]
    } else {
      const row = p.doubtful.find((r) => r.plate === plate)
      if (!row) return { status: 409, code: 'no_doubt', detail: 'that label is not in question any more' }
      p.doubtful = p.doubtful.filter((r) => r !== row)
      if (!printed) p.waiting = [...p.waiting, row]
    }
    send({ op: 'printing', printing: p })
    return null
  }

  reset()
  return { reset, scan, link, notice, patch, dealt, print, state: () => state }
}
