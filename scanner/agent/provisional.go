package agent

import (
	"strings"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
)

// Provisional is what the station can say by itself about a scan while the server is away. It is never an acceptance.
type Provisional = guess.Answer

func say(verdict string, code guess.Code) Provisional {
	return Provisional{Verdict: verdict, Code: code}
}

var notChecked = say("unknown", guess.Unknown)

// judge looks at one scan and follows what it does to the bench. The order of the questions is the desk's (docs/receiving.md, "Decision order").
func (s *shadow) judge(scan scanner.Scan, r barcode.Reading) Provisional {
	if !usable(scan) {
		return notChecked
	}
	if scan.Has(scanner.DoubleRead) || scan.Has(scanner.RepeatAfterRestart) {
		return say("attention", guess.Twice)
	}
	if s.away {
		return notChecked
	}
	before := s.doubt
	s.doubt = doubt{}
	if verb, _, ok := scanner.Control(scan.Data); ok {
		return s.control(verb, scan.Data, before)
	}
	asked := s.asked
	s.over, s.asked = nil, nil
	p := s.piece(scan.Data, r)
	if a, ok := s.awaited(p); ok {
		return a
	}
	if !r.Retailed() && !p.box {
		if a, ok := s.number(scan.Data, r, before); ok {
			return a
		}
	}
	if _, isPlate := scanner.PlateNumber(scan.Data); isPlate {
		return notChecked
	}
	return s.another(scan.Data, r, p, asked != nil, before)
}

// another is a code that neither the open parcel nor the list of what is awaited names.
func (s *shadow) another(data string, r barcode.Reading, p piece, asked bool, before doubt) Provisional {
	product := p.like || len(p.skus) > 0 || len(s.cache.Serial(s.hash.Sum(wire.SumSerial, p.bare))) > 0
	if !product && len(r.Waybills) > 0 && !asked {
		return s.strange(data, before)
	}
	switch {
	case s.lost:
		return notChecked
	case s.parcel == nil && product:
		return say("attention", guess.ScanWaybill)
	case s.parcel == nil:
		return notChecked
	}
	// The desk takes in whatever comes out of the box.
	s.take(nil, 0)
	if s.parcel.known && (product || p.serial != "" || asked) { // whatever comes after the question for a serial is taken for one
		return say("attention", guess.NotExpected)
	}
	return notChecked
}

// piece is what a code says about the piece in hand.
type piece struct {
	bare   string
	codes  []string // forms under which the catalogue may keep it
	gtins  []string
	serial string
	skus   []uint64 // products that somebody awaits and that the code names
	box    bool
	like   bool // by itself the code of a product
}

func (s *shadow) piece(data string, r barcode.Reading) piece {
	p := piece{bare: strings.TrimSpace(data), serial: r.Serial}
	for _, g := range []string{r.GTIN, r.OtherGTIN} {
		if g != "" {
			p.gtins = append(p.gtins, g)
			p.codes = append(p.codes, storedGTIN(g))
		}
	}
	p.codes = append(p.codes, p.bare)
	phone := p.serial == "" && r.IMEI != ""
	if phone {
		p.serial = r.IMEI
	}
	p.box = r.SSCC != "" || len(r.GTIN) == 14 && r.GTIN[0] >= '1' && r.GTIN[0] <= '8'
	p.like = r.GTIN != "" || phone && r.GTIN == "" || p.box
	for _, c := range p.codes {
		p.skus = append(p.skus, s.cache.Code(s.hash.Sum(wire.SumCode, c))...)
	}
	return p
}

// storedGTIN is the form in which the server hashes a GTIN: 14 digits.
func storedGTIN(g string) string { return strings.Repeat("0", max(0, 14-len(g))) + g }

// usable reports whether the scan's text can be acted upon.
func usable(s scanner.Scan) bool {
	return !s.Has(scanner.Damaged) && !s.Has(scanner.Overflow) && !s.Has(scanner.NotText)
}
