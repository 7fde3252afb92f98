// Package desk is where a scan becomes a fact. It promises: a scan that beeped is never lost and never counted twice, and nothing unchecked reaches the shelf.
//
//	Accept(≤16 scans) ─▶ lock producer, bench ─▶ for each scan: replay? double read? control? awaited piece? waybill? plate? another piece?
//	                                                     │ decided against the docket, the open parcel as the desk holds it in memory
//	                                                     ▼
//	                        effects: units, movements, outcomes, events ─▶ bulk inserts ─▶ balances ─▶ commit ─▶ Answer
//
// A batch that fails falls to single scans; a single scan that can never succeed is parked: kept with its reason, and those behind it go on.
// docs/receiving.md tells what each scan means.
package desk
