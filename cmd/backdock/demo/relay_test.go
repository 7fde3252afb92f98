package demo

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// relay is a bad cable to one of several servers: each connection goes to the next one and breaks after some bytes, which is nearly always inside a frame, in
// one direction or the other. Calm, it breaks nothing more.
type relay struct {
	t       *testing.T
	l       net.Listener
	targets []string
	cuts    atomic.Int64 // made
	calm    atomic.Bool

	mu   sync.Mutex
	rng  *rand.Rand
	turn int
	open map[net.Conn]bool
}

func newRelay(t *testing.T, seed uint64, targets ...string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, l: l, targets: targets, rng: rand.New(rand.NewPCG(seed, 7)), open: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); r.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.carry(c)
		}
	}()
	return r
}

func (r *relay) address() string { return r.l.Addr().String() }

// next draws where a connection goes and how many bytes pass each way before it breaks.
func (r *relay) next() (target string, up, down int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	target = r.targets[r.turn%len(r.targets)]
	r.turn++
	// The handshake takes some 400 bytes; a scan about as many, an answer with its view thousands.
	if r.rng.IntN(6) == 0 {
		return target, 50 + r.rng.Int64N(800), 50 + r.rng.Int64N(4_000)
	}
	return target, 1_500 + r.rng.Int64N(12_000), 5_000 + r.rng.Int64N(80_000)
}

func (r *relay) carry(near net.Conn) {
	target, up, down := r.next()
	far, err := net.Dial("tcp", target)
	if err != nil { // that server is dead just now
		near.Close()
		return
	}
	r.hold(near, far)
	ended := make(chan bool, 2)
	pass := func(to, from net.Conn, n int64) {
		got, err := io.CopyN(to, from, n)
		ended <- err == nil && got == n
		if r.calm.Load() && err == nil {
			_, _ = io.Copy(to, from)
			ended <- false
		}
	}
	go pass(far, near, up)
	go pass(near, far, down)
	for broken := range ended {
		if broken && r.calm.Load() {
			continue // this many bytes would have been its end; it goes on
		}
		if broken {
			r.cuts.Add(1)
		}
		break
	}
	r.drop(near, far)
}

func (r *relay) hold(cs ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range cs {
		r.open[c] = true
	}
}

// drop ends both sides at once and without a farewell: what is in the air is lost.
func (r *relay) drop(cs ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range cs {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
		delete(r.open, c)
	}
}

// live waits until a connection stands, for a while.
func (r *relay) live() {
	for range 500 {
		r.mu.Lock()
		n := len(r.open)
		r.mu.Unlock()
		if n > 0 {
			return
		}
		_ = sleep(r.t.Context(), 10*time.Millisecond)
	}
}

// cut breaks every connection.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) > 0 {
		r.cuts.Add(1)
	}
	for c := range r.open {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
	r.open = map[net.Conn]bool{}
}
