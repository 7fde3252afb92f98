// Draws openapi.json: no library, nothing from elsewhere.
'use strict'

const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props)
  node.append(...children.filter((c) => c !== null && c !== undefined))
  return node
}

let spec

const resolve = (schema) => (schema && schema.$ref ? spec.components.schemas[schema.$ref.split('/').pop()] : schema) || {}

const nameOf = (schema) => {
  if (!schema) return ''
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(' | ')
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type || ''
  if (type.startsWith('array')) return nameOf(schema.items) + '[]'
  if (type === 'object' && typeof schema.additionalProperties === 'object') return 'map of ' + nameOf(schema.additionalProperties)
  return schema.format ? `${type} (${schema.format})` : type
}

// inner finds the object whose fields are worth showing below a field.
const inner = (schema) => {
  if (!schema) return null
  if (schema.anyOf) return inner(schema.anyOf.find((s) => s.$ref))
  if (schema.type === 'array') return inner(schema.items)
  if (schema.additionalProperties && schema.additionalProperties.$ref) return inner(schema.additionalProperties)
  const it = resolve(schema)
  return it.properties ? it : null
}

const limits = (s) => [s.enum && 'one of ' + s.enum.map((v) => v || '""').join(', '), s.minLength && `at least ${s.minLength} characters`, s.maxLength && `at most ${s.maxLength} characters`,
  s.minimum !== undefined && `≥ ${s.minimum}`, s.maximum !== undefined && `≤ ${s.maximum}`, s.default !== undefined && `default ${s.default}`].filter(Boolean).join('; ')

const fields = (schema, table, depth, seen) => {
  const it = inner(schema)
  if (!it || seen.includes(it)) return
  for (const [name, field] of Object.entries(it.properties)) {
    const optional = !(it.required || []).includes(name)
    const cell = make('td', { className: depth ? 'deep' : '' }, '\u00a0'.repeat(depth * 3) + name + (optional ? '?' : ''))
    table.append(make('tr', {}, cell, make('td', { className: 'type' }, nameOf(field)), make('td', {}, [field.description, limits(field)].filter(Boolean).join(' · '))))
    if (depth < 3) fields(field, table, depth + 1, [...seen, it])
  }
}

const shape = (title, schema) => {
  const table = make('table')
  fields(schema, table, 0, [])
  return make('div', {}, make('h3', {}, title + ' ', make('span', { className: 'type' }, nameOf(schema))), table)
}

const operation = (path, method, op) => {
  const roles = op['x-roles'] || []
  const body = make('div', { className: 'body' })
  body.append(make('p', {}, roles.length === 0 ? 'No log-in.' : roles[0] === '*' ? 'Anybody who is logged in.' : 'Roles: ' + roles.join(', ') + '.'))
  if (op.parameters && op.parameters.length) {
    const table = make('table')
    for (const p of op.parameters) {
      table.append(make('tr', {}, make('td', {}, p.name + (p.required ? '' : '?')), make('td', { className: 'type' }, `${p.in} ${nameOf(p.schema)}`), make('td', {}, [p.description, limits(p.schema || {})].filter(Boolean).join(' · '))))
    }
    body.append(make('h3', {}, 'Parameters'), table)
  }
  const request = op.requestBody && op.requestBody.content['application/json']
  if (request) body.append(shape('Body', request.schema))
  for (const [status, response] of Object.entries(op.responses)) {
    const [kind] = Object.keys(response.content || {})
    if (status === 'default') body.append(make('h3', {}, 'Otherwise ', make('span', { className: 'type' }, 'Problem (application/problem+json)')))
    else if (kind) body.append(shape(`${status}`, response.content[kind].schema))
    else body.append(make('h3', {}, `${status} without a body`))
  }
  const node = make('details', {}, make('summary', {}, make('b', { className: method }, method.toUpperCase()), make('code', {}, path), make('span', {}, op.summary || '')), body)
  node.id = op.operationId
  return node
}

const draw = () => {
  document.getElementById('about').textContent = `${spec.info.version} — ${spec.info.description}`
  const groups = {}
  for (const [path, methods] of Object.entries(spec.paths)) {
    for (const [method, op] of Object.entries(methods)) (groups[(op.tags || ['other'])[0]] ||= []).push(operation(path, method, op))
  }
  const main = document.getElementById('main')
  const nav = document.getElementById('nav')
  for (const [tag, nodes] of Object.entries(groups)) {
    main.append(make('section', { id: 'tag-' + tag }, make('h2', {}, tag), ...nodes))
    nav.append(make('a', { href: '#tag-' + tag }, tag))
  }
  main.append(make('section', { id: 'tag-problem' }, make('h2', {}, 'problem'), shape('Every failure', { $ref: '#/components/schemas/Problem' })))
  document.getElementById('find').addEventListener('input', (e) => {
    const want = e.target.value.toLowerCase()
    for (const node of main.querySelectorAll('details')) node.hidden = !node.textContent.toLowerCase().includes(want)
    for (const section of main.querySelectorAll('section')) section.hidden = section.querySelector('details') !== null && section.querySelector('details:not([hidden])') === null
  })
  const asked = document.getElementById(location.hash.slice(1))
  if (asked && asked.tagName === 'DETAILS') asked.open = true
}

fetch('/openapi.json').then((r) => r.json()).then((json) => { spec = json; draw() }, (error) => { document.getElementById('main').textContent = String(error) })
