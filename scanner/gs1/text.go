package gs1

import "strings"

// Format writes elements as the data of a GS1 symbol: a separator after each value of open length but the last.
func Format(list []Element) string {
	var b strings.Builder
	for i, e := range list {
		b.WriteString(e.AI + e.Value)
		if i < len(list)-1 && OpenEnded(e.AI) {
			b.WriteString(Separator)
		}
	}
	return b.String()
}

// Bracketed writes elements as they are printed below the bars. A value that itself holds what looks like "(AI)" gets a backslash before the bracket.
func Bracketed(list []Element) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString("(" + e.AI + ")")
		v := e.Value
		for i := nextBracket(v); i >= 0; i = nextBracket(v) {
			b.WriteString(v[:i] + `\(`)
			v = v[i+1:]
		}
		b.WriteString(v)
	}
	return b.String()
}

// ParseBracketed splits the printed form, (01)06901234567892(21)A1. A bracket within a value begins the next element where an identifier that exists stands in
// it, unless a backslash stands before it. The error is a *Refusal.
func ParseBracketed(s string) ([]Element, error) {
	if s == "" {
		return nil, &Refusal{Reason: Empty}
	}
	var out []Element
	for rest := s; rest != ""; {
		at := len(s) - len(rest)
		ai, after, ok := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		if !ok || rest[0] != '(' {
			return nil, &Refusal{Reason: NoBracket, At: at, Front: out}
		}
		id := dictionary()[ai]
		if id == nil {
			return nil, &Refusal{Reason: UnknownAI, At: at, Front: out}
		}
		value := after
		rest = ""
		if i := unescapedBracket(after); i >= 0 {
			value, rest = after[:i], after[i:]
		}
		value = strings.ReplaceAll(value, `\(`, "(")
		if why := id.refuses(value); why != "" {
			return nil, &Refusal{Reason: why, AI: ai, At: at + len(ai) + 2, Front: out}
		}
		out = append(out, Element{AI: ai, Value: value})
	}
	return out, nil
}

// unescapedBracket finds where the next element begins in s, or -1.
func unescapedBracket(s string) int {
	for from := 0; ; {
		i := nextBracket(s[from:])
		if i < 0 {
			return -1
		}
		if i += from; i == 0 || s[i-1] != '\\' {
			return i
		}
		from = i + 1
	}
}

// nextBracket finds where "(AI)" with an identifier that exists stands in s, or -1.
func nextBracket(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '(')
		if i < 0 {
			return -1
		}
		i += from
		if end := strings.IndexByte(s[i:min(len(s), i+6)], ')'); end > 0 && dictionary()[s[i+1:i+end]] != nil {
			return i
		}
		from = i + 1
	}
}
