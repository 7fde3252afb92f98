package refund_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// told is a channel that knows the case and how much of it is paid back by now.
func (b *bed) told(c claim, total int64) (r refund.Refund) {
	b.t.Helper()
	b.tx(func(tx *gorm.DB) (err error) {
		r, err = b.Observe(b.t.Context(), tx, refund.Observed{CaseID: c.id, AmountMinor: total, Origin: refund.OriginPlatform})
		return err
	})
	return r
}

func TestTotalsOfACaseAreRecordedOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{2, 2000}}, 500, 1500)
		c := b.approved(o)
		for i, total := range []int64{700, 700, 1300, 700, 1300} {
			b.told(c, total)
			var got int64
			if b.scan(&got, "SELECT SUM(elsewhere_minor) FROM payments"); got != []int64{700, 700, 1300, 1300, 1300}[i] {
				t.Fatalf("told %d, recorded %d", total, got)
			}
		}
		b.audit()
		// Above what the first payment holds: recorded, and the other payment returns the rest.
		asked, err := b.ask(refund.ForCase(c.id))
		if err != nil || len(asked.Refunds) != 1 || asked.Refunds[0].AmountMinor != 700 || asked.ElsewhereMinor != 1300 {
			t.Fatalf("%+v %v", asked, err)
		}
		b.audit()
	})
}

func TestPaidBackBeforeTheOrderIsKnown(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{1, 1000}}, 1000)
		c := b.approved(o)
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE cases SET order_id = NULL, money = 'returned_elsewhere' WHERE id = ?", c.id).Error
		})
		if r := b.told(c, 1000); r.ID != 0 || b.tasks(refund.TaskObserved) != 1 {
			t.Fatalf("%+v, %d tasks", r, b.tasks(refund.TaskObserved))
		}
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE cases SET order_id = ? WHERE id = ?", o.id, c.id).Error
		})
		_, err := b.ask(refund.ForCase(c.id))
		wantCode(t, err, "conflict", "refunded_elsewhere")
		b.told(c, 1000)
		if asked, err := b.ask(refund.ForCase(c.id)); err != nil || len(asked.Refunds) != 0 || asked.ElsewhereMinor != 1000 {
			t.Fatalf("%+v %v", asked, err)
		}
		b.audit()
	})
}
