package desk_test

import (
	"slices"

	"github.com/backdock/backdock/scanner"
)

// number is a waybill or a case number, or a number that nobody knows.
func (a *asked) number() scanner.Code {
	m, b := a.m, a.b
	cases := slices.DeleteFunc(slices.Clone(m.numbers[a.data]), func(c *mCase) bool { return !c.known })
	way := a.data
	if i := slices.IndexFunc(m.cases, func(c *mCase) bool { return c.known && c.number == a.data }); i >= 0 {
		cases, way = []*mCase{m.cases[i]}, ""
	}
	if slices.ContainsFunc(cases, func(c *mCase) bool { return c.buyer != cases[0].buyer }) {
		return scanner.CodeChoose // a person taught this number one case, a message another
	}
	if p := b.open; p != nil {
		mine := slices.ContainsFunc(cases, func(c *mCase) bool { return slices.Contains(p.cases, c) })
		switch {
		case way != "" && (way == p.waybill || slices.Contains(p.labels, way)), mine && way == "":
			return p.opened()
		case mine:
			p.labels = append(p.labels, way)
			a.did(mAct{effect: scanner.EffectAliasAdded, parcel: p, label: way})
			return scanner.CodeAliasAdded
		}
	}
	here := m.meant(cases, way)
	if here != nil {
		switch here.state {
		case "closed":
			return scanner.CodeAlreadyReceived
		case "held":
			b.shelved = here
			return scanner.CodeParcelHeld
		case "open":
			if !a.insisted(scanner.CodeOpenElsewhere) {
				return a.doubt(scanner.CodeOpenElsewhere)
			}
		}
	}
	if code := a.settle(); code != "" {
		return code
	}
	switch {
	case here == nil:
		return a.fresh(cases, way)
	case here.state == "open":
		for _, o := range m.benches {
			if o.open == here {
				*o = mBench{acts: o.acts}
			}
		}
		b.open, b.last = here, nil
		a.instead(mAct{effect: scanner.EffectParcelOpened, parcel: here})
		return scanner.CodeTakenOver
	}
	here.state = "open"
	b.open, b.last = here, nil
	a.instead(mAct{effect: scanner.EffectParcelOpened, parcel: here})
	return here.opened()
}

// meant is the box that a number means: the one that bears a waybill; of a case number, whichever is not closed.
func (m *model) meant(cases []*mCase, way string) (best *mParcel) {
	rank := []string{"closed", "at_dock", "held", "open"}
	for i := len(m.parcels) - 1; i >= 0; i-- {
		p := m.parcels[i]
		if way != "" && p.waybill != way && !slices.Contains(p.labels, way) {
			continue
		}
		if way == "" && (p.state == "closed" || !slices.ContainsFunc(cases, func(c *mCase) bool { return slices.Contains(p.cases, c) })) {
			continue
		}
		if best == nil || slices.Index(rank, p.state) > slices.Index(rank, best.state) {
			best = p
		}
	}
	return best
}

func (p *mParcel) opened() scanner.Code {
	switch {
	case !p.owned:
		return scanner.CodeOwnerUnknownOpened
	case p.note == "case_over":
		return scanner.CodeCaseOver
	}
	return scanner.CodeParcelOpened
}

// settle puts the open parcel away before another is opened; a code is the doubt about that.
func (a *asked) settle() scanner.Code {
	p := a.b.open
	if p == nil {
		return ""
	}
	bare := a.m.bare(p)
	if (bare || p.missing() > 0) && !a.insisted(scanner.CodePreviousOpen) {
		return a.doubt(scanner.CodePreviousOpen)
	}
	if bare {
		p.state = "at_dock"
		a.leave()
		return ""
	}
	a.close(p)
	return ""
}

func (a *asked) leave() { a.b.open, a.b.last = nil, nil }

func (a *asked) close(p *mParcel) {
	p.state = "closed"
	a.leave()
	a.m.settleCases(p)
	a.closed = true
	a.did(mAct{effect: scanner.EffectParcelClosed, parcel: p})
}

// instead drops the act of the close on the way: the outcome's last effect is what UNDO sees.
func (a *asked) instead(act mAct) {
	if a.closed {
		a.b.acts = a.b.acts[:len(a.b.acts)-1]
	}
	a.did(act)
}

// settleCases counts what came; the box closed last gives up what is more than was asked.
func (m *model) settleCases(p *mParcel) {
	for _, l := range p.lines {
		l.of.received += l.received
	}
	for _, l := range p.lines {
		for i := len(m.units) - 1; i >= 0 && l.of.received > l.of.quantity; i-- {
			if u := m.units[i]; u.line == l && !u.undone && u.account == "quarantine" && !u.inspected && !u.paid {
				u.finding, u.line = "extra", nil
				l.received--
				l.of.received--
			}
		}
	}
}

