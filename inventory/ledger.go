package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Ledger writes movements and balances; nothing else does.
type Ledger struct{}

// Key names a balance.
type Key struct {
	Owner     id.Owner
	Warehouse id.Warehouse
	SKU       id.SKU
	Account   Account
}

// Compare orders keys as they are locked.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Owner, o.Owner), cmp.Compare(k.Warehouse, o.Warehouse), cmp.Compare(k.SKU, o.SKU), cmp.Compare(k.Account, o.Account))
}

// Deltas sums what recorded movements do to the balances until Apply writes it. The zero value is ready.
type Deltas map[Key]int64

// Add books one movement.
func (d Deltas) Add(m Movement) {
	k := Key{m.OwnerID, m.WarehouseID, m.SKUID, m.FromAccount}
	d[k] -= int64(m.Quantity)
	k.Account = m.ToAccount
	d[k] += int64(m.Quantity)
}

// Post inserts movements and applies their sums to the balances, last and in key order. A balance that would fall below zero is fault.Conflict stock_short.
// The movements get their ids.
func (l *Ledger) Post(ctx context.Context, tx *gorm.DB, ms []Movement) error {
	d := Deltas{}
	if err := l.Record(ctx, tx, ms, d); err != nil {
		return err
	}
	return l.Apply(ctx, tx, d)
}

// Record inserts movements, which get their ids, and adds them to d. Whoever records applies d in the same transaction, as its last act: balances are
// shared by every bench, so their rows are locked only on the way to the commit.
func (l *Ledger) Record(ctx context.Context, tx *gorm.DB, ms []Movement, d Deltas) error {
	if len(ms) == 0 {
		return nil
	}
	if err := l.Enter(tx.WithContext(ctx), ms, d).Error; err != nil {
		return fmt.Errorf("post movements: %w", err)
	}
	return nil
}

// Enter is Record as one statement, for a pipeline: it has to be run, and the ids may stay unknown.
func (l *Ledger) Enter(tx *gorm.DB, ms []Movement, d Deltas) *gorm.DB {
	for _, m := range ms {
		d.Add(m)
	}
	return tx.Create(&ms)
}

// Apply adds d to the balances in key order, so that transactions that share rows queue up and never wait in a circle.
func (l *Ledger) Apply(ctx context.Context, tx *gorm.DB, d Deltas) error {
	keys := make([]Key, 0, len(d))
	for k := range d {
		keys = append(keys, k) // also those that come out even: an account that was used has a balance
	}
	slices.SortFunc(keys, Key.Compare)
	for len(keys) > 0 {
		n := 0
		// A row that grows, or that may be negative, can be made as it is changed; PostgreSQL locks the rows of one INSERT in the order of its VALUES.
		for n < len(keys) && (d[keys[n]] >= 0 || keys[n].Account.Boundary()) {
			n++
		}
		if n > 0 {
			if err := raise(ctx, tx, keys[:n], d); err != nil {
				return err
			}
			keys = keys[n:]
			continue
		}
		if err := lower(ctx, tx, keys[0], d[keys[0]]); err != nil {
			return err
		}
		keys = keys[1:]
	}
	return nil
}

func raise(ctx context.Context, tx *gorm.DB, keys []Key, d Deltas) error {
	args := make([]any, 0, 5*len(keys))
	for _, k := range keys {
		args = append(args, k.Owner, k.Warehouse, k.SKU, string(k.Account), d[k])
	}
	err := tx.WithContext(ctx).Exec("INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES "+
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?), ", len(keys)), ", ")+
		" ON CONFLICT (owner_id, warehouse_id, sku_id, account) DO UPDATE SET quantity = balances.quantity + excluded.quantity", args...).Error
	if err != nil {
		return fmt.Errorf("raise balances: %w", err)
	}
	return nil
}

// lower is an UPDATE of its own: PostgreSQL tests the CHECK on the row offered for insertion, so a negative delta cannot be an upsert.
func lower(ctx context.Context, tx *gorm.DB, k Key, delta int64) error {
	res := tx.WithContext(ctx).Exec("UPDATE balances SET quantity = quantity + ? WHERE owner_id = ? AND warehouse_id = ? AND sku_id = ? AND account = ?",
		delta, k.Owner, k.Warehouse, k.SKU, string(k.Account))
	if db.IsCheck(res.Error) || (res.Error == nil && res.RowsAffected == 0) {
		return fault.New(fault.Conflict, "stock_short", "account %s would fall below zero", k.Account)
	}
	if res.Error != nil {
		return fmt.Errorf("lower balance %s: %w", k.Account, res.Error)
	}
	return nil
}
