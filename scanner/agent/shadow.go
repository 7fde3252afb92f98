package agent

import (
	"slices"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
)

// shadow follows the bench while the server cannot: from the last view of it, scan by scan, by what the warehouse awaits. Once something happens that only the
// server can follow it knows no more which parcel is open, until a number or DONE says so.
type shadow struct {
	cache *expected.Cache
	hash  *wire.Hasher

	parcel  *parcel
	lost    bool
	doubt   doubt
	over    *line      // the last piece was one too many: +1 takes it
	asked   *line      // the last code was of a product whose pieces have serials: the next is one
	closed  sumSet     // waybills of parcels closed since the view
	serials sumSet     // serials taken since the view
	gone    takenBoard // what was taken since the view, of parcels that are closed
	past    []effect   // since the view, newest last
}

// doubt is a scan that was answered with doubts: the same again goes ahead, past each of them.
type doubt struct {
	data string
	why  []guess.Code
}

func (d doubt) insisted(data string, why guess.Code) bool {
	return d.data == data && slices.Contains(d.why, why)
}

// and adds one more doubt about the same scan.
func (d doubt) and(data string, why guess.Code) doubt {
	if d.data != data {
		d = doubt{data: data}
	}
	return doubt{data: data, why: append(slices.Clone(d.why), why)}
}

type sumSet map[uint64]bool

// takenBoard counts pieces by return and product.
type takenBoard map[uint64]map[uint64]int

// parcel is the open one.
type parcel struct {
	known   bool // what is awaited in it
	refs    []uint64
	numbers []uint64 // sums under which it was opened
	lines   []*line
	pieces  int
	undone  bool // the newest piece of the view was taken out again
}

// effect is what a scan changed, for UNDO.
type effect struct {
	kind   effectKind
	parcel *parcel
	line   *line  // of a piece; nil: of none
	serial uint64 // of a piece; 0: none
}

type effectKind int

const (
	tookPiece effectKind = iota
	marked               // a condition on the piece before
	opened
	named // a second number
	shelved
	ended // closed: only a manager opens it again
)

// line is what is awaited of one product.
type line struct {
	ref      uint64
	skus     []uint64 // the product; from a view, all that its codes name
	view     *scanner.LineView
	expected int
	received int
	serials  []uint64
}

func newShadow(cache *expected.Cache, hash *wire.Hasher) shadow {
	return shadow{cache: cache, hash: hash, lost: true, closed: sumSet{}, serials: sumSet{}, gone: takenBoard{}}
}

// reset takes the bench as the server sees it. Without a view nothing is known of the open parcel.
func (s *shadow) reset(v *scanner.BenchView) {
	*s = newShadow(s.cache, s.hash)
	if v == nil {
		return
	}
	// Proposed owners of the open parcel leave it open; any other choice decides which one will be.
	s.lost = v.Kind != "" && v.Kind != "receiving" || slices.ContainsFunc(v.Choices, func(c scanner.Choice) bool { return len(c.Why) == 0 })
	if v.Parcel != nil {
		s.parcel = s.seen(v.Parcel)
	}
}

// seen turns the open parcel of a view into one that can be followed. Its lines name one code each; the cache knows the others, and the serials.
func (s *shadow) seen(v *scanner.ParcelView) *parcel {
	p := &parcel{known: v.Owner != "" || v.Expected > 0}
	var hits []expected.Hit
	for _, n := range append(slices.Clone(v.Cases), v.Orders...) {
		hits = append(hits, s.cache.Number(s.hash.Sum(wire.SumNumber, n))...)
	}
	if v.Waybill != "" {
		sum := s.hash.Sum(wire.SumWaybill, v.Waybill)
		p.numbers = append(p.numbers, sum)
		hits = append(hits, s.cache.Number(sum)...)
	}
	for _, h := range hits {
		if !slices.Contains(p.refs, h.Ref) {
			p.refs = append(p.refs, h.Ref)
		}
	}
	for i := range v.Lines {
		l := &v.Lines[i]
		p.pieces += l.Received
		p.known = p.known || l.Expected > 0
		if l.Expected == 0 {
			continue
		}
		out := &line{view: l, expected: l.Expected, received: l.Received, skus: s.cache.Code(s.hash.Sum(wire.SumCode, l.SKU))}
		if l.Code != "" {
			code := l.Code
			if g, ok := barcode.GTIN(code); ok {
				code = storedGTIN(g)
			}
			out.skus = append(out.skus, s.cache.Code(s.hash.Sum(wire.SumCode, code))...)
		}
		for _, h := range hits {
			for _, k := range h.Lines {
				if slices.Contains(out.skus, k.SKU) {
					out.ref = h.Ref
					out.serials = append(out.serials, k.Serials...)
				}
			}
		}
		p.lines = append(p.lines, out)
	}
	return p
}