// fresh opens a box that nobody has seen.
func (a *asked) fresh(cases []*mCase, way string) scanner.Code {
	p := &mParcel{waybill: way, state: "open", owned: len(cases) > 0, cases: cases}
	a.m.await(p)
	if len(cases) > 0 && len(p.lines) == 0 && !a.insisted(scanner.CodeAlreadyReceived) {
		for _, q := range a.m.parcels {
			if q.state == "closed" && (way != "" && q.waybill == way || slices.ContainsFunc(cases, func(c *mCase) bool { return slices.Contains(q.cases, c) })) {
				return a.doubt(scanner.CodeAlreadyReceived)
			}
		}
	}
	a.m.parcels = append(a.m.parcels, p)
	a.b.open, a.b.last = p, nil
	a.instead(mAct{effect: scanner.EffectParcelOpened, parcel: p})
	return p.opened()
}

// await writes on a parcel what its cases still lack.
func (m *model) await(p *mParcel) {
	live := false
	for _, c := range p.cases {
		live = live || !c.over
		for _, of := range c.lines {
			n := of.quantity - of.received
			for _, q := range m.parcels {
				for _, l := range q.lines {
					if l.of == of && q.state != "closed" {
						n -= l.received
					}
				}
			}
			if n > 0 {
				p.lines = append(p.lines, &mLine{of: of, expected: n})
			}
		}
	}
	switch {
	case p.note == "junk" || p.note == "empty_box":
	case len(p.cases) > 0 && !live:
		p.note = "case_over"
	default:
		p.note = ""
	}
}

func (a *asked) done() scanner.Code {
	p := a.b.open
	switch {
	case p == nil:
		return scanner.CodeNothingOpen
	case a.m.bare(p):
		return a.keep(scanner.CodeZeroPieces)
	}
	short := p.missing() > 0
	a.close(p)
	if short {
		return scanner.CodeClosedShort
	}
	return scanner.CodeClosed
}

func (a *asked) empty() scanner.Code {
	p := a.b.open
	switch {
	case p == nil:
		return scanner.CodeNothingOpen
	case len(a.m.pieces(p)) > 0:
		return a.keep(scanner.CodeNotEmpty)
	}
	p.note = "empty_box"
	a.close(p)
	return scanner.CodeEmptyConfirmed
}

func (a *asked) junk() scanner.Code {
	p := a.b.open
	if p == nil {
		return scanner.CodeNothingOpen
	}
	if p.note != "junk" {
		a.did(mAct{effect: scanner.EffectJunkNoted, parcel: p, note: p.note})
		p.note = "junk"
	}
	return a.keep(scanner.CodeJunkNoted)
}

func (a *asked) shelve(p *mParcel) {
	p.state = "held"
	a.leave()
	a.b.shelved = p
}

func (a *asked) resume() scanner.Code {
	p := a.b.shelved
	if p == nil {
		if a.b.open != nil {
			return a.keep(a.b.open.opened())
		}
		return scanner.CodeNothingOpen
	}
	if code := a.settle(); code != "" {
		return code
	}
	a.b.shelved = nil
	if p.state != "held" {
		return scanner.CodeNothingOpen
	}
	p.state, a.b.open = "open", p
	a.instead(mAct{effect: scanner.EffectParcelResumed, parcel: p})
	return scanner.CodeResumed
}

// claim gives a parcel of unknown owner to a case; false when it has an owner.
func (m *model) claim(p *mParcel, c *mCase) bool {
	if p.owned {
		return false
	}
	p.owned, p.cases = true, []*mCase{c}
	m.await(p)
	for _, b := range m.benches {
		if b.open == p { // what the bench was asked is settled with the owner
			*b = mBench{open: p, acts: b.acts}
		}
	}
	for _, u := range m.pieces(p) {
		if u.finding != "unclaimed" || u.account != "custody" {
			continue
		}
		l := p.awaits(u.sku)
		switch {
		case u.sku == "":
			u.finding = "unknown_item"
		case l == nil && accountOf(p.stranger(u.sku)) == "custody": // a forgery or not: it is none of ours
			u.finding = p.stranger(u.sku)
		case u.condition == "counterfeit":
			u.finding = "counterfeit"
		case l != nil && l.received < l.expected:
			l.received++
			u.line, u.finding = l, marked("match", u.condition)
		case l != nil:
			u.finding = "extra"
		default:
			u.finding = p.stranger(u.sku)
		}
		u.account = accountOf(u.finding)
	}
	if p.waybill != "" && !slices.Contains(m.numbers[p.waybill], c) {
		m.numbers[p.waybill] = append(m.numbers[p.waybill], c)
	}
	if p.state == "closed" {
		m.settleCases(p)
	}
	return true
}

// reopen puts a closed parcel back to the dock; false when it is not closed.
func (m *model) reopen(p *mParcel) bool {
	if p.state != "closed" {
		return false
	}
	p.state = "at_dock"
	if p.note == "junk" || p.note == "empty_box" {
		p.note = ""
	}
	for _, l := range p.lines {
		l.of.received -= l.received
	}
	return true
}
