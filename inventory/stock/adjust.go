package stock

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

// Adjustment corrects the book against the world: between an account and adjustment, never between two accounts of ours.
type Adjustment struct {
	ID          int64 `gorm:"primaryKey"`
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	SKUID       id.SKU `gorm:"column:sku_id"`
	Account     inventory.Account
	Quantity    int // more, or less
	UnitID      *id.Unit
	CountID     *id.Count
	Reason      string
	Note        string
	ByUser      id.User
	At          time.Time
}

// TableName names the table: adjustments.
func (Adjustment) TableName() string { return "adjustments" }

// AdjustReasons lists what a person may say.
var AdjustReasons = []string{"lost", "found", "damaged", "opening", "other"}

func (a Adjustment) check() error {
	switch {
	case !slices.Contains(AdjustReasons, a.Reason):
		return fault.New(fault.Invalid, "adjust_reason", "say why: %s", strings.Join(AdjustReasons, ", "))
	case strings.TrimSpace(a.Note) == "":
		return fault.New(fault.Invalid, "adjust_note", "say in the note what happened")
	}
	return nil
}

// Adjust corrects a number of pieces that have no plates of their own in the book: available and second grade stock. Everywhere else each piece has its plate,
// and is lost or found by it. Promised pieces cannot be taken: fault.Conflict stock_short.
func (k *Keeper) Adjust(ctx context.Context, a Adjustment) (Adjustment, error) {
	if err := a.check(); err != nil {
		return a, err
	}
	switch {
	case a.Account != inventory.InAvailable && a.Account != inventory.InSecondGrade:
		return a, fault.New(fault.Invalid, "adjust_account", "pieces in %s have plates: say which piece is lost or found", a.Account)
	case a.Quantity == 0 || a.Quantity > 1_000_000 || a.Quantity < -1_000_000:
		return a, fault.New(fault.Invalid, "adjust_quantity", "by how many pieces?")
	}
	out := a
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		out = a
		if err := k.record(tx, &out); err != nil {
			return err
		}
		m := inventory.Movement{OwnerID: a.OwnerID, WarehouseID: a.WarehouseID, SKUID: a.SKUID, FromAccount: inventory.Adjustment, ToAccount: a.Account, Quantity: a.Quantity,
			Cause: "adjustment", CauseRef: strconv.FormatInt(out.ID, 10), ByUser: &a.ByUser, At: out.At}
		if a.Quantity < 0 {
			m.FromAccount, m.ToAccount, m.Quantity = m.ToAccount, m.FromAccount, -m.Quantity
		}
		return k.ledger.Post(ctx, tx, []inventory.Movement{m})
	})
	return out, err
}

func (k *Keeper) record(tx *gorm.DB, a *Adjustment) error {
	a.Note, a.At = strings.TrimSpace(a.Note), k.log.Now()
	if err := tx.Create(a).Error; err != nil {
		return fmt.Errorf("record adjustment: %w", err)
	}
	return nil
}

// losable are the states from which a piece can go missing.
var losable = []inventory.State{inventory.Quarantine, inventory.Custody, inventory.Available, inventory.SecondGrade, inventory.Released, inventory.ReleasedB, inventory.Repair, inventory.Outbound, inventory.Blocked}

// Piece says which piece is lost, or found again.
type Piece struct {
	Warehouse id.Warehouse
	Plate     string
	Version   int64
	Reason    string
	Note      string
	By        id.User
}

// Lose books a piece out that is not where the book says, nor anywhere else. Find books it in again.
func (k *Keeper) Lose(ctx context.Context, p Piece) error {
	return k.one(ctx, p, func(tx *gorm.DB, u inventory.Unit) error {
		if !slices.Contains(losable, u.State) {
			return fault.New(fault.Conflict, "unit_state", "unit %s is %s and cannot be lost", u.Plate, u.State).With("state", string(u.State))
		}
		return k.lose(ctx, tx, u, Adjustment{Reason: p.Reason, Note: p.Note, ByUser: p.By})
	})
}

// Find books a missing piece in again: into quarantine, whatever it was before, for nobody knows where it has been.
func (k *Keeper) Find(ctx context.Context, p Piece) error {
	return k.one(ctx, p, func(tx *gorm.DB, u inventory.Unit) error {
		if u.State != inventory.Missing {
			return fault.New(fault.Conflict, "unit_state", "unit %s is %s, not missing", u.Plate, u.State).With("state", string(u.State))
		}
		return k.find(ctx, tx, u, nil, Adjustment{Reason: p.Reason, Note: p.Note, ByUser: p.By})
	})
}

