package journal

import (
	"os"
	"testing"

	"github.com/backdock/backdock/scanner"
)

// FuzzReopen overwrites part of a segment with anything and shortens it. Opening must not fail or panic; every scan that can be read is the one that was
// written, or one flagged damaged; those before the overwritten place are all there.
func FuzzReopen(f *testing.F) {
	f.Add([]byte{0}, uint16(40), uint16(0))
	f.Add([]byte("\xff\xff\xff\xff"), uint16(300), uint16(100))
	f.Add(make([]byte, 700), uint16(9), uint16(0))
	f.Add(appendRecord(nil, 3, []byte(`{"seq":3,"data":"forged"}`)), uint16(8), uint16(0))
	f.Fuzz(func(t *testing.T, garbage []byte, at, short uint16) {
		const written, size = 8, 4 << 10
		dir := t.TempDir()
		j := mustOpen(t, dir, size)
		write(t, j, 1, written)
		s := j.scans.segments[0]
		path, offsets, end := s.path, append([]uint32(nil), s.offsets...), s.end
		mustClose(t, j)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		from := min(int(at), len(b))
		copy(b[from:], garbage)
		keep := max(0, len(b)-int(short))
		if err := os.WriteFile(path, b[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		untouched := 0 // scans wholly before the garbage and the cut
		for i := range offsets {
			stop := end
			if i+1 < len(offsets) {
				stop = int64(offsets[i+1])
			}
			if stop <= int64(min(from, keep)) {
				untouched = i + 1
			}
		}
		j = mustOpen(t, dir, size)
		if int(j.NextSeq()) <= untouched {
			t.Fatalf("next is %d, %d scans were not touched", j.NextSeq(), untouched)
		}
		for seq := uint64(1); seq < j.NextSeq(); seq++ {
			got, err := j.Read(seq, 1)
			if err != nil {
				t.Fatal(err)
			}
			forged := len(garbage) > headerLen // long enough to carry a checksum of its own
			if got[0].Data != scanOf(int(seq)).Data && !got[0].Has(scanner.Damaged) && !forged {
				t.Fatalf("scan %d reads as %+v", seq, got[0])
			}
			if int(seq) <= untouched && got[0].Data != scanOf(int(seq)).Data {
				t.Fatalf("scan %d, not touched, reads as %+v", seq, got[0])
			}
		}
		next := scanOf(0)
		if _, err := j.Append(&next); err != nil {
			t.Fatal(err)
		}
	})
}
