package aftersales

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/order"
)

// Earlier is a case that the same buyer, or the same order, had before.
type Earlier struct {
	ID        id.Case
	Number    string
	Type      string
	Reason    string
	Status    string
	SameOrder bool
	At        time.Time
}

// HistoryLimit bounds History: the newest are the ones that matter.
const HistoryLimit = 20

// History lists the other cases of the case's order and of the same buyer at the same owner, newest first. Buyers are compared by the blind index of
// their phone; nothing is decrypted.
func History(ctx context.Context, tx *gorm.DB, c Case) ([]Earlier, error) {
	tx = tx.WithContext(ctx)
	var phone string
	if c.OrderID != nil {
		var o order.Order
		if err := tx.Where("id = ?", *c.OrderID).Take(&o).Error; err != nil {
			return nil, fmt.Errorf("order of case %s: %w", c.Number, err)
		}
		phone = o.BuyerPhoneIdx
	}
	q := tx.Model(&Case{}).Where("owner_id = ? AND id <> ?", c.OwnerID, c.ID)
	switch {
	case phone != "":
		q = q.Where("order_id IN (SELECT id FROM orders WHERE owner_id = ? AND buyer_phone_idx = ?) OR (shop_id = ? AND order_number = ? AND order_number <> '')",
			c.OwnerID, phone, c.ShopID, c.OrderNumber)
	case c.OrderNumber != "":
		q = q.Where("shop_id = ? AND order_number = ?", c.ShopID, c.OrderNumber)
	default:
		return nil, nil
	}
	var rows []Case
	if err := q.Order("submitted_at DESC, id DESC").Limit(HistoryLimit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("history of case %s: %w", c.Number, err)
	}
	out := make([]Earlier, len(rows))
	for i, r := range rows {
		out[i] = Earlier{ID: r.ID, Number: r.Number, Type: r.Type, Reason: r.Reason, Status: r.Status(), At: r.SubmittedAt,
			SameOrder: c.OrderNumber != "" && r.OrderNumber == c.OrderNumber && r.ShopID == c.ShopID}
	}
	return out, nil
}

// Status is the one word that people see, derived from the four facets: what the case waits for, or how it ended.
func (c Case) Status() string {
	switch c.Money {
	case "to_recover":
		return "to_recover"
	case "sending":
		return "refunding"
	}
	switch {
	case c.Decision == "submitted", c.Decision == "disputed":
		return c.Decision
	case c.Closed() && (c.Money == "returned" || c.Money == "returned_elsewhere" || c.Money == "recovered"):
		return c.Money
	case c.Over():
		return c.Decision
	case c.Money == "due":
		return "refund_due"
	}
	switch c.Goods {
	case "awaited", "in_transit", "at_dock", "part_received":
		return c.Goods
	case "received":
		return "to_inspect"
	case "written_off":
		return "written_off"
	}
	switch {
	case c.Money != "none":
		return c.Money
	case c.Judgement == "failed":
		return "failed"
	}
	return c.Decision
}
