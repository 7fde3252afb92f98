package agent

import (
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/uplink"
)

// Linked hears that the link came, went or changed. A whole state follows: provisional judgements appear and go with the link.
func (a *Agent) Linked(l uplink.Link) {
	a.mu.Lock()
	renewed, lost := l.Producer != a.link.Producer, a.link.Online && !l.Online
	old := a.link.Producer
	a.anyView = a.anyView || l.Online && !a.link.Online
	a.link = l
	a.follow.ready = a.follow.ready && !l.Online
	a.mu.Unlock()
	if renewed || lost {
		// A scan that is being captured is shown before anything else: it must not appear behind the new ones, nor be judged twice.
		a.capturing.Lock()
		if renewed {
			a.renamed(old, l.Producer)
			a.reload(l.Producer)
		}
		if !l.Online {
			a.cutOff()
		}
		a.capturing.Unlock()
	}
	if l.Online {
		a.wrote(a.said.Sync()) // what was said must be safe before the outcomes are
		a.fetch.wake()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accept(l.Producer, l.Acked)
	s := a.state()
	a.publish(message{Op: "state", State: &s})
}

// reload replaces the recent scans by those of a new producer.
func (a *Agent) reload(producer string) {
	entries, err := a.journal.Recent(RecentScans)
	if err != nil {
		a.Log.Error("recent scans cannot be read", "err", err)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recent = nil
	for _, e := range entries {
		a.recent = append(a.recent, entry{LocalScan: local(producer, e.Scan, e.Outcome)})
	}
}

// Answered lights the second and third light, and has labels printed. The outcomes are on the disk.
func (a *Agent) Answered(producer string, outcomes []scanner.Outcome, acked uint64) {
	a.press.hear(producer, outcomes)
	a.compare(producer, outcomes)
	a.mu.Lock()
	defer a.mu.Unlock()
	if producer == a.link.Producer {
		a.link.Acked = max(a.link.Acked, acked)
	}
	changed := a.accept(producer, acked)
	for i := range outcomes {
		for k := range a.recent {
			e := &a.recent[k]
			if e.Producer == producer && e.Seq == outcomes[i].Seq {
				e.Outcome, e.Lights = &outcomes[i], Lights{Captured: true, Accepted: true, Applied: true}
				changed[e.Seq] = true
			}
		}
	}
	for k := len(a.recent) - 1; k >= 0; k-- {
		if e := a.recent[k]; e.Producer == producer && changed[e.Seq] {
			a.publish(message{Op: "scan", Scan: ptr(a.shown(e))})
		}
	}
	a.publish(message{Op: "link", Link: ptr(a.linkState())})
}

// accept lights the second light up to acked and returns what changed.
func (a *Agent) accept(producer string, acked uint64) map[uint64]bool {
	changed := map[uint64]bool{}
	for k := range a.recent {
		if e := &a.recent[k]; e.Producer == producer && e.Seq <= acked && !e.Lights.Accepted {
			e.Lights.Accepted = true
			changed[e.Seq] = true
		}
	}
	return changed
}

// Viewed takes the bench's state from the server. An older one is passed over: frames may cross.
func (a *Agent) Viewed(v scanner.BenchView) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.anyView && a.view != nil && v.Version < a.view.Version {
		return
	}
	a.anyView = false
	a.view = &v
	a.follow.from(base{Producer: a.link.Producer, Seq: a.link.Acked, View: &v})
	a.publish(message{Op: "view", View: &v})
}
