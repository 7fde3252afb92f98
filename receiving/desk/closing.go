package desk

import (
	"slices"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// done closes the open parcel.
func (s *session) done() (*ruling, error) {
	d := s.docket
	if d == nil {
		return rule(scanner.CodeNothingOpen), nil
	}
	if r := s.unplated(); r != nil {
		return r, nil
	}
	if d.bare() {
		s.next = s.pending
		return rule(scanner.CodeZeroPieces).about(d), nil
	}
	short := d.missing()
	s.shut(d, "")
	r := rule(scanner.CodeClosed, "pieces", itoa(d.parcel.Pieces))
	if len(short) > 0 {
		zh, en := names(short)
		r = rule(scanner.CodeClosedShort, "pieces", itoa(d.parcel.Pieces), "missing", itoa(d.parcel.Missing()), "names", zh, "names_en", en)
	}
	return r.effect(closedEffect(d)).about(d), nil
}

func closedEffect(d *docket) scanner.Effect {
	return scanner.Effect{Kind: scanner.EffectParcelClosed, Parcel: d.parcel.Number()}
}

// empty closes a parcel with nothing in it: the clerk says so after photo and weight.
func (s *session) empty() (*ruling, error) {
	d := s.docket
	switch {
	case d == nil:
		return rule(scanner.CodeNothingOpen), nil
	case d.parcel.Pieces > 0:
		s.next = s.pending
		return rule(scanner.CodeNotEmpty, "pieces", itoa(d.parcel.Pieces)).about(d), nil
	}
	if r := s.unplated(); r != nil {
		return r, nil
	}
	if s.scan.WeightStable {
		d.parcel.EmptyG = int(s.scan.WeightGrams)
	}
	s.tellEmptied(d)
	s.shut(d, receiving.NoteEmptyBox)
	r := rule(scanner.CodeEmptyConfirmed, "parcel", d.parcel.Number())
	if d.parcel.EmptyG > 0 {
		r.with("weight_g", itoa(d.parcel.EmptyG))
	}
	return r.effect(scanner.Effect{Kind: scanner.EffectEmptyConfirmed, Parcel: d.parcel.Number()}).
		effect(closedEffect(d)).about(d), nil
}

func (s *session) tellEmptied(d *docket) {
	d.parcel.Version++
	s.tellParcel("backdock.parcel.emptied.v1", d, weightData(d, nil))
}

// shut closes a parcel in memory; the flush writes it and settles its cases.
func (s *session) shut(d *docket, note string) {
	p := &d.parcel
	p.Become(receiving.Closed)
	p.ClosedAt, p.ClosedBy = ptr(s.at), s.bench.OperatorID
	if note != "" {
		p.Note = note
	}
	finding := receiving.Short
	switch p.Note {
	case receiving.NoteEmptyBox:
		finding = receiving.EmptyBox
	case receiving.NoteJunk:
		finding = receiving.Junk
	}
	short := 0
	for _, l := range d.missing() {
		short += l.Expected - l.Received
		l.Finding, l.dirty = string(finding), true
	}
	data := event.Data{"pieces": p.Pieces, "expected": p.Expected, "received": p.Received, "short": short, "cases": d.cases()}
	if flags := contradictions(d); len(flags) > 0 {
		data["flags"] = flags
	}
	if p.Note != "" {
		data["note"] = p.Note
	}
	if n := d.bundled(); n > 0 {
		data["bundled"] = n
	}
	if odd := d.deductions(); len(odd) > 0 {
		data["deductions"] = odd
	}
	s.tellParcel("backdock.parcel.closed.v1", d, data)
	s.bench.DayParcels++
	s.out.closed = append(s.out.closed, d)
	s.leave(d)
}

// leave frees the bench.
func (s *session) leave(d *docket) {
	s.out.touch(d)
	s.docket, s.bench.OpenParcelID = nil, nil
	// A plate that is stuck on nothing yet stays ready for the next parcel's first piece.
	s.next = pending{Shelved: s.next.Shelved, Ready: s.next.Ready, Before: short(s.pending.Plate, s.pending.Before)}
}

// contradictions compares what the buyers said with what came out of the box: codes for the service desk, which sees them beside the buyer's earlier cases.
func contradictions(d *docket) []string {
	var out []string
	all := func(is func(*line) bool) bool {
		return d.parcel.Pieces > 0 && !slices.ContainsFunc(d.lines, func(l *line) bool { return l.Received > 0 && !is(l) })
	}
	right := all(func(l *line) bool { return l.Expected > 0 && l.Received <= l.Expected })
	for _, r := range d.receipts {
		switch r.Reason {
		case "wrong_item", "wrong_spec":
			// The case awaits what the buyer says was sent by mistake only if the shop entered it so; the ordered product itself contradicts the words.
			if right && !slices.ContainsFunc(d.lines, func(l *line) bool { return l.Expected > 0 && l.differs }) {
				out = append(out, r.Reason+"_but_right")
			}
		case "damaged_in_transit":
			if all(func(l *line) bool { return l.mark == "sealed" }) {
				out = append(out, "damaged_but_sealed")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// settle puts the open parcel away before another one is opened: closed when nothing lacks, else only when the clerk insists. One that nothing was taken out
// of goes back to the dock: closing it would say that the box was empty.
func (s *session) settle() (doubt *ruling, effects []scanner.Effect) {
	d := s.docket
	if d == nil {
		return nil, nil
	}
	if r := s.unplated(); r != nil {
		return r, nil
	}
	short := d.missing()
	if (len(short) > 0 || d.bare()) && !s.insisted(scanner.CodePreviousOpen) {
		s.doubt(scanner.CodePreviousOpen)
		zh, en := names(short)
		return rule(scanner.CodePreviousOpen, "missing", itoa(d.parcel.Missing()), "names", zh, "names_en", en).about(d), nil
	}
	if d.bare() {
		s.putBack(d)
		return nil, nil
	}
	s.shut(d, "")
	return nil, []scanner.Effect{closedEffect(d)}
}

// putBack returns a parcel that nothing was taken out of to the dock.
func (s *session) putBack(d *docket) {
	d.parcel.Become(receiving.AtDock)
	d.parcel.OpenedAt, d.parcel.OpenedBy = nil, nil
	s.tellParcel("backdock.parcel.put_back.v1", d, nil)
	s.leave(d)
}

// settled opens something after the open parcel was settled.
func (s *session) settled(open func() (*ruling, error)) (*ruling, error) {
	doubt, effects := s.settle()
	if doubt != nil {
		return doubt, nil
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	r.Effects = append(effects, r.Effects...)
	return r, nil
}
