package aftersales_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

var now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

type shop struct {
	t   *testing.T
	d   *db.DB
	log *event.Log
}

func newShop(t *testing.T, d *db.DB) shop {
	s := shop{t, d, event.NewLog(d, clock.NewFake(now))}
	s.do(func(tx *gorm.DB) error {
		for _, sql := range []string{"INSERT INTO owners (id, code, name) VALUES (1, 'QY', '青屿')",
			"INSERT INTO shops (id, owner_id, channel, code, name, time_zone) VALUES (1, 1, 'taobao', 'TB', '淘宝店', 'Asia/Shanghai')",
			"INSERT INTO skus (id, owner_id, code, product, name) VALUES (1, 1, 'A', 'A', '夹克'), (2, 1, 'B', 'B', '短袖')"} {
			if err := tx.Exec(sql).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func (s shop) do(fn func(tx *gorm.DB) error) {
	s.t.Helper()
	if err := s.d.InTx(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s shop) order(number, phone string, quantity int, paid int64) order.Order {
	s.t.Helper()
	o := order.Order{OwnerID: 1, ShopID: 1, Number: number, State: order.Delivered, Currency: "CNY", PlacedAt: now, BuyerPhoneIdx: phone, Version: 1}
	sku := id.SKU(1)
	s.do(func(tx *gorm.DB) error {
		if err := tx.Create(&o).Error; err != nil {
			return err
		}
		return tx.Create(&order.Line{OrderID: o.ID, LineNo: 1, Kind: "goods", SKUID: &sku, Quantity: quantity, PaidMinor: paid}).Error
	})
	return o
}

func (s shop) file(number, orderNumber string, quantity int, requested int64) aftersales.Case {
	s.t.Helper()
	c := aftersales.Case{OwnerID: 1, ShopID: 1, Number: number, OrderNumber: orderNumber, Type: "return_refund", Reason: "size_fit", Decision: "submitted", Goods: "awaited",
		Judgement: "none", Money: "none", Currency: "CNY", SubmittedAt: now.Add(time.Duration(len(number)) * time.Minute), Version: 1}
	s.do(func(tx *gorm.DB) error {
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		if err := tx.Create(&aftersales.CaseLine{CaseID: c.ID, SKUID: 1, Quantity: quantity, RequestedMinor: requested}).Error; err != nil {
			return err
		}
		var err error
		c, err = aftersales.Attach(s.t.Context(), tx, s.log, c.ID)
		return err
	})
	return c
}

func (s shop) approve(c aftersales.Case) error {
	return s.d.InTx(s.t.Context(), func(tx *gorm.DB) error {
		_, err := aftersales.Approve(s.t.Context(), tx, s.log, c.ID, 0, "checked")
		return err
	})
}

func (s shop) withdraw(c aftersales.Case) error {
	return s.d.InTx(s.t.Context(), func(tx *gorm.DB) error {
		_, err := aftersales.Withdraw(s.t.Context(), tx, s.log, c.ID, 0, "buyer")
		return err
	})
}

func (s shop) line(o order.Order) (l order.Line) {
	s.t.Helper()
	if err := s.d.Read.Where("order_id = ?", o.ID).Take(&l).Error; err != nil {
		s.t.Fatal(err)
	}
	return l
}

func TestApprovalsOfALineAddUpToWhatWasPaid(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.order("1001", "", 3, 10000)
		cases := []aftersales.Case{s.file("RT1", "1001", 1, 0), s.file("RT2", "1001", 1, 0), s.file("RT3", "1001", 1, 0)}
		for _, c := range cases {
			for range 2 { // saying it twice changes nothing
				if err := s.approve(c); err != nil {
					t.Fatal(err)
				}
			}
		}
		if l := s.line(o); l.ApprovedQuantity != 3 || l.ApprovedMinor != 10000 {
			t.Fatalf("approved %d, %d", l.ApprovedQuantity, l.ApprovedMinor)
		}
		if err := s.withdraw(cases[0]); err != nil {
			t.Fatal(err)
		}
		if l := s.line(o); l.ApprovedQuantity != 2 || l.ApprovedMinor != 6666 {
			t.Fatalf("after a withdrawal %d, %d", l.ApprovedQuantity, l.ApprovedMinor)
		}
		more := s.file("RT4", "1001", 2, 0)
		if err := s.approve(more); fault.Code(err) != "over_approved" {
			t.Fatal(err)
		}
		var c aftersales.Case
		if d.Read.Take(&c, more.ID); c.Decision != "submitted" {
			t.Fatal("a refused approval moved the decision")
		}
		if err := s.approve(cases[0]); err != nil { // reopened
			t.Fatal(err)
		}
		if l := s.line(o); l.ApprovedMinor != 10000 {
			t.Fatalf("again approved %d", l.ApprovedMinor)
		}
	})
}

// A buyer who asks for a part gets that part, whether the line or the case says so.
func TestNoMoreThanWasAskedFor(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.order("1001", "", 3, 10000)
		part := s.file("RT1", "1001", 1, 1500)
		whole := s.file("RT2", "1001", 2, 0)
		line := s.line(o)
		s.do(func(tx *gorm.DB) error {
			if err := tx.Create(&aftersales.CaseLine{CaseID: whole.ID, SKUID: 1, OrderLineID: &line.ID, Quantity: 1}).Error; err != nil {
				return err
			}
			if err := tx.Exec("UPDATE case_lines SET quantity = 1 WHERE case_id = ?", whole.ID).Error; err != nil {
				return err
			}
			return tx.Exec("UPDATE cases SET requested_minor = 2001 WHERE id = ?", whole.ID).Error
		})
		for _, c := range []aftersales.Case{part, whole} {
			if err := s.approve(c); err != nil {
				t.Fatal(err)
			}
		}
		if l := s.line(o); l.ApprovedQuantity != 3 || l.ApprovedMinor != 1500+2001 {
			t.Fatalf("approved %d, %d", l.ApprovedQuantity, l.ApprovedMinor)
		}
		var amounts []int64
		d.Read.Table("case_lines").Where("case_id = ?", whole.ID).Order("id").Pluck("approved_minor", &amounts)
		var c aftersales.Case
		if d.Read.Take(&c, whole.ID); c.ApprovedMinor != 2001 || len(amounts) != 2 || amounts[0]+amounts[1] != 2001 || amounts[0]-amounts[1] > 1 || amounts[1]-amounts[0] > 1 {
			t.Fatalf("case %d, lines %v", c.ApprovedMinor, amounts)
		}
		if err := s.withdraw(whole); err != nil {
			t.Fatal(err)
		}
		if l := s.line(o); l.ApprovedQuantity != 1 || l.ApprovedMinor != 1500 {
			t.Fatalf("after the withdrawal %d, %d", l.ApprovedQuantity, l.ApprovedMinor)
		}
	})
}

func TestMoneyOnItsWayKeepsItsApproval(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.order("1001", "", 2, 10000)
		c := s.file("RT1", "1001", 1, 0)
		if err := s.approve(c); err != nil {
			t.Fatal(err)
		}
		s.do(func(tx *gorm.DB) error {
			return tx.Exec("UPDATE order_lines SET reserved_quantity = 1, reserved_minor = 5000").Error
		})
		if err := s.withdraw(c); err != nil {
			t.Fatal(err)
		}
		if l := s.line(o); l.ApprovedMinor != 5000 || l.ApprovedQuantity != 1 {
			t.Fatalf("a reserved refund lost its cover: %+v", l)
		}
		var got aftersales.Case
		if d.Read.Take(&got, c.ID); got.Decision != "withdrawn" || !got.Over() {
			t.Fatalf("%+v", got)
		}
	})
}

func TestApproveWantsTheOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		c := s.file("RT1", "9999", 1, 0)
		if err := s.approve(c); fault.Code(err) != "order_unknown" {
			t.Fatal(err)
		}
		err := d.InTx(t.Context(), func(tx *gorm.DB) error {
			_, err := aftersales.Reject(t.Context(), tx, s.log, c.ID, 0, "no such order")
			return err
		})
		var n int64
		if d.Read.Table("events").Where("type = 'backdock.case.rejected.v1'").Count(&n); err != nil || n != 1 {
			t.Fatalf("%v, %d events", err, n)
		}
	})
}

func TestHistoryKnowsTheBuyerWithoutReadingTheName(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.order("1001", "phone-idx", 3, 100)
		s.order("1002", "phone-idx", 1, 100)
		s.order("1003", "another", 1, 100)
		c := s.file("RT1", "1001", 1, 0)
		s.file("RT-22", "1002", 1, 0)
		s.file("RT-333", "1001", 1, 0)
		s.file("RT-4444", "1003", 1, 0)
		got, err := aftersales.History(t.Context(), d.Read, c)
		if err != nil || len(got) != 2 || got[0].Number != "RT-333" || !got[0].SameOrder || got[1].Number != "RT-22" || got[1].SameOrder || got[0].Status != "submitted" {
			t.Fatalf("%+v, %v", got, err)
		}
		unknown := s.file("RT-55555", "", 1, 0)
		if got, err := aftersales.History(t.Context(), d.Read, unknown); err != nil || len(got) != 0 {
			t.Fatalf("a case without an order has no history: %+v, %v", got, err)
		}
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ decision, goods, judgement, money, want string }{
		{"submitted", "awaited", "none", "none", "submitted"},
		{"approved", "awaited", "none", "none", "awaited"},
		{"approved", "part_received", "pending", "none", "part_received"},
		{"approved", "received", "pending", "none", "to_inspect"},
		{"approved", "received", "pending", "due", "refund_due"},
		{"approved", "inspected", "passed", "sending", "refunding"},
		{"approved", "inspected", "passed", "returned", "returned"},
		{"approved", "inspected", "failed", "to_recover", "to_recover"},
		{"approved", "inspected", "failed", "none", "failed"},
		{"withdrawn", "in_transit", "none", "none", "withdrawn"},
		{"approved", "not_needed", "none", "returned", "returned"},
		{"approved", "awaited", "none", "returned_elsewhere", "awaited"},
		{"disputed", "inspected", "failed", "refused", "disputed"},
	} {
		c := aftersales.Case{Decision: tc.decision, Goods: tc.goods, Judgement: tc.judgement, Money: tc.money}
		if got := c.Status(); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc, got, tc.want)
		}
	}
}

