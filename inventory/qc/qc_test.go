package qc_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
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
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
)

// floor is a warehouse with one owner, a receiver and an inspector.
type floor struct {
	t        *testing.T
	d        *db.DB
	log      *event.Log
	ledger   *inventory.Ledger
	bench    *qc.Bench
	refusal  error // what the guard says
	owner    catalogue.Owner
	house    place.Warehouse
	receiver id.User
	examiner id.User
	plates   int
}

var day = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func newFloor(t *testing.T, d *db.DB) *floor {
	f := &floor{t: t, d: d, log: event.NewLog(d, clock.NewFake(day)), ledger: new(inventory.Ledger)}
	f.bench = qc.New(d, f.log, f.ledger, func(context.Context, *gorm.DB, inventory.Unit) error { return f.refusal })
	f.owner = catalogue.Owner{Code: "QINGYU", Name: "轻羽"}
	f.house = place.Warehouse{Code: "HZ1", Name: "华东退货仓", TimeZone: "Asia/Shanghai"}
	f.do(func(tx *gorm.DB) error {
		if err := tx.Create(&f.owner).Error; err != nil {
			return err
		}
		if err := tx.Create(&f.house).Error; err != nil {
			return err
		}
		if err := tx.Create(&catalogue.Policy{OwnerID: f.owner.ID, RefundTrigger: "qc_passed", SelfReleaseLimitMinor: 20000, ScrapLimitMinor: 10000, Jurisdiction: "CN"}).Error; err != nil {
			return err
		}
		for i, u := range []*id.User{&f.receiver, &f.examiner} {
			if err := tx.Raw("INSERT INTO users (username, display, password_hash, created_at) VALUES (?, ?, 'x', ?) RETURNING id", fmt.Sprint("u", i), "李敏", day).Scan(u).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return f
}

func (f *floor) do(fn func(tx *gorm.DB) error) {
	f.t.Helper()
	if err := f.d.InTx(f.t.Context(), fn); err != nil {
		f.t.Fatal(err)
	}
}

// unit books a piece of a category into an account.
func (f *floor) unit(category string, valueMinor int64, into inventory.Account) inventory.Unit {
	f.t.Helper()
	f.plates++
	u := inventory.Unit{Plate: fmt.Sprintf("U%09d0", f.plates), OwnerID: f.owner.ID, WarehouseID: f.house.ID, State: inventory.Quarantine, Account: into, Finding: "match",
		Title: "ours", ReceivedAt: day, ReceivedBy: &f.receiver, ValueMinor: valueMinor, Currency: "CNY", MovedAt: day, Version: 1}
	if into == inventory.InCustody {
		u.State, u.ValueMinor, u.Finding, u.Title = inventory.Custody, 0, "wrong_item", "unknown"
	}
	f.do(func(tx *gorm.DB) error {
		sku := catalogue.SKU{OwnerID: f.owner.ID, Code: fmt.Sprint("SKU", f.plates), Product: "P", Name: "商品", Category: category, Currency: "CNY", ValueMinor: valueMinor}
		if err := tx.Create(&sku).Error; err != nil {
			return err
		}
		u.SKUID = sku.ID
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		return f.ledger.Post(f.t.Context(), tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.Customer,
			ToAccount: into, Quantity: 1, UnitID: &u.ID, Cause: "scan", CauseRef: "p:1", At: day}})
	})
	return u
}

func (f *floor) reload(u inventory.Unit) inventory.Unit {
	f.t.Helper()
	var out inventory.Unit
	if err := f.d.Read.Where("id = ?", u.ID).Take(&out).Error; err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *floor) balance(u inventory.Unit, a inventory.Account) int64 {
	f.t.Helper()
	var b inventory.Balance
	if err := f.d.Read.Where("sku_id = ? AND account = ?", u.SKUID, a).Limit(1).Find(&b).Error; err != nil {
		f.t.Fatal(err)
	}
	return b.Quantity
}

func (f *floor) events(kind string) (n int64) {
	f.t.Helper()
	if err := f.d.Read.Table("events").Where("type = ?", kind).Count(&n).Error; err != nil {
		f.t.Fatal(err)
	}
	return n
}

// yes answers every check of a category with yes, except the named ones.
func yes(category string, no ...string) map[string]bool {
	out := map[string]bool{}
	for _, c := range qc.Checklist(category) {
		out[c.Key] = true
	}
	for _, key := range no {
		out[key] = false
	}
	return out
}

func (f *floor) grade(u inventory.Unit, grade, disposition string) qc.Decision {
	return qc.Decision{Plate: u.Plate, Grade: grade, Disposition: disposition, Checks: yes("apparel"), Version: u.Version, By: f.examiner, Note: "见照片", Tote: "T12"}
}

func TestEveryDispositionMovesTheUnitAndUndoBringsItBack(t *testing.T) {
	for _, tc := range []struct {
		grade, disposition string
		account            inventory.Account
		state              inventory.State
	}{
		{"A", qc.Restock, inventory.InAvailable, inventory.Available},
		{"B", qc.RestockB, inventory.InSecondGrade, inventory.SecondGrade},
		{"C", qc.Repair, inventory.InRepair, inventory.Repair},
		{"B", qc.ReturnToVendor, inventory.InOutbound, inventory.Outbound},
		{"A", qc.ReturnToCustomer, inventory.InOutbound, inventory.Outbound},
		{"D", qc.ScrapIt, inventory.Scrap, inventory.Scrapped},
		{"C", qc.Donate, inventory.Adjustment, inventory.Shipped},
	} {
		t.Run(tc.disposition, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				f := newFloor(t, d)
				u := f.unit("apparel", 9900, inventory.InQuarantine)
				i, err := f.bench.Inspect(t.Context(), f.grade(u, tc.grade, tc.disposition))
				if err != nil {
					t.Fatal(err)
				}
				got := f.reload(u)
				if got.State != tc.state || got.Account != tc.account || got.Version != 2 || i.UnitVersion != 2 {
					t.Fatalf("unit %s in %s, version %d", got.State, got.Account, got.Version)
				}
				if q, a := f.balance(u, inventory.InQuarantine), f.balance(u, tc.account); q != 0 || a != 1 {
					t.Fatalf("quarantine %d, %s %d", q, tc.account, a)
				}
				if err := f.bench.CanUndo(t.Context(), f.d.Read, got); err != nil {
					t.Fatal(err)
				}
				if _, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, "看错了", got.Version); err != nil {
					t.Fatal(err)
				}
				back := f.reload(u)
				if back.State != inventory.Quarantine || back.Account != inventory.InQuarantine || back.Version != 3 {
					t.Fatalf("after undo: %s in %s, version %d", back.State, back.Account, back.Version)
				}
				if q, a := f.balance(u, inventory.InQuarantine), f.balance(u, tc.account); q != 1 || a != 0 {
					t.Fatalf("after undo: quarantine %d, %s %d", q, tc.account, a)
				}
				var counter inventory.Movement
				if err := d.Read.Where("unit_id = ? AND cause = 'inspection_undo' AND counter_of IS NOT NULL", u.ID).Take(&counter).Error; err != nil {
					t.Fatalf("no counter-entry: %v", err)
				}
				if f.events("backdock.unit.inspected.v1") != 1 || f.events("backdock.unit.inspection_undone.v1") != 1 {
					t.Fatal("an event is missing")
				}
				if _, err := f.bench.Inspect(t.Context(), f.grade(back, "A", "")); err != nil {
					t.Fatalf("inspect again: %v", err)
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		cheap, dear := f.unit("apparel", 9900, inventory.InQuarantine), f.unit("apparel", 129900, inventory.InQuarantine)
		foreign, done := f.unit("apparel", 0, inventory.InCustody), f.unit("apparel", 9900, inventory.InQuarantine)
		if _, err := f.bench.Inspect(t.Context(), f.grade(done, "A", "")); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			name, code string
			d          qc.Decision
		}{
			{"no such unit", "unit_not_found", with(f.grade(cheap, "A", ""), func(d *qc.Decision) { d.Plate = "U9999999990" })},
			{"unknown grade", "grade_unknown", f.grade(cheap, "E", qc.ScrapIt)},
			{"unknown disposition", "disposition_unknown", f.grade(cheap, "A", "burn")},
			{"second grade on the shelf", "disposition_grade", f.grade(cheap, "B", qc.Restock)},
			{"old version", "version_conflict", with(f.grade(cheap, "A", ""), func(d *qc.Decision) { d.Version = 0 })},
			{"inspected already", "already_inspected", f.grade(done, "A", "")},
			{"a check is missing", "checks_missing", with(f.grade(cheap, "A", ""), func(d *qc.Decision) { delete(d.Checks, "tags_on") })},
			{"an invented check", "check_unknown", with(f.grade(cheap, "A", ""), func(d *qc.Decision) { d.Checks["smells_nice"] = true })},
			{"a failed check and grade A", "grade_refused", with(f.grade(cheap, "A", ""), func(d *qc.Decision) { d.Checks["tags_on"] = false })},
			{"own goods above the limit", "self_release", with(f.grade(dear, "A", ""), func(d *qc.Decision) { d.By = f.receiver })},
			{"blank override", "self_release", with(f.grade(dear, "A", ""), func(d *qc.Decision) { d.By, d.OverrideReason = f.receiver, "  " })},
			{"scrap above the limit", "scrap_limit", f.grade(dear, "D", "")},
			{"scrap without a word", "scrap_reason", with(f.grade(cheap, "D", ""), func(d *qc.Decision) { d.Note = " " })},
			{"not our goods to the shelf", "custody_unit", f.grade(foreign, "A", qc.Restock)},
			{"not our goods to second grade", "custody_unit", f.grade(foreign, "B", "")},
			{"not our goods to repair", "custody_unit", f.grade(foreign, "C", "")},
			{"not our goods scrapped by an inspector", "scrap_limit", f.grade(foreign, "D", "")},
		} {
			if _, err := f.bench.Inspect(t.Context(), tc.d); fault.Code(err) != tc.code {
				t.Errorf("%s: got %v, want %s", tc.name, err, tc.code)
			}
		}
		for _, u := range []inventory.Unit{cheap, dear, foreign} {
			if got := f.reload(u); got.Version != 1 || got.Account != u.Account {
				t.Errorf("a refusal moved %s: version %d in %s", u.Plate, got.Version, got.Account)
			}
		}
		if n := f.events("backdock.unit.inspected.v1"); n != 1 {
			t.Errorf("%d inspections told, want 1", n)
		}
	})
}

