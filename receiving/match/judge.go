package match

import (
	"slices"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
)

// Line is a line that the open parcel awaits. Lines stand oldest first.
type Line struct {
	SKU      id.SKU
	Product  string
	Codes    []string
	Serials  []string // shipped on its order line; none: nobody recorded them
	Tracked  bool     // each piece of the SKU has a serial
	Expected int
	Received int
	Deadline time.Time // the platform's; zero: none
}

func (l Line) open() bool { return l.Received < l.Expected }

// Scope is what the desk knows around the open parcel.
type Scope struct {
	Lines   []Line
	Owner   id.Owner // 0: a parcel of unknown owner
	Ordered []id.SKU // on its orders, whether awaited or not
	Asked   id.SKU   // the clerk was just asked for the serial of a piece of this SKU
}

// Next is what the clerk has to do before anything can be booked.
type Next string

const (
	Book       Next = ""
	PlusOne    Next = "plus_one"    // confirm that there really is one more
	ScanSerial Next = "scan_serial" // the product is right, its serial is not known yet
	ScanTag    Next = "scan_tag"    // that was the box
)

// Judgement says what a piece is and where it counts.
type Judgement struct {
	Finding receiving.Finding
	Next    Next
	Line    int // index into Scope.Lines of the line it counts towards or is compared with; -1: none
	Serial  string
	SKU     *catalogue.SKU // what the catalogue knows; nil: the line's, or unknown
}

// Awaited judges a piece that the parcel awaits: by serial, then by code. ok is false when it is none of the awaited lines.
func Awaited(lines []Line, p Piece) (j Judgement, ok bool) {
	byCode := where(lines, func(l Line) bool { return p.named(l.Codes) })
	if len(byCode) > 0 {
		return byProduct(lines, byCode, p), true
	}
	for _, serial := range []string{p.Serial, p.Bare} {
		if serial == "" {
			continue
		}
		if held := where(lines, func(l Line) bool { return slices.Contains(l.Serials, serial) }); len(held) > 0 {
			return count(lines, held, serial), true
		}
	}
	return Judgement{Line: -1}, false
}

// byProduct judges a piece whose product is awaited on the lines of which.
func byProduct(lines []Line, which []int, p Piece) Judgement {
	if p.Serial == "" {
		recorded := where(lines, func(l Line) bool { return l.Tracked && len(l.Serials) > 0 })
		if open := within(which, recorded); len(open) == len(which) {
			return Judgement{Finding: receiving.Match, Next: ScanSerial, Line: first(lines, open)}
		}
		return count(lines, which, "")
	}
	if held := within(which, where(lines, func(l Line) bool { return slices.Contains(l.Serials, p.Serial) })); len(held) > 0 {
		return count(lines, held, p.Serial)
	}
	if free := within(which, where(lines, func(l Line) bool { return len(l.Serials) == 0 })); len(free) > 0 {
		return count(lines, free, p.Serial)
	}
	return Judgement{Finding: receiving.SerialMismatch, Line: first(lines, which), Serial: p.Serial}
}

// count books towards the first open line of which, or asks whether there really is one more.
func count(lines []Line, which []int, serial string) Judgement {
	i := first(lines, which)
	if !lines[i].open() {
		return Judgement{Finding: receiving.Over, Next: PlusOne, Line: i, Serial: serial}
	}
	return Judgement{Finding: receiving.Match, Line: i, Serial: serial}
}

// first picks the line a piece goes to: an open one before a full one, then the earliest platform deadline, then the oldest.
func first(lines []Line, which []int) int {
	best := which[0]
	for _, i := range which[1:] {
		a, b := lines[i], lines[best]
		switch {
		case a.open() != b.open():
			if a.open() {
				best = i
			}
		case a.Deadline.IsZero():
		case b.Deadline.IsZero() || a.Deadline.Before(b.Deadline):
			best = i
		}
	}
	return best
}

