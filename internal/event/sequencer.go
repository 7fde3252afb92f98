package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
)

const (
	channel    = "backdock_events"
	passLimit  = 5000
	pollEvery  = 500 * time.Millisecond
	minBetween = 25 * time.Millisecond // coalesces passes and wake-ups under load: a pass costs as much as a scan, and no screen shows more than forty states a second
	maxBetween = 250 * time.Millisecond
	passShare  = 12 // a pass may take a twelfth of the time: when the database is busy, scans go first and screens are a little later
)

// Run numbers events and wakes followers until ctx ends. Every server process runs one; on Postgres the passes exclude each other by an advisory lock.
func (l *Log) Run(ctx context.Context, log *slog.Logger) error {
	if l.db.Dialect == db.Postgres {
		go l.listen(ctx, log)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.poke:
		case <-time.After(pollEvery):
		}
		begin := clock.Mono()
		n, err := l.Sequence(ctx)
		took := time.Duration(clock.Mono()-begin) * time.Microsecond
		if err != nil && ctx.Err() == nil {
			log.Warn("number events", "error", err)
		}
		if n > 0 && l.db.Dialect == db.Postgres {
			// After the commit and once per pass: inside the writing transaction NOTIFY halves the throughput.
			if _, err := l.db.Pool.Exec(ctx, "NOTIFY "+channel); err != nil && ctx.Err() == nil {
				log.Debug("notify", "error", err)
			}
		}
		if n > 0 || l.db.Dialect == db.SQLite {
			l.wake.fire()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(max(passShare*took, minBetween), maxBetween)):
		}
	}
}

// How a pass keeps the others out: it gives way to one that is under way, or waits for its end.
const (
	givesWay = "SELECT pg_try_advisory_xact_lock(hashtext('backdock.sequencer'))"
	waits    = "SELECT true FROM pg_advisory_xact_lock(hashtext('backdock.sequencer'))"
)

// Sequence makes one pass: it numbers every visible event that has no seq, in id order, and returns how many. Another process's pass under way gives 0.
func (l *Log) Sequence(ctx context.Context) (int64, error) { return l.pass(ctx, givesWay) }

func (l *Log) pass(ctx context.Context, lock string) (int64, error) {
	if l.db.Dialect == db.SQLite {
		return 0, nil
	}
	var n int64
	// Not InTx: the commit hooks would poke this very pass.
	err := pgx.BeginFunc(ctx, l.db.Pool, func(tx pgx.Tx) error {
		var won bool
		if err := tx.QueryRow(ctx, lock).Scan(&won); err != nil || !won {
			return err
		}
		// A snapshot taken before the scan: whatever commits later has an xid not below its xmin and is found by the next pass.
		// Each statement under READ COMMITTED sees all that committed before it began, so the scan sees at least what xmin promises.
		const pass = `
WITH fence AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin),
     cursor AS (SELECT fence, last_seq FROM event_sequencer WHERE id = 1),
     due AS (
       SELECT e.id, row_number() OVER (ORDER BY e.id) AS n
       FROM events e
       WHERE e.xid >= (SELECT fence FROM cursor) AND NOT EXISTS (SELECT 1 FROM event_order o WHERE o.event_id = e.id)
       ORDER BY e.id LIMIT $1),
     stamped AS (
       INSERT INTO event_order (seq, event_id) SELECT (SELECT last_seq FROM cursor) + n, id FROM due RETURNING seq)
SELECT count(*), (SELECT xmin FROM fence)::text FROM stamped`
		var fence string
		if err := tx.QueryRow(ctx, pass, passLimit).Scan(&n, &fence); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		// The fence moves only when the pass took everything it saw.
		_, err := tx.Exec(ctx, `UPDATE event_sequencer SET last_seq = last_seq + $1, fence = CASE WHEN $2 THEN $3::text::xid8 ELSE fence END WHERE id = 1`, n, n < passLimit, fence)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sequencer pass: %w", err)
	}
	if n == passLimit {
		l.Poke()
	}
	return n, nil
}

// listen turns other processes' notifications into local wake-ups. It reconnects for ever; polling covers the gaps.
func (l *Log) listen(ctx context.Context, log *slog.Logger) {
	for ctx.Err() == nil {
		err := l.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		log.Warn("listen for events: will reconnect", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (l *Log) listenOnce(ctx context.Context) error {
	conn, err := l.db.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	defer func() {
		// A pooled connection must not go back while it listens.
		if !conn.Conn().IsClosed() {
			_ = conn.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	for {
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			return err
		}
		l.wake.fire()
	}
}

// SettleNow numbers everything that is visible, after a pass that is under way; tests and reports use it so as not to wait for the next pass.
func (l *Log) SettleNow(ctx context.Context) error {
	for {
		n, err := l.pass(ctx, waits)
		if err != nil {
			return err
		}
		if n == 0 {
			l.wake.fire()
			return nil
		}
	}
}

// Unstamped counts events that no pass has numbered yet.
func Unstamped(tx *gorm.DB) (int64, error) {
	var n int64
	err := tx.Raw("SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM event_order o WHERE o.event_id = e.id)").Scan(&n).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return 0, fmt.Errorf("count unstamped events: %w", err)
	}
	return n, nil
}
