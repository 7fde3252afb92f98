package agent

import (
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
)

// remember opens what the station needs for judging by itself, and settles what the last life left open: outcomes that were stored and not compared any more.
func (a *Agent) remember() (err error) {
	hash := wire.NewHasher(a.Token)
	if a.cache, err = expected.Open(a.Dir, hash.Sum(wire.SumKey, "")); err != nil {
		return err
	}
	if why := a.cache.Discarded(); why != "" {
		a.Log.Warn("the list of awaited returns was thrown away and is fetched again", "why", why)
	}
	if a.said, err = guess.Open(a.Dir); err != nil {
		return err
	}
	if n := a.said.Damaged(); n > 0 {
		a.Log.Warn("some of what the station had said by itself cannot be read", "entries", n)
	}
	a.fetch = newFetch(a)
	producer := a.journal.Producer()
	a.follow = newFollower(a, newShadow(a.cache, hash))
	a.follow.load(producer)
	a.view = a.follow.base.View
	if err := a.compareStored(producer); err != nil {
		return err
	}
	a.cutOff()
	return nil
}

// compareStored compares what was said before the last end with outcomes that are on the disk.
func (a *Agent) compareStored(producer string) error {
	var stored []scanner.Outcome
	for _, s := range a.said.Waiting(producer) {
		if s.Seq > a.journal.OutcomeSeq() {
			break
		}
		o, err := a.journal.Outcome(s.Seq)
		if err != nil {
			return err
		}
		if o != nil {
			stored = append(stored, *o)
		}
	}
	a.compare(producer, stored)
	return nil
}

// compare holds outcomes against what was said and shows what differs.
func (a *Agent) compare(producer string, outcomes []scanner.Outcome) {
	differ, err := a.said.Compare(producer, outcomes, a.Clock.Now())
	a.wrote(err)
	if differ > 0 {
		a.publishDifferences()
	}
}

// settle takes a clerk's word that a difference is dealt with.
func (a *Agent) settle(producer string, seq uint64) {
	ok, err := a.said.Settle(producer, seq)
	a.wrote(err)
	if ok {
		a.Log.Info("a difference was dealt with", "producer", producer, "seq", seq)
	}
	a.publishDifferences() // also when somebody else was quicker
}

func (a *Agent) differences() Differences {
	list, all := a.said.Differences(ShownDifferences)
	return Differences{All: all, List: list}
}

func (a *Agent) publishDifferences() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.publish(message{Op: "differences", Differences: ptr(a.differences())})
}

// cutOff begins to judge: the link is down. What is on the page without an outcome gets what the station thinks of it. The caller holds capturing, or nothing
// runs yet.
func (a *Agent) cutOff() {
	a.mu.Lock()
	producer := a.journal.Producer()
	guesses, err := a.follow.replay(producer)
	if err != nil {
		a.Log.Error("the scans since the link went down cannot be read; they are not judged", "err", err)
	}
	for i := range a.recent {
		if e := &a.recent[i]; e.Producer == producer && e.Outcome == nil {
			e.guess = guesses[e.Seq]
		}
	}
	a.mu.Unlock()
	a.wrote(a.said.Sync())
	a.follow.save(true)
}

// renamed follows a journal that was renewed: its scans are the same under other names.
func (a *Agent) renamed(old, producer string) {
	waiting := map[time.Time][]guess.Said{}
	for _, s := range a.said.Waiting(old) {
		waiting[s.CapturedAt] = append(waiting[s.CapturedAt], s)
	}
	for from := uint64(1); len(waiting) > 0; {
		scans, err := a.journal.Read(from, 256)
		if err != nil {
			a.Log.Error("the renewed journal cannot be read: what was said of its scans is not compared", "err", err)
			return
		}
		if len(scans) == 0 {
			return
		}
		for _, s := range scans {
			from = s.Seq + 1
			for _, w := range waiting[s.CapturedAt] {
				if w.MonoMicros == s.MonoMicros && w.Device == s.Device && w.Data == s.Data {
					a.wrote(a.said.Rename(w, producer, s.Seq))
				}
			}
		}
	}
}

// wrote reports when what the station said could not be written down: it is shown, and lost with the process.
func (a *Agent) wrote(err error) {
	if err == nil {
		return
	}
	if !a.bookFailed.Swap(true) {
		a.Log.Error("what the station says by itself cannot be kept: differences are shown until the agent ends", "err", err)
	}
}
