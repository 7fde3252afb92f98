package plug

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Config says what to watch. The zero value watches this machine.
type Config struct {
	Roots
	Files []string      // further files that count, such as links outside Dev
	Fast  time.Duration // between looks where no event comes; DefaultFast when 0
	Slow  time.Duration // between looks behind events; DefaultSlow when 0

	events func() (io.ReadCloser, error) // one message per Read; nil for the kernel's
}

const (
	// DefaultFast is short enough for a hand that has just plugged in a scanner.
	DefaultFast = 250 * time.Millisecond
	// DefaultSlow bounds what a missed event costs.
	DefaultSlow = 2 * time.Second

	// missesAllowed is how many changes may come without an event before events are not waited for any more: in some containers the socket opens and
	// stays silent. One miss is a coincidence of timer and event.
	missesAllowed = 2
	// messageSize holds the largest message: udev's are up to 8 KiB.
	messageSize = 16 << 10
)

// Watch is a running look-out. Its goroutines end with Close.
type Watch struct {
	config  Config
	changed chan struct{}
	heard   chan struct{} // an event that matters; size 1, a second one says nothing new
	stop    chan struct{}
	kernel  io.ReadCloser // nil where there are no events
	misses  atomic.Int32  // changes that no event announced
	ending  sync.Once
	running sync.WaitGroup
}

// Start begins to watch. Whatever comes or goes after Start returned is signalled.
func Start(c Config) *Watch {
	w := &Watch{config: c, changed: make(chan struct{}, 1), heard: make(chan struct{}, 1), stop: make(chan struct{})}
	if w.config.Fast <= 0 {
		w.config.Fast = DefaultFast
	}
	if w.config.Slow <= 0 {
		w.config.Slow = DefaultSlow
	}
	open := c.events
	if open == nil && c.here() {
		open = kernelEvents
	}
	if open != nil {
		// Without the socket listings are compared more often: nothing an operator could do about it.
		if k, err := open(); err == nil {
			w.kernel = k
			w.running.Go(w.hear)
		}
	}
	before := w.config.listing()
	w.running.Go(func() { w.look(before) })
	return w
}

// Changed has a value when something may have come or gone since the last one was taken.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// Close ends the watch and waits for its goroutines.
func (w *Watch) Close() {
	w.ending.Do(func() {
		close(w.stop)
		if w.kernel != nil {
			_ = w.kernel.Close() // a socket of our own: nothing to lose
		}
	})
	w.running.Wait()
}

// hear reads messages until the socket ends.
func (w *Watch) hear() {
	b := make([]byte, messageSize)
	for {
		n, err := w.kernel.Read(b)
		switch {
		case err == nil && !matters(b[:n]):
		case err == nil, errors.Is(err, syscall.ENOBUFS): // ENOBUFS: messages were lost
			poke(w.heard)
			poke(w.changed)
		case errors.Is(err, io.EOF): // an empty message, which the kernel does not send
		default:
			return // closed, or broken: then every change is a miss, and looking becomes frequent
		}
	}
}

// look compares listings.
func (w *Watch) look(before string) {
	for {
		timer := time.NewTimer(w.interval())
		select {
		case <-w.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		now := w.config.listing()
		if now == before {
			drain(w.heard)
			continue
		}
		before = now
		if !drain(w.heard) {
			w.misses.Add(1)
		}
		poke(w.changed)
	}
}

func (w *Watch) interval() time.Duration {
	if w.kernel == nil || w.misses.Load() >= missesAllowed || w.config.outside() {
		return w.config.Fast
	}
	return w.config.Slow
}

// outside reports whether a watched file is where the kernel announces nothing.
func (c Config) outside() bool {
	for _, f := range c.Files {
		if rel, err := filepath.Rel(c.DevDir(), f); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(os.PathSeparator)) {
			return true
		}
	}
	return false
}

// poke never blocks.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func drain(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
