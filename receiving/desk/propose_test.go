package desk_test

import (
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// orphan opens a parcel of unknown owner at a bench and takes pieces out of it.
func orphan(s *receivingtest.Site, bench int, codes ...string) *receivingtest.Hand {
	h := s.Hand(s.Bench(bench))
	h.Want(strange, scanner.CodeOwnerUnknownOpened)
	for _, c := range codes {
		h.Want(c, scanner.CodeUnclaimed)
	}
	return h
}

// At the bench the likely owners stand on the list, and one scan claims: the piece leaves custody, and everything belongs to the owner.
func TestChooseClaims(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee, cap := s.SKU("TEE-L", receivingtest.GTIN(1)), s.SKU("CAP-M", receivingtest.GTIN(2))
		s.Case("C-other", s.Order("1000", cap), nil)
		o := s.Order("1001", tee)
		c := s.Case("C1", o, nil)
		h := orphan(s, 3, receivingtest.GTIN(1), "NOBODY-KNOWS-1")
		if len(h.View.Choices) == 0 || h.View.Choices[0].Case != "C1" || len(h.View.Choices[0].Why) == 0 {
			t.Fatalf("offered %+v", h.View.Choices)
		}
		h.Want("BD:CONDITION:opened", scanner.CodeConditionSet)
		if len(h.View.Choices) == 0 {
			t.Fatal("a control took the offer away")
		}
		out := h.Want("BD:CHOOSE:1", scanner.CodeParcelClaimed)
		if out.Params["matched"] != "1" || out.Params["number"] != "C1" || len(h.View.Choices) != 0 {
			t.Errorf("%+v, choices %v", out, h.View.Choices)
		}
		u := receivingtest.One[inventory.Unit](s, "SELECT * FROM units WHERE sku_id = ?", tee.ID)
		if u.Finding != string(receiving.Match) || u.Account != inventory.InQuarantine || *u.CaseID != c.ID {
			t.Errorf("%+v", u)
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM units u JOIN parcels p ON p.id = u.parcel_id WHERE u.owner_id <> p.owner_id"); n != 0 {
			t.Errorf("%d pieces belong to nobody", n)
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM waybill_aliases WHERE number = ? AND case_id = ? AND source = 'claim'", strange, c.ID); n != 1 {
			t.Errorf("learned %d times", n)
		}
		h.Want("BD:UNDO", scanner.CodeUndoRefused)
		h.Want("BD:DONE", scanner.CodeClosed)
		(&scene{Site: s}).checkBooks()
	})
}

// A paper inside: the first scan proposes its owner, the second claims. A waybill stays a waybill.
func TestPaperInside(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		o := s.Order("1001", s.SKU("TEE-L", receivingtest.GTIN(1)))
		s.Case("C1", o, []string{"SF1234567890123"})
		h := orphan(s, 3, "NOBODY-KNOWS-1")
		if len(h.View.Choices) != 0 {
			t.Fatalf("offered for nothing: %+v", h.View.Choices)
		}
		h.Want("1001", scanner.CodeChoose)
		if len(h.View.Choices) != 1 || h.View.Choices[0].Why[0].Code != "slip" {
			t.Fatalf("%+v", h.View.Choices)
		}
		h.Want("SF1234567890123", scanner.CodeParcelOpened) // another box: nothing lacks in this one, so it closes
		h.Want("BD:UNDO", scanner.CodeUndone)
		p := receivingtest.One[id.Parcel](s, "SELECT id FROM parcels WHERE waybill = ?", strange)
		by := s.User("li", "b")
		s.Do(func(tx *gorm.DB) error { return s.Desk.ClaimOrderBy(t.Context(), tx, o.ID, p, by) })
		if k := receivingtest.One[string](s, "SELECT kind FROM parcels WHERE id = ?", p); k != receiving.CustomerReturn {
			t.Error(k)
		}
		(&scene{Site: s}).checkBooks()
	})
}

func TestPaperInsideTwiceClaims(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		o := s.Order("1001", s.SKU("TEE-L", receivingtest.GTIN(1)))
		h := orphan(s, 3, receivingtest.GTIN(1))
		h.Want("1001", scanner.CodeParcelClaimed) // its piece had proposed the order already
		r := receivingtest.One[receiving.Receipt](s, "SELECT * FROM receipts WHERE order_id = ?", o.ID)
		if !r.Advance || r.CaseID != nil {
			t.Errorf("%+v", r)
		}
		if f := receivingtest.One[string](s, "SELECT finding FROM units"); f != string(receiving.Undeclared) {
			t.Error(f)
		}
		h.Want("BD:DONE", scanner.CodeClosed)
		(&scene{Site: s}).checkBooks()
	})
}

// Sixteen people claim one parcel, for different cases: one wins, and the others hear of it.
func TestOneClaimWins(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		h := orphan(s, 3, receivingtest.GTIN(1))
		h.Want("BD:DONE", scanner.CodeClosed)
		p := receivingtest.One[id.Parcel](s, "SELECT id FROM parcels")
		by := s.User("li", "b")
		cases := make([]aftersales.Case, 16)
		for i := range cases {
			cases[i] = s.Case("C"+string(rune('a'+i)), s.Order("O"+string(rune('a'+i)), tee), nil)
		}
		won, lost := race(t, s, 16, func(i int, tx *gorm.DB) error {
			person := by
			if i%2 == 0 {
				person = 0 // a late case that claims by itself
			}
			return s.Desk.ClaimBy(t.Context(), tx, cases[i].ID, p, person)
		}, "parcel_claimed")
		if won != 1 || lost != 15 {
			t.Errorf("%d won, %d were told", won, lost)
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM events WHERE type = 'backdock.parcel.claimed.v1'"); n != 1 {
			t.Errorf("claimed %d times", n)
		}
		if n := receivingtest.One[int](s, "SELECT SUM(received) FROM case_lines"); n != 1 {
			t.Errorf("%d pieces were counted", n)
		}
		(&scene{Site: s}).checkBooks()
	})
}

// race runs n transactions at once and counts those that commit and those that are refused with code.
func race(t *testing.T, s *receivingtest.Site, n int, act func(i int, tx *gorm.DB) error, code string) (won, lost int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			err := s.DB.InTx(t.Context(), func(tx *gorm.DB) error { return act(i, tx) })
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.Code(err) == code:
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return won, lost
}
