package followup_test

import (
	"testing"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// paying makes a site whose owner pays on approval, up to limit without a person.
func paying(t *testing.T, d *db.DB, limit int64) *receivingtest.Site {
	s := receivingtest.New(t, d)
	engine := refund.New(refund.Options{DB: d, Events: s.Log, Clock: s.Clock})
	workers := river.NewWorkers()
	engine.AddWorkers(workers)
	q, err := job.New(d, workers, job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine.Use(q)
	s.Log.On(followup.New(s.Log, engine).Trigger)
	s.Exec("DELETE FROM policies WHERE owner_id = ?", s.Owner.ID)
	s.Create(&catalogue.Policy{OwnerID: s.Owner.ID, RefundTrigger: "approval", AutoLimitMinor: limit, Jurisdiction: "CN"})
	return s
}

// A request that dies before its money has gone out takes the refund with it, and the approval as well: nothing stays reserved for nobody.
func TestDeadRequestTakesItsRefundAlong(t *testing.T) {
	verbs := map[string]func(s *receivingtest.Site, tx *gorm.DB, c aftersales.Case) error{
		"withdrawn": func(s *receivingtest.Site, tx *gorm.DB, c aftersales.Case) error {
			_, err := aftersales.Withdraw(t.Context(), tx, s.Log, c.ID, 0, "buyer")
			return err
		},
		"rejected": func(s *receivingtest.Site, tx *gorm.DB, c aftersales.Case) error {
			_, err := aftersales.Reject(t.Context(), tx, s.Log, c.ID, 0, "fraud")
			return err
		},
		"expired": func(s *receivingtest.Site, tx *gorm.DB, c aftersales.Case) error {
			_, err := aftersales.Expire(t.Context(), tx, s.Log, c.ID, 0, "deadline")
			return err
		},
	}
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		for _, limit := range []int64{0, 1 << 40} { // waiting for a person; authorized and waiting for its job
			s := paying(t, testkit.Open(t, d.Dialect), limit)
			for decision, verb := range verbs {
				o := s.Order("TB-"+decision, s.SKU("SKU-"+decision))
				p := order.Payment{Gateway: "wechatpay", Account: "main", TransactionID: "T-" + decision, Currency: "CNY", CapturedMinor: o.Lines[0].PaidMinor}
				s.Create(&p)
				s.Create(&order.OrderPayment{OrderID: o.ID, PaymentID: p.ID, AmountMinor: p.CapturedMinor})
				c := s.Case("AS-"+decision, o, nil)
				s.Exec("UPDATE cases SET decision = 'submitted' WHERE id = ?", c.ID)
				s.Do(func(tx *gorm.DB) error {
					_, err := aftersales.Approve(t.Context(), tx, s.Log, c.ID, 0, "policy")
					return err
				})
				asked := receivingtest.One[refund.Refund](s, "SELECT * FROM refunds WHERE case_id = ?", c.ID)
				if asked.AmountMinor != p.CapturedMinor || asked.State.Final() {
					t.Fatalf("%s: approval asked %+v", decision, asked)
				}
				s.Do(func(tx *gorm.DB) error { return verb(s, tx, c) })
				after := receivingtest.One[refund.Refund](s, "SELECT * FROM refunds WHERE case_id = ?", c.ID)
				line := receivingtest.One[order.Line](s, "SELECT * FROM order_lines WHERE id = ?", o.Lines[0].ID)
				over := receivingtest.One[aftersales.Case](s, "SELECT * FROM cases WHERE id = ?", c.ID)
				if after.State != refund.StateCancelled || line.ReservedMinor != 0 || line.ApprovedMinor != 0 || over.Money != "none" || over.Decision != decision {
					t.Errorf("limit %d, %s: refund %s, reserved %d, approved %d, money %s", limit, decision, after.State, line.ReservedMinor, line.ApprovedMinor, over.Money)
				}
			}
		}
	})
}
