package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	// SegmentSize holds about 3,500 scans.
	SegmentSize = 1 << 20
	// KeepSegments acknowledged segments stay for a server that was restored from a backup: about a fortnight of one bench.
	KeepSegments = 8
	// MaxRead bounds the bytes of one Read, so that a message of scans stays below wire.MaxMessage.
	MaxRead = 256 << 10
)

// ErrGap says that outcomes do not follow those that are stored: ask the server again.
var ErrGap = errors.New("outcomes do not follow the stored ones")

// An agent that was just killed may still be on its way out, and holds the lock until it is gone.
const (
	lockTries = 40
	lockPause = 25 * time.Millisecond
)

var errLocked = errors.New("another station agent works in this directory: stop it, or choose another --data")

// Journal is a station's durable log. It is safe for concurrent use.
type Journal struct {
	dir  string
	lock *os.File
	size int64

	mu       sync.RWMutex
	producer string
	scans    *log
	outcomes *log
	damage   int

	plates Plates
}

// Open opens the journal in dir and mends what a crash left; a new directory gets a new producer. One process at a time.
func Open(dir string) (*Journal, error) { return open(dir, SegmentSize) }

func open(dir string, size int64) (j *Journal, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "journals"), 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j = &Journal{dir: dir, size: size}
	if j.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open journal: %w", err), j.Close())
			j = nil
		}
	}()
	if j.producer, err = j.current(); err != nil {
		return j, err
	}
	if err = j.load(); err != nil {
		return j, err
	}
	return j, j.plates.open(filepath.Join(dir, "plates.json"))
}

// current reads the producer, or makes the first one.
func (j *Journal) current() (string, error) {
	b, err := os.ReadFile(filepath.Join(j.dir, "current"))
	if err == nil {
		p := strings.TrimSpace(string(b))
		if !wire.ValidProducer(p) {
			return "", fmt.Errorf("%s is damaged: write the name of the newest directory of journals into it", filepath.Join(j.dir, "current"))
		}
		return p, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	// Without the file any journal that is there may hold scans nobody has sent. Only one without scans is the rest of a first start that was cut off.
	old, err := filepath.Glob(filepath.Join(j.dir, "journals", "*", "scans-*.log"))
	if err != nil {
		return "", err
	}
	for _, path := range old {
		s, fd, err := openSegment(path, 1, j.size)
		if err != nil {
			return "", err
		}
		if err := s.file.Close(); err != nil {
			return "", err
		}
		if fd.last > 0 || fd.damaged {
			return "", fmt.Errorf("%s is missing but %s holds scans: write that directory's name into the file", filepath.Join(j.dir, "current"), filepath.Dir(path))
		}
	}
	p := id.Producer()
	if err := j.point(p); err != nil {
		return "", err
	}
	return p, nil
}

// point makes p the current producer, durably.
func (j *Journal) point(p string) error {
	if err := os.MkdirAll(j.home(p), 0o700); err != nil {
		return err
	}
	if err := disk.SyncDir(filepath.Join(j.dir, "journals")); err != nil {
		return err
	}
	return disk.WriteFile(filepath.Join(j.dir, "current"), []byte(p+"\n"))
}

func (j *Journal) home(producer string) string { return filepath.Join(j.dir, "journals", producer) }

func (j *Journal) load() (err error) {
	if err := os.MkdirAll(j.home(j.producer), 0o700); err != nil {
		return err
	}
	if j.scans, j.damage, err = openLog(j.home(j.producer), "scans", j.size, scanHits, lostScan); err != nil {
		return err
	}
	if j.outcomes, _, err = openLog(j.home(j.producer), "outcomes", j.size, outcomeHits, nil); err != nil {
		return err
	}
	if j.outcomes.next() > j.scans.next() {
		return fmt.Errorf("%s holds answers to scans that are not in it: part of the directory was restored; restore all of it, or start with a new one", j.home(j.producer))
	}
	return nil
}

var scanHits = hits{
	before:  func() { killpoint.Hit("journal.append") },
	written: func() { killpoint.Hit("journal.written") },
	synced:  func() { killpoint.Hit("journal.synced") },
}

var outcomeHits = hits{
	before:  func() { killpoint.Hit("outcomes.append") },
	written: func() { killpoint.Hit("outcomes.written") },
	synced:  func() { killpoint.Hit("outcomes.synced") },
}

// lostScan stands for a scan that the disk lost. The server answers damaged_scan; those behind it keep their numbers.
func lostScan(seq uint64) []byte {
	b, err := json.Marshal(scanner.Scan{Seq: seq, Source: scanner.FromDevice, Raw: []byte{}, Charset: "binary", Flags: []scanner.Flag{scanner.Damaged}})
	if err != nil {
		panic(err) // a value of constants
	}
	return b
}

// Close lets go of the directory. Plates that were set apart and not used go back.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	if j.plates.path != "" {
		errs = append(errs, j.plates.giveBack())
	}
	for _, l := range []*log{j.scans, j.outcomes} {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
		j.lock = nil
	}
	return errors.Join(errs...)
}

// Producer names the journal that Append writes to.
func (j *Journal) Producer() string {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.producer
}

// Damage is how many scans the disk had lost at Open; each was replaced by one flagged damaged.
func (j *Journal) Damage() int { return j.damage }

// Plates are the station's leased license plates.
func (j *Journal) Plates() *Plates { return &j.plates }

// Append gives the scan its seq and makes it durable. It returns the producer that the scan was written under. An error is final: nothing more is taken.
func (j *Journal) Append(s *scanner.Scan) (producer string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s.Seq = j.scans.next()
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("append scan: %w", err)
	}
	if err := j.scans.append(b); err != nil {
		return "", fmt.Errorf("append scan: %w", err)
	}
	return j.producer, nil
}

// NextSeq is the seq that the next scan gets.
func (j *Journal) NextSeq() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.scans.next()
}

// FirstSeq is the oldest scan that is kept.
func (j *Journal) FirstSeq() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.scans.first()
}

// OutcomeSeq is the newest scan whose outcome is stored; all before it have theirs.
func (j *Journal) OutcomeSeq() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.outcomes.next() - 1
}

// Read returns the scans from seq on, at most max and MaxRead bytes, but one at least; none when seq is NextSeq.
func (j *Journal) Read(from uint64, max int) ([]scanner.Scan, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var out []scanner.Scan
	size := 0
	for seq := from; seq < j.scans.next() && len(out) < max; seq++ {
		b, err := j.scans.payload(seq)
		if err != nil {
			return nil, fmt.Errorf("read scan: %w", err)
		}
		if size += len(b); size > MaxRead && len(out) > 0 {
			break
		}
		s, err := decodeScan(seq, b)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func decodeScan(seq uint64, b []byte) (scanner.Scan, error) {
	var s scanner.Scan
	if err := json.Unmarshal(b, &s); err != nil {
		return scanner.Scan{}, fmt.Errorf("read scan %d: %w", seq, err)
	}
	s.Seq = seq
	return s, nil
}
