//go:build linux

package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

// fake is a device whose reads and writes are the test's: the drivers themselves need a kernel's.
type fake struct {
	*testing.T
	as        scanner.Encoding
	good, bad []byte
	reads     chan []byte // a nil read unplugs
	writes    chan []byte
}

const asKeyboard scanner.Encoding = "evdev?event=24&layout=us"

// Reports that sound the beeps of hidtest.Usual.
const (
	goodBeep = "\x04\x10"
	badBeep  = "\x04\x08"
)

func newFake(t *testing.T, as scanner.Encoding) *fake {
	return &fake{T: t, as: as, reads: make(chan []byte, 4096), writes: make(chan []byte, 1024)}
}

// asPOS pauses long enough for a loaded machine.
func asPOS() scanner.Encoding {
	return scanner.Encoding(fmt.Sprintf("hidpos?descriptor=%x&pause=20s", hidtest.Usual))
}

func (f *fake) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	return &fakeStream{f, make(chan struct{})}, ctx.Err()
}

// scanner is the fake under a name, with the parameters of a URL.
func (f *fake) scanner(query string) Scanner {
	f.Helper()
	s, err := Parse("tcp://fake:1?name=gun" + query + "&first=keep")
	if err != nil {
		f.Fatal(err)
	}
	s.Driver = f
	return s
}

func (f *fake) sends(reads ...[]byte) {
	for _, r := range reads {
		f.reads <- r
	}
}

// answered waits for what the agent writes to the device.
func (f *fake) answered(want string) {
	f.Helper()
	select {
	case b := <-f.writes:
		if string(b) != want {
			f.Fatalf("the device was told % x, want % x", b, want)
		}
	case <-time.After(20 * time.Second):
		f.Fatal("the device was told nothing")
	}
}

type fakeStream struct {
	*fake
	closed chan struct{}
}

func (s *fakeStream) Encoding() scanner.Encoding  { return s.as }
func (s *fakeStream) Answers() (good, bad []byte) { return s.good, s.bad }

func (s *fakeStream) Read(p []byte) (int, error) {
	select {
	case b := <-s.reads:
		if b == nil {
			return 0, io.EOF
		}
		return copy(p, b), nil
	case <-s.closed:
		return 0, os.ErrClosed
	}
}

func (s *fakeStream) Write(p []byte) (int, error) {
	s.writes <- bytes.Clone(p)
	return len(p), nil
}

