//go:build linux

package agent

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

// From the scanner's bytes to the server and back, while sockets are cut at random places: every code that beeped arrives once, in order.
func TestEveryBeepArrivesOnce(t *testing.T) {
	server := newServer(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 2))
	var mu sync.Mutex
	server.Cut = func(wiretest.Place) bool { mu.Lock(); defer mu.Unlock(); return dice.IntN(12) == 0 }
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url(""))
	g.send("\r")
	const n = 150
	for i := range n {
		g.scan(fmt.Sprintf("code %d", i))
	}
	state := r.settled()
	scans := server.Scans()
	if len(scans) != n {
		t.Fatalf("%d scans arrived, %d beeped", len(scans), n)
	}
	plates := map[string]bool{}
	for i, s := range scans {
		if s.Data != fmt.Sprintf("code %d", i) || s.Seq != uint64(i+1) || s.Device != "gun" || s.Source != scanner.FromDevice || flags(s) != "" || string(s.Raw) != s.Data {
			t.Fatalf("place %d: %+v", i, s)
		}
		if s.Plate != "" && plates[s.Plate] {
			t.Fatalf("plate %s came twice", s.Plate)
		}
		plates[s.Plate] = true
	}
	if len(state.Recent) != RecentScans || state.Recent[0].Data != fmt.Sprintf("code %d", n-1) || state.Recent[0].Outcome.Code != scanner.CodeMatched {
		t.Fatalf("the page shows %+v", state.Recent[0])
	}
	if d := state.Devices[0]; d.Scans != n || d.LastScan.IsZero() {
		t.Fatalf("device %+v", d)
	}
}

func TestServerAway(t *testing.T) {
	server := newServer(t)
	server.View = func() *scanner.BenchView {
		return &scanner.BenchView{Version: 7, Parcel: &scanner.ParcelView{Number: "P1", Lines: []scanner.LineView{
			{ID: "1", SKU: "TEE-L", Name: "T恤", NameEN: "T-shirt", Code: "6901234567892", Expected: 2, Received: 1},
			{ID: "2", SKU: "EXTRA", Code: "6901234567908", Received: 1, Finding: "extra"},
		}}}
	}
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url(""))
	g.send("\r")
	g.scan("first")
	r.settled()
	r.until("view", func(s State) bool { return s.View != nil })
	server.Stop()
	r.until("offline", func(s State) bool { return !s.Link.Online })
	for _, code := range []string{"]E06901234567892", "]E06901234567892 ", "]E06901234567892", "]E06901234567908", "TEE-L", "U0000000017", "SF1234567890123", "]E06901234567892"} {
		g.scan(code)
	}
	s := r.until("queue", func(s State) bool { return s.Link.Queued == 8 })
	var got []string
	for i := 7; i >= 0; i-- {
		l := s.Recent[i]
		if !l.Lights.Captured || l.Lights.Accepted || l.Lights.Applied || l.Provisional == nil {
			t.Fatalf("offline scan %+v", l)
		}
		got = append(got, strings.TrimPrefix(string(l.Provisional.Code), "provisional_")+" "+l.Provisional.SKU)
	}
	want := "match TEE-L|enough TEE-L|enough TEE-L|not_expected |enough TEE-L|unknown |unknown |unknown "
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("judged\n%s\nwant\n%s", s, want)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s = r.settled()
	if s.Recent[0].Provisional != nil || !s.Link.Online || len(server.Scans()) != 9 {
		t.Fatalf("after the link came back: %+v, %d scans arrived", s.Recent[0], len(server.Scans()))
	}
}

