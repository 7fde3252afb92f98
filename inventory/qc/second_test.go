package qc_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
)

func plateOf(n int) string { return fmt.Sprintf("U%09d0", n) }

// The lot is a matter of names: it is the same whenever it is drawn, and its share is about what was asked for.
func TestLot(t *testing.T) {
	t.Parallel()
	below := 0
	for i := range 10_000 {
		n := qc.Lot(plateOf(i), id.Inspection(i), 7)
		if n < 0 || n > 99 || n != qc.Lot(plateOf(i), id.Inspection(i), 7) {
			t.Fatal(n)
		}
		if n < 2 {
			below++
		}
	}
	if below < 140 || below > 260 {
		t.Errorf("%d of 10000 drew below 2", below)
	}
}

func (f *floor) look(u inventory.Unit) (state string) {
	f.t.Helper()
	var states []string
	if err := f.d.Read.Raw("SELECT state FROM second_looks WHERE unit_id = ? ORDER BY id", u.ID).Scan(&states).Error; err != nil {
		f.t.Fatal(err)
	}
	if len(states) == 0 {
		return ""
	}
	return states[len(states)-1]
}

func (f *floor) guard(u inventory.Unit) string {
	f.t.Helper()
	if err := qc.NoSecondLook(f.t.Context(), f.d.Read, f.reload(u)); err != nil {
		return fault.Code(err)
	}
	return ""
}

// The first inspections of a new inspector are all looked at again, later ones by lot.
func TestWhoIsDrawn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		f.exec("UPDATE policies SET second_look_percent = 0, second_look_first = 2")
		var drawn []string
		for range 4 {
			u := f.unit("apparel", 9900, inventory.InQuarantine)
			if _, err := f.bench.Inspect(t.Context(), f.grade(u, "A", "")); err != nil {
				t.Fatal(err)
			}
			drawn = append(drawn, f.look(u))
		}
		if fmt.Sprint(drawn) != "[due due  ]" {
			t.Errorf("%q", drawn)
		}
		scrapped := f.unit("apparel", 9900, inventory.InQuarantine)
		f.exec("UPDATE policies SET second_look_percent = 100")
		if _, err := f.bench.Inspect(t.Context(), f.grade(scrapped, "D", "")); err != nil || f.look(scrapped) != "" {
			t.Errorf("what is gone was drawn: %v %s", err, f.look(scrapped))
		}
	})
}

func TestSecondLook(t *testing.T) {
	for _, tc := range []struct {
		name   string
		again  string // grade of the second inspector
		take   string // the manager's word
		state  string
		ends   inventory.State
		guards string
	}{
		{"agrees", "A", "", "agreed", inventory.Available, ""},
		{"differs", "B", "", "differs", inventory.Available, "second_look_due"},
		{"differs, first kept", "B", "first", "kept", inventory.Available, ""},
		{"differs, second taken", "B", "second", "changed", inventory.SecondGrade, ""},
		{"differs, worthless", "D", "second", "changed", inventory.Scrapped, ""},
		{"waived", "", "waive", "waived", inventory.Available, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				f := newFloor(t, d)
				u := f.unit("apparel", 9900, inventory.InQuarantine)
				if _, err := f.bench.Inspect(t.Context(), f.grade(u, "A", "")); err != nil {
					t.Fatal(err)
				}
				if f.guard(u) != "second_look_due" {
					t.Fatal("a piece whose second look is due may go")
				}
				look := qc.Look{Plate: u.Plate, Grade: tc.again, Checks: yes("apparel"), By: f.receiver}
				if tc.again != "" {
					self := look
					self.By = f.examiner
					if _, err := f.bench.LookAgain(t.Context(), self); fault.Code(err) != "second_look_self" {
						t.Fatal(err)
					}
					agreed, err := f.bench.LookAgain(t.Context(), look)
					if err != nil || agreed != (tc.again == "A") {
						t.Fatal(agreed, err)
					}
					if _, err := f.bench.LookAgain(t.Context(), look); fault.Code(err) != "second_look_none" {
						t.Fatal(err)
					}
				}
				if tc.take != "" {
					s := qc.Settlement{Plate: u.Plate, Take: tc.take, By: f.receiver}
					if err := f.bench.Settle(t.Context(), s); fault.Code(err) != "settle_reason" {
						t.Fatal(err)
					}
					s.Reason = "当面复核"
					if err := f.bench.Settle(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				got := f.reload(u)
				if f.look(u) != tc.state || got.State != tc.ends || f.guard(u) != tc.guards || f.balance(u, got.Account) != 1 {
					t.Errorf("%s, %s, guard %q", f.look(u), got.State, f.guard(u))
				}
			})
		})
	}
}

// Undoing the first inspection ends its second look; the next inspection draws its own lot.
func TestUndoVoidsTheSecondLook(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		if _, err := f.bench.Inspect(t.Context(), f.grade(u, "A", "")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, "看错了", 2); err != nil || f.look(u) != "void" {
			t.Fatal(err, f.look(u))
		}
		if _, err := f.bench.LookAgain(t.Context(), qc.Look{Plate: u.Plate, Grade: "A", Checks: yes("apparel"), By: f.receiver}); fault.Code(err) != "second_look_none" {
			t.Fatal(err)
		}
	})
}

