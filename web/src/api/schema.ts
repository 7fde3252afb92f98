/**
 * The shape of the server's REST API, in the form openapi-typescript generates. Written by hand until the server publishes its document:
 * `npm run api` then writes schema.d.ts from openapi.json, and this file goes.
 */
export interface Money {
  minor: number
  currency: string
}

export interface Problem {
  type?: string
  title?: string
  status?: number
  detail?: string
  code?: string
  params?: Record<string, string>
}

export interface Grant {
  role: string
  warehouse: string
  owner: string
}

export interface Warehouse {
  code: string
  name: string
  name_en: string
  time_zone: string
}

export interface Me {
  user: { username: string; display: string; lang: string }
  grants: Grant[] | null
  csrf: string
  site_lang: string
  warehouses: Warehouse[] | null
}

export interface UnitRow {
  plate: string
  sku: string
  name: string
  name_en: string
  spec: string
  spec_en: string
  color: string
  state: string
  account: string
  finding: string
  condition: string
  parcel: string
  case: string
  reason: string
  received_at: string
  received_by: string
  value: Money
  category: string
  deadline?: string
  age_s: number
}

export interface OrderFacts {
  number: string
  placed_at: string
  shop: string
  lines: { sku: string; name: string; spec: string; ordered: string; shipped_spec: string; quantity: number; paid: Money }[] | null
}

export interface CaseFacts {
  number: string
  type: string
  reason: string
  buyer_words: string
  decision: string
  goods: string
  judgement: string
  money: string
  history: { number: string; type: string; reason: string; state: string; at: string }[] | null
}

export interface CheckItem {
  key: string
  title: string
  title_en: string
  kind: string
  blocks_grade_a: boolean
}

export interface Inspection {
  id: string
  grade: string
  disposition: string
  note: string
  checks: Record<string, boolean> | null
  by: string
  at: string
  override_reason?: string
  undone_at?: string
}

export interface UnitDetail extends Omit<UnitRow, 'case'> {
  case: CaseFacts | null
  order: OrderFacts | null
  codes: string[] | null
  checklist: CheckItem[] | null
  timeline: { at: string; type: string; by: string; text_code: string; params: Record<string, string> | null }[] | null
  inspection: Inspection | null
  refund: { number: string; state: string; amount: Money } | null
  can: { inspect: boolean; undo: boolean; why: string }
  version: number
}

export interface InspectionRequest {
  grade: string
  disposition: string
  checks: Record<string, boolean>
  note: string
  version: number
  override_reason?: string
  tote?: string
}

export interface ParcelRow {
  number: string
  state: string
  kind: string
  waybill: string
  carrier: string
  owner: string
  bench: string
  clerk: string
  cases: string[] | null
  expected: number
  received: number
  opened_at?: string
  closed_at?: string
}

export interface RefundRow {
  number: string
  state: string
  origin: string
  amount: Money
  case: string
  order: string
  shop: string
  reason: string
  requested_by: string
  requested_at: string
  can_authorize: boolean
  why: string
}

export interface StationRow {
  id: string
  name: string
  number: number
  bench: string
  clerk: string
  state: string
  version: string
  last_scan?: string
  revoked: boolean
  devices: { name: string; state: string; detail?: string; last_scan?: string }[] | null
}

export interface EnrolCode {
  code: string
  expires_at: string
}

export interface Pair {
  today: number
  yesterday: number
}

export interface Tally {
  n: number
  minor: number
}

export interface Board {
  warehouse: string
  time_zone: string
  now: string
  seq: number
  kpi: {
    parcels: Pair
    pieces: Pair
    median_handling_s: Pair
    match_rate: Pair
    quarantine: { now: number; yesterday: number; over_3d: number }
    refunded_minor: Pair & { currency: string }
  }
  hours: { hour: number; received: number; released: number; yesterday: number }[] | null
  target_per_hour: number
  ageing: { cause: string; buckets: number[] }[] | null
  exceptions: { kind: string; ref: string; detail: string; params: Record<string, string> | null; since: string; severity: string; owner: string }[] | null
  exceptions_total: number
  refunds: Record<string, Tally> | null
  stations: { number: number; name: string; clerk: string; last_scan?: string; rate_per_hour: number; state: string; devices: { name: string; state: string }[] | null }[] | null
  unclaimed: { n: number; over_3d: number }
  at_dock: number
  stock: { available: number; second_grade: number; quarantine: number; custody: number }
}

interface Page<Item> {
  items: Item[] | null
  next: string
}

type Answer<T> = { headers: Record<string, unknown>; content: { 'application/json': T } }
type Failure = { headers: Record<string, unknown>; content: { 'application/problem+json': Problem } }
type Op<T, Query = never, Path = never, Body = never> = {
  parameters: { query?: Query; header?: never; cookie?: never } & ([Path] extends [never] ? { path?: never } : { path: Path })
  responses: { 200: Answer<T>; default: Failure }
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: { content: { 'application/json': Body } } })
type None = Record<string, never>

export interface paths {
  '/api/v1/auth/login': { post: Op<Me, never, never, { username: string; password: string }> }
  '/api/v1/auth/me': { get: Op<Me> }
  '/api/v1/auth/logout': { post: Op<None> }
  '/api/v1/auth/language': { put: Op<None, never, never, { lang: string }> }
  '/api/v1/units': { get: Op<Page<UnitRow>, { state?: string; warehouse?: string; q?: string; cursor?: string; limit?: number }> }
  '/api/v1/units/{plate}': { get: Op<UnitDetail, never, { plate: string }> }
  '/api/v1/units/{plate}/inspection': { post: Op<UnitDetail, never, { plate: string }, InspectionRequest> }
  '/api/v1/units/{plate}/inspection/undo': { post: Op<UnitDetail, never, { plate: string }, { reason: string; version: number }> }
  '/api/v1/parcels': { get: Op<Page<ParcelRow>, { state?: string; warehouse?: string; q?: string; cursor?: string }> }
  '/api/v1/refunds': { get: Op<Page<RefundRow>, { state?: string; cursor?: string }> }
  '/api/v1/refunds/{number}/authorize': { post: Op<RefundRow, never, { number: string }, { note: string }> }
  '/api/v1/stations': { get: Op<Page<StationRow>>; post: Op<EnrolCode, never, never, { name: string; bench: string }> }
  '/api/v1/stations/{id}/revoke': { post: Op<None, never, { id: string }> }
  '/api/v1/reports/board': { get: Op<Board, { warehouse: string }> }
}
