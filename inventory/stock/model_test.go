package stock_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
)

// rulesOfStock are queries for what must never be found, whatever was done in whatever order.
var rulesOfStock = map[string]string{
	"a balance is not the sum of its movements": `SELECT COUNT(*) FROM balances b WHERE b.quantity <> (SELECT COALESCE(SUM(CASE WHEN m.to_account = b.account THEN m.quantity ELSE -m.quantity END), 0)
		FROM movements m WHERE m.sku_id = b.sku_id AND m.warehouse_id = b.warehouse_id AND b.account IN (m.to_account, m.from_account))`,
	"an account is below zero":                    `SELECT COUNT(*) FROM balances WHERE quantity < 0 AND account NOT IN ('customer', 'vendor', 'scrap', 'adjustment')`,
	"more or less is reserved than promised":      `SELECT COUNT(*) FROM balances b WHERE b.account = 'reserved' AND b.quantity <> (SELECT COALESCE(SUM(r.quantity), 0) FROM reservations r WHERE r.state = 'held' AND r.sku_id = b.sku_id)`,
	"a unit is not where its last movement ended": `SELECT COUNT(*) FROM units u WHERE u.account <> (SELECT m.to_account FROM movements m WHERE m.unit_id = u.id ORDER BY m.id DESC LIMIT 1)`,
	"blocked pieces and blocks differ":            `SELECT abs((SELECT COUNT(*) FROM units WHERE state = 'blocked') - (SELECT COUNT(*) FROM blocks WHERE lifted_at IS NULL))`,
}

// Whatever is promised, ended, lost, found, frozen, thawed and corrected, in whatever order: the books hold.
func TestStockModel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		var units []inventory.Unit
		refs := 0
		ordinary := func(rt *rapid.T, err error) {
			if err != nil && !fault.IsKind(err, fault.Conflict) && !fault.IsKind(err, fault.Invalid) && !fault.IsKind(err, fault.NotFound) {
				rt.Fatal(err)
			}
		}
		version := func(u inventory.Unit) int64 {
			var v int64
			if err := d.Read.Raw("SELECT version FROM units WHERE id = ?", u.ID).Scan(&v).Error; err != nil {
				t.Fatal(err)
			}
			return v
		}
		rapid.Check(t, func(rt *rapid.T) {
			for range 3 {
				units = append(units, s.unit(rapid.SampledFrom([]inventory.Account{inventory.InAvailable, inventory.InQuarantine}).Draw(rt, "account")))
			}
			pick := func() inventory.Unit { return units[len(units)-1-rapid.IntRange(0, 2).Draw(rt, "unit")] }
			for range rapid.IntRange(1, 8).Draw(rt, "acts") {
				switch rapid.SampledFrom([]string{"reserve", "release", "expire", "adjust", "lose", "find", "block", "unblock"}).Draw(rt, "act") {
				case "reserve":
					refs++
					_, err := s.keeper.Reserve(t.Context(), s.want(fmt.Sprint("R", refs), rapid.IntRange(1, 3).Draw(rt, "n")))
					ordinary(rt, err)
				case "release":
					ordinary(rt, s.keeper.Release(t.Context(), id.Reservation(rapid.IntRange(1, refs+1).Draw(rt, "r")), s.boss, "x"))
				case "expire":
					s.clock.Add(2 * time.Hour)
					_, err := s.keeper.Expire(t.Context())
					ordinary(rt, err)
				case "adjust":
					ordinary(rt, s.adjust(rapid.IntRange(-2, 3).Draw(rt, "by")))
				case "lose", "find":
					u := pick()
					p := stock.Piece{Warehouse: s.house.ID, Plate: u.Plate, Version: version(u), Reason: "lost", Note: "x", By: s.boss}
					verb := s.keeper.Lose
					if rapid.Bool().Draw(rt, "find") {
						verb = s.keeper.Find
					}
					ordinary(rt, verb(t.Context(), p))
				case "block":
					ordinary(rt, s.bench.Block(t.Context(), pick().Plate, s.boss, qc.Frost{Reason: qc.Disputed}))
				case "unblock":
					ordinary(rt, s.bench.Unblock(t.Context(), pick().Plate, s.boss, "x"))
				}
			}
			for what, q := range rulesOfStock {
				var n int
				if err := d.Read.Raw(q).Scan(&n).Error; err != nil {
					rt.Fatalf("%s: %v", what, err)
				}
				if n != 0 {
					rt.Fatalf("%s: %d", what, n)
				}
			}
		})
	})
}
