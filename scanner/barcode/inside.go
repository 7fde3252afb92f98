package barcode

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// maxHaystack is the longest text that is searched for a waybill: what a QR code holds at most.
const maxHaystack = 4296

// inside looks for numbers in a longer text: the QR code of a label holds the number in a URL, or among the names, codes and addresses of the consignment. It
// offers what it finds with medium confidence at most; several different numbers are all offered.
func (c *Couriers) inside(s string) []Candidate {
	if len(s) > maxHaystack {
		return nil
	}
	var out []Candidate
	for _, token := range tokens(s) {
		for _, carrier := range c.order {
			for _, r := range c.rules[carrier] {
				cand, ok := r.match(token)
				if !r.inside || !ok || slices.ContainsFunc(out, func(o Candidate) bool { return o.Number == cand.Number && o.Carrier == carrier }) {
					continue
				}
				cand.Carrier, cand.Inside, cand.Confidence = carrier, true, min(cand.Confidence, Medium)
				out = append(out, cand)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

// tokens cuts a text where no letter, digit or dash of a number stands. A text that is one token only is no longer text.
func tokens(s string) []string {
	var out []string
	for _, part := range unescapedParts(s) {
		for _, t := range strings.FieldsFunc(strings.Map(fold, part), func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-') }) {
			if len(t) >= minNumber && len(t) <= maxNumber && len(t) < len(s) {
				out = append(out, t)
			}
		}
	}
	return out
}

// unescapedParts takes percent encoding back part by part, so that an encoded separator stays within its part; other texts come back as they are.
func unescapedParts(s string) []string {
	if !strings.Contains(s, "://") {
		return []string{s}
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/?&;=#", r) })
	for i, p := range parts {
		if u, err := url.QueryUnescape(p); err == nil {
			parts[i] = u
		}
	}
	return parts
}
