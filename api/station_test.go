package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// memoryDesk answers scans from memory: these tests are about the socket, not about what a scan means.
type memoryDesk struct {
	mu       sync.Mutex
	outcomes map[string][]scanner.Outcome
	batches  []int
	running  int // calls of Accept at once
	overlap  bool
	gate     chan struct{} // when set, Accept waits for it
	fail     error
	version  int64
}

func (d *memoryDesk) Hello(_ context.Context, st id.Station, m wire.FromStation) (wire.FromServer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if strings.HasPrefix(m.Producer, "f0") {
		return wire.FromServer{}, fault.New(fault.Conflict, wire.ErrProducer, "the producer belongs to another station")
	}
	return wire.FromServer{LastSeq: uint64(len(d.outcomes[m.Producer])), Blocks: []wire.Block{{First: 1, Count: 50}}, View: &scanner.BenchView{Version: d.version}}, nil
}

func (d *memoryDesk) Stored(_ context.Context, producer string, after uint64, limit int) ([]scanner.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.outcomes[producer]
	return all[min(int(after), len(all)):min(int(after)+limit, len(all))], nil
}

func (d *memoryDesk) Accept(_ context.Context, _ id.Station, producer string, _ int64, scans []scanner.Scan) (desk.Answer, error) {
	d.mu.Lock()
	d.running++
	d.overlap = d.overlap || d.running > 1
	gate, fail := d.gate, d.fail
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	if fail != nil {
		return desk.Answer{}, fail
	}
	d.batches = append(d.batches, len(scans))
	var a desk.Answer
	for _, s := range scans {
		if s.Seq <= uint64(len(d.outcomes[producer])) {
			a.Outcomes = append(a.Outcomes, d.outcomes[producer][s.Seq-1])
			continue
		}
		if s.Seq != uint64(len(d.outcomes[producer]))+1 {
			return desk.Answer{}, fault.New(fault.Conflict, "seq_gap", "gap")
		}
		o := scanner.Outcome{Seq: s.Seq, Verdict: scanner.Accepted, Code: scanner.CodeMatched, Params: map[string]string{"code": s.Data}}
		d.outcomes[producer] = append(d.outcomes[producer], o)
		a.Outcomes = append(a.Outcomes, o)
	}
	d.version++
	a.LastSeq, a.View = uint64(len(d.outcomes[producer])), scanner.BenchView{Version: d.version}
	return a, nil
}

func (d *memoryDesk) Lease(_ context.Context, _ id.Station, count int) (wire.Block, error) {
	return wire.Block{First: 100, Count: count}, nil
}

func (d *memoryDesk) View(context.Context, id.Bench) (scanner.BenchView, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return scanner.BenchView{Version: d.version, Clerk: "changed"}, nil
}

const producer = "0123456789abcdef0123456789abcdef"

// enrol makes a station at bench and returns its token.
func (s *site) enrol(bench id.Bench) (string, id.Station) {
	s.t.Helper()
	code := id.Code()
	st, _, err := s.auth.CreateStation(s.t.Context(), auth.NewStation{Name: "agent", Bench: bench, Code: code})
	if err != nil {
		s.t.Fatal(err)
	}
	token, _, err := s.auth.Enrol(s.t.Context(), code, "host", "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return token, st
}

// agent is the station's end of a socket.
type agent struct {
	t *testing.T
	*websocket.Conn
}

func (r *running) dial(path string, h http.Header, protocols ...string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{HandshakeTimeout: 20 * time.Second, Subprotocols: protocols}
	return d.DialContext(r.t.Context(), "ws://"+r.host+path, h)
}

func (r *running) agent(token string) *agent {
	r.t.Helper()
	c, res, err := r.dial(wire.Path, http.Header{"Authorization": {"Bearer " + token}}, wire.Subprotocol)
	if err != nil {
		r.t.Fatalf("dial: %v %v", err, res)
	}
	if c.Subprotocol() != wire.Subprotocol {
		r.t.Fatalf("subprotocol %q", c.Subprotocol())
	}
	r.t.Cleanup(func() { c.Close() })
	return &agent{r.t, c}
}

func (a *agent) say(m wire.FromStation) {
	a.t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.WriteMessage(websocket.TextMessage, b); err != nil {
		a.t.Fatal(err)
	}
}

func (a *agent) hear() wire.FromServer {
	a.t.Helper()
	_ = a.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, b, err := a.ReadMessage()
	if err != nil {
		a.t.Fatalf("read: %v", err)
	}
	m, err := wire.DecodeServer(b)
	if err != nil {
		a.t.Fatal(err)
	}
	return m
}

// fatal expects a fatal error of a code and the close after it.
func (a *agent) fatal(code string) {
	a.t.Helper()
	for {
		m := a.hear()
		if m.Op != wire.OpError {
			continue
		}
		if m.Code != code || !m.Fatal {
			a.t.Errorf("error %q (fatal %v), want %q", m.Code, m.Fatal, code)
		}
		break
	}
	if _, _, err := a.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		a.t.Errorf("after %s: %v, want a close frame", code, err)
	}
}

