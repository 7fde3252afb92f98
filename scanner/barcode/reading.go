package barcode

import "strings"

// Family groups symbologies by what they are used for.
type Family string

const (
	UnknownFamily Family = ""       // the scanner sends no AIM identifier
	Retail        Family = "retail" // EAN, UPC, DataBar: a product, never a waybill
	Linear        Family = "linear"
	Matrix        Family = "matrix"
)

// Reading is everything a text may be. Several may hold at once.
type Reading struct {
	Data      string      `json:"data"`
	Symbology string      `json:"symbology,omitempty"` // AIM identifier
	Family    Family      `json:"family,omitempty"`
	GTIN      string      `json:"gtin,omitempty"`     // the one number of the product: EAN-13 form where it fits, see GTIN
	OtherGTIN string      `json:"gtin_alt,omitempty"` // eight digits without AIM identifier that are both an EAN-8 and a UPC-E
	Serial    string      `json:"serial,omitempty"`   // GS1 (21)
	Batch     string      `json:"batch,omitempty"`    // GS1 (10)
	Expiry    string      `json:"expiry,omitempty"`   // GS1 (17), YYYY-MM-DD
	SSCC      string      `json:"sscc,omitempty"`
	IMEI      string      `json:"imei,omitempty"`
	GS1       []Element   `json:"gs1,omitempty"`      // element strings, in the order of the symbol
	Problem   string      `json:"problem,omitempty"`  // why a GS1 symbol could not be read: gs1_malformed, gs1_ambiguous
	Waybills  []Candidate `json:"waybills,omitempty"` // the surest first
}

// Read says what data may be. symbology is the AIM identifier, empty if unknown. data is Text.Data, or what a person typed.
func Read(data, symbology string) Reading {
	r := Reading{Data: data, Symbology: symbology, Family: family(symbology)}
	switch {
	case gs1Symbology(symbology):
		r.elements(ParseGS1(data))
		return r
	case strings.HasPrefix(data, "(") && strings.Contains(data, ")"):
		r.elements(ParseBracketed(data)) // typed as printed below the bars
	case strings.Contains(data, groupSeparator):
		r.elements(ParseGS1(data)) // GS1 without an AIM identifier: only GS1 symbols hold the separator
	}
	if e := digitalLink(data); len(e) > 0 {
		r.elements(e, nil)
	}
	s := strings.TrimSpace(data)
	if digits(s) && r.GTIN == "" {
		r.number(s)
	}
	if r.Family != Retail && r.GTIN == "" || digits(s) && r.Family != Retail {
		r.Waybills = Waybills(data)
	}
	return r
}

// Retailed reports whether the symbol itself says that this is a product.
func (r Reading) Retailed() bool { return r.Family == Retail && r.GTIN != "" }

// Waybill returns the surest candidate of at least c.
func (r Reading) Waybill(c Confidence) (Candidate, bool) {
	if len(r.Waybills) > 0 && r.Waybills[0].Confidence >= c {
		return r.Waybills[0], true
	}
	return Candidate{}, false
}

// number reads plain digits.
func (r *Reading) number(s string) {
	switch {
	case r.Symbology == "]E0" && len(s) <= 8: // UPC-E that the scanner did not expand
		r.GTIN, _ = UPCE(s)
		return
	case len(s) == 8:
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
	default:
		r.GTIN, _ = GTIN(s)
	}
	if n, ok := SSCC(s); ok {
		r.SSCC = n
	}
	if n, ok := SSCC(strings.TrimPrefix(s, "00")); ok && len(s) == 20 {
		r.SSCC = n // (00) with its identifier, read without AIM
	}
	if n, ok := IMEI(s); ok {
		r.IMEI = n
	}
}

func (r *Reading) elements(list []Element, err error) {
	if err != nil {
		r.Problem = err.Error()
		return
	}
	r.GS1 = list
	for _, e := range list {
		switch e.AI {
		case "01", "02", "03":
			if g, ok := GTIN(e.Value); ok && r.GTIN == "" {
				r.GTIN = g
			}
		case "8006":
			if g, ok := GTIN(e.Value[:14]); ok {
				r.GTIN = g
			}
		case "00":
			r.SSCC = e.Value
		case "21":
			r.Serial = e.Value
		case "10":
			r.Batch = e.Value
		case "17":
			r.Expiry = gs1Date(e.Value)
		case "8040":
			r.IMEI, _ = IMEI(e.Value)
		}
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

func gs1Symbology(aim string) bool {
	switch aim {
	case "]C1", "]d2", "]Q3", "]e0", "]J1":
		return true
	}
	return false
}