// A piece comes back from repair, is inspected again, and the first judgement still stands for the case.
func TestRepairRoundTrip(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		if _, err := f.bench.Inspect(t.Context(), f.grade(u, "C", "")); err != nil {
			t.Fatal(err)
		}
		back := qc.Return{Plate: u.Plate, Note: "换拉链", Version: 2, By: f.receiver}
		for code, r := range map[string]qc.Return{"repair_note": {Plate: u.Plate, Version: 2}, "version_conflict": {Plate: u.Plate, Note: "x", Version: 1}} {
			if err := f.bench.Repaired(t.Context(), r); fault.Code(err) != code {
				t.Fatal(err)
			}
		}
		if err := f.bench.Repaired(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		waiting := f.reload(u)
		if waiting.State != inventory.Quarantine || f.balance(u, inventory.InQuarantine) != 1 || f.look(u) != "void" {
			t.Fatalf("%s, second look %s", waiting.State, f.look(u))
		}
		if err := f.bench.Repaired(t.Context(), qc.Return{Plate: u.Plate, Note: "x", Version: 3}); fault.Code(err) != "unit_state" {
			t.Fatal(err)
		}
		i, err := f.bench.Inspect(t.Context(), f.grade(waiting, "B", ""))
		if err != nil || i.Round != 2 {
			t.Fatal(i.Round, err)
		}
		if f.events("backdock.unit.inspected.v1") != 1 || f.events("backdock.unit.inspected_again.v1") != 1 {
			t.Error("the second round told the case")
		}
		if _, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, "看错了", i.UnitVersion); err != nil {
			t.Fatal(err)
		}
		if f.events("backdock.unit.inspection_undone.v1") != 0 || f.reload(u).State != inventory.Quarantine {
			t.Error("undoing the second round told the case")
		}
	})
}

func TestHandOver(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		for disposition, account := range map[string]inventory.Account{qc.ReturnToVendor: inventory.Vendor, qc.ReturnToCustomer: inventory.Customer} {
			u := f.unit("apparel", 9900, inventory.InQuarantine)
			if _, err := f.bench.Inspect(t.Context(), f.grade(u, "B", disposition)); err != nil {
				t.Fatal(err)
			}
			h := qc.HandOver{Plate: u.Plate, Carrier: "sf", Waybill: "SF1", Version: 2, By: f.receiver}
			if err := f.bench.HandOver(t.Context(), qc.HandOver{Plate: u.Plate, Version: 2}); fault.Code(err) != "hand_over_proof" {
				t.Fatal(err)
			}
			if err := f.bench.HandOver(t.Context(), h); fault.Code(err) != "second_look_due" {
				t.Fatal(err)
			}
			if err := f.bench.Settle(t.Context(), qc.Settlement{Plate: u.Plate, Take: "waive", Reason: "夜班", By: f.receiver}); err != nil {
				t.Fatal(err)
			}
			if err := f.bench.HandOver(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			if got := f.reload(u); got.State != inventory.Shipped || got.Account != account {
				t.Errorf("%s in %s", got.State, got.Account)
			}
			if _, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, "x", 3); fault.Code(err) != "moved_on" {
				t.Error(err)
			}
		}
	})
}

// An owner who counts on put-away has released pieces in an account of their own until they lie on a shelf; from there no inspection is undone.
func TestAvailableOnPutAway(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		f.plain()
		f.exec("UPDATE policies SET available_on = 'put_away'")
		bin := place.Place{WarehouseID: f.house.ID, Code: "B-01", Kind: place.Shelf, Capacity: 1}
		f.do(func(tx *gorm.DB) error { return tx.Create(&bin).Error })
		u, v := f.unit("apparel", 9900, inventory.InQuarantine), f.unit("apparel", 9900, inventory.InQuarantine)
		for unit, want := range map[*inventory.Unit]struct {
			grade string
			state inventory.State
		}{&u: {"A", inventory.Released}, &v: {"B", inventory.ReleasedB}} {
			if _, err := f.bench.Inspect(t.Context(), f.grade(*unit, want.grade, "")); err != nil {
				t.Fatal(err)
			}
			if got := f.reload(*unit); got.State != want.state || f.balance(*unit, inventory.Account(want.state)) != 1 {
				t.Fatalf("%s in %s", got.State, got.Account)
			}
		}
		if _, err := f.bench.Undo(t.Context(), v.Plate, f.examiner, "看错了", 2); err != nil {
			t.Fatalf("before put-away: %v", err)
		}
		shelves := place.NewFloor(f.log, f.ledger)
		f.do(func(tx *gorm.DB) error {
			_, err := shelves.PutAway(t.Context(), tx, place.Load{Plates: []string{u.Plate}, Bin: bin, Ref: "p:1"})
			return err
		})
		if got := f.reload(u); got.State != inventory.Available || f.balance(u, inventory.InAvailable) != 1 {
			t.Fatalf("%s", got.State)
		}
		if _, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, "看错了", 3); fault.Code(err) != "moved_on" {
			t.Fatal(err)
		}
	})
}

func TestAge(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		f.unit("apparel", 9900, inventory.InCustody)
		at := clock.NewFake(day)
		b := qc.New(d, event.NewLog(d, at), f.ledger)
		for _, step := range []struct {
			hours, told int
		}{{23, 0}, {25, 1}, {30, 0}, {49, 1}, {60, 0}} {
			at.Add(day.Add(time.Duration(step.hours) * time.Hour).Sub(at.Now()))
			if n, err := b.Age(t.Context()); err != nil || n != step.told {
				t.Errorf("after %d h: %d, %v, want %d", step.hours, n, err, step.told)
			}
		}
		// A piece that left and came back begins anew.
		f.exec("UPDATE units SET moved_at = ? WHERE id = ?", at.Now(), u.ID)
		at.Add(100 * time.Hour)
		if n, err := b.Age(t.Context()); err != nil || n != 1 {
			t.Errorf("found late: %d, %v", n, err)
		}
	})
}
