// Package live carries the event log to browsers. One Hub per server process follows the log once; every subscriber gets each event it may see exactly once, in
// seq order, and boards at most once a second.
//
//	event_order ─ Follow ─▶ Hub ─┬─ ring of the newest events ─▶ subscriber: filter by grants ─▶ its socket
//	                              └─ board per warehouse, computed once for all who look at it
//
//	resume since S:  S in the ring ─▶ from the ring │ older ─▶ from the store, page by page, then the ring │ too old ─▶ reset
package live
