package qc

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Recall freezes every piece of a product, or of one batch of it, now and until it ends.
type Recall struct {
	ID      int64 `gorm:"primaryKey"`
	OwnerID id.Owner
	SKUID   id.SKU `gorm:"column:sku_id"`
	Batch   string // empty: every batch
	Note    string
	ByUser  id.User
	At      time.Time
	EndedBy *id.User
	EndedAt *time.Time

	Blocked int `gorm:"-"` // pieces frozen when it began
}

// TableName names the table: recalls.
func (Recall) TableName() string { return "recalls" }

// recalled reports whether a recall covers the unit.
func recalled(tx *gorm.DB, u inventory.Unit) (bool, error) {
	var n int64
	err := tx.Model(&Recall{}).Where("sku_id = ? AND batch IN ('', ?) AND ended_at IS NULL", u.SKUID, u.Batch).Limit(1).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("recalls of unit %s: %w", u.Plate, err)
	}
	return n > 0, nil
}

// Recall begins a recall and freezes, in the same act, every piece in the house that it covers. Pieces that come later are frozen when somebody would release
// them. A recall that is on already is fault.Conflict recall_on.
func (b *Bench) Recall(ctx context.Context, r Recall) (Recall, error) {
	r.Note, r.Batch = strings.TrimSpace(r.Note), strings.TrimSpace(r.Batch)
	if r.Note == "" {
		return r, fault.New(fault.Invalid, "recall_note", "say why the goods are recalled")
	}
	out := r
	err := b.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		out = r
		out.At = b.log.Now()
		// A name comes before units in the order of locks: a second recall of the same goods waits here.
		if err := db.LockNames(tx, []string{fmt.Sprintf("recall:%d", r.SKUID)}); err != nil {
			return err
		}
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&out)
		if res.Error != nil {
			return fmt.Errorf("begin recall: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "recall_on", "these goods are recalled already")
		}
		var units []inventory.Unit
		q := db.Lock(tx).Where("owner_id = ? AND sku_id = ? AND state IN ?", r.OwnerID, r.SKUID, blockable)
		if out.Batch != "" {
			q = q.Where("batch = ?", out.Batch)
		}
		if err := q.Order("id").Find(&units).Error; err != nil {
			return fmt.Errorf("pieces of the recall: %w", err)
		}
		out.Blocked = len(units)
		err := b.log.Append(ctx, tx, event.Event{Type: "backdock.recall.begun.v1", Subject: fmt.Sprintf("recall/%d", out.ID), Version: 1, OwnerID: r.OwnerID, ByUser: r.ByUser,
			At: out.At, Data: event.Data{"recall": out.ID, "sku": r.SKUID, "batch": out.Batch, "units": len(units)}})
		if err != nil || len(units) == 0 {
			return err
		}
		return b.freeze(ctx, tx, units, frost{reason: Recalled, note: out.Note, recall: &out.ID, by: r.ByUser})
	})
	return out, err
}

// EndRecall ends a recall. With thaw the pieces that it froze go back to where they stood; without, each is thawed by hand.
func (b *Bench) EndRecall(ctx context.Context, recall int64, by id.User, thaw bool) error {
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		var r Recall
		res := db.Lock(tx).Where("id = ?", recall).Limit(1).Find(&r)
		if res.Error != nil {
			return fmt.Errorf("read recall: %w", res.Error)
		}
		if res.RowsAffected == 0 || r.EndedAt != nil {
			return fault.New(fault.Conflict, "recall_over", "there is no such recall, or it has ended")
		}
		if err := tx.Model(&Recall{}).Where("id = ?", recall).Updates(map[string]any{"ended_by": by, "ended_at": b.log.Now()}).Error; err != nil {
			return fmt.Errorf("end recall: %w", err)
		}
		err := b.log.Append(ctx, tx, event.Event{Type: "backdock.recall.ended.v1", Subject: fmt.Sprintf("recall/%d", r.ID), Version: 2, OwnerID: r.OwnerID, ByUser: by,
			Data: event.Data{"recall": r.ID, "sku": r.SKUID, "batch": r.Batch}})
		if err != nil || !thaw {
			return err
		}
		var units []inventory.Unit
		err = db.Lock(tx).Where("state = 'blocked' AND id IN (SELECT unit_id FROM blocks WHERE recall_id = ? AND lifted_at IS NULL)", recall).Order("id").Find(&units).Error
		if err != nil {
			return fmt.Errorf("pieces of the recall: %w", err)
		}
		for _, u := range units {
			if err := b.thaw(ctx, tx, u, by, "recall ended"); err != nil {
				return err
			}
		}
		return nil
	})
}
