package barcode

import (
	"cmp"
	"slices"

	"github.com/backdock/backdock/scanner/gs1"
)

// Kinds of Meaning.
const (
	Product     = "product"     // Value is the GTIN
	Box         = "box"         // GTIN of a carton or of a unit's contents
	Piece       = "piece"       // GTIN and serial
	LogisticBox = "sscc"        //
	Phone       = "imei"        //
	WaybillOf   = "waybill"     // Carrier names the courier
	GS1Way      = "gs1_reading" // one of the ways to read a symbol that lost a separator; Value is its printed form
)

// Meaning is one thing a scan may be.
type Meaning struct {
	Kind       string     `json:"kind"`
	Value      string     `json:"value"`
	Carrier    string     `json:"carrier,omitempty"`
	Confidence Confidence `json:"confidence"`
}

// Meanings lists all a reading may be, the surest first: what a person is shown where there is more than one. Nothing here decides: the desk knows what it awaits.
func (r Reading) Meanings() []Meaning {
	var out []Meaning
	add := func(kind, value, carrier string, c Confidence) {
		if value != "" {
			out = append(out, Meaning{kind, value, carrier, c})
		}
	}
	sure := r.sure()
	switch {
	case r.Carton:
		add(Box, r.GTIN, "", sure)
	case r.Serial != "":
		add(Piece, r.GTIN+" "+r.Serial, "", sure)
	default:
		add(Product, r.GTIN, "", sure)
	}
	add(Product, r.OtherGTIN, "", Low)
	add(LogisticBox, r.SSCC, "", sure)
	add(Phone, r.IMEI, "", sure)
	add(Phone, r.IMEI2, "", sure)
	for _, w := range r.Ways {
		c := Low
		if w.Likely {
			c = Medium
		}
		add(GS1Way, gs1.Bracketed(r.GS1)+gs1.Bracketed(w.Elements), "", c)
	}
	for _, w := range r.Waybills {
		add(WaybillOf, w.Number, w.Carrier, w.Confidence)
	}
	slices.SortStableFunc(out, func(a, b Meaning) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

// sure is how surely a number with a right check digit is what it looks like: the symbol says so, or one number in ten passes the check by chance.
func (r Reading) sure() Confidence {
	switch {
	case r.Family == Retail, len(r.GS1) > 0 && (gs1Symbology(r.Symbology) || r.Link):
		return Certain
	case len(r.GS1) > 0, r.Symbology == "]I1", r.Symbology == "]I3":
		return High
	}
	return Medium
}
