package scale

import "time"

// Weight is what stands, or just stood, on the scale.
type Weight struct {
	Grams  int64 `json:"grams"`
	Stable bool  `json:"stable"`
}

// Window decides when a weight has settled, and how long it may be used after the box was taken off. It is not safe for concurrent use.
//
// A load begins when the reading passes Least and ends when it falls below. While it stands, any scan may have its weight. Once it is off, its last stable
// weight may be used for Hold by one scan that finds none used before: a clerk often lifts the box before scanning its label, but the next box must not get it.
type Window struct {
	Rest      time.Duration // how long readings must agree
	Tolerance int64         // grams by which readings that agree may differ
	Least     int64         // grams; below it the scale is empty
	Hold      time.Duration
	Stale     time.Duration // without a reading for so long nothing is known

	at, since time.Duration // of the newest reading; of the first one that agrees with it
	base      int64         // the reading at since
	now       int64
	loaded    bool
	moving    bool

	stable   int64 // of this load, or of the last one; 0: none
	stableAt time.Duration
	used     bool // a scan has it
}

// Add takes a reading. Times are monotonic.
func (w *Window) Add(r Reading, at time.Duration) {
	w.at = at
	if r.Over || r.Under || r.Grams < w.Least {
		w.loaded, w.moving = r.Over, true
		return
	}
	if !w.loaded {
		w.loaded, w.stable, w.used = true, 0, false
		w.base, w.since = r.Grams, at
	}
	w.now, w.moving = r.Grams, r.Motion == Moving
	if w.moving || abs(r.Grams-w.base) > w.Tolerance {
		w.base, w.since = r.Grams, at
	}
	if !w.moving && at-w.since >= w.Rest {
		w.stable, w.stableAt = r.Grams, at
	}
}

// Peek is the weight as a person reads it: what stands on the scale now. ok is false when it is empty or nothing is known.
func (w *Window) Peek(at time.Duration) (Weight, bool) {
	if !w.loaded || at-w.at > w.Stale || w.at == 0 {
		return Weight{}, false
	}
	return Weight{Grams: w.now, Stable: w.settled()}, true
}

// settled reports whether the newest reading belongs to a rest that was long enough.
func (w *Window) settled() bool {
	return !w.moving && w.stable != 0 && abs(w.now-w.stable) <= w.Tolerance && w.at-w.since >= w.Rest
}

// Take gives the weight to a scan: what stands on the scale, or what has just been taken off and no scan has had.
func (w *Window) Take(at time.Duration) (Weight, bool) {
	if p, ok := w.Peek(at); ok {
		if p.Stable {
			w.used = true
		}
		return p, true
	}
	if w.loaded || w.used || w.stable == 0 || at-w.stableAt > w.Hold {
		return Weight{}, false
	}
	w.used = true
	return Weight{Grams: w.stable, Stable: true}, true
}

// Lost forgets everything: the scale went away.
func (w *Window) Lost() {
	w.at, w.loaded, w.stable, w.used = 0, false, 0, false
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
