// A make-believe other end of the station line, for the page of a bench without an agent: it keeps the order, stores answers, and can go away.
export function makeLine(sockets, bench) {
  let producers, down
  const reset = () => {
    producers = new Map()
    down = false
  }
  const known = (p) => producers.get(p) ?? producers.set(p, []).get(p)

  sockets.on('connection', (socket) => {
    let producer = ''
    const say = (m) => socket.readyState === 1 && socket.send(JSON.stringify(m))
    const refuse = (code) => {
      say({ op: 'error', code, message: code, fatal: true })
      socket.close()
    }
    socket.on('message', (raw) => {
      const m = JSON.parse(String(raw))
      if ((producer === '') !== (m.op === 'hello')) return refuse('hello_first')
      if (m.op === 'hello') {
        producer = m.producer
        say({ op: 'welcome', version: 1, last_seq: known(producer).length, server_time: new Date().toISOString(), station: 'page', view: bench.state().view })
      }
      if (m.op === 'lease') say({ op: 'plates', blocks: [{ first: 1, count: m.count }] })
      if (m.op !== 'scans') return
      const list = known(producer)
      for (const scan of m.scans) {
        if (scan.seq > list.length + 1) return refuse('seq_gap')
        if (scan.seq <= list.length && JSON.stringify(list[scan.seq - 1]) !== JSON.stringify(scan)) return refuse('seq_conflict')
        if (scan.seq === list.length + 1) list.push(scan)
      }
      const at = new Date().toISOString()
      say({ op: 'outcomes', last_seq: list.length, outcomes: m.scans.map((s) => ({ seq: s.seq, verdict: 'accepted', code: 'matched', tone: 'ok', tote: 'blue', params: { sku: s.data }, at })) })
    })
  })

  reset()
  return {
    reset,
    isDown: () => down,
    control(b) {
      if (b.down !== undefined) down = b.down
      if (down) sockets.clients.forEach((c) => c.terminate())
      return { producers: [...producers].map(([producer, scans]) => ({ producer, scans })) }
    },
  }
}
