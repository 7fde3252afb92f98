package report_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

type shelf struct {
	t *testing.T
	d *db.DB
	n int
}

func (s *shelf) exec(sql string, args ...any) {
	s.t.Helper()
	if err := s.d.InTx(s.t.Context(), func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error }); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func newShelf(t *testing.T, d *db.DB, zone string) *shelf {
	s := &shelf{t: t, d: d}
	s.exec("INSERT INTO owners (id, code, name) VALUES (1, 'A', 'A')")
	s.exec("INSERT INTO warehouses (id, code, name, time_zone, target_per_hour) VALUES (1, 'W', 'W', ?, 60), (2, 'X', 'X', ?, 60)", zone, zone)
	s.exec("INSERT INTO shops (id, owner_id, channel, code, name, time_zone) VALUES (1, 1, 'jd', 'S', 'S', 'Asia/Shanghai')")
	s.exec("INSERT INTO skus (id, owner_id, code, product, name) VALUES (1, 1, 'K', 'K', 'K')")
	s.exec("INSERT INTO users (id, username, display, password_hash, created_at) VALUES (1, 'u', 'U', 'x', ?)", time.Unix(0, 0).UTC())
	s.exec("INSERT INTO benches (id, warehouse_id, number, name, kind, operator_id) VALUES (1, 1, 3, 'B3', 'receiving', 1)")
	return s
}

func (s *shelf) unit(warehouse int, account, finding string, at time.Time) int {
	s.n++
	s.exec("INSERT INTO units (id, plate, owner_id, warehouse_id, sku_id, state, account, finding, bench_id, received_at, moved_at) VALUES (?, ?, 1, ?, 1, ?, ?, ?, 1, ?, ?)",
		s.n, fmt.Sprintf("U%d", s.n), warehouse, account, account, finding, at.UTC(), at.UTC())
	s.exec("INSERT INTO movements (owner_id, warehouse_id, sku_id, from_account, to_account, quantity, unit_id, cause, cause_ref, at) VALUES (1, ?, 1, 'customer', ?, 1, ?, 'scan', 'x', ?)", warehouse, account, s.n, at.UTC())
	return s.n
}

func (s *shelf) parcel(opened time.Time, took time.Duration, expected, received int) {
	s.n++
	s.exec("INSERT INTO parcels (id, warehouse_id, owner_id, kind, state, waybill, opened_at, closed_at, expected, received, created_at) VALUES (?, 1, 1, 'customer_return', 'closed', ?, ?, ?, ?, ?, ?)",
		s.n, fmt.Sprint("W", s.n), opened.UTC(), opened.Add(took).UTC(), expected, received, opened.UTC())
}

