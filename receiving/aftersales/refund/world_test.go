package refund_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/job"
	sim "github.com/backdock/backdock/internal/sandbox/wechatpay"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

// keyFolder is made once: RSA keys take their time. A test binary with REFUND_CHILD set is a server to be killed.
var keyFolder string

func TestMain(m *testing.M) {
	if os.Getenv("REFUND_CHILD") != "" {
		os.Exit(child())
	}
	dir, err := os.MkdirTemp("", "refund")
	if err == nil {
		_, err = sim.Init(dir, clock.System{})
	}
	if err != nil {
		panic(err)
	}
	keyFolder = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var wechat = refund.Account{Gateway: "wechatpay", Account: "main"}

// hasty is a pace at which a story of hours is over in seconds. A lease that runs out under load does no harm: that is what it is for.
var hasty = refund.Pace{MinGap: time.Millisecond, MaxPartials: 50, Lease: 1200 * time.Millisecond, Retry: 20 * time.Millisecond, RetryMost: 200 * time.Millisecond,
	Poll: 20 * time.Millisecond, PollMost: 300 * time.Millisecond}

// shop is a running server as far as refunds go: engine, queue, sweep, sequencer and the address for notices. The simulator is the world around it.
type shop struct {
	*refund.Engine
	d     *db.DB
	log   *event.Log
	queue *job.Queue
}

// openShop runs until ctx ends and wait was called.
func openShop(ctx context.Context, d *db.DB, keys, simulator string, callbacks net.Listener) (s *shop, wait func(), err error) {
	cfg, err := wechatpay.Folder(keys, true)
	if err != nil {
		return nil, nil, err
	}
	cfg.BaseURL, cfg.Timeout = simulator, 400*time.Millisecond
	gw, err := wechatpay.New(cfg, time.Now)
	if err != nil {
		return nil, nil, err
	}
	s = &shop{d: d, log: event.NewLog(d, clock.System{})}
	s.Engine = refund.New(refund.Options{DB: d, Events: s.log, Clock: clock.System{}, Gateways: map[refund.Account]refund.Gateway{wechat: gw}, Pace: hasty,
		NotifyURL: func(refund.Account) string {
			return "http://" + callbacks.Addr().String() + "/hooks/pay/wechatpay/main"
		}})
	workers := river.NewWorkers()
	s.AddWorkers(workers)
	if s.queue, err = job.New(d, workers, job.Options{Workers: 8, Poll: 20 * time.Millisecond}); err != nil {
		return nil, nil, err
	}
	s.Use(s.queue)
	hooks := &http.Server{Handler: notices(s.Engine, gw), ReadHeaderTimeout: 5 * time.Second}
	var wg sync.WaitGroup
	wg.Go(func() { hooks.Serve(callbacks) })
	wg.Go(func() { s.log.Run(ctx, slog.New(slog.DiscardHandler)) })
	wg.Go(func() { s.Run(ctx, 100*time.Millisecond) })
	if err := s.queue.Start(ctx); err != nil {
		return nil, nil, err
	}
	return s, func() {
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		s.queue.Stop(stop)
		hooks.Close()
		wg.Wait()
	}, nil
}

// notices is the whole of what a web server has to do for a callback.
func notices(e *refund.Engine, n refund.Notifier) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		var notice refund.Notice
		if err == nil {
			notice, err = n.ParseNotify(r.Context(), r.Header, body)
		}
		if err == nil {
			err = e.Notified(r.Context(), wechat, notice)
		}
		status, answer := n.Ack(err)
		w.WriteHeader(status)
		w.Write(answer)
	})
}

// until waits on the event log for cond, which must come true within a minute.
func until(t testing.TB, log *event.Log, what string, cond func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		woken := log.Woken()
		if cond() {
			return
		}
		select {
		case <-woken:
		case <-late:
			t.Fatalf("after a minute still waiting: %s", what)
		}
	}
}

