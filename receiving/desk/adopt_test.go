package desk_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// Goods of an order before any case: the case adopts them when it comes, as if they came now; another case of the order adopts the rest.
func TestCasesAdoptTheirGoods(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee, cap := s.SKU("TEE-L", receivingtest.GTIN(1)), s.SKU("CAP-M", receivingtest.GTIN(2))
		o := s.Order("1001", tee, tee, cap)
		h := s.Hand(s.Bench(3))
		h.Want("1001", scanner.CodeParcelOpened)
		for _, c := range []int{1, 1, 2} {
			h.Want(receivingtest.GTIN(c), scanner.CodeUndeclared)
		}
		h.Want("BD:DONE", scanner.CodeClosed)
		first := s.Case("C1", o, nil, receivingtest.Back{Line: 0, Quantity: 1})
		second := s.Case("C2", o, nil, receivingtest.Back{Line: 0, Quantity: 1}, receivingtest.Back{Line: 1, Quantity: 1})
		for _, c := range []struct {
			id   id.Case
			want int
		}{{first.ID, 1}, {first.ID, 0}, {second.ID, 2}, {second.ID, 0}} {
			s.Do(func(tx *gorm.DB) error {
				n, err := s.Desk.Adopt(t.Context(), tx, c.id)
				if n != c.want {
					t.Errorf("case %d adopted %d, want %d", c.id, n, c.want)
				}
				return err
			})
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM units WHERE finding = 'match' AND case_line_id IS NOT NULL AND account = ?", inventory.InQuarantine); n != 3 {
			t.Errorf("%d pieces were adopted", n)
		}
		for _, c := range []aftersales.Case{first, second} {
			if g := receivingtest.One[string](s, "SELECT goods FROM cases WHERE id = ?", c.ID); g != "received" {
				t.Errorf("goods of %s %s", c.Number, g)
			}
		}
		(&scene{Site: s}).checkBooks()
	})
}

// A shipment that came back whole needs no case; a case that comes later counts it.
func TestCaseAdoptsARefusedParcel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		o := s.Order("1001", tee, tee)
		s.Shipment(way, "refused", o)
		h := s.Hand(s.Bench(3))
		h.Want(way, scanner.CodeParcelOpened)
		h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		h.Want("BD:DONE", scanner.CodeClosed)
		c := s.Case("C1", o, nil, receivingtest.Back{Line: 0, Quantity: 1})
		s.Do(func(tx *gorm.DB) error { _, err := s.Desk.Adopt(t.Context(), tx, c.ID); return err })
		p := receivingtest.One[receiving.Parcel](s, "SELECT * FROM parcels")
		if p.Expected != 2 || p.Received != 2 {
			t.Errorf("expected %d, received %d", p.Expected, p.Received)
		}
		if n := receivingtest.One[int](s, "SELECT received FROM case_lines"); n != 1 {
			t.Errorf("counted %d", n)
		}
		(&scene{Site: s}).checkBooks()
	})
}

// Sixteen messages bring cases that ask for the same piece: it is adopted once.
func TestAdoptedOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		o := s.Order("1001", s.SKU("TEE-L", receivingtest.GTIN(1)))
		h := s.Hand(s.Bench(3))
		h.Want("1001", scanner.CodeParcelOpened)
		h.Want(receivingtest.GTIN(1), scanner.CodeUndeclared)
		h.Want("BD:DONE", scanner.CodeClosed)
		cases := make([]aftersales.Case, 16)
		for i := range cases {
			cases[i] = s.Case("C"+string(rune('a'+i)), o, nil)
		}
		race(t, s, 32, func(i int, tx *gorm.DB) error {
			if err := s.Desk.Hold(t.Context(), tx, nil, []id.Order{o.ID}); err != nil {
				return err
			}
			_, err := s.Desk.Adopt(t.Context(), tx, cases[i/2].ID)
			return err
		}, "")
		if n := receivingtest.One[int](s, "SELECT SUM(received) FROM case_lines"); n != 1 {
			t.Errorf("counted %d times", n)
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM events WHERE type = 'backdock.parcel.adopted.v1'"); n != 1 {
			t.Errorf("told %d times", n)
		}
		if n := receivingtest.One[int](s, "SELECT SUM(pieces) FROM adoptions"); n != 1 {
			t.Errorf("recorded %d", n)
		}
		(&scene{Site: s}).checkBooks()
	})
}

// A late order with a shipment claims the parcel that came under its number, by itself.
func TestLateOrderClaims(t *testing.T) {
	for state, kind := range map[string]string{"delivered": receiving.CustomerReturn, "refused": receiving.Refused} {
		t.Run(state, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				s := receivingtest.New(t, d)
				tee := s.SKU("TEE-L", receivingtest.GTIN(1))
				h := orphan(s, 3, receivingtest.GTIN(1))
				h.Want("BD:DONE", scanner.CodeClosed)
				s.Shipment(strange, state, s.Order("1001", tee))
				p := receivingtest.One[receiving.Parcel](s, "SELECT * FROM parcels")
				s.Do(func(tx *gorm.DB) error { return s.Desk.ClaimShipment(t.Context(), tx, strange, p.ID) })
				p = receivingtest.One[receiving.Parcel](s, "SELECT * FROM parcels")
				u := receivingtest.One[inventory.Unit](s, "SELECT * FROM units")
				want := map[string]receiving.Finding{"delivered": receiving.Undeclared, "refused": receiving.Match}[state]
				if p.Kind != kind || p.OwnerID == nil || u.Finding != string(want) || u.Account != inventory.InQuarantine {
					t.Errorf("%s of %v, piece %s in %s", p.Kind, p.OwnerID, u.Finding, u.Account)
				}
				(&scene{Site: s}).checkBooks()
			})
		})
	}
}
