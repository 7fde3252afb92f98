package db

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	gormpg "gorm.io/driver/postgres"
	gormlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
)

// Options tune Open; the zero value is right for a server.
type Options struct {
	MaxConns int             // Postgres pool size; 0 takes 16
	Log      *slog.Logger    // slow and failed statements; nil discards
	Trace    func(Statement) // sees every statement of the store, for load tests; nil: nobody looks
}

// Open connects to a store by URL: "postgres://user@host/name?…" or "sqlite:///path/to/file.db". It does not migrate.
func Open(ctx context.Context, rawURL string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redact(err, rawURL))
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, rawURL, o)
	case "sqlite":
		return openSQLite(ctx, filepath.Clean(u.Path), o)
	}
	return nil, fmt.Errorf("database URL has scheme %q: want postgres://… or sqlite:///path/file.db", u.Scheme)
}

// redact keeps a password in a malformed URL out of the message.
func redact(err error, rawURL string) error {
	return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), rawURL, "(hidden)"))
}

func openPostgres(ctx context.Context, rawURL string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redact(err, rawURL))
	}
	cfg.MaxConns = int32(o.MaxConns)
	if o.MaxConns == 0 {
		cfg.MaxConns = 16
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = "backdock"
	// timestamptz arrives in the local zone otherwise, and two times that are equal would not be ==.
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error { return scanUTC(c) }
	if o.Trace != nil {
		cfg.ConnConfig.Tracer = pgTracer{o.Trace}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	handle := stdlib.OpenDBFromPool(pool)
	handle.SetMaxOpenConns(int(cfg.MaxConns))
	g, err := gorm.Open(quietPostgres{&gormpg.Dialector{Config: &gormpg.Config{Conn: handle}}}, gormConfig(o.Log))
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	return &DB{Dialect: Postgres, Read: g, write: g, Pool: pool, SQL: handle, readSQL: handle, log: o.Log}, nil
}

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	common := "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_time_format=sqlite&_pragma=temp_store(2)"
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	// synchronous FULL: an acknowledged scan survives a power cut.
	writer, err := openLite(file + "?" + common + "&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		writer.Close()
		return nil, fmt.Errorf("open SQLite at %s: %w", path, err)
	}
	reader, err := openLite(file + "?" + common + "&_pragma=query_only(1)")
	if err != nil {
		writer.Close()
		return nil, fmt.Errorf("open SQLite for reading: %w", err)
	}
	reader.SetMaxOpenConns(max(4, runtime.NumCPU()))
	d := &DB{Dialect: SQLite, SQL: writer, readSQL: reader, log: o.Log}
	for _, h := range []struct {
		into **gorm.DB
		conn *sql.DB
	}{{&d.write, writer}, {&d.Read, reader}} {
		g, err := gorm.Open(quietSQLite{&gormlite.Dialector{DriverName: "sqlite", Conn: h.conn}}, gormConfig(o.Log))
		if err != nil {
			d.Close()
			return nil, fmt.Errorf("open SQLite: %w", err)
		}
		if o.Trace != nil {
			if err := traceGORM(g, o.Trace); err != nil {
				d.Close()
				return nil, err
			}
		}
		*h.into = g
	}
	return d, nil
}

func gormConfig(log *slog.Logger) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		// Prepared by pgx already; GORM's own cache halves throughput inside transactions.
		PrepareStmt:          false,
		DisableAutomaticPing: true,
		NowFunc:              clock.System{}.Now,
		Logger:               slowLog{log},
	}
}
