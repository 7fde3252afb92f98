package barcode

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// groupSeparator stands for FNC1 within a symbol.
const groupSeparator = "\x1d"

// Element is one GS1 element string.
type Element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// What can be wrong with a GS1 symbol. The texts are the codes of Reading.Problem.
var (
	ErrGS1Malformed = errors.New("gs1_malformed")
	// ErrGS1Ambiguous: a value runs past its longest length, so a separator was lost (keyboard wedges drop it). Guessing could book a wrong serial.
	ErrGS1Ambiguous = errors.New("gs1_ambiguous")
)

//go:embed gs1.tsv
var gs1Table string

// part is one component of an AI's value.
type part struct {
	kind     byte // N, X, Y, Z
	min, max int  // min 0: may be left out
	whole    bool // has its full length where it is present
	check    bool
	date     bool
}

type aiRule struct {
	fixed bool // ends by its length, without a separator
	parts []part
	min   int
	max   int
}

var gs1Rules = sync.OnceValue(func() map[string]aiRule {
	rules, err := parseGS1Rules(gs1Table)
	if err != nil {
		panic(err) // the table is compiled in and a test reads it
	}
	return rules
})

func parseGS1Rules(table string) (map[string]aiRule, error) {
	rules := map[string]aiRule{}
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		if len(col) != 4 {
			return nil, fmt.Errorf("gs1 rule %q: want four columns", line)
		}
		rule := aiRule{fixed: col[2] == "fixed"}
		for _, s := range strings.Fields(col[3]) {
			p, err := parsePart(s)
			if err != nil {
				return nil, fmt.Errorf("gs1 rule %q: %w", line, err)
			}
			rule.parts = append(rule.parts, p)
			rule.min += p.min
			rule.max += p.max
		}
		first, err := strconv.Atoi(col[0])
		if err != nil {
			return nil, fmt.Errorf("gs1 rule %q: %w", line, err)
		}
		last, err := strconv.Atoi(col[1])
		if err != nil {
			return nil, fmt.Errorf("gs1 rule %q: %w", line, err)
		}
		for n := first; n <= last; n++ {
			rules[fmt.Sprintf("%0*d", len(col[0]), n)] = rule
		}
	}
	return rules, nil
}

func parsePart(s string) (part, error) {
	s, mark, _ := strings.Cut(s, "+")
	optional := strings.HasPrefix(s, "[")
	s = strings.Trim(s, "[]")
	if len(s) < 2 || !strings.ContainsRune("NXYZ", rune(s[0])) {
		return part{}, fmt.Errorf("component %q", s)
	}
	length, variable := strings.CutPrefix(s[1:], "..")
	n, err := strconv.Atoi(length)
	p := part{kind: s[0], min: n, max: n, whole: !variable, check: mark == "check", date: mark == "date"}
	if variable {
		p.min = 1
	}
	if optional {
		p.min = 0
	}
	return p, err
}

// ParseGS1 splits the data of a GS1 symbol, whose AIs of open length end with GS (0x1D) or with the symbol.
func ParseGS1(s string) ([]Element, error) {
	s = strings.TrimPrefix(s, groupSeparator)
	var out []Element
	for s != "" {
		ai, rule, ok := identifier(s)
		if !ok {
			return nil, ErrGS1Malformed
		}
		s = s[len(ai):]
		var value string
		if rule.fixed {
			if len(s) < rule.max {
				return nil, ErrGS1Malformed
			}
			value, s = s[:rule.max], strings.TrimPrefix(s[rule.max:], groupSeparator)
		} else {
			value, s, _ = strings.Cut(s, groupSeparator)
			if len(value) > rule.max {
				return nil, ErrGS1Ambiguous
			}
		}
		if !rule.takes(value) {
			return nil, ErrGS1Malformed
		}
		out = append(out, Element{AI: ai, Value: value})
	}
	if len(out) == 0 {
		return nil, ErrGS1Malformed
	}
	return out, nil
}

