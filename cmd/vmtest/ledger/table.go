package ledger

import (
	"fmt"
	"io"
	"strings"
)

// columns of the table. Those from silent on must be nought.
var columns = []struct {
	head string
	of   func(Figures) int
}{
	{"scanners", func(f Figures) int { return f.Scanners }},
	{"sent", func(f Figures) int { return f.Sent }},
	{"accepted", func(f Figures) int { return f.Accepted }},
	{"reported lost", Figures.Reported},
	{"at unplug", func(f Figures) int { return f.AtUnplug }},
	{"at stall", func(f Figures) int { return f.AtStall }},
	{"else", func(f Figures) int { return f.Otherwise }},
	{"renamed", func(f Figures) int { return f.Renamed }},
	{"good beeps", func(f Figures) int { return f.Good }},
	{"bad beeps", func(f Figures) int { return f.Bad }},
	{"silent", func(f Figures) int { return f.Silent }},
	{"doubled", func(f Figures) int { return f.Doubled }},
	{"altered", func(f Figures) int { return f.Altered }},
	{"disorder", func(f Figures) int { return f.Disorder }},
	{"broken", func(f Figures) int { return f.Broken }},
}

// Table writes figures as Markdown, with their sum.
func Table(w io.Writer, all []Figures) {
	fmt.Fprint(w, "| kind |")
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", c.head)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("--:|", len(columns)))
	for _, f := range append(append([]Figures(nil), all...), Total(all)) {
		fmt.Fprintf(w, "| %s |", f.Kind)
		for _, c := range columns {
			fmt.Fprintf(w, " %d |", c.of(f))
		}
		fmt.Fprintln(w)
	}
}
