package live

import (
	"bytes"
	"context"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
)

// ageEvery is how often a board is computed although nothing happened: ages and "the same time yesterday" move by themselves.
const ageEvery = 30 * time.Second

// feed is one warehouse's board, computed once for all who look at it.
type feed struct {
	subs    map[*Subscriber]struct{}
	stale   bool
	last    []byte        // frame sent to all
	content []byte        // of last, without the parts that move by themselves
	at      time.Duration // monotonic, when last was computed
	cost    time.Duration // of computing it
}

// Watch sends the subscriber the board of a warehouse from now on, instead of any other; zero sends none.
func (s *Subscriber) Watch(w id.Warehouse) {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unwatch(s)
	if w == 0 {
		return
	}
	f := h.boards[w]
	if f == nil {
		f = &feed{subs: map[*Subscriber]struct{}{}, stale: true, at: -ageEvery}
		h.boards[w] = f
	}
	s.at = w
	f.subs[s] = struct{}{}
	if f.last != nil {
		s.sink.Send(f.last)
	}
}

func (h *Hub) unwatch(s *Subscriber) {
	if f := h.boards[s.at]; f != nil {
		delete(f.subs, s)
		if len(f.subs) == 0 {
			delete(h.boards, s.at)
		}
	}
	s.at = 0
}

// runBoards computes the boards that somebody looks at. One goroutine does all: boards never take more than one connection of the store.
func (h *Hub) runBoards(ctx context.Context) {
	tick := time.NewTicker(min(h.o.BoardEvery, time.Second) / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, w := range h.due(mono()) {
			h.refresh(ctx, w)
		}
	}
}

func (h *Hub) due(now time.Duration) []id.Warehouse {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []id.Warehouse
	for w, f := range h.boards {
		// A board that is slow to compute comes less often, so that boards never take more than a quarter of the store.
		pause := max(h.o.BoardEvery, 3*f.cost)
		if age := now - f.at; f.stale && age >= pause || age >= ageEvery {
			f.stale = false
			out = append(out, w)
		}
	}
	return out
}

func (h *Hub) refresh(ctx context.Context, w id.Warehouse) {
	start := mono()
	board, err := h.o.Report.Board(ctx, w)
	if err != nil {
		if ctx.Err() == nil {
			h.o.Logger.Warn("board", "warehouse", w, "error", err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if f := h.boards[w]; f != nil {
			f.stale, f.at = true, mono()
		}
		return
	}
	whole, content := encode(BoardFrame{Op: "board", Board: board}), contentOf(board)
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.boards[w]
	if f == nil {
		return
	}
	f.at, f.cost = mono(), mono()-start
	if bytes.Equal(content, f.content) {
		return
	}
	f.last, f.content = whole, content
	for s := range f.subs {
		s.sink.Send(whole)
	}
}

func mono() time.Duration { return time.Duration(clock.Mono()) * time.Microsecond }

// contentOf is a board without its clock and seq: what has to differ for a new frame.
func contentOf(b *report.Board) []byte {
	c := *b
	c.Now, c.Seq = time.Time{}, 0
	return encode(c)
}
