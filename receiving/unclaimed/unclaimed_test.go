package unclaimed_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/receiving/unclaimed"
	"github.com/backdock/backdock/scanner"
)

// seal stands for the ring: it must not keep what it is given.
type seal struct{}

func (seal) Phone(number string) string {
	if number == "" {
		return ""
	}
	return "idx:" + strings.Repeat("x", len(number)) + string(number[len(number)-1])
}

// pile is a warehouse with one parcel of unknown owner, closed.
type pile struct {
	*receivingtest.Site
	keeper *unclaimed.Keeper
	parcel id.Parcel
}

func newPile(t *testing.T, d *db.DB, codes ...string) pile {
	s := receivingtest.New(t, d)
	s.SKU("TEE-L", receivingtest.GTIN(1))
	h := s.Hand(s.Bench(3))
	h.Want("SF9999999999999", scanner.CodeOwnerUnknownOpened)
	for _, c := range codes {
		h.Want(c, scanner.CodeUnclaimed)
	}
	h.Want("BD:DONE", scanner.CodeClosed)
	return pile{s, unclaimed.New(d, s.Log, s.Clock, new(inventory.Ledger), seal{}), receivingtest.One[id.Parcel](s, "SELECT id FROM parcels")}
}

func (p pile) find() []match.Candidate {
	p.T.Helper()
	parcel := receivingtest.One[receiving.Parcel](p.Site, "SELECT * FROM parcels WHERE id = ?", p.parcel)
	found, err := unclaimed.NewSearch(nil).Candidates(p.T.Context(), p.DB.Read, parcel)
	if err != nil {
		p.T.Fatal(err)
	}
	return found
}

func (p pile) wants(code string, err error) {
	p.T.Helper()
	if fault.Code(err) != code && !(code == "" && err == nil) {
		p.T.Errorf("%v, want %q", err, code)
	}
}

// What is one of a kind ranks before what many share, and each reason is named.
func TestRanking(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		p := newPile(t, d, receivingtest.GTIN(1), "SERIAL-77")
		mug := p.SKU("MUG-1", receivingtest.GTIN(9))
		bySerial := p.Order("1001", mug)
		p.Serials(bySerial.Lines[0], "SERIAL-77")
		byTail := p.Order("1002", mug)
		p.Exec("UPDATE orders SET buyer_tail_idx = ? WHERE id = ?", seal{}.Phone("8000"), byTail.ID)
		byPaper := p.Order("1003", mug)
		p.Case("C3", byPaper, nil)
		p.Order("1004", mug) // nothing speaks for it
		if found := p.find(); len(found) != 1 || found[0].Order != bySerial.ID || found[0].Reasons[0].Why != match.BySerial {
			t.Fatalf("%+v", found)
		}
		p.wants("phone_tail", p.keeper.Note(t.Context(), p.parcel, unclaimed.Label{Tail: "13800138000"}, p.User("li", "b1")))
		by := p.User("wang", "b2")
		p.wants("", p.keeper.Note(t.Context(), p.parcel, unclaimed.Label{Tail: "8000"}, by))
		p.wants("", p.keeper.Note(t.Context(), p.parcel, unclaimed.Label{Slip: "C3"}, by))
		found := p.find()
		why := map[id.Order]match.Why{}
		for _, c := range found {
			why[c.Order] = c.Reasons[0].Why
		}
		if len(found) != 3 || why[byTail.ID] != match.ByTail || why[byPaper.ID] != match.BySlip || found[2].Order != byTail.ID {
			t.Errorf("%+v", found)
		}
		if kept := receivingtest.One[string](p.Site, "SELECT tail_idx FROM unclaimed_notes"); strings.Contains(kept, "8000") {
			t.Error("the tail itself was kept")
		}
	})
}

