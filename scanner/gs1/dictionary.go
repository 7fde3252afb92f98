package gs1

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Element is one element string: an application identifier and its value.
type Element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// part is one component of a value.
type part struct {
	kind     byte // N, X, Y, Z
	min, max int
	optional bool
	checks   []string // names of linters
}

// identifier is one application identifier.
type identifier struct {
	code      string
	title     string
	fixed     bool // ends by its length
	attribute bool // may be an attribute of a Digital Link URI
	parts     []part
	min, max  int
	needs     [][][]string // of each group one choice, and of it all
	bars      []string
	key       bool       // primary key of a Digital Link URI
	sequences [][]string // of qualifiers
}

var dictionary = sync.OnceValue(func() map[string]*identifier {
	d, err := compile(rows, measures)
	if err != nil {
		panic(err) // the table is compiled in and a test reads it
	}
	return d
})

func compile(rows []row, measures []measure) (map[string]*identifier, error) {
	d := map[string]*identifier{}
	for _, m := range measures {
		rows = append(rows[:len(rows):len(rows)], row{m.prefix + "0-" + m.prefix + "5", "*?", "N6", m.needs, m.prefix + "n", "", m.title})
	}
	for _, r := range rows {
		first, last, _ := strings.Cut(r.ai, "-")
		if last == "" {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("gs1 table: %q: %w", r.ai, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("gs1 table: %q: %w", r.ai, err)
		}
		for n := from; n <= to; n++ {
			id, err := r.compile(fmt.Sprintf("%0*d", len(first), n))
			if err != nil {
				return nil, fmt.Errorf("gs1 table: %q: %w", r.ai, err)
			}
			d[id.code] = id
		}
	}
	return d, nil
}

func (r row) compile(code string) (*identifier, error) {
	id := &identifier{code: code, title: r.title, fixed: strings.Contains(r.flags, "*"), attribute: strings.Contains(r.flags, "?"), key: r.link != ""}
	for _, s := range strings.Fields(r.value) {
		p, err := parsePart(s)
		if err != nil {
			return nil, err
		}
		id.parts = append(id.parts, p)
		if !p.optional {
			id.min += p.min
		}
		id.max += p.max
	}
	for _, group := range strings.Fields(r.needs) {
		var choices [][]string
		for choice := range strings.SplitSeq(group, ",") {
			choices = append(choices, strings.Split(choice, "+"))
		}
		id.needs = append(id.needs, choices)
	}
	if r.bars != "" {
		id.bars = strings.Split(r.bars, ",")
	}
	if r.link != "" && r.link != "-" {
		for s := range strings.SplitSeq(r.link, "|") {
			id.sequences = append(id.sequences, strings.Split(s, ","))
		}
	}
	return id, nil
}

func parsePart(s string) (part, error) {
	spec, names, _ := strings.Cut(s, ",")
	p := part{optional: strings.HasPrefix(spec, "[")}
	spec = strings.Trim(spec, "[]")
	if len(spec) < 2 || !strings.ContainsRune("NXYZ", rune(spec[0])) {
		return part{}, fmt.Errorf("component %q", s)
	}
	length, variable := strings.CutPrefix(spec[1:], "..")
	n, err := strconv.Atoi(length)
	if err != nil {
		return part{}, fmt.Errorf("component %q: %w", s, err)
	}
	p.kind, p.min, p.max = spec[0], n, n
	if variable {
		p.min = 1
	}
	if names != "" {
		p.checks = strings.Split(names, ",")
	}
	for _, c := range p.checks {
		if checks[c] == nil {
			return part{}, fmt.Errorf("component %q: no check %q", s, c)
		}
	}
	return p, nil
}

// begins finds the identifier at the start of s: two to four digits, none the beginning of another.
func begins(s string) *identifier {
	for n := 2; n <= 4 && n <= len(s); n++ {
		if id := dictionary()[s[:n]]; id != nil {
			return id
		}
	}
	return nil
}

// Title is the data title of an application identifier as it is printed, such as "USE BY or EXPIRY"; empty for one that does not exist.
func Title(ai string) string {
	if id := dictionary()[ai]; id != nil {
		return id.title
	}
	return ""
}

// refuses says what is wrong with a value; empty for nothing.
func (id *identifier) refuses(v string) Reason {
	if r := id.shape(v); r != "" {
		return r
	}
	return id.walk(v, func(p part, s string) Reason {
		for _, c := range p.checks {
			if r := checks[c](s); r != "" {
				return r
			}
		}
		return ""
	})
}

// shape looks at lengths and characters only.
func (id *identifier) shape(v string) Reason {
	switch {
	case len(v) < id.min:
		return TooShort
	case len(v) > id.max:
		return TooLong
	}
	return id.walk(v, part.characters)
}

// walk hands each component its piece of the value.
func (id *identifier) walk(v string, look func(part, string) Reason) Reason {
	for _, p := range id.parts {
		if v == "" && p.optional {
			return ""
		}
		n := min(p.max, len(v))
		if n < p.min {
			return TooShort
		}
		if r := look(p, v[:n]); r != "" {
			return r
		}
		v = v[n:]
	}
	if v != "" {
		return TooLong
	}
	return ""
}