// What is no code gets the bad beep and a notice or a flag; the code after it is taken as ever. Nothing that was a whole frame is lost.
func TestGarbage(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url("&stale=2s"))
	g.send("tail of a code\r")
	if b := g.beep(); b != bad {
		t.Fatalf("the first bytes were answered %#x", b)
	}
	r.noticed(NoticePartial)
	for i, tc := range []struct {
		name, raw string
		flags     string // of the scan that arrives; "none" when none may
		notice    string
	}{
		{"nul", "a\x00b\r", "not_text", ""},
		{"broken UTF-8", "a\xff\xfe\xffb\r", "not_text", ""},
		{"a megabyte", strings.Repeat("x", 1<<20) + "\r", "overflow", NoticeOverflow},
		{"cut off", "half", "none", NoticeCutOff},
		{"every byte", func() string {
			var b strings.Builder
			for c := range 256 {
				if c != '\r' {
					b.WriteByte(byte(c))
				}
			}
			return b.String() + "\r"
		}(), "not_text", ""},
	} {
		before := len(server.Scans())
		sent := make(chan error, 1)
		go func() { _, err := g.master.WriteString(tc.raw); sent <- err }() // a megabyte is more than the line holds
		if b := g.beep(); b != bad {
			t.Fatalf("%s was answered %#x", tc.name, b)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if tc.notice != "" {
			r.noticed(tc.notice)
		}
		if tc.name == "cut off" {
			g.send("\r") // the framer waits for an end
			g.send("\r")
		}
		code := fmt.Sprintf("after %d", i)
		g.send("\r" + code + "\r")
		if b := g.beep(); b != good {
			t.Fatalf("the code after %s was answered %#x", tc.name, b)
		}
		r.settled()
		scans := server.Scans()[before:]
		if tc.flags == "none" {
			if len(scans) != 1 {
				t.Fatalf("%s: %d scans arrived", tc.name, len(scans))
			}
			continue
		}
		if len(scans) != 2 || flags(scans[0]) != tc.flags || scans[1].Data != code || flags(scans[1]) != "" {
			t.Fatalf("%s: arrived %d scans, flags %q", tc.name, len(scans), flags(scans[0]))
		}
		if scans[0].Plate != "" {
			t.Fatalf("%s got a plate", tc.name)
		}
	}
	g.send("NOREAD\r\r\n\n\rlast\r")
	if b := g.beep(); b != good {
		t.Fatalf("the code after NOREAD was answered %#x", b)
	}
	r.noticed(NoticeNoRead)
}

func TestFlags(t *testing.T) {
	server := newServer(t)
	g, h := newGun(t), newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url("&double=1s"), "serial://"+h.port()+"?beep=acknak&name=other")
	g.send("\r")
	h.send("\r")
	for _, step := range []struct {
		from *gun
		data string
	}{{g, "A"}, {g, "A"}, {g, "A"}, {g, "B"}, {g, "A"}, {h, "A"}, {g, "A"}, {g, "BD:+1"}, {g, "BD:+1"}} {
		step.from.scan(step.data)
	}
	r.settled()
	var got []string
	for _, s := range server.Scans() {
		got = append(got, s.Data+" "+flags(s))
	}
	want := "A |A double_read|A double_read|B |A |A |A |BD:+1 |BD:+1 double_read"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	r.stop()

	// After a restart: what was last is said, and the same code again is flagged, once, from the scanner it came from.
	r = newRig(t, dir, server, g.url("&double=1s"), "serial://"+h.port()+"?beep=acknak&name=other")
	if n := r.noticed(NoticeResumed); n.Data != "BD:+1" {
		t.Errorf("resumed after %q", n.Data)
	}
	if s := r.agent.State(); len(s.Recent) != 9 || s.Recent[0].Outcome == nil {
		t.Errorf("after a restart the page shows %d scans", len(s.Recent))
	}
	g.send("\r")
	h.send("\r")
	h.scan("A")
	g.scan("BD:+1")
	g.scan("C")
	h.scan("A")
	r.settled()
	got = nil
	for _, s := range server.Scans()[9:] {
		got = append(got, s.Data+" "+flags(s))
	}
	if s, want := strings.Join(got, "|"), "A repeat_after_restart|BD:+1 repeat_after_restart|C |A "; s != want {
		t.Errorf("after a restart\ngot  %s\nwant %s", s, want)
	}
}

