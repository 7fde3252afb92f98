package agent

import (
	"slices"
	"strings"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
)

// number answers a waybill, case or order number of a return that is awaited; ok is false for any other code.
func (s *shadow) number(data string, r barcode.Reading, before doubt) (a Provisional, ok bool) {
	text := strings.TrimSpace(data)
	waybills := []string{barcode.Normalise(text)}
	for _, w := range r.Waybills {
		if !slices.Contains(waybills, w.Number) {
			waybills = append(waybills, w.Number)
		}
	}
	var hits []expected.Hit
	var first uint64
	look := func(kind wire.SumKind, n string) {
		if n == "" {
			return
		}
		sum := s.hash.Sum(kind, n)
		if s.closed[sum] {
			ok = true
		}
		if found := s.cache.Number(sum); len(found) > 0 {
			if len(hits) == 0 {
				first = sum
			}
			hits = append(hits, found...)
		}
	}
	for _, w := range waybills {
		look(wire.SumWaybill, w)
	}
	if ok {
		return say("attention", guess.Received), true // the box that bears this waybill is closed
	}
	look(wire.SumNumber, text)
	if upper := strings.ToUpper(text); upper != text {
		look(wire.SumNumber, upper)
	}
	// A return before a parcel that comes back unopened, that before an old label, that before a case or an order.
	for _, roles := range [][]wire.Role{{wire.RoleReturn, wire.RolePlatform}, {wire.RoleWhole}, {wire.RoleOutbound}, {wire.RoleCase}, {wire.RoleOrder}} {
		meant := slices.DeleteFunc(slices.Clone(hits), func(h expected.Hit) bool { return !slices.Contains(roles, h.Role) })
		if len(meant) > 0 {
			return s.goTo(meant, first, data, before), true
		}
	}
	return Provisional{}, false
}

// goTo opens the parcel that a number means.
func (s *shadow) goTo(hits []expected.Hit, number uint64, data string, before doubt) Provisional {
	if hits[0].Role == wire.RoleOutbound && !before.insisted(data, guess.OldLabel) {
		s.doubt = before.and(data, guess.OldLabel)
		return say("attention", guess.OldLabel)
	}
	if p := s.parcel; p != nil && !s.lost && slices.ContainsFunc(hits, func(h expected.Hit) bool { return slices.Contains(p.refs, h.Ref) }) {
		if role := hits[0].Role; role != wire.RoleCase && role != wire.RoleOrder && !slices.Contains(p.numbers, number) {
			p.numbers = append(p.numbers, number) // a second label of the same box
			s.did(effect{kind: named, parcel: p})
		}
		return parcelAnswer(hits, p)
	}
	next := s.fresh(hits, number)
	if len(next.lines) == 0 && slices.ContainsFunc(next.refs, func(ref uint64) bool { return len(s.gone[ref]) > 0 }) {
		return say("attention", guess.Received)
	}
	if a, doubtful := s.settle(data, before); doubtful {
		return a
	}
	s.enter(next)
	return parcelAnswer(hits, next)
}

func parcelAnswer(hits []expected.Hit, p *parcel) Provisional {
	a := say("accepted", guess.Parcel)
	if !slices.ContainsFunc(hits, func(h expected.Hit) bool { return !h.Over }) {
		a = say("attention", guess.ParcelOver) // one live case is enough to say nothing
	}
	a.Expected = p.expected()
	return a
}

// strange opens a parcel that nobody was told of: its pieces are taken, and cannot be checked.
func (s *shadow) strange(data string, before doubt) Provisional {
	sum := s.hash.Sum(wire.SumWaybill, barcode.Normalise(data))
	if p := s.parcel; p != nil && !s.lost && slices.Contains(p.numbers, sum) {
		return notChecked
	}
	if s.closed[sum] {
		return say("attention", guess.Received)
	}
	if a, doubtful := s.settle(data, before); doubtful {
		return a
	}
	s.enter(&parcel{numbers: []uint64{sum}})
	return notChecked
}

func (s *shadow) enter(p *parcel) {
	s.parcel, s.lost = p, false
	s.did(effect{kind: opened, parcel: p})
}

// settle puts the open parcel away before another is opened: closed when nothing lacks, else only when the clerk insists.
func (s *shadow) settle(data string, before doubt) (a Provisional, doubtful bool) {
	p := s.parcel
	if p == nil || s.lost {
		s.parcel = nil
		return a, false
	}
	if (p.missing() > 0 || p.pieces == 0) && !before.insisted(data, guess.Previous) {
		s.doubt = before.and(data, guess.Previous)
		a = say("attention", guess.Previous)
		a.Missing, a.Expected = p.missing(), p.expected()
		return a, true
	}
	if p.pieces == 0 {
		s.parcel = nil // back to the dock: closing it would say that the box was empty
		return a, false
	}
	s.shut()
	return a, false
}

