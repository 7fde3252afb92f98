package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/backdock/backdock/internal/clock"
)

// BareAppend is the least that a durable record can cost: write to the end of a file whose blocks are already there, then fdatasync. The file is written
// with zeros first and its size never changes, so that the sync has no metadata to carry, as in the journal.
type BareAppend struct {
	f    *os.File
	at   int64
	size int64
}

// NewBareAppend makes the file in dir.
func NewBareAppend(dir string, size int64) (*BareAppend, error) {
	f, err := os.OpenFile(filepath.Join(dir, "bare"), os.O_CREATE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, size)); err != nil {
		return nil, err
	}
	return &BareAppend{f: f, size: size}, f.Sync()
}

// Append writes record and returns how many microseconds it took to be durable.
func (b *BareAppend) Append(record []byte) (float64, error) {
	if b.at+int64(len(record)) > b.size {
		b.at = 0
	}
	begin := clock.Mono()
	if _, err := b.f.WriteAt(record, b.at); err != nil {
		return 0, err
	}
	if err := syncData(b.f); err != nil {
		return 0, fmt.Errorf("bare append: %w", err)
	}
	b.at += int64(len(record))
	return float64(clock.Mono() - begin), nil
}

// Close closes the file.
func (b *BareAppend) Close() error { return b.f.Close() }
