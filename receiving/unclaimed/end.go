package unclaimed

import (
	"context"
	"fmt"
	"slices"
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
	"github.com/backdock/backdock/receiving"
)

// End is one person's wish to end a parcel, and the other's word on it.
type End struct {
	ID          int64 `gorm:"primaryKey"`
	ParcelID    id.Parcel
	Ending      string
	Reason      string
	ValueMinor  int64
	RequestedBy id.User
	RequestedAt time.Time
	ConfirmedBy *id.User
	ConfirmedAt *time.Time
	WithdrawnBy *id.User
	WithdrawnAt *time.Time
}

// TableName names the table: unclaimed_ends.
func (End) TableName() string { return "unclaimed_ends" }

// leaves says into which account of the world outside the pieces go, and as what.
var leaves = map[string]struct {
	account inventory.Account
	state   inventory.State
}{
	receiving.HandedBack:  {inventory.Customer, inventory.Shipped},
	receiving.SoldAsFound: {inventory.Adjustment, inventory.Shipped},
	receiving.Disposed:    {inventory.Scrap, inventory.Scrapped},
}

// Request asks for the end of a parcel. Another person confirms it. Nothing is sold or disposed of before its time, nor before anybody was asked.
func (k *Keeper) Request(ctx context.Context, parcel id.Parcel, ending, reason string, by id.User) error {
	reason = strings.TrimSpace(reason)
	if _, ok := leaves[ending]; !ok {
		return fault.New(fault.Invalid, "ending_unknown", "a parcel of unknown owner ends as %s, not %q", strings.Join(receiving.Endings, ", "), ending)
	}
	if reason == "" {
		return fault.New(fault.Invalid, "reason_missing", "say why")
	}
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		if err := k.due(tx, p, ending); err != nil {
			return err
		}
		units, err := here(tx, p.ID)
		if err != nil {
			return err
		}
		value, err := worth(tx, units)
		if err != nil {
			return err
		}
		res := tx.Exec(`INSERT INTO unclaimed_ends (parcel_id, ending, reason, value_minor, requested_by, requested_at) VALUES (?, ?, ?, ?, ?, ?)
 ON CONFLICT (parcel_id) WHERE withdrawn_at IS NULL DO NOTHING`, p.ID, ending, reason, value, by, k.clock.Now())
		if res.Error != nil {
			return fmt.Errorf("request the end of %s: %w", p.Number(), res.Error)
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "end_requested", "somebody has asked for the end of parcel %s already", p.Number())
		}
		if err := k.touch(ctx, tx, &p, "end_requested", by, map[string]any{}, event.Data{"ending": ending, "value_minor": value}); err != nil {
			return err
		}
		return k.task(ctx, tx, "unclaimed_confirm", p)
	})
}

// due refuses an end that comes too soon.
func (k *Keeper) due(tx *gorm.DB, p receiving.Parcel, ending string) error {
	if ending == receiving.HandedBack {
		return nil
	}
	policy, err := PolicyOf(tx, p.WarehouseID)
	if err != nil {
		return err
	}
	if from := p.CreatedAt.Add(days(policy.EndAfterDays)); k.clock.Now().Before(from) {
		return fault.New(fault.Conflict, "end_too_soon", "parcel %s may end from %s on", p.Number(), from.UTC().Format(time.RFC3339)).With("from", from.UTC().Format(time.RFC3339)).
			With("days", strconv.Itoa(policy.EndAfterDays))
	}
	var asked []int
	if err := tx.Raw("SELECT 1 FROM unclaimed_notes WHERE parcel_id = ? AND asked_at IS NOT NULL", p.ID).Scan(&asked).Error; err != nil {
		return fmt.Errorf("read note: %w", err)
	}
	if len(asked) == 0 {
		return fault.New(fault.Conflict, "owner_not_asked", "nobody was asked whose parcel %s is", p.Number())
	}
	return nil
}

// Withdraw takes a request back.
func (k *Keeper) Withdraw(ctx context.Context, parcel id.Parcel, by id.User) error {
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		e, err := pending(tx, p)
		if err != nil {
			return err
		}
		if err := tx.Model(&End{}).Where("id = ?", e.ID).Updates(map[string]any{"withdrawn_by": by, "withdrawn_at": k.clock.Now()}).Error; err != nil {
			return fmt.Errorf("withdraw the end of %s: %w", p.Number(), err)
		}
		return k.touch(ctx, tx, &p, "end_withdrawn", by, map[string]any{}, event.Data{"ending": e.Ending})
	})
}