func (a *agent) hello(outcomeSeq uint64) wire.FromServer {
	a.t.Helper()
	a.say(wire.FromStation{Op: wire.OpHello, Versions: []int{1}, Producer: producer, NextSeq: 1, OutcomeSeq: outcomeSeq, Agent: "test", Clock: time.Now(),
		Devices: []scanner.Device{{Name: "gun", State: scanner.DeviceConnected}}})
	m := a.hear()
	if m.Op != wire.OpWelcome {
		a.t.Fatalf("answer to hello: %+v", m)
	}
	return m
}

func scans(from, n int) []scanner.Scan {
	out := make([]scanner.Scan, n)
	for i := range out {
		out[i] = scanner.Scan{Seq: uint64(from + i), Device: "gun", Source: scanner.FromDevice, CapturedAt: time.Now().UTC(), Raw: []byte("x"), Data: fmt.Sprint("code-", from+i), Charset: "utf-8"}
	}
	return out
}

func newDesk() *memoryDesk { return &memoryDesk{outcomes: map[string][]scanner.Outcome{}} }

func TestStationPipelinesInOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		memory := newDesk()
		s := newSite(t, d)
		s.desk = memory
		r := s.serve()
		token, _ := s.enrol(1)
		a := r.agent(token)
		if w := a.hello(0); w.Version != 1 || w.LastSeq != 0 || len(w.Blocks) != 1 || w.ServerTime.IsZero() || w.Station != "agent" {
			t.Errorf("welcome: %+v", w)
		}
		memory.gate = make(chan struct{})
		const n = 100
		a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(1, 1)})
		for from := 2; from <= n; from += 3 {
			a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(from, min(3, n-from+1))})
		}
		close(memory.gate)
		next := uint64(1)
		for next <= n {
			m := a.hear()
			if m.Op != wire.OpOutcomes || m.View == nil {
				t.Fatalf("%+v", m)
			}
			for _, o := range m.Outcomes {
				if o.Seq != next || o.Params["code"] != fmt.Sprint("code-", next) {
					t.Fatalf("outcome %+v, want seq %d", o, next)
				}
				next++
			}
			if m.LastSeq != next-1 {
				t.Errorf("last_seq %d after outcome %d", m.LastSeq, next-1)
			}
		}
		largest := 0
		for _, b := range memory.batches {
			largest = max(largest, b)
		}
		if largest > 16 || largest < 8 || memory.overlap {
			t.Errorf("batches %v, overlap %v: want up to 16 of what is queued, one at a time", memory.batches, memory.overlap)
		}
		// Lost connection: the station has stored 40 outcomes; it gets the others before anything else, then a replay gets its stored answer.
		a.Close()
		a = r.agent(token)
		if w := a.hello(40); w.LastSeq != n {
			t.Errorf("welcome after a reconnect: %+v", w)
		}
		for next = 41; next <= n; {
			for _, o := range a.hear().Outcomes {
				if o.Seq != next {
					t.Fatalf("stored outcome %d, want %d", o.Seq, next)
				}
				next++
			}
		}
		a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(n-1, 3)})
		if m := a.hear(); len(m.Outcomes) != 2 || m.LastSeq != n {
			t.Errorf("replay: %+v", m)
		}
		if m := a.hear(); len(m.Outcomes) != 1 || m.LastSeq != n+1 {
			t.Errorf("after the replay: %+v", m)
		}
		a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(n+5, 2)})
		if m := a.hear(); m.Code != wire.ErrSeqGap || m.Fatal || m.LastSeq != n+1 {
			t.Errorf("gap: %+v", m)
		}
		a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(n+2, 1)})
		if m := a.hear(); m.LastSeq != n+2 {
			t.Errorf("after the gap: %+v", m)
		}
		a.say(wire.FromStation{Op: wire.OpLease, Count: 7})
		if m := a.hear(); m.Op != wire.OpPlates || len(m.Blocks) != 1 || m.Blocks[0].Count != 7 {
			t.Errorf("lease: %+v", m)
		}
	})
}

