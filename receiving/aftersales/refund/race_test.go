package refund_test

import (
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// race asks for all entitlements at once and returns what each got.
func (b *bed) race(ents []refund.Entitlement) (asked []refund.Asked, errs []error) {
	asked, errs = make([]refund.Asked, len(ents)), make([]error, len(ents))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, e := range ents {
		wg.Go(func() {
			<-start
			asked[i], errs[i] = b.ask(e)
		})
	}
	close(start)
	wg.Wait()
	return asked, errs
}

func winners(t *testing.T, asked []refund.Asked, errs []error, codes ...string) (won []refund.Refund) {
	t.Helper()
	for i, err := range errs {
		if err == nil {
			won = append(won, asked[i].Refunds...)
			continue
		}
		wantCode(t, err, fault.Conflict, codes...)
	}
	return won
}

func TestThirtyTwoTriesRefundOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		b.bank.instant = true
		o := b.order([]spec{{4, 10000}}, 10000)
		c := b.approved(o)
		unit := b.unit(c.lines[0])
		ents := make([]refund.Entitlement, 32)
		for i := range ents {
			ents[i] = refund.ForUnit(c.id, c.lines[0], unit)
		}
		asked, errs := b.race(ents)
		won := winners(t, asked, errs, "refund_exists")
		if len(won) != 1 {
			t.Fatalf("%d refunds of one unit", len(won))
		}
		// As many workers at once drive the one that won.
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := b.Drive(t.Context(), won[0].ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b.want(b.run(won[0], time.Hour), refund.StateSucceeded)
		if sends := b.bank.count(b.bank.sends, won[0].Number); sends != 1 || b.bank.total() != 2500 {
			t.Fatalf("%d sends, %d refunded", sends, b.bank.total())
		}
		b.audit()
	})
}

// Two cases of one payment, each entitled to more than half of what the payment holds: one is paid.
func TestTwoCasesRaceForTheLastCent(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		for range 5 {
			o := b.order([]spec{{1, 5001}, {1, 5000}}, 10000)
			a, c := b.approved(o, 0), b.approved(o, 1)
			asked, errs := b.race([]refund.Entitlement{refund.ForCase(a.id), refund.ForCase(c.id)})
			if won := winners(t, asked, errs, "payment_exhausted"); len(won) != 1 {
				t.Fatalf("%d refunds from a payment that holds one of them: %v", len(won), errs)
			}
			b.audit()
		}
	})
}

// The same order line in two cases: quantity and money of the line are the bound.
func TestTwoCasesRaceForOneLine(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		for range 5 {
			o := b.order([]spec{{1, 5000}, {1, 5000}}, 10000)
			a, c := b.approved(o, 0), b.approved(o, 0)
			ents := []refund.Entitlement{refund.ForCase(a.id), refund.ForLine(c.id, c.lines[0]), refund.ForCase(a.id), refund.ForCase(c.id)}
			asked, errs := b.race(ents)
			if won := winners(t, asked, errs, "line_exhausted", "refund_exists", "refund_nothing_left"); len(won) != 1 {
				t.Fatalf("%d refunds of one piece: %v", len(won), errs)
			}
			b.audit()
		}
	})
}

// Many cases over many payments of several orders, asked in every order at once: nobody waits for ever, and every sum holds.
func TestManyRacesEnd(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{2, 900}, {2, 800}, {2, 700}, {2, 600}}, 1000, 500, 700, 300)
		var ents []refund.Entitlement
		for _, lines := range [][]int{{0, 1}, {1, 2}, {2, 3}, {3, 0}, {3, 2, 1, 0}} {
			c := b.approved(o, lines...)
			ents = append(ents, refund.ForCase(c.id))
			for _, l := range c.lines {
				ents = append(ents, refund.ForLine(c.id, l))
			}
		}
		asked, errs := b.race(ents)
		won := winners(t, asked, errs, "line_exhausted", "refund_exists", "refund_nothing_left", "payment_exhausted")
		var sum int64
		for _, r := range won {
			sum += r.AmountMinor
		}
		if len(won) == 0 || sum > 2500 {
			t.Fatalf("%d refunds of %d in all", len(won), sum)
		}
		b.audit()
	})
}
