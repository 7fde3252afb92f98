package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PGBench runs a script on a database with as many clients as there are benches.
type PGBench struct {
	URL     string // of the database
	Script  string
	Clients int
	Defines map[string]int64
}

// Run returns transactions per second, connection time left out. A transaction that failed is an error: the baseline would have done less than the scan.
func (p PGBench) Run(ctx context.Context, span time.Duration) (float64, error) {
	bin, err := pgbenchBinary()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "backdock-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "scan.sql")
	if err := os.WriteFile(file, []byte(p.Script), 0o600); err != nil {
		return 0, err
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return 0, err
	}
	seconds := max(1, int(span.Round(time.Second)/time.Second))
	// One thread, as pgbench's own default: on two cores a second one takes from the server what it gives to the clients.
	args := []string{"-n", "-M", "prepared", "-f", file, "-c", strconv.Itoa(p.Clients), "-T", strconv.Itoa(seconds),
		"-h", u.Hostname(), "-p", u.Port(), "-U", u.User.Username()}
	for k, v := range p.Defines {
		args = append(args, "-D", fmt.Sprintf("%s=%d", k, v))
	}
	args = append(args, strings.TrimPrefix(u.Path, "/"))
	out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return transactionsPerSecond(string(out))
}

var (
	tpsLine    = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)
	failedLine = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+)`)
)

func transactionsPerSecond(out string) (float64, error) {
	m := tpsLine.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench printed no tps:\n%s", out)
	}
	if f := failedLine.FindStringSubmatch(out); (f != nil && f[1] != "0") || strings.Contains(out, "aborted") {
		return 0, fmt.Errorf("pgbench had transactions that failed:\n%s", out)
	}
	return strconv.ParseFloat(m[1], 64)
}

// pgbenchBinary finds pgbench in PATH, else the newest of /usr/lib/postgresql.
func pgbenchBinary() (string, error) {
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return "", fmt.Errorf("no pgbench in PATH or /usr/lib/postgresql/*/bin: install it (Debian: apt-get install postgresql-contrib)")
	}
	return slices.Max(found), nil
}