func (s *fakeStream) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// newFakeRig starts an agent with one scanner.
func newFakeRig(t *testing.T, s Scanner) *rig {
	t.Helper()
	server := newServer(t)
	r := startRig(t, Config{Dir: t.TempDir(), Server: server.URL(), Token: "token", Station: "ST-3", Scanners: []Scanner{s}, Clock: clock.System{},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, server)
	r.device(s.Name, scanner.DeviceConnected)
	return r
}

// arrived is what the server has, as text.
func (r *rig) arrived(n int) string {
	r.Helper()
	r.until(fmt.Sprintf("%d scans", n), func(s State) bool { return len(s.Recent) >= n })
	r.settled()
	var out []string
	for _, s := range r.server.Scans() {
		out = append(out, strings.TrimRight(s.Data+" "+s.Symbology+" "+flags(s), " "))
	}
	return strings.Join(out, "; ")
}

// A damaged code reaches nobody as a code; whole ones are journalled once, in order.
func TestKeyboardCodes(t *testing.T) {
	f := newFake(t, asKeyboard)
	r := newFakeRig(t, f.scanner("&stale=300ms&double=0s"))
	f.sends(hidtest.Typing().Digits("6901").Enter().B)
	// Losses in the middle, at the end, and a key that stands for nothing.
	f.sends(hidtest.Typing().Digits("11").Dropped().Syn().Digits("22").Enter().B, hidtest.Typing().Digits("6902").Enter().B)
	f.sends(hidtest.Typing().Digits("33").Tap(59).Digits("4").Enter().B, hidtest.Typing().With(42, 49, 24, 19, 18, 30, 32).Enter().B)
	f.sends(hidtest.Typing().Digits("6903").Enter().B)
	if got := r.arrived(3); got != "6901; 6902; 6903" {
		t.Fatalf("arrived %s", got)
	}
	if n := r.noticed(NoticeDamaged); n.Device != "gun" || n.Tone != scanner.ToneError || n.Bytes != 3 {
		t.Fatalf("notice %+v", n)
	}
	r.noticed(NoticeNoRead)
	count := 0
	for _, n := range r.agent.State().Notices {
		if n.Code == NoticeDamaged {
			count++
		}
	}
	if count != 2 {
		t.Fatalf("%d notices of two damaged codes", count)
	}
	// The end is lost too: silence tells the clerk.
	f.sends(hidtest.Typing().Digits("55").Dropped().Syn().B)
	r.until("a third notice", func(s State) bool {
		return len(s.Notices) > 0 && s.Notices[0].Code == NoticeDamaged && s.Notices[0].Bytes == 2
	})
	// Unplugged within a code.
	f.sends(hidtest.Typing().Digits("77").B, nil)
	r.noticed(NoticeCutOff)
	f.sends(hidtest.Typing().Digits("6904").Enter().B)
	if got := r.arrived(4); got != "6901; 6902; 6903; 6904" {
		t.Fatalf("arrived %s", got)
	}
}

// A disk that takes its time must not make the reader stop: the kernel keeps ten characters.
func TestKeyboardIsReadWhileTheDiskIsSlow(t *testing.T) {
	f := newFake(t, asKeyboard)
	r := newFakeRig(t, f.scanner("&double=0s"))
	r.agent.capturing.Lock()
	event := hidtest.Typing().Size
	const codes = 8
	for range codes {
		for b := hidtest.Typing().Digits("6901234567892").Enter().B; len(b) > 0; b = b[event*3:] {
			f.sends(b[:event*3]) // a key down or up
		}
	}
	deadline := time.After(20 * time.Second)
	for len(f.reads) > 0 {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("%d reads are left to the kernel", len(f.reads))
		}
	}
	r.agent.capturing.Unlock()
	if got, want := r.arrived(codes), strings.TrimSuffix(strings.Repeat("6901234567892; ", codes), "; "); got != want {
		t.Fatalf("arrived %s", got)
	}
}

func TestPOSCodes(t *testing.T) {
	f := newFake(t, asPOS())
	f.good, f.bad = []byte(goodBeep), []byte(badBeep)
	r := newFakeRig(t, f.scanner("&max=100&double=0s"))
	v := hidtest.New(t, hidtest.Usual)
	f.sends(v.Report("6901234567892", "]E0", false))
	f.answered(goodBeep)
	long := strings.Repeat("x", 56)
	f.sends(v.Report(long, "]Q1", true), v.Report("退货", "]Q1", false))
	f.answered(goodBeep)
	// A report of this code was lost: the next one begins another.
	f.sends(v.Report(long, "]Q1", true), v.Report("690", "]E0", false))
	f.answered(badBeep)
	f.sends(hidtest.Full(v.Report(long, "]Q1", true)), v.Report("tail", "]Q1", false))
	f.answered(badBeep)
	f.sends(v.Report("]C1literal", "]E0", false))
	f.answered(goodBeep)
	f.sends(v.Report(long, "]Q1", true), v.Report(long, "]Q1", false))
	f.answered(badBeep) // longer than max
	f.sends(v.Report("NOREAD", "", false), v.Report("a\x00b", "]d1", false))
	f.answered(badBeep)
	want := "6901234567892 ]E0; " + long + "退货 ]Q1; ]C1literal ]E0; " + strings.Repeat("x", 100) + " ]Q1 overflow; a\\x00b ]d1 not_text"
	if got := r.arrived(5); got != want {
		t.Fatalf("arrived\n%s\nwant\n%s", got, want)
	}
	for _, code := range []string{NoticeDamaged, NoticeOverflow, NoticeNoRead} {
		r.noticed(code)
	}
	if len(f.writes) != 0 {
		t.Fatalf("the device was told % x too", <-f.writes)
	}
}

