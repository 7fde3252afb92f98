package guess

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
)

var at = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *Book {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func saidOf(seq uint64, code Code) Said {
	return Said{Producer: "p", Seq: seq, Data: fmt.Sprint("code ", seq), Device: "gun", CapturedAt: at.Add(time.Duration(seq) * time.Second), MonoMicros: int64(seq), Answer: Answer{Verdict: "accepted", Code: code}}
}

func outcome(seq uint64, v scanner.Verdict, c scanner.Code) scanner.Outcome {
	return scanner.Outcome{Seq: seq, Verdict: v, Code: c, At: at}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		said    Code
		verdict scanner.Verdict
		truth   scanner.Code
		agrees  bool
	}{
		{Match, scanner.Accepted, scanner.CodeMatched, true},
		{Match, scanner.Attention, scanner.CodeOver, false},
		{Match, scanner.Duplicate, scanner.CodeSerialTaken, false},
		{NotExpected, scanner.Attention, scanner.CodeWrongItem, true},
		{NotExpected, scanner.Accepted, scanner.CodeMatched, false},
		{Enough, scanner.Attention, scanner.CodeOver, true},
		{Parcel, scanner.Accepted, scanner.CodeParcelOpened, true},
		{Parcel, scanner.Attention, scanner.CodeAlreadyReceived, false},
		{Parcel, scanner.Attention, scanner.CodeCaseOver, false},
		{Closed, scanner.Attention, scanner.CodeClosedShort, false},
		{Unknown, scanner.Accepted, scanner.CodeMatched, true},
		{Unknown, scanner.Duplicate, scanner.CodeDoubleRead, true},
		{Unknown, scanner.Attention, scanner.CodeWrongItem, false}, // the clerk was told nothing and has to act
		{Unknown, scanner.Rejected, scanner.CodeUnknownCode, false},
	} {
		if got := (Answer{Code: tc.said}).Agrees(outcome(1, tc.verdict, tc.truth)); got != tc.agrees {
			t.Errorf("%s against %s: agrees is %v", tc.said, tc.truth, got)
		}
	}
	for _, c := range Codes {
		if c != Unknown && len(confirmedBy[c]) == 0 {
			t.Errorf("no outcome confirms %s", c)
		}
		for _, o := range confirmedBy[c] {
			if !slices.Contains(scanner.Codes, o) {
				t.Errorf("%s is confirmed by %s, which no outcome has", c, o)
			}
		}
	}
}

