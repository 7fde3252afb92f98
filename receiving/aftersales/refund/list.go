package refund

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
)

// Filter narrows List. Empty fields do not narrow; Owners and Shops are the caller's grants.
type Filter struct {
	States []State
	Owners []id.Owner
	Shops  []id.Shop
	Case   id.Case
	Order  id.Order
	Before id.Refund // the cursor: older than this
	Limit  int       // 0: 50
}

// List reads refunds, newest first.
func List(tx *gorm.DB, f Filter) ([]Refund, error) {
	q := tx.Order("id DESC").Limit(min(f.Limit, 500))
	if f.Limit <= 0 {
		q = q.Limit(50)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN ?", f.States)
	}
	if len(f.Owners) > 0 {
		q = q.Where("owner_id IN ?", f.Owners)
	}
	if len(f.Shops) > 0 {
		q = q.Where("shop_id IN ?", f.Shops)
	}
	if f.Case != 0 {
		q = q.Where("case_id = ?", f.Case)
	}
	if f.Order != 0 {
		q = q.Where("order_id = ?", f.Order)
	}
	if f.Before != 0 {
		q = q.Where("id < ?", f.Before)
	}
	var rs []Refund
	if err := q.Find(&rs).Error; err != nil {
		return nil, fmt.Errorf("list refunds: %w", err)
	}
	return rs, nil
}

// Attempts reads a refund's exchanges with its gateway, oldest first.
func Attempts(tx *gorm.DB, r id.Refund) ([]Attempt, error) {
	var as []Attempt
	if err := tx.Where("refund_id = ?", r).Order("id").Find(&as).Error; err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return as, nil
}