func TestPOSCodeWithoutEnd(t *testing.T) {
	f := newFake(t, scanner.Encoding(fmt.Sprintf("hidpos?descriptor=%x&pause=100ms", hidtest.Usual)))
	f.good, f.bad = []byte(goodBeep), []byte(badBeep)
	r := newFakeRig(t, f.scanner(""))
	f.sends(hidtest.New(t, hidtest.Usual).Report("half", "]Q1", true))
	f.answered(badBeep)
	r.noticed(NoticeCutOff)
	if s := r.agent.State(); len(s.Recent) != 0 {
		t.Fatalf("half a code is a scan: %+v", s.Recent)
	}
}

// What the URL says of beeps goes before what the device can; beep=none keeps it silent.
func TestPOSFeedbackOfTheURL(t *testing.T) {
	v := hidtest.New(t, hidtest.Usual)
	for _, query := range []string{"&good=0607&bad=0608", "&beep=none"} {
		f := newFake(t, asPOS())
		f.good, f.bad = []byte(goodBeep), []byte(badBeep)
		r := newFakeRig(t, f.scanner(query))
		f.sends(v.Report("690", "", false))
		if query != "&beep=none" {
			f.answered("\x06\x07")
		}
		r.arrived(1)
		r.stop()
		if len(f.writes) != 0 {
			t.Fatalf("%s: the device was told % x", query, <-f.writes)
		}
	}
}

// A scanner that goes in the middle of a code: the clerk is told, no half of it is a scan, and what comes first after it is back may be a tail: it is dropped
// and told, as of a serial scanner. Whole codes before and after are journalled once.
func TestUnpluggedWithinACode(t *testing.T) {
	v := hidtest.New(t, hidtest.Usual)
	type1 := func(code string) []byte { return hidtest.Typing().Digits(code).Enter().B }
	half := strings.Repeat("1", 56)
	for name, tc := range map[string]struct {
		as           scanner.Encoding
		whole, again [][]byte
		half, tail   []byte
		lost         int
	}{
		"keyboard":                  {asKeyboard, [][]byte{type1("0"), type1("6901")}, [][]byte{type1("6902")}, hidtest.Typing().Digits("77").B, type1("88"), 2},
		"keyboard, Shift alone":     {asKeyboard, [][]byte{type1("0"), type1("6901")}, [][]byte{type1("6902")}, hidtest.Typing().Down(42).Syn().B, type1("88"), 0},
		"keyboard, damaged already": {asKeyboard, [][]byte{type1("0"), type1("6901")}, [][]byte{type1("6902")}, hidtest.Typing().Digits("7").Dropped().Syn().B, type1("88"), 1},
		"pos": {scanner.Encoding(fmt.Sprintf("hidpos?descriptor=%x&pause=20s", hidtest.Usual)), [][]byte{v.Report("0", "]E0", false), v.Report("6901", "]E0", false)},
			[][]byte{v.Report("6902", "]E0", false)}, v.Report(half, "]Q1", true), v.Report("88", "]Q1", false), 56},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, tc.as)
			r := newFakeRig(t, f.scanner("&first=drop&double=0s&stale=20s"))
			f.sends(tc.whole...)
			r.noticed(NoticePartial) // the very first, as after any opening
			r.arrived(1)
			f.sends(tc.half, nil)
			told := map[string]bool{NoticeCutOff: true, NoticeDamaged: true}
			r.until("word of the code that was cut", func(s State) bool { return len(s.Notices) > 0 && told[s.Notices[0].Code] })
			if n := r.agent.State().Notices[0]; n.Bytes != tc.lost || n.Tone != scanner.ToneError || n.Device != "gun" {
				t.Errorf("the clerk is told %+v", n)
			}
			f.sends(tc.tail)
			r.until("word of the tail", func(s State) bool { return s.Notices[0].Code == NoticePartial && s.Notices[0].Bytes == 2 })
			f.sends(tc.again...)
			if got := strings.NewReplacer(" ]E0", "", " ]Q1", "").Replace(r.arrived(2)); got != "6901; 6902" {
				t.Errorf("arrived %s", got)
			}
		})
	}
}