// Judge judges a piece that no awaited code or serial names. hits is what the catalogue says of its codes.
func Judge(s Scope, p Piece, hits []catalogue.Hit) Judgement {
	if len(hits) == 0 {
		return s.unnamed(p)
	}
	if !slices.ContainsFunc(hits, func(h catalogue.Hit) bool { return h.Kind != catalogue.Carton }) {
		return Judgement{Next: ScanTag, Line: -1, SKU: &hits[0].SKU}
	}
	hit := hits[slices.IndexFunc(hits, func(h catalogue.Hit) bool { return h.Kind != catalogue.Carton })]
	j := Judgement{Line: -1, Serial: p.Serial, SKU: &hit.SKU}
	if s.Owner == 0 {
		j.Finding = receiving.Unclaimed
		if slices.ContainsFunc(hits, func(h catalogue.Hit) bool { return h.SKU.OwnerID != hit.SKU.OwnerID }) {
			j.SKU = nil // several owners sell it: whose it is stays open
		}
		return j
	}
	if same := where(s.Lines, func(l Line) bool { return l.SKU == hit.SKU.ID }); len(same) > 0 {
		return byProduct(s.Lines, same, p) // a code the catalogue has learned since the parcel was opened
	}
	j.Finding, j.Line = s.strange(hit.SKU)
	return j
}

// strange judges a known product that is not awaited.
func (s Scope) strange(sku catalogue.SKU) (receiving.Finding, int) {
	if sku.OwnerID != s.Owner {
		return receiving.OtherSeller, -1
	}
	if slices.Contains(s.Ordered, sku.ID) {
		return receiving.Undeclared, -1
	}
	if sku.Product != "" {
		if kin := where(s.Lines, func(l Line) bool { return l.Product == sku.Product }); len(kin) > 0 {
			return receiving.WrongSpec, first(s.Lines, kin)
		}
	}
	return receiving.WrongItem, -1
}

// unnamed judges a code that no catalogue knows.
func (s Scope) unnamed(p Piece) Judgement {
	if p.Box {
		return Judgement{Next: ScanTag, Line: -1}
	}
	if s.Owner == 0 {
		return Judgement{Finding: receiving.Unclaimed, Line: -1, Serial: p.Serial}
	}
	// A lone IMEI, or whatever was read after a serial was asked for, is the serial of a piece whose product can only be one.
	serial := p.Serial
	if s.Asked != 0 && !p.GTIN {
		serial = p.Bare
	} else if !p.Phone {
		return Judgement{Finding: receiving.UnknownItem, Line: -1, Serial: p.Serial}
	}
	tracked := where(s.Lines, func(l Line) bool { return l.Tracked && (s.Asked == 0 || l.SKU == s.Asked) })
	recorded := within(tracked, where(s.Lines, func(l Line) bool { return len(l.Serials) > 0 }))
	switch {
	case len(tracked) == 0:
		return Judgement{Finding: receiving.UnknownItem, Line: -1, Serial: serial}
	case len(recorded) < len(tracked) && s.one(tracked):
		return count(s.Lines, within(tracked, where(s.Lines, func(l Line) bool { return len(l.Serials) == 0 })), serial)
	case len(recorded) > 0 && s.one(recorded):
		return Judgement{Finding: receiving.SerialMismatch, Line: first(s.Lines, recorded), Serial: serial}
	}
	return Judgement{Finding: receiving.SerialMismatch, Line: -1, Serial: serial} // of which product cannot be told
}

// one reports whether all lines await the same product.
func (s Scope) one(which []int) bool {
	return !slices.ContainsFunc(which, func(i int) bool { return s.Lines[i].SKU != s.Lines[which[0]].SKU })
}

func where(lines []Line, is func(Line) bool) []int {
	var out []int
	for i, l := range lines {
		if l.Expected > 0 && is(l) {
			out = append(out, i)
		}
	}
	return out
}

func within(a, b []int) []int {
	var out []int
	for _, i := range a {
		if slices.Contains(b, i) {
			out = append(out, i)
		}
	}
	return out
}
