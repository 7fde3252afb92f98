// Package track keeps what carriers say of waybills, and raises the alarm 签收未扫描: signed for by the warehouse, and not scanned at its dock in time.
//
//	checkpoints (any order, any number of times) ─▶ Of: what all of them mean ─▶ waybill_tracks.signed_at
//	periodic job ─▶ signed, due, no parcel ─▶ unscanned + task + event, once per parcel ─▶ resolved by the scan itself
//
// Checkpoints move no shipment and no case: they are a witness. docs/dock.md tells the rest.
package track
