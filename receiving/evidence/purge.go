package evidence

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

const (
	day       = 24 * time.Hour
	purgeMost = 500 // of one kind and owner in one pass

	removeWithin = time.Minute     // one file; far within the lease
	removeLease  = 5 * time.Minute // after it another process may take over from one that died
)

// Purge lets go of evidence whose days are over and that nobody holds, and removes files that nothing refers to any more. It returns how much was let go.
func (o *Office) Purge(ctx context.Context) (int, error) {
	due, err := o.due(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range due {
		gone, err := o.purge(ctx, e)
		if err != nil {
			return n, err
		}
		if gone {
			n++
		}
	}
	return n, o.removeDoomed(ctx)
}

// due lists candidates; each is asked again under lock.
func (o *Office) due(ctx context.Context) ([]id.Evidence, error) {
	rules, err := o.retentions(ctx)
	if err != nil {
		return nil, err
	}
	var out []id.Evidence
	for _, r := range rules {
		q := `SELECT e.id FROM evidence e LEFT JOIN parcels p ON p.id = e.parcel_id LEFT JOIN units u ON u.id = e.unit_id
			WHERE e.purged_at IS NULL AND e.kind = ? AND e.added_at < ?
			AND NOT EXISTS (SELECT 1 FROM evidence_holds h WHERE h.released_at IS NULL AND ` + held("e.parcel_id", "e.case_id") + `) AND `
		args := []any{r.Kind, o.clock.Now().Add(-time.Duration(r.KeepDays) * day)}
		if r.OwnerID != 0 {
			q, args = q+"COALESCE(u.owner_id, p.owner_id) = ?", append(args, r.OwnerID)
		} else {
			q += "NOT EXISTS (SELECT 1 FROM evidence_retention x WHERE x.kind = e.kind AND x.owner_id = COALESCE(u.owner_id, p.owner_id))"
		}
		var found []id.Evidence
		if err := o.db.Read.WithContext(ctx).Raw(q+" ORDER BY e.id LIMIT ?", append(args, purgeMost)...).Scan(&found).Error; err != nil {
			return nil, fmt.Errorf("evidence that is due: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// purge lets one piece go: its row says so, and its file is doomed when nothing else refers to it, in one commit. The file goes afterwards, so a crash in between
// leaves a file too many, never a row without its file.
func (o *Office) purge(ctx context.Context, n id.Evidence) (gone bool, err error) {
	err = o.db.InTx(ctx, func(tx *gorm.DB) error {
		gone = false
		var e Evidence
		if err := tx.Where("id = ?", n).Take(&e).Error; err != nil {
			return err
		}
		if err := db.LockNames(tx, []string{holdsName, hashName(e.Hash)}); err != nil {
			return err
		}
		var holds int64
		err := tx.Raw("SELECT COUNT(*) FROM evidence e JOIN evidence_holds h ON h.released_at IS NULL AND "+held("e.parcel_id", "e.case_id")+" WHERE e.id = ?", n).Scan(&holds).Error
		if err != nil || holds > 0 {
			return err // somebody has held it since
		}
		res := tx.Model(&Evidence{}).Where("id = ? AND purged_at IS NULL", n).Update("purged_at", o.clock.Now())
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error // another server
		}
		gone = true
		if err := doom(tx, e.Hash); err != nil {
			return err
		}
		e.ByUser = nil // nobody did: its time was over
		return o.tell(ctx, tx, e, "purged")
	})
	if err != nil {
		return false, fmt.Errorf("purge %s: %w", Number(n), err)
	}
	killpoint.Hit("evidence.doomed")
	return gone, nil
}

// doom marks a file for removal if neither evidence nor an upload that has claimed it refers to it. The caller holds the hash's name.
func doom(tx *gorm.DB, hash string) error {
	return tx.Exec(`UPDATE evidence_blobs SET state = ? WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.hash = ? AND e.purged_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM evidence_uploads u WHERE u.hash = ? AND u.state = ?)`, doomed, hash, hash, hash, storing).Error
}

// removeDoomed removes doomed files, then their rows. While the row stands, nobody can claim the file; when it is gone, so is the file.
func (o *Office) removeDoomed(ctx context.Context) error {
	var hashes []string
	now := o.clock.Now()
	err := o.db.Read.WithContext(ctx).Model(&Blob{}).Where("state = ? AND (lease_until IS NULL OR lease_until < ?)", doomed, now).Order("hash").Limit(1000).Pluck("hash", &hashes).Error
	if err != nil {
		return fmt.Errorf("doomed files: %w", err)
	}
	for _, hash := range hashes {
		if err := o.remove(ctx, hash); err != nil {
			return err
		}
	}
	return nil
}

// remove removes one doomed file under a lease: a second process that came to it late, when its row is gone and the same content has come again, would remove that.
func (o *Office) remove(ctx context.Context, hash string) error {
	mine := false
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		now := o.clock.Now()
		res := tx.Model(&Blob{}).Where("hash = ? AND state = ? AND (lease_until IS NULL OR lease_until < ?)", hash, doomed, now).Update("lease_until", now.Add(removeLease))
		mine = res.RowsAffected == 1
		return res.Error
	})
	if err != nil || !mine {
		return err
	}
	call, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	for _, key := range []string{thumbKey(hash), blobKey(hash)} {
		if err := o.store.Delete(call, key); err != nil {
			return err
		}
	}
	killpoint.Hit("evidence.removed")
	err = o.db.InTx(ctx, func(tx *gorm.DB) error { return tx.Where("hash = ? AND state = ?", hash, doomed).Delete(&Blob{}).Error })
	if err != nil {
		return fmt.Errorf("forget file: %w", err)
	}
	return nil
}
