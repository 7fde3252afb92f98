// Package desk judges scans: what a barcode means at this bench, now. It takes up to sixteen scans of one producer in one transaction.
//
//	Accept ─▶ lock producer, bench, open parcel ─▶ judge each scan in memory ─▶ flush: units, lines, outcomes, events, movements, balances ─▶ commit
//
// A batch is a unit of work: its scans are judged against a session that the flush writes with a handful of statements, however many pieces it books. A batch
// that fails for a reason that will not go away falls to single scans; a single scan that still fails is stored as parked and never blocks those behind it.
package desk