func TestStationRefusals(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	memory := newDesk()
	s := newSite(t, d)
	s.desk = memory
	r := s.serve()
	token, _ := s.enrol(1)
	hello := wire.FromStation{Op: wire.OpHello, Versions: []int{1}, Producer: producer, NextSeq: 1}
	for name, c := range map[string]struct {
		raw  string
		m    wire.FromStation
		want string
	}{
		"scans first":     {m: wire.FromStation{Op: wire.OpScans, Scans: scans(1, 1)}, want: wire.ErrNotHello},
		"no version":      {m: wire.FromStation{Op: wire.OpHello, Versions: []int{7}, Producer: producer}, want: wire.ErrVersion},
		"foreign":         {m: wire.FromStation{Op: wire.OpHello, Versions: []int{1}, Producer: "f0" + producer[2:]}, want: wire.ErrProducer},
		"not JSON":        {raw: "hello", want: wire.ErrMalformed},
		"unknown field":   {raw: `{"op":"hello","producer":"` + producer + `","versions":[1],"admin":true}`, want: wire.ErrMalformed},
		"bad producer":    {raw: `{"op":"hello","producer":"../../etc","versions":[1]}`, want: wire.ErrMalformed},
		"two documents":   {raw: `{"op":"devices"}{"op":"devices"}`, want: wire.ErrMalformed},
		"unknown op":      {raw: `{"op":"grant"}`, want: wire.ErrMalformed},
		"seq not in turn": {raw: `{"op":"scans","scans":[{"seq":1},{"seq":3}]}`, want: wire.ErrMalformed},
	} {
		a := r.agent(token)
		if c.raw != "" {
			if err := a.WriteMessage(websocket.TextMessage, []byte(c.raw)); err != nil {
				t.Fatal(err)
			}
		} else {
			a.say(c.m)
		}
		t.Log(name)
		a.fatal(c.want)
	}
	a := r.agent(token)
	a.say(hello)
	a.hear()
	a.say(hello)
	a.fatal(wire.ErrMalformed)

	// A store that fails: the station is told to come back, and nothing is lost.
	a = r.agent(token)
	a.hello(0)
	memory.mu.Lock()
	memory.fail = fmt.Errorf("disk full")
	memory.mu.Unlock()
	a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(1, 1)})
	a.fatal(wire.ErrBusy)
	if strings.Contains(s.logs.String(), "code-1") {
		t.Error("the log shows what was scanned")
	}

	// A message larger than allowed ends the socket.
	a = r.agent(token)
	if err := a.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello","agent":"`+strings.Repeat("x", wire.MaxMessage)+`"}`)); err != nil {
		t.Fatal(err)
	}
	_ = a.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, _, err := a.ReadMessage(); err == nil {
		t.Error("an oversize message was taken")
	}
}