// fresh makes the parcel that returns are expected in, less what was taken of them while the server was away.
func (s *shadow) fresh(hits []expected.Hit, number uint64) *parcel {
	p := &parcel{known: true, numbers: []uint64{number}}
	for _, h := range hits {
		if slices.Contains(p.refs, h.Ref) {
			continue
		}
		p.refs = append(p.refs, h.Ref)
		gone := s.gone[h.Ref]
		used := map[uint64]int{}
		for _, k := range h.Lines {
			l := &line{ref: h.Ref, skus: []uint64{k.SKU}, expected: int(min(k.Count, 1<<20)), serials: k.Serials}
			less := min(l.expected, gone[k.SKU]-used[k.SKU])
			used[k.SKU] += less
			if l.expected -= less; l.expected > 0 {
				p.lines = append(p.lines, l)
			}
		}
	}
	return p
}

func (l *line) open() bool { return l.received < l.expected }

func (p *parcel) expected() (n int) {
	for _, l := range p.lines {
		n += l.expected
	}
	return n
}

func (p *parcel) missing() (n int) {
	for _, l := range p.lines {
		n += max(0, l.expected-l.received)
	}
	return n
}

// take counts a piece, of a line or of none.
func (s *shadow) take(l *line, serial uint64) {
	s.parcel.pieces++
	if l != nil {
		l.received++
	}
	if serial != 0 {
		s.serials[serial] = true
	}
	s.did(effect{kind: tookPiece, parcel: s.parcel, line: l, serial: serial})
}

func (s *shadow) did(e effect) { s.past = append(s.past, e) }

// awaited answers a piece that the open parcel awaits, as match.Awaited does on the server.
func (s *shadow) awaited(p piece) (Provisional, bool) {
	if s.lost || s.parcel == nil || !s.parcel.known {
		return Provisional{}, false
	}
	var byCode, bySerial []*line
	for _, l := range s.parcel.lines {
		if l.is(p) {
			byCode = append(byCode, l)
		}
	}
	serial := p.serial
	if serial == "" {
		serial = p.bare
	}
	sum := s.hash.Sum(wire.SumSerial, serial)
	for _, l := range s.parcel.lines {
		if slices.Contains(l.serials, sum) && (len(byCode) == 0 || slices.Contains(byCode, l)) {
			bySerial = append(bySerial, l)
		}
	}
	switch {
	case len(bySerial) > 0 && (len(byCode) == 0 || p.serial != ""):
		if s.serials[sum] {
			return say("attention", guess.Twice), true
		}
		return s.count(bySerial, sum), true
	case len(byCode) == 0:
		return Provisional{}, false
	}
	recorded := 0
	for _, l := range byCode {
		if len(l.serials) > 0 {
			recorded++
		}
	}
	switch {
	case p.serial == "" && recorded == len(byCode):
		s.asked = byCode[0]
		return byCode[0].answer("attention", guess.ScanSerial), true
	case p.serial != "" && recorded == len(byCode):
		s.take(nil, 0)
		return byCode[0].answer("attention", guess.NotExpected), true
	}
	return s.count(byCode, 0), true
}

// is reports whether a piece is of the line's product.
func (l *line) is(p piece) bool {
	if slices.ContainsFunc(l.skus, func(n uint64) bool { return slices.Contains(p.skus, n) }) {
		return true
	}
	if l.view == nil {
		return false
	}
	if p.bare == l.view.Code || p.bare == l.view.SKU {
		return true
	}
	want, ok := barcode.GTIN(l.view.Code)
	return ok && slices.Contains(p.gtins, want)
}

// count books a piece towards the first line that lacks one.
func (s *shadow) count(lines []*line, serial uint64) Provisional {
	for _, l := range lines {
		if l.open() {
			s.take(l, serial)
			return l.answer("accepted", guess.Match)
		}
	}
	s.over = lines[0]
	return lines[0].answer("attention", guess.Enough)
}

func (l *line) answer(verdict string, code guess.Code) Provisional {
	a := Provisional{Verdict: verdict, Code: code, Expected: l.expected, Received: l.received}
	if l.view != nil {
		a.SKU, a.Name, a.NameEN = l.view.SKU, l.view.Name, l.view.NameEN
	}
	return a
}
