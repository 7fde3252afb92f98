/** The one place that names the API's types, so that a generated schema changes nothing else. */
export type {
  Board, CaseFacts, CheckItem, EnrolCode, Grant, Inspection, InspectionRequest, Me, Money, OrderFacts, Pair, ParcelRow, Problem, RefundRow, StationRow, Tally, UnitDetail, UnitRow, Warehouse,
} from './schema'
