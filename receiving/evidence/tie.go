package evidence

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
)

// tie finds what a piece of evidence belongs to, as far as it is known: by the scan it was taken for, by its unit, by its parcel. A scan that has not arrived yet
// (the bench was offline) leaves it loose; TieLoose comes back to it.
func (e *Evidence) tie(tx *gorm.DB) error {
	if e.Producer != "" {
		if err := e.tieScan(tx); err != nil {
			return err
		}
	}
	if e.UnitID != nil {
		var u struct {
			ParcelID *id.Parcel
			CaseID   *id.Case
		}
		if err := tx.Raw("SELECT parcel_id, case_id FROM units WHERE id = ?", *e.UnitID).Scan(&u).Error; err != nil {
			return fmt.Errorf("unit of evidence: %w", err)
		}
		if e.ParcelID == nil {
			e.ParcelID = u.ParcelID
		}
		e.CaseID = u.CaseID
	}
	if e.CaseID == nil && e.ParcelID != nil {
		// A parcel of several cases is evidence of all of them: they are found by the parcel.
		var cases []id.Case
		if err := tx.Raw("SELECT DISTINCT case_id FROM receipts WHERE parcel_id = ? AND case_id IS NOT NULL LIMIT 2", *e.ParcelID).Scan(&cases).Error; err != nil {
			return fmt.Errorf("cases of evidence: %w", err)
		}
		if len(cases) == 1 {
			e.CaseID = &cases[0]
		}
	}
	return nil
}

// tieScan takes over what the answer to the scan says. A scan of another warehouse than the evidence's says nothing.
func (e *Evidence) tieScan(tx *gorm.DB) error {
	var rows []struct {
		ParcelID   *id.Parcel
		UnitID     *id.Unit
		BenchID    id.Bench
		OperatorID *id.User
		OffsetMS   int64 `gorm:"column:offset_ms"`
	}
	err := tx.Raw("SELECT parcel_id, unit_id, bench_id, operator_id, offset_ms FROM outcomes WHERE producer = ? AND seq = ? AND warehouse_id = ?", e.Producer, e.Seq, e.WarehouseID).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("scan of evidence: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	o := rows[0]
	if e.ParcelID == nil {
		e.ParcelID = o.ParcelID
	}
	if e.UnitID == nil && e.Kind != Video {
		e.UnitID = o.UnitID
	}
	if o.OperatorID != nil {
		e.ByUser = o.OperatorID
	}
	e.BenchID, e.OffsetMS = &o.BenchID, o.OffsetMS
	return nil
}

// owner is whose goods the evidence shows; 0 while nobody knows.
func (e *Evidence) owner(tx *gorm.DB) (id.Owner, error) {
	var found []id.Owner
	err := tx.Raw(`SELECT COALESCE((SELECT owner_id FROM units WHERE id = ?), (SELECT owner_id FROM parcels WHERE id = ?), 0)`, val(e.UnitID), val(e.ParcelID)).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

// looseFor is how long a scan is waited for: a bench may have been offline over a long weekend.
const looseFor = 30 * 24 * time.Hour

// TieLoose ties evidence whose scan has arrived since, and says how much it was.
func (o *Office) TieLoose(ctx context.Context) (int, error) {
	var loose []id.Evidence
	err := o.db.Read.WithContext(ctx).Raw(`SELECT e.id FROM evidence e JOIN outcomes o ON o.producer = e.producer AND o.seq = e.seq
		WHERE e.parcel_id IS NULL AND e.producer <> '' AND e.added_at > ? AND o.parcel_id IS NOT NULL AND o.warehouse_id = e.warehouse_id ORDER BY e.id LIMIT 500`,
		o.clock.Now().Add(-looseFor)).Scan(&loose).Error
	if err != nil {
		return 0, fmt.Errorf("find loose evidence: %w", err)
	}
	tied := 0
	for _, n := range loose {
		err := o.db.InTx(ctx, func(tx *gorm.DB) error {
			var e Evidence
			if err := db.Lock(tx).Where("id = ?", n).Take(&e).Error; err != nil {
				return err
			}
			if e.ParcelID != nil {
				return nil // another server
			}
			if err := e.tie(tx); err != nil {
				return err
			}
			err := tx.Model(&Evidence{}).Where("id = ?", n).Updates(map[string]any{"parcel_id": e.ParcelID, "unit_id": e.UnitID, "case_id": e.CaseID, "bench_id": e.BenchID,
				"by_user": e.ByUser, "offset_ms": e.OffsetMS}).Error
			if err != nil {
				return err
			}
			return o.tell(ctx, tx, e, "tied")
		})
		if err != nil {
			return tied, fmt.Errorf("tie %s: %w", Number(n), err)
		}
		tied++
	}
	return tied, nil
}
