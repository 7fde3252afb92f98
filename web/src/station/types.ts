/** The agent's page API, as scanner/*.go writes it. */
export type Verdict = 'accepted' | 'attention' | 'rejected' | 'duplicate'
export type Tone = 'ok' | 'done' | 'dup' | 'mid' | 'low' | 'error'
export type Tote = '' | 'blue' | 'yellow' | 'red'

export interface Effect {
  kind: string
  plate?: string
  parcel?: string
  sku?: string
}

export interface Outcome {
  seq: number
  verdict: Verdict
  code: string
  tone: Tone
  tote?: Tote
  params?: Record<string, string>
  effects?: Effect[] | null
  plate?: string
  parcel?: string
  at: string
  clerk?: string
}

export interface Lights {
  captured: boolean // safe on the station's disk
  accepted: boolean // the server has it
  applied: boolean // its outcome is stored here
}

export interface Provisional {
  verdict: 'accepted' | 'attention' | 'unknown'
  code: 'provisional_match' | 'provisional_not_expected' | 'provisional_unknown'
  sku?: string
  name?: string
  name_en?: string
}

export interface LocalScan {
  producer: string
  seq: number
  data: string
  symbology?: string
  device: string
  source: 'device' | 'typed' | 'key'
  captured_at: string
  lights: Lights
  flags?: string[] | null
  outcome: Outcome | null
  provisional: Provisional | null
}

export interface Link {
  online: boolean
  queued: number
  since: string
  server: string
  offset_ms: number
  problem?: string
}

export interface Device {
  name: string
  url: string
  state: 'connected' | 'connecting' | 'gone' | 'fault'
  detail?: string
  since: string
  last_scan?: string
  scans: number
}

export interface LineView {
  id: string
  sku: string
  name: string
  name_en: string
  spec: string
  spec_en: string
  code: string
  color: string
  expected: number
  received: number
  finding: string
  last: boolean
  plates: string[] | null
  condition?: string
}

export interface ParcelView {
  number: string
  kind: string
  waybill: string
  carrier: string
  owner: string
  cases: string[] | null
  orders: string[] | null
  reason: string
  buyer_words: string
  note: string
  opened_at: string
  deadline?: string
  expected: number
  received: number
  lines: LineView[] | null
}

export interface Choice {
  n: number
  parcel?: string
  order?: string
  case?: string
  shop?: string
  waybill?: string
}

export interface BenchView {
  version: number
  bench: string
  number: number
  kind: string
  warehouse: string
  time_zone: string
  clerk: string
  parcel: ParcelView | null
  choices: Choice[] | null
  today: { parcels: number; pieces: number }
}

export interface State {
  station: string
  bench?: string
  version: string
  lang: string
  link: Link
  devices: Device[] | null
  view: BenchView | null
  recent: LocalScan[] | null
  plates_left: number
}

export type FromAgent =
  | { op: 'state'; state: State }
  | { op: 'scan'; scan: LocalScan }
  | { op: 'view'; view: BenchView | null }
  | { op: 'link'; link: Link }
  | { op: 'devices'; devices: Device[] | null }

export type ToAgent = { op: 'type'; data: string } | { op: 'control'; data: string }
