package keyboard

import (
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

func TestDecoder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, query string
		keys        *hidtest.Keys
		want        string
	}{
		{"digits", "", hidtest.Typing().Digits("6901").Enter(), `complete "6901"`},
		{"keypad enter", "", hidtest.Typing().Digits("1").Tap(keyKPEnter), `complete "1"`},
		{"keypad digits and signs", "", hidtest.Typing().Pad("1234567890-+").Tap(keyKPDot, keyKPSlash, keyKPAsterisk).Enter(), `complete "1234567890-+./*"`},
		{"keypad comma", "layout=de", hidtest.Typing().Pad("1").Tap(keyKPDot).Pad("5").Enter(), `complete "1,5"`},
		{"tab", "suffix=tab", hidtest.Typing().Digits("12").Tap(keyTab), `complete "12"`},
		{"enter is no end where tab is", "suffix=tab", hidtest.Typing().Digits("12").Enter().Digits("3").Tap(keyTab), `complete "12\r3"`},
		{"a doubled enter", "", hidtest.Typing().Digits("1").Enter().Enter().Digits("2").Enter(), `complete "1"; complete "2"`},
		{"shift held over letters", "", hidtest.Typing().With(keyLeftShift, 30, 48, 46).Tap(30).Enter(), `complete "ABCa"`},
		{"either shift", "", hidtest.Typing().With(keyRightShift, 2).Tap(2).Enter(), `complete "!1"`},
		{"both shifts", "", hidtest.Typing().Down(keyLeftShift).With(keyRightShift, 30).Tap(30).Up(keyLeftShift).Tap(30).Enter(), `complete "AAa"`},
		{"caps lock", "", hidtest.Typing().Tap(keyCapsLock, 30, 2).With(keyLeftShift, 48, 3).Tap(keyCapsLock, 46).Enter(), `complete "A1b@c"`},
		{"caps lock on at opening", "caps=1", hidtest.Typing().Tap(30).With(keyLeftShift, 48).Enter(), `complete "Ab"`},
		{"caps lock and umlauts", "layout=de", hidtest.Typing().Tap(keyCapsLock, 39, 12, keyCapsLock).Enter(), `complete "Öß"`},
		{"num lock is nothing", "", hidtest.Typing().Tap(keyNumLock).Pad("12").Tap(keyNumLock).Enter(), `complete "12"`},
		{"repeat is nothing", "", hidtest.Typing().Down(30).Event(evKey, 30, 2).Syn().Up(30).Enter(), `complete "a"`},
		{"alt gr", "layout=de", hidtest.Typing().With(keyRightAlt, keyQ).Enter(), `complete "@"`},
		{"ctrl alt is alt gr", "layout=de", hidtest.Typing().Down(keyLeftCtrl).With(keyLeftAlt, keyQ).Up(keyLeftCtrl).Enter(), `complete "@"`},
		{"ctrl with alt gr is alt gr", "layout=fr", hidtest.Typing().Down(keyLeftCtrl).With(keyRightAlt, 11).Up(keyLeftCtrl).Enter(), `complete "@"`},
		{"dead key and space", "layout=de", hidtest.Typing().Tap(keyGrave, keySpace, 30).Enter(), `complete "^a"`},
		{"dead key and letter", "layout=fr", hidtest.Typing().Tap(keyLeftBrace, keyQ).Enter(), `complete "â"`},
		{"dead key twice", "layout=de", hidtest.Typing().Tap(keyGrave, keyGrave).Enter(), `complete "^^"`},
		{"dead key and a letter without", "layout=de", hidtest.Typing().Tap(keyGrave, 45).Enter(), `complete "^x"`},
		{"dead key at the end", "layout=de", hidtest.Typing().Tap(30, keyGrave).Enter(), `complete "a^"`},
		{"no dead keys", "layout=de&dead=0", hidtest.Typing().Tap(keyGrave, 30).Enter(), `complete "^a"`},

		{"gs", "", hidtest.Typing().Digits("01").With(keyLeftCtrl, 27).Digits("2").Enter(), `complete "01\x1d2"`},
		{"gs by the other ctrl", "", hidtest.Typing().Digits("1").With(keyRightCtrl, 27).Enter(), `complete "1\x1d"`},
		{"gs by its place", "layout=de", hidtest.Typing().Digits("1").With(keyLeftCtrl, 27).Enter(), `complete "1\x1d"`},
		{"rs", "", hidtest.Typing().Digits("1").Down(keyLeftCtrl).With(keyLeftShift, 7).Up(keyLeftCtrl).Enter(), `complete "1\x1e"`},
		{"us without shift", "layout=uk", hidtest.Typing().Digits("1").With(keyLeftCtrl, 12).Enter(), `complete "1\x1f"`},
		{"letters", "layout=fr", hidtest.Typing().Digits("").With(keyLeftCtrl, keyQ, 30).Tap(30).Enter(), `complete "\x01\x11q"`},
		{"stx and etx", "stx=1&suffix=etx", hidtest.Typing().With(keyLeftCtrl, 48).Digits("12").With(keyLeftCtrl, 46), `complete "12"`},
		{"escape and backspace are characters", "", hidtest.Typing().Tap(keyEsc, keyBackspace).With(keyLeftCtrl, keyEnter).Tap(30).Enter(), `complete "\x1b\b\na"`},

		{"alt number", "", hidtest.Typing().Down(keyLeftAlt).Pad("65").Up(keyLeftAlt).Enter(), `complete "A"`},
		{"alt number with zeros", "layout=de", hidtest.Typing().Down(keyLeftAlt).Pad("0029").Up(keyLeftAlt).Tap(30).Enter(), `complete "\x1da"`},
		{"alt number after a dead key", "layout=de", hidtest.Typing().Tap(keyGrave).Down(keyLeftAlt).Pad("065").Up(keyLeftAlt).Enter(), `complete "^A"`},
		{"alt bytes of UTF-8", "", hidtest.Typing().Down(keyLeftAlt).Pad("0233").Up(keyLeftAlt).Down(keyLeftAlt).Pad("0128").Up(keyLeftAlt).Down(keyLeftAlt).Pad("0128").Up(keyLeftAlt).Enter(), `complete "退"`},
		{"alt unicode", "alt=unicode", hidtest.Typing().Down(keyLeftAlt).Pad("36864").Up(keyLeftAlt).Down(keyLeftAlt).Pad("0233").Up(keyLeftAlt).Enter(), `complete "退é"`},
		{"alt gbk", "alt=gbk", hidtest.Typing().Down(keyLeftAlt).Pad("52787").Up(keyLeftAlt).Down(keyLeftAlt).Pad("65").Up(keyLeftAlt).Enter(), `complete "\xce3A"`},
		{"alt gb18030 of four bytes", "alt=gbk", hidtest.Typing().Down(keyLeftAlt).Pad("2167439667").Up(keyLeftAlt).Enter(), `complete "\x810\x813"`},
		{"alt alone is nothing", "", hidtest.Typing().Tap(keyLeftAlt, 30).Enter(), `complete "a"`},
		{"alt number too large", "", hidtest.Typing().Down(keyLeftAlt).Pad("256").Up(keyLeftAlt).Digits("1").Enter().Digits("2").Enter(), `damaged 1 a number typed with Alt stands for no byte; complete "2"`},
		{"alt number of no character", "alt=unicode", hidtest.Typing().Down(keyLeftAlt).Pad("55296").Up(keyLeftAlt).Enter(), `damaged 0 a number typed with Alt stands for no byte`},
		{"alt number without end", "", hidtest.Typing().Down(keyLeftAlt).Pad("111111111111").Up(keyLeftAlt).Enter(), `damaged 0 key 79 stands for no character here`},
		{"alt and a letter", "", hidtest.Typing().Digits("1").With(keyLeftAlt, 30).Digits("2").Enter().Digits("3").Enter(), `damaged 2 key 30 stands for no character here; complete "3"`},

		{"a key without character", "", hidtest.Typing().Digits("1").Tap(59).Digits("2").Enter().Digits("3").Enter(), `damaged 2 key 59 stands for no character here; complete "3"`},
		{"alt gr without character", "layout=de", hidtest.Typing().With(keyRightAlt, 30).Enter(), `damaged 0 key 30 stands for no character here`},
		{"ctrl without character", "", hidtest.Typing().With(keyLeftCtrl, 51).Enter(), `damaged 0 key 51 stands for no character here`},

		{"dropped within a code", "", hidtest.Typing().Digits("69").Dropped().Event(evKey, 4, pressed).Syn().Digits("01").Enter().Digits("7").Enter(),
			`damaged 4 the kernel dropped key events; complete "7"`},
		{"events up to the report are half known", "", hidtest.Typing().Digits("1").Enter().Dropped().Event(evKey, 2, pressed).Event(evKey, keyEnter, pressed).Syn().Digits("2").Enter().Digits("3").Enter(),
			`complete "1"; damaged 1 the kernel dropped key events; complete "3"`},
		{"shift held when dropped", "", hidtest.Typing().Down(keyLeftShift).Tap(30).Dropped().Syn().Tap(30).Enter().Tap(30).Enter(),
			`damaged 2 the kernel dropped key events; complete "a"`},
		{"its release after the end", "", hidtest.Typing().Down(keyLeftShift).Dropped().Syn().Enter().Up(keyLeftShift).Tap(30).Enter().Tap(30).Enter(),
			`damaged 0 the kernel dropped key events; damaged 1 a modifier key came out of step; complete "a"`},
		{"a release of shift without its press", "", hidtest.Typing().Tap(30).Up(keyLeftShift).Tap(30).Enter().Tap(48).Enter(), `damaged 2 a modifier key came out of step; complete "b"`},
		{"a release of alt without its press", "", hidtest.Typing().Tap(30).Up(keyLeftAlt).Enter().Tap(48).Enter(), `damaged 1 a modifier key came out of step; complete "b"`},
		{"a press of shift without its release", "", hidtest.Typing().Down(keyLeftShift).Tap(30).Down(keyLeftShift).Tap(30).Up(keyLeftShift).Enter().Tap(48).Enter(), `damaged 2 a modifier key came out of step; complete "b"`},

		{"first code after opening", "first=drop", hidtest.Typing().Digits("901").Enter().Digits("2").Enter(), `partial 3; complete "2"`},
		{"enter after opening", "first=drop", hidtest.Typing().Enter().Digits("2").Enter(), `complete "2"`},
		{"a key held at opening", "first=drop", hidtest.Typing().Up(keyEnter).Digits("2").Enter(), `partial 1`},
		{"noread", "", hidtest.Typing().With(keyLeftShift, 49, 24, 19, 18, 30, 32).Enter(), `no_read "NOREAD"`},
		{"16-byte events", "event=16", (&hidtest.Keys{Size: 16}).Digits("12").Enter(), `complete "12"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, p := settings(t, tc.query)
			if got := render(New(s, p, 0).Write(tc.keys.B, 0)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			// How reads cut the events does not matter.
			d := New(s, p, 0)
			var parts []frame.Event
			for rest := tc.keys.B; len(rest) > 0; {
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
	d.Write(hidtest.Typing().Digits("12").Dropped().Syn().B, 10*ms)
	at, ok := d.Deadline()
	if !ok || at != 10*ms+frame.DefaultStale {
		t.Fatalf("Deadline = %v, %v", at, ok)
	}
	if got := render(d.Write(nil, at)); got != "damaged 2 the kernel dropped key events" {
		t.Fatalf("silence after a loss gave %s", got)
	}
	// Nobody knows whether this is the damaged code's tail.
	if got := render(d.Write(hidtest.Typing().Digits("34").Enter().Digits("5").B, at+time.Second)); got != "partial 2" {
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