// Nothing is sold or thrown away before its time, before anybody was asked, or by one person alone; above the limit it takes a manager.
func TestEnds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		p := newPile(t, d, receivingtest.GTIN(1), "NOBODY-KNOWS")
		li, wang := p.User("li", "b1"), p.User("wang", "b2")
		k, ctx := p.keeper, t.Context()
		p.wants("ending_unknown", k.Request(ctx, p.parcel, "eaten", "x", li))
		p.wants("end_too_soon", k.Request(ctx, p.parcel, receiving.Disposed, "nobody asked", li))
		p.Clock.Add(31 * 24 * time.Hour)
		p.wants("owner_not_asked", k.Request(ctx, p.parcel, receiving.Disposed, "nobody asked", li))
		p.wants("", k.Ask(ctx, p.parcel, 0, "SF", li))
		p.wants("end_not_requested", k.Confirm(ctx, p.parcel, wang, true))
		p.wants("", k.Request(ctx, p.parcel, receiving.Disposed, "nobody asked", li))
		p.wants("end_requested", k.Request(ctx, p.parcel, receiving.HandedBack, "courier", wang))
		p.wants("same_person", k.Confirm(ctx, p.parcel, li, true))
		p.Create(&unclaimed.Policy{WarehouseID: p.Warehouse.ID, AlarmAfterDays: 3, EndAfterDays: 30, ValueLimitMinor: 4_999})
		p.lies("Q-01")
		p.wants("above_limit", k.Confirm(ctx, p.parcel, wang, false))
		p.wants("", k.Withdraw(ctx, p.parcel, wang))
		p.wants("", k.Request(ctx, p.parcel, receiving.Disposed, "mouldy", li))
		p.wants("", k.Confirm(ctx, p.parcel, wang, true))
		p.wants("parcel_ended", k.Confirm(ctx, p.parcel, wang, true))
		if n := receivingtest.One[int](p.Site, "SELECT COUNT(*) FROM units WHERE state = 'scrapped' AND account = 'scrap'"); n != 2 {
			t.Errorf("%d pieces were scrapped", n)
		}
		if n := receivingtest.One[int](p.Site, "SELECT COUNT(*) FROM tasks WHERE state = 'open'"); n != 0 {
			t.Errorf("%d tasks are left", n)
		}
		c := p.Case("C1", p.Order("1001", p.SKU("CAP-M", receivingtest.GTIN(2))), nil)
		err := p.DB.InTx(ctx, func(tx *gorm.DB) error { return p.Desk.Claim(ctx, tx, c.ID, p.parcel) })
		p.wants("parcel_ended", err)
		p.audit()
	})
}

// lies puts every piece into a place, as a stock-take does that finds it there.
func (p *pile) lies(code string) {
	p.T.Helper()
	at := place.Place{WarehouseID: p.Warehouse.ID, Code: code, Kind: place.Shelf, Capacity: 9}
	p.Create(&at)
	p.Do(func(tx *gorm.DB) error {
		var units []inventory.Unit
		if err := tx.Order("id").Find(&units).Error; err != nil {
			return err
		}
		return place.NewFloor(p.Log, new(inventory.Ledger)).Move(p.T.Context(), tx, units, &at, place.Why{Cause: "stock_take", Ref: "set up"})
	})
}

// The other two ends leave by other doors.
func TestHandedBackAndSold(t *testing.T) {
	for ending, account := range map[string]inventory.Account{receiving.HandedBack: inventory.Customer, receiving.SoldAsFound: inventory.Adjustment} {
		t.Run(ending, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				p := newPile(t, d, receivingtest.GTIN(1))
				li, wang := p.User("li", "b1"), p.User("wang", "b2")
				p.wants("", p.keeper.Shelve(t.Context(), p.parcel, "w-03", li))
				p.wants("", p.keeper.Ask(t.Context(), p.parcel, p.Owner.ID, "", li))
				p.Clock.Add(31 * 24 * time.Hour)
				p.wants("", p.keeper.Request(t.Context(), p.parcel, ending, "agreed", li))
				p.wants("", p.keeper.Confirm(t.Context(), p.parcel, wang, false))
				u := receivingtest.One[inventory.Unit](p.Site, "SELECT * FROM units")
				if u.Account != account || u.State != inventory.Shipped {
					t.Errorf("%s in %s", u.State, u.Account)
				}
				if got := receivingtest.One[receiving.Parcel](p.Site, "SELECT * FROM parcels"); got.State != ending || got.Shelf != "W-03" {
					t.Errorf("%s on %s", got.State, got.Shelf)
				}
				p.audit()
			})
		})
	}
}

