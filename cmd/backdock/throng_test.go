package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/audit"
)

// throngSize is how many benches crowd the same parcels and how many batches each sends: few in `make test`; BACKDOCK_SOAK takes a thousand, or its own number.
func throngSize() (benches, batches int) {
	soak := os.Getenv("BACKDOCK_SOAK")
	if n, err := strconv.Atoi(soak); err == nil && n > 1 {
		return 32, n
	}
	if soak != "" {
		return 32, 1000
	}
	return 16, 20
}

// throngSeed is fixed, so that what everybody does is the same each time; only who comes first differs. BACKDOCK_SEED takes another one.
func throngSeed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("BACKDOCK_SEED"), 10, 64); err == nil {
		return n
	}
	return 20261124
}

// Everybody wants the same rows: benches the same parcels and cases, inspectors the same units, the office the same cases and refunds, imports the same orders,
// jobs the same payments, on two servers that restart in between. Locks have one order, so nobody ever waits in a circle, and the books are right.
func TestCrowdNeverWaitsInACircle(t *testing.T) {
	url := testkit.URL(t, db.Postgres)
	seed := throngSeed()
	t.Logf("seed %d", seed)
	w := newThrong(t, url, seed)
	w.crowd()
	w.rest()
	report, err := audit.Run(t.Context(), w.db)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK {
		t.Error(report.String())
	}
	t.Log(w.done)
	for _, act := range []string{"batch", "inspect", "undo inspection", "decide", "reopen", "claim", "authorize", "cancel", "attribute", "import orders", "import cases", "notice"} {
		if w.done[act] == 0 {
			t.Errorf("nobody came to %s: the crowd proves nothing about it", act)
		}
	}
	w.close()
	if w.ended.Deadlocks != 0 {
		t.Errorf("%d transactions were ended by a deadlock", w.ended.Deadlocks)
	}
	if n := testkit.Deadlocks(t, url); n != 0 {
		t.Errorf("PostgreSQL broke %d deadlocks:\n%s", n, testkit.DeadlockReport(t))
	}
}

// throng is the place: two servers on one database, and what there is to fight over.
type throng struct {
	t    *testing.T
	url  string
	dir  string
	seed uint64
	db   *db.DB // the test's own eyes
	bank *tillBank
	site throngSite

	mu      sync.Mutex
	servers [2]*server // nil while it restarts
	ended   db.Aborts  // of servers that are gone
	done    map[string]int
}

func newThrong(t *testing.T, url string, seed uint64) *throng {
	w := &throng{t: t, url: url, dir: t.TempDir(), seed: seed, bank: newTillBank(), done: map[string]int{}}
	ring, err := secret.LoadFile(filepath.Join(w.dir, "keyring"), true)
	w.must(err)
	w.db, err = db.Open(t.Context(), url, db.Options{})
	w.must(err)
	w.must(w.db.Migrate(t.Context()))
	benches, _ := throngSize()
	w.site = makeThrongSite(t, w.db, ring, benches)
	for n := range w.servers {
		w.start(n)
	}
	t.Cleanup(w.close)
	return w
}

// close ends both servers and the test's own sessions.
func (w *throng) close() {
	for n := range w.servers {
		w.stop(n)
	}
	w.db.Close()
}

func (w *throng) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start brings up server n as `backdock serve` does, with a bank of the test's.
func (w *throng) start(n int) {
	log := slog.New(slog.NewTextHandler(complaints{w.t}, &slog.HandlerOptions{Level: slog.LevelError}))
	c := serveCmd{storeFlags: storeFlags{Database: w.url, Data: w.dir}, Listen: "127.0.0.1:0", SiteLang: "zh", Workers: 4, MinGap: time.Millisecond,
		Poll: 10 * time.Millisecond, Retry: 10 * time.Millisecond, Lease: 10 * time.Second}
	store, err := c.open(context.Background(), log, true)
	if err != nil {
		w.t.Errorf("open: %v", err)
		return
	}
	s, err := c.startOn(store, w.bank.gateways(), log, 50*time.Millisecond)
	if err != nil {
		w.t.Errorf("start: %v", err)
		store.close()
		return
	}
	w.mu.Lock()
	w.servers[n] = s
	w.mu.Unlock()
}

func (w *throng) stop(n int) {
	w.mu.Lock()
	s := w.servers[n]
	w.servers[n] = nil
	w.mu.Unlock()
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
		w.t.Errorf("close: %v", err)
	}
	a := s.DB().Aborts()
	w.mu.Lock()
	w.ended.Deadlocks += a.Deadlocks
	w.ended.Serialization += a.Serialization
	w.mu.Unlock()
}

// one picks a server that runs.
func (w *throng) one(r *rand.Rand) *server {
	for w.t.Context().Err() == nil {
		w.mu.Lock()
		s := w.servers[r.IntN(len(w.servers))]
		w.mu.Unlock()
		if s != nil {
			return s
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// did counts an act by its result. A refusal is an answer; anything else is wrong, unless the server that was asked is closing.
func (w *throng) did(s *server, act string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch running := s == w.servers[0] || s == w.servers[1]; {
	case err == nil:
		w.done[act]++
	case !fault.IsKind(err, fault.Internal):
		w.done[act+" refused: "+fault.Code(err)]++
	case running && w.t.Context().Err() == nil:
		w.t.Errorf("%s: %v", act, err)
	default:
		w.done[act+" cut"]++
	}
}

// rest waits until no refund is under way and every event has its number.
func (w *throng) rest() {
	for deadline := time.Now().Add(3 * time.Minute); ; {
		var busy int64
		w.must(w.db.Read.Table("refunds").Where("state IN ('authorized', 'sending', 'unknown', 'accepted')").Count(&busy).Error)
		unstamped, err := event.Unstamped(w.db.Read)
		w.must(err)
		if busy == 0 && unstamped == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d refunds still under way, %d events without a number", busy, unstamped)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// complaints puts what a server logs into the test's log.
type complaints struct{ t *testing.T }

func (c complaints) Write(b []byte) (int, error) {
	if c.t.Context().Err() == nil {
		c.t.Log(string(b))
	}
	return len(b), nil
}

// user is the n-th person of the office.
func (w *throng) user(n int) id.User { return w.site.users[n%len(w.site.users)] }
