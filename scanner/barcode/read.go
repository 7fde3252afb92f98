package barcode

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/backdock/backdock/scanner/gs1"
)

// Reader reads with the courier rules of one installation. Safe for concurrent use.
type Reader struct{ couriers *Couriers }

// NewReader makes a reader; nil takes the built-in rules.
func NewReader(c *Couriers) *Reader {
	if c == nil {
		c = StandardCouriers()
	}
	return &Reader{couriers: c}
}

// ReaderFrom makes a reader with the courier rules of a file over the built-in ones; an empty path takes those alone.
func ReaderFrom(path string) (*Reader, error) {
	if path == "" {
		return NewReader(nil), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("courier rules: %w", err)
	}
	c, err := StandardCouriers().With(path, data)
	if err != nil {
		return nil, fmt.Errorf("courier rules: %w", err)
	}
	return NewReader(c), nil
}

// Read says what data may be, by the built-in courier rules.
func Read(data, symbology string) Reading { return NewReader(nil).Read(data, symbology) }

// Normalise brings a waybill to the form in which it is stored; see Couriers.Normalise.
func (rd *Reader) Normalise(s string) string { return rd.couriers.Normalise(s) }

// Carrier reports whether the courier rules know a carrier of this code.
func (rd *Reader) Carrier(code string) bool { return rd.couriers.Known(code) }

// Read says what data may be. symbology is the AIM identifier, empty if unknown. data is Text.Data, or what a person typed.
func (rd *Reader) Read(data, symbology string) Reading {
	r := Reading{Data: data, Symbology: symbology, Family: family(symbology)}
	if gs1Symbology(symbology) {
		r.elements(gs1.Parse(data))
		if r.Problem == GS1Malformed && r.Family != Retail {
			// Some couriers print FNC1 before a number that is no element string.
			r.Waybills = rd.couriers.plain(upright(data))
		}
		return r
	}
	r.marked(data)
	s := strings.TrimSpace(data)
	if r.GTIN == "" && r.SSCC == "" {
		r.number(s)
	}
	if r.Family != Retail && (r.GTIN == "" || digits(s)) && !r.Link {
		r.Waybills = rd.couriers.Waybills(data)
	}
	return r
}

// marked reads the forms of GS1 that tell themselves: printed brackets, separators, a Digital Link, and element strings of a scanner that sends no identifier.
func (r *Reading) marked(data string) {
	switch {
	case strings.HasPrefix(data, "(") && strings.Contains(data, ")"):
		r.elements(gs1.ParseBracketed(data)) // typed as printed below the bars
	case strings.Contains(data, gs1.Separator):
		r.elements(gs1.Parse(data)) // only GS1 symbols hold the separator
	case strings.Contains(data, "://"):
		list, err := gs1.ParseLink(data)
		if ref := refusal(err); ref != nil && ref.Reason == gs1.NotLink {
			return
		}
		r.elements(list, err)
		r.Link = true
	case r.Symbology == "" && announced(data):
		r.unmarked(gs1.Parse(data))
	}
}

// announced reports whether a text without AIM identifier and separator begins as element strings do: with the number of a product or a logistic unit, its check
// digit right, and more behind it.
func announced(s string) bool {
	for ai, n := range map[string]int{"01": 14, "02": 14, "00": 18} {
		if strings.HasPrefix(s, ai) && len(s) >= 2+n && gs1.Checked(s[2:2+n]) && strings.Trim(s[2:2+n], "0") != "" {
			return true
		}
	}
	return false
}

// unmarked takes the elements of fixed length at the front. What follows is in doubt: a scanner that sends no AIM identifier may well drop separators too.
func (r *Reading) unmarked(list []gs1.Element, err error) {
	ref := refusal(err)
	if ref != nil && ref.Reason != gs1.Ambiguous {
		return // digits that begin by chance as an element string does
	}
	if ref != nil {
		r.elements(list, err)
		return
	}
	for i, e := range list {
		if gs1.OpenEnded(e.AI) {
			r.elements(nil, &gs1.Refusal{Reason: gs1.Ambiguous, AI: e.AI, At: len(gs1.Format(list[:i])), Front: list[:i], Ways: []gs1.Way{{Elements: list[i:]}}})
			return
		}
	}
	r.elements(list, nil)
}

func refusal(err error) *gs1.Refusal {
	r, _ := errors.AsType[*gs1.Refusal](err)
	return r
}

// number reads plain digits.
func (r *Reading) number(s string) {
	if !digits(s) {
		return
	}
	switch {
	case r.Symbology == "]E3" && (len(s) == 15 || len(s) == 18): // EAN-13 with its add-on in one
		r.GTIN, _ = GTIN(s[:13])
		r.AddOn = s[13:]
	case r.Symbology == "]E1" || r.Symbology == "]E2":
		r.AddOn = s
		return
	case r.Symbology == "]E0" && len(s) <= 8: // UPC-E that the scanner did not expand
		r.GTIN, _ = UPCE(s)
	case r.Symbology == "]I3" && len(s) == 13: // ITF-14 whose check digit was right and is not sent
		r.GTIN, _ = GTIN(s + string(gs1.CheckOf(s)))
	case len(s) == 8:
		r.eight(s)
	default:
		r.GTIN, _ = GTIN(s)
	}
	r.Carton, r.InStore = carton(r.GTIN), inStore(r.GTIN)
	if r.Family == Retail {
		return
	}
	if n, ok := SSCC(s); ok {
		r.SSCC = n
	}
	if n, ok := IMEI(s); ok {
		r.IMEI = n
	}
}

// eight reads eight digits: an EAN-8, a UPC-E, or both.
func (r *Reading) eight(s string) {
	ean, isEAN := GTIN(s)
	upc, isUPC := UPCE(s)
	switch {
	case isEAN && isUPC && r.Symbology == "":
		r.GTIN, r.OtherGTIN = ean, upc
	case isEAN:
		r.GTIN = ean
	case isUPC && r.Symbology == "":
		r.GTIN = upc
	}
}

func family(aim string) Family {
	if len(aim) != 3 {
		return UnknownFamily
	}
	switch aim[1] {
	case 'E', 'e':
		return Retail
	case 'd', 'Q', 'z', 'L', 'h', 'J':
		return Matrix
	}
	return Linear
}

// gs1Symbology reports whether FNC1 stands first in the symbol, so that its data are element strings: GS1-128, GS1 DataMatrix, GS1 QR, DataBar and composites,
// GS1 DotCode, the matrix ones also with ECI.
func gs1Symbology(aim string) bool {
	switch aim {
	case "]C1", "]d2", "]d5", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]J1", "]J4":
		return true
	}
	return false
}
