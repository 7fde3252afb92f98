package label_test

import (
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/sticker"
)

// The label that the server draws says what the bench's label said.
func TestLabelOfAUnit(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		s.Case("C1", s.Order("1001", tee), []string{"SF1234567890123"})
		h := s.Hand(s.Bench(3))
		h.Want("SF1234567890123", scanner.CodeParcelOpened)
		match := h.Want(receivingtest.GTIN(1), scanner.CodeMatched).Plate
		strange := h.Want("what-is-this", scanner.CodeUnknownItem).Plate
		undone := h.Want("and-this", scanner.CodeUnknownItem).Plate
		h.Want("BD:UNDO", scanner.CodeUndone)
		o := label.NewOffice(d)
		for _, tc := range []struct {
			plate, lang string
			want        sticker.Plate
		}{
			{match, "zh", sticker.Plate{Number: match, Name: "品名 TEE L", SKU: "TEE-L", Tote: scanner.BlueTote, Day: "2026-11-23"}},
			{match, "en", sticker.Plate{Number: match, Name: "TEE L", SKU: "TEE-L", Tote: scanner.BlueTote, Day: "2026-11-23"}},
			{strange, "zh", sticker.Plate{Number: strange, Name: "what-is-this", SKU: "LPN-" + strange, Tote: scanner.RedTote, Day: "2026-11-23"}},
		} {
			if got, err := o.Of(t.Context(), tc.plate, tc.lang); err != nil || got != tc.want {
				t.Errorf("%+v %v, want %+v", got, err, tc.want)
			}
		}
		for _, plate := range []string{undone, scanner.Plate(987654)} {
			if _, err := o.Of(t.Context(), plate, "zh"); fault.Code(err) != "unit_not_found" {
				t.Errorf("%s: %v", plate, err)
			}
		}
	})
}

func TestRolls(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		first, second := label.NewOffice(d), label.NewOffice(d)
		b, err := first.Roll(t.Context(), s.Warehouse.ID, 10, receivingtest.Start, nil)
		if err != nil {
			t.Fatal(err)
		}
		station := s.Bench(1)
		lease, err := first.Lease(t.Context(), station.Station.ID, station.Bench.ID, 10, receivingtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []*label.Office{first, second} { // the second has to ask the database
			for n, want := range map[int64]bool{b.First - 1: false, b.First: true, b.First + 9: true, lease.First: false, scanner.MaxPlate: false} {
				if got, err := o.OnRoll(t.Context(), d.Read, s.Warehouse.ID, n); err != nil || got != want {
					t.Errorf("plate %d on the roll: %v %v, want %v", n, got, err, want)
				}
			}
			if got, err := o.OnRoll(t.Context(), d.Read, s.Warehouse.ID+1, b.First); err != nil || got {
				t.Errorf("another warehouse's: %v %v", got, err)
			}
			if got, err := o.Holds(t.Context(), d.Read, station.Station.ID, b.First); err != nil || got {
				t.Errorf("a station holds a roll's plate: %v %v", got, err)
			}
		}
		for _, n := range []int{0, label.MaxRoll + 1} {
			if _, err := first.Roll(t.Context(), s.Warehouse.ID, n, receivingtest.Start, nil); fault.Code(err) != "roll_count" {
				t.Errorf("%d: %v", n, err)
			}
		}
	})
}
