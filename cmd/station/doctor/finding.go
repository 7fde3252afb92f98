package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Level is how bad it is.
type Level string

const (
	OK    Level = "ok"
	Note  Level = "note"  // worth knowing; nothing has to be done
	Wrong Level = "WRONG" // somebody has to do something
)

// Finding is what one check says.
type Finding struct {
	Level  Level             `json:"level"`
	Code   string            `json:"code"` // stable; its texts are in texts.go
	Params map[string]string `json:"params,omitempty"`
	Text   string            `json:"text"`         // one sentence
	Do     string            `json:"do,omitempty"` // what to do about it
}

// finding makes one; params are names and values in turn.
func finding(level Level, code string, params ...string) Finding {
	f := Finding{Level: level, Code: code, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		f.Params[params[i]] = params[i+1]
	}
	return f
}

// check judges facts. It does no I/O.
type check func(Facts) []Finding

// checks in the order in which a person would look: can it record, does it run, does it reach the server, do the scanners work.
var checks = []check{disk, running, server, clockOffset, page, scanners, unused, modemManager, framing}

// Examine runs every check and words what they found in lang, zh or en.
func Examine(f Facts, lang string) []Finding {
	var out []Finding
	for _, c := range checks {
		for _, found := range c(f) {
			t := texts[found.Code]
			found.Text, found.Do = t.en, t.doEN
			if lang == "zh" {
				found.Text, found.Do = t.zh, t.doZH
			}
			found.Text, found.Do = fill(found.Text, found.Params), fill(found.Do, found.Params)
			out = append(out, found)
		}
	}
	return out
}

// fill puts values in the places of a text.
func fill(text string, params map[string]string) string {
	var pairs []string
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Bad counts what somebody has to do something about.
func Bad(found []Finding) int {
	n := 0
	for _, f := range found {
		if f.Level == Wrong {
			n++
		}
	}
	return n
}

// Print writes findings for people.
func Print(w io.Writer, found []Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintf(w, "%-5s %s\n", f.Level, f.Text); err != nil {
			return err
		}
		if f.Do == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "      → %s\n", f.Do); err != nil {
			return err
		}
	}
	return nil
}
