package qc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

// Return says what repair did to a piece.
type Return struct {
	Plate   string
	Note    string
	Version int64
	By      id.User
}

// Repaired brings a piece back from repair: it waits in quarantine and is inspected again. Its first judgement stays, closed: what the buyer is owed was
// decided by it.
func (b *Bench) Repaired(ctx context.Context, r Return) error {
	r.Note = strings.TrimSpace(r.Note)
	if r.Note == "" {
		return fault.New(fault.Invalid, "repair_note", "say what was repaired")
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		u, err := at(tx, r.Plate, r.Version, inventory.Repair)
		if err != nil {
			return err
		}
		now, from := b.log.Now(), u.Account
		res := tx.Model(&Inspection{}).Where("unit_id = ? AND undone_at IS NULL AND closed_at IS NULL", u.ID).Update("closed_at", now)
		if res.Error != nil || res.RowsAffected != 1 {
			return fmt.Errorf("close inspection of %s (%d rows): %w", u.Plate, res.RowsAffected, res.Error)
		}
		if err := tx.Exec("UPDATE second_looks SET state = 'void' WHERE unit_id = ? AND state IN ('due', 'differs')", u.ID).Error; err != nil {
			return fmt.Errorf("second look at %s: %w", u.Plate, err)
		}
		if err := move(tx, &u, inventory.Quarantine, inventory.InQuarantine, now); err != nil {
			return err
		}
		if err := b.log.Append(ctx, tx, fact("backdock.unit.repaired.v1", u, r.By, event.Data{"account": u.Account, "from": from})); err != nil {
			return err
		}
		return b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: u.Account, Quantity: 1,
			UnitID: &u.ID, Cause: "repair_return", CauseRef: r.Note, ByUser: none(r.By), At: now}})
	})
}

// HandOver says with whom a piece leaves.
type HandOver struct {
	Plate   string
	Carrier string
	Waybill string
	Note    string
	Version int64
	By      id.User
}

type handOver struct {
	ID       int64 `gorm:"primaryKey"`
	UnitID   id.Unit
	Receiver string
	Carrier  string
	Waybill  string
	Note     string
	ByUser   id.User
	At       time.Time
}

// TableName names the table: hand_overs.
func (handOver) TableName() string { return "hand_overs" }

// HandOver gives a piece that waits for its vendor or its customer to whoever carries it there.
func (b *Bench) HandOver(ctx context.Context, h HandOver) error {
	h.Waybill, h.Note = strings.TrimSpace(h.Waybill), strings.TrimSpace(h.Note)
	if h.Waybill == "" && h.Note == "" {
		return fault.New(fault.Invalid, "hand_over_proof", "name the waybill it leaves under, or say in the note who took it")
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		u, err := at(tx, h.Plate, h.Version, inventory.Outbound)
		if err != nil {
			return err
		}
		if err := NoSecondLook(ctx, tx, u); err != nil {
			return err
		}
		if err := b.stays(ctx, tx, u); err != nil {
			return err
		}
		i, err := Live(tx, u.ID)
		if err != nil {
			return err
		}
		receiver, account := "customer", inventory.Customer
		if i.Disposition == ReturnToVendor {
			receiver, account = "vendor", inventory.Vendor
		}
		now, from := b.log.Now(), u.Account
		row := handOver{UnitID: u.ID, Receiver: receiver, Carrier: strings.TrimSpace(h.Carrier), Waybill: h.Waybill, Note: h.Note, ByUser: h.By, At: now}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("record hand-over of %s: %w", u.Plate, err)
		}
		if err := b.floor.Move(ctx, tx, []inventory.Unit{u}, nil, place.Why{Cause: "left", Ref: strconv.FormatInt(row.ID, 10), By: h.By}); err != nil {
			return err
		}
		if err := move(tx, &u, inventory.Shipped, account, now); err != nil {
			return err
		}
		data := event.Data{"account": account, "from": from, "receiver": receiver, "waybill": row.Waybill, "carrier": row.Carrier}
		if err := b.log.Append(ctx, tx, fact("backdock.unit.handed_over.v1", u, h.By, data)); err != nil {
			return err
		}
		return b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: account, Quantity: 1,
			UnitID: &u.ID, Cause: "hand_over", CauseRef: strconv.FormatInt(row.ID, 10), ByUser: none(h.By), At: now}})
	})
}

// at locks a unit that has to be in a state, at the version at which it was seen.
func at(tx *gorm.DB, plate string, version int64, state inventory.State) (inventory.Unit, error) {
	u, err := locked(tx, plate)
	switch {
	case err != nil:
		return u, err
	case u.Version != version:
		return u, fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", u.Plate).With("version", strconv.FormatInt(u.Version, 10))
	case u.State != state:
		return u, fault.New(fault.Conflict, "unit_state", "unit %s is %s, not %s", u.Plate, u.State, state).With("state", string(u.State))
	}
	return u, nil
}
