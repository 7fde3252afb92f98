// Package clock is the only place that asks what time it is. Everything else takes a Clock.
package clock

import (
	"sync"
	"time"
)

// Clock gives the time: UTC, truncated to microseconds, which both databases keep.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now returns the present.
func (System) Now() time.Time { return Stamp(time.Now()) }

// Stamp brings t to the form that the databases keep: UTC, µs, no monotonic part.
func Stamp(t time.Time) time.Time { return t.Round(0).UTC().Truncate(time.Microsecond) }

var start = time.Now()

// Mono returns monotonic microseconds since the program started.
func Mono() int64 { return time.Since(start).Microseconds() }

// Fake is a clock that tests move by hand. The zero value stands at the zero time.
type Fake struct {
	mu sync.Mutex
	at time.Time
}

// NewFake starts a fake clock at t.
func NewFake(t time.Time) *Fake { return &Fake{at: Stamp(t)} }

// Now returns the fake's time.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// Add moves the fake forward.
func (f *Fake) Add(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = Stamp(f.at.Add(d))
}
