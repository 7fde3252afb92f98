package qc

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

// Undo takes the live inspection of a unit back by a counter-entry; the unit stands where it stood before, under a new version. It is refused with
// fault.Conflict moved_on once anything else has moved the unit, and with whatever a Guard says.
func (b *Bench) Undo(ctx context.Context, plate string, by id.User, reason string, version int64) (Inspection, error) {
	var out Inspection
	err := b.db.InTx(ctx, func(tx *gorm.DB) error {
		var err error
		out, err = b.UndoIn(ctx, tx, plate, by, reason, version)
		return err
	})
	return out, err
}

// UndoIn is Undo inside the caller's transaction.
func (b *Bench) UndoIn(ctx context.Context, tx *gorm.DB, plate string, by id.User, reason string, version int64) (Inspection, error) {
	tx = tx.WithContext(ctx)
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Inspection{}, fault.New(fault.Invalid, "undo_reason", "say why the inspection is taken back")
	}
	u, err := b.locked(ctx, tx, plate)
	if err != nil {
		return Inspection{}, err
	}
	if u.Version != version { // first: who comes second must hear that somebody was faster, not that there is nothing to take back
		return Inspection{}, fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", u.Plate).With("version", strconv.FormatInt(u.Version, 10))
	}
	i, m, err := undoable(tx, u)
	if err != nil {
		return Inspection{}, err
	}
	for _, g := range b.guards {
		if err := g(ctx, tx, u); err != nil {
			return Inspection{}, err
		}
	}
	return b.takeBack(ctx, tx, u, i, m, by, reason)
}

// CanUndo says whether the live inspection of a unit could be undone now: nil, or the refusal Undo would give.
func (b *Bench) CanUndo(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	if _, _, err := undoable(tx.WithContext(ctx), u); err != nil {
		return err
	}
	for _, g := range b.guards {
		if err := g(ctx, tx, u); err != nil {
			return err
		}
	}
	return nil
}

// undoable finds the inspection and its movement, which must be the last that happened to the unit.
func undoable(tx *gorm.DB, u inventory.Unit) (Inspection, inventory.Movement, error) {
	var m inventory.Movement
	i, err := Live(tx, u.ID)
	if err != nil {
		return i, m, err
	}
	res := tx.Where("unit_id = ?", u.ID).Order("id DESC").Limit(1).Find(&m)
	if res.Error != nil {
		return i, m, fmt.Errorf("last movement of %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected == 0 || m.Cause != "inspection" || m.CauseRef != ref(i.ID) || m.ToAccount != u.Account {
		return i, m, fault.New(fault.Conflict, "moved_on", "unit %s has moved on since its inspection and cannot be taken back", u.Plate).With("state", string(u.State))
	}
	if r, err := ruleOf(i.Disposition); err != nil || r.state != u.State && r.released(true).state != u.State {
		return i, m, fault.New(fault.Conflict, "moved_on", "unit %s is %s by now and cannot be taken back", u.Plate, u.State).With("state", string(u.State))
	}
	switch p, lies, err := place.Of(tx.Statement.Context, tx, u.ID); {
	case err != nil:
		return i, m, err
	case lies && (p.Kind == place.Shelf || p.Kind == place.Second):
		return i, m, fault.New(fault.Conflict, "moved_on", "unit %s lies on a shelf, in %s: take the put-away back first", u.Plate, p.Code).With("state", string(u.State)).With("place", p.Code)
	}
	return i, m, nil
}

func (b *Bench) takeBack(ctx context.Context, tx *gorm.DB, u inventory.Unit, i Inspection, m inventory.Movement, by id.User, reason string) (Inspection, error) {
	now := b.log.Now()
	res := tx.Model(&Inspection{}).Where("id = ? AND undone_at IS NULL", i.ID).Updates(map[string]any{"undone_at": now, "undone_by": by, "undo_reason": reason})
	if res.Error != nil {
		return i, fmt.Errorf("undo inspection of %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return i, fault.New(fault.Conflict, "moved_on", "the inspection of unit %s was undone meanwhile", u.Plate)
	}
	i.UndoneAt, i.UndoneBy, i.UndoReason = &now, &by, reason
	if err := tx.Exec("UPDATE second_looks SET state = 'void' WHERE inspection_id = ? AND state IN ('due', 'differs')", i.ID).Error; err != nil {
		return i, fmt.Errorf("second look at %s: %w", u.Plate, err)
	}
	state := inventory.Quarantine
	if m.FromAccount == inventory.InCustody {
		state = inventory.Custody
	}
	if err := move(tx, &u, state, m.FromAccount, now); err != nil {
		return i, err
	}
	data := event.Data{"inspection": i.ID, "grade": i.Grade, "disposition": i.Disposition, "account": m.FromAccount, "from": m.ToAccount}
	kind := "backdock.unit.inspection_undone.v1"
	if i.Round > 1 {
		kind, data["round"] = "backdock.unit.inspection_again_undone.v1", i.Round
	}
	if err := b.log.Append(ctx, tx, fact(kind, u, by, data)); err != nil {
		return i, err
	}
	err := b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: m.ToAccount,
		ToAccount: m.FromAccount, Quantity: 1, UnitID: &u.ID, Cause: "inspection_undo", CauseRef: ref(i.ID), CounterOf: &m.ID, ByUser: &by, At: now}})
	switch {
	case fault.Code(err) == "stock_short":
		// The account holds fewer pieces than it should: this one was sold or moved without its plate.
		return i, fault.New(fault.Conflict, "moved_on", "unit %s is no longer in %s: %w", u.Plate, m.ToAccount, err)
	case err != nil:
		return i, fmt.Errorf("move unit %s back: %w", u.Plate, err)
	}
	return i, nil
}
