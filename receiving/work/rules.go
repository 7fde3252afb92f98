package work

import (
	"github.com/backdock/backdock/internal/event"
)

// Measures of work.
const (
	ParcelsDocked = "parcels_docked"
	ParcelsOpened = "parcels_opened"
	ParcelsClosed = "parcels_closed"
	Pieces        = "pieces"
	Inspections   = "inspections"
	PutAways      = "put_aways"
	Errors        = "errors" // found later
)

// Measures lists them in the order of the flow.
var Measures = []string{ParcelsDocked, ParcelsOpened, ParcelsClosed, Pieces, Inspections, PutAways, Errors}

// Rule says what one type of event counts for.
type Rule struct {
	Type    string
	Measure string
	Count   int
	// Of names an earlier event of the same subject whose operator, bench and hour are meant: what is taken back leaves the cell it was counted in, and an error is
	// counted where it was made. Empty: the event's own.
	Of string
	// First means the first event of the subject: a claim tells again of pieces that were received before.
	First bool
	// Subject finds the subject of Of where it is another one than the event's; nil takes the event's.
	Subject func(e event.Event) string
}

// Rules is the whole table. An event type that is not in it counts for nothing; a new one is a row.
var Rules = []Rule{
	{Type: "backdock.parcel.docked.v1", Measure: ParcelsDocked, Count: 1},
	{Type: "backdock.parcel.undocked.v1", Measure: ParcelsDocked, Count: -1, Of: "backdock.parcel.docked.v1"},
	{Type: "backdock.parcel.opened.v1", Measure: ParcelsOpened, Count: 1},
	{Type: "backdock.parcel.put_back.v1", Measure: ParcelsOpened, Count: -1, Of: "backdock.parcel.opened.v1"},
	{Type: "backdock.parcel.closed.v1", Measure: ParcelsClosed, Count: 1},
	{Type: "backdock.parcel.reopened.v1", Measure: ParcelsClosed, Count: -1, Of: "backdock.parcel.closed.v1"},
	{Type: "backdock.parcel.reopened.v1", Measure: Errors, Count: 1, Of: "backdock.parcel.closed.v1"},
	{Type: "backdock.unit.received.v1", Measure: Pieces, Count: 1, First: true},
	{Type: "backdock.unit.undone.v1", Measure: Pieces, Count: -1, Of: "backdock.unit.received.v1", First: true},
	{Type: "backdock.unit.inspected.v1", Measure: Inspections, Count: 1},
	{Type: "backdock.unit.inspection_undone.v1", Measure: Inspections, Count: -1, Of: "backdock.unit.inspected.v1"},
	{Type: "backdock.unit.put_away.v1", Measure: PutAways, Count: 1},
	{Type: "backdock.inspection.disagreed.v1", Measure: Errors, Count: 1, Of: "backdock.unit.inspected.v1", Subject: unitOf},
}

// unitOf is the unit that an event about an inspection names.
func unitOf(e event.Event) string {
	if plate, ok := e.Data["plate"].(string); ok && plate != "" {
		return "unit/" + plate
	}
	return e.Subject
}
