package gs1

import (
	"slices"
	"strings"
)

// Kinds of Breach.
const (
	Needs   = "needs"   // a partner is not there; it may be in another symbol on the same piece
	Bars    = "bars"    // must not stand together
	Repeats = "repeats" // the same identifier twice with different values
)

// Breach is an element that does not go with the others. The rules hold for all symbols on one piece together.
type Breach struct {
	Kind string `json:"kind"`
	AI   string `json:"ai"`
	With string `json:"with"` // what is missing ("01,02,8006": one of them; "01+21": both), or what it does not go with
}

// Check reports what in a list of elements does not go together, in their order.
func Check(list []Element) []Breach {
	var out []Breach
	for i, e := range list {
		id := dictionary()[e.AI]
		if id == nil {
			continue
		}
		for _, choices := range id.needs {
			if !slices.ContainsFunc(choices, func(all []string) bool { return hasAll(list, all, e.AI) }) {
				out = append(out, Breach{Needs, e.AI, choicesText(choices)})
			}
		}
		for _, bar := range id.bars {
			if other, ok := has(list, bar, e.AI); ok {
				out = append(out, Breach{Bars, e.AI, other})
			}
		}
		for _, before := range list[:i] {
			if before.AI == e.AI && before.Value != e.Value {
				out = append(out, Breach{Repeats, e.AI, e.AI})
				break
			}
		}
		// A signature binds one piece: keys whose serial may be left out must carry it.
		if e.AI == "8030" {
			for _, k := range list {
				if (k.AI == "253" || k.AI == "255" || k.AI == "8003") && len(k.Value) == dictionary()[k.AI].min {
					out = append(out, Breach{Needs, k.AI, "serial"})
				}
			}
		}
	}
	return out
}

func hasAll(list []Element, patterns []string, self string) bool {
	for _, p := range patterns {
		if _, ok := has(list, p, self); !ok {
			return false
		}
	}
	return true
}

// has finds an element by AI or pattern: "n" is any digit. An element is no partner of its own.
func has(list []Element, pattern, self string) (string, bool) {
	for _, e := range list {
		if e.AI != self && like(e.AI, pattern) {
			return e.AI, true
		}
	}
	return "", false
}

func like(ai, pattern string) bool {
	if len(ai) != len(pattern) {
		return false
	}
	for i := range len(ai) {
		if pattern[i] != 'n' && pattern[i] != ai[i] {
			return false
		}
	}
	return true
}

func choicesText(choices [][]string) string {
	var all []string
	for _, c := range choices {
		all = append(all, strings.Join(c, "+"))
	}
	return strings.Join(all, ",")
}
