package order

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
)

// Hold locks the money of several orders until tx ends: the orders, then their lines, then their payments, each in id order. Whoever touches the money of more
// than one order calls it first; a payment can cover several orders, and one order after the other would lock it between them.
func Hold(ctx context.Context, tx *gorm.DB, orders []id.Order, payments ...id.Payment) error {
	if !db.IsPostgres(tx) || len(orders)+len(payments) == 0 {
		return nil
	}
	tx = tx.WithContext(ctx)
	orders, payments = append([]id.Order{0}, orders...), append([]id.Payment{0}, payments...) // never an empty list
	for _, q := range []struct {
		table string
		query string
		args  []any
	}{
		{"orders", "id IN ?", []any{orders}},
		{"order_lines", "order_id IN ?", []any{orders}},
		{"payments", "id IN ? OR id IN (SELECT payment_id FROM order_payments WHERE order_id IN ?)", []any{payments, orders}},
	} {
		var ids []int64
		if err := db.Lock(tx).Table(q.table).Where(q.query, q.args...).Order("id").Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("lock %s: %w", q.table, err)
		}
	}
	return nil
}
