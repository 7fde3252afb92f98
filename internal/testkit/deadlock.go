package testkit

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Deadlocks asks a PostgreSQL database how many deadlocks it has broken since it was made. A session reports its counts some seconds late, or when it ends: so
// close everything that uses the database first; Deadlocks waits for the last session to be gone.
func Deadlocks(t testing.TB, url string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	one := func(sql string) (n int64) {
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for deadline := time.Now().Add(30 * time.Second); one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the database is still in use: its counts are not complete")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

// DeadlockReport gives what the cluster of this test process has logged about deadlocks: who waited for whom, with which statements. It is empty for a server
// that BACKDOCK_TEST_POSTGRES names, whose log is elsewhere.
func DeadlockReport(t testing.TB) string {
	t.Helper()
	if shared.keep == nil {
		return "(see the log of the server)"
	}
	f, err := os.Open(filepath.Join(shared.keep.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var out strings.Builder
	in := false
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		switch {
		case strings.Contains(text, "deadlock detected"):
			in = true
		case strings.Contains(text, "ERROR:") || strings.Contains(text, "LOG:"):
			in = false
		}
		if in {
			out.WriteString(text + "\n")
		}
	}
	return out.String()
}
