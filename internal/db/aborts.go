package db

import (
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs of PostgreSQL that end a transaction for concurrency.
const (
	serialization = "40001"
	deadlock      = "40P01"
)

// Aborts counts the transactions of InTx and Once that the database has ended for concurrency since Open. Each was tried again or handed to its caller; a
// deadlock is a fault of ours all the same, since locks have one order.
type Aborts struct {
	Deadlocks     int64 // PostgreSQL 40P01: two waited for each other
	Serialization int64 // PostgreSQL 40001
	Busy          int64 // SQLite BUSY or LOCKED
}

type aborts struct{ deadlocks, serialization, busy atomic.Int64 }

func (a *aborts) count(err error) {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !Retryable(err), errors.Is(err, ErrAgain):
	case !ok:
		a.busy.Add(1)
	case pg.Code == deadlock:
		a.deadlocks.Add(1)
	default:
		a.serialization.Add(1)
	}
}

// Aborts tells how often transactions of this process were ended for concurrency.
func (d *DB) Aborts() Aborts {
	return Aborts{Deadlocks: d.aborted.deadlocks.Load(), Serialization: d.aborted.serialization.Load(), Busy: d.aborted.busy.Load()}
}
