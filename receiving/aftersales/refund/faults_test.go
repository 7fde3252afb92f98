package refund_test

import (
	"context"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// one makes a bed with a single refund of 1000 that is authorized and not sent.
func one(t *testing.T, d *db.DB) (*bed, sold, claim, refund.Refund) {
	b := newBed(t, d, 1<<40)
	o := b.order([]spec{{1, 1000}}, 1000)
	c := b.approved(o)
	return b, o, c, b.mustAsk(refund.ForCase(c.id))[0]
}

func TestFaultsOfTheWire(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		b.bank.instant = true
		var sum int64
		for name, c := range map[string]struct {
			faults []string
			sends  int
		}{
			"none":                      {nil, 1},
			"lost before":               {[]string{"lost_before"}, 2},
			"lost after":                {[]string{"lost_after"}, 1},
			"5xx":                       {[]string{"5xx"}, 2},
			"limited":                   {[]string{"limited"}, 2},
			"garbled":                   {[]string{"garbled"}, 1},
			"lost, query lost too":      {[]string{"lost_after", "lost_after", "lost_before", "5xx", "garbled"}, 1},
			"5xx for a long time":       {[]string{"5xx", "", "5xx", "", "5xx", "", "lost_before", ""}, 5},
			"accepted, then query lost": {[]string{"", "lost_before", "5xx", "limited"}, 1},
		} {
			o := b.order([]spec{{1, 1000}}, 1000)
			r := b.mustAsk(refund.ForCase(b.approved(o).id))[0]
			b.bank.fail(c.faults...)
			r = b.want(b.run(r, 10*time.Minute), refund.StateSucceeded)
			sum += 1000
			if sends := b.bank.count(b.bank.sends, r.Number); sends != c.sends || r.Attempts != c.sends || len(b.bank.bodies[r.Number]) != 1 {
				t.Errorf("%s: %d sends of %d bodies, want %d of 1", name, sends, len(b.bank.bodies[r.Number]), c.sends)
			}
			if b.bank.total() != sum {
				t.Fatalf("%s: refunded %d in all, want %d", name, b.bank.total(), sum)
			}
		}
		b.audit()
	})
}

// Whatever is not proved, nothing is sent again before a query has answered.
func TestUnknownIsAskedFirst(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.bank.fail("lost_after")
		b.want(b.run(r, 0), refund.StateUnknown)
		for range 6 {
			b.bank.fail("5xx")
			b.clock.Add(10 * time.Minute)
			b.want(b.run(r, 0), refund.StateUnknown)
		}
		if s, q := b.bank.count(b.bank.sends, r.Number), b.bank.count(b.bank.queries, r.Number); s != 1 || q != 6 {
			t.Fatalf("%d sends, %d queries", s, q)
		}
	})
}

// A process that died while sending leaves the lease to run out; then the other side is asked, whether or not bytes had left.
func TestExpiredLeaseIsAskedFirst(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE refunds SET state = 'sending', body = '{}', lease_token = 'gone', lease_until = ?, attempts = 1, sent_at = ? WHERE id = ?",
				noon.Add(time.Minute), noon, r.ID).Error
		})
		if wait, err := b.Drive(t.Context(), r.ID); err != nil || wait != time.Minute {
			t.Fatalf("a lease that others hold: %v %v", wait, err)
		}
		if n := b.bank.count(b.bank.queries, r.Number) + b.bank.count(b.bank.sends, r.Number); n != 0 {
			t.Fatal("two at once")
		}
		b.clock.Add(time.Minute)
		b.run(r, 0)
		if q := b.bank.count(b.bank.queries, r.Number); q < 1 {
			t.Fatal("sent without asking")
		}
		b.audit()
	})
}

func TestRefusedFailsByProofAndHasOneSuccessor(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, c, r := one(t, d)
		b.bank.fail("refused", "5xx") // the first query does not get through
		b.want(b.run(r, 0), refund.StateUnknown)
		if p := b.payment(o.payments[0]); p.ReservedMinor != 1000 {
			t.Fatal("a refusal alone has freed the money")
		}
		r = b.want(b.run(r, 10*time.Minute), refund.StateFailed)
		if p := b.payment(o.payments[0]); p.ReservedMinor != 0 || b.money(c) != "due" || b.tasks(refund.TaskFailed) != 1 {
			t.Fatalf("after the proof: %+v %s", p, b.money(c))
		}
		b.audit()
		replace := func(by int) (refund.Refund, error) {
			return b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.Replace(ctx, tx, r.ID, userID(by))
			})
		}
		next, err := replace(1)
		if err != nil {
			t.Fatal(err)
		}
		if next.Number == r.Number || *next.Replaces != r.ID || next.State != refund.StateRequested || next.AmountMinor != 1000 {
			t.Fatalf("successor %+v", next)
		}
		_, err = replace(1)
		wantCode(t, err, fault.Conflict, "refund_nothing_left", "refund_replaced")
		_, err = b.ask(refund.ForCase(c.id))
		wantCode(t, err, fault.Conflict, "refund_exists")
		if _, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
			return b.Authorize(ctx, tx, next.ID, 2, "")
		}); err != nil {
			t.Fatal(err)
		}
		b.bank.instant = true
		b.clock.Add(time.Hour)
		b.want(b.run(next, 10*time.Minute), refund.StateSucceeded)
		if b.bank.total() != 1000 || b.money(c) != "returned" {
			t.Fatalf("%d refunded, case %s", b.bank.total(), b.money(c))
		}
		b.audit()
	})
}

