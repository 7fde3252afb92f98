package followup_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// early receives one piece of an order before any case, inspects it where the policy pays for that, and then brings the case.
func early(t *testing.T, d *db.DB, trigger string) (*receivingtest.Site, aftersales.Case) {
	s := paying(t, d, 1<<40)
	s.Exec("UPDATE policies SET refund_trigger = ?", trigger)
	o := s.Order("1001", s.SKU("TEE-L", receivingtest.GTIN(1)))
	p := order.Payment{Gateway: "wechatpay", Account: "main", TransactionID: "T1", Currency: "CNY", CapturedMinor: o.Lines[0].PaidMinor}
	s.Create(&p)
	s.Create(&order.OrderPayment{OrderID: o.ID, PaymentID: p.ID, AmountMinor: p.CapturedMinor})
	h := s.Hand(s.Bench(3))
	h.Want("1001", scanner.CodeParcelOpened)
	h.Want(receivingtest.GTIN(1), scanner.CodeUndeclared)
	h.Want("BD:DONE", scanner.CodeClosed)
	if trigger == "qc_passed" {
		u := receivingtest.One[inventory.Unit](s, "SELECT * FROM units")
		checks := map[string]bool{}
		for _, c := range qc.Checklist("apparel") {
			checks[c.Key] = true
		}
		bench := qc.New(d, s.Log, new(inventory.Ledger))
		if _, err := bench.Inspect(t.Context(), qc.Decision{Plate: u.Plate, Grade: "A", Checks: checks, Version: u.Version, By: s.User("wang", "b2")}); err != nil {
			t.Fatal(err)
		}
	}
	c := s.Case("C1", o, nil)
	s.Exec("UPDATE cases SET decision = 'submitted' WHERE id = ?", c.ID)
	return s, c
}

func refunds(s *receivingtest.Site, c id.Case) int {
	s.T.Helper()
	return receivingtest.One[int](s, "SELECT COUNT(*) FROM refunds WHERE case_id = ?", c)
}

// Money follows goods that were here before their case as if they came now: whichever of adoption and approval comes last sets it in motion, once.
func TestAdoptedGoodsArePaid(t *testing.T) {
	for _, trigger := range []string{"receipt_closed", "qc_passed"} {
		for _, approvedFirst := range []bool{true, false} {
			t.Run(trigger, func(t *testing.T) {
				testkit.Each(t, func(t *testing.T, d *db.DB) {
					s, c := early(t, d, trigger)
					adopt := func(tx *gorm.DB) error {
						n, err := s.Desk.Adopt(t.Context(), tx, c.ID)
						if n != 1 {
							t.Errorf("adopted %d", n)
						}
						return err
					}
					approve := func(tx *gorm.DB) error {
						_, err := aftersales.Approve(t.Context(), tx, s.Log, c.ID, 0, "policy")
						return err
					}
					first, last := adopt, approve
					if approvedFirst {
						first, last = approve, adopt
					}
					s.Do(first)
					if n := refunds(s, c.ID); n != 0 {
						t.Errorf("%d refunds after half of it", n)
					}
					s.Do(last)
					if n := refunds(s, c.ID); n != 1 {
						t.Errorf("%d refunds", n)
					}
					want := map[string]string{"receipt_closed": "received", "qc_passed": "inspected"}[trigger]
					if g := receivingtest.One[string](s, "SELECT goods FROM cases WHERE id = ?", c.ID); g != want {
						t.Errorf("goods %s, want %s", g, want)
					}
				})
			})
		}
	}
}

// A parcel that comes for a case that is over is received without money, and the service desk decides.
func TestGoodsOfAnOverCaseAreATask(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := paying(t, d, 1<<40)
		s.Exec("UPDATE policies SET refund_trigger = 'receipt_closed'")
		c := s.Case("C1", s.Order("1001", s.SKU("TEE-L", receivingtest.GTIN(1))), []string{"SF1234567890123"})
		s.Do(func(tx *gorm.DB) error {
			_, err := aftersales.Withdraw(t.Context(), tx, s.Log, c.ID, 0, "buyer")
			return err
		})
		h := s.Hand(s.Bench(3))
		h.Want("SF1234567890123", scanner.CodeCaseOver)
		h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		h.Want("BD:DONE", scanner.CodeClosed)
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM tasks WHERE kind = 'goods_of_case_over' AND state = 'open'"); n != 1 {
			t.Errorf("%d tasks", n)
		}
		if n := refunds(s, c.ID); n != 0 {
			t.Errorf("%d refunds", n)
		}
	})
}