// However a line is approved and taken back piece by piece, it never passes what was paid, and all its pieces together give exactly that.
func TestRefundableLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := order.Line{Quantity: rapid.IntRange(1, 12).Draw(r, "quantity"), PaidMinor: rapid.Int64Range(0, 100_000).Draw(r, "paid")}
		type share struct {
			quantity int
			amount   int64
		}
		var open []share
		take := func(q int) {
			s := share{q, aftersales.Refundable(l, q)}
			open = append(open, s)
			l.ApprovedQuantity, l.ApprovedMinor = l.ApprovedQuantity+q, l.ApprovedMinor+s.amount
			if fair := l.PaidMinor * int64(q) / int64(l.Quantity); s.amount < fair-int64(q) || s.amount > fair+int64(q) {
				r.Fatalf("%d of %+v are worth %d, fair is %d", q, l, s.amount, fair)
			}
		}
		for range rapid.IntRange(0, 30).Draw(r, "steps") {
			if len(open) > 0 && rapid.Bool().Draw(r, "back") {
				i := rapid.IntRange(0, len(open)-1).Draw(r, "which")
				l.ApprovedQuantity, l.ApprovedMinor = l.ApprovedQuantity-open[i].quantity, l.ApprovedMinor-open[i].amount
				open = append(open[:i], open[i+1:]...)
			} else if left := l.Quantity - l.ApprovedQuantity; left > 0 {
				take(rapid.IntRange(1, left).Draw(r, "pieces"))
			}
			if l.ApprovedMinor < 0 || l.ApprovedMinor > l.PaidMinor {
				r.Fatalf("approved %d of %d", l.ApprovedMinor, l.PaidMinor)
			}
		}
		if left := l.Quantity - l.ApprovedQuantity; left > 0 {
			take(left)
		}
		if l.ApprovedMinor != l.PaidMinor {
			r.Fatalf("all pieces together give %d of %d: %s", l.ApprovedMinor, l.PaidMinor, fmt.Sprint(open))
		}
	})
}
