package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"gorm.io/gorm"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/api/live"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

// screen is a browser on /ws/live that checks what every client relies on: each seq once, rising.
type screen struct {
	t *testing.T
	*websocket.Conn
	seq int64
}

type liveFrame struct {
	Op    string
	Seq   int64
	Event live.Event
	Board *report.Board
}

func (p *person) cookies() http.Header {
	h := http.Header{"Origin": {p.r.url}}
	for _, c := range p.http.Jar.Cookies(p.request().URL) {
		h.Add("Cookie", c.Name+"="+c.Value)
	}
	return h
}

func (p *person) request() *http.Request {
	req, err := http.NewRequest("GET", p.r.url, nil)
	if err != nil {
		p.r.t.Fatal(err)
	}
	return req
}

// at gives the person the same session at another server.
func (p *person) at(r *running) *person {
	q := r.nobody()
	q.csrf = p.csrf
	q.http.Jar.SetCookies(q.request().URL, p.http.Jar.Cookies(p.request().URL))
	return q
}

func (p *person) watch(resume string) *screen {
	p.r.t.Helper()
	c, res, err := p.r.dial("/ws/live", p.cookies())
	if err != nil {
		p.r.t.Fatalf("dial: %v %v", err, res)
	}
	p.r.t.Cleanup(func() { c.Close() })
	s := &screen{t: p.r.t, Conn: c}
	if err := c.WriteMessage(websocket.TextMessage, []byte(resume)); err != nil {
		p.r.t.Fatal(err)
	}
	return s
}

func (s *screen) next() (f liveFrame, err error) {
	_ = s.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, b, err := s.ReadMessage()
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		s.t.Errorf("%v in %s", err, b)
	}
	switch f.Op {
	case "event":
		if f.Seq <= s.seq {
			s.t.Errorf("seq %d after %d", f.Seq, s.seq)
		}
		s.seq = f.Seq
	case "hello", "reset":
		s.seq = f.Seq
	}
	return f, nil
}

func (s *screen) until(op string) liveFrame {
	s.t.Helper()
	for {
		f, err := s.next()
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", op, err)
		}
		if f.Op == op {
			return f
		}
	}
}

func fact(n int64, w id.Warehouse, o id.Owner) event.Event {
	return event.Event{Type: "backdock.unit.received.v1", Subject: fmt.Sprint("unit/", n), Version: 1, WarehouseID: w, OwnerID: o, Data: event.Data{"n": n}}
}

