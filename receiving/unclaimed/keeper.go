package unclaimed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
)

// Sealer makes the blind index of a phone's tail. *secret.Ring is one.
type Sealer interface{ Phone(number string) string }

// Keeper holds what people do with parcels of unknown owner, short of claiming them.
type Keeper struct {
	db     *db.DB
	log    *event.Log
	clock  clock.Clock
	ledger *inventory.Ledger
	seal   Sealer
	guards []Guard
}

// Guard may refuse to let a piece leave; its row is locked.
type Guard func(ctx context.Context, tx *gorm.DB, u inventory.Unit) error

// Keep adds a guard. Call it while wiring.
func (k *Keeper) Keep(g Guard) { k.guards = append(k.guards, g) }

// New makes a keeper.
func New(d *db.DB, log *event.Log, c clock.Clock, l *inventory.Ledger, s Sealer) *Keeper {
	return &Keeper{db: d, log: log, clock: c, ledger: l, seal: s}
}

// Policy is what a warehouse allows. Values are minor units of the catalogue's currency.
type Policy struct {
	WarehouseID     id.Warehouse `gorm:"primaryKey;autoIncrement:false"`
	AlarmAfterDays  int
	EndAfterDays    int
	ValueLimitMinor int64
}

// TableName names the table: unclaimed_policies.
func (Policy) TableName() string { return "unclaimed_policies" }

// PolicyOf reads a warehouse's policy, or the one that holds without.
func PolicyOf(tx *gorm.DB, w id.Warehouse) (Policy, error) {
	p := Policy{WarehouseID: w, AlarmAfterDays: 3, EndAfterDays: 30, ValueLimitMinor: 50_000}
	if err := tx.Where("warehouse_id = ?", w).Limit(1).Find(&p).Error; err != nil {
		return p, fmt.Errorf("policy for parcels of unknown owner: %w", err)
	}
	return p, nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// locked locks a parcel that nobody owns and that is open on no bench.
func (k *Keeper) locked(tx *gorm.DB, parcel id.Parcel) (receiving.Parcel, error) {
	var p receiving.Parcel
	if err := db.Lock(tx).Where("id = ?", parcel).Limit(1).Find(&p).Error; err != nil {
		return p, fmt.Errorf("lock parcel: %w", err)
	}
	switch {
	case p.ID == 0:
		return p, fault.New(fault.NotFound, "parcel_not_found", "there is no parcel %s", receiving.ParcelNumber(parcel))
	case p.Kind != receiving.UnknownOwner || p.OwnerID != nil:
		return p, fault.New(fault.Conflict, "parcel_claimed", "parcel %s has an owner", p.Number())
	case !p.Unclaimed():
		return p, fault.New(fault.Conflict, "parcel_ended", "parcel %s has left the house: %s", p.Number(), p.State).With("state", p.State)
	case p.State == receiving.Open:
		return p, fault.New(fault.Conflict, "parcel_open", "parcel %s is open on a bench: close it first", p.Number())
	}
	return p, nil
}

// touch raises the parcel's version under its lock and tells what was done.
func (k *Keeper) touch(ctx context.Context, tx *gorm.DB, p *receiving.Parcel, kind string, by id.User, set map[string]any, data event.Data) error {
	p.Version++
	set["version"] = p.Version
	if err := tx.Model(&receiving.Parcel{}).Where("id = ?", p.ID).Updates(set).Error; err != nil {
		return fmt.Errorf("write parcel %s: %w", p.Number(), err)
	}
	data["parcel"] = p.Number()
	return k.log.Append(ctx, tx, event.Event{Type: "backdock.parcel." + kind + ".v1", Subject: "parcel/" + p.Number(), Version: p.Version, WarehouseID: p.WarehouseID, ByUser: by, Data: data})
}

// Shelve says where in the pile the parcel lies.
func (k *Keeper) Shelve(ctx context.Context, parcel id.Parcel, shelf string, by id.User) error {
	shelf = strings.ToUpper(strings.TrimSpace(shelf))
	if shelf == "" {
		return fault.New(fault.Invalid, "shelf_missing", "name the shelf")
	}
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		return k.touch(ctx, tx, &p, "shelved", by, map[string]any{"shelf": shelf}, event.Data{"shelf": shelf})
	})
}

// Label is what a person reads from a parcel.
type Label struct {
	Slip   string // order or case number on a paper inside
	Tail   string // last four digits of a phone, where the label shows them
	Origin string // sender's place
}

// Note keeps what a person has read. An empty part leaves what is known; of the phone's tail only its blind index is kept.
func (k *Keeper) Note(ctx context.Context, parcel id.Parcel, l Label, by id.User) error {
	tail := receiving.PhoneTail(l.Tail)
	if l.Tail != "" && tail != strings.TrimSpace(l.Tail) {
		return fault.New(fault.Invalid, "phone_tail", "the tail of a phone number is its last four digits")
	}
	n := receiving.Note{ParcelID: parcel, Slip: strings.TrimSpace(l.Slip), TailIdx: k.seal.Phone(tail), Origin: strings.TrimSpace(l.Origin)}
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		err := tx.Exec(`INSERT INTO unclaimed_notes (parcel_id, slip, tail_idx, origin) VALUES (?, ?, ?, ?) ON CONFLICT (parcel_id) DO UPDATE SET
 slip = COALESCE(NULLIF(excluded.slip, ''), unclaimed_notes.slip), tail_idx = COALESCE(NULLIF(excluded.tail_idx, ''), unclaimed_notes.tail_idx),
 origin = COALESCE(NULLIF(excluded.origin, ''), unclaimed_notes.origin), version = unclaimed_notes.version + 1`, n.ParcelID, n.Slip, n.TailIdx, n.Origin).Error
		if err != nil {
			return fmt.Errorf("note on parcel: %w", err)
		}
		return k.touch(ctx, tx, &p, "noted", by, map[string]any{}, event.Data{})
	})
}

// Ask records that an owner, or the courier (owner 0), was asked whose it is. A task reminds the service desk of the answer.
func (k *Keeper) Ask(ctx context.Context, parcel id.Parcel, owner id.Owner, note string, by id.User) error {
	note = strings.TrimSpace(note)
	return k.do(ctx, parcel, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
		var asked *id.Owner
		if owner != 0 {
			asked = &owner
		}
		err := tx.Exec(`INSERT INTO unclaimed_notes (parcel_id, asked_owner, asked_at, asked_by, asked_note) VALUES (?, ?, ?, ?, ?) ON CONFLICT (parcel_id) DO UPDATE SET
 asked_owner = excluded.asked_owner, asked_at = excluded.asked_at, asked_by = excluded.asked_by, asked_note = excluded.asked_note, version = unclaimed_notes.version + 1`,
			p.ID, asked, k.clock.Now(), by, note).Error
		if err != nil {
			return fmt.Errorf("record the question: %w", err)
		}
		if err := k.touch(ctx, tx, &p, "owner_asked", by, map[string]any{}, event.Data{"owner": asked}); err != nil {
			return err
		}
		return k.task(ctx, tx, "unclaimed_answer", p)
	})
}

func (k *Keeper) do(ctx context.Context, parcel id.Parcel, fn func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		p, err := k.locked(tx, parcel)
		if err != nil {
			return err
		}
		return fn(ctx, tx, p)
	})
}
