package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/backdock/backdock/scanner/disk"
)

// segment is one preallocated file of records with rising seq.
type segment struct {
	path    string
	first   uint64   // seq of the first record, from the name
	file    *os.File //
	offsets []uint32 // where each record begins
	end     int64    // where the next one goes
	size    int64    // preallocated
}

func (s *segment) next() uint64 { return s.first + uint64(len(s.offsets)) }

// createSegment makes an empty segment, durable together with its name. The zeros are written, not just reserved: a sync into reserved blocks must also
// write the file system's record that they are in use now, which costs as much as the scan itself.
func createSegment(path string, first uint64, size int64) (*segment, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	s := &segment{path: path, first: first, file: f, end: int64(len(magic)), size: size}
	err = errors.Join(s.write(magic[:], 0), s.zero(s.end))
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = disk.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create segment: %w", err), f.Close())
	}
	return s, nil
}

// found is what a segment file holds.
type found struct {
	payloads map[uint64][]byte // only with damage, to rewrite the segment
	last     uint64            // newest seq
	damaged  bool              // bytes that cannot be read stand before a good record
}

// openSegment reads a segment. With damage the segment is not usable until it is rewritten; a torn tail is left for clean.
func openSegment(path string, first uint64, size int64) (*segment, found, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, found{}, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, found{}, errors.Join(err, f.Close())
	}
	s := &segment{path: path, first: first, file: f, end: int64(len(magic)), size: max(size, int64(len(b)))}
	fd := found{last: first - 1}
	pos := len(magic)
	for pos < len(b) {
		seq, _, n, ok := readRecord(b[pos:])
		if !ok || seq != s.next() {
			break
		}
		s.offsets = append(s.offsets, uint32(pos))
		fd.last = seq
		pos += n
	}
	s.end = int64(min(pos, len(b)))
	if pos < len(magic) || pos > len(b) {
		s.end = int64(len(magic))
	}
	if later := recordsAfter(b, pos, fd.last); len(later) > 0 {
		fd.damaged = true
		fd.payloads = later
		for i, at := range s.offsets {
			if _, payload, _, ok := readRecord(b[at:]); ok {
				fd.payloads[first+uint64(i)] = payload
			}
		}
		for seq := range later {
			fd.last = max(fd.last, seq)
		}
	}
	return s, fd, nil
}

// recordsAfter looks for whole records with a seq above last anywhere behind pos. The checksum makes a false find a matter of one in four thousand
// million per place, and the seq must fit as well.
func recordsAfter(b []byte, pos int, last uint64) map[uint64][]byte {
	out := map[uint64][]byte{}
	for pos+headerLen <= len(b) {
		if binary.LittleEndian.Uint32(b[pos:]) == 0 {
			pos++
			continue
		}
		seq, payload, n, ok := readRecord(b[pos:])
		if !ok || seq <= last || seq > last+1_000_000 {
			pos++
			continue
		}
		out[seq] = payload
		last = seq
		pos += n
	}
	return out
}

// clean makes everything behind the last record zero again and the file its whole length: remains of a torn record must not stand where the next shorter
// one ends.
func (s *segment) clean() error {
	b := make([]byte, 64<<10)
	dirty := false
	for at := s.end; !dirty; {
		n, err := s.file.ReadAt(b, at)
		for _, c := range b[:n] {
			dirty = dirty || c != 0
		}
		at += int64(n)
		if err == io.EOF {
			dirty = dirty || at < s.size
			break
		}
		if err != nil {
			return err
		}
	}
	if head := make([]byte, len(magic)); !dirty {
		if _, err := s.file.ReadAt(head, 0); err != nil || [8]byte(head) != magic {
			dirty = true
		}
	}
	if !dirty {
		return nil
	}
	if err := errors.Join(s.write(magic[:], 0), s.zero(s.end)); err != nil {
		return err
	}
	return s.file.Sync()
}

// zero writes zeros from at to the end of the segment.
func (s *segment) zero(at int64) error {
	b := make([]byte, 64<<10)
	for at < s.size {
		n := min(int64(len(b)), s.size-at)
		if err := s.write(b[:n], at); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (s *segment) write(b []byte, at int64) error {
	_, err := s.file.WriteAt(b, at)
	return err
}

// payload reads the record with seq.
func (s *segment) payload(seq uint64) ([]byte, error) {
	i := seq - s.first
	end := s.end
	if i+1 < uint64(len(s.offsets)) {
		end = int64(s.offsets[i+1])
	}
	b := make([]byte, end-int64(s.offsets[i]))
	if _, err := s.file.ReadAt(b, int64(s.offsets[i])); err != nil {
		return nil, err
	}
	got, payload, _, ok := readRecord(b)
	if !ok || got != seq {
		return nil, fmt.Errorf("record %d of %s cannot be read any more: the disk has changed it", seq, filepath.Base(s.path))
	}
	return payload, nil
}
