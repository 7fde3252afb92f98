package stock

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

// Keeper keeps promises, corrections and counts.
type Keeper struct {
	db     *db.DB
	log    *event.Log
	ledger *inventory.Ledger
	floor  *place.Floor
}

// New makes a keeper.
func New(d *db.DB, log *event.Log, ledger *inventory.Ledger) *Keeper {
	return &Keeper{db: d, log: log, ledger: ledger, floor: place.NewFloor(log, ledger)}
}

// Reservation is a number of pieces held for a purpose until it expires.
type Reservation struct {
	ID          id.Reservation `gorm:"primaryKey"`
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	SKUID       id.SKU            `gorm:"column:sku_id"`
	Account     inventory.Account // available or second_grade
	Quantity    int
	Purpose     string
	Ref         string // the caller's own number: one live reservation per owner, purpose and ref
	State       string // held, taken, released, expired, broken
	MovementID  id.Movement
	ExpiresAt   time.Time
	ByUser      *id.User
	At          time.Time
	EndedBy     *id.User
	EndedAt     *time.Time
	EndReason   string
}

// TableName names the table: reservations.
func (Reservation) TableName() string { return "reservations" }

// promised is the account in which reserved pieces of an account stand.
func promised(a inventory.Account) inventory.Account {
	if a == inventory.InSecondGrade {
		return inventory.InReservedB
	}
	return inventory.InReserved
}

// Longest is how far ahead pieces can be held.
const Longest = 90 * 24 * time.Hour

// Reserve holds pieces. The same owner, purpose and ref again gives the reservation that is there. Too few pieces is fault.Conflict stock_short: however many
// ask at once, no more is promised than there is.
func (k *Keeper) Reserve(ctx context.Context, r Reservation) (Reservation, error) {
	out := r
	err := k.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		out, err = k.ReserveIn(ctx, tx, r)
		return err
	})
	return out, err
}

// ReserveIn is Reserve inside the caller's transaction.
func (k *Keeper) ReserveIn(ctx context.Context, tx *gorm.DB, r Reservation) (Reservation, error) {
	tx = tx.WithContext(ctx)
	if r.Account == "" {
		r.Account = inventory.InAvailable
	}
	now := k.log.Now()
	r.Purpose, r.Ref = strings.TrimSpace(r.Purpose), strings.TrimSpace(r.Ref)
	switch {
	case r.Account != inventory.InAvailable && r.Account != inventory.InSecondGrade:
		return r, fault.New(fault.Invalid, "reservation_account", "only available and second grade pieces are promised, not %s", r.Account)
	case r.Quantity < 1 || r.Purpose == "" || r.Ref == "":
		return r, fault.New(fault.Invalid, "reservation_incomplete", "a reservation has a quantity, a purpose and the number it is for")
	case !r.ExpiresAt.After(now) || r.ExpiresAt.After(now.Add(Longest)):
		return r, fault.New(fault.Invalid, "reservation_expiry", "a reservation ends in the future, and within %d days", int(Longest.Hours()/24))
	}
	if err := db.LockNames(tx, []string{fmt.Sprintf("reservation:%d:%s:%s", r.OwnerID, r.Purpose, r.Ref)}); err != nil {
		return r, err
	}
	var was Reservation
	if err := tx.Where("owner_id = ? AND purpose = ? AND ref = ? AND state = 'held'", r.OwnerID, r.Purpose, r.Ref).Limit(1).Find(&was).Error; err != nil {
		return r, fmt.Errorf("read reservation: %w", err)
	}
	if was.ID != 0 {
		if was.SKUID != r.SKUID || was.WarehouseID != r.WarehouseID || was.Account != r.Account || was.Quantity != r.Quantity {
			return was, fault.New(fault.Conflict, "reservation_exists", "%s %s has another reservation: end that first", r.Purpose, r.Ref)
		}
		return was, nil
	}
	return k.hold(ctx, tx, r, now)
}

func (k *Keeper) hold(ctx context.Context, tx *gorm.DB, r Reservation, now time.Time) (Reservation, error) {
	d := inventory.Deltas{}
	moves := []inventory.Movement{{OwnerID: r.OwnerID, WarehouseID: r.WarehouseID, SKUID: r.SKUID, FromAccount: r.Account, ToAccount: promised(r.Account), Quantity: r.Quantity,
		Cause: "reservation", CauseRef: r.Purpose + " " + r.Ref, ByUser: r.ByUser, At: now}}
	if err := k.ledger.Record(ctx, tx, moves, d); err != nil {
		return r, err
	}
	r.State, r.At, r.MovementID = "held", now, moves[0].ID
	if err := tx.Create(&r).Error; err != nil {
		return r, fmt.Errorf("record reservation: %w", err)
	}
	if err := k.tell(ctx, tx, r, 1, "backdock.stock.reserved.v1", r.ByUser); err != nil {
		return r, err
	}
	return r, k.ledger.Apply(ctx, tx, d)
}

