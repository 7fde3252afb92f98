package expected

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	headSize = 9 + 8 + 8 + 4
	// rewritePage is how large the pages of a rewritten file are.
	rewritePage = 256 << 10
)

var (
	fileMagic  = []byte("BDEXPECT\x01")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func head(key uint64, since time.Time) []byte {
	b := append([]byte{}, fileMagic...)
	b = binary.LittleEndian.AppendUint64(b, key)
	b = binary.LittleEndian.AppendUint64(b, uint64(since.Unix()))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// load reads a file. The size in what it returns is how far the file is good; what stands behind is a torn tail. Without a whole snapshot of this key there is
// nothing but an error.
func load(r io.Reader, key uint64) (g *growth, cursor string, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	h := make([]byte, headSize)
	if _, err := io.ReadFull(in, h); err != nil {
		return nil, "", errors.New("the file is cut short")
	}
	switch {
	case string(h[:9]) != string(fileMagic):
		return nil, "", errors.New("it is no file of expected returns of this version")
	case crc32.Checksum(h[:headSize-4], castagnoli) != binary.LittleEndian.Uint32(h[headSize-4:]):
		return nil, "", errors.New("its head is damaged")
	case binary.LittleEndian.Uint64(h[9:]) != key:
		return nil, "", errors.New("it belongs to another enrolment")
	}
	g = &growth{store: newStore(), size: headSize, since: time.Unix(int64(binary.LittleEndian.Uint64(h[17:])), 0).UTC()}
	whole := false // a complete snapshot came by
	for first := true; ; first = false {
		p, n, err := readPage(in)
		if err != nil || p.Begin != first {
			break
		}
		g.store.apply(p)
		cursor = p.Cursor
		g.size += n
		whole = whole || p.Complete
	}
	if !whole {
		return nil, "", errors.New("its snapshot is damaged")
	}
	return g, cursor, nil
}

func readPage(in io.Reader) (wire.ExpectedPage, int64, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return wire.ExpectedPage{}, 0, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n > wire.MaxExpectedPage {
		return wire.ExpectedPage{}, 0, fmt.Errorf("a page of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return wire.ExpectedPage{}, 0, err
	}
	p, err := wire.DecodeExpected(body)
	return p, 4 + int64(n), err
}

func writePage(f *os.File, at int64, body []byte) (int64, error) {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	n, err := f.WriteAt(append(b, body...), at)
	return int64(n), err
}

// begin makes the file of a snapshot beside the one in force.
func (g *growth) begin(path string, key uint64) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	g.file, g.size = f, headSize
	_, err = f.Write(head(key, g.since))
	return err
}

func (g *growth) write(body []byte) error {
	n, err := writePage(g.file, g.size, body)
	g.size += n
	return err
}

// writeAll writes what is in memory as one snapshot.
func (g *growth) writeAll(cursor string) error {
	p := wire.ExpectedPage{Begin: true, Cursor: cursor}
	var failed error
	size := 0
	flush := func(n int) {
		if size += n; size < rewritePage || failed != nil {
			return
		}
		failed = g.write(p.Encode())
		p, size = wire.ExpectedPage{Cursor: cursor}, 0
	}
	g.store.walk(func(v wire.ExpectedSKU, _ uint32) {
		p.SKUs = append(p.SKUs, v)
		flush(8 + 8*len(v.Codes))
	}, func(v wire.ExpectedReturn, _ uint32) {
		p.Returns = append(p.Returns, v)
		flush(8 + 9*sumsOf(v) + 8*len(v.Lines))
	})
	p.Complete = true
	return errors.Join(failed, g.write(p.Encode()))
}

// replace makes the snapshot durable and puts it in the place of the old file.
func (g *growth) replace(path string) error {
	if err := errors.Join(g.file.Sync(), g.file.Close()); err != nil {
		return err
	}
	return disk.Replace(path)
}

// drop goes on without a file.
func (g *growth) drop() {
	if g.file != nil {
		g.file.Close()
		_ = os.Remove(g.file.Name()) // written over by the next one
	}
	g.file, g.size = nil, 0
}
