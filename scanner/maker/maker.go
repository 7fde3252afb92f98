package maker

import (
	_ "embed"
	"fmt"
	"strings"
)

// Maker is one USB vendor id.
type Maker struct {
	VID        string // four hex digits, lower case
	Name       string // as people know it
	Scanner    bool   // makes scanners; otherwise converters, on which anything may hang
	Registered string // whom the id is registered for
	USBCOM     string // what the manuals call the set-up code for a COM port on USB; empty where unknown
}

//go:embed makers.tsv
var table string

// All lists the makers, scanners' first.
func All() []Maker {
	all, err := parse(table)
	if err != nil {
		panic(err) // built in, and read by a test
	}
	return all
}

// Of finds the maker of a vendor id.
func Of(vid string) (Maker, bool) {
	for _, m := range All() {
		if m.VID == strings.ToLower(vid) {
			return m, true
		}
	}
	return Maker{}, false
}

func parse(text string) ([]Maker, error) {
	var out []Maker
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := append(strings.Split(line, "\t"), "") // the last column may be missing
		if len(f) < 5 || (f[2] != "scanner" && f[2] != "converter") {
			return nil, fmt.Errorf("makers: line %q", line)
		}
		out = append(out, Maker{VID: f[0], Name: f[1], Scanner: f[2] == "scanner", Registered: f[3], USBCOM: f[4]})
	}
	return out, nil
}
