package place_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

var day = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// hall is a warehouse with one owner, some products and bins.
type hall struct {
	t      *testing.T
	d      *db.DB
	ledger *inventory.Ledger
	floor  *place.Floor
	owner  catalogue.Owner
	house  place.Warehouse
	plates int
}

func newHall(t *testing.T, d *db.DB) *hall {
	h := &hall{t: t, d: d, ledger: new(inventory.Ledger)}
	h.floor = place.NewFloor(event.NewLog(d, clock.NewFake(day)), h.ledger)
	h.owner = catalogue.Owner{Code: "QINGYU", Name: "轻羽"}
	h.house = place.Warehouse{Code: "HZ1", Name: "华东退货仓", TimeZone: "Asia/Shanghai"}
	h.do(func(tx *gorm.DB) error {
		if err := tx.Create(&h.owner).Error; err != nil {
			return err
		}
		return tx.Create(&h.house).Error
	})
	return h
}

func (h *hall) do(fn func(tx *gorm.DB) error) {
	h.t.Helper()
	if err := h.d.InTx(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) place(code string, kind place.Kind, capacity int) place.Place {
	h.t.Helper()
	p := place.Place{WarehouseID: h.house.ID, Code: code, Kind: kind, Capacity: capacity}
	h.do(func(tx *gorm.DB) error { return tx.Create(&p).Error })
	return p
}

func (h *hall) sku(code string) id.SKU {
	h.t.Helper()
	s := catalogue.SKU{OwnerID: h.owner.ID, Code: code, Product: "P", Name: "商品", Category: "apparel", Currency: "CNY"}
	h.do(func(tx *gorm.DB) error { return tx.Create(&s).Error })
	return s.ID
}

// unit books a piece into an account.
func (h *hall) unit(sku id.SKU, a inventory.Account) inventory.Unit {
	h.t.Helper()
	h.plates++
	u := inventory.Unit{Plate: fmt.Sprintf("U%09d0", h.plates), OwnerID: h.owner.ID, WarehouseID: h.house.ID, SKUID: sku, State: inventory.State(a), Account: a, Finding: "match",
		Title: "ours", ReceivedAt: day, Currency: "CNY", MovedAt: day, Version: 1}
	h.do(func(tx *gorm.DB) error {
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		return h.ledger.Post(h.t.Context(), tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: sku, FromAccount: inventory.Customer, ToAccount: a,
			Quantity: 1, UnitID: &u.ID, Cause: "scan", CauseRef: "p:1", At: day}})
	})
	return u
}

func (h *hall) put(bin place.Place, ref string, units ...inventory.Unit) error {
	l := place.Load{Bin: bin, Ref: ref, Versions: map[string]int64{}}
	for _, u := range units {
		l.Plates = append(l.Plates, u.Plate)
		l.Versions[u.Plate] = u.Version
	}
	return h.d.InTx(h.t.Context(), func(tx *gorm.DB) error {
		// The bin as it is now: the caller has read it in the same transaction.
		fresh, err := place.Find(h.t.Context(), tx, h.house.ID, bin.Code)
		if err != nil {
			return err
		}
		l.Bin = fresh
		_, err = h.floor.PutAway(h.t.Context(), tx, l)
		return err
	})
}

func (h *hall) reload(u inventory.Unit) inventory.Unit {
	h.t.Helper()
	var out inventory.Unit
	if err := h.d.Read.Where("id = ?", u.ID).Take(&out).Error; err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *hall) where(u inventory.Unit) string {
	h.t.Helper()
	p, ok, err := place.Of(h.t.Context(), h.d.Read, u.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return p.Code
}

func (h *hall) held(p place.Place) int {
	h.t.Helper()
	fresh, err := place.Find(h.t.Context(), h.d.Read, h.house.ID, p.Code)
	if err != nil {
		h.t.Fatal(err)
	}
	return fresh.Held
}

func (h *hall) balance(sku id.SKU, a inventory.Account) int64 {
	h.t.Helper()
	var b inventory.Balance
	if err := h.d.Read.Where("sku_id = ? AND account = ?", sku, a).Limit(1).Find(&b).Error; err != nil {
		h.t.Fatal(err)
	}
	return b.Quantity
}
