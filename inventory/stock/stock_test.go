package stock_test

import (
	"encoding/json"
	"fmt"
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
	"github.com/backdock/backdock/inventory/stock"
)

var day = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// store is a warehouse with one owner, one product and a manager.
type store struct {
	t      *testing.T
	d      *db.DB
	clock  *clock.Fake
	ledger *inventory.Ledger
	keeper *stock.Keeper
	bench  *qc.Bench
	owner  catalogue.Owner
	house  place.Warehouse
	sku    catalogue.SKU
	boss   id.User
	plates int
}

func newStore(t *testing.T, d *db.DB) *store {
	s := &store{t: t, d: d, clock: clock.NewFake(day), ledger: new(inventory.Ledger)}
	log := event.NewLog(d, s.clock)
	s.keeper = stock.New(d, log, s.ledger)
	s.bench = qc.New(d, log, s.ledger)
	s.bench.UseFree(s.keeper.Free)
	s.owner = catalogue.Owner{Code: "QINGYU", Name: "轻羽"}
	s.house = place.Warehouse{Code: "HZ1", Name: "华东退货仓", TimeZone: "Asia/Shanghai"}
	s.do(func(tx *gorm.DB) error {
		if err := tx.Create(&s.owner).Error; err != nil {
			return err
		}
		if err := tx.Create(&s.house).Error; err != nil {
			return err
		}
		s.sku = catalogue.SKU{OwnerID: s.owner.ID, Code: "TEE", Product: "P", Name: "商品", Category: "apparel", Currency: "CNY"}
		if err := tx.Create(&s.sku).Error; err != nil {
			return err
		}
		return tx.Raw("INSERT INTO users (username, display, password_hash, created_at) VALUES ('boss', '李敏', 'x', ?) RETURNING id", day).Scan(&s.boss).Error
	})
	return s
}

func (s *store) do(fn func(tx *gorm.DB) error) {
	s.t.Helper()
	if err := s.d.InTx(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) unit(a inventory.Account) inventory.Unit {
	s.t.Helper()
	s.plates++
	u := inventory.Unit{Plate: fmt.Sprintf("U%09d0", s.plates), OwnerID: s.owner.ID, WarehouseID: s.house.ID, SKUID: s.sku.ID, State: inventory.State(a), Account: a, Finding: "match",
		Title: "ours", ReceivedAt: day, Currency: "CNY", MovedAt: s.clock.Now(), Version: 1}
	s.do(func(tx *gorm.DB) error {
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		return s.ledger.Post(s.t.Context(), tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.Customer, ToAccount: a,
			Quantity: 1, UnitID: &u.ID, Cause: "scan", CauseRef: "p:1", At: s.clock.Now()}})
	})
	return u
}

func (s *store) balance(a inventory.Account) int64 {
	s.t.Helper()
	var b inventory.Balance
	if err := s.d.Read.Where("sku_id = ? AND account = ?", s.sku.ID, a).Limit(1).Find(&b).Error; err != nil {
		s.t.Fatal(err)
	}
	return b.Quantity
}

func (s *store) state(u inventory.Unit) inventory.State {
	s.t.Helper()
	var out inventory.Unit
	if err := s.d.Read.Where("id = ?", u.ID).Take(&out).Error; err != nil {
		s.t.Fatal(err)
	}
	return out.State
}

func (s *store) want(ref string, n int) stock.Reservation {
	return stock.Reservation{OwnerID: s.owner.ID, WarehouseID: s.house.ID, SKUID: s.sku.ID, Quantity: n, Purpose: "reshipment", Ref: ref, ExpiresAt: s.clock.Now().Add(time.Hour), ByUser: &s.boss}
}

func (s *store) adjust(n int) error {
	_, err := s.keeper.Adjust(s.t.Context(), stock.Adjustment{OwnerID: s.owner.ID, WarehouseID: s.house.ID, SKUID: s.sku.ID, Account: inventory.InAvailable, Quantity: n, Reason: "opening", Note: "盘入", ByUser: s.boss})
	return err
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.Code(err)
}

// Sixty-four ask for the last ten at once: ten are promised, whatever the adjustments in between.
func TestNeverOversold(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		if err := s.adjust(10); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		codes := map[string]int{}
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				_, err := s.keeper.Reserve(t.Context(), s.want(fmt.Sprint("R", i), 1))
				mu.Lock()
				codes[code(err)]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if codes[""] != 10 || codes["stock_short"] != 54 || s.balance(inventory.InReserved) != 10 || s.balance(inventory.InAvailable) != 0 {
			t.Fatalf("%v, reserved %d, available %d", codes, s.balance(inventory.InReserved), s.balance(inventory.InAvailable))
		}
		if err := s.adjust(-1); code(err) != "stock_short" {
			t.Fatalf("a promised piece was adjusted away: %v", err)
		}
	})
}

