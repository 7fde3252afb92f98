package desk_test

import (
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

const way = "SF1234567890123"

// A whole parcel: opened, matched, one too many confirmed, something nobody knows, closed; and the books agree.
func TestParcelFromWaybillToDone(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		c := s.Case("C1", s.Order("1001", tee, tee), []string{way})
		h := s.Hand(s.Bench(3))
		h.UsePlates = true
		o := h.Want(way, scanner.CodeParcelOpened)
		if o.Params["expected"] != "2" || o.Parcel != "P000001" {
			t.Fatalf("%+v", o)
		}
		first := h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		if first.Plate == "" || first.Tote != scanner.BlueTote || first.Effects[0].Kind != scanner.EffectUnitBooked {
			t.Fatalf("%+v", first)
		}
		h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		h.Want(receivingtest.GTIN(1), scanner.CodeOver)
		h.Want("BD:+1", scanner.CodeExtra)
		h.Want("XYZ-UNKNOWN", scanner.CodeUnknownItem)
		if v := h.View.Parcel; v == nil || v.Received != 2 || len(v.Lines) != 3 || h.View.Today.Pieces != 4 {
			t.Fatalf("view %+v", h.View)
		}
		h.Want("BD:DONE", scanner.CodeClosed)
		if got := receivingtest.One[string](s, "SELECT goods FROM cases WHERE id = ?", c.ID); got != "received" {
			t.Fatalf("goods %s", got)
		}
		if n := receivingtest.One[int](s, "SELECT quantity FROM balances WHERE account = 'quarantine' AND sku_id = ?", tee.ID); n != 3 {
			t.Fatalf("quarantine %d", n)
		}
		if n := receivingtest.One[int](s, "SELECT SUM(quantity) FROM balances WHERE account = 'custody'"); n != 1 {
			t.Fatalf("custody %d", n)
		}
		h.Want(way, scanner.CodeAlreadyReceived)
	})
}
