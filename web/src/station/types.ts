/** The agent's page API by the names the page uses. The types are the agent's: frames.d.ts is made from docs/asyncapi-page.yaml (`make openapi`). */
import type { components } from '@/api/frames'

type Schemas = components['schemas']

export type BenchView = Schemas['BenchView']
export type Choice = Schemas['Choice']
export type Device = Schemas['Device']
export type DockView = Schemas['DockView']
export type Fetch = Schemas['Fetch']
export type Difference = Schemas['Difference']
export type Differences = Schemas['Differences']
export type HandView = Schemas['HandView']
export type Effect = Schemas['Effect']
export type Lights = Schemas['Lights']
export type LineView = Schemas['LineView']
export type Link = Schemas['Link']
export type LocalScan = Schemas['LocalScan']
export type Notice = Schemas['Notice']
export type Printing = Schemas['Printing']
export type PrintRow = Schemas['PrintRow']
export type Weight = Schemas['Weight']
export type Outcome = Schemas['Outcome']
export type ParcelView = Schemas['ParcelView']
export type Provisional = Schemas['Answer']
export type State = Schemas['State']

export type Tone = Outcome['tone']
export type Tote = NonNullable<Outcome['tote']>
export type Verdict = Outcome['verdict']

export type FromAgent = Schemas['PageState'] | Schemas['PageScan'] | Schemas['PageView'] | Schemas['PageLink'] | Schemas['PageDevices'] | Schemas['PageNotice'] | Schemas['PagePrinting'] | Schemas['PageWeight'] | Schemas['PageDifferences']
/** `scan` is for a page without an agent; an agent is told `type`, since it reads its scanners itself. */
export type ToAgent = { op: 'scan'; data: string } | Schemas['PageType'] | Schemas['PageControl'] | Schemas['PageSettle']
