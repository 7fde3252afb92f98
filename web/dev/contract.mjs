// Holds what the mock says, and what the pages ask of it, against the written contracts. A mock that drifts from the server would prove nothing.
import Ajv from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { asyncapi, openapi, served } from './specs.mjs'

const ajv = new Ajv({ strict: false, allErrors: true })
formats(ajv)
ajv.addSchema({ $id: served, ...openapi })
// A newer agent or server may say more than the document; the mock may not.
const closed = (document) => JSON.parse(JSON.stringify(document), (key, v) => (v?.properties && v.additionalProperties === undefined ? { ...v, additionalProperties: false } : v))
for (const [name, document] of Object.entries(asyncapi)) ajv.addSchema({ $id: `asyncapi:${name}`, ...closed(document) })

const pointer = (...steps) => '#/' + steps.map((s) => encodeURIComponent(String(s).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
const wrong = (ref, value) => {
  const check = ajv.getSchema(ref)
  if (!check) throw new Error(`no schema at ${ref}`)
  return check(value) ? [] : check.errors.map((e) => `${e.instancePath || '/'} ${e.message}${e.params.additionalProperty ? `: ${e.params.additionalProperty}` : ''}`)
}

const routes = Object.keys(openapi.paths).map((path) => ({ path, shape: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))

/** The operation behind a request: its path as the document writes it, and its method. */
export function operation(method, pathname) {
  // A path without parameters wins over one with: /stations/enroll is not /stations/{id}.
  const path = routes.filter((r) => r.shape.test(pathname)).sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0]?.path
  const found = path && openapi.paths[path][method.toLowerCase()]
  return found ? { path, method: method.toLowerCase(), id: found.operationId, found } : null
}

/** What is wrong with a request; nothing is an empty list. `query` is URLSearchParams. */
export function checkRequest(method, pathname, query, body) {
  const op = operation(method, pathname)
  if (!op) return [`${method} ${pathname} is not in the description`]
  const known = new Map((op.found.parameters ?? []).filter((p) => p.in === 'query').map((p) => [p.name, p]))
  const errors = [...query.keys()].filter((k) => !known.has(k)).map((k) => `?${k} is not known`)
  for (const p of known.values()) if (p.required && !query.has(p.name)) errors.push(`?${p.name} is missing`)
  const wanted = op.found.requestBody?.content?.['application/json']
  if (wanted) errors.push(...wrong(served + pointer('paths', op.path, op.method, 'requestBody', 'content', 'application/json', 'schema'), body))
  else if (body !== undefined) errors.push('a body where none is taken')
  return errors
}

/** What is wrong with an answer. */
export function checkAnswer(method, pathname, status, body) {
  const op = operation(method, pathname)
  if (!op) return [`${method} ${pathname} is not in the description`]
  const key = op.found.responses[status] ? String(status) : 'default'
  if (key === 'default' && status < 400) return [`${op.id} does not answer ${status}`]
  const [type] = Object.keys(op.found.responses[key].content ?? {})
  if (!type) return body === undefined ? [] : [`${op.id} answers ${status} without a body`]
  return wrong(served + pointer('paths', op.path, op.method, 'responses', key, 'content', type, 'schema'), body)
}

/** What is wrong with a frame of a socket: "live", "page" or "line". `op` names the message. */
export function checkFrame(socket, frame) {
  const message = asyncapi[socket].components.messages[frame.op]
  if (!message) return [`${socket} has no message ${frame.op}`]
  const at = message.payload.$ref ?? pointer('components', 'messages', frame.op, 'payload')
  return wrong(`asyncapi:${socket}${at}`, frame)
}