// with changes a decision.
func with(d qc.Decision, change func(*qc.Decision)) qc.Decision {
	change(&d)
	return d
}

func TestWhatTheRulesLeaveOpen(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		cheap, dear, foreign := f.unit("apparel", 9900, inventory.InQuarantine), f.unit("apparel", 129900, inventory.InQuarantine), f.unit("apparel", 0, inventory.InCustody)
		for _, tc := range []struct {
			name string
			d    qc.Decision
		}{
			{"override with a reason", with(f.grade(dear, "A", ""), func(d *qc.Decision) { d.By, d.OverrideReason = f.receiver, "夜班只有一人" })},
			{"a failed check and grade B", with(f.grade(cheap, "B", ""), func(d *qc.Decision) { d.Checks["tags_on"] = false })},
			{"not our goods scrapped by a manager", with(f.grade(foreign, "D", ""), func(d *qc.Decision) { d.Manager = true })},
		} {
			if _, err := f.bench.Inspect(t.Context(), tc.d); err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
		}
		live, err := qc.Live(d.Read, dear.ID)
		if err != nil || live.OverrideReason != "夜班只有一人" {
			t.Errorf("the override was not kept: %+v, %v", live, err)
		}
	})
}

// Thirty-two inspectors confirm the same unit in the same moment.
func TestOneConfirmWins(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		const people = 32
		start, codes := make(chan struct{}), make(chan string, people)
		var wg sync.WaitGroup
		for n := range people {
			wg.Go(func() {
				<-start
				grade := string("AB"[n%2])
				_, err := f.bench.Inspect(t.Context(), f.grade(u, grade, ""))
				if err == nil {
					codes <- "won"
					return
				}
				if !fault.IsKind(err, fault.Conflict) {
					t.Error(err)
				}
				codes <- fault.Code(err)
			})
		}
		close(start)
		wg.Wait()
		close(codes)
		count := map[string]int{}
		for c := range codes {
			count[c]++
		}
		if count["won"] != 1 || count["won"]+count["already_inspected"]+count["version_conflict"] != people {
			t.Fatalf("%v", count)
		}
		if f.balance(u, inventory.InQuarantine) != 0 || f.balance(u, inventory.InAvailable)+f.balance(u, inventory.InSecondGrade) != 1 || f.events("backdock.unit.inspected.v1") != 1 {
			t.Fatal("the stock moved more than once")
		}
	})
}

