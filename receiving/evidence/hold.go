package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Hold keeps the evidence of a parcel or a case, and the pieces it shows, as they are.
type Hold struct {
	ID            id.Hold `gorm:"primaryKey"`
	ParcelID      *id.Parcel
	CaseID        *id.Case
	Reason        string
	ByUser        id.User
	At            time.Time
	ReleasedAt    *time.Time
	ReleasedBy    *id.User
	ReleaseReason string
}

// TableName names the table: evidence_holds.
func (Hold) TableName() string { return "evidence_holds" }

// holdsName is locked by who holds and by who purges: neither passes the other unseen.
const holdsName = "evidence-holds"

// held is the condition under which a hold h keeps the evidence of a parcel and a case, given as SQL expressions.
func held(parcel, of string) string {
	return fmt.Sprintf("(h.parcel_id = %[1]s OR h.case_id = %[2]s OR h.case_id IN (SELECT r.case_id FROM receipts r WHERE r.parcel_id = %[1]s))", parcel, of)
}

// Keep holds the evidence of a parcel, or of a case: exactly one of the two is given. Its pieces cannot be disposed of from then on.
func (o *Office) Keep(ctx context.Context, p id.Parcel, c id.Case, by id.User, reason string) (Hold, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Hold{}, fault.New(fault.Invalid, "hold_reason", "say why the evidence is held")
	}
	var h Hold
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		h = Hold{ParcelID: ref(p), CaseID: ref(c), Reason: reason, ByUser: by, At: o.clock.Now()}
		if err := db.LockNames(tx, []string{holdsName}); err != nil {
			return err
		}
		if err := lockPieces(tx, p, c); err != nil {
			return err
		}
		if err := tx.Create(&h).Error; err != nil {
			return err
		}
		return o.tellHold(ctx, tx, h, "held", by)
	})
	if err != nil {
		return Hold{}, fmt.Errorf("hold evidence: %w", err)
	}
	return h, nil
}

// lockPieces holds the rows of the pieces that a hold is about: an inspection under way is finished first, and the next one sees the hold.
func lockPieces(tx *gorm.DB, p id.Parcel, c id.Case) error {
	var ids []id.Unit
	q := db.Lock(tx).Model(&inventory.Unit{}).Order("id")
	if c != 0 {
		var row []id.Case
		if err := db.Lock(tx).Table("cases").Where("id = ?", c).Pluck("id", &row).Error; err != nil {
			return err
		}
		q = q.Where("case_id = ? OR parcel_id IN (SELECT parcel_id FROM receipts WHERE case_id = ?)", c, c)
	} else {
		q = q.Where("parcel_id = ?", p)
	}
	return q.Pluck("id", &ids).Error
}

func (o *Office) tellHold(ctx context.Context, tx *gorm.DB, h Hold, what string, by id.User) error {
	var at struct {
		OwnerID     id.Owner
		WarehouseID id.Warehouse
	}
	data := event.Data{"hold": h.ID}
	q := tx.Table("parcels").Select("COALESCE(owner_id, 0) AS owner_id, warehouse_id").Where("id = ?", val(h.ParcelID))
	if h.CaseID != nil {
		data["case"] = *h.CaseID
		q = tx.Table("cases").Select("owner_id, COALESCE(warehouse_id, 0) AS warehouse_id").Where("id = ?", *h.CaseID)
	} else {
		data["parcel"] = *h.ParcelID
	}
	if err := q.Scan(&at).Error; err != nil {
		return err
	}
	version := int64(1)
	if what == "released" {
		version = 2
	}
	return o.log.Append(ctx, tx, event.Event{Type: "backdock.evidence." + what + ".v1", Subject: fmt.Sprintf("evidence-hold/%d", h.ID), Version: version,
		OwnerID: at.OwnerID, WarehouseID: at.WarehouseID, ByUser: by, Data: data})
}

// Release ends a hold. One that has ended is fault.Conflict hold_state.
func (o *Office) Release(ctx context.Context, n id.Hold, by id.User, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return fault.New(fault.Invalid, "hold_reason", "say why the evidence is released")
	}
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := db.LockNames(tx, []string{holdsName}); err != nil {
			return err
		}
		now := o.clock.Now()
		res := tx.Model(&Hold{}).Where("id = ? AND released_at IS NULL", n).Updates(map[string]any{"released_at": now, "released_by": by, "release_reason": reason})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "hold_state", "this hold has ended already")
		}
		var h Hold
		if err := tx.Where("id = ?", n).Take(&h).Error; err != nil {
			return err
		}
		return o.tellHold(ctx, tx, h, "released", by)
	})
	if err != nil {
		return fmt.Errorf("release evidence: %w", err)
	}
	return nil
}

// HoldsOf lists the holds that keep a parcel's evidence now, its own and those of its cases.
func (o *Office) HoldsOf(ctx context.Context, p id.Parcel) ([]Hold, error) {
	var out []Hold
	err := o.db.From(ctx).Raw("SELECT h.* FROM evidence_holds h WHERE h.released_at IS NULL AND "+held("CAST(@p AS BIGINT)", "NULL")+" ORDER BY h.id", map[string]any{"p": p}).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("holds of parcel: %w", err)
	}
	return out, nil
}

// Guard refuses to let a piece leave, or its judgement move it, while evidence of it is held. The caller has locked the unit.
func Guard(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	var found []id.Hold
	err := tx.WithContext(ctx).Raw(`SELECT h.id FROM units u JOIN evidence_holds h ON h.released_at IS NULL AND `+held("u.parcel_id", "u.case_id")+` WHERE u.id = ? LIMIT 1`, u.ID).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("holds of unit %s: %w", u.Plate, err)
	}
	if len(found) > 0 {
		return fault.New(fault.Conflict, "evidence_hold", "the evidence of unit %s is held for a dispute: it stays as it is until that hold is released", u.Plate).With("plate", u.Plate)
	}
	return nil
}

// holdColumns: a hold is where its parcel or its case is.
var holdColumns = auth.Columns{Warehouse: "COALESCE(p.warehouse_id, c.warehouse_id) = ?", Owner: "COALESCE(p.owner_id, c.owner_id) = ?",
	Shop: "? IN (SELECT x.shop_id FROM cases x WHERE x.id = h.case_id OR x.id IN (SELECT r.case_id FROM receipts r WHERE r.parcel_id = h.parcel_id))"}

// HoldWithin reads a hold inside a scope.
func (o *Office) HoldWithin(ctx context.Context, s auth.Scope, n id.Hold) (Hold, error) {
	within, args := s.SQL(holdColumns)
	return o.hold(ctx, "h.id = ? AND "+within, append([]any{n}, args...)...)
}

// Newest reads the hold of a parcel or case that was made last.
func (o *Office) Newest(ctx context.Context, p id.Parcel, c id.Case) (Hold, error) {
	return o.hold(ctx, "(h.parcel_id = ? OR h.case_id = ?)", p, c)
}

func (o *Office) hold(ctx context.Context, where string, args ...any) (Hold, error) {
	var found []Hold
	err := o.db.From(ctx).Raw("SELECT h.* FROM evidence_holds h LEFT JOIN parcels p ON p.id = h.parcel_id LEFT JOIN cases c ON c.id = h.case_id WHERE "+where+" ORDER BY h.id DESC LIMIT 1", args...).Scan(&found).Error
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "hold_not_found", "there is no such hold")
	}
	if err != nil {
		return Hold{}, fmt.Errorf("read hold: %w", err)
	}
	return found[0], nil
}
