package refund_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

func TestWholeLife(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 50000)
		o := b.order([]spec{{2, 20000}, {1, 5000}}, 25000)
		c := b.approved(o)
		rs := b.mustAsk(refund.ForCase(c.id))
		if len(rs) != 1 || rs[0].AmountMinor != 25000 || rs[0].Quantity != 3 || rs[0].State != refund.StateAuthorized {
			t.Fatalf("asked: %+v", rs)
		}
		if p := b.payment(o.payments[0]); p.ReservedMinor != 25000 || b.money(c) != "due" {
			t.Fatalf("reserved %d, case %s", p.ReservedMinor, b.money(c))
		}
		r := b.run(rs[0], time.Second)
		b.want(r, refund.StateAccepted)
		if b.money(c) != "sending" || b.overlay(o) != "" {
			t.Fatalf("case %s, order %q", b.money(c), b.overlay(o))
		}
		b.bank.settle(r.Number, "SUCCESS")
		b.clock.Add(time.Minute)
		r = b.want(b.run(r, time.Second), refund.StateSucceeded)
		if r.GatewayRefundID == nil || *r.GatewayRefundID != "B1" || r.Body == "" || r.Attempts != 1 {
			t.Fatalf("succeeded: %+v", r)
		}
		if p, l := b.payment(o.payments[0]), b.line(o.lines[0]); p.ReservedMinor != 0 || p.RefundedMinor != 25000 || l.RefundedMinor != 20000 || l.RefundedQuantity != 2 {
			t.Fatalf("payment %+v line %+v", p, l)
		}
		if b.money(c) != "returned" || b.overlay(o) != "refunded" || b.bank.total() != 25000 {
			t.Fatalf("case %s, order %q, bank %d", b.money(c), b.overlay(o), b.bank.total())
		}
		want := []string{"refund.requested", "refund.authorized", "refund.sending", "refund.accepted", "refund.succeeded"}
		if got := b.events(r.Subject()); !slices.Equal(got, want) {
			t.Fatalf("events %v", got)
		}
		b.audit()
	})
}

func TestAuthority(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 3000)
		o := b.order([]spec{{3, 6000}}, 6000)
		c := b.approved(o)
		units := []refund.Entitlement{refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])), refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0]))}
		units[1].By = 1
		if r := b.mustAsk(units[0])[0]; r.State != refund.StateAuthorized {
			t.Fatalf("2000 of 3000 waits: %s", r.State)
		}
		r := b.mustAsk(units[1])[0]
		if b.want(r, refund.StateRequested); b.tasks(refund.TaskAuthorize) != 1 {
			t.Fatal("nobody is asked")
		}
		if got := b.run(r, 0); got.State != refund.StateRequested || b.bank.count(b.bank.sends, r.Number) != 0 {
			t.Fatal("went out without authority")
		}
		authorize := func(by int) error {
			_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.Authorize(ctx, tx, r.ID, userID(by), "ok")
			})
			return err
		}
		wantCode(t, authorize(1), fault.Denied, "same_person")
		wantCode(t, authorize(0), fault.Denied, "person_needed")
		if err := authorize(2); err != nil {
			t.Fatal(err)
		}
		if b.want(r, refund.StateAuthorized); b.tasks(refund.TaskAuthorize) != 0 {
			t.Fatal("the task stays open")
		}
		wantCode(t, authorize(2), fault.Conflict, "refund_state")
		b.audit()
	})
}

func TestSplitOverPaymentsLosesNothing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{1, 7000}, {3, 10000}}, 5000, 9999, 2001)
		c := b.approved(o)
		ent := refund.ForCase(c.id)
		ent.DeductionMinor, ent.DeductionReason = 1001, "accessory_missing"
		rs := b.mustAsk(ent)
		if len(rs) != 3 || rs[0].AmountMinor != 5000 || rs[1].AmountMinor != 9999 || rs[2].AmountMinor != 1000 {
			t.Fatalf("%+v", rs)
		}
		b.bank.instant = true
		for _, r := range rs {
			b.want(b.run(r, 2*time.Minute), refund.StateSucceeded)
		}
		if b.money(c) != "returned" || b.bank.total() != 15999 {
			t.Fatalf("case %s bank %d", b.money(c), b.bank.total())
		}
		_, err := b.ask(refund.ForLine(c.id, c.lines[1]))
		wantCode(t, err, fault.Conflict, "refund_nothing_left")
		b.audit()
	})
}

func TestPiecesOfALine(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{3, 10000}}, 10000)
		c := b.approved(o)
		var rs []refund.Refund
		for _, want := range []int64{3334, 3333} {
			r := b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0]
			if r.AmountMinor != want {
				t.Fatalf("piece of %d, want %d", r.AmountMinor, want)
			}
			rs = append(rs, r)
		}
		if _, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
			return b.Cancel(ctx, tx, rs[0].ID, 1, "withdrawn")
		}); err != nil {
			t.Fatal(err)
		}
		var sum int64 = 3333
		for range 2 {
			sum += b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0].AmountMinor
		}
		if sum != 10000 {
			t.Fatalf("three pieces of 10000 return %d", sum)
		}
		_, err := b.ask(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))
		wantCode(t, err, fault.Conflict, "refund_nothing_left")
		_, err = b.ask(refund.ForCase(c.id))
		wantCode(t, err, fault.Conflict, "refund_nothing_left")
		b.audit()
	})
}

