package auth

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
)

const (
	freeTries   = 5                // failures before the first wait
	firstWait   = time.Second      // doubles with every further failure …
	longestWait = 15 * time.Minute // … up to this
	forgetAfter = time.Hour
	mostSwept   = 100 // old rows that one failure clears away
)

// limiter slows down guessing. It counts failures per key in the database, so that all server processes wait together and a restart forgets nothing. A try
// that succeeds writes nothing but to clear failures of its own.
type limiter struct{ db *db.DB }

// counted is how many failures of a key go unpunished.
type counted struct {
	key  string
	free int
}

type failureRow struct {
	KeyHash string `gorm:"primaryKey"`
	N       int
	LastAt  time.Time
	OpenAt  time.Time
}

func (failureRow) TableName() string { return "login_failures" }

// check refuses while any key has to wait. seen: one of them has failed lately.
func (l limiter) check(ctx context.Context, now time.Time, keys ...string) (seen bool, err error) {
	hashes := make([]string, len(keys))
	for i, k := range keys {
		hashes[i] = digest(k)
	}
	var rows []failureRow
	if err := l.db.From(ctx).Where("key_hash IN ? AND last_at > ?", hashes, now.Add(-forgetAfter)).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("look for failed tries: %w", err)
	}
	for _, f := range rows {
		if now.Before(f.OpenAt) {
			seconds := int(math.Ceil(f.OpenAt.Sub(now).Seconds()))
			return true, fault.New(fault.Limited, "too_many_tries", "too many failed tries: wait %d seconds", seconds).With("retry_after_s", strconv.Itoa(seconds))
		}
	}
	return len(rows) > 0, nil
}

// failed counts a failure against keys, in one order of their rows, so that two processes never wait for each other.
func (l limiter) failed(ctx context.Context, now time.Time, keys ...counted) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b counted) int { return cmp.Compare(digest(a.key), digest(b.key)) })
	err := l.db.InTx(ctx, func(tx *gorm.DB) error {
		for _, k := range keys {
			if err := countFailure(tx, now, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = l.sweep(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("count a failed try: %w", err)
	}
	return nil
}

func countFailure(tx *gorm.DB, now time.Time, k counted) error {
	hash := digest(k.key)
	var n int
	// The row is locked from here on: what follows sees every failure before.
	err := tx.Raw(`INSERT INTO login_failures (key_hash, n, last_at, open_at) VALUES (?, 1, ?, ?)
 ON CONFLICT (key_hash) DO UPDATE SET n = CASE WHEN login_failures.last_at < ? THEN 1 ELSE login_failures.n + 1 END, last_at = excluded.last_at RETURNING n`,
		hash, now, now, now.Add(-forgetAfter)).Scan(&n).Error
	if err != nil {
		return err
	}
	over := n - k.free
	if over < 0 {
		return nil
	}
	return tx.Exec("UPDATE login_failures SET open_at = ? WHERE key_hash = ?", now.Add(min(longestWait, firstWait<<min(over, 20))), hash).Error
}

// sweep clears away what is forgotten, apart from the count: it may meet rows in any order. Rows that another process has locked are left to it.
func (l limiter) sweep(ctx context.Context, now time.Time) error {
	skip := ""
	if l.db.Dialect == db.Postgres {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	return l.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM login_failures WHERE key_hash IN (SELECT key_hash FROM login_failures WHERE last_at < ? ORDER BY last_at LIMIT ?"+skip+")", now.Add(-forgetAfter), mostSwept).Error
	})
}

// forget clears the failures of a key.
func (l limiter) forget(ctx context.Context, key string) error {
	err := l.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Where("key_hash = ?", digest(key)).Delete(&failureRow{}).Error
	})
	if err != nil {
		return fmt.Errorf("forget failed tries: %w", err)
	}
	return nil
}
