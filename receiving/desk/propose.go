package desk

import (
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
)

// propose offers who may own the open parcel, as the list that BD:CHOOSE:n picks from. It is asked anew with every piece: each says more.
func (s *session) propose() error {
	s.next.Choices, s.next.Targets = nil, nil
	if s.o.Owners == nil || s.docket == nil || !s.docket.parcel.Unclaimed() {
		return nil
	}
	if err := s.sync(); err != nil { // the search asks the database for the pieces
		return err
	}
	found, err := s.o.Owners(s.ctx, s.tx, s.docket.parcel)
	if err != nil {
		return fmt.Errorf("look for the owner of %s: %w", s.docket.parcel.Number(), err)
	}
	for i, c := range found {
		s.next.Choices = append(s.next.Choices, scanner.Choice{N: i + 1, Order: c.OrderNumber, Case: c.CaseNumber, Shop: c.Shop, Why: whys(c)})
		s.next.Targets = append(s.next.Targets, claimant(c))
	}
	return nil
}

func whys(c match.Candidate) []scanner.Why {
	out := make([]scanner.Why, len(c.Reasons))
	for i, r := range c.Reasons {
		out[i] = scanner.Why{Code: string(r.Why), Detail: r.Detail}
	}
	return out
}

// claimant is the target that a candidate stands for.
func claimant(c match.Candidate) target {
	t := target{Claims: true, Of: c.Order}
	if c.Case != 0 {
		t.Cases = []id.Case{c.Case}
	} else {
		t.Orders = []id.Order{c.Order}
	}
	return t
}

// slip answers a case or order number that is scanned while a parcel of unknown owner is open: it stands on a paper inside. Of an owner that is proposed already it
// claims; of another it is kept as evidence, and that owner is proposed: one wrong scan of the next parcel's paper must not give goods away.
func (s *session) slip(rows []found) (*ruling, error) {
	d := s.docket
	if d == nil || s.o.Owners == nil || !d.parcel.Unclaimed() {
		return nil, nil
	}
	numbered := slices.DeleteFunc(slices.Clone(rows), func(f found) bool { return f.Kind != "case" && f.Kind != "order" })
	if len(numbered) == 0 || len(numbered) != len(rows) {
		return nil, nil // a waybill means a box, never a paper in one
	}
	for _, t := range s.pending.Targets {
		if t.Claims && slices.ContainsFunc(numbered, func(f found) bool { return named(t, f) }) {
			return s.claimHere(t)
		}
	}
	number := numbered[0].CaseNumber
	if numbered[0].Kind == "order" {
		number = numbered[0].OrderNumber
	}
	if err := s.tx.Exec(`INSERT INTO unclaimed_notes (parcel_id, slip) VALUES (?, ?) ON CONFLICT (parcel_id) DO UPDATE SET slip = excluded.slip, version = unclaimed_notes.version + 1`,
		d.parcel.ID, number).Error; err != nil {
		return nil, fmt.Errorf("note the paper inside: %w", err)
	}
	if err := s.propose(); err != nil {
		return nil, err
	}
	if len(s.next.Choices) == 0 {
		return nil, nil // nothing of it can still come back: it means what it means everywhere
	}
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.noted.v1", d, nil)
	return rule(scanner.CodeChoose, "count", itoa(len(s.next.Choices))).about(d), nil
}

// named reports whether a number means the target.
func named(t target, f found) bool {
	if f.Kind == "case" {
		return f.CaseID != nil && slices.Contains(t.Cases, *f.CaseID)
	}
	return f.OrderID != nil && (t.Of == *f.OrderID || slices.Contains(t.Orders, *f.OrderID))
}

// claimHere gives the open parcel to a proposed owner.
func (s *session) claimHere(t target) (*ruling, error) {
	d := s.docket
	if d == nil || !d.parcel.Unclaimed() {
		return rule(scanner.CodeChoiceInvalid, "count", "0").about(d), nil
	}
	if r := s.unplated(); r != nil {
		return r, nil
	}
	if err := s.exclude(t); err != nil {
		return nil, err
	}
	if err := s.sync(); err != nil {
		return nil, err
	}
	// What this transaction has booked is judged in the database; what is remembered of it is old from then on.
	s.out.made = slices.DeleteFunc(s.out.made, func(u *booked) bool { return u.docket == d })
	if err := s.claimFor(d, t, true); err != nil {
		return nil, err
	}
	s.serials = &serialBook{}
	s.next.Choices, s.next.Targets = nil, nil
	number := ""
	for _, r := range d.receipts {
		if n := short(r.CaseNumber, r.OrderNumber); n != "" {
			number = n
		}
	}
	code := scanner.CodeParcelClaimed
	switch d.parcel.Note {
	case receiving.NoteCaseOver:
		code = scanner.CodeCaseOver
	case receiving.NoteRefundedAlready:
		code = scanner.CodeRefundedAlready
	}
	return rule(code, "case", number, "number", number, "matched", itoa(d.parcel.Received), "expected", itoa(d.parcel.Expected)).
		effect(scanner.Effect{Kind: scanner.EffectParcelClaimed, Parcel: d.parcel.Number()}).about(d), nil
}
