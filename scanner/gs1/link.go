package gs1

import (
	"slices"
	"strings"
)

// ParseLink reads an uncompressed GS1 Digital Link URI on any host and below any path: pairs of identifier and value from a primary key on, its qualifiers in
// their order, further identifiers as parameters. Identifiers are numbers; the words of early drafts (gtin, lot) are not read. A GTIN may be written without
// leading zeros, as many shops' links have it. The error is a *Refusal; NotLink says that the text is no such URI at all.
func ParseLink(s string) ([]Element, error) {
	path, query, err := linkParts(s)
	if err != nil {
		return nil, err
	}
	segments := strings.Split(path, "/")
	first := keyAt(segments)
	if first < 0 {
		return nil, &Refusal{Reason: NotLink}
	}
	var out []Element
	for i := first; i < len(segments); i += 2 {
		e, why := pathElement(segments[i], segments[i+1])
		if why != "" {
			return nil, &Refusal{Reason: why, AI: segments[i], At: offset(s, path, segments, i)}
		}
		out = append(out, e)
	}
	key := dictionary()[out[0].AI]
	if !key.qualifies(out[1:]) {
		return nil, &Refusal{Reason: Qualifier, AI: out[1].AI, At: offset(s, path, segments, first+2)}
	}
	return parameters(s, query, out)
}

// linkParts takes scheme, host and fragment off.
func linkParts(s string) (path, query string, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if lower := strings.ToLower(scheme); !ok || lower != "http" && lower != "https" {
		return "", "", &Refusal{Reason: NotLink}
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 1 {
		return "", "", &Refusal{Reason: NotLink}
	}
	host := rest[:slash]
	rest, _, _ = strings.Cut(rest[slash:], "#")
	path, query, _ = strings.Cut(rest, "?")
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if !only(host, letters+"-.:[]") || !only(s, letters+"-._~:/?#[]@!$&'()*+,;=%") {
		return "", "", &Refusal{Reason: NotLink} // also what only looks like a URI: a label's text with an address in it
	}
	return path, query, nil
}

// keyAt finds the primary key: looking back from the end in pairs, over identifiers only. Its value must have the shape of one: /01/hello is another path.
func keyAt(segments []string) int {
	for i := len(segments) - 2; i > 0; i -= 2 {
		id := dictionary()[segments[i]]
		if id == nil {
			return -1
		}
		if !id.key {
			continue
		}
		if e, ok := unescape(segments[i+1], false); ok && id.shape(fullGTIN(id.code, e)) == "" {
			return i
		}
		return -1
	}
	return -1
}

func pathElement(ai, escaped string) (Element, Reason) {
	v, ok := unescape(escaped, false)
	if !ok {
		return Element{}, Percent
	}
	v = fullGTIN(ai, v)
	return Element{AI: ai, Value: v}, dictionary()[ai].refuses(v)
}

// qualifies reports whether elements are qualifiers of the key in one of its sequences; any may be left out.
func (id *identifier) qualifies(list []Element) bool {
	if len(list) == 0 {
		return true
	}
	return slices.ContainsFunc(id.sequences, func(sequence []string) bool {
		for _, e := range list {
			i := slices.Index(sequence, e.AI)
			if i < 0 {
				return false
			}
			sequence = sequence[i+1:]
		}
		return true
	})
}

// qualifier reports whether an element could have stood in the path instead.
func (id *identifier) qualifier(path []Element, e Element) bool {
	for i := range len(path) + 1 {
		if id.qualifies(slices.Insert(slices.Clone(path), i, e)) {
			return true
		}
	}
	return false
}

// parameters adds the identifiers of the query. Parameters with other names are the link's own; a number that is no identifier is an error, as GS1 keeps all
// numbers for itself.
func parameters(s, query string, out []Element) ([]Element, error) {
	key, path := dictionary()[out[0].AI], out[1:]
	at := len(s) - len(query)
	if i := strings.IndexByte(s, '#'); i >= 0 {
		at = i - len(query)
	}
	for query != "" {
		here := at
		pair, rest, _ := strings.Cut(query, "&")
		at += len(query) - len(rest)
		query = rest
		name, escaped, ok := strings.Cut(pair, "=")
		if !ok || name == "" || !only(name, digitSet) {
			continue
		}
		id := dictionary()[name]
		if id == nil {
			return nil, &Refusal{Reason: UnknownAI, AI: name, At: here}
		}
		v, ok := unescape(escaped, true)
		v = fullGTIN(name, v)
		e := Element{AI: name, Value: v}
		why := id.refuses(v)
		switch {
		case !ok:
			why = Percent
		case v == "":
			why = Empty
		case slices.ContainsFunc(out, func(o Element) bool { return o.AI == name }):
			why = Twice
		case key.qualifier(path, e):
			why = BelongsFirst
		case !id.attribute:
			why = Attribute
		}
		if why != "" {
			return nil, &Refusal{Reason: why, AI: name, At: here}
		}
		out = append(out, e)
	}
	return out, nil
}

// fullGTIN writes a GTIN-8, -12 or -13 with 14 digits.
func fullGTIN(ai, v string) string {
	if n := len(v); ai == "01" && (n == 8 || n == 12 || n == 13) && only(v, digitSet) {
		return strings.Repeat("0", 14-n) + v
	}
	return v
}

// unescape takes percent encoding back. In a query "+" stands for a space, which no value has.
func unescape(s string, query bool) (string, bool) {
	if !percent(s) {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%':
			b.WriteByte(hex(s[i+1])<<4 | hex(s[i+2]))
			i += 2
		case s[i] == '+' && query:
			b.WriteByte(' ')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), true
}

func hex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// offset is where segment i of the path stands in s.
func offset(s, path string, segments []string, i int) int {
	at := strings.Index(s, "://") + 3
	at += strings.Index(s[at:], "/")
	for _, g := range segments[:i] {
		at += len(g) + 1
	}
	return at
}
