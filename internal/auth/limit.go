package auth

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/fault"
)

const (
	freeTries   = 5                // failures before the first wait
	firstWait   = time.Second      // doubles with every further failure …
	longestWait = 15 * time.Minute // … up to this
	forgetAfter = time.Hour
	maxTracked  = 20_000 // keys in memory; beyond, the ones that failed longest ago are forgotten
)

// limiter slows down guessing. It counts failures per key in memory, one server each: a restart or a second server only grants a few tries more.
type limiter struct {
	mu   sync.Mutex
	keys map[string]*failures
}

type failures struct {
	n    int
	last time.Time
	open time.Time // no try before this
}

func newLimiter() *limiter { return &limiter{keys: map[string]*failures{}} }

// check refuses while any key has to wait.
func (l *limiter) check(now time.Time, keys ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keys {
		f, ok := l.keys[k]
		if !ok || !now.Before(f.open) {
			continue
		}
		seconds := int(math.Ceil(f.open.Sub(now).Seconds()))
		return fault.New(fault.Limited, "too_many_tries", "too many failed tries: wait %d seconds", seconds).With("retry_after_s", strconv.Itoa(seconds))
	}
	return nil
}

// failed counts a failure against key; free is how many go unpunished.
func (l *limiter) failed(now time.Time, key string, free int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.keys[key]
	if !ok || now.Sub(f.last) > forgetAfter {
		l.makeRoom(now)
		f = &failures{}
		l.keys[key] = f
	}
	f.n++
	f.last = now
	if over := f.n - free; over >= 0 {
		f.open = now.Add(min(longestWait, firstWait<<min(over, 20)))
	}
}

func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
}

func (l *limiter) makeRoom(now time.Time) {
	if len(l.keys) < maxTracked {
		return
	}
	oldest, at := "", now
	for k, f := range l.keys {
		if now.Sub(f.last) > forgetAfter {
			delete(l.keys, k)
		} else if f.last.Before(at) {
			oldest, at = k, f.last
		}
	}
	if len(l.keys) >= maxTracked {
		delete(l.keys, oldest)
	}
}