// tell appends an event about a reservation.
func (k *Keeper) tell(ctx context.Context, tx *gorm.DB, r Reservation, version int64, kind string, by *id.User) error {
	e := event.Event{Type: kind, Subject: "reservation/" + strconv.FormatInt(int64(r.ID), 10), Version: version, OwnerID: r.OwnerID, WarehouseID: r.WarehouseID,
		Data: event.Data{"reservation": r.ID, "sku": r.SKUID, "quantity": r.Quantity, "account": r.Account, "purpose": r.Purpose, "ref": r.Ref, "state": r.State}}
	if by != nil {
		e.ByUser = *by
	}
	return k.log.Append(ctx, tx, e)
}

// Release ends a reservation: its pieces are free again.
func (k *Keeper) Release(ctx context.Context, r id.Reservation, by id.User, reason string) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		row, err := held(tx, r)
		if err != nil {
			return err
		}
		d := inventory.Deltas{}
		if err := k.end(ctx, tx, row, "released", by, strings.TrimSpace(reason), d); err != nil {
			return err
		}
		return k.ledger.Apply(ctx, tx, d)
	})
}

// held locks a reservation that has not ended.
func held(tx *gorm.DB, r id.Reservation) (Reservation, error) {
	var row Reservation
	if err := db.Lock(tx).Where("id = ?", r).Limit(1).Find(&row).Error; err != nil {
		return row, fmt.Errorf("read reservation %d: %w", r, err)
	}
	switch {
	case row.ID == 0:
		return row, fault.New(fault.NotFound, "reservation_not_found", "there is no reservation %d", r)
	case row.State != "held":
		return row, fault.New(fault.Conflict, "reservation_over", "reservation %d is %s", r, row.State).With("state", row.State)
	}
	return row, nil
}

// end takes the promise of a locked reservation back by a counter-entry.
func (k *Keeper) end(ctx context.Context, tx *gorm.DB, r Reservation, state string, by id.User, reason string, d inventory.Deltas) error {
	now := k.log.Now()
	r.State = state
	res := tx.Model(&Reservation{}).Where("id = ? AND state = 'held'", r.ID).Updates(map[string]any{"state": state, "ended_at": now, "ended_by": ref(by), "end_reason": reason})
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("end reservation %d (%d rows): %w", r.ID, res.RowsAffected, res.Error)
	}
	if err := k.tell(ctx, tx, r, 2, "backdock.stock.reservation_ended.v1", ref(by)); err != nil {
		return err
	}
	return k.ledger.Record(ctx, tx, []inventory.Movement{{OwnerID: r.OwnerID, WarehouseID: r.WarehouseID, SKUID: r.SKUID, FromAccount: promised(r.Account), ToAccount: r.Account,
		Quantity: r.Quantity, Cause: "reservation_end", CauseRef: state, CounterOf: &r.MovementID, ByUser: ref(by), At: now}}, d)
}

const expiredAtOnce = 100

// Expire ends what has run out, and says of how many.
func (k *Keeper) Expire(ctx context.Context) (ended int, err error) {
	for {
		n := 0
		err := k.db.InTx(ctx, func(tx *gorm.DB) error {
			tx = tx.WithContext(ctx)
			var rows []Reservation
			if err := db.LockFree(tx).Where("state = 'held' AND expires_at <= ?", k.log.Now()).Order("id").Limit(expiredAtOnce).Find(&rows).Error; err != nil {
				return fmt.Errorf("read reservations: %w", err)
			}
			d := inventory.Deltas{}
			for _, r := range rows {
				if err := k.end(ctx, tx, r, "expired", 0, "", d); err != nil {
					return err
				}
			}
			n = len(rows)
			return k.ledger.Apply(ctx, tx, d)
		})
		ended += n
		if err != nil || n < expiredAtOnce {
			return ended, err
		}
	}
}

