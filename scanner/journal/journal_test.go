package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
)

var day = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func scanOf(i int) scanner.Scan {
	data := fmt.Sprintf("69%011d", i)
	return scanner.Scan{Device: "left", Source: scanner.FromDevice, CapturedAt: day.Add(time.Duration(i) * time.Second), MonoMicros: int64(i), Raw: []byte(data), Data: data, Charset: "utf-8"}
}

func mustOpen(t *testing.T, dir string, size int64) *Journal {
	t.Helper()
	j, err := open(dir, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func mustClose(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, j *Journal, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		s := scanOf(i)
		if _, err := j.Append(&s); err != nil {
			t.Fatal(err)
		}
		if s.Seq != uint64(i) {
			t.Fatalf("scan %d got seq %d", i, s.Seq)
		}
	}
}

// holds checks that scans from…to are there as they were written.
func holds(t *testing.T, j *Journal, from, to int) {
	t.Helper()
	for seq := from; seq <= to; {
		got, err := j.Read(uint64(seq), min(16, to-seq+1))
		if err != nil || len(got) == 0 {
			t.Fatalf("read %d: %d scans, %v", seq, len(got), err)
		}
		for _, s := range got {
			if s.Seq != uint64(seq) || s.Data != scanOf(seq).Data || !s.CapturedAt.Equal(scanOf(seq).CapturedAt) {
				t.Fatalf("scan %d reads as %+v", seq, s)
			}
			seq++
		}
	}
}

func answers(from, to int) []scanner.Outcome {
	var out []scanner.Outcome
	for i := from; i <= to; i++ {
		out = append(out, scanner.Outcome{Seq: uint64(i), Verdict: scanner.Accepted, Code: scanner.CodeMatched, At: day})
	}
	return out
}

func TestReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 4<<10)
	producer := j.Producer()
	write(t, j, 1, 100)
	if _, err := j.StoreOutcomes(answers(1, 40)); err != nil {
		t.Fatal(err)
	}
	mustClose(t, j)

	j = mustOpen(t, dir, 4<<10)
	if j.Producer() != producer || j.NextSeq() != 101 || j.OutcomeSeq() != 40 || j.Damage() != 0 {
		t.Fatalf("reopened as %s next %d outcomes %d damage %d", j.Producer(), j.NextSeq(), j.OutcomeSeq(), j.Damage())
	}
	holds(t, j, int(j.FirstSeq()), 100)
	recent, err := j.Recent(70)
	if err != nil || len(recent) != 70 {
		t.Fatalf("recent: %d, %v", len(recent), err)
	}
	for i, e := range recent {
		if e.Scan.Seq != uint64(100-i) || (e.Outcome != nil) != (e.Scan.Seq <= 40) || (e.Outcome != nil && e.Outcome.Seq != e.Scan.Seq) {
			t.Fatalf("recent %d: %+v", i, e)
		}
	}
	write(t, j, 101, 110)
	holds(t, j, 60, 110)
}

func TestOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustOpen(t, dir, SegmentSize)
	if j, err := Open(dir); err == nil {
		j.Close()
		t.Fatal("a second agent opened the same journal")
	}
}

