package barcode

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/backdock/backdock/scanner/gs1"
)

// elements takes out what element strings say. Where one of them is in doubt, those before it still count; where they contradict one another, none does.
func (r *Reading) elements(list []gs1.Element, err error) {
	if ref := refusal(err); ref != nil {
		r.Problem, r.Reason = GS1Malformed, ref.Error()
		list = nil
		if ref.Reason == gs1.Ambiguous {
			r.Problem, r.Ways, list = GS1Ambiguous, ref.Ways, ref.Front
		}
	}
	r.GS1, r.Breaches = list, gs1.Check(list)
	if r.Problem == GS1Ambiguous {
		r.Breaches = nil // what is missing may stand in the doubtful part
	}
	for _, b := range r.Breaches {
		if b.Kind != gs1.Needs {
			r.Problem, r.Reason = GS1Contradiction, fmt.Sprintf("(%s) %s (%s)", b.AI, b.Kind, b.With)
			return
		}
	}
	for _, e := range list {
		r.identity(e)
		r.attribute(e)
	}
	r.InStore = inStore(r.GTIN)
}

// identity takes what an element names.
func (r *Reading) identity(e gs1.Element) {
	switch e.AI {
	case "01", "03":
		r.GTIN, _ = GTIN(e.Value)
		r.Carton = carton(r.GTIN)
	case "02": // what is in the logistic unit
		r.GTIN, _ = GTIN(e.Value)
		r.Carton = true
	case "8006":
		r.GTIN, _ = GTIN(e.Value[:14])
	case "00":
		r.SSCC, _ = SSCC(e.Value)
	case "21":
		r.Serial = e.Value
	case "10":
		r.Batch = e.Value
	case "8040", "8041":
		if !luhn(e.Value) {
			return
		}
		if e.AI == "8041" {
			r.IMEI2 = e.Value
		} else {
			r.IMEI = e.Value
		}
	}
}

// attribute takes what an element says about the piece.
func (r *Reading) attribute(e gs1.Element) {
	switch {
	case e.AI == "17":
		r.Expiry = date(e.Value)
	case e.AI == "7003" && r.Expiry == "":
		r.Expiry = date(e.Value[:6])
	case e.AI == "15":
		r.BestBefore = date(e.Value)
	case e.AI == "37" || e.AI == "30":
		r.Count, _ = strconv.Atoi(e.Value)
	case len(e.AI) == 4:
		r.measured(e, e.AI[:3], int(e.AI[3]-'0'))
	}
}

// weights are the identifiers of weights by their first three digits; the fourth is the number of decimals.
var weights = map[string]Weight{"310": {Unit: "kg"}, "320": {Unit: "lb"}, "356": {Unit: "ozt"}, "330": {Unit: "kg", Gross: true}, "340": {Unit: "lb", Gross: true}}

func (r *Reading) measured(e gs1.Element, prefix string, decimals int) {
	if w, ok := weights[prefix]; ok && (r.Weight == nil || r.Weight.Gross) {
		w.Value = decimal(e.Value, decimals)
		r.Weight = &w
	}
	switch prefix {
	case "392":
		r.Price = &Price{Amount: decimal(e.Value, decimals)}
	case "393":
		r.Price = &Price{Amount: decimal(e.Value[3:], decimals), Currency: e.Value[:3]}
	}
}

// decimal sets the point: "000500" with 3 decimals is "0.500".
func decimal(digits string, decimals int) string {
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	n := len(digits) - decimals
	whole := strings.TrimLeft(digits[:n], "0")
	if whole == "" {
		whole = "0"
	}
	if decimals == 0 {
		return whole
	}
	return whole + "." + digits[n:]
}

// date writes YYMMDD as YYYY-MM-DD; day 00 is the last of the month. The General Specifications place the century by today's date; goods in trade are of
// this century.
func date(v string) string {
	year, _ := strconv.Atoi(v[:2])
	month, _ := strconv.Atoi(v[2:4])
	day := v[4:]
	if day == "00" {
		last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
		if month == 2 && year%4 == 0 {
			last = 29
		}
		day = strconv.Itoa(last)
	}
	return fmt.Sprintf("20%s-%s-%s", v[:2], v[2:4], day)
}