// Free makes n pieces of a balance free that are promised to somebody, the latest promise first. It is a qc.Free: what it gives back is added to d, which the
// caller applies. It waits for promises, never for balances; a promise made in this moment shows when d is applied.
func (k *Keeper) Free(ctx context.Context, tx *gorm.DB, key inventory.Key, n int64, by id.User, d inventory.Deltas) error {
	if key.Account != inventory.InAvailable && key.Account != inventory.InSecondGrade {
		return nil
	}
	tx = tx.WithContext(ctx)
	var rows []Reservation
	err := db.Lock(tx).Where("sku_id = ? AND warehouse_id = ? AND account = ? AND owner_id = ? AND state = 'held'", key.SKU, key.Warehouse, key.Account, key.Owner).Order("id").Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	var b inventory.Balance
	if err := tx.Where("owner_id = ? AND warehouse_id = ? AND sku_id = ? AND account = ?", key.Owner, key.Warehouse, key.SKU, key.Account).Limit(1).Find(&b).Error; err != nil {
		return fmt.Errorf("read balance: %w", err)
	}
	short := n - b.Quantity
	for i := len(rows) - 1; i >= 0 && short > 0; i-- {
		if err := k.end(ctx, tx, rows[i], "broken", by, "blocked", d); err != nil {
			return err
		}
		short -= int64(rows[i].Quantity)
	}
	return nil
}

// Take gives the pieces of a reservation away: they leave for a customer. Their plates say which they are.
func (k *Keeper) Take(ctx context.Context, r id.Reservation, plates []string, by id.User) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		var seen Reservation
		if err := tx.Where("id = ?", r).Limit(1).Find(&seen).Error; err != nil {
			return fmt.Errorf("read reservation %d: %w", r, err)
		}
		units, err := lockPlates(tx, seen.WarehouseID, plates) // units come before reservations in the order of locks
		if err != nil {
			return err
		}
		row, err := held(tx, r)
		if err != nil {
			return err
		}
		if len(units) != row.Quantity {
			return fault.New(fault.Invalid, "reservation_plates", "reservation %d is for %d pieces, %d were named", r, row.Quantity, len(units))
		}
		for _, u := range units {
			if u.SKUID != row.SKUID || u.OwnerID != row.OwnerID || u.Account != row.Account {
				return fault.New(fault.Conflict, "reservation_unit", "unit %s is %s and not one of those that were promised", u.Plate, u.State).With("plate", u.Plate)
			}
		}
		return k.give(ctx, tx, row, units, by)
	})
}

func (k *Keeper) give(ctx context.Context, tx *gorm.DB, r Reservation, units []inventory.Unit, by id.User) error {
	d := inventory.Deltas{}
	if err := k.end(ctx, tx, r, "taken", by, "", d); err != nil {
		return err
	}
	why := place.Why{Cause: "left", Ref: "reservation " + strconv.FormatInt(int64(r.ID), 10), By: by}
	if err := k.floor.Move(ctx, tx, units, nil, why); err != nil {
		return err
	}
	moves, err := k.turn(ctx, tx, units, inventory.Shipped, inventory.Customer, "backdock.unit.handed_over.v1", "reservation_taken", why.Ref, by)
	if err != nil {
		return err
	}
	if err := k.ledger.Record(ctx, tx, moves, d); err != nil {
		return err
	}
	return k.ledger.Apply(ctx, tx, d)
}

// turn brings locked units to a state and an account, tells of it, and returns the movements to record.
func (k *Keeper) turn(ctx context.Context, tx *gorm.DB, units []inventory.Unit, s inventory.State, a inventory.Account, kind, cause, why string, by id.User) ([]inventory.Movement, error) {
	now := k.log.Now()
	moves := make([]inventory.Movement, 0, len(units))
	events := make([]event.Event, 0, len(units))
	for i := range units {
		u := &units[i]
		from := u.Account
		res := tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version).Updates(map[string]any{"state": s, "account": a, "moved_at": now, "version": u.Version + 1})
		if res.Error != nil || res.RowsAffected != 1 {
			return nil, fmt.Errorf("move unit %s (%d rows): %w", u.Plate, res.RowsAffected, res.Error)
		}
		u.State, u.Account, u.MovedAt, u.Version = s, a, now, u.Version+1
		moves = append(moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: a, Quantity: 1, UnitID: &u.ID,
			Cause: cause, CauseRef: why, ByUser: ref(by), At: now})
		events = append(events, event.Event{Type: kind, Subject: "unit/" + u.Plate, Version: u.Version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, ByUser: by, At: now,
			Data: event.Data{"unit": u.ID, "plate": u.Plate, "account": a, "from": from}})
	}
	return moves, k.log.Append(ctx, tx, events...)
}

func lockPlates(tx *gorm.DB, w id.Warehouse, plates []string) ([]inventory.Unit, error) {
	var us []inventory.Unit
	if err := db.Lock(tx).Where("warehouse_id = ? AND plate IN ?", w, plates).Order("id").Find(&us).Error; err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	return us, nil
}

func ref[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}
