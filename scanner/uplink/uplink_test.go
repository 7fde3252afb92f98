package uplink

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/wire"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a journal with an uplink to a test server.
type bench struct {
	t       *testing.T
	dir     string
	journal *journal.Journal
	server  *wiretest.Server
	uplink  *Uplink
	stop    func()

	mu      sync.Mutex
	changed chan struct{}
	links   []Link
	seen    map[string]uint64 // producer → newest outcome told
	views   int
}

func newBench(t *testing.T, server *wiretest.Server) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), server: server, seen: map[string]uint64{}, changed: make(chan struct{})}
	b.open()
	t.Cleanup(func() {
		if b.stop != nil {
			b.stop()
		}
		b.journal.Close()
		if got := server.Breaches(); len(got) > 0 {
			t.Errorf("the station broke the protocol: %v", got)
		}
	})
	return b
}

func startServer(t *testing.T) *wiretest.Server {
	t.Helper()
	s := wiretest.New("token")
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.journal, err = journal.Open(b.dir); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) start() {
	b.t.Helper()
	log := slog.New(slog.NewTextHandler(testWriter{b.t}, nil))
	u, err := New(Config{Server: b.server.URL(), Token: "token", Agent: "test", Journal: b.journal, Sink: b, Clock: clock.System{}, Log: log,
		Devices: func() []scanner.Device { return []scanner.Device{{Name: "left"}} }})
	if err != nil {
		b.t.Fatal(err)
	}
	u.retryMax = retryMin
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	b.uplink = u
	b.stop = func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
		b.stop = nil
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) { w.t.Log(string(p)); return len(p), nil }

func (b *bench) Linked(l Link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links = append(b.links, l)
	b.tell()
}

func (b *bench) Viewed(scanner.BenchView) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.views++
	b.tell()
}

// Answered checks that outcomes come in order, each once, and only when they are stored.
func (b *bench) Answered(producer string, list []scanner.Outcome, acked uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range list {
		if o.Seq != b.seen[producer]+1 {
			b.t.Errorf("outcome %d told after %d", o.Seq, b.seen[producer])
		}
		if o.Seq > acked {
			b.t.Errorf("outcome %d told, acknowledged up to %d", o.Seq, acked)
		}
		b.seen[producer] = o.Seq
	}
	if producer == b.journal.Producer() && b.journal.OutcomeSeq() < b.seen[producer] {
		b.t.Errorf("outcome %d told, stored up to %d", b.seen[producer], b.journal.OutcomeSeq())
	}
	b.tell()
}

func (b *bench) tell() { close(b.changed); b.changed = make(chan struct{}) }

func (b *bench) wait(what string, done func() bool) {
	b.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		ok, changed, links := done(), b.changed, len(b.links)
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			b.t.Fatalf("no %s after 20 s (%d link changes, outcomes %d, next %d)", what, links, b.journal.OutcomeSeq(), b.journal.NextSeq())
		}
	}
}

func (b *bench) waitAnswered() {
	b.t.Helper()
	b.wait("outcome for the last scan", func() bool { return b.journal.OutcomeSeq() == b.journal.NextSeq()-1 })
}

func (b *bench) scan(data string) {
	b.t.Helper()
	s := scanner.Scan{Device: "left", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: clock.Mono(), Raw: []byte(data), Data: data, Charset: "utf-8"}
	if _, err := b.journal.Append(&s); err != nil {
		b.t.Fatal(err)
	}
	if b.uplink != nil {
		b.uplink.Notify()
	}
}

func (b *bench) scanMany(from, to int) {
	b.t.Helper()
	for i := from; i <= to; i++ {
		b.scan(fmt.Sprint("code ", i))
	}
}

// arrived checks that each code came exactly once, in order.
func (b *bench) arrived(want int) {
	b.t.Helper()
	scans := b.server.Scans()
	if len(scans) != want {
		b.t.Fatalf("%d scans arrived, want %d", len(scans), want)
	}
	for i, s := range scans {
		if s.Data != fmt.Sprint("code ", i+1) {
			b.t.Fatalf("place %d holds %q", i+1, s.Data)
		}
	}
}

