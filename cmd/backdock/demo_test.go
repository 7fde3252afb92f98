package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

var built struct {
	once sync.Once
	dir  string
	out  []byte
	err  error
}

// binaries returns the folder of the three programs: BACKDOCK_BIN, or one that is built once for this test process.
func binaries(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir = os.Getenv("BACKDOCK_BIN"); built.dir != "" {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "backdock-bin-"); built.err == nil {
			cmd := exec.Command("go", "build", "-o", built.dir+"/", "../backdock", "../station", "../sandbox")
			built.out, built.err = cmd.CombinedOutput()
		}
	})
	if built.err != nil {
		t.Fatalf("build: %v\n%s", built.err, built.out)
	}
	return built.dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("BACKDOCK_BIN") == "" && built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

var dayLine = regexp.MustCompile(`The day: (\d+) scans, (\d+) units inspected, (\d+) refunds moved money`)

// The whole product plays a whole day: pty, agent, journal, websocket, desk, quarantine, QC, refunds at the simulator, and the audit finds nothing.
func TestDemoPlaysTheDayToACleanAudit(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			args := []string{"demo", "--once", "--fast", "--listen", "127.0.0.1:0", "--page", "0"}
			if dialect == db.Postgres {
				args = append(args, "--database", testkit.URL(t, db.Postgres))
			}
			cmd := exec.CommandContext(ctx, filepath.Join(binaries(t), "backdock"), args...)
			cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
			cmd.WaitDelay = 20 * time.Second
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			m := dayLine.FindSubmatch(out)
			if m == nil {
				t.Fatalf("no day in the output:\n%s", out)
			}
			for i, least := range []int{1000, 400, 200} {
				if n, _ := strconv.Atoi(string(m[i+1])); n < least {
					t.Errorf("%s: want at least %d", m[0], least)
				}
			}
		})
	}
}

func TestWrongUsageIsToldApart(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"serve", "--no-such-flag"}, 2},
		{[]string{"nonsense"}, 2},
		{[]string{"version"}, 0},
		{[]string{"audit", "--database", "mysql://x/y", "--data", t.TempDir()}, 1},
		{[]string{"import", "orders", filepath.Join(t.TempDir(), "missing.csv")}, 2},
	} {
		if code := Main(t.Context(), c.args, testWriter{t}, testWriter{t}); code != c.code {
			t.Errorf("%v: exit %d, want %d", c.args, code, c.code)
		}
	}
}

// Courier rules that are wrong keep the server from starting, with their place.
func TestCourierRulesAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "own.yaml")
	if err := os.WriteFile(path, []byte("version: 1\ncouriers:\n  - carrier: own\n    rules: [{pattern: 'A('}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (storeFlags{Data: dir, Couriers: path}).open(t.Context(), slog.New(slog.DiscardHandler), true); err == nil || !strings.Contains(err.Error(), path+":4: carrier own, rule 1: pattern") {
		t.Errorf("got %v", err)
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}
