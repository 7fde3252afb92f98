package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// at is a time of a story, in milliseconds.
func at(ms int) time.Time { return time.UnixMilli(1e12 + int64(ms)) }

// codes are sent each 100 ms.
func codes(names ...string) Scanner {
	s := Scanner{Name: "gun", Kind: "kind"}
	for i, n := range names {
		s.Sent = append(s.Sent, Sent{Code: n, From: at(100 * i)})
	}
	return s
}

func kept(ms int, code string) Kept { return Kept{Device: "gun", Code: code, At: at(ms)} }

func said(ms int) Report { return Report{Device: "gun", Code: "damaged", At: at(ms)} }

func TestJudge(t *testing.T) {
	t.Parallel()
	stall := []Moment{{From: at(90), To: at(190)}}
	pulled := []Moment{{Device: "gun", From: at(150), To: at(400)}}
	for name, c := range map[string]struct {
		s    Scanner
		e    Events
		want string
	}{
		"all kept":                      {codes("a", "b"), Events{Kept: []Kept{kept(50, "a"), kept(150, "b")}}, "accepted 2"},
		"lost without a word":           {codes("a", "b", "c"), Events{Kept: []Kept{kept(50, "a"), kept(250, "c")}}, "accepted 2 silent 1"},
		"lost at a stall":               {codes("a", "b", "c"), Events{Kept: []Kept{kept(50, "a"), kept(250, "c")}, Reports: []Report{said(160)}, Stalls: stall}, "accepted 2 stall 1"},
		"lost at an unplugging":         {codes("a", "b", "c", "d", "e"), Events{Kept: []Kept{kept(50, "a"), kept(450, "e")}, Reports: []Report{said(160), said(350)}, Stalls: stall, Unplugs: pulled}, "accepted 2 unplug 3"},
		"lost at no known moment":       {codes("a", "b", "c"), Events{Kept: []Kept{kept(50, "a"), kept(250, "c")}, Reports: []Report{said(160)}}, "accepted 2 else 1"},
		"another's stall":               {codes("a", "b"), Events{Kept: []Kept{kept(150, "b")}, Reports: []Report{said(60)}, Unplugs: []Moment{{Device: "x", From: at(0), To: at(500)}}}, "accepted 1 else 1"},
		"another's report":              {codes("a", "b"), Events{Kept: []Kept{kept(150, "b")}, Reports: []Report{{Device: "x", At: at(60)}}}, "accepted 1 silent 1"},
		"a report before it was sent":   {codes("a", "b"), Events{Kept: []Kept{kept(50, "a")}, Reports: []Report{said(40)}}, "accepted 1 silent 1"},
		"a report after the next":       {codes("a", "b", "c"), Events{Kept: []Kept{kept(50, "a"), kept(250, "c")}, Reports: []Report{said(260)}}, "accepted 2 silent 1"},
		"one report is not for two":     {codes("a", "b", "c", "d", "e"), Events{Kept: []Kept{kept(50, "a"), kept(250, "c"), kept(450, "e")}, Reports: []Report{said(150)}}, "accepted 3 else 1 silent 1"},
		"two for two, read late":        {codes("a", "b", "c", "d", "e"), Events{Kept: []Kept{kept(900, "a"), kept(902, "c"), kept(904, "e")}, Reports: []Report{said(901), said(903)}}, "accepted 3 else 2"},
		"two for two, all at once":      {codes("a", "b", "c", "d", "e"), Events{Kept: []Kept{kept(900, "a"), kept(900, "c"), kept(900, "e")}, Reports: []Report{said(900), said(900)}}, "accepted 3 else 2"},
		"one for two, all at once":      {codes("a", "b", "c", "d", "e"), Events{Kept: []Kept{kept(900, "a"), kept(900, "c"), kept(900, "e")}, Reports: []Report{said(900)}}, "accepted 3 else 1 silent 1"},
		"late word of a run read late":  {codes("a", "b", "c"), Events{Kept: []Kept{kept(900, "a"), kept(950, "c")}, Reports: []Report{said(150)}}, "accepted 2 silent 1"},
		"doubled":                       {codes("a", "b"), Events{Kept: []Kept{kept(50, "a"), kept(60, "a"), kept(150, "b")}}, "accepted 2 doubled 1"},
		"a part of a code":              {codes("abc", "d"), Events{Kept: []Kept{kept(50, "ab"), kept(150, "d")}, Reports: []Report{said(55)}}, "accepted 1 else 1 altered 1"},
		"out of order":                  {codes("a", "b"), Events{Kept: []Kept{kept(150, "b"), kept(160, "a")}}, "accepted 2 disorder 1"},
		"nothing is kept, and all said": {codes("a", "b"), Events{Reports: []Report{said(30), said(130)}}, "else 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.e.Finished = at(10000)
			c.s.Name = "gun"
			f := Judge([]Scanner{c.s}, c.e)
			if len(f) != 1 || text(f[0]) != c.want || f[0].Sent != len(c.s.Sent) {
				t.Fatalf("got %q, want %q (%+v)", text(f[0]), c.want, f)
			}
			if f[0].Accepted+f[0].Reported()+f[0].Silent != f[0].Sent {
				t.Fatalf("%+v does not add up", f[0])
			}
		})
	}
}