func TestReserveAgainstAdjust(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		if err := s.adjust(8); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		taken := 0
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = s.keeper.Reserve(t.Context(), s.want(fmt.Sprint("R", i), 1))
				} else {
					err = s.adjust(-1)
				}
				mu.Lock()
				defer mu.Unlock()
				switch code(err) {
				case "":
					taken++
				case "stock_short":
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if taken != 8 || s.balance(inventory.InAvailable) != 0 {
			t.Errorf("%d taken of 8, available %d", taken, s.balance(inventory.InAvailable))
		}
	})
}

func TestReservationEnds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		units := []inventory.Unit{s.unit(inventory.InAvailable), s.unit(inventory.InAvailable), s.unit(inventory.InAvailable)}
		for c, r := range map[string]stock.Reservation{"reservation_incomplete": s.want("", 1), "reservation_expiry": func() stock.Reservation { r := s.want("X", 1); r.ExpiresAt = s.clock.Now(); return r }(),
			"reservation_account": func() stock.Reservation { r := s.want("X", 1); r.Account = inventory.InQuarantine; return r }()} {
			if _, err := s.keeper.Reserve(t.Context(), r); code(err) != c {
				t.Errorf("%s: %v", c, err)
			}
		}
		a, err := s.keeper.Reserve(t.Context(), s.want("A", 1))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.keeper.Reserve(t.Context(), s.want("A", 1)); err != nil || again.ID != a.ID || s.balance(inventory.InReserved) != 1 {
			t.Fatalf("the same again: %d, %v", again.ID, err)
		}
		if _, err := s.keeper.Reserve(t.Context(), s.want("A", 2)); code(err) != "reservation_exists" {
			t.Fatal(err)
		}
		b, err := s.keeper.Reserve(t.Context(), s.want("B", 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.keeper.Release(t.Context(), a.ID, s.boss, "取消"); err != nil || s.balance(inventory.InAvailable) != 1 {
			t.Fatal(err, s.balance(inventory.InAvailable))
		}
		if err := s.keeper.Release(t.Context(), a.ID, s.boss, "again"); code(err) != "reservation_over" {
			t.Fatal(err)
		}
		if err := s.keeper.Take(t.Context(), b.ID, []string{units[0].Plate}, s.boss); code(err) != "reservation_plates" {
			t.Fatal(err)
		}
		if err := s.keeper.Take(t.Context(), b.ID, []string{units[0].Plate, units[1].Plate}, s.boss); err != nil {
			t.Fatal(err)
		}
		if s.state(units[0]) != inventory.Shipped || s.state(units[2]) != inventory.Available || s.balance(inventory.InAvailable) != 1 || s.balance(inventory.InReserved) != 0 {
			t.Fatalf("%s %s, available %d, reserved %d", s.state(units[0]), s.state(units[2]), s.balance(inventory.InAvailable), s.balance(inventory.InReserved))
		}
		if _, err := s.keeper.Reserve(t.Context(), s.want("C", 1)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.keeper.Expire(t.Context()); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		s.clock.Add(2 * time.Hour)
		if n, err := s.keeper.Expire(t.Context()); err != nil || n != 1 || s.balance(inventory.InAvailable) != 1 {
			t.Fatal(n, err)
		}
	})
}

