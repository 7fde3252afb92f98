package journal

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

const childDir = "BACKDOCK_TEST_JOURNAL"

// child appends for ever and says each seq and plate after Append returned for it.
func child(dir string) {
	j, err := open(dir, 8<<10)
	if err != nil {
		panic(err)
	}
	for {
		s := scanOf(int(j.NextSeq()))
		n, ok, err := j.Plates().Take()
		if err != nil || !ok {
			panic(fmt.Sprint("plates: ", ok, err))
		}
		s.Plate = scanner.Plate(n)
		if _, err := j.Append(&s); err != nil {
			panic(err)
		}
		fmt.Println(s.Seq, n)
		if s.Seq%10 == 0 {
			if _, err := j.StoreOutcomes(answers(int(j.OutcomeSeq())+1, int(s.Seq)-3)); err != nil {
				panic(err)
			}
			fmt.Println("stored", j.OutcomeSeq())
		}
		if s.Seq%57 == 0 {
			carried, err := j.Renew(j.OutcomeSeq() + 1)
			if err != nil {
				panic(err)
			}
			fmt.Println("renewed", carried)
		}
	}
}

// A child process is killed at each kill point and from outside, again and again on the same directory. What it said it had is there; no plate comes twice.
func TestKill(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	t.Parallel()
	dir := t.TempDir()
	j := mustOpen(t, dir, 8<<10)
	if err := j.Plates().Lease([]wire.Block{{First: 1, Count: 1_000_000}}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, j)
	plates := map[int64]bool{}
	rounds := []string{""}
	for _, name := range killpoint.Names {
		if strings.HasPrefix(name, "journal.") || strings.HasPrefix(name, "outcomes.") || strings.HasPrefix(name, "plates.") {
			rounds = append(rounds, name+":1", name+":2", "")
		}
	}
	if len(rounds) < 20 {
		t.Fatalf("only %d rounds", len(rounds))
	}
	for i, point := range rounds {
		last, stored := round(t, dir, point, 20+7*i%60, plates)
		j := mustOpen(t, dir, 8<<10)
		if j.Damage() != 0 {
			t.Fatalf("%q: %d scans damaged by a kill", point, j.Damage())
		}
		next := int(j.NextSeq()) - 1
		// One scan more than was said may be there: durable, not yet announced. Before the renewal was said the old numbering may hold.
		if last > 0 && next != last && next != last+1 && !strings.HasPrefix(point, "journal.carried") && !strings.HasPrefix(point, "journal.renewed") {
			t.Fatalf("%q: the child had said %d, the journal ends at %d", point, last, next)
		}
		if stored > int(j.OutcomeSeq()) && point != "journal.renewed:1" && point != "journal.renewed:2" {
			t.Fatalf("%q: outcomes up to %d were stored, now %d", point, stored, j.OutcomeSeq())
		}
		mustClose(t, j)
	}
}

// round runs the child until it dies at point, or is killed after n lines. It returns the last seq and outcome cursor said, as of the last renewal.
func round(t *testing.T, dir, point string, n int, plates map[int64]bool) (last, stored int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), childDir+"="+dir, killpoint.Env+"="+point)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for count := 0; lines.Scan(); count++ {
		f := strings.Fields(lines.Text())
		if len(f) != 2 {
			t.Fatalf("the child said %q", lines.Text())
		}
		v, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatal(err)
		}
		switch f[0] {
		case "stored":
			stored = v
		case "renewed":
			last, stored = v, 0
		default:
			if last, err = strconv.Atoi(f[0]); err != nil {
				t.Fatal(err)
			}
			if plates[int64(v)] {
				t.Fatalf("plate %d was given out twice", v)
			}
			plates[int64(v)] = true
		}
		if point == "" && count == n {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("%q: the child ended with %v", point, err)
	}
	return last, stored
}
