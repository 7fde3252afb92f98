package expected

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner/wire"
)

const childEnv = "BACKDOCK_TEST_EXPECTED"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child applies the pages that the dealer deals for ever, from the cursor of the file on, and snapshots among them.
func child(dir string) {
	c, err := Open(dir, 7)
	if err != nil {
		panic(err)
	}
	if c.Discarded() != "" {
		panic(c.Discarded())
	}
	fmt.Println("opened at", c.Cursor())
	var done int
	if c.Cursor() != "" {
		if _, err := fmt.Sscanf(c.Cursor(), "page %d", &done); err != nil {
			panic(err)
		}
	}
	for i := 0; i < done+100; i++ {
		p := dealt(i)
		if i < done {
			continue
		}
		if _, err := c.Apply(p.Encode(), at); err != nil {
			panic(err)
		}
		if !c.Begun() {
			fmt.Println("applied", c.Cursor())
		}
	}
}

// dealt is the i-th page: every fifth is a snapshot in one page.
func dealt(i int) wire.ExpectedPage {
	d := &dealer{Rand: rand.New(rand.NewPCG(uint64(i), 9)), last: 30, page: i}
	return d.next(i%5 == 0, true, 6)
}

// The process is killed at every step of a swap and of a delta. What it had said to have applied is there afterwards, or newer; never a mixture.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range []string{"expected.swap:1", "expected.swapped:1", "expected.appended:1", "expected.appended:3", "expected.swap:1", "expected.appended:2"} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childEnv+"="+dir, killpoint.Env+"="+point)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%s: ended with %v\n%s", point, err, out)
		}
		said := ""
		for line := range strings.Lines(string(out)) {
			if s, ok := strings.CutPrefix(strings.TrimSpace(line), "applied "); ok {
				said = s
			}
		}
		c := open(t, dir)
		if c.Discarded() != "" {
			t.Fatalf("%s: the file was thrown away: %s", point, c.Discarded())
		}
		if newer := c.Cursor(); pageOf(t, newer) < pageOf(t, said) {
			t.Fatalf("%s: %q was applied, the file is at %q", point, said, newer)
		}
		m := newModel()
		for i := range pageOf(t, c.Cursor()) {
			m.apply(dealt(i))
		}
		m.check(t, c)
	}
}

func pageOf(t *testing.T, cursor string) (n int) {
	t.Helper()
	if cursor == "" {
		return 0
	}
	if _, err := fmt.Sscanf(cursor, "page %d", &n); err != nil {
		t.Fatalf("cursor %q: %v", cursor, err)
	}
	return n
}
