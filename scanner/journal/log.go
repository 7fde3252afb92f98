package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/scanner/disk"
)

// log is a run of segments: records with seq 1, 2, 3 … of which the oldest may be gone. Not safe for concurrent use; Journal locks.
type log struct {
	dir, prefix string
	size        int64
	segments    []*segment
	failed      error // sticky
	hits        hits
	buf         []byte
}

// hits are the kill points of a log; scans and outcomes have their own.
type hits struct{ before, written, synced func() }

// openLog reads dir/prefix-*.log, or starts at 1. fill makes the record that stands for one that is lost; without it the log ends before the first loss.
// damage counts the lost records.
func openLog(dir, prefix string, size int64, h hits, fill func(seq uint64) []byte) (l *log, damage int, err error) {
	l = &log{dir: dir, prefix: prefix, size: size, hits: h}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	names, err := filepath.Glob(filepath.Join(dir, prefix+"-*.log"))
	if err != nil {
		return l, 0, err
	}
	slices.Sort(names)
	for i, name := range names {
		first, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), prefix+"-"), ".log"), 10, 64)
		if err != nil || first == 0 {
			return l, damage, fmt.Errorf("%s is no segment of this journal: move it away", name)
		}
		var until uint64 // seq at which the next segment begins; 0 for the last
		if i+1 < len(names) {
			until, _ = strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(names[i+1]), prefix+"-"), ".log"), 10, 64)
		}
		lost, err := l.load(name, first, until, fill)
		damage += lost
		if err != nil {
			return l, damage, err
		}
		if lost > 0 && fill == nil {
			for _, later := range names[i+1:] {
				if err := errors.Join(aside(later), os.Remove(later)); err != nil {
					return l, damage, err
				}
			}
			break
		}
	}
	if len(l.segments) == 0 {
		return l, damage, l.roll(1)
	}
	return l, damage, nil
}

// load opens one segment and mends it.
func (l *log) load(path string, first, until uint64, fill func(uint64) []byte) (lost int, err error) {
	s, fd, err := openSegment(path, first, l.size)
	if err != nil {
		return 0, fmt.Errorf("open segment: %w", err)
	}
	if until > 0 && fd.last != until-1 {
		fd.damaged = true
		if fd.last >= until {
			return 0, errors.Join(fmt.Errorf("%s holds records of the next segment: move it away", path), s.file.Close())
		}
		if fd.payloads == nil {
			fd.payloads = map[uint64][]byte{}
			for seq := first; seq <= fd.last; seq++ {
				if fd.payloads[seq], err = s.payload(seq); err != nil {
					return 0, errors.Join(err, s.file.Close())
				}
			}
		}
		fd.last = until - 1
	}
	if !fd.damaged {
		l.segments = append(l.segments, s)
		return 0, s.clean()
	}
	if err := s.file.Close(); err != nil {
		return 0, err
	}
	return l.rewrite(path, first, fd, fill)
}

// rewrite replaces a damaged segment: what can be read, and a stand-in for what cannot. The old file stays beside it.
func (l *log) rewrite(path string, first uint64, fd found, fill func(uint64) []byte) (lost int, err error) {
	tmp := path + ".part"
	var records []byte
	for seq := first; seq <= fd.last; seq++ {
		payload := fd.payloads[seq]
		if payload == nil {
			lost++
			if fill == nil {
				break
			}
			payload = fill(seq)
		}
		records = appendRecord(records, seq, payload)
	}
	s, err := createSegment(tmp, first, max(l.size, int64(len(magic)+len(records))))
	if err != nil {
		return lost, err
	}
	err = errors.Join(s.write(records, int64(len(magic))), s.file.Sync(), s.file.Close())
	if err == nil {
		err = aside(path)
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = disk.SyncDir(l.dir)
	}
	if err != nil {
		return lost, fmt.Errorf("mend %s: %w", path, err)
	}
	s, _, err = openSegment(path, first, l.size)
	if err != nil {
		return lost, err
	}
	l.segments = append(l.segments, s)
	return lost, nil
}

