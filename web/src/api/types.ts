/** The API's types by the names the pages use. They are the server's: schema.d.ts is made from openapi.json (`make openapi`). */
import type { components } from './schema'

type Schemas = components['schemas']

export type Board = Schemas['Board']
export type CaseFacts = Schemas['CaseFacts']
export type CheckItem = Schemas['Check']
export type EnrolCode = Schemas['EnrolCode']
export type Inspection = Schemas['Inspection']
export type InspectionRequest = Schemas['InspectionInputBody']
export type Me = Schemas['Me']
export type Money = Schemas['Money']
export type OrderFacts = Schemas['OrderFacts']
export type Pair = Schemas['Pair']
export type ParcelRow = Schemas['ParcelRow']
export type Problem = Schemas['Problem']
export type RefundDetail = Schemas['RefundDetail']
export type RefundRow = Schemas['RefundRow']
export type ScanRow = Schemas['ScanRow']
export type StationRow = Schemas['StationRow']
export type Tally = Schemas['Tally']
export type UnitDetail = Schemas['UnitDetail']
export type UnitRow = Schemas['UnitRow']
