package api

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	readAhead    = 8                // messages a station may be ahead of the desk; beyond, TCP holds it back
	batch        = 16               // scans of one transaction
	verbWithin   = 30 * time.Second // one call of the desk
	seenEvery    = 30 * time.Second
	devicesEvery = 2 * time.Second
	storedPage   = 256
	busyRetryMS  = 1000
	handoverWait = 5 * time.Second
)

// stations knows which socket speaks for which station on this server.
type stations struct {
	s       *Server
	mu      sync.Mutex
	current map[id.Station]*line
}

func newStations(s *Server) *stations {
	return &stations{s: s, current: map[id.Station]*line{}}
}

// line is the conversation with one station over one socket.
type line struct {
	s    *Server
	sk   *socket
	who  entrant
	conn string // names this socket in the store and in events
	done chan struct{}

	in      chan wire.FromStation
	viewDue chan struct{} // somebody else changed the bench

	// Of the worker only.
	producer string
	offsetMS int64
	last     uint64 // newest committed seq
	gap      bool   // a gap was reported; scans are passed over until the station has gone back
	pending  []scanner.Scan
	devices  string // JSON, waiting to be stored

	view atomic.Int64 // version of the newest view sent

	mu        sync.Mutex
	announced bool // our own online event came by: a later one of another socket replaces us
}

func (ss *stations) handler() fiber.Handler {
	kind := socketKind{name: "station", subprotocol: wire.Subprotocol, readLimit: wire.MaxMessage, queue: 64}
	return ss.s.sockets.handler(kind, func(c *fiber.Ctx) (any, error) {
		if ss.s.d.Desk == nil {
			return nil, errNotWired
		}
		return ss.s.admitStation(c)
	}, ss.serve)
}

// serve reads until the socket ends; a worker beside it talks to the desk. Both have ended when serve returns.
func (ss *stations) serve(ctx context.Context, sk *socket, who any) {
	l := &line{s: ss.s, sk: sk, who: who.(entrant), conn: id.Hex(8), done: make(chan struct{}), in: make(chan wire.FromStation, readAhead), viewDue: make(chan struct{}, 1)}
	ss.take(l)
	ctx, cancel := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() {
		defer close(l.done)
		l.work(ctx)
	})
	l.listen(ctx)
	cancel()
	worker.Wait()
	ss.leave(l)
}

// take makes l the station's line. An older one is told, and its worker is given time to end: the desk fences two writers, but one at a time is quieter.
func (ss *stations) take(l *line) {
	ss.mu.Lock()
	old := ss.current[l.who.ID]
	ss.current[l.who.ID] = l
	ss.mu.Unlock()
	if old == nil {
		return
	}
	old.fail(wire.ErrReplaced, "a newer connection of this station took over", 0)
	select {
	case <-old.done:
	case <-time.After(handoverWait):
	}
}

func (ss *stations) leave(l *line) {
	ss.mu.Lock()
	if ss.current[l.who.ID] == l {
		delete(ss.current, l.who.ID)
	}
	ss.mu.Unlock()
	if l.producer == "" {
		return // never said hello
	}
	ctx, cancel := context.WithTimeout(context.Background(), verbWithin)
	defer cancel()
	if err := ss.s.auth.StationOffline(ctx, l.who.ID, l.conn); err != nil {
		ss.s.logger.Warn("station offline", "station", l.who.ID, "error", err)
	}
}

// saw looks at events for what a line must know: revoked, replaced on another server, bench changed by somebody else.
func (ss *stations) saw(events []event.Event) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if len(ss.current) == 0 {
		return
	}
	benches := map[id.Bench]int64{} // version that an event left the bench at
	for _, e := range events {
		if b, ok := e.Data["bench"].(float64); ok {
			version := int64(math.MaxInt64) // whoever does not say may have changed anything
			if v, told := e.Data["bench_version"].(float64); told {
				version = int64(v)
			}
			benches[id.Bench(b)] = max(benches[id.Bench(b)], version)
		}
		if b, ok := e.Data["from_bench"].(float64); ok { // its parcel was taken over
			benches[id.Bench(b)] = math.MaxInt64
		}
		station, _ := e.Data["station"].(float64)
		l := ss.current[id.Station(station)]
		if l == nil {
			continue
		}
		switch e.Type {
		case "backdock.station.revoked.v1":
			l.fail(wire.ErrRevoked, "this station was revoked: enrol it again", 0)
		case "backdock.station.online.v1":
			l.heard(e.Data["connection"])
		}
	}
	for _, l := range ss.current {
		if benches[l.who.Bench] > l.view.Load() { // not what this line's own scans did
			select {
			case l.viewDue <- struct{}{}:
			default: // due already
			}
		}
	}
}

func (l *line) heard(connection any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if connection == l.conn {
		l.announced = true
	} else if l.announced {
		l.fail(wire.ErrReplaced, "a newer connection of this station took over, at another server", 0)
	}
}

// listen turns messages into work. A full channel makes it wait, and so the station.
func (l *line) listen(ctx context.Context) {
	for {
		b, err := l.sk.read()
		if err != nil {
			return
		}
		m, err := wire.DecodeStation(b)
		if err != nil {
			l.fail(wire.ErrMalformed, err.Error(), 0)
			return
		}
		select {
		case l.in <- m:
		case <-ctx.Done():
			return
		case <-l.sk.closing:
			return
		}
	}
}

// fail tells the station why and closes.
func (l *line) fail(code, message string, retryAfterMS int) {
	l.say(wire.FromServer{Op: wire.OpError, Code: code, Message: message, Fatal: true, RetryAfterMS: retryAfterMS})
	l.sk.close(websocket.ClosePolicyViolation, code)
}

func (l *line) say(m wire.FromServer) bool { return l.encode(m, l.sk.send) }

// sayWait waits for room in the queue: a station that reads slowly slows itself down.
func (l *line) sayWait(m wire.FromServer) bool { return l.encode(m, l.sk.sendWait) }

func (l *line) encode(m wire.FromServer, send func([]byte) bool) bool {
	b, err := json.Marshal(m)
	if err != nil {
		l.s.logger.Error("encode message", "op", m.Op, "error", err)
		l.sk.close(websocket.CloseInternalServerErr, "internal")
		return false
	}
	return send(b)
}

func verb(ctx context.Context) (context.Context, context.CancelFunc) {
	// A transaction under way is finished although the socket is gone: its outcome is fetched at the next hello.
	return context.WithTimeout(context.WithoutCancel(ctx), verbWithin)
}

func encodeDevices(d []scanner.Device) string {
	if d == nil {
		d = []scanner.Device{}
	}
	if len(d) > 32 {
		d = d[:32]
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "[]"
	}
	return string(b)
}

func since(at time.Time, now time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return now.Sub(at).Milliseconds()
}
