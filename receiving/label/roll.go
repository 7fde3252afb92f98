package label

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner/wire"
)

// MaxRoll is the most plates of one roll.
const MaxRoll = 2_000

// Roll leases a block that is printed beforehand. Its plates are for any bench of the warehouse that takes plates from rolls, and for nothing else. also, if not
// nil, runs in the same transaction.
func (o *Office) Roll(ctx context.Context, w id.Warehouse, count int, at time.Time, also func(tx *gorm.DB, b wire.Block) error) (wire.Block, error) {
	if count < 1 || count > MaxRoll {
		return wire.Block{}, fault.New(fault.Invalid, "roll_count", "a roll has 1 to %d plates, not %d", MaxRoll, count)
	}
	return o.enter(ctx, receiving.Lease{Count: count, WarehouseID: &w, LeasedAt: at}, also)
}

// OnRoll reports whether plate number n stands on a roll of the warehouse. tx serves a first question about a block.
func (o *Office) OnRoll(ctx context.Context, tx *gorm.DB, w id.Warehouse, n int64) (bool, error) {
	o.mu.Lock()
	for _, b := range o.rolls[w] {
		if n >= b.First && n < b.First+int64(b.Count) {
			o.mu.Unlock()
			return true, nil
		}
	}
	o.mu.Unlock()
	var rows []receiving.Lease
	if err := tx.WithContext(ctx).Where("first <= ?", n).Order("first DESC").Limit(1).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("roll of plate %d: %w", n, err)
	}
	if len(rows) == 0 || rows[0].WarehouseID == nil || *rows[0].WarehouseID != w || n >= rows[0].First+int64(rows[0].Count) {
		return false, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if list := o.rolls[w]; len(list) >= keepBlocks {
		o.rolls[w] = list[1:keepBlocks:keepBlocks]
	}
	o.rolls[w] = append(o.rolls[w], wire.Block{First: rows[0].First, Count: rows[0].Count})
	return true, nil
}
