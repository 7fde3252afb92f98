package live

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// Sink is where a subscriber's frames go.
type Sink interface {
	// Send queues a frame without blocking; false means that the sink is closed or too slow, and gets nothing more.
	Send(frame []byte) bool
	// SendWait queues a frame and waits for room; false means that the sink is closed.
	SendWait(frame []byte) bool
}

// Subscriber is one client of the hub.
type Subscriber struct {
	hub  *Hub
	sink Sink
	may  func(event.Event) bool // asked for every frame
	seq  int64                  // guarded by hub.mu once it is in hub.subs
	at   id.Warehouse           // whose board it gets; guarded by hub.mu
}

// Subscribe sends hello, everything after since that the client may see, and then each event as it comes, until Leave. since 0 starts at the present.
func (h *Hub) Subscribe(ctx context.Context, sink Sink, may func(event.Event) bool, since int64) (*Subscriber, error) {
	select {
	case <-h.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s := &Subscriber{hub: h, sink: sink, may: may, seq: since}
	head, err := h.headFor(ctx, since)
	if err != nil {
		return nil, err
	}
	if since == 0 {
		s.seq = head
	}
	if !sink.SendWait(encode(SeqFrame{Op: "hello", Seq: s.seq})) {
		return nil, errGone
	}
	if since > head || head-since > MaxGap && since != 0 {
		// Ahead of the log: it was restored from a backup. Either way the client's picture cannot be mended by events.
		s.seq = head
		if !sink.SendWait(encode(SeqFrame{Op: "reset", Seq: head})) {
			return nil, errGone
		}
	}
	return s, s.join(ctx)
}

// headFor returns the newest seq. For a client that resumes it is the store's: this server may have read less than the client heard from another one, or may be
// catching up itself.
func (h *Hub) headFor(ctx context.Context, since int64) (int64, error) {
	if since == 0 {
		return h.Head(), nil
	}
	return h.o.Log.Head(ctx)
}

var errGone = fmt.Errorf("live: %w", context.Canceled)

// join catches up, page by page at the client's pace, and becomes live in the moment the ring covers the rest.
func (s *Subscriber) join(ctx context.Context) error {
	for {
		page, live := s.next()
		if live {
			return nil
		}
		if page == nil { // older than the ring
			batch, err := s.hub.o.Log.Tail(ctx, s.seq, pageSize)
			if err != nil {
				return err
			}
			for _, e := range batch {
				page = append(page, entry{event: e, frame: frame(e)})
			}
			if len(page) == 0 {
				return fmt.Errorf("live: nothing after seq %d, which the ring does not reach", s.seq)
			}
		}
		for i := range page {
			if s.may(page[i].event) && !s.sink.SendWait(page[i].frame) {
				return errGone
			}
			s.seq = page[i].event.Seq
		}
	}
}

// next returns what the ring has after the subscriber's seq. When that is nothing the subscriber is live: under the same lock, so that no event falls in between.
// No page and not live means that the ring does not reach back that far.
func (s *Subscriber) next() (page []entry, live bool) {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.seq >= h.head {
		h.subs[s] = struct{}{}
		return nil, true
	}
	if len(h.ring) == 0 || s.seq < h.ring[0].event.Seq-1 {
		return nil, false
	}
	for i := range h.ring {
		if h.ring[i].event.Seq > s.seq {
			return append([]entry(nil), h.ring[i:]...), false
		}
	}
	return nil, false
}

// offer hands a live subscriber one event; the hub holds its lock.
func (s *Subscriber) offer(e *entry) bool {
	if e.event.Seq <= s.seq {
		return true
	}
	s.seq = e.event.Seq
	return !s.may(e.event) || s.sink.Send(e.frame)
}

// Leave ends a subscription. No frame is sent after it returns.
func (s *Subscriber) Leave() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
	s.hub.unwatch(s)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("live frame does not encode: %v", err))
	}
	return b
}
