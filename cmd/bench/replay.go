package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
)

// Replay runs the statements of a traced act on the bare SQLite driver, prepared once, one act per transaction, with the pragmas of the house's own writer.
type Replay struct {
	conn  *sql.DB
	steps []step
	next  int64 // number of the next act: every run goes on where the last one ended
}

type step struct {
	stmt *sql.Stmt
	args []func(n int64, made map[string]int64) any
	rows bool   // returns rows, which are read to the end
	made string // table whose new id the first column is
}

// NewReplay opens the database file at path and prepares the statements.
func NewReplay(ctx context.Context, path string, trace []db.Statement, bind []Binding) (*Replay, error) {
	conn, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_time_format=sqlite&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=temp_store(2)"+
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(1)
	r := &Replay{conn: conn, next: 1}
	for i, s := range trace {
		st, err := newStep(ctx, conn, s, trace[i+1:], bind)
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		r.steps = append(r.steps, st)
	}
	return r, nil
}

func newStep(ctx context.Context, conn *sql.DB, s db.Statement, later []db.Statement, bind []Binding) (step, error) {
	stmt, err := conn.PrepareContext(ctx, s.SQL)
	if err != nil {
		return step{}, fmt.Errorf("%s: %w", s.SQL, err)
	}
	verb := strings.ToUpper(strings.TrimSpace(s.SQL))
	st := step{stmt: stmt, rows: strings.HasPrefix(verb, "SELECT") || strings.HasPrefix(verb, "WITH") || strings.Contains(verb, " RETURNING "), made: makes(s, later, bind)}
	for _, a := range s.Args {
		v, err := plain(a)
		if err != nil {
			return step{}, err
		}
		st.args = append(st.args, argument(v, bind))
	}
	return st, nil
}

func argument(v any, bind []Binding) func(int64, map[string]int64) any {
	for _, b := range bind {
		switch {
		case !same(v, b.Traced):
		case b.Made != "":
			return func(_ int64, made map[string]int64) any { return made[b.Made] }
		default:
			return func(n int64, _ map[string]int64) any { return b.Go(n) }
		}
	}
	return func(int64, map[string]int64) any { return v }
}

// Run replays acts for span and returns how many a second.
func (r *Replay) Run(ctx context.Context, span time.Duration) (float64, error) {
	begin, done := clock.Mono(), 0
	for clock.Mono()-begin < span.Microseconds() {
		if err := r.act(ctx); err != nil {
			return 0, fmt.Errorf("replay act %d: %w", r.next, err)
		}
		r.next++
		done++
	}
	return float64(done) / (float64(clock.Mono()-begin) / 1e6), nil
}

func (r *Replay) act(ctx context.Context) (err error) {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	made := map[string]int64{}
	for _, s := range r.steps {
		if err := s.run(ctx, tx, r.next, made); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s step) run(ctx context.Context, tx *sql.Tx, n int64, made map[string]int64) error {
	args := make([]any, len(s.args))
	for i, a := range s.args {
		args[i] = a(n, made)
	}
	stmt := tx.StmtContext(ctx, s.stmt)
	defer stmt.Close()
	if !s.rows {
		_, err := stmt.ExecContext(ctx, args...)
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for first := true; rows.Next(); first = false {
		if first && s.made != "" {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			made[s.made] = id
		}
	}
	return rows.Err()
}

// Close closes the database.
func (r *Replay) Close() error { return r.conn.Close() }