func TestReceiptOfSeveralUnits(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{3, 10000}, {1, 500}}, 10500)
		c := b.approved(o)
		u1, u2, u3 := b.unit(c.lines[0]), b.unit(c.lines[0]), b.unit(c.lines[1])
		rs := b.mustAsk(refund.ForReceipt(c.id, 7, []refund.Item{{Line: c.lines[0], Unit: u1, Quantity: 1}, {Line: c.lines[0], Unit: u2, Quantity: 1}, {Line: c.lines[1], Unit: u3, Quantity: 1}}))
		if len(rs) != 1 || rs[0].AmountMinor != 7167 || rs[0].Quantity != 3 {
			t.Fatalf("%+v", rs)
		}
		_, err := b.ask(refund.ForUnit(c.id, c.lines[0], u2))
		wantCode(t, err, fault.Conflict, "refund_exists")
		got, ok, err := refund.OfUnit(d.Read, u2)
		if err != nil || !ok || got.Number != rs[0].Number {
			t.Fatalf("refund of the unit: %v %v %v", got.Number, ok, err)
		}
		if rest := b.mustAsk(refund.ForCase(c.id)); len(rest) != 1 || rest[0].AmountMinor != 3333 {
			t.Fatalf("the rest: %+v", rest)
		}
		b.audit()
	})
}

func TestNotAdmissible(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{2, 2000}}, 2000)
		c, other := b.approved(o), b.approved(b.order([]spec{{1, 1}}, 1))
		set := func(sql string, args ...any) { b.tx(func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error }) }
		check := func(ent refund.Entitlement, kind fault.Kind, code string) {
			t.Helper()
			_, err := b.ask(ent)
			wantCode(t, err, kind, code)
			b.audit()
		}
		check(refund.ForLine(c.id, other.lines[0]), fault.Invalid, "line_other_case")
		check(refund.ForUnit(c.id, c.lines[0], b.unit(other.lines[0])), fault.Conflict, "unit_other_line")
		check(refund.ForCase(999), fault.NotFound, "case_not_found")
		bad := refund.ForCase(c.id)
		bad.DeductionMinor = 1
		check(bad, fault.Invalid, "deduction_reason")
		bad.DeductionMinor, bad.DeductionReason = 2000, "all"
		check(bad, fault.Invalid, "deduction_amount")
		for _, decision := range []string{"submitted", "rejected", "withdrawn", "expired", "disputed"} {
			set("UPDATE cases SET decision = ? WHERE id = ?", decision, c.id)
			check(refund.ForCase(c.id), fault.Conflict, "case_not_approved")
		}
		set("UPDATE cases SET decision = 'approved', approved_minor = 1999 WHERE id = ?", c.id)
		check(refund.ForCase(c.id), fault.Conflict, "case_exhausted")
		set("UPDATE cases SET approved_minor = 0 WHERE id = ?", c.id)
		set("UPDATE order_lines SET approved_minor = 1999 WHERE id = ?", o.lines[0])
		check(refund.ForCase(c.id), fault.Conflict, "line_exhausted")
		set("UPDATE order_lines SET approved_minor = 2000, approved_quantity = 1 WHERE id = ?", o.lines[0])
		check(refund.ForCase(c.id), fault.Conflict, "line_exhausted")
		set("UPDATE order_lines SET approved_quantity = 2 WHERE id = ?", o.lines[0])
		set("UPDATE payments SET captured_minor = 1999 WHERE id = ?", o.payments[0])
		check(refund.ForCase(c.id), fault.Conflict, "payment_exhausted")
		set("UPDATE payments SET captured_minor = 2000 WHERE id = ?", o.payments[0])
		set("UPDATE order_payments SET amount_minor = 1999 WHERE order_id = ?", o.id)
		check(refund.ForCase(c.id), fault.Conflict, "payment_exhausted")
		set("UPDATE order_payments SET amount_minor = 2000 WHERE order_id = ?", o.id)
		set("UPDATE payments SET currency = 'USD' WHERE id = ?", o.payments[0])
		check(refund.ForCase(c.id), fault.Conflict, "currency_differs")
		set("UPDATE payments SET currency = 'CNY' WHERE id = ?", o.payments[0])
		if rs := b.mustAsk(refund.ForCase(c.id)); len(rs) != 1 {
			t.Fatal(rs)
		}
		check(refund.ForCase(c.id), fault.Conflict, "refund_exists")
	})
}

// A refused request leaves nothing behind, and the caller's own work in the same transaction stands.
func TestRefusalDoesNotTakeTheCallerDown(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{1, 1000}, {1, 1000}}, 1500)
		c := b.approved(o)
		b.mustAsk(refund.ForLine(c.id, c.lines[0]))
		b.tx(func(tx *gorm.DB) error {
			if err := tx.Exec("UPDATE cases SET buyer_words = 'kept' WHERE id = ?", c.id).Error; err != nil {
				return err
			}
			_, err := b.Request(t.Context(), tx, refund.ForCase(c.id))
			wantCode(t, err, fault.Conflict, "payment_exhausted")
			return nil
		})
		var words string
		if b.scan(&words, "SELECT buyer_words FROM cases WHERE id = ?", c.id); words != "kept" {
			t.Fatal("the caller's work is gone")
		}
		b.audit()
	})
}