func (s *shelf) board(at time.Time) *report.Board {
	s.t.Helper()
	b, err := report.New(s.d, clock.NewFake(at)).Board(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func TestBoardFigures(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "Asia/Shanghai")
		zone, err := time.LoadLocation("Asia/Shanghai")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 10, 14, 30, 0, 0, zone)
		at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, zone) }
		// Today: 3 pieces at 0, 9 and 14 o'clock; yesterday: 1 before the same time, 1 after it; older: 2 still in quarantine, one of them over three days.
		s.unit(1, "quarantine", "match", at(10, 0, 0))
		s.unit(1, "custody", "wrong_item", at(10, 9, 15))
		released := s.unit(1, "available", "match", at(10, 14, 29))
		s.unit(1, "quarantine", "match", at(9, 14, 29))
		s.unit(1, "quarantine", "damaged", at(9, 15, 0))
		s.unit(1, "quarantine", "match", at(8, 10, 0))
		s.unit(1, "quarantine", "match", at(6, 10, 0))
		s.unit(2, "quarantine", "match", at(10, 9, 0)) // another warehouse
		s.exec("INSERT INTO inspections (unit_id, grade, disposition, by_user, at, unit_version) VALUES (?, 'A', 'restock', 1, ?, 2)", released, at(10, 14, 29).UTC())
		for i, took := range []time.Duration{40, 60, 500} {
			s.parcel(at(10, 8, i), took*time.Second, 1, 1)
		}
		s.parcel(at(9, 8, 0), 30*time.Second, 2, 1)
		s.parcel(at(9, 20, 0), 30*time.Second, 1, 1)
		b := s.board(now)
		k := b.KPI
		if k.Pieces != (report.Pair{Today: 3, Yesterday: 1}) || k.Parcels != (report.Pair{Today: 3, Yesterday: 1}) || k.MedianHandlingS != (report.Pair{Today: 60, Yesterday: 30}) {
			t.Errorf("pieces %+v, parcels %+v, median %+v", k.Pieces, k.Parcels, k.MedianHandlingS)
		}
		if k.MatchRate.Today < 0.66 || k.MatchRate.Today > 0.67 || k.MatchRate.Yesterday != 1 {
			t.Errorf("match rate %+v", k.MatchRate)
		}
		if k.Quarantine != (report.QuarantineLoad{Now: 5, Yesterday: 3, Over3D: 1}) {
			t.Errorf("quarantine %+v", k.Quarantine)
		}
		if b.Hours[0].Received != 1 || b.Hours[9].Received != 1 || b.Hours[14] != (report.Hour{Hour: 14, Received: 1, Released: 1, Yesterday: 1}) || b.Hours[15].Yesterday != 1 {
			t.Errorf("hours %+v", b.Hours)
		}
		want := map[string]string{"to_inspect": "[0 1 2 1]", "mismatch": "[0 1 0 0]", "damaged": "[0 1 0 0]", "unknown_owner": "[0 0 0 0]"}
		for _, a := range b.Ageing {
			if fmt.Sprint(a.Buckets) != want[a.Cause] {
				t.Errorf("ageing %+v, want %s", a, want[a.Cause])
			}
		}
		if b.ExceptionsTotal != 2 || len(b.Exceptions) != 2 || b.Exceptions[0].Kind != "wrong_item" || b.Exceptions[0].Severity != "high" || b.Exceptions[1].Kind != "short" {
			t.Errorf("exceptions %+v", b.Exceptions)
		}
		if b.TargetPerHour != 60 || b.TimeZone != "Asia/Shanghai" || b.Warehouse != "W" {
			t.Errorf("head %+v", b)
		}
	})
}

// Clocks go back in Berlin: the day has 25 hours, the hour from two to three comes twice, and "the same time yesterday" is the same on the clock.
func TestBoardOnTheDayClocksChange(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "Europe/Berlin")
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		midnight := time.Date(2026, 10, 25, 0, 0, 0, 0, zone)
		for h := range 25 {
			s.unit(1, "quarantine", "match", midnight.Add(time.Duration(h)*time.Hour+10*time.Minute))
		}
		s.unit(1, "quarantine", "match", time.Date(2026, 10, 24, 11, 59, 0, 0, zone))
		s.unit(1, "quarantine", "match", time.Date(2026, 10, 24, 12, 1, 0, 0, zone))
		b := s.board(time.Date(2026, 10, 25, 12, 0, 0, 0, zone))
		if b.KPI.Pieces.Yesterday != 1 {
			t.Errorf("until the same clock time yesterday: %+v", b.KPI.Pieces)
		}
		for h, hour := range b.Hours {
			if want := map[bool]int64{true: 2, false: 1}[h == 2]; hour.Received != want {
				t.Errorf("hour %d: %d pieces, want %d", h, hour.Received, want)
			}
		}
		if b = s.board(time.Date(2026, 10, 26, 0, 5, 0, 0, zone)); b.KPI.Pieces.Today != 0 {
			t.Errorf("after midnight: %+v", b.KPI.Pieces)
		}
	})
}