func TestUndoRefusals(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		u := f.unit("apparel", 9900, inventory.InQuarantine)
		undo := func(reason string, version int64) error {
			_, err := f.bench.Undo(t.Context(), u.Plate, f.examiner, reason, version)
			return err
		}
		if err := undo("why not", 1); fault.Code(err) != "not_inspected" {
			t.Fatal(err)
		}
		if _, err := f.bench.Inspect(t.Context(), f.grade(u, "A", "")); err != nil {
			t.Fatal(err)
		}
		if err := undo(" ", 2); fault.Code(err) != "undo_reason" {
			t.Fatal(err)
		}
		if err := undo("看错了", 1); fault.Code(err) != "version_conflict" {
			t.Fatal(err)
		}
		f.refusal = fault.New(fault.Conflict, "refund_sending", "the refund of this unit is on its way")
		if err := undo("看错了", 2); fault.Code(err) != "refund_sending" {
			t.Fatal(err)
		}
		if err := f.bench.CanUndo(t.Context(), d.Read, f.reload(u)); fault.Code(err) != "refund_sending" {
			t.Fatal(err)
		}
		f.refusal = nil
		f.do(func(tx *gorm.DB) error { // put away and sold
			if err := tx.Exec("UPDATE units SET account = 'outbound', state = 'outbound', version = 3 WHERE id = ?", u.ID).Error; err != nil {
				return err
			}
			return f.ledger.Post(t.Context(), tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.InAvailable,
				ToAccount: inventory.InOutbound, Quantity: 1, UnitID: &u.ID, Cause: "adjustment", CauseRef: "sold", At: day}})
		})
		if err := undo("看错了", 3); fault.Code(err) != "moved_on" {
			t.Fatal(err)
		}
		if got := f.reload(u); got.Account != inventory.InOutbound || f.events("backdock.unit.inspection_undone.v1") != 0 {
			t.Fatal("a refused undo changed something")
		}
		// Sold without its plate: the unit seems to stand there, but the account is empty.
		v := f.unit("apparel", 9900, inventory.InQuarantine)
		if _, err := f.bench.Inspect(t.Context(), f.grade(v, "A", "")); err != nil {
			t.Fatal(err)
		}
		f.do(func(tx *gorm.DB) error {
			return f.ledger.Post(t.Context(), tx, []inventory.Movement{{OwnerID: v.OwnerID, WarehouseID: v.WarehouseID, SKUID: v.SKUID, FromAccount: inventory.InAvailable,
				ToAccount: inventory.Customer, Quantity: 1, Cause: "adjustment", CauseRef: "sale", At: day}})
		})
		if _, err := f.bench.Undo(t.Context(), v.Plate, f.examiner, "看错了", 2); fault.Code(err) != "moved_on" {
			t.Fatal(err)
		}
	})
}