func TestOutcomesInOrder(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, t.TempDir(), SegmentSize)
	write(t, j, 1, 10)
	for _, bad := range [][]scanner.Outcome{answers(2, 3), append(answers(1, 2), answers(4, 4)...), answers(1, 11)} {
		if _, err := j.StoreOutcomes(bad); !errors.Is(err, ErrGap) {
			t.Fatalf("outcomes %d… gave %v, want ErrGap", bad[0].Seq, err)
		}
	}
	if j.OutcomeSeq() != 0 {
		t.Fatalf("refused outcomes moved the cursor to %d", j.OutcomeSeq())
	}
	if _, err := j.StoreOutcomes(answers(1, 4)); err != nil {
		t.Fatal(err)
	}
	again := answers(3, 6)
	again[0].Code = scanner.CodeOver
	fresh, err := j.StoreOutcomes(again)
	if err != nil || len(fresh) != 2 || fresh[0].Seq != 5 {
		t.Fatalf("fresh = %+v, %v", fresh, err)
	}
	recent, err := j.Recent(8)
	if err != nil || recent[7].Outcome.Code != scanner.CodeMatched {
		t.Fatalf("the first answer to 3 did not stand: %+v, %v", recent[7].Outcome, err)
	}
	if err := j.ForgetOutcomes(2); err != nil {
		t.Fatal(err)
	}
	if j.OutcomeSeq() != 2 {
		t.Fatalf("outcomes up to %d, want 2", j.OutcomeSeq())
	}
	if _, err := j.StoreOutcomes(again); err != nil {
		t.Fatal(err)
	}
	if recent, _ = j.Recent(8); recent[7].Outcome.Code != scanner.CodeOver {
		t.Fatalf("after a restored server 3 is answered %+v", recent[7].Outcome)
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 2<<10)
	write(t, j, 1, 200)
	if j.FirstSeq() != 1 {
		t.Fatal("scans without an outcome were deleted")
	}
	for i := 1; i <= 200; i += 10 {
		if _, err := j.StoreOutcomes(answers(i, i+9)); err != nil {
			t.Fatal(err)
		}
	}
	if first := j.FirstSeq(); first == 1 || first > 160 {
		t.Fatalf("after all outcomes the journal begins at %d", first)
	}
	if n := len(j.scans.segments); n != KeepSegments+1 {
		t.Fatalf("%d segments, want %d", n, KeepSegments+1)
	}
	first := int(j.FirstSeq())
	mustClose(t, j)
	j = mustOpen(t, dir, 2<<10)
	holds(t, j, first, 200)
	if j.OutcomeSeq() != 200 || j.NextSeq() != 201 {
		t.Fatalf("reopened at next %d, outcomes %d", j.NextSeq(), j.OutcomeSeq())
	}
	// Deep below: a restored server cannot have those back, and says so.
	if err := j.ForgetOutcomes(3); err != nil {
		t.Fatal(err)
	}
	if j.OutcomeSeq() != 3 {
		t.Fatalf("outcomes up to %d, want 3", j.OutcomeSeq())
	}
}

func TestFailureIsFinal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, SegmentSize)
	write(t, j, 1, 3)
	j.scans.segments[0].file.Close()
	s := scanOf(4)
	if _, err := j.Append(&s); err == nil {
		t.Fatal("Append on a closed file returned nil")
	}
	f, err := os.OpenFile(j.scans.segments[0].path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	j.scans.segments[0].file = f
	if _, err := j.Append(&s); err == nil || !strings.Contains(err.Error(), "takes no more") {
		t.Fatalf("after a failure Append gave %v", err)
	}
	if _, err := j.Renew(1); err == nil {
		t.Fatal("a failed journal was renewed")
	}
}

// When outcomes cannot be stored the disk is as bad as when scans cannot: nothing more may beep.
func TestOutcomeFailureIsFinal(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, t.TempDir(), SegmentSize)
	write(t, j, 1, 3)
	j.outcomes.segments[0].file.Close()
	if _, err := j.StoreOutcomes(answers(1, 1)); err == nil {
		t.Fatal("outcomes were stored in a closed file")
	}
	s := scanOf(4)
	if _, err := j.Append(&s); err == nil {
		t.Fatal("a scan was taken after the disk failed")
	}
	if got, err := j.Read(1, 3); err != nil || len(got) != 3 {
		t.Fatalf("what was safe cannot be sent any more: %d scans, %v", len(got), err)
	}
}

