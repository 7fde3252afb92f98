package match

import (
	"slices"
	"strings"

	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/scanner/barcode"
)

// Piece is what a scan says about the piece in the clerk's hand.
type Piece struct {
	Codes  []string // forms under which a catalogue may keep it
	Serial string   // told by the symbol itself: GS1 (21), an IMEI
	Phone  bool     // Serial is an IMEI that stood alone
	Bare   string   // the text as it is: it may be a serial or another code of this one piece
	Batch  string
	Expiry string
	Box    bool // a logistic unit: SSCC, or a GTIN-14 with a packing indicator
	GTIN   bool // a product code with a right check digit
}

// Of reads a piece out of what a barcode says.
func Of(r barcode.Reading) Piece {
	bare := strings.TrimSpace(r.Data)
	p := Piece{Bare: bare, Batch: r.Batch, Expiry: r.Expiry, Serial: r.Serial, GTIN: r.GTIN != ""}
	for _, g := range []string{r.GTIN, r.OtherGTIN} {
		if g != "" {
			p.Codes = append(p.Codes, catalogue.StoredGTIN(g))
		}
	}
	if bare != "" && !slices.Contains(p.Codes, bare) {
		p.Codes = append(p.Codes, bare)
	}
	if p.Serial == "" && r.IMEI != "" {
		p.Serial, p.Phone = r.IMEI, r.GTIN == ""
	}
	p.Box = r.SSCC != "" || r.Carton
	return p
}

// PieceLike reports whether the code can only be a piece: it never opens a parcel.
func (p Piece) PieceLike() bool { return p.GTIN || p.Phone || p.Box }

// named reports whether one of codes is one of the piece's.
func (p Piece) named(codes []string) bool {
	return slices.ContainsFunc(p.Codes, func(c string) bool { return slices.Contains(codes, c) })
}
