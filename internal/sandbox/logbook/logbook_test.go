package logbook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func open(t *testing.T, path string) (*Log, []string) {
	t.Helper()
	var lines []string
	l, err := Open(path, func(b []byte) error { lines = append(lines, string(b)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return l, lines
}

func write(t *testing.T, l *Log, lines ...string) {
	t.Helper()
	for _, s := range lines {
		seq, err := l.Append([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Wait(seq); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReopenGivesEveryLineBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _ := open(t, path)
	write(t, l, `{"a":1}`, "", `退款`)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, lines := open(t, path)
	defer l.Close()
	if want := []string{`{"a":1}`, "", `退款`}; !slices.Equal(lines, want) {
		t.Fatalf("got %q, want %q", lines, want)
	}
}

// Whatever prefix of the file a crash leaves behind, the whole lines come back and the log can go on.
func TestEveryTornTailIsCut(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	l, _ := open(t, path)
	write(t, l, "one", "two", "three")
	l.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{0, 13, 26, 41} // 8 hex digits, a space, the word and a line feed each
	if len(whole) != ends[3] {
		t.Fatalf("the file has %d bytes, want %d", len(whole), ends[3])
	}
	for n := range len(whole) + 1 {
		torn := filepath.Join(dir, fmt.Sprintf("torn%d", n))
		if err := os.WriteFile(torn, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		for want < 3 && ends[want+1] <= n {
			want++
		}
		l, lines := open(t, torn)
		if len(lines) != want {
			t.Fatalf("after %d bytes: %q, want %d lines", n, lines, want)
		}
		write(t, l, "again")
		l.Close()
		l, lines = open(t, torn)
		l.Close()
		if len(lines) != want+1 || lines[want] != "again" {
			t.Fatalf("after %d bytes and one more line: %q", n, lines)
		}
	}
}

func TestDamageBeforeTheTailIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _ := open(t, path)
	write(t, l, "one", "two")
	l.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[10] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, func([]byte) error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v, want ErrCorrupt", err)
	}
}

func TestSecondOwnerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _ := open(t, path)
	defer l.Close()
	if second, err := Open(path, func([]byte) error { return nil }); err == nil {
		second.Close()
		t.Fatal("two owners of one logbook")
	}
}

func TestConcurrentWaitersLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _ := open(t, path)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				seq, err := l.Append(fmt.Appendf(nil, "%d-%d", w, i))
				if err == nil {
					err = l.Wait(seq)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	l.Close()
	l, lines := open(t, path)
	defer l.Close()
	slices.Sort(lines)
	if len(slices.Compact(lines)) != 400 {
		t.Fatalf("%d distinct lines, want 400", len(slices.Compact(lines)))
	}
}

func TestLineFeedIsRefusedAndClosedLogSaysSo(t *testing.T) {
	l, _ := open(t, filepath.Join(t.TempDir(), "log"))
	if _, err := l.Append([]byte("a\nb")); err == nil {
		t.Fatal("a line feed went in")
	}
	l.Close()
	if _, err := l.Append([]byte("a")); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("got %v, want ErrClosed", err)
	}
}
