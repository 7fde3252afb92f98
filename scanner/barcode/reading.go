package barcode

import "github.com/backdock/backdock/scanner/gs1"

// Family groups symbologies by what they are used for.
type Family string

const (
	UnknownFamily Family = ""       // the scanner sends no AIM identifier
	Retail        Family = "retail" // EAN, UPC, DataBar: a product, never a waybill
	Linear        Family = "linear"
	Matrix        Family = "matrix"
)

// Codes of Reading.Problem.
const (
	GS1Malformed     = "gs1_malformed"     // Reason says what of it
	GS1Ambiguous     = "gs1_ambiguous"     // a separator was lost; Ways says how it can be read
	GS1Contradiction = "gs1_contradiction" // its elements rule one another out; Breaches says which
)

// Reading is everything a text may be. Several may hold at once; Meanings lists them with their confidence.
type Reading struct {
	Data       string        `json:"data"`
	Symbology  string        `json:"symbology,omitempty"` // AIM identifier
	Family     Family        `json:"family,omitempty"`
	GTIN       string        `json:"gtin,omitempty"`        // the one number of the product: EAN-13 form where it fits, see GTIN
	OtherGTIN  string        `json:"gtin_alt,omitempty"`    // eight digits without AIM identifier that are both an EAN-8 and a UPC-E
	Carton     bool          `json:"carton,omitempty"`      // the number is of a box of several pieces: an indicator digit 1 to 8, or contents (02)
	InStore    bool          `json:"in_store,omitempty"`    // GTIN of restricted circulation: not the same product everywhere
	AddOn      string        `json:"add_on,omitempty"`      // two or five digits beside an EAN or UPC: issue or price
	Serial     string        `json:"serial,omitempty"`      // GS1 (21)
	Batch      string        `json:"batch,omitempty"`       // GS1 (10)
	Expiry     string        `json:"expiry,omitempty"`      // GS1 (17) or (7003), YYYY-MM-DD
	BestBefore string        `json:"best_before,omitempty"` // GS1 (15), YYYY-MM-DD
	Count      int           `json:"count,omitempty"`       // GS1 (37) or (30): pieces
	Weight     *Weight       `json:"weight,omitempty"`
	Price      *Price        `json:"price,omitempty"`
	SSCC       string        `json:"sscc,omitempty"`
	IMEI       string        `json:"imei,omitempty"`
	IMEI2      string        `json:"imei2,omitempty"` // GS1 (8041), of a phone with two
	Link       bool          `json:"link,omitempty"`  // a GS1 Digital Link URI
	GS1        []gs1.Element `json:"gs1,omitempty"`   // element strings, in the order of the symbol; with a Problem those before it
	Ways       []gs1.Way     `json:"ways,omitempty"`
	Problem    string        `json:"problem,omitempty"`
	Reason     string        `json:"reason,omitempty"` // gs1.Reason, with identifier and place
	Breaches   []gs1.Breach  `json:"breaches,omitempty"`
	// Waybills are the surest first.
	Waybills []Candidate `json:"waybills,omitempty"`
}

// Weight is a weight as the symbol states it.
type Weight struct {
	Value string `json:"value"` // decimal, such as "0.500"
	Unit  string `json:"unit"`  // kg, lb, ozt
	Gross bool   `json:"gross,omitempty"`
}

// Price is the price of a piece of variable measure.
type Price struct {
	Amount   string `json:"amount"`             // decimal
	Currency string `json:"currency,omitempty"` // ISO 4217 number, such as "156"; empty: the local one
}

// Retailed reports whether the symbol itself says that this is a product.
func (r Reading) Retailed() bool { return r.Family == Retail && r.GTIN != "" }

// Waybill returns the surest candidate of at least c. Candidates of the same confidence that name different numbers are a question and no answer; where they
// differ in the courier only, the courier stays open.
func (r Reading) Waybill(c Confidence) (Candidate, bool) {
	if len(r.Waybills) == 0 || r.Waybills[0].Confidence < c {
		return Candidate{}, false
	}
	first := r.Waybills[0]
	for _, w := range r.Waybills[1:] {
		switch {
		case w.Confidence < first.Confidence:
		case w.Number != first.Number:
			return Candidate{}, false
		case w.Carrier != first.Carrier:
			first.Carrier = ""
		}
	}
	return first, true
}
