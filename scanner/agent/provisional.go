package agent

import (
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// Provisional is what the station can say by itself about a scan while the server is away. It is never an acceptance.
type Provisional struct {
	Verdict string `json:"verdict" enum:"accepted,attention,unknown"`
	Code    string `json:"code" enum:"provisional_match,provisional_not_expected,provisional_unknown"`
	SKU     string `json:"sku,omitempty"`
	Name    string `json:"name,omitempty"`
	NameEN  string `json:"name_en,omitempty"`
}

const (
	ProvisionalMatch       = "provisional_match"        // awaited in the parcel that was open when the link went down
	ProvisionalNotExpected = "provisional_not_expected" // not awaited there, or more than awaited
	ProvisionalUnknown     = "provisional_unknown"      // recorded, not checked
)

// shadow follows the open parcel on from the server's last view. Once something happens that only the server can follow, it knows nothing any more.
type shadow struct {
	view  *scanner.BenchView
	taken map[string]int // line → pieces since the view
	lost  bool
}

func (s *shadow) reset(v *scanner.BenchView) { *s = shadow{view: v, taken: map[string]int{}} }

// judge looks at one scan and takes note of it.
func (s *shadow) judge(scan scanner.Scan, r barcode.Reading) *Provisional {
	unknown := &Provisional{Verdict: "unknown", Code: ProvisionalUnknown}
	if verb, _, ok := scanner.Control(scan.Data); ok {
		// A condition or a photo belongs to a piece and leaves the parcel as it is.
		if verb != scanner.Condition && verb != scanner.Photo && verb != scanner.Operator {
			s.lost = true
		}
		return unknown
	}
	if !usable(scan) || s.lost || s.view == nil || s.view.Parcel == nil {
		return unknown
	}
	p := s.view.Parcel
	for i := range p.Lines {
		l := &p.Lines[i]
		if l.Expected == 0 || !names(scan.Data, r, l) {
			continue
		}
		out := &Provisional{Verdict: "attention", Code: ProvisionalNotExpected, SKU: l.SKU, Name: l.Name, NameEN: l.NameEN}
		if l.Received+s.taken[l.ID] < l.Expected {
			s.taken[l.ID]++
			out.Verdict, out.Code = "accepted", ProvisionalMatch
		}
		return out
	}
	if _, isWaybill := r.Waybill(barcode.Medium); isWaybill {
		s.lost = true // another parcel
		return unknown
	}
	if _, isPlate := scanner.PlateNumber(scan.Data); isPlate {
		return unknown
	}
	return &Provisional{Verdict: "attention", Code: ProvisionalNotExpected}
}

// names reports whether a code stands for an awaited line.
func names(data string, r barcode.Reading, l *scanner.LineView) bool {
	if data == l.Code || data == l.SKU {
		return true
	}
	want, ok := barcode.GTIN(l.Code)
	return ok && (r.GTIN == want || r.OtherGTIN == want)
}

// usable reports whether the scan's text can be acted upon.
func usable(s scanner.Scan) bool {
	return !s.Has(scanner.Damaged) && !s.Has(scanner.Overflow) && !s.Has(scanner.NotText)
}
