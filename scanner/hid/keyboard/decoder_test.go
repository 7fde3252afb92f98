package keyboard

import (
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
)

func TestDecoder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, query string
		keys        *typing
		want        string
	}{
		{"digits", "", events().digits("6901").enter(), `complete "6901"`},
		{"keypad enter", "", events().digits("1").tap(keyKPEnter), `complete "1"`},
		{"keypad digits and signs", "", events().pad("1234567890-+").tap(keyKPDot, keyKPSlash, keyKPAsterisk).enter(), `complete "1234567890-+./*"`},
		{"keypad comma", "layout=de", events().pad("1").tap(keyKPDot).pad("5").enter(), `complete "1,5"`},
		{"tab", "suffix=tab", events().digits("12").tap(keyTab), `complete "12"`},
		{"enter is no end where tab is", "suffix=tab", events().digits("12").enter().digits("3").tap(keyTab), `complete "12\r3"`},
		{"a doubled enter", "", events().digits("1").enter().enter().digits("2").enter(), `complete "1"; complete "2"`},
		{"shift held over letters", "", events().with(keyLeftShift, 30, 48, 46).tap(30).enter(), `complete "ABCa"`},
		{"either shift", "", events().with(keyRightShift, 2).tap(2).enter(), `complete "!1"`},
		{"both shifts", "", events().down(keyLeftShift).with(keyRightShift, 30).tap(30).up(keyLeftShift).tap(30).enter(), `complete "AAa"`},
		{"caps lock", "", events().tap(keyCapsLock, 30, 2).with(keyLeftShift, 48, 3).tap(keyCapsLock, 46).enter(), `complete "A1b@c"`},
		{"caps lock on at opening", "caps=1", events().tap(30).with(keyLeftShift, 48).enter(), `complete "Ab"`},
		{"caps lock and umlauts", "layout=de", events().tap(keyCapsLock, 39, 12, keyCapsLock).enter(), `complete "Öß"`},
		{"num lock is nothing", "", events().tap(keyNumLock).pad("12").tap(keyNumLock).enter(), `complete "12"`},
		{"repeat is nothing", "", events().down(30).event(evKey, 30, 2).syn().up(30).enter(), `complete "a"`},
		{"alt gr", "layout=de", events().with(keyRightAlt, keyQ).enter(), `complete "@"`},
		{"ctrl alt is alt gr", "layout=de", events().down(keyLeftCtrl).with(keyLeftAlt, keyQ).up(keyLeftCtrl).enter(), `complete "@"`},
		{"ctrl with alt gr is alt gr", "layout=fr", events().down(keyLeftCtrl).with(keyRightAlt, 11).up(keyLeftCtrl).enter(), `complete "@"`},
		{"dead key and space", "layout=de", events().tap(keyGrave, keySpace, 30).enter(), `complete "^a"`},
		{"dead key and letter", "layout=fr", events().tap(keyLeftBrace, keyQ).enter(), `complete "â"`},
		{"dead key twice", "layout=de", events().tap(keyGrave, keyGrave).enter(), `complete "^^"`},
		{"dead key and a letter without", "layout=de", events().tap(keyGrave, 45).enter(), `complete "^x"`},
		{"dead key at the end", "layout=de", events().tap(30, keyGrave).enter(), `complete "a^"`},
		{"no dead keys", "layout=de&dead=0", events().tap(keyGrave, 30).enter(), `complete "^a"`},

		{"gs", "", events().digits("01").with(keyLeftCtrl, 27).digits("2").enter(), `complete "01\x1d2"`},
		{"gs by the other ctrl", "", events().digits("1").with(keyRightCtrl, 27).enter(), `complete "1\x1d"`},
		{"gs by its place", "layout=de", events().digits("1").with(keyLeftCtrl, 27).enter(), `complete "1\x1d"`},
		{"rs", "", events().digits("1").down(keyLeftCtrl).with(keyLeftShift, 7).up(keyLeftCtrl).enter(), `complete "1\x1e"`},
		{"us without shift", "layout=uk", events().digits("1").with(keyLeftCtrl, 12).enter(), `complete "1\x1f"`},
		{"letters", "layout=fr", events().digits("").with(keyLeftCtrl, keyQ, 30).tap(30).enter(), `complete "\x01\x11q"`},
		{"stx and etx", "stx=1&suffix=etx", events().with(keyLeftCtrl, 48).digits("12").with(keyLeftCtrl, 46), `complete "12"`},
		{"escape and backspace are characters", "", events().tap(keyEsc, keyBackspace).with(keyLeftCtrl, keyEnter).tap(30).enter(), `complete "\x1b\b\na"`},

		{"alt number", "", events().down(keyLeftAlt).pad("65").up(keyLeftAlt).enter(), `complete "A"`},
		{"alt number with zeros", "layout=de", events().down(keyLeftAlt).pad("0029").up(keyLeftAlt).tap(30).enter(), `complete "\x1da"`},
		{"alt number after a dead key", "layout=de", events().tap(keyGrave).down(keyLeftAlt).pad("065").up(keyLeftAlt).enter(), `complete "^A"`},
		{"alt bytes of UTF-8", "", events().down(keyLeftAlt).pad("0233").up(keyLeftAlt).down(keyLeftAlt).pad("0128").up(keyLeftAlt).down(keyLeftAlt).pad("0128").up(keyLeftAlt).enter(), `complete "退"`},
		{"alt unicode", "alt=unicode", events().down(keyLeftAlt).pad("36864").up(keyLeftAlt).down(keyLeftAlt).pad("0233").up(keyLeftAlt).enter(), `complete "退é"`},
		{"alt gbk", "alt=gbk", events().down(keyLeftAlt).pad("52787").up(keyLeftAlt).down(keyLeftAlt).pad("65").up(keyLeftAlt).enter(), `complete "\xce3A"`},
		{"alt gb18030 of four bytes", "alt=gbk", events().down(keyLeftAlt).pad("2167439667").up(keyLeftAlt).enter(), `complete "\x810\x813"`},
		{"alt alone is nothing", "", events().tap(keyLeftAlt, 30).enter(), `complete "a"`},
		{"alt number too large", "", events().down(keyLeftAlt).pad("256").up(keyLeftAlt).digits("1").enter().digits("2").enter(), `damaged 1 a number typed with Alt stands for no byte; complete "2"`},
		{"alt number of no character", "alt=unicode", events().down(keyLeftAlt).pad("55296").up(keyLeftAlt).enter(), `damaged 0 a number typed with Alt stands for no byte`},
		{"alt number without end", "", events().down(keyLeftAlt).pad("111111111111").up(keyLeftAlt).enter(), `damaged 0 key 79 stands for no character here`},
		{"alt and a letter", "", events().digits("1").with(keyLeftAlt, 30).digits("2").enter().digits("3").enter(), `damaged 2 key 30 stands for no character here; complete "3"`},

		{"a key without character", "", events().digits("1").tap(59).digits("2").enter().digits("3").enter(), `damaged 2 key 59 stands for no character here; complete "3"`},
		{"alt gr without character", "layout=de", events().with(keyRightAlt, 30).enter(), `damaged 0 key 30 stands for no character here`},
		{"ctrl without character", "", events().with(keyLeftCtrl, 51).enter(), `damaged 0 key 51 stands for no character here`},

		{"dropped within a code", "", events().digits("69").dropped().event(evKey, 4, pressed).syn().digits("01").enter().digits("7").enter(),
			`damaged 4 the kernel dropped key events; complete "7"`},
		{"events up to the report are half known", "", events().digits("1").enter().dropped().event(evKey, 2, pressed).event(evKey, keyEnter, pressed).syn().digits("2").enter().digits("3").enter(),
			`complete "1"; damaged 1 the kernel dropped key events; complete "3"`},
		{"shift held when dropped", "", events().down(keyLeftShift).tap(30).dropped().syn().tap(30).enter().tap(30).enter(),
			`damaged 2 the kernel dropped key events; complete "a"`},
		{"its release after the end", "", events().down(keyLeftShift).dropped().syn().enter().up(keyLeftShift).tap(30).enter().tap(30).enter(),
			`damaged 0 the kernel dropped key events; damaged 1 a modifier key came out of step; complete "a"`},
		{"a release of shift without its press", "", events().tap(30).up(keyLeftShift).tap(30).enter().tap(48).enter(), `damaged 2 a modifier key came out of step; complete "b"`},
		{"a release of alt without its press", "", events().tap(30).up(keyLeftAlt).enter().tap(48).enter(), `damaged 1 a modifier key came out of step; complete "b"`},
		{"a press of shift without its release", "", events().down(keyLeftShift).tap(30).down(keyLeftShift).tap(30).up(keyLeftShift).enter().tap(48).enter(), `damaged 2 a modifier key came out of step; complete "b"`},

		{"first code after opening", "first=drop", events().digits("901").enter().digits("2").enter(), `partial 3; complete "2"`},
		{"enter after opening", "first=drop", events().enter().digits("2").enter(), `complete "2"`},
		{"a key held at opening", "first=drop", events().up(keyEnter).digits("2").enter(), `partial 1`},
		{"noread", "", events().with(keyLeftShift, 49, 24, 19, 18, 30, 32).enter(), `no_read "NOREAD"`},
		{"16-byte events", "event=16", (&typing{size: 16}).digits("12").enter(), `complete "12"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, p := settings(t, tc.query)
			if got := render(New(s, p, 0).Write(tc.keys.b, 0)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			// How reads cut the events does not matter.
			d := New(s, p, 0)
			var parts []frame.Event
			for rest := tc.keys.b; len(rest) > 0; {
				n := min(7, len(rest))
				parts = append(parts, d.Write(rest[:n], 0)...)
				rest = rest[n:]
			}
			if got := render(parts); got != tc.want {
				t.Errorf("cut: got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	s, p := settings(t, "")
	d := New(s, p, 0)
	if at, ok := d.Deadline(); ok {
		t.Fatalf("a new decoder waits for %v", at)
	}
	d.Write(events().digits("12").dropped().syn().b, 10*ms)
	at, ok := d.Deadline()
	if !ok || at != 10*ms+frame.DefaultStale {
		t.Fatalf("Deadline = %v, %v", at, ok)
	}
	if got := render(d.Write(nil, at)); got != "damaged 2 the kernel dropped key events" {
		t.Fatalf("silence after a loss gave %s", got)
	}
	// Nobody knows whether this is the damaged code's tail.
	if got := render(d.Write(events().digits("34").enter().digits("5").b, at+time.Second)); got != "partial 2" {
		t.Fatalf("what followed gave %s", got)
	}
	if got := render(d.Hangup()); got != "stale 1" {
		t.Fatalf("Hangup gave %s", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"", "layout=fr&alt=gbk&dead=0&caps=1&event=16"} {
		s, _ := settings(t, query)
		again, err := FromQuery(s.Query(), Settings{})
		if err != nil || again != s {
			t.Errorf("%q was written as %v and read as %+v, %v", query, s.Query(), again, err)
		}
	}
	for _, query := range []string{"layout=xx", "alt=oem", "dead=maybe", "caps=x", "event=20", "event=x"} {
		if s, err := FromQuery(mustQuery(t, query), Default()); err == nil {
			t.Errorf("%s gave %+v", query, s)
		}
	}
}
