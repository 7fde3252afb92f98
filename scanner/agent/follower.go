package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/guess"
)

// base is where following begins: the bench as the server last showed it, and the newest scan that is in it.
type base struct {
	Producer string             `json:"producer"`
	Seq      uint64             `json:"seq"`
	View     *scanner.BenchView `json:"view"`
}

// follower judges scans while the link is down. While it is up nothing is judged: the newest view is kept, and once the link is lost the scans behind it are read
// from the journal, so that a station which was restarted follows as well as one that was not. The agent's mu guards shadow and base.
type follower struct {
	a      *Agent
	path   string
	shadow shadow
	base   base
	ready  bool          // scans are judged as they come
	due    chan struct{} // base is newer than the file
}

// viewFile keeps the base for the next start.
const viewFile = "view.json"

// saveEvery is how often the base is written at most.
const saveEvery = 250 * time.Millisecond

func newFollower(a *Agent, s shadow) *follower {
	return &follower{a: a, path: filepath.Join(a.Dir, viewFile), shadow: s, due: make(chan struct{}, 1)}
}

// from takes a newer view.
func (f *follower) from(b base) {
	f.base = b
	select {
	case f.due <- struct{}{}:
	default: // is written with the next one
	}
}

// run writes the base now and then. Without a sync: what a power cut takes is only where to begin.
func (f *follower) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			f.save(false)
			return
		case <-f.due:
		}
		f.save(false)
		select {
		case <-ctx.Done():
		case <-time.After(saveEvery):
		}
	}
}

func (f *follower) save(synced bool) {
	f.a.mu.Lock()
	text, err := json.Marshal(f.base)
	f.a.mu.Unlock()
	if err == nil {
		text = append(fmt.Appendf(nil, "%08x ", crc32.ChecksumIEEE(text)), text...)
		if synced {
			err = disk.WriteFile(f.path, text)
		} else if err = os.WriteFile(f.path+disk.Part, text, 0o600); err == nil {
			err = os.Rename(f.path+disk.Part, f.path)
		}
	}
	if err != nil {
		f.a.Log.Warn("the view of the bench cannot be kept for the next start", "err", err)
	}
}

// load reads the base of the last life. Without one nothing is known of the open parcel, which is what a damaged file means as well.
func (f *follower) load(producer string) {
	text, err := os.ReadFile(f.path)
	if err != nil || len(text) < 9 || fmt.Sprintf("%08x ", crc32.ChecksumIEEE(text[9:])) != string(text[:9]) {
		return
	}
	var b base
	if json.Unmarshal(text[9:], &b) == nil && b.Producer == producer {
		f.base = b
	}
}

// replay judges every scan behind the base. What was said before stays said. The caller holds capturing, so that no scan comes in between, and mu.
func (f *follower) replay(producer string) (guesses map[uint64]*Provisional, err error) {
	guesses = map[uint64]*Provisional{}
	f.shadow.reset(f.base.View)
	j := f.a.journal
	from := f.base.Seq + 1
	if f.base.Producer != producer {
		from = 1 // a renewed journal: none of its scans is in any view
	}
	if first := j.FirstSeq(); from < first {
		f.shadow.reset(nil)
		from = first
	}
	if f.base.View == nil {
		from = max(from, j.OutcomeSeq()+1) // nothing is known of what was open: begin with what was not answered
	}
	answered := j.OutcomeSeq()
	for {
		scans, err := j.Read(from, 256)
		if err != nil {
			return guesses, err
		}
		if len(scans) == 0 {
			f.ready = true
			return guesses, nil
		}
		for _, s := range scans {
			from = s.Seq + 1
			said := f.shadow.judge(s, barcode.Read(s.Data, s.Symbology))
			if s.Seq > answered {
				guesses[s.Seq] = f.say(producer, s, said)
			}
		}
	}
}

// take judges a new scan and keeps what is said about it.
func (f *follower) take(producer string, s scanner.Scan, r barcode.Reading) *Provisional {
	return f.say(producer, s, f.shadow.judge(s, r))
}

// say keeps an answer and returns what the clerk is told: the first answer, if there was one.
func (f *follower) say(producer string, s scanner.Scan, said Provisional) *Provisional {
	if before, ok := f.a.said.Of(producer, s.Seq); ok {
		return &before
	}
	f.a.wrote(f.a.said.Say(guess.Said{Producer: producer, Seq: s.Seq, Data: s.Data, Device: s.Device, CapturedAt: s.CapturedAt, MonoMicros: s.MonoMicros, Answer: said}))
	return &said
}