func TestBoardShowsRefundsAndStations(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "Asia/Shanghai")
		now := time.Date(2026, 3, 10, 6, 30, 0, 0, time.UTC)
		s.exec("INSERT INTO orders (id, owner_id, shop_id, number, state, currency, placed_at) VALUES (1, 1, 1, 'O', 'delivered', 'CNY', ?)", now)
		s.exec("INSERT INTO payments (id, gateway, account, transaction_id, currency, captured_minor) VALUES (1, 'wechatpay', 'm', 't', 'CNY', 100000)")
		s.exec("INSERT INTO cases (id, owner_id, shop_id, warehouse_id, number, type, reason, decision, goods, judgement, money, submitted_at) VALUES (1, 1, 1, 1, 'C1', 'return_refund', 'quality', 'approved', 'received', 'none', 'due', ?), (2, 1, 1, 2, 'C2', 'return_refund', 'quality', 'approved', 'received', 'none', 'due', ?), (3, 1, 1, NULL, 'C3', 'refund_only', 'quality', 'approved', 'not_needed', 'none', 'due', ?)", now, now, now)
		for i, r := range []struct {
			caseID  int
			state   string
			settled *time.Time
		}{{1, "requested", nil}, {1, "held", nil}, {1, "failed", nil}, {1, "succeeded", new(now.Add(-time.Hour))}, {1, "succeeded", new(now.Add(-25 * time.Hour))}, {2, "requested", nil}, {3, "unknown", nil}} {
			s.exec("INSERT INTO refunds (number, entitlement, part, owner_id, shop_id, case_id, order_id, payment_id, amount_minor, currency, origin, state, requested_at, settled_at) VALUES (?, ?, 1, 1, 1, ?, 1, 1, ?, 'CNY', 'ours', ?, ?, ?)",
				fmt.Sprint("R", i), fmt.Sprint("case_line:", i), r.caseID, 100*(i+1), r.state, now, r.settled)
		}
		s.exec(`INSERT INTO stations (id, name, warehouse_id, bench_id, devices, created_at, enrolled_at, online) VALUES (1, 'a', 1, 1, '[{"name":"gun","state":"gone"}]', ?, ?, ?)`, now, now, true)
		s.unit(1, "quarantine", "match", now.Add(-10*time.Minute))
		s.exec("INSERT INTO parcels (id, warehouse_id, kind, state, waybill, created_at) VALUES (900, 1, 'unknown', 'closed', 'X', ?), (901, 1, 'customer_return', 'at_dock', 'Y', ?)", now.Add(-80*time.Hour), now)
		b := s.board(now)
		want := map[string]report.Tally{"requested": {N: 1, Minor: 100}, "held": {N: 1, Minor: 200}, "failed": {N: 1, Minor: 300}, "succeeded_today": {N: 1, Minor: 400}, "unknown": {N: 1, Minor: 700},
			"due": {N: 3, Minor: 1000}, "authorized": {}, "sending": {}, "accepted": {}}
		if fmt.Sprint(b.Refunds) != fmt.Sprint(want) {
			t.Errorf("refunds %v, want %v", b.Refunds, want)
		}
		if b.KPI.RefundedMinor != (report.MoneyPair{Today: 400, Yesterday: 500, Currency: "CNY"}) {
			t.Errorf("refunded %+v", b.KPI.RefundedMinor)
		}
		if len(b.Stations) != 1 || b.Stations[0].State != "fallback" || b.Stations[0].RatePerHour != 1 || b.Stations[0].Clerk != "U" {
			t.Errorf("stations %+v", b.Stations)
		}
		if b.Unclaimed != (report.Unclaimed{N: 2, Over3D: 1}) || b.AtDock != 1 {
			t.Errorf("unclaimed %+v, at dock %d", b.Unclaimed, b.AtDock)
		}
		kinds := fmt.Sprint(b.Exceptions[0].Kind, b.Exceptions[len(b.Exceptions)-1].Kind)
		if b.ExceptionsTotal != 4 || kinds != "unknown_ownerrefund_held" {
			t.Errorf("exceptions %+v", b.Exceptions)
		}
	})
}

