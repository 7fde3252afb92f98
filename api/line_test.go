package api_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/uplink"
)

// shaky is a TCP relay that cuts connections after a random number of bytes from the server, so many times; after that it is calm.
type shaky struct {
	net.Listener
	to   string
	cuts atomic.Int64 // left
}

func newShaky(t *testing.T, to string) *shaky {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaky{Listener: l, to: to}
	s.cuts.Store(5)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.relay(c)
		}
	}()
	return s
}

func (s *shaky) relay(station net.Conn) {
	defer station.Close()
	server, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, station); server.Close() }()
	if s.cuts.Add(-1) >= 0 {
		_, _ = io.CopyN(station, server, 500+rand.Int64N(6000))
		return
	}
	_, _ = io.Copy(station, server)
}

type answers struct {
	mu  sync.Mutex
	got map[uint64]scanner.Outcome
	end chan struct{}
	n   int
}

func (a *answers) Linked(uplink.Link)       {}
func (a *answers) Viewed(scanner.BenchView) {}
func (a *answers) Answered(_ string, outcomes []scanner.Outcome, _ uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range outcomes {
		a.got[o.Seq] = o
	}
	if len(a.got) == a.n {
		select {
		case <-a.end:
		default:
			close(a.end)
		}
	}
}

// A real journal and uplink bring parcels through a network that breaks all the time to a real desk behind the socket; then a piece is inspected and the board
// shows it all. Each scan has one outcome, each piece one unit.
func TestTheLineOverAShakyNetwork(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		goods := receivingtest.New(t, d)
		tee := goods.SKU("TEE-L", receivingtest.GTIN(1))
		const parcels = 12
		var codes []string
		for n := range parcels {
			way := "SF10000000000" + string(rune('A'+n))
			goods.Case("C"+way, goods.Order("O"+way, tee, tee), []string{way})
			codes = append(codes, way, receivingtest.GTIN(1), receivingtest.GTIN(1), "BD:DONE")
		}
		bench := goods.Bench(3)
		ring, err := secret.Parse(secret.Generate())
		if err != nil {
			t.Fatal(err)
		}
		s := &site{t: t, d: d, log: goods.Log, ring: ring, logs: &lockedBuffer{}, desk: goods.Desk}
		s.auth = auth.New(d, s.log, clock.System{}, ring, auth.Options{Cost: auth.Cost{MemoryKiB: 64, Passes: 1}})
		s.user("boss", auth.Grant{Role: auth.Manager})
		r := s.serve(func(d *api.Deps) { d.Report = report.New(d.DB, goods.Clock) })
		token, _ := s.enrol(bench.ID)
		net := newShaky(t, r.host)

		j, err := journal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		got := &answers{got: map[uint64]scanner.Outcome{}, end: make(chan struct{}), n: len(codes)}
		up, err := uplink.New(uplink.Config{Server: "http://" + net.Addr().String(), Token: token, Agent: "test", Journal: j, Sink: got, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
			Devices: func() []scanner.Device { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { _ = up.Run(ctx) })
		for i, code := range codes {
			sc := scanner.Scan{Device: "gun", Source: scanner.FromDevice, CapturedAt: goods.Clock.Now(), MonoMicros: int64(i) * 2_000_000, Raw: []byte(code), Data: code, Charset: "utf-8"}
			if _, err := j.Append(&sc); err != nil {
				t.Fatal(err)
			}
			up.Notify()
		}
		select {
		case <-got.end:
		case <-time.After(60 * time.Second):
			t.Fatalf("%d of %d outcomes", len(got.got), len(codes))
		}
		if net.cuts.Load() > 0 {
			t.Errorf("%d cuts never happened", net.cuts.Load())
		}
		if n := receivingtest.One[int](goods, "SELECT COUNT(*) FROM outcomes"); n != len(codes) {
			t.Errorf("%d outcomes for %d scans", n, len(codes))
		}
		if n := receivingtest.One[int](goods, "SELECT COUNT(*) FROM units WHERE finding = 'match'"); n != 2*parcels {
			t.Errorf("%d matched units, want %d", n, 2*parcels)
		}
		boss := r.login("boss")
		var b report.Board
		boss.do("GET", "/reports/board?warehouse=HZ1", nil).into(&b)
		if b.KPI.Pieces.Today != 2*parcels || b.KPI.Parcels.Today != parcels || b.KPI.MatchRate.Today != 1 || b.KPI.Quarantine.Now != 2*parcels || len(b.Stations) != 1 {
			t.Errorf("board: %+v", b)
		}
		var p report.ParcelDetail
		boss.do("GET", "/parcels/P000001", nil).into(&p)
		if p.State != "closed" || len(p.Units) != 2 || len(p.Timeline) < 2 || len(p.Cases) != 1 {
			t.Errorf("parcel: %+v", p)
		}
	})
}
