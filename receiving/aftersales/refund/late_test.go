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

// gate is a gateway whose queries wait to be answered by the test.
type gate struct {
	bankGateway
	asked  chan struct{}
	answer chan refund.Result
}

func (g gate) Query(ctx context.Context, _ refund.Request) refund.Result {
	g.asked <- struct{}{}
	select {
	case r := <-g.answer:
		return r
	case <-ctx.Done():
		return refund.Result{Code: "timeout"}
	}
}

// An answer that comes after its lease has run out, while another process asks again, decides nothing.
func TestLateAnswerIsNotBelieved(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		b.bank.fail("lost_after")
		b.want(b.run(r, 0), refund.StateUnknown)
		b.clock.Add(time.Hour)
		late, live := gate{asked: make(chan struct{}), answer: make(chan refund.Result)}, gate{asked: make(chan struct{}), answer: make(chan refund.Result)}
		done := make(chan error, 2)
		for _, g := range []gate{late, live} {
			e := refund.New(refund.Options{DB: d, Events: b.log, Clock: b.clock, Gateways: map[refund.Account]refund.Gateway{account: g}})
			e.Use(b.queue)
			go func() {
				_, err := e.Drive(t.Context(), r.ID)
				done <- err
			}()
			<-g.asked
			if g == late {
				b.clock.Add(time.Hour) // its lease is over
			}
		}
		late.answer <- refund.Result{Absent: true, Code: "absent"}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := b.want(r, refund.StateUnknown); got.LeaseToken == "" || got.Attempts != 1 {
			t.Fatalf("a late answer was believed: %+v", got)
		}
		live.answer <- refund.Result{Effect: refund.Accepted, Code: "PROCESSING"}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		b.want(r, refund.StateAccepted)
		b.audit()
	})
}

// What is sent again is what was stored, whatever has changed around it since.
func TestStoredBodyIsSentAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, _, r := one(t, d)
		b.bank.fail("5xx")
		b.want(b.run(r, 0), refund.StateUnknown)
		b.tx(func(tx *gorm.DB) error {
			if err := tx.Exec("UPDATE payments SET out_trade_no = 'another' WHERE id = ?", o.payments[0]).Error; err != nil {
				return err
			}
			return tx.Exec("UPDATE refunds SET reason = 'another' WHERE id = ?", r.ID).Error
		})
		b.bank.instant = true
		b.want(b.run(r, time.Hour), refund.StateSucceeded)
		if s := b.bank.count(b.bank.sends, r.Number); s != 2 || len(b.bank.bodies[r.Number]) != 1 {
			t.Fatalf("%d sends of %d bodies", s, len(b.bank.bodies[r.Number]))
		}
	})
}

// Between a failure and its successor the payment may have been emptied: by others here.
func TestSuccessorNeedsWhatThePaymentStillHolds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, o, _, r := one(t, d)
		b.bank.fail("refused")
		b.want(b.run(r, time.Minute), refund.StateFailed)
		b.approved(o)            // a second case, so that
		b.observe(o, 0, "X1", 1) // no case explains it
		_, err := b.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) { return b.Replace(ctx, tx, r.ID, 1) })
		wantCode(t, err, fault.Conflict, "payment_exhausted")
		b.audit()
	})
}
