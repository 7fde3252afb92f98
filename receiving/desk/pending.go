package desk

import (
	"encoding/json"
	"slices"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
)

// pending is what a bench remembers between scans. It is kept on the bench's row, so a restart or another server forgets nothing.
type pending struct {
	Over    *overPiece       `json:"over,omitempty"`    // +1 books it
	Asked   id.SKU           `json:"asked,omitempty"`   // the next scan is the serial of a piece of this SKU
	Insist  *insist          `json:"insist,omitempty"`  // the same code again goes ahead
	Choices []scanner.Choice `json:"choices,omitempty"` // CHOOSE:n
	Targets []target         `json:"targets,omitempty"` // what each choice opens
	Waybill string           `json:"waybill,omitempty"` // UNKNOWN-OWNER opens a parcel under this number
	Carrier string           `json:"carrier,omitempty"`
	Shelved id.Parcel        `json:"shelved,omitempty"` // RESUME takes this held parcel
	Plate   string           `json:"plate,omitempty"`   // of the last piece: CONDITION marks it
	Stick   bool             `json:"stick,omitempty"`   // its label was not seen yet: another label is a wrong one
	Before  string           `json:"before,omitempty"`  // plate of the piece before the last one
	Ready   string           `json:"ready,omitempty"`   // pre-printed plate that was scanned for the next piece
	Bare    *barePiece       `json:"bare,omitempty"`    // a piece that waits for its pre-printed plate
	Hand    *hand            `json:"hand,omitempty"`    // of a qc or putaway bench: what was picked up
	Docked  id.Parcel        `json:"docked,omitempty"`  // in the hand of the dock's clerk: what its controls are about
}

// overPiece is a piece that was one too many.
type overPiece struct {
	Line      id.ReceiptLine `json:"line"`
	Serial    string         `json:"serial,omitempty"`
	Data      string         `json:"data"`
	Symbology string         `json:"symbology,omitempty"`
	Plate     string         `json:"plate,omitempty"` // reserved at its capture
}

// insist is a code that was answered with doubts.
type insist struct {
	Data string   `json:"data"`
	Why  []string `json:"why"` // the codes of the doubts, all of them: a code can meet one after the other
}

// carry is what outlives any scan: the piece in hand, the parcel on the shelf, and who may own the parcel that is open.
func (p pending) carry() pending {
	next := pending{Shelved: p.Shelved, Plate: p.Plate, Stick: p.Stick, Before: p.Before, Ready: p.Ready, Bare: p.Bare, Docked: p.Docked}
	if len(p.Targets) > 0 && p.Targets[0].Claims {
		next.Choices, next.Targets = p.Choices, p.Targets
	}
	return next
}

func (p pending) text() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain values only
	}
	return string(b)
}

// insisted reports whether the scan repeats one that was answered with this doubt.
func (s *session) insisted(why scanner.Code) bool {
	i := s.pending.Insist
	return i != nil && i.Data == s.scan.Data && slices.Contains(i.Why, string(why))
}

// doubt remembers the scan, so that the same again goes ahead. What the scan itself settled (a choice, a number for a parcel of unknown owner) stays.
func (s *session) doubt(why scanner.Code) {
	in := &insist{Data: s.scan.Data, Why: []string{string(why)}}
	if p := s.pending.Insist; p != nil && p.Data == in.Data {
		in.Why = append(in.Why, p.Why...)
	}
	s.next.Insist = in
	s.next.Choices, s.next.Targets, s.next.Waybill, s.next.Carrier = s.pending.Choices, s.pending.Targets, s.pending.Waybill, s.pending.Carrier
}
