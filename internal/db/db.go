package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Dialect names the database behind a DB.
type Dialect string

const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// DB is an open store.
type DB struct {
	Dialect Dialect
	Read    *gorm.DB      // never inside InTx on SQLite's writer; fine for queries that stand alone
	Pool    *pgxpool.Pool // Postgres only
	SQL     *sql.DB       // the writing handle; on SQLite it has one connection, shared with the job queue

	write     *gorm.DB
	readSQL   *sql.DB
	log       *slog.Logger
	committed []func()
	aborted   aborts
}

// MaxTries is how often InTx runs a transaction that the database aborts for reasons of concurrency.
const MaxTries = 12

// OnCommit registers fn to be called after every commit of InTx. It must not block. Call it while wiring, before the first InTx.
func (d *DB) OnCommit(fn func()) { d.committed = append(d.committed, fn) }

// InTx runs fn in one transaction and commits. fn may run several times: the database can abort it for concurrency (40001, 40P01, BUSY), so fn must keep no
// state of an earlier try. An error of fn rolls back and is returned as it is.
func (d *DB) InTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	var err error
	for try := range MaxTries {
		if err = d.once(ctx, fn); err == nil {
			for _, f := range d.committed {
				f()
			}
			return nil
		}
		if !Retryable(err) {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(2*time.Millisecond) << min(try, 6)))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
	return fmt.Errorf("transaction aborted %d times: %w", MaxTries, err)
}

// Once is InTx without a second try: the caller has something better to do than to repeat the same work.
func (d *DB) Once(ctx context.Context, fn func(tx *gorm.DB) error) error {
	err := d.once(ctx, fn)
	if err == nil {
		for _, f := range d.committed {
			f()
		}
	}
	return err
}

func (d *DB) once(ctx context.Context, fn func(tx *gorm.DB) error) error {
	err := d.begin(ctx, func(tx *gorm.DB) error {
		if err := fn(tx); err != nil {
			return err
		}
		return finish(ctx, tx)
	})
	if err == nil {
		finished(ctx)
	}
	d.aborted.count(err)
	return err
}

func (d *DB) begin(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if d.Dialect == SQLite {
		return d.write.WithContext(ctx).Transaction(fn)
	}
	// Pinned, so that the job queue can write through the same *pgx.Conn inside GORM's transaction.
	return d.write.WithContext(ctx).Connection(func(c *gorm.DB) error {
		conn, err := pgxConn(ctx, c)
		if err != nil {
			return err
		}
		return c.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			sqlTx, ok := tx.Statement.ConnPool.(*sql.Tx)
			if !ok {
				return fmt.Errorf("transaction is a %T", tx.Statement.ConnPool)
			}
			// In the pool, not in the context: every handle that GORM derives from tx keeps its pool, but WithContext replaces the context.
			tx.Statement.ConnPool = &pinned{Tx: sqlTx, conn: conn}
			return fn(tx)
		})
	})
}

// pinned is a transaction that knows the connection it runs on.
type pinned struct {
	*sql.Tx
	conn *pgx.Conn
}

// Pinned returns the connection that carries tx on Postgres, nil elsewhere. It is GORM's: never begin, commit or roll back on it.
func Pinned(tx *gorm.DB) *pgx.Conn {
	if p, ok := tx.Statement.ConnPool.(*pinned); ok {
		return p.conn
	}
	return nil
}

// IsPostgres reports the dialect of a handle.
func IsPostgres(tx *gorm.DB) bool { return tx.Dialector.Name() == "postgres" }

// Retryable reports whether a transaction ended for concurrency: the database aborted it, or its function asked for it (ErrAgain).
func Retryable(err error) bool {
	if errors.Is(err, ErrAgain) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == serialization || pg.Code == deadlock
	}
	if lite, ok := errors.AsType[*msqlite.Error](err); ok {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	return false
}

// IsUnique reports whether err is a broken unique constraint or primary key, on either database.
func IsUnique(err error) bool {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*msqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsCheck reports whether err is a broken CHECK constraint, on either database.
func IsCheck(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23514"
	}
	if lite, ok := errors.AsType[*msqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_CHECK
	}
	return false
}

// Permanent reports whether trying the same statement again can never help: constraint, data or syntax errors.
func Permanent(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23") || strings.HasPrefix(pg.Code, "42")
	}
	if lite, ok := errors.AsType[*msqlite.Error](err); ok {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_CONSTRAINT || code == sqlite3.SQLITE_MISMATCH || code == sqlite3.SQLITE_ERROR || code == sqlite3.SQLITE_TOOBIG
	}
	return false
}

// Ping reports whether the store answers.
func (d *DB) Ping(ctx context.Context) error { return d.SQL.PingContext(ctx) }

// Close releases every connection.
func (d *DB) Close() error {
	var errs []error
	if d.readSQL != nil && d.readSQL != d.SQL {
		errs = append(errs, d.readSQL.Close())
	}
	errs = append(errs, d.SQL.Close())
	if d.Pool != nil {
		d.Pool.Close()
	}
	return errors.Join(errs...)
}
