package live

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
)

const (
	ringSize = 4096
	// MaxGap is how many events a client may have missed before it is told to load everything again.
	MaxGap    = 20_000
	pollEvery = 500 * time.Millisecond
	pageSize  = 500
)

// Options make a Hub.
type Options struct {
	Log        *event.Log
	Report     *report.Reports
	Clock      clock.Clock
	Logger     *slog.Logger
	BoardEvery time.Duration       // shortest time between two boards of a warehouse
	Watch      func([]event.Event) // sees every event once, in order; must not block
}

// Hub follows the log for all subscribers of this process.
type Hub struct {
	o Options

	mu     sync.Mutex
	ring   []entry // rising seq; at least the newest ringSize
	head   int64   // newest seq that was handed out
	ready  chan struct{}
	subs   map[*Subscriber]struct{}
	boards map[id.Warehouse]*feed
}

// entry is one event with its frame, encoded once for all.
type entry struct {
	event event.Event
	frame []byte
}

// New makes a Hub; Run makes it live.
func New(o Options) *Hub {
	return &Hub{o: o, ready: make(chan struct{}), subs: map[*Subscriber]struct{}{}, boards: map[id.Warehouse]*feed{}}
}

// Run follows the log until ctx ends. A store that does not answer is asked again.
func (h *Hub) Run(ctx context.Context) {
	var boards sync.WaitGroup
	defer boards.Wait()
	boards.Go(func() { h.runBoards(ctx) })
	started := false
	for ctx.Err() == nil {
		err := h.follow(ctx, &started)
		if ctx.Err() != nil {
			return
		}
		h.o.Logger.Warn("follow the event log: will go on", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

func (h *Hub) follow(ctx context.Context, started *bool) error {
	if !*started {
		head, err := h.o.Log.Head(ctx)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.head = head
		h.mu.Unlock()
		*started = true
		close(h.ready)
	}
	h.mu.Lock()
	after := h.head
	h.mu.Unlock()
	return h.o.Log.Follow(ctx, after, pollEvery, func(batch []event.Event) error {
		h.spread(batch)
		return nil
	})
}

// spread puts a batch into the ring and the queues of all live subscribers.
func (h *Hub) spread(batch []event.Event) {
	entries := make([]entry, len(batch))
	for i, e := range batch {
		entries[i] = entry{event: e, frame: frame(e)}
	}
	if h.o.Watch != nil {
		h.o.Watch(batch)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring = append(h.ring, entries...)
	if len(h.ring) > 2*ringSize { // not with every batch: moving thousands of entries for a handful of new ones was most of what the hub did
		h.ring = append(make([]entry, 0, 2*ringSize+pageSize), h.ring[len(h.ring)-ringSize:]...)
	}
	h.head = batch[len(batch)-1].Seq
	for s := range h.subs {
		for i := range entries {
			if !s.offer(&entries[i]) {
				delete(h.subs, s)
				break
			}
		}
	}
	for w, f := range h.boards {
		for i := range batch {
			if batch[i].WarehouseID == w || batch[i].WarehouseID == 0 {
				f.stale = true
				break
			}
		}
	}
}

// frame encodes an event as clients see it.
func frame(e event.Event) []byte {
	b, err := json.Marshal(EventFrame{Op: "event", Seq: e.Seq, Event: Public(e)})
	if err != nil {
		panic(fmt.Sprintf("event %d does not encode: %v", e.ID, err)) // it came out of JSON
	}
	return b
}

// Head returns the newest seq that went to subscribers.
func (h *Hub) Head() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}
