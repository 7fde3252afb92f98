package guess

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
)

// FileName of the book within a station's directory.
const FileName = "guesses.log"

// Said is an answer that waits for the server's.
type Said struct {
	Producer   string    `json:"producer"`
	Seq        uint64    `json:"seq"`
	Data       string    `json:"data"`
	Device     string    `json:"device"`
	CapturedAt time.Time `json:"captured_at"`
	MonoMicros int64     `json:"mono_us"`
	Answer     Answer    `json:"said"`
}

// Difference is an answer that turned out otherwise.
type Difference struct {
	Said
	Outcome scanner.Outcome `json:"outcome"`
	At      time.Time       `json:"at"` // when it was noticed
}

type key struct {
	producer string
	seq      uint64
}

// Book holds what was said and what differs. It is safe for concurrent use.
type Book struct {
	path string

	mu      sync.Mutex
	file    *os.File
	lines   int   // in the file
	failed  error // sticky until the next start: memory goes on
	damaged int
	said    map[key]Said
	open    map[key]Difference
}

// Open reads the book in dir. Entries that cannot be read are left out, see Damaged; the file is written anew with what still matters.
func Open(dir string) (*Book, error) {
	b := &Book{path: filepath.Join(dir, FileName), said: map[key]Said{}, open: map[key]Difference{}}
	text, err := os.ReadFile(b.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open guesses: %w", err)
	}
	b.damaged = b.replay(text)
	if err := b.rewrite(); err != nil {
		return nil, fmt.Errorf("open guesses: %w", err)
	}
	return b, nil
}

// Damaged is how many entries could not be read at Open.
func (b *Book) Damaged() int { return b.damaged }

// Close lets go of the file.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}

// Say keeps an answer. The first one of a scan stands: it is what the clerk was told.
func (b *Book) Say(s Said) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{s.Producer, s.Seq}
	if _, twice := b.said[k]; twice {
		return nil
	}
	if _, over := b.open[k]; over {
		return nil
	}
	b.said[k] = s
	return b.write(entry{Op: opSaid, Said: &s})
}

// Sync makes all that was said durable. Call it before outcomes are stored.
func (b *Book) Sync() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sync()
}

// Waiting lists what was said under a producer and not yet compared, in rising order.
func (b *Book) Waiting(producer string) []Said {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Said
	for k, s := range b.said {
		if k.producer == producer {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y Said) int { return cmp.Compare(x.Seq, y.Seq) })
	return out
}

// Of returns what was said about a scan that still waits.
func (b *Book) Of(producer string, seq uint64) (Answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.said[key{producer, seq}]
	return s.Answer, ok
}

// Compare holds stored outcomes of a producer against what was said, and returns how many differ. What it finds is durable when it returns. Outcomes of scans
// about which nothing was said, or that were compared before, change nothing.
func (b *Book) Compare(producer string, outcomes []scanner.Outcome, now time.Time) (differ int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var entries []entry
	for _, o := range outcomes {
		k := key{producer, o.Seq}
		s, waits := b.said[k]
		if !waits {
			continue
		}
		delete(b.said, k)
		if s.Answer.Agrees(o) {
			entries = append(entries, entry{Op: opOver, Producer: producer, Seq: o.Seq})
			continue
		}
		d := Difference{Said: s, Outcome: o, At: now}
		b.open[k] = d
		entries = append(entries, entry{Op: opDiffers, Differs: &d})
		differ++
	}
	if len(entries) == 0 {
		return 0, nil
	}
	err = b.write(entries...)
	killpoint.Hit("guess.compared")
	if differ > 0 && err == nil {
		err = b.sync()
	}
	return differ, err
}

// Settle says that a clerk has dealt with a difference. It is durable when it returns; false: there is no such difference.
func (b *Book) Settle(producer string, seq uint64) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{producer, seq}
	if _, ok := b.open[k]; !ok {
		return false, nil
	}
	delete(b.open, k)
	err := b.write(entry{Op: opOver, Producer: producer, Seq: seq})
	if err == nil {
		err = b.sync()
	}
	return true, err
}

// Rename moves what was said about a scan to the name it got in a renewed journal.
func (b *Book) Rename(s Said, producer string, seq uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.said, key{s.Producer, s.Seq})
	gone := entry{Op: opOver, Producer: s.Producer, Seq: s.Seq}
	s.Producer, s.Seq = producer, seq
	b.said[key{producer, seq}] = s
	return b.write(entry{Op: opSaid, Said: &s}, gone)
}

// Differences lists what nobody has dealt with, oldest first, at most max; all is how many there are.
func (b *Book) Differences(max int) (list []Difference, all int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list = make([]Difference, 0, min(max, len(b.open)))
	for _, d := range b.open {
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y Difference) int {
		return cmp.Or(x.CapturedAt.Compare(y.CapturedAt), cmp.Compare(x.Producer, y.Producer), cmp.Compare(x.Seq, y.Seq))
	})
	return list[:min(max, len(list))], len(b.open)
}