// aside keeps a damaged file under a name that no segment has.
func aside(path string) error {
	for n := 1; ; n++ {
		kept := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := os.Lstat(kept); errors.Is(err, os.ErrNotExist) {
			return os.Link(path, kept)
		} else if err != nil {
			return err
		}
	}
}

// first is the oldest seq that is kept, next the one that the next record gets.
func (l *log) first() uint64 { return l.segments[0].first }
func (l *log) next() uint64  { return l.segments[len(l.segments)-1].next() }

// append makes payloads durable as records next, next+1, ….
func (l *log) append(payloads ...[]byte) error {
	if l.failed != nil {
		return l.failed
	}
	for _, p := range payloads {
		if len(p) == 0 || len(p) > MaxPayload {
			return fmt.Errorf("record of %d bytes: want 1 to %d", len(p), MaxPayload) // nothing was written: the journal goes on
		}
	}
	err := l.tryAppend(payloads)
	if err != nil {
		l.failed = fmt.Errorf("the journal failed and takes no more: %w", err)
		return l.failed
	}
	return nil
}

func (l *log) tryAppend(payloads [][]byte) error {
	s := l.segments[len(l.segments)-1]
	l.buf = l.buf[:0]
	var offsets []uint32
	seq := s.next()
	for _, p := range payloads {
		offsets = append(offsets, uint32(s.end)+uint32(len(l.buf)))
		l.buf = appendRecord(l.buf, seq, p)
		seq++
	}
	if s.end+int64(len(l.buf)) > s.size && len(s.offsets) > 0 {
		if err := l.roll(s.next()); err != nil {
			return err
		}
		return l.tryAppend(payloads)
	}
	l.hits.before()
	if err := s.write(l.buf, s.end); err != nil {
		return err
	}
	l.hits.written()
	if err := syncData(s.file); err != nil {
		return err
	}
	l.hits.synced()
	s.offsets = append(s.offsets, offsets...)
	s.end += int64(len(l.buf))
	return nil
}

// roll starts a new segment.
func (l *log) roll(first uint64) error {
	s, err := createSegment(filepath.Join(l.dir, fmt.Sprintf("%s-%020d.log", l.prefix, first)), first, l.size)
	if err != nil {
		return err
	}
	l.segments = append(l.segments, s)
	return nil
}

// payload reads record seq, which must be in [first, next).
func (l *log) payload(seq uint64) ([]byte, error) {
	for i := len(l.segments) - 1; i >= 0; i-- {
		if s := l.segments[i]; seq >= s.first {
			if seq >= s.next() {
				break
			}
			return s.payload(seq)
		}
	}
	return nil, fmt.Errorf("no record %d: the journal holds %d to %d", seq, l.first(), l.next()-1)
}

// cut forgets every record above seq.
func (l *log) cut(seq uint64) error {
	for len(l.segments) > 1 && l.segments[len(l.segments)-1].first > seq {
		if err := l.remove(len(l.segments) - 1); err != nil {
			return err
		}
	}
	s := l.segments[len(l.segments)-1]
	if seq+1 >= s.next() {
		return nil
	}
	if seq+1 < s.first {
		if err := l.remove(len(l.segments) - 1); err != nil {
			return err
		}
		return l.roll(seq + 1)
	}
	s.end = int64(s.offsets[seq+1-s.first])
	s.offsets = s.offsets[:seq+1-s.first]
	return s.clean()
}

// trim deletes whole segments of records up to seq, but the newest keep of them and the one being written.
func (l *log) trim(seq uint64, keep int) error {
	done := 0
	for done+1 < len(l.segments) && l.segments[done+1].first <= seq+1 {
		done++
	}
	for ; done > keep; done-- {
		if err := l.remove(0); err != nil {
			return err
		}
	}
	return nil
}

func (l *log) remove(i int) error {
	s := l.segments[i]
	l.segments = slices.Delete(l.segments, i, i+1)
	return errors.Join(s.file.Close(), os.Remove(s.path), disk.SyncDir(l.dir))
}

func (l *log) close() error {
	var errs []error
	for _, s := range l.segments {
		errs = append(errs, s.file.Close())
	}
	l.segments = nil
	return errors.Join(errs...)
}
