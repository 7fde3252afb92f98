package qc_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
)

func (f *floor) exec(sql string, args ...any) {
	f.t.Helper()
	f.do(func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error })
}

// plain makes the owner's policy one without second looks, so that a test sees what it is about.
func (f *floor) plain() { f.exec("UPDATE policies SET second_look_percent = 0, second_look_first = 0") }

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC) // half past midnight of the 24th in Hangzhou
	for expiry, want := range map[string]int{"2026-11-24": 0, "2026-11-23": -1, "2026-11-25": 1, "2027-11-24": 365} {
		if got, ok := qc.DaysLeft(inventory.Unit{Expiry: expiry}, late, zone); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", expiry, got, ok, want)
		}
	}
	if _, ok := qc.DaysLeft(inventory.Unit{}, late, zone); ok {
		t.Error("a unit without an expiry has days left")
	}
}

// What is expired or recalled is frozen instead of sold, and may still be destroyed; what lives too short is no grade A.
func TestLifeAtInspection(t *testing.T) {
	for _, tc := range []struct {
		name, expiry, batch string
		recall              string // batch recalled; "-" none
		grade, disposition  string
		code                string
		blocked             string
	}{
		{"fresh", "2027-06-01", "", "-", "A", "", "", ""},
		{"expired yesterday", "2026-11-22", "", "-", "A", "", "", qc.Expired},
		{"expired, second grade", "2026-11-22", "", "-", "B", "", "", qc.Expired},
		{"expired, given away", "2026-11-22", "", "-", "C", qc.Donate, "", qc.Expired},
		{"expired, scrapped", "2026-11-22", "", "-", "D", "", "", ""},
		{"expired, to its vendor", "2026-11-22", "", "-", "B", qc.ReturnToVendor, "", ""},
		{"on its last day, but too short for A", "2026-11-23", "", "-", "A", "", "life_too_short", ""},
		{"29 days are too few", "2026-12-22", "", "-", "A", "", "life_too_short", ""},
		{"30 days are enough", "2026-12-23", "", "-", "A", "", "", ""},
		{"too short, as second grade", "2026-12-01", "", "-", "B", "", "", ""},
		{"recalled as a whole", "", "L1", "", "A", "", "", qc.Recalled},
		{"its batch recalled", "", "L1", "L1", "B", "", "", qc.Recalled},
		{"another batch recalled", "", "L1", "L2", "A", "", "", ""},
		{"recalled, to its vendor", "", "L1", "L1", "A", qc.ReturnToVendor, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				f := newFloor(t, d)
				f.plain()
				f.exec("UPDATE policies SET min_life_days = 30, scrap_limit_minor = 99999")
				u := f.unit("apparel", 9900, inventory.InQuarantine)
				if tc.recall != "-" {
					if _, err := f.bench.Recall(t.Context(), qc.Recall{OwnerID: f.owner.ID, SKUID: u.SKUID, Batch: tc.recall, Note: "厂家通知", ByUser: f.examiner}); err != nil {
						t.Fatal(err)
					}
					u = f.unit2(u) // one more, that comes after the recall has begun
				}
				f.exec("UPDATE units SET expiry = ?, batch = ? WHERE id = ?", tc.expiry, tc.batch, u.ID)
				i, err := f.bench.Inspect(t.Context(), f.grade(u, tc.grade, tc.disposition))
				if fault.Code(err) != tc.code && !(err == nil && tc.code == "") {
					t.Fatal(err)
				}
				if i.Blocked != tc.blocked {
					t.Errorf("blocked for %q, want %q", i.Blocked, tc.blocked)
				}
				if got := f.reload(u); (got.State == inventory.Blocked) != (tc.blocked != "") {
					t.Errorf("unit is %s", got.State)
				}
			})
		})
	}
}

// unit2 books one more piece of the same product.
func (f *floor) unit2(of inventory.Unit) inventory.Unit {
	f.t.Helper()
	f.plates++
	u := of
	u.ID, u.Plate, u.Version, u.State, u.Account, u.MovedAt = 0, plateOf(f.plates), 1, inventory.Quarantine, inventory.InQuarantine, day
	f.do(func(tx *gorm.DB) error {
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		return f.ledger.Post(f.t.Context(), tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.Customer,
			ToAccount: inventory.InQuarantine, Quantity: 1, UnitID: &u.ID, Cause: "scan", CauseRef: "p:1", At: day}})
	})
	return u
}

