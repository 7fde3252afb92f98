package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/event"
)

// seen is an event as a board got it.
type seen struct {
	Seq     int64
	ID      string
	Type    string
	Subject string
	Version int64
}

// board is a browser on /ws/live that comes back after the last seq it has, whatever ends its connection.
type board struct {
	t       *testing.T
	address string // of a server, or of a relay to some
	cookies http.Header

	mu     sync.Mutex
	start  int64
	last   int64
	events []seen
	dials  int
}

// watch logs in at a server and follows the log through address until the test ends.
func (r *rig) watch(ctx context.Context, server, address string) *board {
	r.t.Helper()
	c, err := login(ctx, "http://"+server, "boss")
	r.must(err)
	b := &board{t: r.t, address: address, cookies: http.Header{"Origin": {"http://" + address}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server, nil)
	r.must(err)
	for _, k := range c.http.Jar.Cookies(req.URL) {
		b.cookies.Add("Cookie", k.String())
	}
	ready := make(chan struct{})
	var once sync.Once
	go func() {
		for ctx.Err() == nil {
			_ = b.follow(ctx, func() { once.Do(func() { close(ready) }) })
			_ = sleep(ctx, 20*time.Millisecond)
		}
	}()
	select {
	case <-ready:
	case <-ctx.Done():
		r.t.Fatal("the board never came up")
	}
	return b
}

type liveFrame struct {
	Op    string `json:"op"`
	Seq   int64  `json:"seq"`
	Event struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Subject string `json:"subject"`
		Version int64  `json:"version"`
	} `json:"event"`
}

// follow is one connection.
func (b *board) follow(ctx context.Context, up func()) error {
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	conn, _, err := dialer.DialContext(ctx, "ws://"+b.address+"/ws/live", b.cookies)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	b.mu.Lock()
	b.dials++
	since := b.last
	b.mu.Unlock()
	if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"op":"resume","since":%d}`, since)); err != nil {
		return err
	}
	for {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		var f liveFrame
		if err := json.Unmarshal(raw, &f); err != nil {
			b.t.Errorf("board: %v in %q", err, raw)
		}
		b.take(f)
		up()
	}
}

func (b *board) take(f liveFrame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch f.Op {
	case "hello":
		if b.last == 0 {
			b.start, b.last = f.Seq, f.Seq
		}
	case "event":
		b.last = f.Seq
		b.events = append(b.events, seen{f.Seq, f.Event.ID, f.Event.Type, f.Event.Subject, f.Event.Version})
	default:
		b.t.Errorf("board: unexpected %q at %d", f.Op, f.Seq)
	}
}

// sawAll waits until the board has the newest event and holds what it got against the log: the same events, in the same order, each once.
func (r *rig) sawAll(ctx context.Context, name string, b *board) {
	r.t.Helper()
	for {
		n, err := event.Unstamped(r.db.Read)
		r.must(err)
		var head int64
		r.must(r.db.Read.Raw("SELECT COALESCE(MAX(seq), 0) FROM event_order").Scan(&head).Error)
		b.mu.Lock()
		last := b.last
		b.mu.Unlock()
		if n == 0 && last >= head {
			break
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			r.t.Errorf("%s: at seq %d of %d, %d events without a number", name, last, head, n)
			break
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var want []seen
	r.must(r.db.Read.Raw("SELECT o.seq, CAST(e.id AS TEXT) AS id, e.type, e.subject, e.version FROM event_order o JOIN events e ON e.id = o.event_id WHERE o.seq > ? ORDER BY o.seq", b.start).Scan(&want).Error)
	for i := range max(len(want), len(b.events)) {
		switch {
		case i >= len(want):
			r.t.Fatalf("%s: %d events, the log has %d: the first too many is %+v", name, len(b.events), len(want), b.events[i])
		case i >= len(b.events):
			r.t.Fatalf("%s: %d events, the log has %d: the first that is missing is %+v", name, len(b.events), len(want), want[i])
		case b.events[i] != want[i]:
			r.t.Fatalf("%s: event %d is %+v, the log has %+v", name, i, b.events[i], want[i])
		}
	}
	r.t.Logf("%s: %d events over %d connections", name, len(want), b.dials)
}
