package barcode

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Carrier codes of the built-in rules.
const (
	EMS       = "ems" // China Post EMS and international items from China
	UPU       = "upu" // any other post's S10 item
	SF        = "sf"
	YTO       = "yto"
	JT        = "jt"
	Deppon    = "deppon"
	JD        = "jd"
	STO       = "sto"
	ZTO       = "zto"
	Yunda     = "yunda"
	ChinaPost = "chinapost"
)

// Candidate is one way to read a scan as a waybill.
type Candidate struct {
	Carrier    string     `json:"carrier"`
	Number     string     `json:"number"` // normalised, of the whole consignment
	Confidence Confidence `json:"confidence"`
	Part       int        `json:"part,omitempty"`   // package of the consignment, from 1; 0 when the label does not say
	Parts      int        `json:"parts,omitempty"`  // packages of the consignment
	Inside     bool       `json:"inside,omitempty"` // taken out of a longer text: the label's barcode, which holds the number alone, is surer
}

// Waybills returns the ways to read s as a waybill, the surest first. s may be the number itself, or a URL or longer text that holds it.
func (c *Couriers) Waybills(s string) []Candidate {
	if out := c.plain(upright(s)); len(out) > 0 {
		return out
	}
	return c.inside(s)
}

// plain reads a text that is the number and nothing else.
func (c *Couriers) plain(s string) []Candidate {
	if len(s) < minNumber || len(s) > maxNumber {
		return nil
	}
	var out []Candidate
	for _, carrier := range c.order {
		if cand, ok := best(c.rules[carrier], s); ok {
			cand.Carrier = carrier
			out = append(out, cand)
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

const (
	minNumber = 8  // shorter ones say nothing
	maxNumber = 40 // with the package part
)

// best is the surest rule of one carrier.
func best(rules []courierRule, s string) (found Candidate, ok bool) {
	for _, r := range rules {
		if c, fits := r.match(s); fits && c.Confidence > found.Confidence {
			found, ok = c, true
		}
	}
	return found, ok
}

// match reads s, upright, as a number of the rule.
func (r courierRule) match(s string) (Candidate, bool) {
	if r.packed != nil {
		if m := r.packed.FindStringSubmatch(s); m != nil {
			part, _ := strconv.Atoi(m[2])
			parts, _ := strconv.Atoi(m[3])
			ok := part >= 1 && part <= parts && (!r.s10 || S10(m[1]))
			return Candidate{Number: m[1], Confidence: r.packedConf, Part: part, Parts: parts}, ok
		}
	}
	s = strings.ReplaceAll(s, "-", "")
	if !r.number.MatchString(s) || r.s10 && !S10(s) {
		return Candidate{}, false
	}
	return Candidate{Number: s, Confidence: r.confidence}, true
}

// Normalise brings a waybill as printed, typed or scanned to the form in which it is stored and compared: upper case, ASCII, no spaces and dashes, and without
// the package part that some couriers' labels add. It does not judge: what is no waybill comes back in the same form.
func (c *Couriers) Normalise(s string) string {
	s = upright(s)
	for _, carrier := range c.order {
		for _, r := range c.rules[carrier] {
			if r.packed == nil {
				continue
			}
			if m := r.packed.FindStringSubmatch(s); m != nil {
				return strings.ReplaceAll(m[1], "-", "")
			}
		}
	}
	return strings.ReplaceAll(s, "-", "")
}

// Normalise is that of the built-in rules.
func Normalise(s string) string { return StandardCouriers().Normalise(s) }

// Waybills is that of the built-in rules.
func Waybills(s string) []Candidate { return StandardCouriers().Waybills(s) }

// upright makes s upper case and half width (labels and Chinese input methods use full-width digits), without spaces; all dashes become "-".
func upright(s string) string {
	return strings.Map(func(r rune) rune {
		if r = fold(r); r == ' ' {
			return -1
		}
		return r
	}, s)
}

// fold makes one character upper case and half width; all kinds of space, and what has no width, become a space.
func fold(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		r -= '！' - '!'
	case r == '–' || r == '—' || r == '−' || r == '‐' || r == '‑':
		return '-'
	case r <= ' ' || r == 0x7f || r == 0xa0 || r == 0x3000 || r == 0xfeff || (r >= 0x2000 && r <= 0x200f):
		return ' '
	}
	if r >= 'a' && r <= 'z' {
		r -= 'a' - 'A'
	}
	return r
}

// S10 reports whether s is a postal item number with a right check digit: two letters, eight digits and the check digit, two letters of the country.
// Weights 8 6 4 2 3 5 9 7; 11 minus the remainder by 11, where 10 means 0 and 11 means 5.
func S10(s string) bool {
	if len(s) != 13 || !digits(s[2:11]) {
		return false
	}
	for _, i := range []int{0, 1, 11, 12} {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	sum := 0
	for i, w := range []int{8, 6, 4, 2, 3, 5, 9, 7} {
		sum += int(s[2+i]-'0') * w
	}
	check := 11 - sum%11
	switch check {
	case 10:
		check = 0
	case 11:
		check = 5
	}
	return int(s[10]-'0') == check
}