// shut closes the open parcel.
func (s *shadow) shut() {
	p := s.parcel
	s.parcel = nil
	for _, n := range p.numbers {
		s.closed[n] = true
	}
	for _, ref := range p.refs {
		if s.gone[ref] == nil {
			s.gone[ref] = map[uint64]int{}
		}
	}
	for _, l := range p.lines {
		if l.ref != 0 && len(l.skus) > 0 {
			s.gone[l.ref][l.skus[0]] += min(l.received, l.expected)
		}
	}
}

// control follows a control barcode.
func (s *shadow) control(verb, data string, before doubt) Provisional {
	over := s.over
	switch verb {
	case scanner.Condition:
		if n := len(s.past); n > 0 && s.parcel != nil && s.past[n-1].parcel == s.parcel && s.past[n-1].kind <= marked {
			s.did(effect{kind: marked, parcel: s.parcel})
		}
		s.doubt = doubt{}
		return notChecked
	case scanner.Photo, scanner.Operator, scanner.Exception:
		s.doubt = before // what the clerk was asked stays asked
		return notChecked
	}
	s.over, s.asked = nil, nil
	switch verb {
	case scanner.Done:
		return s.done()
	case scanner.Undo:
		return s.undo()
	case scanner.PlusOne:
		if s.lost || s.parcel == nil || over == nil {
			return notChecked
		}
		s.take(nil, 0)
		return over.answer("attention", guess.Extra)
	case scanner.NoLabel, scanner.UnknownOwner:
		if a, doubtful := s.settle(data, before); doubtful {
			return a
		}
		s.enter(&parcel{})
	case scanner.Empty:
		if p := s.parcel; p != nil && !s.lost && p.pieces == 0 {
			s.shut()
			s.did(effect{kind: ended})
		}
	case scanner.Hold:
		if !s.lost && s.parcel != nil {
			s.did(effect{kind: shelved, parcel: s.parcel})
		}
		s.parcel, s.lost = nil, false
	case scanner.Resume, scanner.Choose:
		s.parcel, s.lost = nil, true
	}
	return notChecked
}

func (s *shadow) done() Provisional {
	p := s.parcel
	switch {
	case s.lost:
		return notChecked // closed, unless it was empty
	case p == nil:
		return say("attention", guess.NothingOpen)
	case p.pieces == 0:
		a := say("attention", guess.Zero)
		a.Expected = p.expected()
		return a
	}
	a := say("accepted", guess.Closed)
	if n := p.missing(); n > 0 {
		a = say("attention", guess.ClosedShort)
		a.Missing = n
	}
	a.Expected, a.Received = p.expected(), p.expected()-p.missing()
	s.shut()
	s.did(effect{kind: ended})
	if !p.known {
		return notChecked
	}
	return a
}

// undo takes the newest effect back. What happened before the view only the server can undo.
func (s *shadow) undo() Provisional {
	p := s.parcel
	n := len(s.past)
	if n == 0 || s.lost {
		return s.undoBefore()
	}
	last := s.past[n-1]
	switch {
	case last.kind == shelved:
		s.parcel, s.lost = nil, true
		return notChecked
	case last.kind == ended || last.parcel != p:
		return notChecked // refused: that parcel is closed
	}
	s.past = s.past[:n-1]
	a := say("accepted", guess.Undone)
	switch last.kind {
	case opened:
		s.parcel = nil
	case named:
		p.numbers = p.numbers[:len(p.numbers)-1]
	case tookPiece:
		p.pieces--
		delete(s.serials, last.serial)
		if last.line != nil {
			last.line.received--
			a = last.line.answer("accepted", guess.Undone)
		}
	}
	if !p.known {
		return notChecked
	}
	return a
}

// undoBefore undoes something that happened before the view. The view tells of the newest piece only, and only if nothing was noted on it since.
func (s *shadow) undoBefore() Provisional {
	p := s.parcel
	if s.lost || p == nil {
		return notChecked
	}
	newest := slices.IndexFunc(p.lines, func(l *line) bool { return l.view != nil && l.view.Last && l.view.Condition == "" && l.received > 0 })
	if newest < 0 || p.undone {
		s.lost = true
		return notChecked
	}
	p.undone = true
	p.pieces--
	p.lines[newest].received--
	return p.lines[newest].answer("accepted", guess.Undone)
}
