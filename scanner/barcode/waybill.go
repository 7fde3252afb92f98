package barcode

import (
	_ "embed"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Confidence says how surely a number is a waybill of the carrier.
type Confidence int

const (
	Low     Confidence = 1 // digits that many other numbers share
	Medium  Confidence = 2
	High    Confidence = 3 // letters and length of one courier
	Certain Confidence = 4 // and a right check digit
)

func (c Confidence) String() string {
	return [...]string{"none", "low", "medium", "high", "certain"}[max(0, min(int(c), 4))]
}

// Carrier codes of candidates.
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
	Part       int        `json:"part,omitempty"`  // package of the consignment, from 1; 0 when the label does not say
	Parts      int        `json:"parts,omitempty"` // packages of the consignment
	Inside     bool       `json:"inside,omitempty"`
}

//go:embed waybills.tsv
var waybillTable string

type waybillRule struct {
	carrier    string
	confidence Confidence
	s10        bool
	pattern    *regexp.Regexp
}

var waybillRules = sync.OnceValue(func() []waybillRule {
	rules, err := parseWaybillRules(waybillTable)
	if err != nil {
		panic(err) // the table is compiled in and a test reads it
	}
	return rules
})

func parseWaybillRules(table string) ([]waybillRule, error) {
	levels := map[string]Confidence{"low": Low, "medium": Medium, "high": High, "certain": Certain}
	var rules []waybillRule
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		if len(col) != 4 || levels[col[1]] == 0 || (col[2] != "-" && col[2] != "s10") {
			return nil, fmt.Errorf("waybill rule %q: want carrier, confidence, check, pattern", line)
		}
		re, err := regexp.Compile("^(?:" + col[3] + ")$")
		if err != nil {
			return nil, fmt.Errorf("waybill rule %q: %w", line, err)
		}
		rules = append(rules, waybillRule{carrier: col[0], confidence: levels[col[1]], s10: col[2] == "s10", pattern: re})
	}
	return rules, nil
}

// A JD label carries its number followed by package, packages and a last dash: JD0123456789012-2-3-.
var jdPart = regexp.MustCompile(`^(JD[A-Z]{0,2}\d{11,15})-(\d{1,4})-(\d{1,4})-?$`)

// Waybills returns the ways to read s as a waybill, the surest first. s may be the number itself or a URL that holds it.
func Waybills(s string) []Candidate {
	if c := plainWaybills(s); len(c) > 0 {
		return c
	}
	return insideWaybills(s)
}

func plainWaybills(s string) []Candidate {
	s = upright(s)
	if m := jdPart.FindStringSubmatch(s); m != nil {
		part, _ := strconv.Atoi(m[2])
		parts, _ := strconv.Atoi(m[3])
		if part >= 1 && part <= parts {
			return []Candidate{{Carrier: JD, Number: m[1], Confidence: High, Part: part, Parts: parts}}
		}
		return nil
	}
	s = strings.ReplaceAll(s, "-", "")
	if len(s) < 11 || len(s) > 20 {
		return nil
	}
	var out []Candidate
	for c := Certain; c >= Low; c-- {
		for _, r := range waybillRules() {
			if r.confidence != c || !r.pattern.MatchString(s) || (r.s10 && !S10(s)) {
				continue
			}
			if r.carrier == UPU && len(out) > 0 {
				continue // EMS said so already
			}
			out = append(out, Candidate{Carrier: r.carrier, Number: s, Confidence: r.confidence})
		}
	}
	return out
}

// insideWaybills looks into a URL: label QR codes carry the number as a path element or a parameter. Only numbers with letters or a check digit count
// there: a long digit string in a URL is more often something else.
func insideWaybills(s string) []Candidate {
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	parts := strings.Split(u.Path, "/")
	for _, pair := range strings.FieldsFunc(u.RawQuery+"&"+u.Fragment, func(r rune) bool { return strings.ContainsRune("&;?/#", r) }) {
		_, v, _ := strings.Cut(pair, "=")
		if v == "" {
			v = pair
		}
		if v, err = url.QueryUnescape(v); err == nil {
			parts = append(parts, v)
		}
	}
	var out []Candidate
	seen := map[string]bool{}
	for _, p := range parts {
		for _, c := range plainWaybills(p) {
			if c.Confidence < Medium || seen[c.Number] || (c.Carrier == STO && len(parts) > 0) {
				continue
			}
			seen[c.Number] = true
			c.Confidence, c.Inside = Medium, true
			out = append(out, c)
		}
	}
	return out
}

// Normalise brings a waybill as printed, typed or scanned to the form in which it is stored and compared: upper case, ASCII, no spaces and dashes, and
// without the package part of a JD label. It does not judge: what is no waybill comes back in the same form.
func Normalise(s string) string {
	s = upright(s)
	if m := jdPart.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return strings.ReplaceAll(s, "-", "")
}

// upright makes s upper case and half width (labels and Chinese input methods use full-width digits), without spaces; all dashes become "-".
func upright(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			r -= '！' - '!'
		case r == '–' || r == '—' || r == '−' || r == '‐' || r == '‑':
			return '-'
		case r <= ' ' || r == 0x7f || r == 0xa0 || r == 0x3000 || r == 0xfeff || (r >= 0x2000 && r <= 0x200f):
			return -1
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
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