// A recall takes pieces that are promised; the latest promise is broken first.
func TestBlockBreaksAPromise(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		a, b := s.unit(inventory.InAvailable), s.unit(inventory.InAvailable)
		for _, ref := range []string{"FIRST", "SECOND"} {
			if _, err := s.keeper.Reserve(t.Context(), s.want(ref, 1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.bench.Block(t.Context(), a.Plate, s.boss, qc.Frost{Reason: qc.Disputed}); err != nil {
			t.Fatal(err)
		}
		states := func() string {
			var out []string
			if err := d.Read.Raw("SELECT ref || ' ' || state FROM reservations ORDER BY id").Scan(&out).Error; err != nil {
				t.Fatal(err)
			}
			return strings.Join(out, ", ")
		}
		if states() != "FIRST held, SECOND broken" || s.balance(inventory.InReserved) != 1 || s.balance(inventory.InBlocked) != 1 || s.balance(inventory.InAvailable) != 0 {
			t.Fatalf("%s, reserved %d", states(), s.balance(inventory.InReserved))
		}
		if _, err := s.bench.Recall(t.Context(), qc.Recall{OwnerID: s.owner.ID, SKUID: s.sku.ID, Note: "厂家通知", ByUser: s.boss}); err != nil {
			t.Fatal(err)
		}
		if states() != "FIRST broken, SECOND broken" || s.state(b) != inventory.Blocked || s.balance(inventory.InBlocked) != 2 {
			t.Fatalf("%s, %s", states(), s.state(b))
		}
	})
}

// Reservations and blocks of the same two pieces at once: whatever wins, nothing is counted twice.
func TestBlockAgainstReserve(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		units := []inventory.Unit{s.unit(inventory.InAvailable), s.unit(inventory.InAvailable), s.unit(inventory.InAvailable), s.unit(inventory.InAvailable)}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				var err error
				if i < 4 {
					err = s.bench.Block(t.Context(), units[i].Plate, s.boss, qc.Frost{Reason: qc.Disputed})
				} else if _, err = s.keeper.Reserve(t.Context(), s.want(fmt.Sprint("R", i), 1)); code(err) == "stock_short" {
					err = nil
				}
				if err != nil {
					t.Error(i, err)
				}
			})
		}
		wg.Wait()
		if s.balance(inventory.InBlocked) != 4 || s.balance(inventory.InAvailable) != 0 || s.balance(inventory.InReserved) != 0 {
			t.Errorf("blocked %d, available %d, reserved %d", s.balance(inventory.InBlocked), s.balance(inventory.InAvailable), s.balance(inventory.InReserved))
		}
	})
}

func TestLostAndFound(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		for _, a := range []inventory.Account{inventory.InQuarantine, inventory.InAvailable, inventory.InCustody} {
			u := s.unit(a)
			p := stock.Piece{Warehouse: s.house.ID, Plate: u.Plate, Version: 1, Reason: "lost", Note: "找不到", By: s.boss}
			for c, bad := range map[string]stock.Piece{"adjust_reason": {Plate: u.Plate, Reason: "counted", Note: "x"}, "adjust_note": {Plate: u.Plate, Reason: "lost"},
				"version_conflict": {Warehouse: s.house.ID, Plate: u.Plate, Version: 9, Reason: "lost", Note: "x"}} {
				if err := s.keeper.Lose(t.Context(), bad); code(err) != c {
					t.Errorf("%s: %v", c, err)
				}
			}
			if err := s.keeper.Lose(t.Context(), p); err != nil || s.state(u) != inventory.Missing || s.balance(a) != 0 {
				t.Fatal(err, s.state(u))
			}
			p.Version, p.Reason = 2, "found"
			if err := s.keeper.Find(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			want := inventory.Quarantine
			if a == inventory.InCustody {
				want = inventory.Custody
			}
			if s.state(u) != want {
				t.Errorf("found again as %s", s.state(u))
			}
		}
	})
}

