// Package followup is the trigger table: what an event sets in motion, inside the event's own transaction.
//
//	case.approved        ─▶ refund on approval (policy), or always for refund_only; of what is received or inspected already by those policies; order: return in progress
//	parcel.closed        ─▶ refund of the matched pieces (policy receipt_closed)
//	parcel.claimed       ─▶ the same, for a parcel that was closed before its owner was known
//	parcel.adopted       ─▶ the same, and what the inspections of its pieces set in motion, for goods that came before their case
//	unit.inspected       ─▶ judgement and goods facets; refund of the piece (policy qc_passed); money to recover where it was paid and the piece fails
//	unit.inspection_undone ─▶ the facets again
//	unit.received (extra, undeclared), EXCEPTION at a bench, anything that cannot be paid ─▶ a task for the service desk
//
// A trigger only moves tables and enqueues. What a rule cannot do becomes a task for a person: it never takes the scan or the inspection down with it.
package followup
