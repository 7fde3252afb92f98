package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
)

// Floor is what the figures share: how long a run lasts, where the programs are, one PostgreSQL that makes every commit durable.
type Floor struct {
	Span time.Duration
	Bin  string

	cluster *testkit.Cluster
	dirs    []string
	bareBin string
	grown   *[2]*Stocked // small and large store of the growth figures
}

// Cluster returns the cluster, started at the first call: fsync and synchronous_commit are on, as for any installation. A checkpoint in the midst of a run
// would hit one side only, so the log may grow until the next figure asks for one.
func (f *Floor) Cluster() (*testkit.Cluster, error) {
	if f.cluster != nil {
		return f.cluster, nil
	}
	c, err := testkit.StartCluster("-c", "shared_buffers=512MB", "-c", "max_wal_size=8GB", "-c", "checkpoint_timeout=1h")
	if err != nil {
		return nil, err
	}
	f.cluster = c
	return c, nil
}

// Postgres makes an empty, migrated database on the cluster and returns its URL.
func (f *Floor) Postgres(ctx context.Context) (string, error) {
	c, err := f.Cluster()
	if err != nil {
		return "", err
	}
	if err := durable(ctx, c.URL); err != nil {
		return "", err
	}
	name := "bench_" + id.Hex(6)
	if err := execute(ctx, c.URL, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	d, err := db.Open(ctx, u.String(), db.Options{MaxConns: 2})
	if err != nil {
		return "", err
	}
	defer d.Close()
	return u.String(), d.Migrate(ctx)
}

// durable refuses to measure a server that acknowledges what a power cut would lose.
func durable(ctx context.Context, server string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var v string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&v); err != nil {
			return err
		}
		if v != "on" {
			return fmt.Errorf("%s is %s: commits would not be durable", name, v)
		}
	}
	return nil
}

// Settle vacuums, analyses and checkpoints, so that a run begins with nothing left over from the one before.
func Settle(ctx context.Context, url string) error {
	if err := execute(ctx, url, "VACUUM ANALYZE"); err != nil {
		return err
	}
	return execute(ctx, url, "CHECKPOINT")
}

// Dir makes a folder that goes with the floor.
func (f *Floor) Dir() (string, error) {
	dir, err := os.MkdirTemp("", "backdock-bench-")
	if err == nil {
		f.dirs = append(f.dirs, dir)
	}
	return dir, err
}

// Close stops the cluster and removes the folders.
func (f *Floor) Close() {
	if f.grown != nil {
		for _, s := range f.grown {
			_ = s.DB.Close()
		}
	}
	if f.cluster != nil {
		f.cluster.Stop()
	}
	for _, d := range f.dirs {
		_ = os.RemoveAll(d)
	}
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%.60s: %w", sql, err)
	}
	return nil
}
