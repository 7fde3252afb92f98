package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
