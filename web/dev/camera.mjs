// The mock's photos and videos: a tus server that keeps what it gets, can be away, cut a part off or refuse, and a few files to look at.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const file = (name) => readFileSync(new URL(`./media/${name}`, import.meta.url))
const text = (b64) => Buffer.from(b64 ?? '', 'base64').toString()

/** What the pages show: made-up evidence of every parcel. The video's scans stand where the picture says so. */
export function samples(plate) {
  const row = (number, kind, name, ago, more = {}) => ({
    number, kind, type: kind === 'video' ? 'video/webm' : 'image/jpeg', size: file(name).length, sha256: createHash('sha256').update(file(name)).digest('hex'), captured_at: new Date(Date.now() - ago * 1000).toISOString(),
    added_at: new Date(Date.now() - ago * 1000 + 4000).toISOString(), duration_ms: kind === 'video' ? 6000 : 0, unit: '', bench: '3 号收货台', by: '李敏', content: `/api/v1/evidence/${number}/content`,
    thumbnail: kind === 'video' ? '' : `/api/v1/evidence/${number}/thumbnail`, chapters: [], ...more,
  })
  const chapter = (at_ms, code, verdict, data, more = {}) => ({ at_ms, code, verdict, data, plate: '', params: {}, producer: 'c0ffee00c0ffee00c0ffee00c0ffee00', seq: 1 + at_ms, ...more })
  return [
    row('E000011', 'photo', 'label.jpg', 5400),
    row('E000012', 'damage', 'damage.jpg', 5340, { unit: plate }),
    row('E000013', 'video', 'unboxing.webm', 5410, {
      chapters: [
        chapter(0, 'parcel_opened', 'accepted', 'SF143802769951'),
        chapter(2000, 'matched', 'accepted', '6901443214507', { plate, params: { sku: '轻羽绒夹克 女款 雾蓝 / M', sku_en: 'Light down jacket, women Mist blue / M' } }),
        chapter(4000, 'wrong_item', 'attention', '6921734912305', { plate: 'U0000001218', params: { sku: '旧款有线耳机', sku_en: 'Old wired earphones' } }),
        chapter(5500, 'closed_short', 'attention', 'BD:DONE'),
      ],
    }),
  ]
}

const mediaOf = { E000011: ['label.jpg', 'image/jpeg'], E000012: ['damage.jpg', 'image/jpeg'], E000013: ['unboxing.webm', 'video/webm'] }

export function makeCamera() {
  let uploads, away, cut, refuse
  const reset = () => {
    uploads = []
    away = false
    cut = 0
    refuse = ''
  }
  reset()

  const problem = (res, status, code) => {
    res.writeHead(status, { 'content-type': 'application/problem+json', 'tus-resumable': '1.0.0' })
    res.end(JSON.stringify({ type: 'about:blank', title: code, status, detail: code, code }))
  }

  async function upload(req, res, url) {
    if (away) return req.destroy()
    if (req.headers['tus-resumable'] !== '1.0.0') return problem(res, 412, 'tus_version')
    const head = { 'tus-resumable': '1.0.0', 'cache-control': 'no-store' }
    if (req.method === 'POST') {
      const metadata = Object.fromEntries((req.headers['upload-metadata'] ?? '').split(',').map((p) => p.trim().split(' ')).map(([k, v]) => [k, text(v)]))
      const u = { id: String(uploads.length + 1).padStart(32, '0'), length: Number(req.headers['upload-length']), content: Buffer.alloc(0), parts: 0, metadata, csrf: req.headers['x-csrf-token'] ?? '' }
      uploads.push(u)
      res.writeHead(201, { ...head, location: `/api/v1/evidence/uploads/${u.id}` })
      return res.end()
    }
    const u = uploads.find((x) => url.pathname.endsWith(x.id))
    if (!u) return problem(res, 404, 'upload_not_found')
    if (req.method === 'HEAD') {
      res.writeHead(200, { ...head, 'upload-offset': u.content.length, 'upload-length': u.length })
      return res.end()
    }
    const parts = []
    for await (const part of req) parts.push(part)
    if (Number(req.headers['upload-offset']) !== u.content.length) return problem(res, 409, 'upload_offset')
    const got = Buffer.concat(parts)
    if (cut > 0) {
      cut--
      u.content = Buffer.concat([u.content, got.subarray(0, got.length >> 1)]) // half of it arrived, and no answer comes
      return req.destroy()
    }
    if (refuse) return problem(res, 422, refuse)
    u.content = Buffer.concat([u.content, got])
    u.parts++
    res.writeHead(204, { ...head, 'upload-offset': u.content.length })
    res.end()
  }

  /** A file of a piece of evidence, with ranges as a player asks for them. */
  function serve(req, res, number, what) {
    const [name, type] = mediaOf[number] ?? []
    if (!name) return problem(res, 404, 'evidence_not_found')
    if (what === 'chapters.vtt') {
      res.writeHead(200, { 'content-type': 'text/vtt; charset=utf-8' })
      return res.end('WEBVTT\n')
    }
    const body = file(name)
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? []
    const head = { 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' }
    if (from === undefined) {
      res.writeHead(200, { ...head, 'content-length': body.length })
      return res.end(body)
    }
    const end = Math.min(to === '' ? body.length - 1 : Number(to), body.length - 1)
    res.writeHead(206, { ...head, 'content-length': end - Number(from) + 1, 'content-range': `bytes ${from}-${end}/${body.length}` })
    res.end(body.subarray(Number(from), end + 1))
  }

  /** Drives the mock from a test, and says what has arrived. */
  function control(b) {
    if (b.away !== undefined) away = b.away
    if (b.cut !== undefined) cut = b.cut
    if (b.refuse !== undefined) refuse = b.refuse
    return {
      uploads: uploads.map((u) => ({
        metadata: u.metadata, csrf: u.csrf, parts: u.parts, length: u.length, done: u.content.length === u.length, whole: createHash('sha256').update(u.content).digest('hex') === u.metadata.sha256,
        head: u.content.subarray(0, 4).toString('hex'),
      })),
    }
  }

  return { reset, upload, serve, control }
}
