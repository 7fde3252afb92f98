package testkit

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
)

// Each runs fn on a migrated database of its own, once on PostgreSQL and once on SQLite.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			fn(t, Open(t, dialect))
		})
	}
}

// Open returns a migrated database of dialect that goes with the test.
func Open(t testing.TB, dialect db.Dialect) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), URL(t, dialect), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// URL returns the URL of an empty (SQLite) or migrated (Postgres) database that goes with the test. Child processes can open it too.
func URL(t testing.TB, dialect db.Dialect) string {
	t.Helper()
	if dialect == db.SQLite {
		return "sqlite://" + filepath.Join(t.TempDir(), "backdock.db")
	}
	return FreshPostgres(t, ServerURL(t))
}

var template struct {
	sync.Mutex
	made map[string]string // server URL → name of a migrated database to copy
}

// FreshPostgres makes a migrated database on server, dropped at the end of the test, and returns its URL.
func FreshPostgres(t testing.TB, server string) string {
	t.Helper()
	from, err := templateOn(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	return create(t, server, "TEMPLATE "+from+" STRATEGY FILE_COPY")
}

// EmptyPostgres is FreshPostgres without a schema, for who tests how it comes about.
func EmptyPostgres(t testing.TB, server string) string {
	t.Helper()
	return create(t, server, "")
}

func create(t testing.TB, server, how string) string {
	t.Helper()
	name := "bd_" + id.Hex(6)
	if err := run(t.Context(), server, fmt.Sprintf("CREATE DATABASE %s %s", name, how)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run(context.Background(), server, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return withName(server, name)
}

func templateOn(ctx context.Context, server string) (string, error) {
	template.Lock()
	defer template.Unlock()
	if name, ok := template.made[server]; ok {
		return name, nil
	}
	name := "bd_template_" + id.Hex(6)
	if err := run(ctx, server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	d, err := db.Open(ctx, withName(server, name), db.Options{})
	if err != nil {
		return "", err
	}
	defer d.Close()
	if err := d.Migrate(ctx); err != nil {
		return "", err
	}
	if template.made == nil {
		template.made = map[string]string{}
	}
	template.made[server] = name
	return name, nil
}

func run(ctx context.Context, server, sql string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func withName(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}
