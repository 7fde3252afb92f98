package refund_test

import (
	"context"
	"slices"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

func TestCaseOverBeforeTheMoneyIsOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1<<40)
		o := b.order([]spec{{3, 3000}}, 3000)
		c := b.approved(o)
		var rs []refund.Refund
		for range 3 {
			rs = append(rs, b.mustAsk(refund.ForUnit(c.id, c.lines[0], b.unit(c.lines[0])))[0])
		}
		b.run(rs[0], 0)
		b.want(rs[0], refund.StateAccepted)
		b.tx(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE cases SET decision = 'withdrawn' WHERE id = ?", c.id).Error
		})
		b.clock.Add(refundGap)
		if got := b.want(b.run(rs[1], 0), refund.StateHeld); got.HoldCode != "case_over" {
			t.Fatalf("%+v", got)
		}
		b.tx(func(tx *gorm.DB) error {
			n, err := b.CancelCase(context.Background(), tx, c.id, 1, "withdrawn")
			if err == nil && n != 2 {
				t.Errorf("%d withdrawn, want the two that have not gone out", n)
			}
			return err
		})
		b.want(rs[1], refund.StateCancelled)
		b.want(rs[2], refund.StateCancelled)
		b.want(rs[0], refund.StateAccepted)
		b.audit()
	})
}

// A refund whose job was lost gets another; one whose job lives keeps it.
func TestSweepFindsWhatHasNoJob(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b, _, _, r := one(t, d)
		jobs := func() (n int) {
			b.scan(&n, "SELECT COUNT(*) FROM river_job WHERE kind = 'refund_drive'")
			return n
		}
		sweep := func() {
			t.Helper()
			if err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sweep()
		if jobs() != 1 {
			t.Fatalf("%d jobs beside the living one", jobs())
		}
		b.tx(func(tx *gorm.DB) error { return tx.Exec("DELETE FROM river_job").Error })
		sweep()
		sweep()
		if jobs() != 1 {
			t.Fatalf("%d jobs for one that was lost", jobs())
		}
		b.bank.instant = true
		b.want(b.run(r, 0), refund.StateSucceeded)
		b.tx(func(tx *gorm.DB) error { return tx.Exec("DELETE FROM river_job").Error })
		sweep()
		if jobs() != 0 {
			t.Fatal("a job for a refund that is done")
		}
	})
}

func TestStatesMatchTheLookUpTable(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		var seeded []string
		if err := d.Read.Raw("SELECT code FROM refund_states ORDER BY code").Scan(&seeded).Error; err != nil {
			t.Fatal(err)
		}
		var ours []string
		for _, s := range refund.States {
			ours = append(ours, string(s))
		}
		slices.Sort(ours)
		slices.Sort(seeded)
		if !slices.Equal(ours, seeded) {
			t.Fatalf("%v in Go, %v in the database", ours, seeded)
		}
	})
}