// Confirm ends a parcel: its pieces leave for the world outside. Whoever asked for it cannot; above the warehouse's limit it takes a manager.
func (k *Keeper) Confirm(ctx context.Context, parcel id.Parcel, by id.User, manager bool) error {
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		e, err := pending(tx, p)
		if err != nil {
			return err
		}
		if e.RequestedBy == by {
			return fault.New(fault.Denied, "same_person", "whoever asked for it cannot confirm it")
		}
		units, err := here(tx, p.ID)
		if err != nil {
			return err
		}
		for _, u := range units {
			for _, g := range k.guards {
				if err := g(ctx, tx, u); err != nil {
					return err
				}
			}
		}
		value, err := worth(tx, units)
		if err != nil {
			return err
		}
		policy, err := PolicyOf(tx, p.WarehouseID)
		if err != nil {
			return err
		}
		if value > policy.ValueLimitMinor && !manager {
			return fault.New(fault.Denied, "above_limit", "parcel %s is worth more than the limit: a manager confirms it", p.Number())
		}
		if err := tx.Model(&End{}).Where("id = ?", e.ID).Updates(map[string]any{"confirmed_by": by, "confirmed_at": k.clock.Now(), "value_minor": value}).Error; err != nil {
			return fmt.Errorf("confirm the end of %s: %w", p.Number(), err)
		}
		return k.end(ctx, tx, p, e, units, by)
	})
}

// end moves the pieces out and the parcel to its last state.
func (k *Keeper) end(ctx context.Context, tx *gorm.DB, p receiving.Parcel, e End, units []inventory.Unit, by id.User) error {
	to, now := leaves[e.Ending], k.clock.Now()
	var moves []inventory.Movement
	events := make([]event.Event, 0, len(units))
	for _, u := range units {
		moves = append(moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: u.Account, ToAccount: to.account, Quantity: 1,
			UnitID: &u.ID, Cause: "unclaimed", CauseRef: strconv.FormatInt(e.ID, 10), ByUser: &by, At: now})
		u.Account, u.State, u.Version = to.account, to.state, u.Version+1
		err := tx.Model(&inventory.Unit{}).Where("id = ?", u.ID).Updates(map[string]any{"account": u.Account, "state": u.State, "moved_at": now, "version": u.Version}).Error
		if err != nil {
			return fmt.Errorf("move unit %s: %w", u.Plate, err)
		}
		events = append(events, event.Event{Type: "backdock.unit.left.v1", Subject: "unit/" + u.Plate, Version: u.Version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, ByUser: by, At: now,
			Data: event.Data{"unit": u.ID, "plate": u.Plate, "account": u.Account, "ending": e.Ending, "parcel": p.Number()}})
	}
	if err := place.NewFloor(k.log, k.ledger).Move(ctx, tx, units, nil, place.Why{Cause: "left", Ref: p.Number(), By: by}); err != nil {
		return err
	}
	was := p.State
	if !slices.Contains(receiving.Next[was], e.Ending) {
		return fault.New(fault.Conflict, "parcel_state", "parcel %s is %s: close it first", p.Number(), was).With("state", was)
	}
	if err := k.touch(ctx, tx, &p, e.Ending, by, map[string]any{"state": e.Ending}, event.Data{"ending": e.Ending, "from": was, "pieces": len(units), "value_minor": e.ValueMinor,
		"requested_by": e.RequestedBy}); err != nil {
		return err
	}
	if err := k.log.Append(ctx, tx, events...); err != nil {
		return err
	}
	if err := k.finish(tx, p, now); err != nil {
		return err
	}
	return k.ledger.Post(ctx, tx, moves)
}

// finish closes the tasks about a parcel that has ended.
func (k *Keeper) finish(tx *gorm.DB, p receiving.Parcel, now time.Time) error {
	err := tx.Exec("UPDATE tasks SET state = 'done', done_at = ? WHERE subject = ? AND kind IN ('unclaimed_old', 'unclaimed_answer', 'unclaimed_confirm') AND state = 'open'",
		now, "parcel/"+p.Number()).Error
	if err != nil {
		return fmt.Errorf("close tasks: %w", err)
	}
	return nil
}

// pending is the request that waits for its second person.
func pending(tx *gorm.DB, p receiving.Parcel) (End, error) {
	var e End
	if err := tx.Where("parcel_id = ? AND withdrawn_at IS NULL AND confirmed_at IS NULL", p.ID).Limit(1).Find(&e).Error; err != nil {
		return e, fmt.Errorf("read request: %w", err)
	}
	if e.ID == 0 {
		return e, fault.New(fault.Conflict, "end_not_requested", "nobody has asked for the end of parcel %s", p.Number())
	}
	return e, nil
}

// here locks the pieces of a parcel that are still in custody.
func here(tx *gorm.DB, parcel id.Parcel) ([]inventory.Unit, error) {
	var units []inventory.Unit
	if err := db.Lock(tx).Where("parcel_id = ? AND state = ?", parcel, inventory.Custody).Order("id").Find(&units).Error; err != nil {
		return nil, fmt.Errorf("pieces of parcel: %w", err)
	}
	return units, nil
}

// worth is what the catalogue says the pieces are worth; what nobody could name counts nothing.
func worth(tx *gorm.DB, units []inventory.Unit) (sum int64, err error) {
	for _, u := range units {
		var v int64
		if err := tx.Raw("SELECT value_minor FROM skus WHERE id = ?", u.SKUID).Scan(&v).Error; err != nil {
			return 0, fmt.Errorf("worth of unit: %w", err)
		}
		sum += v
	}
	return sum, nil
}
