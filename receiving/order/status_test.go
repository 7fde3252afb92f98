package order_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/order"
)

var now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

// anOrder makes an owner, a shop and an order of two lines, paid 300.00 in all.
func anOrder(t *testing.T, d *db.DB) order.Order {
	t.Helper()
	o := order.Order{OwnerID: 1, ShopID: 1, Number: "1001", State: order.Shipped, Currency: "CNY", PlacedAt: now, Version: 1}
	err := d.InTx(t.Context(), func(tx *gorm.DB) error {
		for _, sql := range []string{"INSERT INTO owners (id, code, name) VALUES (1, 'QY', '青屿')",
			"INSERT INTO shops (id, owner_id, channel, code, name, time_zone) VALUES (1, 1, 'taobao', 'TB', '淘宝店', 'Asia/Shanghai')"} {
			if err := tx.Exec(sql).Error; err != nil {
				return err
			}
		}
		if err := tx.Create(&o).Error; err != nil {
			return err
		}
		return tx.Create(&[]order.Line{{OrderID: o.ID, LineNo: 1, Kind: "goods", Quantity: 2, PaidMinor: 20000}, {OrderID: o.ID, LineNo: 2, Kind: "goods", Quantity: 1, PaidMinor: 10000}}).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestStateMovesForwardsOnly(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		o, log := anOrder(t, d), event.NewLog(d, clock.NewFake(now))
		version := int64(1)
		for _, tc := range []struct {
			to    string
			moved bool
			state string
		}{
			{order.Picking, false, order.Shipped}, {order.Paid, false, order.Shipped}, {order.Delivered, true, order.Delivered}, {order.Shipped, false, order.Delivered},
			{order.Cancelled, false, order.Delivered}, {order.Exception, true, order.Exception}, {order.Completed, true, order.Completed}, {order.Delivered, false, order.Completed},
			{order.Completed, false, order.Completed},
		} {
			var moved bool
			err := d.InTx(t.Context(), func(tx *gorm.DB) (err error) {
				moved, err = order.Advance(t.Context(), tx, log, o.ID, tc.to, 0)
				return err
			})
			if err != nil || moved != tc.moved {
				t.Fatalf("to %s: %v, %v", tc.to, moved, err)
			}
			if moved {
				version++
			}
			var got order.Order
			if d.Read.Take(&got, o.ID); got.State != tc.state || got.Version != version {
				t.Fatalf("after %s: %s, version %d", tc.to, got.State, got.Version)
			}
		}
		err := d.InTx(t.Context(), func(tx *gorm.DB) error {
			_, err := order.Advance(t.Context(), tx, log, o.ID, "teleported", 0)
			return err
		})
		if fault.Code(err) != "order_state" {
			t.Fatal(err)
		}
		var told int64
		if d.Read.Table("events").Where("type = 'backdock.order.changed.v1' AND subject = 'order/1001'").Count(&told); told != version-1 {
			t.Fatalf("%d events for %d moves", told, version-1)
		}
	})
}

func TestOverlays(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		o, log := anOrder(t, d), event.NewLog(d, clock.NewFake(now))
		returning := func(on bool) (moved bool) {
			if err := d.InTx(t.Context(), func(tx *gorm.DB) (err error) {
				moved, err = order.Returning(t.Context(), tx, log, o.ID, on, 0)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return moved
		}
		if !returning(true) || returning(true) || !returning(false) || returning(false) {
			t.Fatal("return_in_progress does not follow")
		}
		for _, tc := range []struct {
			line, refunded, elsewhere int64
			want                      string
		}{
			{1, 0, 0, ""}, {1, 1, 0, order.PartiallyRefunded}, {1, 20000, 0, order.PartiallyRefunded}, {1, 20000, 10000, order.Refunded},
			{1, 100, 0, order.Refunded}, // a figure that falls takes nothing back
		} {
			err := d.InTx(t.Context(), func(tx *gorm.DB) error {
				if err := tx.Exec("UPDATE order_lines SET approved_quantity = 2, approved_minor = 20000, refunded_minor = ? WHERE line_no = ?", tc.refunded, tc.line).Error; err != nil {
					return err
				}
				_, err := order.SettleRefunds(t.Context(), tx, log, o.ID, tc.elsewhere, 0)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var got order.Order
			if d.Read.Take(&got, o.ID); got.RefundOverlay != tc.want {
				t.Fatalf("refunded %d + %d: %q, want %q", tc.refunded, tc.elsewhere, got.RefundOverlay, tc.want)
			}
		}
		var told int64
		if d.Read.Table("events").Where("type = 'backdock.order.changed.v1'").Count(&told); told != 4 {
			t.Fatalf("%d events", told)
		}
	})
}
