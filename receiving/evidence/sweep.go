package evidence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
)

const (
	sweepEvery   = time.Minute
	orphansEvery = 6 * time.Hour
	uploadIdle   = 7 * 24 * time.Hour // an upload that nobody has touched for so long is given up
	stuckAfter   = 2 * time.Minute    // a complete upload that is not evidence by then lost its process
	orphanAge    = 24 * time.Hour     // younger files may belong to a transaction under way
	sweepMost    = 200
)

// Run sweeps until ctx ends. Several processes may.
func (o *Office) Run(ctx context.Context) error {
	orphans := clock.Mono() // not at once: a start is busy enough
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(sweepEvery):
		}
		err := o.Sweep(ctx)
		if since := time.Duration(clock.Mono()-orphans) * time.Microsecond; since > orphansEvery {
			orphans = clock.Mono()
			_, lost := o.SweepOrphans(ctx)
			err = errors.Join(err, lost)
		}
		if err != nil && ctx.Err() == nil {
			o.logger.WarnContext(ctx, "sweep evidence", "error", err)
		}
	}
}

// Sweep does what crashes and absent clients have left: uploads are finished or given up, loose evidence is tied, what is due is purged.
func (o *Office) Sweep(ctx context.Context) error {
	_, tied := o.TieLoose(ctx)
	_, purged := o.Purge(ctx)
	return errors.Join(o.sweepUploads(ctx), tied, purged)
}

func (o *Office) sweepUploads(ctx context.Context) error {
	var found []Upload
	now := o.clock.Now()
	err := o.db.Read.WithContext(ctx).Where("touched_at < ? OR (state <> ? AND received = length AND touched_at < ?)", now.Add(-uploadIdle), done, now.Add(-stuckAfter)).
		Order("touched_at").Limit(sweepMost).Find(&found).Error
	if err != nil {
		return fmt.Errorf("find uploads: %w", err)
	}
	var errs []error
	for _, u := range found {
		switch {
		case u.State != done && u.Complete() && u.TouchedAt.After(now.Add(-uploadIdle)):
			if _, err := o.finish(ctx, u); err != nil && !fault.IsKind(err, fault.Invalid) { // refused: it is gone already
				errs = append(errs, err)
			}
		default:
			errs = append(errs, o.drop(ctx, u))
		}
	}
	return errors.Join(errs...)
}

// SweepOrphans removes files that no row names: parts of a lost race, files whose commit never came, thumbnails of what is gone. It returns how many there were. A store
// that cannot list has none that can be found.
func (o *Office) SweepOrphans(ctx context.Context) (int, error) {
	l, ok := o.store.(lister)
	if !ok {
		return 0, nil
	}
	var keys []string
	before := o.clock.Now().Add(-orphanAge)
	for _, family := range []string{blobs, thumbs, parts} {
		err := l.List(ctx, family, func(i blob.Info) error {
			if i.Modified.After(before) {
				return nil
			}
			lost, err := o.unnamed(ctx, i.Key)
			if lost {
				keys = append(keys, i.Key)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	for n, key := range keys {
		if err := o.discard(ctx, key); err != nil {
			return n, err
		}
	}
	return len(keys), o.removeDoomed(ctx)
}

// unnamed reports whether no row names a file.
func (o *Office) unnamed(ctx context.Context, key string) (bool, error) {
	family, name, _ := strings.Cut(key, "/")
	q := o.db.Read.WithContext(ctx).Model(&Blob{}).Where("hash = ?", name)
	if family == parts {
		q = o.db.Read.WithContext(ctx).Model(&part{}).Where("key = ?", key)
	}
	var n int64
	if err := q.Count(&n).Error; err != nil {
		return false, fmt.Errorf("who names %s: %w", key, err)
	}
	return n == 0, nil
}

// discard removes an orphan. A file under a hash may be claimed at this very moment by an upload of the same content: it is doomed first, by a row, as any other.
func (o *Office) discard(ctx context.Context, key string) error {
	family, hash, _ := strings.Cut(key, "/")
	if family != blobs {
		return o.store.Delete(ctx, key)
	}
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := db.LockNames(tx, []string{hashName(hash)}); err != nil {
			return err
		}
		var claims int64
		if err := tx.Model(&Upload{}).Where("hash = ? AND state = ?", hash, storing).Count(&claims).Error; err != nil || claims > 0 {
			return err
		}
		b := Blob{Hash: hash, Size: 1, Type: "application/octet-stream", State: doomed, StoredAt: o.clock.Now()}
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&b).Error
	})
	if err != nil {
		return fmt.Errorf("discard %s: %w", key, err)
	}
	return nil
}
