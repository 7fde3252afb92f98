package inventory_test

import (
	"maps"
	"testing"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

// Whatever is posted, in whatever groups, balances are the sums a map would keep, and a posting that would take an account below zero leaves no trace.
func TestLedgerModel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		ledger := new(inventory.Ledger)
		in := func(fn func(tx *gorm.DB) error) error { return d.InTx(t.Context(), fn) }
		must := func(rows ...any) {
			for _, r := range rows {
				if err := in(func(tx *gorm.DB) error { return tx.Create(r).Error }); err != nil {
					t.Fatal(err)
				}
			}
		}
		must(&catalogue.Owner{ID: 1, Code: "O"}, &place.Warehouse{ID: 1, Code: "HZ1", Name: "杭州一仓", TimeZone: "Asia/Shanghai"})
		next := id.SKU(0)
		rapid.Check(t, func(rt *rapid.T) {
			base := next // products of this run alone
			next += 2
			must(&catalogue.SKU{ID: base + 1, OwnerID: 1, Code: string(rune('A' + base))}, &catalogue.SKU{ID: base + 2, OwnerID: 1, Code: string(rune('A' + base + 1))})
			model := map[inventory.Key]int64{}
			for range rapid.IntRange(1, 12).Draw(rt, "postings") {
				ms, after, allowed := draw(rt, base, model)
				err := in(func(tx *gorm.DB) error { return ledger.Post(t.Context(), tx, ms) })
				switch {
				case allowed && err != nil:
					rt.Fatalf("refused %+v: %v", ms, err)
				case !allowed && fault.Code(err) != "stock_short":
					rt.Fatalf("took %+v: %v", ms, err)
				case allowed:
					model = after
				}
			}
			var rows []inventory.Balance
			if err := d.Read.Where("sku_id > ? AND sku_id <= ?", base, base+2).Find(&rows).Error; err != nil {
				rt.Fatal(err)
			}
			got := map[inventory.Key]int64{}
			for _, r := range rows {
				got[inventory.Key{Owner: r.OwnerID, Warehouse: r.WarehouseID, SKU: r.SKUID, Account: r.Account}] = r.Quantity
			}
			for k, n := range model {
				if got[k] != n {
					rt.Fatalf("%+v is %d, want %d", k, got[k], n)
				}
			}
			if len(got) != len(model) {
				rt.Fatalf("%d balances, want %d", len(got), len(model))
			}
		})
	})
}

// draw makes a posting and says what the balances are after it, and whether that may be.
func draw(rt *rapid.T, base id.SKU, model map[inventory.Key]int64) (ms []inventory.Movement, after map[inventory.Key]int64, allowed bool) {
	accounts := []inventory.Account{inventory.Customer, inventory.InQuarantine, inventory.InCustody, inventory.InReleased, inventory.InReleasedB, inventory.InAvailable, inventory.InReserved, inventory.InBlocked,
		inventory.Adjustment, inventory.Scrap}
	after = maps.Clone(model)
	for range rapid.IntRange(1, 4).Draw(rt, "movements") {
		from := rapid.SampledFrom(accounts).Draw(rt, "from")
		to := rapid.SampledFrom(accounts).Filter(func(a inventory.Account) bool { return a != from }).Draw(rt, "to")
		m := inventory.Movement{OwnerID: 1, WarehouseID: 1, SKUID: base + id.SKU(rapid.IntRange(1, 2).Draw(rt, "sku")), FromAccount: from, ToAccount: to,
			Quantity: rapid.IntRange(1, 3).Draw(rt, "n"), Cause: "adjustment", CauseRef: "x"}
		ms = append(ms, m)
		after[inventory.Key{Owner: 1, Warehouse: 1, SKU: m.SKUID, Account: from}] -= int64(m.Quantity)
		after[inventory.Key{Owner: 1, Warehouse: 1, SKU: m.SKUID, Account: to}] += int64(m.Quantity)
	}
	allowed = true
	for k, n := range after {
		allowed = allowed && (n >= 0 || k.Account.Boundary())
	}
	return ms, after, allowed
}
