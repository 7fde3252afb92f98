package audit

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	keep "github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/receiving/work"
	"github.com/backdock/backdock/scanner"
)

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// world is a small warehouse where everything holds: two orders with a case each, a parcel of four scans (one undone), one unit inspected and refunded, one inspected
// and taken back, a refund that failed and its successor, and a refund made elsewhere.
type world struct {
	t   *testing.T
	d   *db.DB
	log *event.Log
}

func newWorld(t *testing.T, d *db.DB) world {
	t.Helper()
	w := world{t, d, event.NewLog(d, clock.NewFake(now.Add(-10*time.Minute)))}
	w.trade()
	w.receive()
	w.inspect()
	w.shelve()
	w.promise()
	w.refund()
	w.dock()
	if err := w.log.SettleNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := work.New(d, w.log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// dock writes what the dock writes: a hand-over of two parcels, one of which was refused, closed with one; and an alarm for a waybill that was signed for.
func (w world) dock() {
	const at = "'2026-11-23 05:40:00+00:00'"
	w.do(func(tx *gorm.DB) error {
		err := run(tx, "INSERT INTO benches (id, warehouse_id, number, name, kind) VALUES (20, 1, 20, '收货口', 'dock')",
			"INSERT INTO handovers (id, warehouse_id, bench_id, carrier, state, parcels, opened_at, closed_at) VALUES (1, 1, 20, 'sf', 'closed', 1, "+at+", "+at+")",
			"INSERT INTO parcels (id, warehouse_id, kind, state, waybill, created_at) VALUES (3, 1, 'unknown', 'at_dock', 'SF3', "+at+"), (4, 1, 'unknown', 'refused_at_dock', 'SF4', "+at+")",
			"INSERT INTO dockings (parcel_id, handover_id, bench_id, at, counted, turned_at, reason) VALUES (3, 1, 20, "+at+", TRUE, NULL, NULL), (4, 1, 20, "+at+", FALSE, "+at+", 'damaged')",
			"INSERT INTO checkpoints (carrier, waybill, code, at, source, received_at) VALUES ('sf', 'SF7', 'in_transit', '2026-11-21 05:00:00+00:00', 'test', "+at+"), ('sf', 'SF7', 'delivered', '2026-11-22 05:00:00+00:00', 'test', "+at+")",
			"INSERT INTO waybill_tracks (waybill, carrier, code, at, signed_at) VALUES ('SF7', 'sf', 'delivered', '2026-11-22 05:00:00+00:00', '2026-11-22 05:00:00+00:00')",
			"INSERT INTO unscanned (waybill, carrier, warehouse_id, owner_id, signed_at, raised_at) VALUES ('SF7', 'sf', 1, 1, '2026-11-22 05:00:00+00:00', "+at+")",
			"INSERT INTO tasks (kind, subject, params, created_at) VALUES ('signed_not_scanned', 'unscanned/sf:SF7', '{\"waybill\":\"SF7\",\"carrier\":\"sf\"}', "+at+")")
		if err != nil {
			return err
		}
		for _, e := range []event.Event{{Type: "backdock.parcel.docked.v1", Subject: "parcel/P000003"}, {Type: "backdock.parcel.docked.v1", Subject: "parcel/P000004"},
			{Type: "backdock.parcel.refused.v1", Subject: "parcel/P000004"}, {Type: "backdock.handover.closed.v1", Subject: "handover/1", Data: event.Data{"parcels": 1}}} {
			e.Version, e.WarehouseID = 1, 1
			if err := w.log.Append(w.t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w world) do(fn func(tx *gorm.DB) error) {
	w.t.Helper()
	if err := w.d.InTx(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func run(tx *gorm.DB, statements ...string) error {
	for _, sql := range statements {
		if err := tx.Exec(sql).Error; err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func (w world) trade() {
	ring, err := secret.Parse(secret.Generate())
	if err != nil {
		w.t.Fatal(err)
	}
	im := intake.New(w.d, w.log, ring, intake.Hooks{})
	err = im.Site(w.t.Context(), intake.Site{
		Owners:     []intake.Owner{{Code: "QY", Name: "青屿", Policy: &intake.Policy{RefundTrigger: "qc_passed", SelfReleaseLimitMinor: 100000, ScrapLimitMinor: 100000, Jurisdiction: "CN"}}},
		Shops:      []intake.Shop{{Owner: "QY", Channel: "taobao", Code: "TB", Name: "淘宝店", TimeZone: "Asia/Shanghai"}},
		Warehouses: []intake.Warehouse{{Code: "HZ1", Name: "华东退货仓", TimeZone: "Asia/Shanghai"}},
		Benches:    []intake.Bench{{Warehouse: "HZ1", Number: 1, Name: "1 号收货台", Kind: "receiving"}, {Warehouse: "HZ1", Number: 2, Name: "2 号收货台", Kind: "receiving"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	buy := func(number string) intake.Order {
		return intake.Order{Shop: "TB", Number: number, State: "shipped", PlacedAt: now.Add(-96 * time.Hour), Lines: []intake.OrderLine{{Line: 1, SKU: "A", Quantity: 3, PriceMinor: 10000, PaidMinor: 30000}},
			Payments: []intake.Payment{{Gateway: "wechatpay", Account: "190", TransactionID: "T" + number, CapturedMinor: 30000}}}
	}
	ask := func(number, order string) intake.Case {
		return intake.Case{Shop: "TB", Number: number, Order: order, Type: "return_refund", Reason: "size_fit", Decision: "approved", Warehouse: "HZ1", SubmittedAt: now.Add(-48 * time.Hour),
			Lines: []intake.CaseLine{{Line: 1, Quantity: 3}}}
	}
	for _, imported := range []func() (intake.Report, error){
		func() (intake.Report, error) {
			return im.Catalogue(w.t.Context(), []intake.SKU{{Owner: "QY", SKU: "A", Name: "夹克", ValueMinor: 6000}})
		},
		func() (intake.Report, error) {
			return im.Orders(w.t.Context(), []intake.Order{buy("1001"), buy("1002")})
		},
		func() (intake.Report, error) {
			return im.Cases(w.t.Context(), []intake.Case{ask("RT1", "1001"), ask("RT2", "1002")})
		},
	} {
		if rep, err := imported(); err != nil || rep.ErrorsTotal > 0 {
			w.t.Fatal(err, rep)
		}
	}
	w.do(func(tx *gorm.DB) error {
		if _, err := order.Advance(w.t.Context(), tx, w.log, 1, "delivered", 0); err != nil {
			return err
		}
		_, err := order.Returning(w.t.Context(), tx, w.log, 1, true, 0)
		return err
	})
}

// plate n, and what the desk writes when it books a piece.
func plate(n int64) string { return scanner.Plate(n) }

func (w world) receive() {
	at := now.Add(-8 * time.Minute)
	ledger := new(inventory.Ledger)
	w.do(func(tx *gorm.DB) error {
		err := run(tx, "INSERT INTO users (id, username, display, password_hash, created_at) VALUES (1, 'li', '李敏', 'x', '2026-11-01 00:00:00+00:00'), (2, 'wang', '王强', 'x', '2026-11-01 00:00:00+00:00')",
			"INSERT INTO stations (id, name, warehouse_id, bench_id, created_at) VALUES (1, 'S1', 1, 1, '2026-11-01 00:00:00+00:00')",
			"INSERT INTO producers (id, station_id, bench_id, last_seq, created_at) VALUES ('p1', 1, 1, 6, '2026-11-01 00:00:00+00:00'), ('idle', 1, 1, 0, '2026-11-01 00:00:00+00:00')",
			"INSERT INTO plate_leases (first, count, station_id, bench_id, leased_at) VALUES (1, 50, 1, 1, '2026-11-01 00:00:00+00:00'), (51, 50, 1, 1, '2026-11-01 00:00:00+00:00')",
			"UPDATE plate_counter SET next = 101",
			"INSERT INTO parcels (id, warehouse_id, owner_id, kind, state, waybill, bench_id, expected, received, pieces, created_at) VALUES (1, 1, 1, 'customer_return', 'closed', 'SF1', 1, 3, 3, 3, '2026-11-23 05:00:00+00:00')",
			"INSERT INTO parcels (id, warehouse_id, owner_id, kind, state, waybill, bench_id, expected, received, pieces, created_at) VALUES (2, 1, 1, 'customer_return', 'open', 'SF2', 2, 1, 0, 0, '2026-11-23 05:00:00+00:00')",
			"UPDATE benches SET open_parcel_id = 2 WHERE id = 2",
			"INSERT INTO receipts (id, parcel_id, case_id, created_at) VALUES (1, 1, 1, '2026-11-23 05:00:00+00:00')",
			"INSERT INTO receipt_lines (id, receipt_id, parcel_id, case_line_id, order_line_id, sku_id, expected, received) VALUES (1, 1, 1, 1, 1, 1, 3, 3)",
			"UPDATE case_lines SET received = 3 WHERE id = 1")
		if err != nil {
			return err
		}
		w.tellParcel(tx, 1, "opened")
		w.tellParcel(tx, 2, "opened")
		w.outcome(tx, 1, "[]")
		for n := int64(1); n <= 4; n++ {
			if err := w.book(tx, ledger, n, at); err != nil {
				return err
			}
		}
		if err := w.undo(tx, ledger, 4, at); err != nil {
			return err
		}
		w.tellParcel(tx, 1, "closed")
		_, err = aftersales.Move(w.t.Context(), tx, w.log, 1, aftersales.Change{Goods: "received", Judgement: "pending"})
		return err
	})
}

func (w world) tellParcel(tx *gorm.DB, n int, what string) {
	w.t.Helper()
	if err := w.log.Append(w.t.Context(), tx, event.Event{Type: "backdock.parcel." + what + ".v1", Subject: fmt.Sprintf("parcel/P%06d", n), Version: 1}); err != nil {
		w.t.Error(err)
	}
}

func (w world) outcome(tx *gorm.DB, seq int64, effects string) {
	w.t.Helper()
	err := tx.Exec(`INSERT INTO outcomes (producer, seq, bench_id, warehouse_id, device, source, captured_at, received_at, mono_us, raw, data, charset, content_hash, verdict, code, tone, effects)
		VALUES ('p1', ?, 1, 1, 'd', 'device', ?, ?, 1, ?, 'x', 'utf-8', 'h', 'accepted', 'matched', 'ok', ?)`, seq, now, now, []byte("x"), effects).Error
	if err != nil {
		w.t.Error(err)
	}
}

func (w world) book(tx *gorm.DB, ledger *inventory.Ledger, n int64, at time.Time) error {
	w.outcome(tx, n+1, fmt.Sprintf(`[{"kind":"unit_booked","plate":"%s","sku":"A"}]`, plate(n)))
	parcel, line, c, cl, by := id.Parcel(1), id.ReceiptLine(1), id.Case(1), id.CaseLine(1), id.User(1)
	u := inventory.Unit{Plate: plate(n), OwnerID: 1, WarehouseID: 1, SKUID: 1, State: inventory.Quarantine, Account: inventory.InQuarantine, Finding: "match", Title: "ours",
		ParcelID: &parcel, ReceiptLineID: &line, CaseID: &c, CaseLineID: &cl, ReceivedAt: at, ReceivedBy: &by, ValueMinor: 6000, Currency: "CNY", MovedAt: at, Version: 1}
	if err := tx.Create(&u).Error; err != nil {
		return err
	}
	if err := w.log.Append(w.t.Context(), tx, event.Event{Type: "backdock.unit.received.v1", Subject: "unit/" + u.Plate, Version: 1, WarehouseID: 1, Data: event.Data{"unit": u.ID, "account": u.Account}}); err != nil {
		return err
	}
	return ledger.Post(w.t.Context(), tx, []inventory.Movement{{OwnerID: 1, WarehouseID: 1, SKUID: 1, FromAccount: inventory.Customer, ToAccount: inventory.InQuarantine, Quantity: 1,
		UnitID: &u.ID, Cause: "scan", CauseRef: fmt.Sprint("p1:", n+1), At: at}})
}

func (w world) undo(tx *gorm.DB, ledger *inventory.Ledger, n int64, at time.Time) error {
	w.outcome(tx, 6, fmt.Sprintf(`[{"kind":"unit_undone","plate":"%s"}]`, plate(n)))
	if err := run(tx, fmt.Sprintf("UPDATE units SET state = 'undone', account = 'customer', version = 2 WHERE id = %d", n)); err != nil {
		return err
	}
	if err := w.log.Append(w.t.Context(), tx, event.Event{Type: "backdock.unit.undone.v1", Subject: "unit/" + plate(n), Version: 2}); err != nil {
		return err
	}
	var m inventory.Movement
	if err := tx.Where("unit_id = ?", n).Take(&m).Error; err != nil {
		return err
	}
	return ledger.Post(w.t.Context(), tx, []inventory.Movement{{OwnerID: 1, WarehouseID: 1, SKUID: 1, FromAccount: inventory.InQuarantine, ToAccount: inventory.Customer, Quantity: 1,
		UnitID: m.UnitID, Cause: "undo", CauseRef: "p1:6", CounterOf: &m.ID, At: at}})
}

// inspect restocks units 1 and 2 and takes the second back; unit 3 still waits.
func (w world) inspect() {
	bench := qc.New(w.d, w.log, new(inventory.Ledger))
	checks := map[string]bool{}
	for _, c := range qc.Checklist("general") {
		checks[c.Key] = true
	}
	for n := int64(1); n <= 2; n++ {
		if _, err := bench.Inspect(w.t.Context(), qc.Decision{Plate: plate(n), Grade: "A", Checks: checks, Version: 1, By: 2}); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := bench.Undo(w.t.Context(), plate(2), 2, "看错了", 2); err != nil {
		w.t.Fatal(err)
	}
}

// shelve has unit 1 looked at again by somebody else and puts it into bin B-01.
func (w world) shelve() {
	bench := qc.New(w.d, w.log, new(inventory.Ledger))
	checks, _ := qc.ByScan("general", "A")
	if agreed, err := bench.LookAgain(w.t.Context(), qc.Look{Plate: plate(1), Grade: "A", Checks: checks, By: 1}); err != nil || !agreed {
		w.t.Fatal(agreed, err)
	}
	bin := place.Place{WarehouseID: 1, Code: "B-01", Kind: place.Shelf, Capacity: 9}
	w.do(func(tx *gorm.DB) error {
		if err := tx.Create(&bin).Error; err != nil {
			return err
		}
		_, err := place.NewFloor(w.log, new(inventory.Ledger)).PutAway(w.t.Context(), tx, place.Load{Plates: []string{plate(1)}, Bin: bin, Ref: "p1:9"})
		return err
	})
}

// promise books seven pieces in, promises three of them and two more, and takes the second promise back.
func (w world) promise() {
	keeper := keep.New(w.d, w.log, new(inventory.Ledger))
	if _, err := keeper.Adjust(w.t.Context(), keep.Adjustment{OwnerID: 1, WarehouseID: 1, SKUID: 1, Account: inventory.InAvailable, Quantity: 7, Reason: "opening", Note: "盘入", ByUser: 2}); err != nil {
		w.t.Fatal(err)
	}
	for i, n := range []int{3, 2} {
		r, err := keeper.Reserve(w.t.Context(), keep.Reservation{OwnerID: 1, WarehouseID: 1, SKUID: 1, Quantity: n, Purpose: "reshipment", Ref: fmt.Sprint("RS", i), ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			w.t.Fatal(err)
		}
		if i == 1 {
			if err := keeper.Release(w.t.Context(), r.ID, 2, "取消"); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// refund writes what the engine writes: R1 of unit 1 succeeded; R2 of unit 2 failed and R3 replaces it, on its way; R4 was made by the platform.
func (w world) refund() {
	w.do(func(tx *gorm.DB) error {
		const row = `INSERT INTO refunds (id, number, entitlement, owner_id, shop_id, case_id, order_id, payment_id, unit_id, quantity, amount_minor, currency, origin, state, gateway_refund_id, replaces, requested_at)
			VALUES (%d, 'R%d', '%s', 1, 1, %s, %d, %d, %s, 1, 10000, 'CNY', '%s', '%s', %s, %s, '2026-11-23 05:30:00+00:00')`
		err := run(tx, fmt.Sprintf(row, 1, 1, "unit:1", "1", 1, 1, "1", "ours", "succeeded", "'G1'", "NULL"), fmt.Sprintf(row, 2, 2, "unit:2", "1", 1, 1, "2", "ours", "failed", "NULL", "NULL"),
			fmt.Sprintf(row, 3, 3, "unit:2", "1", 1, 1, "2", "ours", "sending", "NULL", "2"), fmt.Sprintf(row, 4, 4, "observed:2:P9", "2", 2, 2, "NULL", "platform", "succeeded", "'P9'", "NULL"),
			"INSERT INTO refund_lines (refund_id, entitlement, part, case_line_id, order_line_id, unit_id, quantity, amount_minor, live) VALUES (1, 'unit:1', 1, 1, 1, 1, 1, 10000, TRUE), (2, 'unit:2', 1, 1, 1, 2, 1, 10000, FALSE), (3, 'unit:2', 1, 1, 1, 2, 1, 10000, TRUE)",
			"UPDATE order_lines SET reserved_minor = 10000, reserved_quantity = 1, refunded_minor = 10000, refunded_quantity = 1 WHERE id = 1",
			"UPDATE payments SET reserved_minor = 10000, refunded_minor = 10000 WHERE id = 1", "UPDATE payments SET elsewhere_minor = 10000 WHERE id = 2")
		if err != nil {
			return err
		}
		for _, m := range []struct {
			number, kind, from, to string
		}{{"R1", "requested", "", "requested"}, {"R1", "authorized", "requested", "authorized"}, {"R1", "sending", "authorized", "sending"}, {"R1", "accepted", "sending", "accepted"},
			{"R1", "succeeded", "accepted", "succeeded"}, {"R2", "requested", "", "authorized"}, {"R2", "sending", "authorized", "sending"}, {"R2", "unknown", "sending", "unknown"},
			{"R2", "failed", "unknown", "failed"}, {"R3", "authorized", "", "authorized"}, {"R3", "sending", "authorized", "sending"}, {"R4", "observed", "", "succeeded"}} {
			err := w.log.Append(w.t.Context(), tx, event.Event{Type: "backdock.refund." + m.kind + ".v1", Subject: "refund/" + m.number, Version: 1, Data: event.Data{"from": m.from, "to": m.to}})
			if err != nil {
				return err
			}
		}
		if _, err := aftersales.Move(w.t.Context(), tx, w.log, 1, aftersales.Change{Money: "partly_returned"}); err != nil {
			return err
		}
		if _, err := order.SettleRefunds(w.t.Context(), tx, w.log, 1, 0, 0); err != nil {
			return err
		}
		_, err = aftersales.Move(w.t.Context(), tx, w.log, 2, aftersales.Change{Money: "returned_elsewhere"})
		return err
	})
}