// A record that is too long is refused before anything is written; the journal goes on.
func TestTooLongIsNotFinal(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, t.TempDir(), SegmentSize)
	s := scanOf(1)
	s.Device = strings.Repeat("x", MaxPayload)
	if _, err := j.Append(&s); err == nil {
		t.Fatal("a record beyond the limit was taken")
	}
	write(t, j, 1, 2)
}

// tail writes n scans into a fresh directory and returns the path of the only segment and where the last record begins and ends.
func tail(t *testing.T, n int) (dir, path string, begin, end int64) {
	t.Helper()
	dir = t.TempDir()
	j := mustOpen(t, dir, 4<<10)
	write(t, j, 1, n)
	s := j.scans.segments[0]
	path, begin, end = s.path, int64(s.offsets[n-1]), s.end
	mustClose(t, j)
	return dir, path, begin, end
}

// The last record is cut at every byte, by a shorter file and by zeros: what was whole before the cut is there, and nothing else.
func TestTruncateEveryByte(t *testing.T) {
	t.Parallel()
	dir, path, begin, end := tail(t, 6)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, b []byte, want int) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := open(dir, 4<<10)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer j.Close()
		if int(j.NextSeq()) != want+1 || j.Damage() != 0 {
			t.Fatalf("%s: next is %d with %d damaged, want %d", name, j.NextSeq(), j.Damage(), want+1)
		}
		if want > 0 {
			holds(t, j, 1, want)
		}
		write(t, j, want+1, want+2)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = open(dir, 4<<10); err != nil {
			t.Fatalf("%s, again: %v", name, err)
		}
		defer j.Close()
		if int(j.NextSeq()) != want+3 || j.Damage() != 0 {
			t.Fatalf("%s, again: next is %d with %d damaged, want %d", name, j.NextSeq(), j.Damage(), want+3)
		}
		holds(t, j, 1, want+2)
	}
	for cut := begin; cut <= end; cut++ {
		want := 5
		if cut == end {
			want = 6
		}
		check(fmt.Sprintf("cut at %d", cut-begin), whole[:cut], want)
		zeroed := append(append([]byte(nil), whole[:cut]...), make([]byte, len(whole)-int(cut))...)
		check(fmt.Sprintf("zeros from %d", cut-begin), zeroed, want)
		// A disk may write the later sectors of a record and not the earlier ones.
		if cut > begin && cut < end {
			torn := append([]byte(nil), whole...)
			clear(torn[begin:cut])
			check(fmt.Sprintf("zeros up to %d", cut-begin), torn, 5)
		}
	}
	for cut := 0; cut < len(magic)+2; cut++ {
		check(fmt.Sprintf("head cut at %d", cut), whole[:cut], 0)
	}
}

// One byte of a record that others follow is flipped, at every place: the others arrive, the lost one is a damaged scan, the old file is kept.
func TestFlipEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 4<<10)
	write(t, j, 1, 5)
	s := j.scans.segments[0]
	path, begin, end := s.path, int64(s.offsets[2]), int64(s.offsets[3])
	mustClose(t, j)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := begin; at < end; at++ {
		b := append([]byte(nil), whole...)
		b[at] ^= 0x41
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := open(dir, 4<<10)
		if err != nil {
			t.Fatalf("byte %d: %v", at-begin, err)
		}
		if j.NextSeq() != 6 || j.Damage() != 1 {
			t.Fatalf("byte %d: next %d, damage %d", at-begin, j.NextSeq(), j.Damage())
		}
		holds(t, j, 1, 2)
		holds(t, j, 4, 5)
		got, err := j.Read(3, 1)
		if err != nil || !got[0].Has(scanner.Damaged) || got[0].Data != "" || got[0].Seq != 3 {
			t.Fatalf("byte %d: the lost scan reads as %+v, %v", at-begin, got, err)
		}
		mustClose(t, j)
	}
	kept, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(kept) != int(end-begin) {
		t.Fatalf("%d damaged files kept, want %d (%v)", len(kept), end-begin, err)
	}
}

