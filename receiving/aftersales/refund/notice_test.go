package refund_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

var effects = map[string]refund.Effect{"SUCCESS": refund.Done, "CLOSED": refund.Rejected, "ABNORMAL": refund.Held}

// notice is what the bank would say about r, verified.
func notice(message string, r refund.Refund, status string) refund.Notice {
	return refund.Notice{MessageID: message, Event: status, Key: r.Number, AmountMinor: r.AmountMinor, TotalMinor: 1000, Currency: "CNY", TransactionID: "T1-1",
		Result: refund.Result{Effect: effects[status], Code: status, ExternalID: "B1", SettledAt: noon}}
}

func (b *bed) notify(n refund.Notice) {
	b.t.Helper()
	if err := b.Notified(b.t.Context(), account, n); err != nil {
		b.t.Fatal(err)
	}
}

func TestNoticesOnlyMoveForward(t *testing.T) {
	type script struct {
		statuses []string
		want     refund.State
	}
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		for name, c := range map[string]script{
			"success":                    {[]string{"SUCCESS"}, refund.StateSucceeded},
			"abnormal, then success":     {[]string{"ABNORMAL", "SUCCESS"}, refund.StateSucceeded},
			"success, then old abnormal": {[]string{"SUCCESS", "ABNORMAL"}, refund.StateSucceeded},
			"success, then old closed":   {[]string{"SUCCESS", "CLOSED"}, refund.StateSucceeded},
			"abnormal twice":             {[]string{"ABNORMAL", "ABNORMAL"}, refund.StateHeld},
			"closed proves nothing":      {[]string{"CLOSED"}, refund.StateAccepted},
			"closed, then success":       {[]string{"CLOSED", "SUCCESS"}, refund.StateSucceeded},
		} {
			o := b.order([]spec{{1, 1000}}, 1000)
			r := b.run(b.mustAsk(refund.ForCase(b.approved(o).id))[0], 0)
			b.want(r, refund.StateAccepted)
			for i, s := range c.statuses {
				n := notice(fmt.Sprintf("%s-%d", r.Number, i), r, s)
				b.notify(n)
				b.notify(n) // delivered again
			}
			if got := b.get(r); got.State != c.want {
				t.Errorf("%s: %s, want %s", name, got.State, c.want)
			}
			// The first notice again, as a gateway does for a day.
			b.notify(notice(r.Number+"-0", r, c.statuses[0]))
			if got := b.get(r); got.State != c.want {
				t.Errorf("%s, repeated: %s, want %s", name, got.State, c.want)
			}
			b.audit()
		}
	})
}

func TestNoticeBesideTheSender(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, c, r := one(t, d)
		b.run(r, 0)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { b.notify(notice(fmt.Sprint("M", i/2), r, "SUCCESS")) })
			wg.Go(func() {
				if _, err := b.Drive(t.Context(), r.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b.want(r, refund.StateSucceeded)
		if b.money(c) != "returned" || len(b.events(r.Subject())) != 5 {
			t.Fatalf("case %s, events %v", b.money(c), b.events(r.Subject()))
		}
		var n int
		if b.scan(&n, "SELECT COUNT(*) FROM refund_notices"); n != 4 {
			t.Fatalf("%d notices stored", n)
		}
		b.audit()
	})
}

func TestClosedNoticeIsProvedByQuery(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, _, r := one(t, d)
		b.run(r, 0)
		b.clock.Add(time.Second)
		b.bank.settle(r.Number, "CLOSED")
		b.notify(notice("M1", r, "CLOSED"))
		b.want(r, refund.StateAccepted)
		if p := b.payment(o.payments[0]); p.ReservedMinor != 1000 {
			t.Fatal("a notice alone has freed the money")
		}
		b.want(b.run(r, 0), refund.StateClosed)
		b.audit()
	})
}

func TestNoticeThatContradicts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.run(r, 0)
		n := notice("M1", r, "SUCCESS")
		n.AmountMinor = 999
		b.notify(n)
		if b.want(r, refund.StateAccepted); b.tasks(refund.TaskContradiction) != 1 {
			t.Fatal("another amount was believed, or nobody is told")
		}
		b.notify(notice("M2", r, "SUCCESS"))
		n = notice("M3", r, "SUCCESS")
		n.Result.ExternalID = "B2"
		b.notify(n)
		if got := b.want(r, refund.StateSucceeded); *got.GatewayRefundID != "B1" {
			t.Fatal("the gateway's number was overwritten")
		}
		b.audit()
	})
}

// The database came back from a copy: the gateway tells of a refund that is not sent here.
func TestNoticeBeforeSendIsAskedAbout(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.bank.mu.Lock()
		b.bank.refunds[r.Number] = &bankRefund{ID: "B1", Key: r.Number, Status: "SUCCESS", Amount: 1000}
		b.bank.mu.Unlock()
		b.notify(notice("M1", r, "SUCCESS"))
		b.want(b.run(r, 0), refund.StateSucceeded)
		if b.bank.count(b.bank.sends, r.Number) != 0 {
			t.Fatal("sent again")
		}
		b.audit()
	})
}