// ParseBracketed splits the human readable form, (01)06901234567892(21)A1.
func ParseBracketed(s string) ([]Element, error) {
	var out []Element
	for s != "" {
		ai, rest, ok := strings.Cut(strings.TrimPrefix(s, "("), ")")
		rule, known := gs1Rules()[ai]
		if !ok || !known || s[0] != '(' {
			return nil, ErrGS1Malformed
		}
		value := rest
		s = ""
		// A value may itself hold a bracket; only one followed by a known AI and ")" begins the next.
		if i := nextBracket(rest); i >= 0 {
			value, s = rest[:i], rest[i:]
		}
		if !rule.takes(value) {
			return nil, ErrGS1Malformed
		}
		out = append(out, Element{AI: ai, Value: value})
	}
	if len(out) == 0 {
		return nil, ErrGS1Malformed
	}
	return out, nil
}

// nextBracket finds where "(AI)" with a known AI stands in s, or -1.
func nextBracket(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '(')
		if i < 0 {
			return -1
		}
		i += from
		if end := strings.IndexByte(s[i:min(len(s), i+6)], ')'); end > 0 {
			if _, known := gs1Rules()[s[i+1:i+end]]; known {
				return i
			}
		}
		from = i + 1
	}
}

// identifier finds the AI at the start of s: two to four digits; no AI is the beginning of another.
func identifier(s string) (string, aiRule, bool) {
	for n := 2; n <= 4 && n <= len(s); n++ {
		if rule, ok := gs1Rules()[s[:n]]; ok {
			return s[:n], rule, true
		}
	}
	return "", aiRule{}, false
}

func (r aiRule) takes(v string) bool {
	if len(v) < r.min || len(v) > r.max {
		return false
	}
	for _, p := range r.parts {
		if v == "" {
			return p.min == 0
		}
		n := min(p.max, len(v))
		if n < p.min || (p.whole && n < p.max) || !p.takes(v[:n]) {
			return false
		}
		v = v[n:]
	}
	return v == ""
}

func (p part) takes(v string) bool {
	for i := range len(v) {
		if p.kind == 'N' && !digit(v[i]) || v[i] <= ' ' || v[i] >= 0x7f {
			return false
		}
	}
	return !(p.check && !checked(v)) && !(p.date && gs1Date(v) == "")
}

// gs1Date reads YYMMDD as YYYY-MM-DD; day 00 is the last of the month. The century by the rule of the General Specifications would need today's date;
// goods in trade are of this century.
func gs1Date(v string) string {
	month, _ := strconv.Atoi(v[2:4])
	day, _ := strconv.Atoi(v[4:6])
	year, _ := strconv.Atoi(v[:2])
	if month < 1 || month > 12 {
		return ""
	}
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 {
		last = 29
	}
	if day == 0 {
		day = last
	}
	if day > last {
		return ""
	}
	return fmt.Sprintf("20%02d-%02d-%02d", year, month, day)
}

// digitalLink reads a GS1 Digital Link URI: pairs of AI and value in the path from a primary key on, further AIs as parameters.
func digitalLink(s string) []Element {
	if lower := strings.ToLower(s); !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	segments := strings.Split(u.EscapedPath(), "/")
	var out []Element
	take := func(ai, escaped string) bool {
		v, err := url.PathUnescape(escaped)
		rule, known := gs1Rules()[ai]
		if ai == "01" && err == nil {
			if g, ok := GTIN(v); ok {
				v = strings.Repeat("0", 14-len(g)) + g // shorter GTINs are allowed in a URI
			}
		}
		if err != nil || !known || !rule.takes(v) {
			return false
		}
		out = append(out, Element{AI: ai, Value: v})
		return true
	}
	for i := 0; i+1 < len(segments); i++ {
		if len(out) == 0 && segments[i] != "01" && segments[i] != "00" && segments[i] != "8006" && segments[i] != "414" {
			continue
		}
		if take(segments[i], segments[i+1]) {
			i++
		} else if len(out) > 0 {
			return nil
		}
	}
	if len(out) == 0 {
		return nil
	}
	query := u.Query()
	for _, ai := range slices.Sorted(maps.Keys(query)) {
		if _, known := gs1Rules()[ai]; known {
			take(ai, url.PathEscape(query[ai][0]))
		}
	}
	return out
}
