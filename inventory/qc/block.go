package qc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Reasons why a piece is frozen.
const (
	Recalled = "recalled"
	Expired  = "expired"
	Disputed = "disputed"
	Other    = "other"
)

// BlockReasons lists them.
var BlockReasons = []string{Recalled, Expired, Disputed, Other}

// blockable are the states in which a piece can be frozen, and to which it thaws again.
var blockable = []inventory.State{inventory.Quarantine, inventory.Custody, inventory.Available, inventory.SecondGrade, inventory.Released, inventory.ReleasedB, inventory.Repair, inventory.Outbound}

// Free makes n pieces of a balance free that are promised to somebody, because they are about to be frozen: a recall is stronger than a promise.
type Free func(ctx context.Context, tx *gorm.DB, k inventory.Key, n int64, by id.User, d inventory.Deltas) error

// UseFree sets what frees promised pieces. Call it while wiring.
func (b *Bench) UseFree(f Free) { b.free = f }

// block is one time a piece was frozen.
type block struct {
	ID         int64 `gorm:"primaryKey"`
	UnitID     id.Unit
	Reason     string
	Note       string
	RecallID   *int64
	ByUser     *id.User
	At         time.Time
	LiftedBy   *id.User
	LiftedAt   *time.Time
	LiftReason string
}

// TableName names the table: blocks.
func (block) TableName() string { return "blocks" }

// Frost says why a piece is frozen.
type Frost struct {
	Reason string // one of BlockReasons
	Note   string // wanted for other
}

// Block freezes a unit: nothing may move it until Unblock.
func (b *Bench) Block(ctx context.Context, plate string, by id.User, why Frost) error {
	why.Note = strings.TrimSpace(why.Note)
	if !slices.Contains(BlockReasons, why.Reason) || why.Reason == Other && why.Note == "" {
		return fault.New(fault.Invalid, "block_reason", "say why the unit is blocked: %s, the last with words", strings.Join(BlockReasons, ", "))
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		u, err := locked(tx.WithContext(ctx), plate)
		if err != nil {
			return err
		}
		if !slices.Contains(blockable, u.State) {
			return fault.New(fault.Conflict, "unit_state", "unit %s is %s and cannot be blocked", u.Plate, u.State).With("state", string(u.State))
		}
		return b.freeze(ctx, tx, []inventory.Unit{u}, frost{reason: why.Reason, note: why.Note, by: by})
	})
}

// frost is why pieces are frozen, and by which recall.
type frost struct {
	reason, note string
	recall       *int64
	by           id.User
}

// freeze blocks locked units. Balances go last, those of all units together.
func (b *Bench) freeze(ctx context.Context, tx *gorm.DB, units []inventory.Unit, f frost) error {
	tx = tx.WithContext(ctx)
	now := b.log.Now()
	var events []event.Event
	var moves []inventory.Movement
	var rows []block
	short := map[inventory.Key]int64{}
	for i := range units {
		u := &units[i]
		from := u.Account
		if err := move(tx, u, inventory.Blocked, inventory.InBlocked, now); err != nil {
			return err
		}
		rows = append(rows, block{UnitID: u.ID, Reason: f.reason, Note: f.note, RecallID: f.recall, ByUser: none(f.by), At: now})
		events = append(events, fact("backdock.unit.blocked.v1", *u, f.by, event.Data{"account": inventory.InBlocked, "from": from, "reason": f.reason}))
		moves = append(moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: inventory.InBlocked,
			Quantity: 1, UnitID: &u.ID, Cause: "block", CauseRef: f.reason, ByUser: none(f.by), At: now})
		short[inventory.Key{Owner: u.OwnerID, Warehouse: u.WarehouseID, SKU: u.SKUID, Account: from}]++
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("record blocks: %w", err)
	}
	if err := b.log.Append(ctx, tx, events...); err != nil {
		return err
	}
	d := inventory.Deltas{}
	if err := b.freeAll(ctx, tx, short, f.by, d); err != nil {
		return err
	}
	if err := b.ledger.Record(ctx, tx, moves, d); err != nil {
		return err
	}
	err := b.ledger.Apply(ctx, tx, d)
	if fault.Code(err) == "stock_short" && b.free != nil {
		return db.ErrAgain // somebody was promised a piece in this very moment; the next try sees it
	}
	return err
}

func (b *Bench) freeAll(ctx context.Context, tx *gorm.DB, short map[inventory.Key]int64, by id.User, d inventory.Deltas) error {
	if b.free == nil {
		return nil
	}
	keys := make([]inventory.Key, 0, len(short))
	for k := range short {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	for _, k := range keys {
		if err := b.free(ctx, tx, k, short[k], by, d); err != nil {
			return err
		}
	}
	return nil
}

// Unblock puts a blocked unit back where it came from.
func (b *Bench) Unblock(ctx context.Context, plate string, by id.User, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return fault.New(fault.Invalid, "unblock_reason", "say why the unit is free again")
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		u, err := locked(tx.WithContext(ctx), plate)
		if err != nil {
			return err
		}
		return b.thaw(ctx, tx.WithContext(ctx), u, by, reason)
	})
}

func (b *Bench) thaw(ctx context.Context, tx *gorm.DB, u inventory.Unit, by id.User, reason string) error {
	if u.State != inventory.Blocked {
		return fault.New(fault.Conflict, "unit_state", "unit %s is %s, not blocked", u.Plate, u.State).With("state", string(u.State))
	}
	var m inventory.Movement
	if err := tx.Where("unit_id = ? AND to_account = ?", u.ID, inventory.InBlocked).Order("id DESC").Take(&m).Error; err != nil {
		return fmt.Errorf("where unit %s came from: %w", u.Plate, err)
	}
	now := b.log.Now()
	if err := move(tx, &u, inventory.State(m.FromAccount), m.FromAccount, now); err != nil { // the blockable states are called like their accounts
		return err
	}
	res := tx.Model(&block{}).Where("unit_id = ? AND lifted_at IS NULL", u.ID).Updates(map[string]any{"lifted_by": by, "lifted_at": now, "lift_reason": reason})
	if res.Error != nil {
		return fmt.Errorf("lift block of %s: %w", u.Plate, res.Error)
	}
	if err := b.log.Append(ctx, tx, fact("backdock.unit.unblocked.v1", u, by, event.Data{"account": m.FromAccount, "from": inventory.InBlocked})); err != nil {
		return err
	}
	return b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.InBlocked, ToAccount: m.FromAccount,
		Quantity: 1, UnitID: &u.ID, Cause: "unblock", CauseRef: reason, CounterOf: &m.ID, ByUser: none(by), At: now}})
}

func none(u id.User) *id.User {
	if u == 0 {
		return nil
	}
	return &u
}
