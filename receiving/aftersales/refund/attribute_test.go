package refund_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

func (b *bed) attribute(r refund.Refund, c claim, by int) (refund.Refund, error) {
	return b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
		return b.Attribute(ctx, tx, r.ID, c.id, userID(by))
	})
}

// Two cases of one order: nobody can tell by itself which of them the platform has paid back.
func TestObservedRefundIsTiedToItsCase(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 0)
		o := b.order([]spec{{1, 1000}, {1, 3000}}, 4000)
		first, second := b.approved(o, 0), b.approved(o, 1)
		mine, other := b.mustAsk(refund.ForCase(second.id))[0], b.mustAsk(refund.ForCase(first.id))[0]
		seen := b.observe(o, 0, "X1", 3000)
		if seen.CaseID != nil || b.want(mine, refund.StateRequested).State != refund.StateRequested {
			t.Fatalf("guessed: %+v", seen)
		}
		if ways := seen.Ways(false); len(ways) != 1 || ways[0] != refund.WayAttribute {
			t.Fatalf("ways %v", ways)
		}
		_, err := b.attribute(seen, second, 0)
		wantCode(t, err, fault.Denied, "person_needed")
		_, err = b.attribute(mine, second, 1)
		wantCode(t, err, fault.Conflict, "refund_ours")
		_, err = b.attribute(seen, b.approved(b.order([]spec{{1, 1}}, 1)), 1)
		wantCode(t, err, fault.Conflict, "case_other_payment")
		_, err = b.attribute(seen, claim{id: 999}, 1)
		wantCode(t, err, fault.Conflict, "case_other_payment")

		got, err := b.attribute(seen, second, 1)
		if err != nil || *got.CaseID != second.id || got.Version != seen.Version+1 {
			t.Fatalf("%+v %v", got, err)
		}
		b.want(mine, refund.StateCancelled)
		b.want(other, refund.StateRequested)
		if b.money(second) != "returned_elsewhere" || b.money(first) != "due" || b.overlay(o) != "partially_refunded" {
			t.Fatalf("second %s, first %s, order %q", b.money(second), b.money(first), b.overlay(o))
		}
		if events := b.events(seen.Subject()); len(events) != 2 || events[1] != "refund.attributed" {
			t.Fatalf("events %v", events)
		}
		_, err = b.attribute(seen, first, 1)
		wantCode(t, err, fault.Conflict, "refund_attributed")
		b.audit()
	})
}

// A payment over two orders: the refund moves to the order of its case, and with it what the orders show.
func TestAttributionMovesBetweenOrdersOfAPayment(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 0)
		one, two := b.order([]spec{{1, 1000}}, 5000), b.order([]spec{{1, 4000}})
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("INSERT INTO order_payments (order_id, payment_id, amount_minor) VALUES (?, ?, 4000)", two.id, one.payments[0]).Error
		})
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE order_payments SET amount_minor = 1000 WHERE order_id = ?", one.id).Error
		})
		a, c := b.approved(one), b.approved(two)
		seen := b.observe(one, 0, "X1", 4000)
		if seen.OrderID != one.id || b.overlay(one) == "" {
			t.Fatalf("recorded under order %d, overlay %q", seen.OrderID, b.overlay(one))
		}
		got, err := b.attribute(seen, c, 2)
		if err != nil || got.OrderID != two.id {
			t.Fatalf("%+v %v", got, err)
		}
		if b.overlay(one) != "" || b.overlay(two) != "refunded" || b.money(c) != "returned_elsewhere" || b.money(a) != "none" {
			t.Fatalf("orders %q %q, cases %s %s", b.overlay(one), b.overlay(two), b.money(c), b.money(a))
		}
		b.audit()
	})
}

// Several people tie it at once, to different cases: one wins, the others are told.
func TestAttributionHappensOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 0)
		o := b.order([]spec{{1, 1000}, {1, 3000}}, 4000)
		cases := []claim{b.approved(o, 0), b.approved(o, 1)}
		seen := b.observe(o, 0, "X1", 500)
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = b.attribute(seen, cases[i%2], 1+i%2) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantCode(t, err, fault.Conflict, "refund_attributed", "refund_moved")
		}
		if won != 1 {
			t.Fatalf("%d won: %v", won, errs)
		}
		b.audit()
	})
}

// Between the failure and the successor the platform pays a part: the successor pays the rest, and a payment by hand waits for a person to compare.
func TestSuccessorPaysWhatOthersHaveNot(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		for i, paid := range []int64{400, 1000} {
			b.bank.fail("refused")
			o := b.order([]spec{{1, 1000}}, 1000)
			c := b.approved(o)
			r := b.mustAsk(refund.ForCase(c.id))[0]
			b.run(r, 0)
			b.want(b.run(r, 10*refundGap), refund.StateFailed)
			b.observe(o, c.id, fmt.Sprint("X", i), paid)
			_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.PayByHand(ctx, tx, r.ID, 1, "transfer 7")
			})
			wantCode(t, err, fault.Conflict, "refunded_elsewhere")
			next, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Replace(ctx, tx, r.ID, 1) })
			if paid == 1000 {
				wantCode(t, err, fault.Conflict, "refunded_elsewhere")
			} else if err != nil || next.AmountMinor != 600 {
				t.Fatalf("%+v %v", next, err)
			}
			b.audit()
		}
	})
}

// A successor that was withdrawn can be taken up again: the route stays closed. A case that is over gets none.
func TestSuccessorCanBeWithdrawnAndTakenUpAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		b.bank.fail("refused")
		o := b.order([]spec{{1, 1000}}, 1000)
		c := b.approved(o)
		r := b.mustAsk(refund.ForCase(c.id))[0]
		b.run(r, 0)
		r = b.want(b.run(r, 10*refundGap), refund.StateFailed)
		replace := func(r id.Refund) (refund.Refund, error) {
			return b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Replace(ctx, tx, r, 1) })
		}
		cancel := func(r id.Refund, by int, why string) error {
			_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.Cancel(ctx, tx, r, userID(by), why)
			})
			return err
		}
		next, err := replace(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, cancel(next.ID, 0, "x"), fault.Denied, "person_needed")
		wantCode(t, cancel(next.ID, 2, " "), fault.Invalid, "reason_missing")
		if err := cancel(next.ID, 2, "pay by hand instead"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, cancel(next.ID, 2, "again"), fault.Conflict, "refund_state")
		hand, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
			return b.PayByHand(ctx, tx, next.ID, 1, "transfer 7")
		})
		if err != nil || hand.AmountMinor != 1000 || *hand.Replaces != next.ID {
			t.Fatalf("%+v %v", hand, err)
		}
		if err := cancel(hand.ID, 2, "the transfer came back"); err != nil {
			t.Fatal(err)
		}
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE cases SET decision = 'withdrawn' WHERE id = ?", c.id).Error
		})
		_, err = replace(hand.ID)
		wantCode(t, err, fault.Conflict, "case_over")
		b.audit()
	})
}
