// Package ledger compares what scanners sent with what the station kept and what it said. It knows neither devices nor journals, and imports nothing of
// the house.
//
//	sent by a scanner:      c1   c2   c3   c4   c5
//	kept in the journal:    c1             c4   c5
//	said by the station:         damaged             a run of codes that are not kept needs a report before the next one is kept
package ledger

import (
	"fmt"
	"time"
)

// Sent is one code as a scanner gave it.
type Sent struct {
	Code string
	From time.Time // before its first byte
	Cut  bool      // the scanner was unplugged in the middle of it
	Good bool      // the station answered that it is safe
	Bad  bool      // the station answered that it is not
}

// Scanner is a device with all that it sent, in order.
type Scanner struct {
	Name, Kind string
	Sent       []Sent
	Renamed    int // times it came back under another device file
}

// Report is the station saying that something of a scanner was lost. At is cut to a millisecond.
type Report struct {
	Device, Code string
	At           time.Time
}

// Kept is a scan of the journal, in its order.
type Kept struct {
	Device, Code string
	At           time.Time
}

// Moment is a time at which losses are expected.
type Moment struct {
	Device   string // empty: all of them
	From, To time.Time
}

// Events are all that happened around the scanners.
type Events struct {
	Reports  []Report // in order
	Kept     []Kept
	Stalls   []Moment // the station was stopped
	Unplugs  []Moment // from pulling the plug until the station listens again
	Finished time.Time
}

// Figures are the result for one kind of scanner.
type Figures struct {
	Kind             string
	Scanners         int
	Sent, Accepted   int
	AtUnplug         int // reported lost
	AtStall          int
	Otherwise        int
	Reports, Renamed int
	Good, Bad        int // answers that scanners got
	// What must not be.
	Silent   int // neither kept nor reported
	Doubled  int // kept more than once
	Altered  int // kept, but never sent so: a part of a code, or another
	Disorder int // kept before a code that was sent earlier
	Broken   int // answered "safe" and not kept, or "not safe" and kept
	// Notes say which, a few of each scanner's.
	Notes []string
}

// maxNotes of one scanner are kept.
const maxNotes = 8

func (f *Figures) note(format string, args ...any) {
	if len(f.Notes) < maxNotes {
		f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
	}
}

// Reported is how many codes were lost with a word of the station's.
func (f Figures) Reported() int { return f.AtUnplug + f.AtStall + f.Otherwise }

// Wrong is how many things happened that must not.
func (f Figures) Wrong() int { return f.Silent + f.Doubled + f.Altered + f.Disorder + f.Broken }

// Judge gives the figures of each kind, in the order in which the kinds come first, and the scans of devices that nobody plays as altered ones.
func Judge(scanners []Scanner, e Events) []Figures {
	var out []Figures
	at := map[string]int{}
	known := map[string]bool{}
	for _, s := range scanners {
		known[s.Name] = true
		i, ok := at[s.Kind]
		if !ok {
			i = len(out)
			at[s.Kind] = i
			out = append(out, Figures{Kind: s.Kind})
		}
		out[i].add(judge(s, e))
	}
	var strange Figures
	for _, k := range e.Kept {
		if !known[k.Device] {
			strange.Altered++
			strange.note("%s: kept %q of a scanner that nobody plays", k.Device, k.Code)
		}
	}
	if strange.Altered > 0 {
		strange.Kind = "unknown"
		out = append(out, strange)
	}
	return out
}

func (f *Figures) add(g Figures) {
	for into, n := range map[*int]int{&f.Scanners: 1, &f.Sent: g.Sent, &f.Accepted: g.Accepted, &f.AtUnplug: g.AtUnplug, &f.AtStall: g.AtStall, &f.Otherwise: g.Otherwise,
		&f.Reports: g.Reports, &f.Renamed: g.Renamed, &f.Good: g.Good, &f.Bad: g.Bad, &f.Silent: g.Silent, &f.Doubled: g.Doubled, &f.Altered: g.Altered, &f.Disorder: g.Disorder, &f.Broken: g.Broken} {
		*into += n
	}
	f.Notes = append(f.Notes, g.Notes...)
}

// Total adds figures up.
func Total(all []Figures) Figures {
	t := Figures{Kind: "all"}
	for _, f := range all {
		n := t.Scanners + f.Scanners
		t.add(f)
		t.Scanners = n
	}
	return t
}
