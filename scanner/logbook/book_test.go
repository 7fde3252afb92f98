package logbook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)

// keep runs a book over what fill logs, to its end.
func keep(t *testing.T, dir string, fill func(b *Book)) *bytes.Buffer {
	t.Helper()
	var said bytes.Buffer
	b := New(dir, slog.New(slog.NewTextHandler(&said, nil)))
	fill(b)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.Run(ctx)
	return &said
}

func read(t *testing.T, dir string) map[string][]Entry {
	t.Helper()
	all, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if all := read(t, dir); len(all) != 0 {
		t.Fatalf("a station without logs has %v", all)
	}
	const odd = "左/../x.old"
	keep(t, dir, func(b *Book) {
		b.Log("gun", Entry{At: at, What: Connected})
		b.Log("gun", Entry{At: at, What: Code, Seq: 7, Code: Bytes([]byte("\x1d690\xff退")), Bytes: 8, Flags: []string{"double_read"}})
		b.Log(odd, Entry{At: at, What: Fault, Detail: "no permission"})
	})
	keep(t, dir, func(b *Book) { b.Log("gun", Entry{At: at, What: Gone}) })
	all := read(t, dir)
	want := `map[gun:[{2026-03-02 08:15:30 +0000 UTC connected 0  0 [] } {2026-03-02 08:15:30 +0000 UTC code 7 \x1d690\xff退 8 [double_read] } {2026-03-02 08:15:30 +0000 UTC gone 0  0 [] }] 左/../x.old:[{2026-03-02 08:15:30 +0000 UTC fault 0  0 [] no permission}]]`
	if got := fmt.Sprint(all); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(f) != filepath.Join(dir, Dir) {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}

// However long a scanner works its log stays small, and the newest is there.
func TestRing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	for range 40 {
		keep(t, dir, func(b *Book) {
			for range 100 {
				n++
				b.Log("gun", Entry{At: at, What: Code, Seq: uint64(n), Code: strings.Repeat("x", 100)})
			}
		})
	}
	total := int64(0)
	files, err := filepath.Glob(filepath.Join(dir, Dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 2*fileSize {
		t.Errorf("%d bytes kept", total)
	}
	all := read(t, dir)["gun"]
	if len(all) < 300 || all[len(all)-1].Seq != uint64(n) {
		t.Fatalf("%d entries, the newest is %d", len(all), all[len(all)-1].Seq)
	}
	for i := range all[1:] {
		if all[i+1].Seq != all[i].Seq+1 {
			t.Fatalf("%d follows %d", all[i+1].Seq, all[i].Seq)
		}
	}
}

// What the queue does not take is counted, and the count stands where it is missing.
func TestDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, func(b *Book) {
		for i := range queue + 5 {
			b.Log("gun", Entry{At: at, What: Code, Seq: uint64(i)})
		}
	})
	all := read(t, dir)["gun"]
	if len(all) != queue+1 || all[0].What != Dropped || all[0].Bytes != 5 {
		t.Fatalf("%d entries, the first is %+v", len(all), all[0])
	}
}

func TestHalfLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, func(b *Book) { b.Log("gun", Entry{At: at, What: Connected}) })
	path := filepath.Join(dir, Dir, "gun.log")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"at":"2026-03-02T08:15:3`); err != nil {
		t.Fatal(err)
	}
	keep(t, dir, func(b *Book) { b.Log("gun", Entry{At: at, What: Gone}) })
	if all := read(t, dir)["gun"]; len(all) != 2 || all[1].What != Gone {
		t.Fatalf("read %+v", all)
	}
}

// A disk that takes no log is said once, and nobody waits for it.
func TestCannotWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, Dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	said := keep(t, dir, func(b *Book) {
		b.Log("gun", Entry{At: at, What: Connected})
		b.Log("gun", Entry{At: at, What: Gone})
	})
	if n := strings.Count(said.String(), "cannot be written"); n != 1 {
		t.Errorf("said %d times:\n%s", n, said)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range keptFiles + 3 {
		path := filepath.Join(dir, Dir, fmt.Sprintf("gun%03d.log", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	keep(t, dir, func(*Book) {})
	files, err := filepath.Glob(filepath.Join(dir, Dir, "*"))
	if err != nil || len(files) != keptFiles || filepath.Base(files[0]) != "gun003.log" {
		t.Fatalf("%d files, the first is %s, %v", len(files), files[0], err)
	}
}

func TestBytesCut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"short", "690\r", `690\r`},
		{"at the cap", strings.Repeat("x", longestCode), strings.Repeat("x", longestCode)},
		{"above", strings.Repeat("x", longestCode+1), strings.Repeat("x", longestCode) + "…"},
		{"within a character", strings.Repeat("x", longestCode-1) + "退y", strings.Repeat("x", longestCode-1) + "…"},
	} {
		if got := Bytes([]byte(tc.in)); got != tc.want {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
}

// FuzzParse: any bytes give only entries that say what happened; written again they are read as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"at":"2026-03-02T08:15:30Z","what":"code","seq":7,"code":"690"}` + "\n{\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first := Parse(b)
		var again []byte
		for _, e := range first {
			if e.What == "" {
				t.Fatalf("%+v", e)
			}
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			again = append(append(again, line...), '\n')
		}
		if second := Parse(again); fmt.Sprint(second) != fmt.Sprint(first) {
			t.Fatalf("%v became %v", first, second)
		}
	})
}