func TestCarry(t *testing.T) {
	server := startServer(t)
	server.View = func() *scanner.BenchView { return &scanner.BenchView{Version: 1} }
	b := newBench(t, server)
	b.scanMany(1, 100) // queued before there was a link
	b.start()
	b.scanMany(101, 150)
	b.waitAnswered()
	b.arrived(150)
	b.wait("plates", func() bool { return b.journal.Plates().Left() >= PlatesLow })
	b.wait("view", func() bool { return b.views > 0 })
	link := b.uplink.Link()
	if !link.Online || link.Acked != 150 || link.Station != "ST-3" || link.Offset.Abs() > time.Second {
		t.Fatalf("link %+v", link)
	}
	b.uplink.DevicesChanged()
	if err := server.WaitDevices(t.Context(), func(d []scanner.Device) bool { return len(d) == 1 && d[0].Name == "left" }); err != nil {
		t.Fatal(err)
	}
}

// Sockets are cut at every place, at random, and the agent is restarted in between: every scan arrives once, in order, and gets its one outcome.
func TestCutEverywhere(t *testing.T) {
	server := startServer(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	var mu sync.Mutex
	cuts := map[wiretest.Place]int{}
	server.Cut = func(p wiretest.Place) bool {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(4) > 0 {
			return false
		}
		cuts[p]++
		return true
	}
	b := newBench(t, server)
	for i := range 8 {
		b.start()
		b.scanMany(i*40+1, i*40+40)
		if err := server.WaitScans(t.Context(), i*40+20); err != nil {
			t.Fatal(err)
		}
		b.stop()
		if err := b.journal.Close(); err != nil {
			t.Fatal(err)
		}
		b.open()
	}
	mu.Lock()
	t.Log(cuts)
	for _, p := range []wiretest.Place{wiretest.BeforeWelcome, wiretest.BeforeCommit, wiretest.AfterCommit, wiretest.AfterAnswer} {
		if cuts[p] == 0 {
			t.Errorf("no socket was cut %s", p)
		}
	}
	mu.Unlock()
	server.Cut = nil
	b.start()
	b.waitAnswered()
	b.arrived(320)
}

func TestServerAway(t *testing.T) {
	server := startServer(t)
	b := newBench(t, server)
	b.start()
	b.scanMany(1, 5)
	b.waitAnswered()
	server.Stop()
	b.wait("offline", func() bool { return !b.uplink.Link().Online })
	b.scanMany(6, 200)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	b.waitAnswered()
	b.arrived(200)
}

// The server is restored from a backup: what it lost is sent again, and answered anew.
func TestServerRestored(t *testing.T) {
	server := startServer(t)
	b := newBench(t, server)
	b.start()
	b.scanMany(1, 50)
	b.waitAnswered()
	b.stop()
	server.Restore(b.journal.Producer(), 30)
	b.mu.Lock()
	b.seen[b.journal.Producer()] = 30
	b.mu.Unlock()
	b.scanMany(51, 55)
	b.start()
	b.waitAnswered()
	b.arrived(55)
}

// copyDir keeps the station's disk as it is now.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func (b *bench) swap(dir string) {
	b.t.Helper()
	if err := b.journal.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.dir = dir
	b.open()
}

// The station's disk is put back to an older state, at several distances between the copy, the loss and the next link.
func TestStationRestored(t *testing.T) {
	for _, tc := range []struct {
		name               string
		unsent             int // scans of the copy that were on the way when it was made
		lost, since        int // scans between copy and restoring; scans after it, before the first link
		oldOnServer, total int
	}{
		{"server ahead, nothing new", 0, 20, 0, 20, 20},
		{"server ahead, new scans", 0, 20, 5, 20, 25},
		{"journal ahead of the server again", 0, 20, 50, 20, 70},
		{"level", 0, 20, 20, 20, 40},
		{"some of the copy unanswered", 7, 20, 5, 27, 32},
		{"some of the copy unanswered, journal ahead", 7, 20, 60, 27, 87},
		{"one", 0, 1, 1, 1, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := startServer(t)
			b := newBench(t, server)
			b.start()
			b.scanMany(1, 10)
			b.waitAnswered()
			b.stop()
			first := b.journal.Producer()
			b.scanMany(11, 10+tc.unsent)
			saved := copyDir(t, b.dir)
			b.start()
			b.scanMany(11+tc.unsent, 10+tc.unsent+tc.lost)
			b.waitAnswered()
			b.stop()
			b.swap(saved)
			b.mu.Lock()
			b.seen[first] = b.journal.OutcomeSeq()
			b.mu.Unlock()
			b.scanMany(11+tc.unsent+tc.lost, 10+tc.unsent+tc.lost+tc.since)
			b.start()
			b.wait("a new producer", func() bool { return b.journal.Producer() != first })
			b.waitAnswered()
			b.scanMany(11+tc.unsent+tc.lost+tc.since, 15+tc.unsent+tc.lost+tc.since)
			b.waitAnswered()
			b.arrived(10 + tc.total + 5)
			if got := server.Producers(); len(got) != 2 || got[0] != first {
				t.Fatalf("producers %v", got)
			}
		})
	}
}

