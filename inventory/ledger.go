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
)

// Ledger writes movements and balances; nothing else does.
type Ledger struct{}

type balanceKey struct {
	owner, warehouse, sku int64
	account               Account
}

// Post inserts movements and applies their sums to the balances, last and in key order. A balance that would fall below zero is fault.Conflict stock_short.
func (l *Ledger) Post(ctx context.Context, tx *gorm.DB, ms []Movement) error {
	if len(ms) == 0 {
		return nil
	}
	tx = tx.WithContext(ctx)
	if err := tx.Create(&ms).Error; err != nil {
		return fmt.Errorf("post movements: %w", err)
	}
	deltas := map[balanceKey]int64{}
	for _, m := range ms {
		k := balanceKey{int64(m.OwnerID), int64(m.WarehouseID), int64(m.SKUID), m.FromAccount}
		deltas[k] -= int64(m.Quantity)
		k.account = m.ToAccount
		deltas[k] += int64(m.Quantity)
	}
	keys := make([]balanceKey, 0, len(deltas))
	for k := range deltas {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b balanceKey) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.warehouse, b.warehouse), cmp.Compare(a.sku, b.sku), cmp.Compare(a.account, b.account))
	})
	return apply(tx, keys, deltas)
}

// apply adds the deltas to the balances in the order of keys: whoever posts locks rows in the same order.
func apply(tx *gorm.DB, keys []balanceKey, deltas map[balanceKey]int64) error {
	if !slices.ContainsFunc(keys, func(k balanceKey) bool { return deltas[k] < 0 && !k.account.Boundary() }) {
		return raise(tx, keys, deltas)
	}
	for _, k := range keys {
		// Two statements: PostgreSQL tests the CHECK on the row offered for insertion, so a negative delta cannot be an upsert.
		err := tx.Exec("INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
			k.owner, k.warehouse, k.sku, k.account).Error
		if err == nil {
			err = tx.Exec("UPDATE balances SET quantity = quantity + ? WHERE owner_id = ? AND warehouse_id = ? AND sku_id = ? AND account = ?",
				deltas[k], k.owner, k.warehouse, k.sku, k.account).Error
		}
		if db.IsCheck(err) {
			return fault.New(fault.Conflict, "stock_short", "account %s would fall below zero", k.account)
		}
		if err != nil {
			return fmt.Errorf("apply balance %s: %w", k.account, err)
		}
	}
	return nil
}

// raise is apply where only boundary accounts go down: goods that arrive, which is nearly every posting. One statement, and its rows are locked last and
// shortest, for a balance is what every bench wants at once.
func raise(tx *gorm.DB, keys []balanceKey, deltas map[balanceKey]int64) error {
	var sql strings.Builder
	sql.WriteString("INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES ")
	args := make([]any, 0, 5*len(keys))
	for i, k := range keys {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("(?, ?, ?, ?, ?)")
		args = append(args, k.owner, k.warehouse, k.sku, k.account, deltas[k])
	}
	sql.WriteString(" ON CONFLICT (owner_id, warehouse_id, sku_id, account) DO UPDATE SET quantity = balances.quantity + excluded.quantity")
	if err := tx.Exec(sql.String(), args...).Error; err != nil {
		return fmt.Errorf("apply balances: %w", err)
	}
	return nil
}