func TestStationDoor(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	s.desk = newDesk()
	r := s.serve()
	token, station := s.enrol(1)
	for name, c := range map[string]struct {
		h         http.Header
		protocols []string
		status    int
	}{
		"no token":       {http.Header{}, []string{wire.Subprotocol}, 401},
		"forged token":   {http.Header{"Authorization": {"Bearer " + strings.Repeat("a", 64)}}, []string{wire.Subprotocol}, 401},
		"wrong origin":   {http.Header{"Authorization": {"Bearer " + token}, "Origin": {"https://evil.example"}}, []string{wire.Subprotocol}, 403},
		"no subprotocol": {http.Header{"Authorization": {"Bearer " + token}}, nil, 422},
	} {
		_, res, err := r.dial(wire.Path, c.h, c.protocols...)
		if err == nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v %v, want %d", name, res, err, c.status)
		}
	}
	if a := r.nobody().do("GET", "/"+wire.Path, nil); a.code() != "websocket_only" {
		t.Errorf("plain GET: %s", a.body)
	}
	a := r.agent(token)
	a.hello(0)
	boss := r.login("boss")
	if ans := boss.do("POST", fmt.Sprintf("/stations/%d/revoke", station), nil); ans.status != 200 {
		t.Fatalf("revoke: %s", ans.body)
	}
	a.fatal(wire.ErrRevoked)
	if _, res, err := r.dial(wire.Path, http.Header{"Authorization": {"Bearer " + token}}, wire.Subprotocol); err == nil || res.StatusCode != 401 {
		t.Errorf("revoked token: %v", err)
	}
}

func TestStationPresence(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.desk = newDesk()
		r, second := s.serve(), s.serve()
		token, station := s.enrol(1)
		online := func() (on bool) {
			t.Helper()
			if err := d.Read.Raw("SELECT online FROM stations WHERE id = ?", station).Scan(&on).Error; err != nil {
				t.Fatal(err)
			}
			return on
		}
		events := s.follow()
		first := r.agent(token)
		first.hello(0)
		events.until("backdock.station.online.v1")
		if !online() {
			t.Error("online is not stored")
		}
		// A newer socket, at another server, takes over; the older one learns it from the log, and its end does not turn the station off.
		newer := second.agent(token)
		newer.hello(0)
		first.fatal(wire.ErrReplaced)
		newest := second.agent(token)
		newest.hello(0)
		newer.fatal(wire.ErrReplaced)
		newest.say(wire.FromStation{Op: wire.OpScans, Scans: scans(1, 1)})
		if m := newest.hear(); m.LastSeq != 1 || !online() {
			t.Errorf("after two take-overs: %+v, online %v", m, online())
		}
		// Somebody else changes the bench.
		s.desk.(*memoryDesk).mu.Lock()
		s.desk.(*memoryDesk).version += 10
		s.desk.(*memoryDesk).mu.Unlock()
		s.emit(event.Event{Type: "backdock.parcel.claimed.v1", Subject: "parcel/P000011", WarehouseID: 1, OwnerID: 1, Data: event.Data{"bench": 1}})
		if m := newest.hear(); m.Op != wire.OpView || m.View.Clerk != "changed" {
			t.Errorf("view: %+v", m)
		}
		second.stop()
		if _, _, err := newest.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
			t.Errorf("shutdown: %v, want 1012", err)
		}
		events.until("backdock.station.offline.v1")
		if online() {
			t.Error("still online after shutdown")
		}
	})
}

// tailing collects the types of events as they are numbered.
type tailing struct {
	t  *testing.T
	ch chan event.Event
}

func (s *site) follow() *tailing {
	head, err := s.log.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	f := &tailing{s.t, make(chan event.Event, 1000)}
	var done sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	done.Go(func() {
		_ = s.log.Follow(ctx, head, 20*time.Millisecond, func(batch []event.Event) error {
			for _, e := range batch {
				f.ch <- e
			}
			return nil
		})
	})
	s.t.Cleanup(func() { cancel(); done.Wait() })
	return f
}

func (f *tailing) until(kind string) event.Event {
	f.t.Helper()
	for {
		select {
		case e := <-f.ch:
			if e.Type == kind {
				return e
			}
		case <-time.After(30 * time.Second):
			f.t.Fatalf("no %s", kind)
		}
	}
}