func TestLostSegment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 2<<10)
	write(t, j, 1, 40)
	if _, err := j.StoreOutcomes(answers(1, 30)); err != nil {
		t.Fatal(err)
	}
	second := j.scans.segments[1]
	first, next, path := int(second.first), int(second.next()), second.path
	mustClose(t, j)
	if err := os.Truncate(path, 20); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, 2<<10)
	if j.NextSeq() != 41 || j.Damage() != next-first {
		t.Fatalf("next %d, damage %d, want 41 and %d", j.NextSeq(), j.Damage(), next-first)
	}
	holds(t, j, 1, first-1)
	holds(t, j, next, 40)
}

// Damaged outcomes are not needed: they are forgotten from there on and asked for again.
func TestDamagedOutcomes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 2<<10)
	write(t, j, 1, 60)
	if _, err := j.StoreOutcomes(answers(1, 60)[:50]); err != nil {
		t.Fatal(err)
	}
	for i := 51; i <= 60; i++ {
		if _, err := j.StoreOutcomes(answers(i, i)); err != nil {
			t.Fatal(err)
		}
	}
	s := j.outcomes.segments[0]
	path, at := s.path, int64(s.offsets[9])+20
	mustClose(t, j)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), at); err != nil {
		t.Fatal(err)
	}
	f.Close()
	j = mustOpen(t, dir, 2<<10)
	if j.OutcomeSeq() != 9 || j.NextSeq() != 61 || j.Damage() != 0 {
		t.Fatalf("outcomes up to %d, want 9", j.OutcomeSeq())
	}
	if _, err := j.StoreOutcomes(answers(10, 60)); err != nil {
		t.Fatal(err)
	}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 2<<10)
	write(t, j, 1, 40)
	old := j.Producer()
	n, err := j.Renew(31)
	if err != nil || n != 10 {
		t.Fatalf("carried %d, %v", n, err)
	}
	check := func() {
		t.Helper()
		if j.Producer() == old || j.NextSeq() != 11 || j.OutcomeSeq() != 0 {
			t.Fatalf("renewed as %s, next %d, outcomes %d", j.Producer(), j.NextSeq(), j.OutcomeSeq())
		}
		got, err := j.Read(1, 16)
		if err != nil || len(got) != 10 {
			t.Fatalf("%d scans, %v", len(got), err)
		}
		for i, s := range got {
			if s.Seq != uint64(i+1) || s.Data != scanOf(31+i).Data || !s.CapturedAt.Equal(scanOf(31+i).CapturedAt) {
				t.Fatalf("carried scan %+v", s)
			}
		}
		aside, err := j.Aside()
		if err != nil || len(aside) != 1 || aside[0] != old {
			t.Fatalf("aside %v, %v", aside, err)
		}
	}
	check()
	mustClose(t, j)
	j = mustOpen(t, dir, 2<<10)
	check()
}

func TestCurrentMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 2<<10)
	write(t, j, 1, 1)
	producer := j.Producer()
	mustClose(t, j)
	if err := os.Remove(filepath.Join(dir, "current")); err != nil {
		t.Fatal(err)
	}
	if j, err := open(dir, 2<<10); err == nil || !strings.Contains(err.Error(), producer) {
		if err == nil {
			j.Close()
		}
		t.Fatalf("a journal whose scans may be unsent was passed over: %v", err)
	}
}

// The longest scan the station can make still fits a record.
func TestLongestScan(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, t.TempDir(), 4<<10)
	s := scanOf(1)
	s.Raw = []byte(strings.Repeat("\x01", 8<<10))
	s.Data = strings.Repeat("\x01", 16<<10)
	for range 3 {
		if _, err := j.Append(&s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.Read(1, 16)
	if err != nil || len(got) != 2 || got[1].Data != s.Data {
		t.Fatalf("%d scans, %v, want 2: a third would pass MaxRead", len(got), err)
	}
}
