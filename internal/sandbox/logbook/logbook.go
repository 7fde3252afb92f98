package logbook

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// ErrCorrupt says that a line before the end of the file is damaged.
var ErrCorrupt = errors.New("logbook: damaged before its end; restore the file or start with a new one")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Log is safe for use by many goroutines.
type Log struct {
	mu       sync.Mutex
	turned   *sync.Cond
	file     *os.File // nil: kept nowhere, for tests that need no disk
	pending  []byte
	appended uint64
	durable  uint64
	writing  bool
	err      error // the first write error; the log is dead from then on
}

// Open replays every whole line of the file at path through replay, cuts a torn tail and returns the log ready to append. An empty path gives a log
// without a file. A second process on the same file is refused.
func Open(path string, replay func(line []byte) error) (*Log, error) {
	l := &Log{}
	l.turned = sync.NewCond(&l.mu)
	if path == "" {
		return l, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open logbook: %w", err)
	}
	if err := prepare(f, replay); err != nil {
		f.Close()
		return nil, err
	}
	l.file = f
	return l, nil
}

func prepare(f *os.File, replay func([]byte) error) error {
	if err := lock(f); err != nil {
		return fmt.Errorf("lock logbook %s: another simulator has it: %w", f.Name(), err)
	}
	good, err := read(f, replay)
	if err != nil {
		return err
	}
	if err := f.Truncate(good); err != nil {
		return fmt.Errorf("cut torn tail: %w", err)
	}
	if _, err := f.Seek(good, io.SeekStart); err != nil {
		return fmt.Errorf("seek logbook: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync logbook: %w", err)
	}
	return syncDir(filepath.Dir(f.Name()))
}

// read returns the offset behind the last good line.
func read(f *os.File, replay func([]byte) error) (good int64, err error) {
	in := bufio.NewReaderSize(f, 1<<16)
	torn := false
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil // what is left has no line feed: torn
		}
		if err != nil {
			return 0, fmt.Errorf("read logbook: %w", err)
		}
		payload, ok := parse(line)
		switch {
		case !ok:
			torn = true
		case torn:
			return 0, fmt.Errorf("%w (offset %d of %s)", ErrCorrupt, good, f.Name())
		default:
			if err := replay(payload); err != nil {
				return 0, fmt.Errorf("replay logbook at %d: %w", good, err)
			}
			good += int64(len(line))
		}
	}
}

func parse(line []byte) ([]byte, bool) {
	if len(line) < 10 || line[8] != ' ' || line[len(line)-1] != '\n' {
		return nil, false
	}
	want, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil {
		return nil, false
	}
	payload := line[9 : len(line)-1]
	return payload, crc32.Checksum(payload, castagnoli) == uint32(want)
}

// Append adds a line, which must not hold a line feed (JSON never does), and returns its number. It is not on disk until Wait returns.
func (l *Log) Append(line []byte) (uint64, error) {
	if bytes.IndexByte(line, '\n') >= 0 {
		return 0, errors.New("logbook: a line holds a line feed")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	l.appended++
	if l.file == nil {
		l.durable = l.appended
		return l.appended, nil
	}
	l.pending = fmt.Appendf(l.pending, "%08x ", crc32.Checksum(line, castagnoli))
	l.pending = append(append(l.pending, line...), '\n')
	return l.appended, nil
}

// Wait returns when line seq is on disk, or with the error that made the log die.
func (l *Log) Wait(seq uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.durable < seq && l.err == nil {
		if l.writing {
			l.turned.Wait()
			continue
		}
		l.flush()
	}
	return l.err
}

// flush writes what is pending while others append behind it. Called and returns with mu held.
func (l *Log) flush() {
	batch, upTo := l.pending, l.appended
	l.pending, l.writing = nil, true
	l.mu.Unlock()
	_, err := l.file.Write(batch)
	if err == nil {
		err = l.file.Sync()
	}
	l.mu.Lock()
	l.writing = false
	if err != nil {
		l.err = fmt.Errorf("write logbook: %w", err)
	} else {
		l.durable = upTo
	}
	l.turned.Broadcast()
}

// Close writes what is pending and closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	last := l.appended
	l.mu.Unlock()
	err := l.Wait(last)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return err
	}
	if l.err == nil {
		l.err = os.ErrClosed
	}
	return errors.Join(err, l.file.Close())
}

// syncDir makes the file's name as durable as its content.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder of logbook: %w", err)
	}
	defer d.Close()
	return fsyncDir(d)
}