// Two machines run from the same disk image: each scan of both arrives once.
func TestCloned(t *testing.T) {
	server := startServer(t)
	a := newBench(t, server)
	a.start()
	a.scanMany(1, 10)
	a.waitAnswered()
	a.stop()
	b := newBench(t, server)
	b.swap(copyDir(t, a.dir))
	b.seen[b.journal.Producer()] = b.journal.OutcomeSeq()
	a.start()
	b.start()
	for i := range 40 {
		a.scan(fmt.Sprint("a ", i))
		b.scan(fmt.Sprint("b ", i))
	}
	a.waitAnswered()
	b.waitAnswered()
	counts := map[string]int{}
	for _, s := range server.Scans() {
		counts[s.Data]++
	}
	if len(counts) != 90 {
		t.Errorf("%d codes arrived, want 90", len(counts))
	}
	for data, n := range counts {
		if n != 1 {
			t.Errorf("%q arrived %d times", data, n)
		}
	}
}

// A station that is revoked keeps its scans and says why; when it may speak again, they arrive.
func TestRevoked(t *testing.T) {
	server := startServer(t)
	b := newBench(t, server)
	server.Revoke(true)
	b.scanMany(1, 3)
	b.start()
	b.wait("problem", func() bool { return b.uplink.Link().Problem == wire.ErrRevoked })
	b.scanMany(4, 5)
	b.stop()
	server.Revoke(false)
	b.start()
	b.waitAnswered()
	b.arrived(5)
	if l := b.uplink.Link(); l.Problem != "" || !l.Online {
		t.Fatalf("link %+v", l)
	}
}

// A message that is none, and an answer that skips one: the session ends, nothing is stored out of order, and the next one goes on.
func TestServerTalksNonsense(t *testing.T) {
	server := startServer(t)
	b := newBench(t, server)
	b.start()
	b.scanMany(1, 3)
	b.waitAnswered()
	skipped, err := json.Marshal(wire.FromServer{Op: wire.OpOutcomes, LastSeq: 3, Outcomes: []scanner.Outcome{{Seq: 9}}})
	if err != nil {
		t.Fatal(err)
	}
	busy, err := json.Marshal(wire.FromServer{Op: wire.OpError, Code: wire.ErrBusy, RetryAfterMS: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, nonsense := range [][]byte{[]byte("{"), []byte(`{"op":"dance"}`), skipped, busy} {
		if err := server.Push(nonsense); err != nil {
			t.Fatal(err)
		}
		if err := server.WaitHellos(t.Context(), i+2); err != nil {
			t.Fatal(err)
		}
		b.scan(fmt.Sprint("code ", i+4))
		b.waitAnswered()
	}
	b.arrived(7)
}

func TestJitter(t *testing.T) {
	low, high := time.Hour, time.Duration(0)
	for range 500 {
		d := jitter(time.Second)
		low, high = min(low, d), max(high, d)
	}
	if low < 500*time.Millisecond || high >= time.Second || high-low < 300*time.Millisecond {
		t.Fatalf("waits of a second lie in %v … %v", low, high)
	}
}

// Knocking tells whether the server would take this station, and disturbs nobody's session.
func TestKnock(t *testing.T) {
	server := wiretest.New("token")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{}
		if conn, err := up.Upgrade(w, r, nil); err == nil {
			conn.Close()
		}
	}))
	defer deaf.Close()
	for _, tc := range []struct{ name, server, token, problem, err string }{
		{"welcome", server.URL(), "token", "", ""},
		{"another token", server.URL(), "old", wire.ErrRevoked, ""},
		{"another protocol", deaf.URL, "token", wire.ErrVersion, ""},
		{"nobody there", "http://127.0.0.1:1", "token", "", "refused"},
		{"no URL", "ftp://x", "token", "", "http://host"},
	} {
		problem, err := Knock(t.Context(), tc.server, tc.token)
		if problem != tc.problem || (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %q, %v", tc.name, problem, err)
		}
	}
	if b := server.Breaches(); len(b) > 0 {
		t.Errorf("knocking broke the protocol: %v", b)
	}
}
