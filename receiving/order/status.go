package order

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// States of an order.
const (
	Paid      = "paid"
	Picking   = "picking"
	Shipped   = "shipped"
	Delivered = "delivered"
	Completed = "completed"
	Cancelled = "cancelled"
	Exception = "exception" // 物流异常处理中
)

// Overlays that refunds lay over the state.
const (
	PartiallyRefunded = "partially_refunded"
	Refunded          = "refunded"
)

// next says which state may follow which; steps may be skipped, because channels do not send every message. What is not listed is a late message: ignored.
var next = map[string][]string{
	Paid:      {Picking, Shipped, Delivered, Completed, Cancelled, Exception},
	Picking:   {Shipped, Delivered, Completed, Cancelled, Exception},
	Shipped:   {Delivered, Completed, Cancelled, Exception},
	Delivered: {Completed, Exception},
	Exception: {Shipped, Delivered, Completed, Cancelled},
	Completed: {},
	Cancelled: {},
}

// Known reports whether s is a state of an order.
func Known(s string) bool { _, ok := next[s]; return ok }

// Locked reads an order and holds its row until tx ends. Take several in id order.
func Locked(ctx context.Context, tx *gorm.DB, orderID id.Order) (Order, error) {
	var o Order
	res := db.Lock(tx.WithContext(ctx)).Where("id = ?", orderID).Limit(1).Find(&o)
	if res.Error != nil {
		return Order{}, fmt.Errorf("lock order %d: %w", orderID, res.Error)
	}
	if res.RowsAffected == 0 {
		return Order{}, fault.New(fault.NotFound, "order_not_found", "there is no order %d", orderID)
	}
	return o, nil
}

// Advance moves an order's state forwards. A state that may not follow is a late message: it changes nothing and is no error. moved tells which.
func Advance(ctx context.Context, tx *gorm.DB, log *event.Log, orderID id.Order, to string, by id.User) (moved bool, err error) {
	if !Known(to) {
		return false, fault.New(fault.Invalid, "order_state", "there is no order state %q", to)
	}
	o, err := Locked(ctx, tx, orderID)
	if err != nil {
		return false, err
	}
	if !slices.Contains(next[o.State], to) {
		return false, nil
	}
	return true, change(ctx, tx, log, o, by, map[string]any{"state": to}, event.Data{"state": to, "state_from": o.State})
}

// Returning lays return_in_progress over the state, or takes it off when no return is under way any more. It changes nothing when it stands so already.
func Returning(ctx context.Context, tx *gorm.DB, log *event.Log, orderID id.Order, on bool, by id.User) (moved bool, err error) {
	o, err := Locked(ctx, tx, orderID)
	if err != nil || o.ReturnInProgress == on {
		return false, err
	}
	return true, change(ctx, tx, log, o, by, map[string]any{"return_in_progress": on}, event.Data{"return_in_progress": on})
}

// SettleRefunds recomputes the refund overlay from what the order's lines say was refunded, and elsewhereMinor, which others (platform, seller's back office)
// paid back for this order. The overlay only ever grows: nothing, partially_refunded, refunded.
func SettleRefunds(ctx context.Context, tx *gorm.DB, log *event.Log, orderID id.Order, elsewhereMinor int64, by id.User) (moved bool, err error) {
	return settle(ctx, tx, log, orderID, elsewhereMinor, by, func(from, to string) bool { return rank(to) > rank(from) })
}

// CorrectRefunds is SettleRefunds after a person has found that a refund was another order's: the overlay may shrink.
func CorrectRefunds(ctx context.Context, tx *gorm.DB, log *event.Log, orderID id.Order, elsewhereMinor int64, by id.User) (moved bool, err error) {
	return settle(ctx, tx, log, orderID, elsewhereMinor, by, func(from, to string) bool { return to != from })
}

func settle(ctx context.Context, tx *gorm.DB, log *event.Log, orderID id.Order, elsewhereMinor int64, by id.User, may func(from, to string) bool) (moved bool, err error) {
	o, err := Locked(ctx, tx, orderID)
	if err != nil {
		return false, err
	}
	var sum struct{ Paid, Refunded int64 }
	err = tx.WithContext(ctx).Raw("SELECT COALESCE(SUM(paid_minor), 0) AS paid, COALESCE(SUM(refunded_minor), 0) AS refunded FROM order_lines WHERE order_id = ?", orderID).Scan(&sum).Error
	if err != nil {
		return false, fmt.Errorf("refunds of order %s: %w", o.Number, err)
	}
	to := overlay(sum.Paid, sum.Refunded+elsewhereMinor)
	if !may(o.RefundOverlay, to) {
		return false, nil
	}
	return true, change(ctx, tx, log, o, by, map[string]any{"refund_overlay": to}, event.Data{"refund_overlay": to, "refund_overlay_from": o.RefundOverlay})
}

func overlay(paid, back int64) string {
	switch {
	case back <= 0:
		return ""
	case back < paid:
		return PartiallyRefunded
	}
	return Refunded
}

func rank(overlay string) int {
	return slices.Index([]string{"", PartiallyRefunded, Refunded}, overlay)
}

func change(ctx context.Context, tx *gorm.DB, log *event.Log, o Order, by id.User, set map[string]any, data event.Data) error {
	o.Version++
	set["version"] = o.Version
	res := tx.WithContext(ctx).Model(&Order{}).Where("id = ? AND version = ?", o.ID, o.Version-1).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("change order %s: %w", o.Number, res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.New(fault.Conflict, "version_conflict", "order %s was changed meanwhile", o.Number)
	}
	data["order"], data["number"] = o.ID, o.Number
	return log.Append(ctx, tx, event.Event{Type: "backdock.order.changed.v1", Subject: "order/" + o.Number, Version: o.Version, OwnerID: o.OwnerID, ShopID: o.ShopID,
		ByUser: by, Data: data})
}
