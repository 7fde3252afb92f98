package doctor

import (
	"slices"
	"testing"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/logbook"
)

func TestFraming(t *testing.T) {
	day := func(all ...logbook.What) Facts {
		f := Facts{Scanners: []Scanner{{Scanner: agent.Scanner{Name: "gun", URL: "serial:COM5", Profile: frame.Default()}}}, Logs: map[string][]logbook.Entry{}}
		for _, w := range all {
			e := logbook.Entry{What: w}
			if w == garbled {
				e = logbook.Entry{What: logbook.Code, Flags: []string{"double_read", "not_text"}}
			}
			f.Logs["gun"] = append(f.Logs["gun"], e)
		}
		return f
	}
	many := func(w logbook.What, n int) []logbook.What { return slices.Repeat([]logbook.What{w}, n) }
	judge(t, framing, []judged{
		{"no log", day(), ""},
		{"a good day", day(many(logbook.Code, 40)...), ""},
		{"the first code is dropped at each opening", day(logbook.Connected, logbook.Partial, logbook.Code, logbook.Gone, logbook.Connected, logbook.Partial, logbook.Gone, logbook.Connected, logbook.Partial), ""},
		{"never an end", day(logbook.Connected, logbook.Partial, logbook.Partial, logbook.Partial), "WRONG frame_suffix n=3 name=gun suffix=cr"},
		{"more broken than whole", day(logbook.Code, logbook.Stale, logbook.Partial, logbook.Stale, logbook.Partial, logbook.Code), "WRONG frame_suffix n=4 name=gun suffix=cr"},
		{"some broken among many whole", day(append(many(logbook.Code, 10), logbook.Stale, logbook.Partial, logbook.Stale)...), ""},
		{"mended since", day(append(many(logbook.Partial, 9), append([]logbook.What{logbook.Connected}, many(logbook.Code, 2)...)...)...), ""},
		{"mended long ago without unplugging", day(append(many(logbook.Partial, 40), many(logbook.Code, lately)...)...), ""},
		{"no text", day(logbook.Connected, garbled, garbled, garbled), "WRONG frame_garbage n=3 name=gun"},
		{"no text, some ends by chance", day(logbook.Partial, garbled, garbled, logbook.Partial, garbled, logbook.Code), "WRONG frame_garbage n=3 name=gun"},
	})
}

// garbled stands for a code that is no text.
const garbled logbook.What = "garbled"
