// Writes the pages' types: src/api/schema.d.ts from the OpenAPI document, src/api/frames.d.ts from the AsyncAPI documents. With --check it writes nothing and
// fails when a file is not what it would write.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import ts from 'typescript'
import { asyncapi, openapi, path, served } from './specs.mjs'

const check = process.argv.includes('--check')

/** The frames of a document as schemas, each under the name of its message: "live.hello" becomes LiveHello. */
function frames(prefix, document) {
  const named = (name) => prefix + name[0].toUpperCase() + name.slice(1)
  return Object.fromEntries(Object.entries(document.components.messages).map(([name, m]) => [named(name), only(m.payload, name, document)]))
}

/** A payload that several messages share says "op is one of": each message has its own. */
function only(payload, name, document) {
  const schema = payload.$ref ? document.components.schemas[payload.$ref.split('/').pop()] : payload
  return { ...schema, properties: { ...schema.properties, op: { const: name } } }
}

/** A reference into the OpenAPI document becomes a reference into the types made from it. */
function borrowed(node) {
  const type = node['x-served']
  if (!type) return undefined
  return ts.factory.createTypeReferenceNode(`served["schemas"]["${type}"]`)
}

const mark = (document) => JSON.parse(JSON.stringify(document), (key, value) => (value?.$ref?.startsWith(served) ? { type: 'object', 'x-served': value.$ref.split('/').pop() } : value))

async function framesSource() {
  const live = mark(asyncapi.live)
  const schemas = { ...live.components.schemas, ...asyncapi.page.components.schemas, ...frames('Live', live), ...frames('Page', asyncapi.page) }
  const document = { openapi: '3.1.0', info: { title: 'frames', version: '1' }, paths: {}, components: { schemas } }
  const nodes = await openapiTS(document, { transform: borrowed, inject: "import type { components as served } from './schema'\n", exportType: false })
  return COMMENT_HEADER + astToString(nodes)
}

const files = {
  'web/src/api/schema.d.ts': COMMENT_HEADER + astToString(await openapiTS(openapi)),
  'web/src/api/frames.d.ts': await framesSource(),
}

for (const [file, want] of Object.entries(files)) {
  if (!check) writeFileSync(path(file), want)
  else if (!existsSync(path(file)) || readFileSync(path(file), 'utf8') !== want) {
    console.error(`${file} is stale: run make openapi, and mend the pages where their types have changed`)
    process.exitCode = 1
  }
}
