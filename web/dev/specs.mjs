// The written contracts of the house: the server's OpenAPI document and the AsyncAPI documents of the sockets.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const path = (file) => resolve(root, file)
const read = (file) => readFileSync(path(file), 'utf8')

export const openapi = JSON.parse(read('web/openapi.json'))
/** Of /ws/live, of the agent's page, of /ws/station. */
export const asyncapi = { live: parse(read('docs/asyncapi-live.yaml')), page: parse(read('docs/asyncapi-page.yaml')), line: parse(read('docs/asyncapi.yaml')) }

/** Where the live document finds the server's own schemas. */
export const served = 'https://backdock.example/openapi.json'
