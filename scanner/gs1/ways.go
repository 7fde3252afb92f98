package gs1

// maxWays bounds what one Refusal offers. A long open value can be cut in thousands of ways; a person looks at a few.
const maxWays = 8

// lostSeparators cuts the value of an open-ended element into it and further elements, as they would stand if their separators were lost. A value that is right
// as it stands (fits) is in doubt only if there is a likely way to cut it; it is then the first of the ways.
func lostSeparators(front []Element, id *identifier, value string, fits bool) []Way {
	if len(value) > splitLength || fits && !mayHideTelling(id, value) {
		return nil
	}
	s := splitter{tails: map[int][][]Element{}}
	var likely, other []Way
	for _, e := range s.split(id, value) {
		all := append(front[:len(front):len(front)], e...)
		if contradicts(all) {
			continue
		}
		w := Way{Elements: e, Likely: telling(e[1]) && complete(all)}
		if w.Likely {
			likely = append(likely, w)
		} else {
			other = append(other, w)
		}
	}
	if !fits {
		return cap8(append(likely, other...))
	}
	if len(likely) == 0 {
		return nil
	}
	return cap8(append([]Way{{Elements: []Element{{AI: id.code, Value: value}}}}, likely...))
}

func cap8(w []Way) []Way { return w[:min(len(w), maxWays)] }

// splitter remembers how each end of a text can be read, so that the work grows with its length and not with the number of ways.
type splitter struct{ tails map[int][][]Element }

const (
	// splitWidth bounds the ways kept for each end of the text.
	splitWidth = 16
	// splitLength is the longest value that is cut at all: no symbol in trade strings more open values together.
	splitLength = 256
)

// split cuts value into one of id and at least one further element.
func (s *splitter) split(id *identifier, value string) [][]Element {
	var out [][]Element
	for n := max(id.min, 1); n <= min(id.max, len(value)-3) && len(out) < splitWidth; n++ {
		if id.refuses(value[:n]) != "" {
			continue
		}
		for _, tail := range s.tail(value[n:]) {
			out = append(out, append([]Element{{AI: id.code, Value: value[:n]}}, tail...))
		}
	}
	return out[:min(len(out), splitWidth)]
}

// tail reads all of text as elements whose separators were lost.
func (s *splitter) tail(text string) [][]Element {
	if known, ok := s.tails[len(text)]; ok {
		return known
	}
	s.tails[len(text)] = nil
	out := s.read(text)
	s.tails[len(text)] = out
	return out
}

func (s *splitter) read(text string) [][]Element {
	id := begins(text)
	if id == nil {
		return nil
	}
	body := text[len(id.code):]
	if !id.fixed {
		var out [][]Element
		if id.refuses(body) == "" {
			out = append(out, []Element{{AI: id.code, Value: body}})
		}
		return append(out, s.split(id, body)...)
	}
	if len(body) < id.max || id.refuses(body[:id.max]) != "" {
		return nil
	}
	e := Element{AI: id.code, Value: body[:id.max]}
	if len(body) == id.max {
		return [][]Element{{e}}
	}
	var out [][]Element
	for _, tail := range s.tail(body[id.max:]) {
		out = append(out, append([]Element{e}, tail...))
	}
	return out
}

// mayHideTelling looks for an element that carries its own proof somewhere within value. Nearly every right value has none, and every scan of a serial comes here.
func mayHideTelling(id *identifier, value string) bool {
	for n := max(id.min, 1); n <= min(id.max, len(value)-8); n++ {
		next := begins(value[n:])
		if next == nil || !next.fixed || len(value) < n+len(next.code)+next.max {
			continue
		}
		if v := value[n+len(next.code):][:next.max]; next.refuses(v) == "" && telling(Element{AI: next.code, Value: v}) {
			return true
		}
	}
	return false
}

// telling reports whether an element carries its own proof: a fixed length with a check digit, or a date of our time.
func telling(e Element) bool {
	id := dictionary()[e.AI]
	if !id.fixed {
		return false
	}
	for _, c := range id.parts[0].checks {
		switch c {
		case "csum":
			return true
		case "yymmd0":
			return e.Value[:2] >= "10" && e.Value[:2] < "60"
		}
	}
	return false
}

// contradicts reports whether elements cannot stand together.
func contradicts(list []Element) bool {
	for _, b := range Check(list) {
		if b.Kind != Needs {
			return true
		}
	}
	return false
}

// complete reports whether nothing asks for an element that is not there.
func complete(list []Element) bool { return len(Check(list)) == 0 }
