package place

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Load is what goes into a bin together.
type Load struct {
	Plates   []string
	Versions map[string]int64 // of the units as they were when they were picked up; a unit that is missing here is taken as it is
	Bin      Place
	Ref      string // what caused it: producer:seq of the scan
	By       id.User
}

// PutAway puts released pieces into a bin, all of them or none. A piece whose owner counts it only on the shelf becomes available by this. What was not
// released is fault.Conflict not_released: nothing unchecked ever lies on a shelf.
func (f *Floor) PutAway(ctx context.Context, tx *gorm.DB, l Load) ([]inventory.Unit, error) {
	tx = tx.WithContext(ctx)
	units, err := lock(tx, l.Bin.WarehouseID, l.Plates)
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if v, ok := l.Versions[u.Plate]; ok && v != u.Version {
			return nil, fault.New(fault.Conflict, "unit_changed", "unit %s was moved by somebody else since it was picked up; scan it again", u.Plate).With("plate", u.Plate)
		}
		if err := f.Shelvable(ctx, tx, u); err != nil {
			return nil, err
		}
		if kind := Fits(u.Account); l.Bin.Kind != kind {
			return nil, fault.New(fault.Conflict, "bin_kind", "%s is for %s, unit %s belongs in %s", l.Bin.Code, l.Bin.Kind, u.Plate, kind).
				With("place", l.Bin.Code).With("plate", u.Plate).With("kind", string(kind))
		}
	}
	if err := f.Move(ctx, tx, units, &l.Bin, Why{Cause: "put_away", Ref: l.Ref, By: l.By}); err != nil {
		return nil, err
	}
	return units, f.shelve(ctx, tx, units, l)
}

// Shelvable refuses what may not lie on a shelf.
func (f *Floor) Shelvable(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	if !u.Account.Sellable() || u.State == inventory.Undone {
		return fault.New(fault.Conflict, "not_released", "unit %s is %s: only what was inspected and released goes on a shelf", u.Plate, u.State).
			With("plate", u.Plate).With("state", string(u.State))
	}
	for _, g := range f.guards {
		if err := g(ctx, tx, u); err != nil {
			return err
		}
	}
	return nil
}

// shelve turns the units, tells of it and, last, moves what becomes available by lying there.
func (f *Floor) shelve(ctx context.Context, tx *gorm.DB, units []inventory.Unit, l Load) error {
	now := f.log.Now()
	var events []event.Event
	var moves []inventory.Movement
	for i := range units {
		u := &units[i]
		from := u.Account
		account, state := from.Shelved()
		if err := turn(tx, u, state, account, now); err != nil {
			return err
		}
		if account != from {
			moves = append(moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: account, Quantity: 1,
				UnitID: &u.ID, Cause: "put_away", CauseRef: l.Ref, ByUser: ref(l.By), At: now})
		}
		events = append(events, fact("backdock.unit.put_away.v1", *u, l.By, event.Data{"account": account, "from": from, "place": l.Bin.Code}))
	}
	if err := f.log.Append(ctx, tx, events...); err != nil {
		return err
	}
	return f.ledger.Post(ctx, tx, moves)
}

// TakeBack undoes a put-away: the pieces lie where they lay before, in the account they stood in before. It is refused with fault.Conflict moved_on once
// anything else has happened to one of them.
func (f *Floor) TakeBack(ctx context.Context, tx *gorm.DB, w id.Warehouse, plates []string, cause string, why Why) ([]inventory.Unit, error) {
	tx = tx.WithContext(ctx)
	units, err := lock(tx, w, plates)
	if err != nil {
		return nil, err
	}
	now := f.log.Now()
	var events []event.Event
	var moves []inventory.Movement
	for i := range units {
		u := &units[i]
		last, m, err := f.reversible(tx, *u, cause)
		if err != nil {
			return nil, err
		}
		var to *Place
		if last.FromPlace != nil {
			to = &Place{}
			if err := tx.Where("id = ?", *last.FromPlace).Take(to).Error; err != nil {
				return nil, fmt.Errorf("place of unit %s: %w", u.Plate, err)
			}
		}
		if err := f.Move(ctx, tx, []inventory.Unit{*u}, to, why); err != nil {
			return nil, err
		}
		from, account, state := u.Account, u.Account, u.State
		if m != nil {
			account, state = m.FromAccount, inventory.State(m.FromAccount)
			moves = append(moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: account, Quantity: 1,
				UnitID: &u.ID, Cause: why.Cause, CauseRef: why.Ref, CounterOf: &m.ID, ByUser: ref(why.By), At: now})
		}
		if err := turn(tx, u, state, account, now); err != nil {
			return nil, err
		}
		events = append(events, fact("backdock.unit.put_away_undone.v1", *u, why.By, event.Data{"account": account, "from": from}))
	}
	if err := f.log.Append(ctx, tx, events...); err != nil {
		return nil, err
	}
	err = f.ledger.Post(ctx, tx, moves)
	if fault.Code(err) == "stock_short" { // what became available by it is promised to somebody
		return nil, fault.New(fault.Conflict, "moved_on", "a piece of this put-away is promised by now: %w", err).With("plate", units[0].Plate)
	}
	return units, err
}

// reversible finds the placement that a put-away made, which must be the last of the unit, and the movement that came with it.
func (f *Floor) reversible(tx *gorm.DB, u inventory.Unit, cause string) (placement, *inventory.Movement, error) {
	var last placement
	res := tx.Where("unit_id = ?", u.ID).Order("id DESC").Limit(1).Find(&last)
	if res.Error != nil {
		return last, nil, fmt.Errorf("last placement of %s: %w", u.Plate, res.Error)
	}
	var m inventory.Movement
	if err := tx.Where("unit_id = ?", u.ID).Order("id DESC").Limit(1).Find(&m).Error; err != nil {
		return last, nil, fmt.Errorf("last movement of %s: %w", u.Plate, err)
	}
	if res.RowsAffected == 0 || last.Cause != "put_away" || last.CauseRef != cause || !u.Account.Sellable() || m.ToAccount != u.Account {
		return last, nil, fault.New(fault.Conflict, "moved_on", "unit %s has moved on since it was put away", u.Plate).With("plate", u.Plate).With("state", string(u.State))
	}
	if m.Cause == "put_away" && m.CauseRef == cause {
		return last, &m, nil
	}
	return last, nil, nil
}

// fact makes an event about where a unit is.
func fact(kind string, u inventory.Unit, by id.User, data event.Data) event.Event {
	data["unit"], data["plate"] = u.ID, u.Plate
	if u.CaseID != nil {
		data["case"] = *u.CaseID
	}
	return event.Event{Type: kind, Subject: "unit/" + u.Plate, Version: u.Version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, ByUser: by, At: u.MovedAt, Data: data}
}
