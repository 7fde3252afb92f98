package desk_test

import (
	"slices"

	"github.com/backdock/backdock/scanner"
)

// The model of a receiving hall: what a person who knows domain.md would answer and book, in plain memory. It knows parcels and what they await, units and where
// they stand, cases and what each of their lines is entitled to. It shares nothing with the desk. Other rooms join here: a dock adds parcels that are expected or
// at_dock, put-away and reservations move units out of "available" (accounts of mUnit), each with an act in model_acts_test.go and a line in (*hall).compare.
type model struct {
	skus    map[string]string // barcode → SKU code
	numbers map[string][]*mCase
	cases   []*mCase
	parcels []*mParcel // in the order in which they came
	units   []*mUnit   // in the order in which they were booked
	benches []*mBench
}

type mCase struct {
	number  string
	buyer   string
	ordered []string // SKUs of its order
	lines   []*mCaseLine
	known   bool // its message has come
	over    bool // withdrawn
}

type mCaseLine struct {
	c                  *mCase
	sku                string
	quantity, received int
}

type mParcel struct {
	number  string
	waybill string
	labels  []string // further numbers stuck on it
	owned   bool
	state   string
	note    string
	cases   []*mCase
	lines   []*mLine
}

// mLine is what a parcel awaits of a case line.
type mLine struct {
	of                 *mCaseLine
	expected, received int
}

type mUnit struct {
	plate                       string
	sku                         string // empty: nobody knows what it is
	finding, condition, account string
	parcel                      *mParcel
	line                        *mLine // that it counts towards
	undone, inspected, paid     bool
}

type mBench struct {
	open    *mParcel
	over    *mLine
	insist  string
	why     []scanner.Code
	last    *mUnit
	shelved *mParcel
	acts    []*mAct // with an effect, not undone
}

// mAct is an outcome with an effect: what UNDO takes back.
type mAct struct {
	effect scanner.EffectKind
	parcel *mParcel
	unit   *mUnit
	label  string
	was    mUnit // before a condition
	note   string
}

// asked is what a bench remembers of the scan before, while one scan is decided.
type asked struct {
	m      *model
	b      *mBench
	data   string
	over   *mLine
	insist string
	why    []scanner.Code
	booked *mUnit // by this scan; its plate is told
	closed bool   // the parcel before was closed on the way
}

// scan says what the bench is told, and books it.
func (m *model) scan(b *mBench, data string) (scanner.Code, *mUnit) {
	a := &asked{m: m, b: b, data: data, over: b.over, insist: b.insist, why: b.why}
	b.over, b.insist, b.why = nil, "", nil
	code := a.decide()
	return code, a.booked
}

// keep leaves asked what was asked.
func (a *asked) keep(code scanner.Code) scanner.Code {
	a.b.over, a.b.insist, a.b.why = a.over, a.insist, a.why
	return code
}

func (a *asked) insisted(why scanner.Code) bool {
	return a.insist == a.data && slices.Contains(a.why, why)
}

// doubt asks to scan the same again; doubts about one code add up.
func (a *asked) doubt(why scanner.Code) scanner.Code {
	a.b.insist, a.b.why = a.data, []scanner.Code{why}
	if a.insist == a.data {
		a.b.why = append(a.b.why, a.why...)
	}
	return why
}

func (a *asked) did(act mAct) { a.b.acts = append(a.b.acts, &act) }

func (a *asked) decide() scanner.Code {
	switch a.data {
	case "BD:DONE":
		return a.done()
	case "BD:EMPTY":
		return a.empty()
	case "BD:HOLD":
		if a.b.open == nil {
			return scanner.CodeNothingOpen
		}
		p := a.b.open
		a.shelve(p)
		a.did(mAct{effect: scanner.EffectParcelHeld, parcel: p})
		return scanner.CodeHeld
	case "BD:RESUME":
		return a.resume()
	case "BD:JUNK":
		return a.junk()
	case "BD:+1":
		if a.b.open == nil || a.over == nil {
			return scanner.CodeNothingToAdd
		}
		a.book("extra", a.over.of.sku, nil)
		return scanner.CodeExtra
	case "BD:UNDO":
		return a.undo()
	}
	if verb, x, ok := scanner.Control(a.data); ok && verb == scanner.Condition {
		return a.condition(x)
	}
	if sku, piece := a.m.skus[a.data]; piece {
		return a.piece(sku)
	}
	return a.number()
}

// piece is a product code; sku is empty when no catalogue has it.
func (a *asked) piece(sku string) scanner.Code {
	p := a.b.open
	if p == nil {
		return scanner.CodeScanWaybillFirst
	}
	if l := p.awaits(sku); l != nil {
		if l.received == l.expected {
			a.b.over = l
			return scanner.CodeOver
		}
		a.book("match", sku, l)
		return scanner.CodeMatched
	}
	if sku != "" && !p.ordered(sku) && !a.insisted(scanner.CodeBelongsElsewhere) && a.m.awaitedBeside(a.b, sku) {
		return a.doubt(scanner.CodeBelongsElsewhere)
	}
	finding := p.stranger(sku)
	a.book(finding, sku, nil)
	return scanner.Code(finding)
}

// awaits is the line on which a piece of a product counts: one with room, else the first.
func (p *mParcel) awaits(sku string) (best *mLine) {
	for _, l := range p.lines {
		if sku == "" || l.of.sku != sku {
			continue
		}
		if best == nil || best.received == best.expected && l.received < l.expected {
			best = l
		}
	}
	return best
}

func (p *mParcel) ordered(sku string) bool {
	return slices.ContainsFunc(p.cases, func(c *mCase) bool { return slices.Contains(c.ordered, sku) })
}

// stranger is the finding of a piece that the parcel does not await.
func (p *mParcel) stranger(sku string) string {
	switch {
	case !p.owned:
		return "unclaimed"
	case sku == "":
		return "unknown_item"
	case p.ordered(sku):
		return "undeclared"
	case slices.ContainsFunc(p.lines, func(l *mLine) bool { return product(l.of.sku) == product(sku) }):
		return "wrong_spec"
	}
	return "wrong_item"
}

func product(sku string) string { return sku[:3] } // TEE-L, TEE-XL, CAP-U, MUG-1

func (m *model) awaitedBeside(b *mBench, sku string) bool {
	return slices.ContainsFunc(m.benches, func(o *mBench) bool {
		return o != b && o.open != nil && slices.ContainsFunc(o.open.lines, func(l *mLine) bool { return l.of.sku == sku && l.received < l.expected })
	})
}

// custody says where a finding puts a piece.
func accountOf(finding string) string {
	switch finding {
	case "wrong_spec", "wrong_item", "unknown_item", "unclaimed", "counterfeit":
		return "custody"
	}
	return "quarantine"
}

func (a *asked) book(finding, sku string, l *mLine) {
	u := &mUnit{sku: sku, finding: finding, account: accountOf(finding), parcel: a.b.open, line: l}
	if l != nil {
		l.received++
	}
	a.m.units = append(a.m.units, u)
	a.booked, a.b.last = u, u
	a.did(mAct{effect: scanner.EffectUnitBooked, unit: u, parcel: u.parcel})
}

// pieces are the units that came out of a parcel.
func (m *model) pieces(p *mParcel) (out []*mUnit) {
	for _, u := range m.units {
		if u.parcel == p && !u.undone {
			out = append(out, u)
		}
	}
	return out
}

func (m *model) bare(p *mParcel) bool { return p.note != "junk" && len(m.pieces(p)) == 0 }

func (p *mParcel) missing() (n int) {
	for _, l := range p.lines {
		n += l.expected - l.received
	}
	return n
}