func TestPOSFirstCodeAfterOpening(t *testing.T) {
	f := newFake(t, asPOS())
	v := hidtest.New(t, hidtest.Usual)
	// Already there when it is opened: the first may be a tail.
	f.sends(v.Report("end of a code", "", false), v.Report("690", "", false))
	r := newFakeRig(t, f.scanner("&first=drop"))
	if got := r.arrived(1); got != "690" {
		t.Fatalf("arrived %s", got)
	}
	r.noticed(NoticePartial)
}

// A capture holds the raw events and reports, and is read again to the same codes: by replay, and by an agent that plays it.
func TestCaptureOfRawReads(t *testing.T) {
	v := hidtest.New(t, hidtest.Usual)
	for name, tc := range map[string]struct {
		as    scanner.Encoding
		reads [][]byte
		codes string
	}{
		"keyboard": {asKeyboard, [][]byte{hidtest.Typing().Digits("12").B, hidtest.Typing().With(42, 3).Enter().Digits("9").Dropped().Syn().Enter().B, hidtest.Typing().Digits("34").Enter().B}, "12@; 34"},
		"pos":      {asPOS(), [][]byte{v.Report(strings.Repeat("x", 56), "]Q1", true), v.Report("y", "]Q1", false), v.Report("a", "]Q1", true), v.Report("b", "]E0", false), v.Report("z", "]E0", false)}, strings.Repeat("x", 56) + "y ]Q1; z ]E0"},
	} {
		f := newFake(t, tc.as)
		f.sends(append(tc.reads, nil)...)
		var capture bytes.Buffer
		var live, again []string
		note := func(into *[]string) func(Heard) {
			return func(h Heard) {
				b, err := json.Marshal(h)
				if err != nil {
					t.Error(err)
				}
				*into = append(*into, string(b))
			}
		}
		s := f.scanner("")
		if err := Listen(t.Context(), s, barcode.NewReader(nil), &capture, note(&live)); err == nil || !strings.Contains(err.Error(), "gone") {
			t.Fatalf("%s: Listen ended with %v", name, err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, capture.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		played, err := Parse("replay:" + path + "?speed=max&name=gun")
		if err != nil {
			t.Fatal(err)
		}
		if err := Play(t.Context(), played, barcode.NewReader(nil), note(&again)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a, b := strings.Join(live, "\n"), strings.Join(again, "\n"); a != b || len(live) != 3 {
			t.Errorf("%s: heard\n%s\nreplayed\n%s", name, a, b)
		}
		if got := newFakeRig(t, played).arrived(2); got != tc.codes {
			t.Errorf("%s: an agent took %s, want %s", name, got, tc.codes)
		}
	}
}

// The same keys can be read as another country's.
func TestReplayWithAnotherLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	capture := fmt.Sprintf("!%s\n0 %q\n", asKeyboard, hidtest.Typing().Tap(21).Enter().B)
	if err := os.WriteFile(path, []byte(capture), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"": "y", "&layout=de": "z"} {
		s, err := Parse("replay:" + path + "?speed=max" + query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := Play(t.Context(), s, barcode.NewReader(nil), func(h Heard) { got = append(got, string(h.Event)+" "+string(h.Raw)) }); err != nil || strings.Join(got, ";") != string(frame.Complete)+" "+want {
			t.Errorf("%q: %v, %v", query, got, err)
		}
	}
	if err := os.WriteFile(path, []byte("!morse\n0 \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Parse("replay:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Play(t.Context(), s, barcode.NewReader(nil), func(Heard) {}); err == nil || !strings.Contains(err.Error(), "later version") {
		t.Errorf("an unknown encoding gave %v", err)
	}
	r := startRig(t, Config{Dir: t.TempDir(), Server: newServer(t).URL(), Token: "token", Scanners: []Scanner{s}, Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, nil)
	r.device(s.Name, scanner.DeviceFault)
}