func text(f Figures) string {
	var out []string
	for _, n := range []struct {
		what string
		n    int
	}{{"accepted", f.Accepted}, {"unplug", f.AtUnplug}, {"stall", f.AtStall}, {"else", f.Otherwise}, {"silent", f.Silent}, {"doubled", f.Doubled},
		{"altered", f.Altered}, {"disorder", f.Disorder}, {"broken", f.Broken}} {
		if n.n > 0 {
			out = append(out, fmt.Sprintf("%s %d", n.what, n.n))
		}
	}
	return strings.Join(out, " ")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := codes("a", "b", "c", "d", "e")
	s.Sent[0].Good = true // and kept
	s.Sent[1].Good = true // and not kept
	s.Sent[2].Bad = true  // and kept
	s.Sent[3].Bad = true  // and not kept
	s.Sent[4].Cut = true  // and kept whole
	e := Events{Kept: []Kept{kept(50, "a"), kept(250, "c"), kept(450, "e")}, Reports: []Report{said(160), said(360)}, Finished: at(1000)}
	if f := Judge([]Scanner{s}, e)[0]; f.Broken != 2 || f.Altered != 1 || f.Good != 2 || f.Bad != 2 {
		t.Fatalf("%+v", f)
	}
}

func TestKindsAndTotal(t *testing.T) {
	t.Parallel()
	a, b, c := codes("1"), codes("2", "3"), codes("4")
	a.Name, b.Name, c.Name = "a", "b", "c"
	b.Kind, c.Renamed = "other", 3
	e := Events{Finished: at(1000), Kept: []Kept{{Device: "a", Code: "1", At: at(1)}, {Device: "b", Code: "2", At: at(1)}, {Device: "ghost", Code: "1", At: at(1)}}}
	f := Judge([]Scanner{a, b, c}, e)
	if len(f) != 3 || f[0].Kind != "kind" || f[0].Scanners != 2 || f[0].Sent != 2 || f[0].Renamed != 3 || f[1].Kind != "other" || f[1].Silent != 1 || f[2].Altered != 1 {
		t.Fatalf("%+v", f)
	}
	if total := Total(f); total.Sent != 4 || total.Scanners != 3 || total.Wrong() != 3 {
		t.Fatalf("%+v", total)
	}
	var out strings.Builder
	Table(&out, f)
	if lines := strings.Split(out.String(), "\n"); len(lines) != 7 || strings.Count(lines[0], "|") != strings.Count(lines[1], "|") || strings.Count(lines[0], "|") != strings.Count(lines[5], "|") {
		t.Fatalf("%s", out.String())
	}
}
