package doctor

import (
	"slices"
	"strconv"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/logbook"
)

const (
	// lately is how far back a scanner's log is judged.
	lately = 30
	// often is more than chance: opening a port in the middle of a code breaks one, an impatient hand another.
	often = 3
)

// framing: bytes without an end are what a wrong suffix looks like, codes that are no text what a wrong line rate looks like.
func framing(f Facts) []Finding {
	var out []Finding
	for _, s := range f.Scanners {
		broken, codes, garbage := tally(f.Logs[s.Name])
		switch {
		case garbage >= often && garbage*2 > codes:
			out = append(out, finding(Wrong, "frame_garbage", "name", s.Name, "n", strconv.Itoa(garbage), "url", s.URL))
		case broken >= often && broken > codes:
			out = append(out, finding(Wrong, "frame_suffix", "name", s.Name, "n", strconv.Itoa(broken), "suffix", string(s.Profile.Suffix), "url", s.URL))
		}
	}
	return out
}

// tally counts what came since the scanner was last opened, at most lately entries of it.
func tally(entries []logbook.Entry) (broken, codes, garbage int) {
	for i, n := len(entries)-1, 0; i >= 0 && n < lately && entries[i].What != logbook.Connected; i, n = i-1, n+1 {
		switch e := entries[i]; e.What {
		case logbook.Partial, logbook.Stale:
			broken++
		case logbook.Code:
			codes++
			if slices.Contains(e.Flags, string(scanner.NotText)) {
				garbage++
			}
		}
	}
	return broken, codes, garbage
}