func TestClosedByTheGatewayIsPaidByHand(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, c, r := one(t, d)
		b.want(b.run(r, 0), refund.StateAccepted)
		pay := func(by int, proof string) (refund.Refund, error) {
			return b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.PayByHand(ctx, tx, r.ID, userID(by), proof)
			})
		}
		_, err := pay(1, "transfer 7")
		wantCode(t, err, fault.Conflict, "refund_state") // the route is not proven closed
		b.bank.settle(r.Number, "CLOSED")
		b.clock.Add(time.Minute)
		b.want(b.run(r, 0), refund.StateClosed)
		_, err = pay(1, "")
		wantCode(t, err, fault.Invalid, "proof_missing")
		hand, err := pay(1, "transfer 7")
		if err != nil {
			t.Fatal(err)
		}
		authorize := func(by int) error {
			_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
				return b.Authorize(ctx, tx, hand.ID, userID(by), "")
			})
			return err
		}
		wantCode(t, authorize(1), fault.Denied, "same_person")
		if err := authorize(2); err != nil {
			t.Fatal(err)
		}
		b.want(hand, refund.StatePaidByHand)
		if p := b.payment(o.payments[0]); p.RefundedMinor != 1000 || b.money(c) != "returned" || b.overlay(o) != "refunded" || b.bank.total() != 0 {
			t.Fatalf("%+v, case %s, order %q", p, b.money(c), b.overlay(o))
		}
		if wait, err := b.Drive(t.Context(), hand.ID); err != nil || wait >= 0 || b.bank.count(b.bank.sends, hand.Number) != 0 {
			t.Fatal("paid by hand, and sent as well")
		}
		b.audit()
	})
}

func TestHeldForFundsGoesOnUnderTheSameNumber(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, c, r := one(t, d)
		b.bank.fail("not_enough")
		r = b.want(b.run(r, 0), refund.StateHeld)
		if r.HoldCode != "not_enough" || b.tasks(refund.TaskHeld) != 1 || b.money(c) != "due" {
			t.Fatalf("held: %q, case %s", r.HoldCode, b.money(c))
		}
		_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
			return b.Cancel(ctx, tx, r.ID, 1, "withdrawn")
		})
		wantCode(t, err, fault.Conflict, "refund_sending")
		if _, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Release(ctx, tx, r.ID, 1) }); err != nil {
			t.Fatal(err)
		}
		b.bank.instant = true
		b.want(b.run(r, 0), refund.StateSucceeded)
		if s, q := b.bank.count(b.bank.sends, r.Number), b.bank.count(b.bank.queries, r.Number); s != 2 || q < 2 || len(b.bank.bodies[r.Number]) != 1 {
			t.Fatalf("%d sends, %d queries", s, q)
		}
		if b.tasks(refund.TaskHeld) != 0 || b.bank.total() != 1000 {
			t.Fatal("task open, or money twice")
		}
		b.audit()
	})
}

func TestHeldByAPerson(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		hold := func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
			return b.Hold(ctx, tx, r.ID, 1, "looks odd")
		}
		if _, err := b.verb(hold); err != nil {
			t.Fatal(err)
		}
		b.want(b.run(r, time.Hour), refund.StateHeld)
		if b.bank.count(b.bank.sends, r.Number) != 0 {
			t.Fatal("held, and sent")
		}
		if _, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Release(ctx, tx, r.ID, 1) }); err != nil {
			t.Fatal(err)
		}
		b.want(r, refund.StateAuthorized)
		b.run(r, 0)
		b.want(r, refund.StateAccepted)
		_, err := b.verb(hold)
		wantCode(t, err, fault.Conflict, "refund_state")
		b.audit()
	})
}

// A gateway that forgets what it took on is not sent the same again.
func TestVanishedIsHeld(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.want(b.run(r, 0), refund.StateAccepted)
		b.bank.mu.Lock()
		delete(b.bank.refunds, r.Number)
		b.bank.mu.Unlock()
		b.clock.Add(time.Minute)
		if r = b.want(b.run(r, 0), refund.StateHeld); r.HoldCode != "vanished" || b.bank.count(b.bank.sends, r.Number) != 1 {
			t.Fatalf("%+v", r)
		}
		b.audit()
	})
}

func TestGapAndNumberOfPartialRefunds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		const most, n = 5, 7
		b := pacedBed(t, d, 1<<40, refund.Pace{MaxPartials: most})
		b.bank.instant = true
		o := b.order([]spec{{n, n * 100}}, n*100)
		c := b.approved(o)
		var rs []refund.Refund
		for range n {
			rs = append(rs, b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0])
		}
		b.want(b.run(rs[0], 0), refund.StateSucceeded)
		if wait, err := b.Drive(t.Context(), rs[1].ID); err != nil || wait < time.Minute || wait > 2*time.Minute {
			t.Fatalf("the second may go after %v, %v", wait, err)
		}
		last := noon
		for _, r := range rs[1:most] {
			r = b.want(b.run(r, 2*time.Minute), refund.StateSucceeded)
			if gap := r.SentAt.Sub(last); gap < time.Minute {
				t.Fatalf("sent %v after the one before", gap)
			}
			last = *r.SentAt
		}
		for _, r := range rs[most:] {
			if r = b.want(b.run(r, 2*time.Minute), refund.StateHeld); r.HoldCode != "too_many_partials" {
				t.Fatalf("%+v", r)
			}
		}
		b.audit()
	})
}
