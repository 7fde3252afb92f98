package guess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner/disk"
)

const (
	opSaid    = "said"
	opDiffers = "differs"
	opOver    = "over" // confirmed, or settled

	// spare is how many entries that no longer matter the file may hold.
	spare = 4096
)

// entry is one line of the file.
type entry struct {
	Op       string      `json:"op"`
	Said     *Said       `json:"entry,omitempty"`
	Differs  *Difference `json:"difference,omitempty"`
	Producer string      `json:"producer,omitempty"`
	Seq      uint64      `json:"seq,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (e entry) line() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "%08x ", crc32.Checksum(text, castagnoli)), append(text, '\n')...), nil
}

// parse reads one line without its end.
func parse(line []byte) (e entry, ok bool) {
	if len(line) < 10 || line[8] != ' ' {
		return e, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(line[9:], castagnoli) || json.Unmarshal(line[9:], &e) != nil {
		return e, false
	}
	switch e.Op {
	case opSaid:
		return e, e.Said != nil
	case opDiffers:
		return e, e.Differs != nil
	}
	return e, e.Op == opOver
}

// replay takes the entries of a file over and returns how many could not be read.
func (b *Book) replay(text []byte) (bad int) {
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		e, ok := parse(line)
		if !ok {
			bad++
			continue
		}
		switch e.Op {
		case opSaid:
			b.said[key{e.Said.Producer, e.Said.Seq}] = *e.Said
		case opDiffers:
			k := key{e.Differs.Producer, e.Differs.Seq}
			delete(b.said, k)
			b.open[k] = *e.Differs
		default:
			delete(b.said, key{e.Producer, e.Seq})
			delete(b.open, key{e.Producer, e.Seq})
		}
	}
	return bad
}

// write appends entries. A file that failed is written no more: what is in memory is still shown.
func (b *Book) write(entries ...entry) error {
	if b.failed != nil || b.file == nil {
		return b.failed
	}
	var buf []byte
	for _, e := range entries {
		line, err := e.line()
		if err != nil {
			return fmt.Errorf("keep guesses: %w", err)
		}
		buf = append(buf, line...)
	}
	if _, err := b.file.Write(buf); err != nil {
		return b.fail(err)
	}
	b.lines += len(entries)
	killpoint.Hit("guess.written")
	if b.lines > 2*(len(b.said)+len(b.open))+spare {
		if err := b.rewrite(); err != nil {
			return b.fail(err)
		}
	}
	return nil
}

func (b *Book) sync() error {
	if b.failed != nil || b.file == nil {
		return b.failed
	}
	if err := b.file.Sync(); err != nil {
		return b.fail(err)
	}
	return nil
}

func (b *Book) fail(err error) error {
	b.failed = fmt.Errorf("keep guesses: %w", err)
	return b.failed
}

// rewrite replaces the file by one that holds only what still matters. A crash leaves the old or the new one.
func (b *Book) rewrite() error {
	var buf []byte
	add := func(e entry) error {
		line, err := e.line()
		buf = append(buf, line...)
		return err
	}
	for _, s := range b.said {
		if err := add(entry{Op: opSaid, Said: &s}); err != nil {
			return err
		}
	}
	for _, d := range b.open {
		if err := add(entry{Op: opDiffers, Differs: &d}); err != nil {
			return err
		}
	}
	if b.file != nil {
		// Windows replaces no open file.
		if err := b.file.Close(); err != nil {
			return err
		}
		b.file = nil
	}
	killpoint.Hit("guess.rewriting")
	if err := disk.WriteFile(b.path, buf); err != nil {
		return err
	}
	killpoint.Hit("guess.rewritten")
	var err error
	if b.file, err = os.OpenFile(b.path, os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	b.lines = len(b.said) + len(b.open)
	return nil
}
