package frame

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// lost stands for bytes that the kernel dropped.
const lost = "(lost)"

// step is bytes at a time, lost ones, or silence when data is "".
type step struct {
	at   time.Duration
	data string
}

func profile(t *testing.T, query string) Profile {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	p, err := FromQuery(q, Default())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// play feeds the steps as one write each and renders the events.
func play(f Decoder, steps []step) string {
	var got []string
	add := func(events []Event) {
		for _, e := range events {
			s := fmt.Sprintf("%s %q", e.Kind, e.Data)
			switch e.Kind {
			case Partial, Stale, Damaged, Broken:
				s = fmt.Sprintf("%s %d%s", e.Kind, e.Lost, e.Why)
			case Packet:
				s = string(e.Kind)
			}
			if e.Idle {
				s += " idle"
			}
			if e.Symbology != "" {
				s += " " + e.Symbology
			}
			if e.Repeat {
				s += " repeat"
			}
			got = append(got, s)
		}
	}
	for _, s := range steps {
		if s.data == lost {
			add(f.(*Framer).Damage(" dropped", s.at))
			continue
		}
		add(f.Write([]byte(s.data), s.at))
	}
	return strings.Join(got, "; ")
}

func TestFramer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, query string
		steps       []step
		want        string
	}{
		{"cr", "first=keep", []step{{0, "690\r"}}, `complete "690"`},
		{"byte by byte", "first=keep", []step{{0, "6"}, {ms, "9"}, {2 * ms, "0"}, {3 * ms, "\r"}}, `complete "690"`},
		{"crlf is one terminator", "first=keep", []step{{0, "a\r\nb\r\n"}}, `complete "a"; complete "b"`},
		{"crlf across writes", "first=keep", []step{{0, "a\r"}, {ms, "\nb\r"}, {900 * ms, "\n"}}, `complete "a"; complete "b"`},
		{"doubled cr", "first=keep", []step{{0, "a\r\rb\r\r"}}, `complete "a"; complete "b"`},
		{"several in one write", "first=keep", []step{{0, "a\rb\rc\r"}}, `complete "a"; complete "b"; complete "c"`},
		{"line feed within a code", "first=keep", []step{{0, "a\nb\r"}}, `complete "a\nb"`},
		{"lf", "suffix=lf&first=keep", []step{{0, "a\nb\r\nc\n"}}, `complete "a"; complete "b"; complete "c"`},
		{"crlf profile keeps a lone cr", "suffix=crlf&first=keep", []step{{0, "a\rb\r"}, {ms, "\nc\r\n"}}, `complete "a\rb"; complete "c"`},
		{"tab", "suffix=tab&first=keep", []step{{0, "a\tb\r\n\t\t"}}, `complete "a"; complete "b\r\n"`},
		{"etx takes an unannounced stx", "suffix=etx&first=keep", []step{{0, "\x02a\x03\x02b\x03"}}, `complete "a"; complete "b"`},
		{"etx then cr", "suffix=etx&first=keep", []step{{0, "a\x03\r\nb\x03"}}, `complete "a"; complete "b"`},

		{"first after open is dropped", "", []step{{0, "345\r690\r"}}, `partial 3; complete "690"`},
		{"a bare terminator is a clean start", "", []step{{0, "\r690\r"}}, `complete "690"`},
		{"a tail long after opening is still a tail", "", []step{{9 * time.Second, "34"}, {9*time.Second + ms, "5\r"}}, `partial 3`},
		{"an unended tail is told, and what follows is glued to it", "", []step{{0, "345"}, {3 * time.Second, ""}, {4 * time.Second, "690\r"}, {5 * time.Second, "691\r"}},
			`partial 3; partial 3; complete "691"`},

		{"a stall within a code waits for its end", "first=keep", []step{{0, "690"}, {1900 * ms, ""}, {1950 * ms, "123\r"}}, `complete "690123"`},
		{"cut off", "first=keep", []step{{0, "690"}, {2000 * ms, ""}, {2100 * ms, "123\r"}, {3000 * ms, "7\r"}}, `stale 3; partial 3; complete "7"`},
		{"cut off, timer late", "first=keep", []step{{0, "690"}, {2100 * ms, "123\r"}, {3000 * ms, "7\r"}}, `stale 3; partial 3; complete "7"`},

		{"idle framing", "suffix=none&first=keep", []step{{0, "690"}, {79 * ms, ""}, {80 * ms, ""}, {100 * ms, "a"}, {180 * ms, ""}}, `complete "690" idle; complete "a" idle`},
		{"idle framing, timer late", "suffix=none&first=keep", []step{{0, "690"}, {200 * ms, "691"}, {290 * ms, ""}}, `complete "690" idle; complete "691" idle`},
		{"idle framing drops what was under way at opening", "suffix=none", []step{{10 * ms, "90"}, {60 * ms, "1"}, {150 * ms, ""}, {160 * ms, "7"}, {250 * ms, ""}}, `partial 3; complete "7" idle`},
		{"idle framing after silence at opening", "suffix=none", []step{{90 * ms, "690"}, {170 * ms, ""}}, `complete "690" idle`},
		{"idle beside a suffix", "idle=60ms&first=keep", []step{{0, "a\rb"}, {60 * ms, ""}}, `complete "a"; complete "b" idle`},
		{"idle frame without its line end", "suffix=none&first=keep", []step{{0, "a\r\n"}, {90 * ms, ""}}, `complete "a" idle`},

		{"stx", "stx=1&suffix=etx", []step{{0, "\x02a\rb\x03\x02c\x03"}}, `complete "a\rb"; complete "c"`},
		{"stx tells a tail", "stx=1", []step{{0, "45\r\x02a\r"}}, `partial 2; complete "a"`},
		{"stx tells a missing end", "stx=1", []step{{0, "\x02ab\x02c\r"}}, `partial 2; complete "c"`},
		{"stx with cr lf", "stx=1", []step{{0, "\x02a\r\n\x02b\r\n"}}, `complete "a"; complete "b"`},
		{"stx cut off", "stx=1", []step{{0, "\x02ab"}, {2 * time.Second, ""}, {3 * time.Second, "c\r\x02d\r"}}, `stale 2; partial 1; complete "d"`},

		{"lost within a code", "first=keep", []step{{0, "69"}, {ms, lost}, {2 * ms, "01\r"}, {3 * ms, "7\r"}}, `damaged 4 dropped; complete "7"`},
		{"lost before a code", "first=keep", []step{{0, "a\r"}, {ms, lost}, {2 * ms, "01\r7\r"}}, `complete "a"; damaged 2 dropped; complete "7"`},
		{"all but the terminator lost", "first=keep", []step{{0, lost}, {ms, "\r7\r"}}, `damaged 0 dropped; complete "7"`},
		{"lost with the terminator", "first=keep", []step{{0, "69"}, {ms, lost}, {3 * time.Second, ""}, {4 * time.Second, "690\r7\r"}}, `damaged 2 dropped; partial 3; complete "7"`},
		{"lost twice is told once", "first=keep", []step{{0, lost}, {ms, "1"}, {2 * ms, lost}, {3 * ms, "2\r7\r"}}, `damaged 2 dropped; complete "7"`},
		{"lost after a stale beginning", "first=keep", []step{{0, "69"}, {3 * time.Second, lost}, {3 * time.Second, "1\r7\r"}}, `stale 2; damaged 1 dropped; complete "7"`},
		{"lost behind an overflow", "max=16&first=keep", []step{{0, "0123456789abcdefXYZ"}, {ms, lost}, {2 * ms, "ab\rok\r"}}, `overflow "0123456789abcdef"; damaged 4 dropped; complete "ok"`},
		{"lost within stx", "stx=1", []step{{0, "\x02ab"}, {ms, lost}, {2 * ms, "c\x02d\r"}}, `damaged 3 dropped; complete "d"`},
		{"lost under idle framing", "suffix=none&first=keep", []step{{0, "69"}, {ms, lost}, {2 * ms, "01"}, {90 * ms, ""}, {100 * ms, "7"}, {190 * ms, ""}}, `damaged 4 dropped; complete "7" idle`},

		{"noread", "first=keep", []step{{0, "NoRead\r?\r?x\r"}}, `no_read "NoRead"; no_read "?"; complete "?x"`},
		{"own noread", "first=keep&noread=ERR", []step{{0, "err\r?\r"}}, `no_read "err"; complete "?"`},

		{"at the cap", "max=16&first=keep", []step{{0, "0123456789abcdef\r"}}, `complete "0123456789abcdef"`},
		{"over the cap, then in step again", "max=16&first=keep", []step{{0, "0123456789abcdefXYZ"}, {ms, "more\rok\r"}}, `overflow "0123456789abcdef"; complete "ok"`},
		{"over the cap and cut off", "max=16&first=keep", []step{{0, "0123456789abcdefXYZ"}, {3 * time.Second, ""}, {4 * time.Second, "ab\rok\r"}},
			`overflow "0123456789abcdef"; partial 2; complete "ok"`},
		{"over the cap by silence", "suffix=none&max=16&first=keep", []step{{0, "0123456789abcdefXYZ"}, {90 * ms, ""}, {100 * ms, "ok"}, {200 * ms, ""}}, `overflow "0123456789abcdef"; complete "ok" idle`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := play(New(profile(t, tc.query), 0), tc.steps); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestHangup(t *testing.T) {
	t.Parallel()
	f := New(profile(t, "first=keep"), 0)
	f.Write([]byte("690\r123"), 0)
	if got := f.Hangup(); len(got) != 1 || got[0].Kind != Stale || got[0].Lost != 3 {
		t.Fatalf("Hangup = %+v, want 3 stale bytes", got)
	}
	f = New(profile(t, "first=keep"), 0)
	f.Damage("dropped", 0)
	if got := f.Hangup(); len(got) != 1 || got[0].Kind != Damaged || got[0].Lost != 0 {
		t.Fatalf("Hangup after a loss = %+v", got)
	}
	f = New(profile(t, "first=keep"), 0)
	f.Write([]byte("690\r"), 0)
	if got := f.Hangup(); len(got) != 0 {
		t.Fatalf("Hangup between frames = %+v", got)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	f := New(profile(t, "first=keep&idle=50ms"), 0)
	if at, ok := f.Deadline(); ok {
		t.Fatalf("a new framer waits for %v", at)
	}
	f.Write([]byte("a"), 10*ms)
	if at, ok := f.Deadline(); !ok || at != 60*ms {
		t.Fatalf("Deadline = %v, %v, want 60ms", at, ok)
	}
	f.Write([]byte("\r"), 20*ms)
	if at, ok := f.Deadline(); ok {
		t.Fatalf("between frames the framer waits for %v", at)
	}
}

func TestProfileRefuses(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"suffix=nl", "stx=maybe", "idle=5", "idle=5ms", "idle=5s", "stale=1ms", "max=4", "max=x", "max=9000", "first=yes"} {
		q, _ := url.ParseQuery(query)
		if p, err := FromQuery(q, Default()); err == nil {
			t.Errorf("%s gave %+v, want an error", query, p)
		}
	}
}

// FuzzFramer cuts the same bytes in two ways and checks what must hold for any bytes: how reads are cut does not matter; no event is empty or above the
// cap; frames are pieces of the input in order; nothing before the first terminator is accepted after opening.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("690\r\n691\r\r\x02a\x03\x00\xff\t"), uint8(3), uint8(0))
	f.Add([]byte("0123456789abcdefghij\r1\r"), uint8(1), uint8(7))
	f.Fuzz(func(t *testing.T, b []byte, cut, mode uint8) {
		p := Default()
		p.Suffix = []Suffix{CR, LF, CRLF, TAB, ETX}[mode%5]
		p.STX = mode&8 != 0
		p.KeepFirst = mode&16 != 0
		p.Max = 16
		whole := New(p, 0).Write(b, 0)
		f := New(p, 0)
		var parts []Event
		for rest := b; len(rest) > 0; {
			n := min(int(cut%7)+1, len(rest))
			parts = append(parts, f.Write(rest[:n], 0)...)
			rest = rest[n:]
		}
		if a, b := fmt.Sprint(whole), fmt.Sprint(parts); a != b {
			t.Fatalf("cut differently:\n%s\n%s", a, b)
		}
		pos := 0
		for _, e := range whole {
			if e.Kind == Partial || e.Kind == Stale {
				if e.Lost < 1 || e.Data != nil {
					t.Fatalf("%+v", e)
				}
				continue
			}
			if len(e.Data) == 0 || len(e.Data) > p.Max {
				t.Fatalf("frame of %d bytes", len(e.Data))
			}
			i := bytes.Index(b[pos:], e.Data)
			if i < 0 {
				t.Fatalf("%q is not in the rest of the input", e.Data)
			}
			pos += i + len(e.Data)
		}
		if !p.KeepFirst && !p.STX {
			// Opening in the middle of any code reports what it dropped and accepts none of it.
			tail := New(p, 0).Write(append([]byte("tail"), b...), 0)
			if len(tail) > 0 && (tail[0].Kind != Partial || tail[0].Lost < 4) {
				t.Fatalf("a tail gave %+v", tail[0])
			}
		}
		if len(f.buf) > p.Max || cap(f.buf) > 64 {
			t.Fatalf("the framer holds %d bytes", cap(f.buf))
		}
	})
}
