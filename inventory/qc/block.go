package qc

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Block freezes a unit that waits for inspection (recalled, expired, in dispute): nothing may move it until Unblock.
func (b *Bench) Block(ctx context.Context, plate string, by id.User, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return fault.New(fault.Invalid, "block_reason", "say why the unit is blocked")
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		u, err := locked(tx.WithContext(ctx), plate)
		if err != nil {
			return err
		}
		if u.State != inventory.Quarantine && u.State != inventory.Custody {
			return fault.New(fault.Conflict, "unit_state", "unit %s is %s; only units in quarantine or custody can be blocked", u.Plate, u.State).With("state", string(u.State))
		}
		return b.shift(ctx, tx, u, shift{kind: "backdock.unit.blocked.v1", cause: "block", state: inventory.Blocked, account: inventory.InBlocked, by: by, why: reason})
	})
}

// Unblock puts a blocked unit back where it came from.
func (b *Bench) Unblock(ctx context.Context, plate string, by id.User, reason string) error {
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		u, err := locked(tx.WithContext(ctx), plate)
		if err != nil {
			return err
		}
		if u.State != inventory.Blocked {
			return fault.New(fault.Conflict, "unit_state", "unit %s is %s, not blocked", u.Plate, u.State).With("state", string(u.State))
		}
		var m inventory.Movement
		if err := tx.Where("unit_id = ? AND to_account = ?", u.ID, inventory.InBlocked).Order("id DESC").Take(&m).Error; err != nil {
			return fmt.Errorf("where unit %s came from: %w", u.Plate, err)
		}
		state := inventory.Quarantine
		if m.FromAccount == inventory.InCustody {
			state = inventory.Custody
		}
		return b.shift(ctx, tx, u, shift{kind: "backdock.unit.unblocked.v1", cause: "unblock", state: state, account: m.FromAccount, by: by, why: strings.TrimSpace(reason)})
	})
}

// shift is a movement of one unit that is not a disposition.
type shift struct {
	kind, cause string
	state       inventory.State
	account     inventory.Account
	by          id.User
	why         string
}

func (b *Bench) shift(ctx context.Context, tx *gorm.DB, u inventory.Unit, s shift) error {
	now, from := b.log.Now(), u.Account
	if err := move(tx, &u, s.state, s.account, now); err != nil {
		return err
	}
	if err := b.log.Append(ctx, tx, fact(s.kind, u, s.by, event.Data{"account": s.account, "from": from})); err != nil {
		return err
	}
	err := b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: s.account,
		Quantity: 1, UnitID: &u.ID, Cause: s.cause, CauseRef: s.why, ByUser: &s.by, At: now}})
	if err != nil {
		return fmt.Errorf("move unit %s: %w", u.Plate, err)
	}
	return nil
}
