package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

// post moves pieces of two SKUs between accounts in one posting.
type post struct {
	sku      id.SKU
	from, to inventory.Account
	n        int
}

func TestPostKeepsBalancesEqualToMovements(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		err := d.InTx(t.Context(), func(tx *gorm.DB) error {
			for _, row := range []any{&catalogue.Owner{ID: 1, Code: "O"}, &place.Warehouse{ID: 1, Code: "HZ1", Name: "杭州一仓", TimeZone: "Asia/Shanghai"},
				&catalogue.SKU{ID: 1, OwnerID: 1, Code: "S1"}, &catalogue.SKU{ID: 2, OwnerID: 1, Code: "S2"}} {
				if err := tx.Create(row).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range []struct {
			posts []post
			code  string
			want  string
		}{
			{[]post{{2, inventory.Customer, inventory.InQuarantine, 1}, {1, inventory.Customer, inventory.InQuarantine, 2}}, "", "1 customer -2, 1 quarantine 2, 2 customer -1, 2 quarantine 1"},
			{[]post{{1, inventory.Customer, inventory.InQuarantine, 1}, {1, inventory.Customer, inventory.InCustody, 1}}, "", "1 custody 1, 1 customer -4, 1 quarantine 3, 2 customer -1, 2 quarantine 1"},
			{[]post{{1, inventory.InQuarantine, inventory.InAvailable, 3}}, "", "1 available 3, 1 custody 1, 1 customer -4, 1 quarantine 0, 2 customer -1, 2 quarantine 1"},
			{[]post{{1, inventory.InAvailable, inventory.Customer, 1}, {1, inventory.InQuarantine, inventory.InAvailable, 1}}, "stock_short", "1 available 3, 1 custody 1, 1 customer -4, 1 quarantine 0, 2 customer -1, 2 quarantine 1"},
			{[]post{{2, inventory.InQuarantine, inventory.Customer, 1}, {2, inventory.Customer, inventory.InQuarantine, 1}}, "", "1 available 3, 1 custody 1, 1 customer -4, 1 quarantine 0, 2 customer -1, 2 quarantine 1"},
		} {
			var ms []inventory.Movement
			for _, p := range step.posts {
				ms = append(ms, inventory.Movement{OwnerID: 1, WarehouseID: 1, SKUID: p.sku, FromAccount: p.from, ToAccount: p.to, Quantity: p.n, Cause: "scan",
					CauseRef: "p:1", At: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)})
			}
			err := d.InTx(t.Context(), func(tx *gorm.DB) error { return new(inventory.Ledger).Post(t.Context(), tx, ms) })
			if (step.code == "") != (err == nil) || (err != nil && fault.Code(err) != step.code) {
				t.Fatalf("step %d: %v, want code %q", i+1, err, step.code)
			}
			if got := balances(t, d); got != step.want {
				t.Fatalf("step %d:\n got %s\nwant %s", i+1, got, step.want)
			}
		}
		var astray int64
		err = d.Read.Raw(`SELECT count(*) FROM balances b WHERE b.quantity <> (SELECT coalesce(sum(CASE WHEN m.to_account = b.account THEN m.quantity ELSE -m.quantity END), 0)
			FROM movements m WHERE m.owner_id = b.owner_id AND m.warehouse_id = b.warehouse_id AND m.sku_id = b.sku_id AND b.account IN (m.from_account, m.to_account))`).Scan(&astray).Error
		if err != nil || astray != 0 {
			t.Errorf("%d balances differ from their movements (%v)", astray, err)
		}
	})
}

func balances(t *testing.T, d *db.DB) string {
	t.Helper()
	var rows []inventory.Balance
	if err := d.Read.Order("sku_id, account").Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	var out string
	for i, r := range rows {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%d %s %d", r.SKUID, r.Account, r.Quantity)
	}
	return out
}
