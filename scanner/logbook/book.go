package logbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	// Dir within a station's directory.
	Dir = "devices"
	// queue is more than the scanners of a bench send in the time of a slow sync.
	queue = 256
	// fileSize is about 400 codes; with the file before it a few hours of a bench.
	fileSize = 64 << 10
	// keptFiles bounds what scanners leave that were here once.
	keptFiles = 64

	suffix    = ".log"
	oldSuffix = ".log.old"
)

// Book writes the logs of one station. Make it with New, then Run it.
type Book struct {
	dir     string
	log     *slog.Logger
	in      chan line
	dropped atomic.Int64
	files   map[string]*file // of Run only
}

type line struct {
	device string
	entry  Entry
}

// file is one device's log that is open for writing.
type file struct {
	f      *os.File
	size   int
	broken bool // told once; the bench works on without
}

// New makes a book in a station's directory. It touches no file.
func New(station string, log *slog.Logger) *Book {
	return &Book{dir: filepath.Join(station, Dir), log: log, in: make(chan line, queue), files: map[string]*file{}}
}

// Log notes what happened at a device. It never blocks: scanning must not wait for a log.
func (b *Book) Log(device string, e Entry) {
	select {
	case b.in <- line{device, e}:
	default:
		b.dropped.Add(1)
	}
}

// Run writes until ctx ends, and then what is still waiting.
func (b *Book) Run(ctx context.Context) {
	defer b.close()
	b.prune()
	for {
		select {
		case l := <-b.in:
			b.write(l)
		case <-ctx.Done():
			for {
				select {
				case l := <-b.in:
					b.write(l)
				default:
					return
				}
			}
		}
	}
}

func (b *Book) write(l line) {
	f := b.files[l.device]
	if f == nil {
		f = &file{}
		b.files[l.device] = f
	}
	if f.broken {
		return
	}
	if n := b.dropped.Swap(0); n > 0 {
		b.put(f, l.device, Entry{At: l.entry.At, What: Dropped, Bytes: int(n)})
	}
	b.put(f, l.device, l.entry)
}

func (b *Book) put(f *file, device string, e Entry) {
	text, err := json.Marshal(e)
	if err == nil {
		err = f.append(b.path(device, suffix), b.path(device, oldSuffix), append(text, '\n'))
	}
	if err != nil {
		f.broken = true
		b.log.Warn("the log of a scanner cannot be written", "device", device, "err", err)
	}
}

// append adds a line. A full file becomes the old one.
func (f *file) append(path, old string, line []byte) error {
	if f.f != nil && f.size+len(line) > fileSize {
		if err := errors.Join(f.f.Close(), os.Rename(path, old)); err != nil {
			return err
		}
		f.f = nil
	}
	if f.f == nil {
		if err := f.open(path); err != nil {
			return err
		}
	}
	n, err := f.f.Write(line)
	f.size += n
	return err
}

// open continues a file. A half line of a crash is ended first.
func (f *file) open(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	opened, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := opened.Stat()
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	f.f, f.size = opened, int(info.Size())
	last := []byte{'\n'}
	if f.size > 0 {
		if _, err := opened.ReadAt(last, info.Size()-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		n, err := opened.Write([]byte{'\n'})
		f.size += n
		return err
	}
	return nil
}

func (b *Book) close() {
	for device, f := range b.files {
		if f.f == nil {
			continue
		}
		if err := f.f.Close(); err != nil {
			b.log.Warn("the log of a scanner cannot be closed", "device", device, "err", err)
		}
	}
}

// path of a device's log. Names are people's: the escape keeps them apart and within the directory.
func (b *Book) path(device, suffix string) string {
	name := url.QueryEscape(device)
	return filepath.Join(b.dir, name[:min(len(name), 120)]+suffix)
}

// prune removes the logs that nobody has written for longest.
func (b *Book) prune() {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			b.log.Warn("the logs of scanners cannot be listed", "err", err)
		}
		return
	}
	var logs []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && (strings.HasSuffix(e.Name(), suffix) || strings.HasSuffix(e.Name(), oldSuffix)) {
			logs = append(logs, info)
		}
	}
	slices.SortFunc(logs, func(x, y fs.FileInfo) int { return y.ModTime().Compare(x.ModTime()) })
	for _, info := range logs[min(len(logs), keptFiles):] {
		if err := os.Remove(filepath.Join(b.dir, info.Name())); err != nil {
			b.log.Warn("an old log of a scanner stays", "err", err)
		}
	}
}

// Read returns what is known of each device of a station, oldest first. A station without logs has none.
func Read(station string) (map[string][]Entry, error) {
	dir := filepath.Join(station, Dir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string][]Entry{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("logs of scanners: %w", err)
	}
	out := map[string][]Entry{}
	for _, end := range []string{oldSuffix, suffix} {
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), end)
			if !ok {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("logs of scanners: %w", err)
			}
			if device, err := url.QueryUnescape(name); err == nil {
				name = device
			}
			out[name] = append(out[name], Parse(b)...)
		}
	}
	return out, nil
}

// Parse reads the lines of a log. What is no entry is passed over: a crash leaves half a line.
func Parse(b []byte) []Entry {
	var out []Entry
	for line := range strings.Lines(string(b)) {
		var e Entry
		if json.Unmarshal([]byte(line), &e) == nil && e.What != "" {
			out = append(out, e)
		}
	}
	return out
}
