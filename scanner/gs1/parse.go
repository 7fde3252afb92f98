package gs1

import "strings"

// Separator stands for FNC1 within a symbol.
const Separator = "\x1d"

// Parse splits the data of a GS1 symbol, without its AIM identifier. Values of open length end with GS (0x1D) or with the symbol; GS after a value of fixed length
// and one at the very beginning are passed over. The error is a *Refusal.
//
// Where no separator has arrived at all and the last, open value can be read as a shorter one with likely elements behind it, or where a value is wrong as it
// stands but right when cut, a separator may have been lost: keyboards cannot type it, and scanners can be told to drop it. The Refusal is Ambiguous then.
func Parse(s string) ([]Element, error) {
	rest := strings.TrimPrefix(s, Separator)
	if rest == "" {
		return nil, &Refusal{Reason: Empty, At: len(s)}
	}
	whole := strings.Contains(rest, Separator)
	var out []Element
	for rest != "" {
		at := len(s) - len(rest)
		id := begins(rest)
		if id == nil {
			return nil, &Refusal{Reason: UnknownAI, At: at, Front: out}
		}
		value, next := id.cut(rest[len(id.code):])
		why := id.refuses(value)
		if !id.fixed && (why != "" || next == "" && !whole) {
			if ways := lostSeparators(out, id, value, why == ""); len(ways) > 0 {
				return nil, &Refusal{Reason: Ambiguous, AI: id.code, At: at, Front: out, Ways: ways}
			}
		}
		if why != "" {
			return nil, &Refusal{Reason: why, AI: id.code, At: at + len(id.code), Front: out}
		}
		out, rest = append(out, Element{AI: id.code, Value: value}), next
	}
	return out, nil
}

// cut takes the value off: up to the separator, and for a fixed length no further.
func (id *identifier) cut(s string) (value, rest string) {
	value, rest, _ = strings.Cut(s, Separator)
	if id.fixed && len(value) > id.max {
		return s[:id.max], strings.TrimPrefix(s[id.max:], Separator)
	}
	return value, rest
}

// OpenEnded reports whether the end of the identifier's value must be told by a separator or the end of the symbol.
func OpenEnded(ai string) bool {
	id := dictionary()[ai]
	return id != nil && !id.fixed
}