func TestPlates(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url(""))
	r.until("plates", func(s State) bool { return s.PlatesLeft > 0 })
	g.send("\r")
	for _, code := range []string{"]E06901234567892", "BD:DONE", scanner.Plate(77), "SF1234567890123", "RB123456785GB", "75312345678901", "OWN-CODE"} {
		g.scan(code)
	}
	r.settled()
	var got []string
	for _, s := range server.Scans() {
		n, ok := scanner.PlateNumber(s.Plate)
		if ok != (s.Plate != "") {
			t.Fatalf("plate %q", s.Plate)
		}
		got = append(got, fmt.Sprint(n))
	}
	// A ZTO number has low confidence: it may be a piece as well.
	if s, want := strings.Join(got, " "), "1 0 0 0 0 2 3"; s != want {
		t.Errorf("plates %s, want %s", s, want)
	}
}

// The cable is pulled and another port number comes up under the same name.
func TestUnplug(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	l := newLink(t)
	l.to(g.port())
	r := newRig(t, t.TempDir(), server, "serial://"+l.path+"?beep=acknak&name=gun")
	g.send("\r")
	g.scan("A")
	g.scan("B")
	g.send("hal")
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	g.unplug()
	r.device("gun", scanner.DeviceGone)
	if err := server.WaitDevices(t.Context(), func(d []scanner.Device) bool { return len(d) == 1 && d[0].State == scanner.DeviceGone }); err != nil {
		t.Fatal(err)
	}
	again := newGun(t)
	l.to(again.port())
	r.device("gun", scanner.DeviceConnected)
	again.send("f a code\r")
	if b := again.beep(); b != bad {
		t.Fatalf("bytes after plugging in were answered %#x", b)
	}
	again.scan("B")
	again.scan("C")
	r.settled()
	var got []string
	for _, s := range server.Scans() {
		got = append(got, s.Data+" "+flags(s))
	}
	if s, want := strings.Join(got, "|"), "A |B |B repeat_after_restart|C "; s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// A port that is there but is no port: the operator is told, the other scanner works.
func TestFault(t *testing.T) {
	server := newServer(t)
	file := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url(""))
	r.stop()
	scanners, err := ParseAll([]string{g.url(""), "serial://" + file + "?name=plain"})
	if err != nil {
		t.Fatal(err)
	}
	conf := r.agent.Config
	conf.Scanners = scanners
	r = startRig(t, conf, server)
	r.device("plain", scanner.DeviceFault)
	if d := r.agent.State().Devices[1]; d.Detail == "" {
		t.Fatal("a fault without a word why")
	}
	r.device("gun", scanner.DeviceConnected)
	g.send("\r")
	g.scan("A")
}

// The disk fails under a running agent: nothing beeps well from then on, the page says why, and what was safe before still goes out.
func TestJournalFails(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	g.send("\r")
	g.scan("A")
	r.settled()
	breakDisk(t, filepath.Join(dir, "journals"), "scans-")
	g.send("B\r")
	if b := g.beep(); b != bad {
		t.Fatalf("a scan that is nowhere was answered %#x", b)
	}
	r.noticed(NoticeJournalFailed)
	if s := r.agent.State(); s.Link.Problem != NoticeJournalFailed {
		t.Fatalf("link %+v", s.Link)
	}
	g.send("C\r")
	if b := g.beep(); b != bad {
		t.Fatalf("after the failure a scan was answered %#x", b)
	}
	if scans := server.Scans(); len(scans) != 1 {
		t.Fatalf("%d scans arrived", len(scans))
	}
}

// breakDisk puts a descriptor that cannot be written in the place of the open segment.
func breakDisk(t *testing.T, dir, prefix string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	readOnly, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	broken := 0
	for _, fd := range fds {
		target, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || !strings.HasPrefix(target, dir) || !strings.HasPrefix(filepath.Base(target), prefix) {
			continue
		}
		var n int
		if _, err := fmt.Sscan(fd.Name(), &n); err != nil {
			t.Fatal(err)
		}
		if err := unix.Dup3(int(readOnly.Fd()), n, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		broken++
	}
	if broken != 1 {
		t.Fatalf("%d descriptors of %s", broken, dir)
	}
}