// Writers commit late and out of order on two servers of one store; screens at both lose their connection again and again. Each must see each event once, in order.
func TestLiveSeesEveryEventOnceInOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		servers := []*running{s.serve(), s.serve()}
		boss := servers[0].login("boss")
		const writers, each = 4, 60
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 4 {
			first := boss.at(servers[i%2])
			sc := first.watch(`{"op":"resume","since":0}`)
			sc.until("hello")
			wg.Go(func() {
				seen := map[int64]bool{}
				for turn := i; len(seen) < writers*each; {
					f, err := sc.next()
					if err != nil {
						t.Error(err)
						return
					}
					if f.Op == "reset" {
						t.Error("reset")
					}
					if f.Op != "event" {
						continue
					}
					n := int64(f.Event.Data["n"].(float64))
					if seen[n] {
						t.Errorf("event %d twice", n)
					}
					seen[n] = true
					if rand.IntN(12) == 0 { // the cable: sometimes to the other server
						seq := sc.seq
						sc.Close()
						turn++
						sc = boss.at(servers[turn%2]).watch(fmt.Sprintf(`{"op":"resume","since":%d}`, seq))
						sc.seq = seq
					}
				}
			})
		}
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					err := d.InTx(ctx, func(tx *gorm.DB) error {
						if err := s.log.Append(ctx, tx, fact(int64(w*each+n), 1, 1)); err != nil {
							return err
						}
						if d.Dialect == db.Postgres && n%4 == w {
							return tx.Exec("SELECT pg_sleep(0.005)").Error
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// What a principal may not see over REST does not come over the socket either.
func TestLiveFilters(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.serve()
	want := map[string]string{"boss": "12345679", "acme": "1379", "sz": "24679", "clerk": "159", "finance": "13679"}
	screens := map[string]*screen{}
	for name := range want {
		screens[name] = r.login(name).watch(`{"op":"resume","since":0}`)
		screens[name].until("hello")
	}
	s.emit(fact(1, 1, 1))
	s.emit(fact(2, 2, 2))
	s.emit(event.Event{Type: "backdock.case.changed.v1", Subject: "case/C11", WarehouseID: 1, OwnerID: 1, ShopID: 1, Data: event.Data{"n": 3}})
	s.emit(event.Event{Type: "backdock.refund.requested.v1", Subject: "refund/R22", WarehouseID: 2, OwnerID: 2, ShopID: 2, Data: event.Data{"n": 4}})
	s.emit(event.Event{Type: "backdock.station.online.v1", Subject: "station/1", WarehouseID: 1, Data: event.Data{"n": 5}})
	s.emit(event.Event{Type: "backdock.order.changed.v1", Subject: "order/O22", OwnerID: 2, ShopID: 2, Data: event.Data{"n": 6}})
	s.emit(event.Event{Type: "backdock.order.changed.v1", Subject: "order/O11", OwnerID: 1, ShopID: 1, Data: event.Data{"n": 7}})
	s.emit(event.Event{Type: "backdock.unit.received.v1", Subject: "unit/end", OwnerID: 1, WarehouseID: 0, Data: event.Data{"n": 9}})
	for name, sc := range screens {
		got := ""
		for !strings.HasSuffix(got, "9") {
			got += fmt.Sprint(sc.until("event").Event.Data["n"])
		}
		if got != want[name] {
			t.Errorf("%s sees %s, want %s", name, got, want[name])
		}
		var page report.Page[api.EventRow]
		r.login(name).do("GET", "/events", nil).into(&page)
		rest := ""
		for _, e := range page.Items {
			if n, ok := e.Data["n"]; ok {
				rest += fmt.Sprint(n)
			}
		}
		if rest != want[name] {
			t.Errorf("%s reads %s, want %s", name, rest, want[name])
		}
	}
}

func TestLiveDoorAndReset(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.serve(func(d *api.Deps) { d.Options.Recheck = 20 * time.Millisecond })
	if _, res, err := r.dial("/ws/live", http.Header{"Origin": {r.url}}); err == nil || res.StatusCode != 401 {
		t.Errorf("no cookie: %v %v", res, err)
	}
	boss := r.login("boss")
	evil := boss.cookies()
	evil.Set("Origin", "https://evil.example")
	if _, res, err := r.dial("/ws/live", evil); err == nil || res.StatusCode != 403 {
		t.Errorf("wrong origin: %v %v", res, err)
	}
	for _, bad := range []string{`{}`, `x`, `{"op":"resume","since":-1}`, `{"op":"resume","since":0,"admin":true}`, `{"op":"resume","since":0}{}`, "{\"op\":\"resume\",\"since\":\"\x00\"}"} {
		sc := boss.watch(bad)
		if _, err := sc.next(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if sc := boss.watch(`{"op":"resume","since":0,"board":true,"warehouse":"NOPE"}`); true {
		if _, err := sc.next(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !strings.Contains(err.Error(), "warehouse_not_found") {
			t.Errorf("unknown warehouse: %v", err)
		}
	}
	clerk := r.login("clerk").watch(`{"op":"resume","since":0,"board":true,"warehouse":"HZ1"}`)
	if _, err := clerk.next(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("a clerk asks for a board: %v", err)
	}
	if f := boss.watch(`{"op":"resume","since":999999}`).until("reset"); f.Seq != 0 {
		t.Errorf("ahead of the log: %+v", f)
	}
	s.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20100) INSERT INTO events (id, type, subject, version, warehouse_id, owner_id, at, data) SELECT i, 'backdock.unit.received.v1', 'unit/x', 1, 1, 1, '2026-01-01 00:00:00+00:00', '{}' FROM n")
	s.exec("INSERT INTO event_order (seq, event_id) SELECT id, id FROM events")
	s.emit(fact(1, 1, 1))
	for boss.watch(`{"op":"resume","since":0}`).until("hello").Seq < 20_101 { // until the hub has read them all
	}
	if f := boss.watch(`{"op":"resume","since":1}`).until("reset"); f.Seq < 20_000 {
		t.Errorf("reset at %d", f.Seq)
	}
	// Far behind, but within reach: from the store, page by page, then live.
	sc := boss.watch(`{"op":"resume","since":5000}`)
	for sc.seq < 20_101 {
		sc.until("event")
	}
	// Locked out: the open socket ends too.
	sc = boss.watch(`{"op":"resume","since":0}`)
	sc.until("hello")
	u, err := s.auth.UserNamed(t.Context(), "boss")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.auth.SetDisabled(t.Context(), u.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := sc.next(); !websocket.IsCloseError(err, 4401) {
		t.Errorf("locked out: %v", err)
	}
}

func TestLiveBoard(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve(func(d *api.Deps) { d.Options.BoardEvery = 200 * time.Millisecond })
		sc := r.login("manager").watch(`{"op":"resume","since":0,"warehouse":"HZ1","board":true}`)
		b := sc.until("board").Board
		if b.Warehouse != "HZ1" || b.KPI.Quarantine.Now != 2 || b.Stock.Quarantine != 2 || b.Refunds["requested"].N != 2 {
			t.Errorf("board: %+v", b)
		}
		// Bursts are coalesced: far fewer boards than events, and the last board shows the last state.
		start := time.Now()
		for n := range 30 {
			s.exec("UPDATE balances SET quantity = ? WHERE warehouse_id = 1 AND account = 'quarantine' AND sku_id = 1", 10+n)
			s.emit(fact(int64(n), 1, 1))
		}
		boards := 0
		for b.Stock.Quarantine != 10+29+1 {
			f := sc.until("board")
			if f.Board.Seq < b.Seq {
				t.Errorf("board of seq %d after %d", f.Board.Seq, b.Seq)
			}
			b = f.Board
			boards++
		}
		if most := int(time.Since(start)/(200*time.Millisecond)) + 2; boards > most {
			t.Errorf("%d boards in %v, want at most %d", boards, time.Since(start), most)
		}
	})
}

// A client that does not read is dropped; the others go on.
func TestLiveDropsTheSlow(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.serve()
	boss := r.login("boss")
	slow := boss.watch(`{"op":"resume","since":0}`)
	slow.until("hello")
	quick := boss.watch(`{"op":"resume","since":0}`)
	quick.until("hello")
	padding := strings.Repeat("x", 60_000)
	go func() {
		for n := range 2000 {
			e := fact(int64(n), 1, 1)
			e.Data["padding"] = padding
			err := d.InTx(context.Background(), func(tx *gorm.DB) error { return s.log.Append(context.Background(), tx, e) })
			if err != nil {
				return // the test is over
			}
		}
	}()
	for {
		quick.until("event")
		if strings.Contains(metricsOf(r), `backdock_sockets_dropped_total{kind="live"} 1`) {
			break
		}
	}
	for {
		if _, err := slow.next(); err != nil {
			break
		}
	}
	again := boss.watch(fmt.Sprintf(`{"op":"resume","since":%d}`, slow.seq))
	again.seq = slow.seq
	if f := again.until("event"); f.Seq != slow.seq+1 {
		t.Errorf("resumed at %d after %d", f.Seq, slow.seq)
	}
}

func metricsOf(r *running) string { return string(r.nobody().do("GET", "//metrics", nil).body) }