// A board is one state of the store: while writers move pieces between accounts and append an event with each move, no board may show a piece twice or not at all,
// and its seq may not run ahead of what it shows.
func TestBoardIsOneSnapshot(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "Asia/Shanghai")
		log := event.NewLog(d, clock.System{})
		s.exec("INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (1, 1, 1, 'quarantine', 50), (1, 1, 1, 'available', 0)")
		done := make(chan struct{})
		go func() {
			defer close(done)
			for n := range 50 {
				err := d.InTx(t.Context(), func(tx *gorm.DB) error {
					if err := tx.Exec("UPDATE balances SET quantity = quantity - 1 WHERE account = 'quarantine'").Error; err != nil {
						return err
					}
					if err := tx.Exec("UPDATE balances SET quantity = quantity + 1 WHERE account = 'available'").Error; err != nil {
						return err
					}
					return log.Append(t.Context(), tx, event.Event{Type: "backdock.unit.inspected.v1", Subject: fmt.Sprint("unit/", n), Version: 1})
				})
				if err != nil {
					t.Error(err)
				}
				if rand.IntN(2) == 0 {
					if err := log.SettleNow(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		r := report.New(d, clock.System{})
		for {
			b, err := r.Board(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if sum := b.Stock.Quarantine + b.Stock.Available; sum != 50 {
				t.Fatalf("%d pieces in all", sum)
			}
			if b.Seq > b.Stock.Available {
				t.Fatalf("seq %d, but only %d moves are shown", b.Seq, b.Stock.Available)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
}

// Every page of a list, at any size, adds up to the list: nothing twice, nothing lost, although many rows share their sort key.
func TestPagesAddUp(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "Asia/Shanghai")
		at := time.Date(2026, 3, 10, 6, 30, 0, 123456000, time.UTC)
		for n := range 37 {
			s.unit(1, "quarantine", "match", at.Add(time.Duration(n/5)*time.Microsecond))
			s.parcel(at, time.Minute, 1, 1)
			s.exec("INSERT INTO orders (owner_id, shop_id, number, state, currency, placed_at) VALUES (1, 1, ?, 'delivered', 'CNY', ?)", fmt.Sprint("O", n), at.Add(time.Duration(n/7)*time.Second))
			s.exec("INSERT INTO cases (owner_id, shop_id, number, type, reason, decision, goods, judgement, money, submitted_at) VALUES (1, 1, ?, 'return_refund', 'quality', 'approved', 'received', 'none', 'due', ?)", fmt.Sprint("C", n), at)
			s.exec("INSERT INTO skus (id, owner_id, code, product, name) VALUES (?, 1, ?, 'K', 'K')", 100+n, fmt.Sprint("K", n))
			for _, account := range []string{"quarantine", "available"} {
				s.exec("INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (1, 1, ?, ?, 1)", 100+n, account)
			}
		}
		r, all, ctx := report.New(d, clock.NewFake(at)), auth.Everything(), t.Context()
		for _, limit := range []int{1, 7, 36, 37, 38} {
			walk(t, "units", limit, 37, func(a report.Ask) (report.Page[report.UnitRow], error) {
				return r.Units(ctx, all, report.UnitFilter{State: "quarantine"}, a)
			}, func(u report.UnitRow) string { return u.Plate })
			walk(t, "parcels", limit, 37, func(a report.Ask) (report.Page[report.ParcelRow], error) {
				return r.Parcels(ctx, all, report.ParcelFilter{}, a)
			},
				func(p report.ParcelRow) string { return p.Number })
			walk(t, "orders", limit, 37, func(a report.Ask) (report.Page[report.OrderRow], error) {
				return r.Orders(ctx, all, report.OrderFilter{}, a)
			},
				func(o report.OrderRow) string { return o.Number })
			walk(t, "cases", limit, 37, func(a report.Ask) (report.Page[report.CaseRow], error) {
				return r.Cases(ctx, all, report.CaseFilter{}, a)
			},
				func(c report.CaseRow) string { return c.Number })
			walk(t, "stock", limit, 74, func(a report.Ask) (report.Page[report.StockRow], error) {
				return r.Stock(ctx, all, report.StockFilter{}, a)
			},
				func(b report.StockRow) string { return b.SKU + b.Account })
			walk(t, "movements", limit, 37, func(a report.Ask) (report.Page[report.MovementRow], error) {
				return r.Movements(ctx, all, report.MovementFilter{}, a)
			},
				func(m report.MovementRow) string { return m.Plate })
		}
	})
}

func walk[T any](t *testing.T, what string, limit, want int, ask func(report.Ask) (report.Page[T], error), name func(T) string) {
	t.Helper()
	seen := map[string]bool{}
	a := report.Ask{Limit: limit}
	for pages := 0; pages <= want+1; pages++ {
		p, err := ask(a)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, item := range p.Items {
			if seen[name(item)] {
				t.Errorf("%s, pages of %d: %s twice", what, limit, name(item))
			}
			seen[name(item)] = true
		}
		if a.Cursor = p.Next; a.Cursor == "" {
			break
		}
	}
	if len(seen) != want {
		t.Errorf("%s, pages of %d: %d items, want %d", what, limit, len(seen), want)
	}
}