func numbers(t *testing.T, b *Book) string {
	t.Helper()
	list, all := b.Differences(100)
	if all != len(list) {
		t.Fatalf("%d of %d", len(list), all)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%d %s/%s", d.Seq, d.Answer.Code, d.Outcome.Code))
	}
	return strings.Join(out, ", ")
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// An answer is compared once, whatever comes twice; a difference stands through restarts until it is settled, and then never comes back.
func TestDifferencesStandUntilSettled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	for seq := uint64(1); seq <= 5; seq++ {
		if err := b.Say(saidOf(seq, Match)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Say(saidOf(2, Enough)); err != nil { // the clerk was told the first one
		t.Fatal(err)
	}
	if a, ok := b.Of("p", 2); !ok || a.Code != Match {
		t.Fatalf("said of 2: %+v", a)
	}
	truth := []scanner.Outcome{outcome(1, scanner.Accepted, scanner.CodeMatched), outcome(2, scanner.Attention, scanner.CodeOver), outcome(3, scanner.Attention, scanner.CodeWrongItem), outcome(9, scanner.Attention, scanner.CodeOver)}
	if n := must[int](t)(b.Compare("p", truth, at)); n != 2 {
		t.Fatalf("%d differ", n)
	}
	if n := must[int](t)(b.Compare("p", truth, at)); n != 0 {
		t.Fatalf("%d differ the second time", n)
	}
	if n := must[int](t)(b.Compare("other", truth, at)); n != 0 {
		t.Fatalf("%d of another producer", n)
	}
	const want = "2 provisional_match/over, 3 provisional_match/wrong_item"
	for life := range 3 {
		if got := numbers(t, b); got != want {
			t.Fatalf("life %d: %s", life, got)
		}
		if w := b.Waiting("p"); len(w) != 2 || w[0].Seq != 4 || w[1].Seq != 5 {
			t.Fatalf("life %d: waiting %+v", life, w)
		}
		if err := b.Say(saidOf(2, Match)); err != nil {
			t.Fatal(err)
		}
		b.Close()
		b = open(t, dir)
	}
	if !must[bool](t)(b.Settle("p", 2)) || must[bool](t)(b.Settle("p", 2)) || must[bool](t)(b.Settle("p", 4)) {
		t.Fatal("settled wrongly")
	}
	b.Close()
	b = open(t, dir)
	if n := must[int](t)(b.Compare("p", truth, at)); n != 0 || numbers(t, b) != "3 provisional_match/wrong_item" {
		t.Fatalf("after settling: %s", numbers(t, b))
	}
	if err := b.Rename(b.Waiting("p")[0], "q", 1); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, dir)
	if p, q := b.Waiting("p"), b.Waiting("q"); len(p) != 1 || len(q) != 1 || q[0].Seq != 1 || q[0].Data != "code 4" {
		t.Fatalf("renamed: %+v, %+v", p, q)
	}
}

// A damaged line costs that entry; the file does not grow without end.
func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	for seq := uint64(1); seq <= 20_000; seq++ {
		if err := b.Say(saidOf(seq, Match)); err != nil {
			t.Fatal(err)
		}
		if seq%2 == 0 {
			must[int](t)(b.Compare("p", []scanner.Outcome{outcome(seq-1, scanner.Accepted, scanner.CodeMatched), outcome(seq, scanner.Accepted, scanner.CodeMatched)}, at))
		}
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Size() > 2<<20 {
		t.Fatalf("the file has %d bytes, %v", info.Size(), err)
	}
	for seq := uint64(30_001); seq <= 30_003; seq++ {
		if err := b.Say(saidOf(seq, Match)); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	damaged := strings.Replace(string(text), "code 30002", "code 3OOO2", 1)
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(damaged[:len(damaged)-7]), 0o600); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
	if w := b.Waiting("p"); b.Damaged() != 2 || len(w) != 1 || w[0].Seq != 30_001 {
		t.Fatalf("%d damaged, waiting %+v", b.Damaged(), w)
	}
	if err := b.Say(saidOf(30_002, Match)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if b = open(t, dir); b.Damaged() != 0 || len(b.Waiting("p")) != 2 {
		t.Fatalf("after mending: %d damaged, %+v", b.Damaged(), b.Waiting("p"))
	}
}

const childEnv = "BACKDOCK_TEST_GUESS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child says, compares and settles for ever, and tells each step that is done.
func child(dir string) {
	b, err := Open(dir)
	if err != nil {
		panic(err)
	}
	next := uint64(1)
	for _, s := range b.Waiting("p") {
		next = max(next, s.Seq+1)
	}
	list, _ := b.Differences(1 << 20)
	for _, d := range list {
		next = max(next, d.Seq+1)
	}
	for seq := next; seq < next+100; seq++ {
		if err := b.Say(saidOf(seq, Match)); err != nil {
			panic(err)
		}
		fmt.Println("said", seq)
		if seq%3 != 0 {
			continue
		}
		if _, err := b.Compare("p", []scanner.Outcome{outcome(seq, scanner.Attention, scanner.CodeOver)}, at); err != nil {
			panic(err)
		}
		fmt.Println("differs", seq)
	}
}

// The process is killed at every step; what it said it had done is there at the next start.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, differs := map[string]bool{}, map[string]bool{}
	for _, point := range []string{"guess.written:1", "guess.written:5", "guess.compared:1", "guess.compared:2", "guess.rewriting:1", "guess.rewritten:1", "guess.written:3"} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childEnv+"="+dir, killpoint.Env+"="+point)
		out, err := cmd.CombinedOutput()
		if exit := new(exec.ExitError); !errors.As(err, &exit) || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%s: ended with %v\n%s", point, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if what, seq, _ := strings.Cut(strings.TrimSpace(line), " "); what == "said" {
				said[seq] = true
			} else {
				differs[seq] = true
			}
		}
		b := open(t, dir)
		if b.Damaged() > 0 {
			t.Errorf("%s: %d entries damaged", point, b.Damaged())
		}
		list, _ := b.Differences(1 << 20)
		found := map[string]bool{}
		for _, d := range list {
			found[fmt.Sprint(d.Seq)] = true
		}
		for seq := range differs {
			if !found[seq] {
				t.Errorf("%s: the difference at %s is gone", point, seq)
			}
		}
		for _, s := range b.Waiting("p") {
			found[fmt.Sprint(s.Seq)] = true
		}
		for seq := range said {
			if !found[seq] {
				t.Errorf("%s: what was said about %s is gone", point, seq)
			}
		}
		b.Close()
	}
	if len(differs) == 0 || len(said) < 5 {
		t.Errorf("%d said, %d differed", len(said), len(differs))
	}
}

// Whatever the file holds, opening it ends well, and what was read is what is kept.
func FuzzOpen(f *testing.F) {
	line, err := entry{Op: opSaid, Said: &Said{Producer: "p", Seq: 1}}.line()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte("00000000 {}\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &Book{said: map[key]Said{}, open: map[key]Difference{}}
		bad := b.replay(text)
		if lines := bytes.Count(text, []byte("\n")) + 1; bad > lines {
			t.Fatalf("%d of %d lines are bad", bad, lines)
		}
		// What stands before an entry cannot take it away.
		b.replay(append(append(slices.Clone(text), '\n'), line...))
		if b.said[key{"p", 1}].Seq != 1 {
			t.Fatal("a good entry was not read")
		}
	})
}