func (p pile) audit() {
	p.T.Helper()
	rep, err := audit.RunAt(p.T.Context(), p.DB, p.Clock.Now())
	if err != nil {
		p.T.Fatal(err)
	}
	for _, b := range rep.Breaches {
		if group, _, _ := strings.Cut(b.Check, "_"); group != "case" && group != "order" && group != "event" {
			p.T.Errorf("audit %s: %s %s", b.Check, b.Subject, b.Detail)
		}
	}
}

// The shelves are looked at: a parcel past its warehouse's days and goods of an order that no case wants are told once, however often somebody looks.
func TestAgeing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		p := newPile(t, d, receivingtest.GTIN(1))
		p.Order("1001", p.SKU("CAP-M", receivingtest.GTIN(2)))
		h := p.Hand(p.Bench(4))
		h.Want("1001", scanner.CodeParcelOpened)
		h.Want(receivingtest.GTIN(2), scanner.CodeUndeclared)
		h.Want("BD:DONE", scanner.CodeClosed)
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 0}, {23 * time.Hour, 0}, {2 * time.Hour, 1}, {0, 0}, {48 * time.Hour, 1}, {240 * time.Hour, 0}} {
			p.Clock.Add(step.after)
			if n, err := p.keeper.Look(t.Context()); err != nil || n != step.want {
				t.Errorf("after %s: %d, %v, want %d", step.after, n, err, step.want)
			}
		}
		kinds := receivingtest.One[string](p.Site, "SELECT MIN(kind) || ' ' || MAX(kind) FROM tasks")
		if kinds != "advance_unadopted unclaimed_old" {
			t.Error(kinds)
		}
	})
}

// No question of the search reads a whole table: on PostgreSQL, with sequential reading made dear, each plan goes by an index.
func TestSearchGoesByIndexes(t *testing.T) {
	d := testkit.Open(t, db.Postgres)
	p := newPile(t, d, receivingtest.GTIN(1), "SERIAL-77")
	tee := receivingtest.One[id.SKU](p.Site, "SELECT id FROM skus WHERE code = 'TEE-L'")
	p.Exec("INSERT INTO orders (owner_id, shop_id, number, state, currency, placed_at, buyer_tail_idx) SELECT ?, ?, 'N' || g, 'delivered', 'CNY', now(), 't' || (g % 1000) FROM generate_series(1, 20000) g", p.Owner.ID, p.Shop.ID)
	p.Exec("INSERT INTO order_lines (order_id, line_no, sku_id, quantity, price_minor, paid_minor) SELECT id, 1, ?, 1, 1, 1 FROM orders", tee)
	p.Exec(`INSERT INTO cases (owner_id, shop_id, number, order_id, type, reason, decision, goods, judgement, money, submitted_at)
 SELECT ?, ?, 'C' || id, id, 'return_refund', 'other', 'approved', 'received', 'none', 'none', now() FROM orders`, p.Owner.ID, p.Shop.ID)
	p.Exec("INSERT INTO case_lines (case_id, sku_id, quantity, received) SELECT id, ?, 1, CASE WHEN id % 50 = 0 THEN 0 ELSE 1 END FROM cases", tee)
	p.Exec("INSERT INTO unclaimed_notes (parcel_id, slip, tail_idx) VALUES (?, 'N77', 't5')", p.parcel)
	for _, table := range []string{"orders", "order_lines", "cases", "case_lines", "line_serials"} {
		p.Exec("ANALYZE " + table)
	}
	seen := 0
	err := unclaimed.Explain(t.Context(), d.Read, p.parcel, func(sql, plan string) {
		seen++
		for _, big := range []string{"orders", "order_lines", "cases", "case_lines", "line_serials", "shipment_lines"} {
			if strings.Contains(plan, "Seq Scan on "+big+" ") {
				t.Errorf("%s\nreads all of %s:\n%s", sql, big, plan)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 8 {
		t.Errorf("only %d questions were looked at", seen)
	}
}