func (k *Keeper) one(ctx context.Context, p Piece, act func(tx *gorm.DB, u inventory.Unit) error) error {
	if err := (Adjustment{Reason: p.Reason, Note: p.Note}).check(); err != nil {
		return err
	}
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		us, err := lockPlates(tx, p.Warehouse, []string{strings.ToUpper(strings.TrimSpace(p.Plate))})
		switch {
		case err != nil:
			return err
		case len(us) == 0:
			return fault.New(fault.NotFound, "unit_not_found", "there is no unit %s in this warehouse", p.Plate)
		case us[0].Version != p.Version:
			return fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", us[0].Plate).With("version", strconv.FormatInt(us[0].Version, 10))
		}
		return act(tx, us[0])
	})
}

// lose books a locked unit out.
func (k *Keeper) lose(ctx context.Context, tx *gorm.DB, u inventory.Unit, a Adjustment) error {
	key := inventory.Key{Owner: u.OwnerID, Warehouse: u.WarehouseID, SKU: u.SKUID, Account: u.Account}
	if err := k.close(tx, u); err != nil {
		return err
	}
	a.OwnerID, a.WarehouseID, a.SKUID, a.Account, a.Quantity, a.UnitID = u.OwnerID, u.WarehouseID, u.SKUID, u.Account, -1, &u.ID
	if err := k.record(tx, &a); err != nil {
		return err
	}
	why := strconv.FormatInt(a.ID, 10)
	if err := k.floor.Move(ctx, tx, []inventory.Unit{u}, nil, place.Why{Cause: "left", Ref: "adjustment " + why, By: a.ByUser}); err != nil {
		return err
	}
	moves, err := k.turn(ctx, tx, []inventory.Unit{u}, inventory.Missing, inventory.Adjustment, "backdock.unit.lost.v1", "adjustment", why, a.ByUser)
	if err != nil {
		return err
	}
	d := inventory.Deltas{}
	if err := k.Free(ctx, tx, key, 1, a.ByUser, d); err != nil {
		return err
	}
	if err := k.ledger.Record(ctx, tx, moves, d); err != nil {
		return err
	}
	if err = k.ledger.Apply(ctx, tx, d); fault.Code(err) == "stock_short" && err != nil {
		return db.ErrAgain // promised in this very moment; the next try breaks the promise
	}
	return err
}

// close ends what other rooms keep about a unit only while it is in the house: a judgement that says where it is, a second look, a block.
func (k *Keeper) close(tx *gorm.DB, u inventory.Unit) error {
	now := k.log.Now()
	for _, sql := range []string{
		"UPDATE inspections SET closed_at = ? WHERE unit_id = ? AND undone_at IS NULL AND closed_at IS NULL",
		"UPDATE blocks SET lifted_at = ?, lift_reason = 'missing' WHERE unit_id = ? AND lifted_at IS NULL",
	} {
		if err := tx.Exec(sql, now, u.ID).Error; err != nil {
			return fmt.Errorf("close what is open about unit %s: %w", u.Plate, err)
		}
	}
	if err := tx.Exec("UPDATE second_looks SET state = 'void' WHERE unit_id = ? AND state IN ('due', 'differs')", u.ID).Error; err != nil {
		return fmt.Errorf("second look at %s: %w", u.Plate, err)
	}
	return nil
}

// find books a locked missing unit in, at a place if that is known. Goods that are not ours go back into custody.
func (k *Keeper) find(ctx context.Context, tx *gorm.DB, u inventory.Unit, at *place.Place, a Adjustment) error {
	var m inventory.Movement
	if err := tx.Where("unit_id = ?", u.ID).Order("id DESC").Take(&m).Error; err != nil {
		return fmt.Errorf("where unit %s went missing: %w", u.Plate, err)
	}
	account, state := inventory.InQuarantine, inventory.Quarantine
	if m.FromAccount == inventory.InCustody || u.Title != "ours" {
		account, state = inventory.InCustody, inventory.Custody
	}
	a.OwnerID, a.WarehouseID, a.SKUID, a.Account, a.Quantity, a.UnitID = u.OwnerID, u.WarehouseID, u.SKUID, account, 1, &u.ID
	if err := k.record(tx, &a); err != nil {
		return err
	}
	why := strconv.FormatInt(a.ID, 10)
	if at != nil {
		if err := k.floor.Move(ctx, tx, []inventory.Unit{u}, at, place.Why{Cause: "stock_take", Ref: "adjustment " + why, By: a.ByUser}); err != nil {
			return err
		}
	}
	moves, err := k.turn(ctx, tx, []inventory.Unit{u}, state, account, "backdock.unit.found.v1", "adjustment", why, a.ByUser)
	if err != nil {
		return err
	}
	return k.ledger.Post(ctx, tx, moves)
}