func TestRecallFreezesAndThaws(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		f.plain()
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		sold := f.unit2(u)
		other := f.unit2(u)
		f.exec("UPDATE units SET batch = 'L1' WHERE id IN ?", []any{u.ID, sold.ID})
		f.exec("UPDATE units SET batch = 'L2' WHERE id = ?", other.ID)
		if _, err := f.bench.Inspect(t.Context(), f.grade(sold, "A", "")); err != nil {
			t.Fatal(err)
		}
		r, err := f.bench.Recall(t.Context(), qc.Recall{OwnerID: f.owner.ID, SKUID: u.SKUID, Batch: "L1", Note: "厂家通知", ByUser: f.examiner})
		if err != nil || r.Blocked != 2 {
			t.Fatalf("%d, %v", r.Blocked, err)
		}
		if f.reload(u).State != inventory.Blocked || f.reload(sold).State != inventory.Blocked || f.reload(other).State != inventory.Quarantine {
			t.Fatal("the wrong pieces are blocked")
		}
		if f.balance(u, inventory.InBlocked) != 2 || f.balance(u, inventory.InAvailable) != 0 || f.balance(u, inventory.InQuarantine) != 1 {
			t.Fatal("balances")
		}
		if _, err := f.bench.Recall(t.Context(), qc.Recall{OwnerID: f.owner.ID, SKUID: u.SKUID, Batch: "L1", Note: "again", ByUser: f.examiner}); fault.Code(err) != "recall_on" {
			t.Fatal(err)
		}
		if err := f.bench.EndRecall(t.Context(), r.ID, f.examiner, true); err != nil {
			t.Fatal(err)
		}
		if f.reload(u).State != inventory.Quarantine || f.reload(sold).State != inventory.Available || f.balance(u, inventory.InBlocked) != 0 {
			t.Fatalf("%s %s", f.reload(u).State, f.reload(sold).State)
		}
		if err := f.bench.EndRecall(t.Context(), r.ID, f.examiner, true); fault.Code(err) != "recall_over" {
			t.Fatal(err)
		}
	})
}

func TestHazardTote(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		f.plain()
		u := f.unit("battery", 9900, inventory.InQuarantine)
		dec := f.grade(u, "C", qc.Repair)
		dec.Checks = yes("battery", "no_battery_swelling")
		sell := dec
		sell.Grade, sell.Disposition = "B", qc.RestockB
		if _, err := f.bench.Inspect(t.Context(), sell); fault.Code(err) != "hazard_sold" {
			t.Fatal(err)
		}
		for _, p := range []place.Place{{Code: "T-01", Kind: place.ToteBlue}, {Code: "T-99", Kind: place.ToteHazard}, {Code: "B-01", Kind: place.Shelf}} {
			p.WarehouseID, p.Capacity = f.house.ID, 1
			f.do(func(tx *gorm.DB) error { return tx.Create(&p).Error })
		}
		for tote, code := range map[string]string{"": "hazard_tote", "T12": "hazard_tote", "T-01": "hazard_tote", "T-77": "place_not_found"} {
			dec.Tote = tote
			if _, err := f.bench.Inspect(t.Context(), dec); fault.Code(err) != code {
				t.Errorf("tote %q: %v", tote, err)
			}
		}
		dec.Tote = "t-99"
		if _, err := f.bench.Inspect(t.Context(), dec); err != nil {
			t.Fatal(err)
		}
		if p, ok, err := place.Of(t.Context(), d.Read, u.ID); err != nil || !ok || p.Code != "T-99" || p.Held != 1 {
			t.Fatalf("%+v %v %v", p, ok, err)
		}
		whole := f.unit("apparel", 9900, inventory.InQuarantine)
		dec = f.grade(whole, "A", "")
		dec.Tote = "B-01"
		if _, err := f.bench.Inspect(t.Context(), dec); fault.Code(err) != "tote_wanted" {
			t.Fatal(err)
		}
		dec.Tote = "T-99" // holds one already
		if _, err := f.bench.Inspect(t.Context(), dec); fault.Code(err) != "place_full" {
			t.Fatal(err)
		}
	})
}
