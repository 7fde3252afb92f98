package evidence

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// TaskEmptyPhoto asks somebody for a photo of a box that was closed as empty: the claim rests on it.
const TaskEmptyPhoto = "empty_box_photo"

// Trigger opens a task when a box is closed as empty and its owner's policy wants a photo that is not here. The door stays open: the photo may follow, from a bench
// that is offline or from another camera, and settles the task by itself.
func (o *Office) Trigger(ctx context.Context, tx *gorm.DB, e event.Event) error {
	if e.Type != "backdock.parcel.emptied.v1" {
		return nil
	}
	tx = tx.WithContext(ctx)
	wanted, err := wantsEmptyPhoto(tx, e.OwnerID)
	if err != nil || !wanted {
		return err
	}
	p, ok := receiving.ParseParcelNumber(e.Subject[len("parcel/"):])
	if !ok {
		return fmt.Errorf("subject %q is no parcel", e.Subject)
	}
	seen, err := pictured(tx, p)
	if err != nil || seen {
		return err
	}
	w := e.WarehouseID
	return aftersales.OpenTask(ctx, tx, o.log, aftersales.Todo{Kind: TaskEmptyPhoto, Subject: e.Subject, Owner: e.OwnerID, Warehouse: &w, Params: map[string]any{}})
}

// pictured reports whether there is a picture, still or moving, of a parcel.
func pictured(tx *gorm.DB, p id.Parcel) (bool, error) {
	var n int64
	if err := tx.Model(&Evidence{}).Where("parcel_id = ? AND kind IN ?", p, []string{Photo, Damage, EmptyBox, Video}).Count(&n).Error; err != nil {
		return false, fmt.Errorf("evidence of parcel: %w", err)
	}
	return n > 0, nil
}

// settleTask closes the task for a photo of an empty box: there is one now.
func (o *Office) settleTask(tx *gorm.DB, p id.Parcel) error {
	seen, err := pictured(tx, p)
	if err != nil || !seen {
		return err
	}
	err = tx.Exec("UPDATE tasks SET state = 'done', done_at = ? WHERE kind = ? AND subject = ? AND state = 'open'", o.clock.Now(), TaskEmptyPhoto, "parcel/"+receiving.ParcelNumber(p)).Error
	if err != nil {
		return fmt.Errorf("close task: %w", err)
	}
	return nil
}