func TestCount(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		here := place.Place{WarehouseID: s.house.ID, Code: "B-Q1", Kind: place.Hold, Capacity: 99}
		s.do(func(tx *gorm.DB) error { return tx.Create(&here).Error })
		floor := place.NewFloor(event.NewLog(d, s.clock), s.ledger)
		there, gone, moved, stray := s.unit(inventory.InQuarantine), s.unit(inventory.InQuarantine), s.unit(inventory.InQuarantine), s.unit(inventory.InQuarantine)
		sold, lost := s.unit(inventory.InAvailable), s.unit(inventory.InQuarantine)
		s.do(func(tx *gorm.DB) error {
			return floor.Move(t.Context(), tx, []inventory.Unit{there, gone, moved}, &here, place.Why{Cause: "stock_take", Ref: "set up"})
		})
		if err := s.keeper.Lose(t.Context(), stock.Piece{Warehouse: s.house.ID, Plate: lost.Plate, Version: 1, Reason: "lost", Note: "x", By: s.boss}); err != nil {
			t.Fatal(err)
		}
		c, err := s.keeper.OpenCount(t.Context(), s.house.ID, "b-q1", s.boss)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Add(time.Minute)
		s.unit(inventory.InQuarantine) // came later: nobody expects it
		if err := s.keeper.Counted(t.Context(), c.ID, []string{there.Plate, stray.Plate, sold.Plate, lost.Plate, "U0009999999", there.Plate + " "}, s.boss); err != nil {
			t.Fatal(err)
		}
		show := func() string {
			var row stock.Count
			if err := d.Read.Where("id = ?", c.ID).Take(&row).Error; err != nil {
				t.Fatal(err)
			}
			lines, err := s.keeper.Differences(t.Context(), d.Read, row)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, l := range lines {
				out = append(out, strings.TrimSpace(fmt.Sprint(l.Kind, " ", l.Plate, " ", l.Book, " ", l.Result)))
			}
			return strings.Join(out, "\n")
		}
		want := fmt.Sprintf("misplaced %s\nmissing %s B-Q1\nmissing %s B-Q1\nsurplus %s available\nsurplus %s missing\nsurplus U0009999999 unknown", stray.Plate, gone.Plate, moved.Plate, sold.Plate, lost.Plate)
		if show() != want {
			t.Fatalf("\n%s\nwant\n%s", show(), want)
		}
		if err := s.keeper.ConfirmCount(t.Context(), c.ID, s.boss); code(err) != "count_state" {
			t.Fatal(err)
		}
		if err := s.keeper.CloseCount(t.Context(), c.ID, s.boss); err != nil {
			t.Fatal(err)
		}
		if err := s.keeper.Counted(t.Context(), c.ID, []string{gone.Plate}, s.boss); code(err) != "count_state" {
			t.Fatal(err)
		}
		// One of the missing is blocked before the manager confirms: it was seen after all.
		if err := s.bench.Block(t.Context(), moved.Plate, s.boss, qc.Frost{Reason: qc.Disputed}); err != nil {
			t.Fatal(err)
		}
		if s.state(gone) != inventory.Quarantine {
			t.Fatal("something was posted before a manager confirmed")
		}
		if err := s.keeper.ConfirmCount(t.Context(), c.ID, s.boss); err != nil {
			t.Fatal(err)
		}
		want = fmt.Sprintf("misplaced %s  posted\nmissing %s B-Q1 posted\nmissing %s B-Q1 changed\nsurplus %s available open\nsurplus %s missing posted\nsurplus U0009999999 unknown open", stray.Plate, gone.Plate, moved.Plate, sold.Plate, lost.Plate)
		if show() != want {
			t.Fatalf("\n%s\nwant\n%s", show(), want)
		}
		if s.state(gone) != inventory.Missing || s.state(lost) != inventory.Quarantine || s.state(moved) != inventory.Blocked || s.state(sold) != inventory.Available {
			t.Errorf("%s %s %s %s", s.state(gone), s.state(lost), s.state(moved), s.state(sold))
		}
		if p, ok, err := place.Of(t.Context(), d.Read, stray.ID); err != nil || !ok || p.Code != "B-Q1" {
			t.Errorf("%v %v", p, err)
		}
	})
}

// What is told is the whole of it, with a version that rises by one, and nothing is told twice.
func TestTell(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		told := func(all bool, n int) {
			t.Helper()
			if got, err := s.keeper.Tell(t.Context(), all); err != nil || got != n {
				t.Fatalf("told of %d, %v, want %d", got, err, n)
			}
		}
		last := func() string {
			t.Helper()
			var rows []struct {
				Version int64
				Subject string
				Data    string
			}
			if err := d.Read.Raw("SELECT version, subject, data FROM events WHERE type = 'backdock.stock.changed.v1' ORDER BY id DESC LIMIT 1").Scan(&rows).Error; err != nil || len(rows) == 0 {
				t.Fatal(err, len(rows))
			}
			var data struct{ Stock map[string]int64 }
			if err := json.Unmarshal([]byte(rows[0].Data), &data); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(rows[0].Subject, " ", rows[0].Version, " ", data.Stock)
		}
		told(true, 0)
		s.unit(inventory.InQuarantine)
		if err := s.adjust(3); err != nil {
			t.Fatal(err)
		}
		told(false, 1)
		told(false, 0)
		if got := last(); got != "stock/QINGYU/HZ1/TEE 1 map[available:3 quarantine:1]" {
			t.Fatal(got)
		}
		r, err := s.keeper.Reserve(t.Context(), s.want("A", 3))
		if err != nil {
			t.Fatal(err)
		}
		told(false, 1)
		if got := last(); got != "stock/QINGYU/HZ1/TEE 2 map[quarantine:1 reserved:3]" {
			t.Fatal(got)
		}
		s.clock.Add(time.Hour)
		if err := s.keeper.Release(t.Context(), r.ID, s.boss, "x"); err != nil {
			t.Fatal(err)
		}
		s.clock.Add(time.Hour)
		told(false, 0) // longer ago than a look back
		told(true, 1)
		var wg sync.WaitGroup
		if err := s.adjust(1); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			wg.Go(func() {
				if _, err := s.keeper.Tell(t.Context(), false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := last(); got != "stock/QINGYU/HZ1/TEE 4 map[available:4 quarantine:1]" {
			t.Fatal(got)
		}
	})
}