// world is a simulator on loopback.
func world(t testing.TB, b sim.Behaviour) (*sim.Server, string) {
	keys, err := sim.Load(keyFolder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.New(sim.Config{Keys: keys, Behaviour: &b, Backoff: []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, time.Second, 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s, "http://" + l.Addr().String()
}

// sell seeds n orders of one piece each, paid by WeChat Pay for 1000 + i, and their approved cases.
func (b *bed) sell(s *sim.Server, n int) (cs []claim) {
	b.t.Helper()
	var pays []sim.Payment
	for i := range n {
		o := b.order([]spec{{1, int64(1000 + i)}}, int64(1000+i))
		transaction := fmt.Sprintf("42%08d", o.id)
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE payments SET gateway = ?, account = ?, transaction_id = ? WHERE id = ?", wechat.Gateway, wechat.Account, transaction, o.payments[0]).Error
		})
		pays = append(pays, sim.Payment{TransactionID: transaction, OutTradeNo: fmt.Sprintf("P%d", o.id), Total: int64(1000 + i)})
		cs = append(cs, b.approved(o))
	}
	if err := s.Seed(pays...); err != nil {
		b.t.Fatal(err)
	}
	return cs
}

// now gives the bed's engine the machine's clock: the one that servers beside it go by.
func (b *bed) now() {
	b.Engine = refund.New(refund.Options{DB: b.d, Events: b.log, Clock: clock.System{}, Pace: hasty})
	b.Use(b.queue)
}

// states counts refunds of ours by state.
func (b *bed) states() map[refund.State]int {
	var rows []struct {
		State refund.State
		N     int
	}
	b.scan(&rows, "SELECT state, COUNT(*) AS n FROM refunds WHERE origin = 'ours' GROUP BY state")
	out := map[refund.State]int{}
	for _, r := range rows {
		out[r.State] = r.N
	}
	return out
}

// agree holds our books against the simulator's ledger, refund by refund.
func (b *bed) agree(s *sim.Server) {
	b.t.Helper()
	c, err := s.Counters()
	if err != nil {
		b.t.Fatal(err)
	}
	var rs []refund.Refund
	b.scan(&rs, "SELECT * FROM refunds WHERE origin = 'ours'")
	var sum int64
	for _, r := range rs {
		want := 0
		if r.State == refund.StateSucceeded {
			want, sum = 1, sum+r.AmountMinor
		}
		if c.Moved[r.Number] != want {
			b.t.Errorf("refund %s is %s here; there its money moved %d times", r.Number, r.State, c.Moved[r.Number])
		}
	}
	if c.MoneySum != sum {
		b.t.Errorf("%d succeeded here, %d moved there", sum, c.MoneySum)
	}
	for transaction, d := range c.Transactions {
		if d.Held > d.Total {
			b.t.Errorf("%s returned %d of %d", transaction, d.Held, d.Total)
		}
	}
	b.audit()
}

// A day on which everything that can go wrong on the wire does, at random but repeatably: every refund is paid exactly once all the same.
func TestAgainstTheSimulatorWithFaults(t *testing.T) {
	const n = 40
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		s, address := world(t, sim.Behaviour{SettleAfterMS: 60, Outcome: sim.Success, Callbacks: true})
		var rules []sim.Rule
		for i, r := range []sim.Rule{{Kind: sim.TimeoutBefore}, {Kind: sim.TimeoutAfter}, {Kind: sim.ResetBefore}, {Kind: sim.ResetAfter}, {Kind: sim.ErrorBefore}, {Kind: sim.ErrorAfter},
			{Kind: sim.ErrorAfter, Status: 502}, {Kind: sim.BadSignature}, {Kind: sim.Unsigned}, {Kind: sim.UnknownSerial}, {Kind: sim.Stale}, {Kind: sim.Tampered}, {Kind: sim.Truncated}} {
			r.On, r.Probability, r.Seed = "any", 0.06, uint64(i+1)
			rules = append(rules, r)
		}
		for i, k := range []sim.Kind{sim.LostCallback, sim.DuplicateCallback, sim.ReorderCallback, sim.WrongKeyCallback, sim.WrongSignCallback, sim.SigntestCallback} {
			rules = append(rules, sim.Rule{Kind: k, Probability: 0.2, Seed: uint64(100 + i), DelayMS: 100})
		}
		if err := s.SetRules(rules...); err != nil {
			t.Fatal(err)
		}
		callbacks, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		shop, wait, err := openShop(ctx, d, keyFolder, address, callbacks)
		if err != nil {
			t.Fatal(err)
		}
		defer wait()
		defer cancel()
		b.Engine = shop.Engine
		for _, c := range b.sell(s, n) {
			b.mustAsk(refund.ForCase(c.id))
		}
		until(t, shop.log, "all succeed", func() bool { return b.states()[refund.StateSucceeded] == n })
		b.agree(s)
	})
}

// What the other side decides: later, never, not to this account, not without funds.
func TestWhatTheSimulatorDecides(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		s, address := world(t, sim.Behaviour{SettleAfterMS: -1, Outcome: sim.Success, Callbacks: true})
		callbacks, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		shop, wait, err := openShop(ctx, d, keyFolder, address, callbacks)
		if err != nil {
			t.Fatal(err)
		}
		defer wait()
		defer cancel()
		b.Engine = shop.Engine
		cs := b.sell(s, 4)
		var rs []refund.Refund
		reach := func(r refund.Refund, state refund.State) {
			t.Helper()
			until(t, shop.log, string(state), func() bool { return b.get(r).State == state })
		}
		for _, c := range cs[:3] {
			r := b.mustAsk(refund.ForCase(c.id))[0]
			reach(r, refund.StateAccepted)
			rs = append(rs, r)
		}
		advance := func(r refund.Refund, to sim.Status) {
			t.Helper()
			if _, err := s.Advance(r.Number, to); err != nil {
				t.Fatal(err)
			}
		}
		advance(rs[0], sim.Success)
		reach(rs[0], refund.StateSucceeded)
		advance(rs[1], sim.Closed)
		reach(rs[1], refund.StateClosed)
		advance(rs[2], sim.Abnormal)
		reach(rs[2], refund.StateHeld)
		advance(rs[2], sim.Processing) // somebody chose another account in WeChat Pay's console
		advance(rs[2], sim.Success)
		reach(rs[2], refund.StateSucceeded)

		if err := s.SetRules(sim.Rule{Kind: sim.NotEnough}); err != nil {
			t.Fatal(err)
		}
		poor := b.mustAsk(refund.ForCase(cs[3].id))[0]
		reach(poor, refund.StateHeld)
		if err := s.SetRules(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Release(ctx, tx, poor.ID, 1) }); err != nil {
			t.Fatal(err)
		}
		reach(poor, refund.StateAccepted)
		advance(poor, sim.Success)
		reach(poor, refund.StateSucceeded)
		b.agree(s)
	})
}