func TestMoneyOnADeadRefundIsRecorded(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, c, r := one(t, d)
		b.run(r, 0)
		b.bank.settle(r.Number, "CLOSED")
		b.clock.Add(time.Minute)
		b.want(b.run(r, 0), refund.StateClosed)
		b.notify(notice("M1", r, "SUCCESS"))
		b.want(r, refund.StateClosed)
		if p := b.payment(o.payments[0]); p.ElsewhereMinor != 1000 || b.money(c) != "returned_elsewhere" || b.overlay(o) != "refunded" || b.tasks(refund.TaskContradiction) != 1 {
			t.Fatalf("%+v case %s order %q", p, b.money(c), b.overlay(o))
		}
		b.audit()
	})
}

func (b *bed) observe(o sold, c id.Case, external string, minor int64) refund.Refund {
	b.t.Helper()
	var r refund.Refund
	b.tx(func(tx *gorm.DB) (err error) {
		r, err = b.Observe(b.t.Context(), tx, refund.Observed{Account: account, TransactionID: b.payment(o.payments[0]).TransactionID, CaseID: c, Origin: refund.OriginPlatform,
			ExternalID: external, AmountMinor: minor})
		return err
	})
	return r
}

func TestRefundedByThePlatformFirst(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{2, 2000}}, 2000)
		c := b.approved(o)
		b.observe(o, 0, "X1", 2000) // one case only: it can mean no other
		b.observe(o, c.id, "X1", 2000)
		if p := b.payment(o.payments[0]); p.ElsewhereMinor != 2000 || b.money(c) != "returned_elsewhere" || b.overlay(o) != "refunded" {
			t.Fatalf("%+v case %s order %q", p, b.money(c), b.overlay(o))
		}
		for range 2 {
			asked, err := b.ask(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))
			if err != nil || len(asked.Refunds) != 0 || asked.ElsewhereMinor != 1000 {
				t.Fatalf("paid again: %+v %v", asked, err)
			}
			b.audit()
		}
		_, err := b.ask(refund.ForCase(c.id))
		wantCode(t, err, "conflict", "refund_nothing_left")
	})
}

func TestPartlyRefundedElsewhere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		b.bank.instant = true
		o := b.order([]spec{{2, 2000}}, 2000)
		c := b.approved(o)
		b.observe(o, c.id, "X1", 1300)
		if b.money(c) != "partly_returned" || b.overlay(o) != "partially_refunded" {
			t.Fatalf("case %s order %q", b.money(c), b.overlay(o))
		}
		asked, err := b.ask(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))
		if err != nil || len(asked.Refunds) != 0 || asked.ElsewhereMinor != 1000 {
			t.Fatalf("first unit: %+v %v", asked, err)
		}
		asked, err = b.ask(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))
		if err != nil || len(asked.Refunds) != 1 || asked.Refunds[0].AmountMinor != 700 || asked.ElsewhereMinor != 300 {
			t.Fatalf("second unit: %+v %v", asked, err)
		}
		b.want(b.run(asked.Refunds[0], 0), refund.StateSucceeded)
		if b.money(c) != "returned" || b.overlay(o) != "refunded" || b.bank.total() != 700 {
			t.Fatalf("case %s order %q bank %d", b.money(c), b.overlay(o), b.bank.total())
		}
		b.audit()
	})
}

func TestObservedWithdrawsWhatHasNotGoneOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{3, 3000}}, 3000)
		c := b.approved(o)
		r1 := b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0]
		r2 := b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0]
		b.observe(o, c.id, "X1", 1500)
		b.want(r1, refund.StateCancelled)
		if got := b.want(r2, refund.StateHeld); got.HoldCode != "refunded_elsewhere" {
			t.Fatalf("%+v", got)
		}
		b.audit()
		if b.run(r1, time.Hour); b.bank.total() != 0 {
			t.Fatal("went out all the same")
		}
	})
}

func TestRefundedTwiceIsToRecover(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, c, r := one(t, d)
		b.bank.instant = true
		b.want(b.run(r, 0), refund.StateSucceeded)
		b.observe(o, c.id, "X1", 1000) // above what was paid: recorded all the same
		if p := b.payment(o.payments[0]); p.ElsewhereMinor != 1000 || p.RefundedMinor != 1000 || b.money(c) != "to_recover" {
			t.Fatalf("%+v case %s", p, b.money(c))
		}
		b.audit()
	})
}

// A refund in the merchant's console, told by the gateway under a number that is not ours.
func TestForeignNoticeIsObserved(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{1, 1000}, {1, 1000}}, 2000)
		n := refund.Notice{MessageID: "M1", Event: "SUCCESS", Key: "console-1", AmountMinor: 400, TotalMinor: 2000, Currency: "CNY", TransactionID: b.payment(o.payments[0]).TransactionID,
			Result: refund.Result{Effect: refund.Done, Code: "SUCCESS", ExternalID: "B9"}}
		b.notify(n)
		n.MessageID = "M2" // told again as another message
		b.notify(n)
		if p := b.payment(o.payments[0]); p.ElsewhereMinor != 400 || b.overlay(o) != "partially_refunded" {
			t.Fatalf("%+v %q", p, b.overlay(o))
		}
		// No case explains it, so what is asked now waits for a person, and the payment holds the less.
		c := b.approved(o, 0)
		if r := b.mustAsk(refund.ForCase(c.id))[0]; r.State != refund.StateRequested {
			t.Fatalf("went out by itself: %s", r.State)
		}
		_, err := b.ask(refund.ForCase(b.approved(o, 1).id))
		wantCode(t, err, "conflict", "payment_exhausted")
		b.audit()
	})
}
