package track

import (
	"cmp"
	"slices"
	"time"
)

// Codes of checkpoints, in the order in which a parcel meets them: of two that bear one time the later one counts as the last.
const (
	PickedUp       = "picked_up"
	InTransit      = "in_transit"
	OutForDelivery = "out_for_delivery"
	Exception      = "exception"
	Refused        = "refused"
	Delivered      = "delivered"
	Returned       = "returned" // delivered back to the sender
)

var order = []string{PickedUp, InTransit, OutForDelivery, Exception, Refused, Delivered, Returned}

// Checkpoint is one thing that a carrier says of a waybill.
type Checkpoint struct {
	Carrier string    `json:"carrier"` // courier code; empty when the source does not tell
	Waybill string    `json:"waybill"`
	Code    string    `json:"code"`
	At      time.Time `json:"at"`
	Place   string    `json:"place,omitempty"`
	Parent  string    `json:"parent,omitempty"` // number of the consignment that this box belongs to
}

// State is what all checkpoints of a waybill mean together.
type State struct {
	Code     string
	At       time.Time
	SignedAt *time.Time // nil: not signed for, or no longer
}

// Of says what checkpoints mean, whatever order they came in. A parcel is signed for since the first delivery after which nothing takes it back: a carrier that
// moves it on, or says that it was refused, has corrected itself. An exception alone takes nothing back.
func Of(list []Checkpoint) State {
	sorted := slices.SortedFunc(slices.Values(list), compare)
	var s State
	for _, c := range sorted {
		s.Code, s.At = c.Code, c.At
		switch c.Code {
		case Delivered, Returned:
			if s.SignedAt == nil {
				at := c.At
				s.SignedAt = &at
			}
		case Exception:
		default:
			s.SignedAt = nil
		}
	}
	return s
}

func compare(a, b Checkpoint) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(order, a.Code), slices.Index(order, b.Code)))
}