func TestBlockedUnitStaysUntilUnblocked(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		for _, from := range []inventory.Account{inventory.InQuarantine, inventory.InCustody} {
			u := f.unit("apparel", 9900, from)
			if err := f.bench.Block(t.Context(), u.Plate, f.examiner, qc.Frost{Reason: qc.Recalled}); err != nil {
				t.Fatal(err)
			}
			blocked := f.reload(u)
			if _, err := f.bench.Inspect(t.Context(), f.grade(blocked, "A", qc.ReturnToCustomer)); fault.Code(err) != "unit_state" {
				t.Fatal(err)
			}
			if err := f.bench.Unblock(t.Context(), u.Plate, f.examiner, "召回解除"); err != nil {
				t.Fatal(err)
			}
			if got := f.reload(u); got.Account != from || got.State != u.State || f.balance(u, from) != 1 || f.balance(u, inventory.InBlocked) != 0 {
				t.Fatalf("%s in %s", got.State, got.Account)
			}
		}
	})
}

func TestChecklistsAreComplete(t *testing.T) {
	t.Parallel()
	for _, category := range qc.Categories() {
		seen, blocks := map[string]bool{}, 0
		for _, c := range qc.Checklist(category) {
			if c.Key == "" || c.Title == "" || c.TitleEN == "" || seen[c.Key] {
				t.Errorf("%s: check %+v", category, c)
			}
			seen[c.Key] = true
			if c.BlocksGradeA {
				blocks++
			}
		}
		if blocks == 0 {
			t.Errorf("%s: nothing ever blocks grade A", category)
		}
	}
	if len(qc.Checklist("no-such-category")) != len(qc.Checklist("general")) {
		t.Error("an unknown category takes the general list")
	}
}

func TestDiagramInTheDocs(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/qc.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), qc.Diagram()) {
		t.Errorf("docs/qc.md does not hold the diagram of the table:\n%s", qc.Diagram())
	}
}
