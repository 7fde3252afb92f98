package refund_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/order"
)

var (
	account = refund.Account{Gateway: "bank", Account: "main"}
	noon    = time.Date(2025, 6, 8, 12, 0, 0, 0, time.UTC)
)

// bed is an engine on a database of its own, with a bank to send to.
type bed struct {
	*refund.Engine
	t     testing.TB
	d     *db.DB
	log   *event.Log
	queue *job.Queue
	clock *clock.Fake
	bank  *bank
	n     int // names what is seeded
}

// newBed seeds an owner whose policy sends refunds up to limit by itself, and the users 1 (asks) and 2 (authorizes).
func newBed(t testing.TB, d *db.DB, limit int64) *bed { return pacedBed(t, d, limit, refund.Pace{}) }

func pacedBed(t testing.TB, d *db.DB, limit int64, pace refund.Pace) *bed {
	b := &bed{t: t, d: d, clock: clock.NewFake(noon), bank: newBank(t)}
	b.log = event.NewLog(d, b.clock)
	b.Engine = refund.New(refund.Options{DB: d, Events: b.log, Clock: b.clock, Gateways: map[refund.Account]refund.Gateway{account: bankGateway{b.bank.srv.URL}}, Pace: pace})
	workers := river.NewWorkers()
	b.AddWorkers(workers)
	var err error
	if b.queue, err = job.New(d, workers, job.Options{}); err != nil {
		t.Fatal(err)
	}
	b.Use(b.queue)
	b.tx(func(tx *gorm.DB) error {
		for _, s := range []string{
			"INSERT INTO owners (id, code, name) VALUES (1, 'O1', 'owner')",
			"INSERT INTO shops (id, owner_id, channel, code, name, time_zone) VALUES (1, 1, 'own', 'S1', 'shop', 'Asia/Shanghai')",
			"INSERT INTO warehouses (id, code, name, time_zone) VALUES (1, 'HZ1', 'warehouse', 'Asia/Shanghai')",
			fmt.Sprintf("INSERT INTO policies (owner_id, refund_trigger, auto_limit_minor) VALUES (1, 'receipt_closed', %d)", limit),
			"INSERT INTO skus (id, owner_id, code, product, name) VALUES (1, 1, 'K1', 'P1', 'thing')",
			"INSERT INTO users (id, username, display, password_hash, created_at) VALUES (1, 'asks', 'asks', '', '2025-01-01 00:00:00+00:00'), (2, 'checks', 'checks', '', '2025-01-01 00:00:00+00:00')",
		} {
			if err := tx.Exec(s).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return b
}

func (b *bed) tx(fn func(tx *gorm.DB) error) {
	b.t.Helper()
	if err := b.d.InTx(b.t.Context(), fn); err != nil {
		b.t.Fatal(err)
	}
}

// spec is an order line: its quantity and what was paid for all of it.
type spec struct {
	quantity int
	paid     int64
}

// sold is an order with its lines and payments.
type sold struct {
	id       id.Order
	lines    []id.OrderLine
	specs    []spec
	payments []id.Payment
}

// order seeds an order whose payments have captured the given amounts.
func (b *bed) order(lines []spec, payments ...int64) sold {
	b.t.Helper()
	b.n++
	o := order.Order{OwnerID: 1, ShopID: 1, Number: fmt.Sprintf("N%d", b.n), State: "delivered", Currency: "CNY", PlacedAt: noon, Version: 1}
	s := sold{specs: lines}
	b.tx(func(tx *gorm.DB) error {
		if err := tx.Create(&o).Error; err != nil {
			return err
		}
		s.id, s.lines, s.payments = o.ID, nil, nil
		for i, l := range lines {
			sku := id.SKU(1)
			row := order.Line{OrderID: o.ID, LineNo: i + 1, Kind: "goods", SKUID: &sku, Quantity: l.quantity, PriceMinor: l.paid, PaidMinor: l.paid}
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			s.lines = append(s.lines, row.ID)
		}
		for i, captured := range payments {
			p := order.Payment{Gateway: account.Gateway, Account: account.Account, TransactionID: fmt.Sprintf("T%d-%d", b.n, i+1), Currency: "CNY", CapturedMinor: captured}
			if err := tx.Create(&p).Error; err != nil {
				return err
			}
			s.payments = append(s.payments, p.ID)
			if err := tx.Create(&order.OrderPayment{OrderID: o.ID, PaymentID: p.ID, AmountMinor: captured}).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// claim is a case with its lines.
type claim struct {
	id    id.Case
	lines []id.CaseLine
}

// approved seeds an approved case over the named lines of an order (all when none is named), each for its whole quantity and money.
func (b *bed) approved(o sold, lines ...int) claim {
	b.t.Helper()
	b.n++
	if len(lines) == 0 {
		for i := range o.lines {
			lines = append(lines, i)
		}
	}
	w := id.Warehouse(1)
	c := aftersales.Case{OwnerID: 1, ShopID: 1, WarehouseID: &w, Number: fmt.Sprintf("C%d", b.n), OrderID: &o.id, Type: "return_refund", Reason: "quality", Decision: "approved",
		Goods: "received", Judgement: "passed", Money: "none", Currency: "CNY", SubmittedAt: noon, Version: 1}
	var out claim
	b.tx(func(tx *gorm.DB) error {
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		out = claim{id: c.ID}
		for _, i := range lines {
			row := aftersales.CaseLine{CaseID: c.ID, OrderLineID: &o.lines[i], SKUID: 1, Quantity: o.specs[i].quantity, ApprovedMinor: o.specs[i].paid}
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			out.lines = append(out.lines, row.ID)
			err := tx.Exec("UPDATE order_lines SET approved_quantity = ?, approved_minor = ? WHERE id = ?", row.Quantity, row.ApprovedMinor, o.lines[i]).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// unit seeds a piece that came back for a case line.
func (b *bed) unit(line id.CaseLine) id.Unit {
	b.t.Helper()
	b.n++
	var u id.Unit
	b.tx(func(tx *gorm.DB) error {
		return tx.Raw(`INSERT INTO units (plate, owner_id, warehouse_id, sku_id, state, account, finding, case_line_id, received_at, moved_at)
			VALUES (?, 1, 1, 1, 'quarantine', 'quarantine', 'match', ?, ?, ?) RETURNING id`, fmt.Sprintf("U%d", b.n), line, noon, noon).Scan(&u).Error
	})
	return u
}

// ask requests in a transaction of its own.
func (b *bed) ask(ent refund.Entitlement) (out refund.Asked, err error) {
	err = b.d.InTx(b.t.Context(), func(tx *gorm.DB) error {
		out, err = b.Request(b.t.Context(), tx, ent)
		return err
	})
	return out, err
}

func (b *bed) mustAsk(ent refund.Entitlement) []refund.Refund {
	b.t.Helper()
	out, err := b.ask(ent)
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Refunds
}

// verb runs one of the engine's verbs in a transaction of its own.
func (b *bed) verb(fn func(ctx context.Context, tx *gorm.DB) (refund.Refund, error)) (r refund.Refund, err error) {
	err = b.d.InTx(b.t.Context(), func(tx *gorm.DB) error {
		r, err = fn(b.t.Context(), tx)
		return err
	})
	return r, err
}

// run drives a refund, moving the clock over every wait that is not longer than most, and returns it as it then stands.
func (b *bed) run(r refund.Refund, most time.Duration) refund.Refund {
	b.t.Helper()
	for range 50 {
		wait, err := b.Drive(b.t.Context(), r.ID)
		if err != nil {
			b.t.Fatal(err)
		}
		if wait < 0 || wait > most {
			return b.get(r)
		}
		b.clock.Add(wait)
	}
	return b.get(r)
}

func (b *bed) get(r refund.Refund) refund.Refund {
	b.t.Helper()
	got, err := refund.Get(b.d.Read.WithContext(b.t.Context()), r.Number)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *bed) want(r refund.Refund, s refund.State) refund.Refund {
	b.t.Helper()
	got := b.get(r)
	if got.State != s {
		b.t.Fatalf("refund %s is %s (%s), want %s", r.Number, got.State, got.HoldCode, s)
	}
	return got
}

func (b *bed) scan(into any, sql string, args ...any) {
	b.t.Helper()
	if err := b.d.Read.WithContext(b.t.Context()).Raw(sql, args...).Scan(into).Error; err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) payment(p id.Payment) (out order.Payment) {
	b.scan(&out, "SELECT * FROM payments WHERE id = ?", p)
	return out
}

func (b *bed) line(l id.OrderLine) (out order.Line) {
	b.scan(&out, "SELECT * FROM order_lines WHERE id = ?", l)
	return out
}

func (b *bed) money(c claim) (s string) {
	b.scan(&s, "SELECT money FROM cases WHERE id = ?", c.id)
	return s
}

func (b *bed) overlay(o sold) (s string) {
	b.scan(&s, "SELECT refund_overlay FROM orders WHERE id = ?", o.id)
	return s
}

// events lists the types about a subject in their order, without "backdock." and ".v1".
func (b *bed) events(subject string) (out []string) {
	b.scan(&out, "SELECT REPLACE(REPLACE(type, 'backdock.', ''), '.v1', '') FROM events WHERE subject = ? ORDER BY id", subject)
	return out
}

func (b *bed) tasks(kind string) (n int) {
	b.scan(&n, "SELECT COUNT(*) FROM tasks WHERE kind = ? AND state = 'open'", kind)
	return n
}

func wantCode(t testing.TB, err error, kind fault.Kind, code ...string) {
	t.Helper()
	if f := fault.Of(err); err == nil || f.Kind != kind || !slices.Contains(code, f.Code) {
		t.Fatalf("got %v, want %s %v", err, kind, code)
	}
}

// audit recomputes every reserved and refunded column from the refunds and demands the bounds that must always hold.
func (b *bed) audit() {
	b.t.Helper()
	for what, sql := range map[string]string{
		"payment columns": `SELECT COUNT(*) FROM payments p WHERE
			p.reserved_minor <> (SELECT COALESCE(SUM(amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND origin = 'ours' AND state IN ('requested','authorized','sending','unknown','accepted','held'))
			OR p.refunded_minor <> (SELECT COALESCE(SUM(amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND origin = 'ours' AND state IN ('succeeded','paid_by_hand'))
			OR p.elsewhere_minor <> (SELECT COALESCE(SUM(amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND origin <> 'ours')
			OR p.reserved_minor + p.refunded_minor > p.captured_minor`,
		"line columns": `SELECT COUNT(*) FROM order_lines o WHERE
			o.reserved_minor <> (SELECT COALESCE(SUM(l.amount_minor), 0) FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.order_line_id = o.id AND r.origin = 'ours' AND r.state IN ('requested','authorized','sending','unknown','accepted','held'))
			OR o.refunded_minor <> (SELECT COALESCE(SUM(l.amount_minor), 0) FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.order_line_id = o.id AND r.origin = 'ours' AND r.state IN ('succeeded','paid_by_hand'))
			OR o.reserved_quantity <> (SELECT COALESCE(SUM(l.quantity), 0) FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.order_line_id = o.id AND r.origin = 'ours' AND r.state IN ('requested','authorized','sending','unknown','accepted','held'))
			OR o.refunded_quantity <> (SELECT COALESCE(SUM(l.quantity), 0) FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.order_line_id = o.id AND r.origin = 'ours' AND r.state IN ('succeeded','paid_by_hand'))
			OR o.reserved_minor + o.refunded_minor > o.approved_minor`,
		"refund = its lines": `SELECT COUNT(*) FROM refunds r WHERE origin = 'ours' AND (amount_minor <> (SELECT SUM(amount_minor) FROM refund_lines l WHERE l.refund_id = r.id)
			OR quantity <> (SELECT SUM(quantity) FROM refund_lines l WHERE l.refund_id = r.id) OR deduction_minor <> (SELECT SUM(deduction_minor) FROM refund_lines l WHERE l.refund_id = r.id))`,
		"live lines": `SELECT COUNT(*) FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE l.live <> (r.state NOT IN ('failed','closed','cancelled'))`,
		"case lines within approved": `SELECT COUNT(*) FROM case_lines c WHERE
			approved_minor < (SELECT COALESCE(SUM(amount_minor + deduction_minor), 0) FROM refund_lines l WHERE l.case_line_id = c.id AND l.live)
			OR quantity < (SELECT COALESCE(SUM(quantity), 0) FROM refund_lines l WHERE l.case_line_id = c.id AND l.live)`,
		"one gateway number": `SELECT COUNT(*) FROM refunds WHERE state = 'succeeded' AND gateway_refund_id IS NULL`,
		"stored before sent": `SELECT COUNT(*) FROM refunds WHERE attempts > 0 AND body = ''`,
	} {
		var n int
		b.scan(&n, sql)
		if n != 0 {
			b.t.Fatalf("%s: %d rows are wrong", what, n)
		}
	}
}

func userID(n int) id.User { return id.User(n) }

// refundGap is more than the gateway wants between two refunds on one payment.
const refundGap = 2 * time.Minute
