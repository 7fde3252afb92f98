package desk_test

import (
	"strings"
	"testing"

	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// onRoll makes the scene's bench take its plates from a roll, and gives the roll's plates.
func (s *scene) onRoll(count int) []string {
	s.T.Helper()
	s.Exec("UPDATE benches SET plates = 'preprinted'")
	b, err := label.NewOffice(s.DB).Roll(s.T.Context(), s.Warehouse.ID, count, receivingtest.Start, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	out := make([]string, count)
	for i := range out {
		out[i] = scanner.Plate(b.First + int64(i))
	}
	return out
}

// tell writes a story with R1, R2 … for the roll's plates.
func (s *scene) tell(roll []string, story string) scanner.Outcome {
	s.T.Helper()
	var pairs []string
	for i := len(roll); i > 0; i-- { // R12 before R1
		pairs = append(pairs, "R"+string(rune('0'+i)), roll[i-1])
	}
	return s.run(strings.NewReplacer(pairs...).Replace(story))
}

// Pre-printed plates: what each scan is answered, in both orders of sticking and scanning.
func TestRoll(t *testing.T) {
	open := way + " → parcel_opened\n"
	tee1 := gtin(tee)
	stories(t, []story{
		{"piece, then its plate", open + tee1 + " → scan_plate\nR1 → matched\n" + tee1 + " → scan_plate\nR2 → matched\nBD:DONE → closed"},
		{"plate, then its piece", open + "R1 → plate_ready\n" + tee1 + " → matched\nR2 → plate_ready\n" + tee1 + " → matched\nBD:DONE → closed"},
		{"a plate scanned before the waybill stays ready", "R1 → plate_ready\n" + open + tee1 + " → matched"},
		{"another label instead", open + "R1 → plate_ready\nR2 → plate_ready\n" + tee1 + " → matched\nR1 → plate_ready"},
		{"the next piece before the plate", open + tee1 + " → scan_plate\n" + tee1 + " → plate_missing\n" + gtin(hat) + " → plate_missing\nR1 → matched\n" + gtin(hat) + " → scan_plate\nR2 → undeclared"},
		{"unknown pieces get plates, too", open + "what-is-this → scan_plate\nR1 → unknown_item\n" + gtin(mug) + " → scan_plate\nR2 → wrong_item"},
		{"one too many", open + "R1 → plate_ready\n" + tee1 + " → matched\nR2 → plate_ready\n" + tee1 + " → matched\n" + tee1 + " → over\nBD:+1 → scan_plate\nR3 → extra"},
		{"over keeps the plate ready", open + "R1 → plate_ready\n" + tee1 + " → matched\nR2 → plate_ready\n" + tee1 + " → matched\nR3 → plate_ready\n" + tee1 + " → over\nBD:+1 → extra"},
		{"finished with a piece in the hand", open + tee1 + " → scan_plate\nR1 → matched\n" + tee1 + " → scan_plate\nBD:DONE → plate_missing\nR2 → matched\nBD:DONE → closed"},
		{"finished all the same", open + tee1 + " → scan_plate\nR1 → matched\n" + tee1 + " → scan_plate\nBD:DONE → plate_missing\nBD:DONE → closed_short"},
		{"next parcel with a piece in the hand", open + tee1 + " → scan_plate\nSF0000000000003 → plate_missing\nR1 → matched\nSF0000000000003 → previous_open"},
		{"held with a piece in the hand", open + tee1 + " → scan_plate\nBD:HOLD → plate_missing\nBD:HOLD → held"},
		{"empty with a piece in the hand", open + tee1 + " → scan_plate\nBD:EMPTY → plate_missing\nBD:EMPTY → empty_confirmed"},
		{"undo before the plate", open + tee1 + " → scan_plate\nBD:UNDO → undone\nR1 → plate_ready\n" + tee1 + " → matched"},
		{"undo after the plate voids it", open + tee1 + " → scan_plate\nR1 → matched\nBD:UNDO → undone\nR1 → plate_void"},
		{"the carton while a piece waits", open + tee1 + " → scan_plate\nCTN-MUG → scan_the_tag\nR1 → matched"},
		{"a plate of no roll", open + scanner.Plate(987654) + " → plate_unknown"},
		{"the plate of the piece before", open + tee1 + " → scan_plate\nR1 → matched\n" + tee1 + " → scan_plate\nR1 → plate_of_other\nR2 → matched"},
		{"looked at on purpose", open + tee1 + " → scan_plate\nR1 → matched\nR1 → plate_of_other\nR1 → unit_shown"},
	}, story.title, func(t *testing.T, site *receivingtest.Site, tc story) {
		s := newScene(site)
		other := s.Order("1003", s.SKU("SOCK-1", gtin(31)))
		s.Case("C3", other, []string{"SF0000000000003"})
		roll := s.onRoll(5)
		s.tell(roll, tc.text)
		units := receivingtest.One[int](s.Site, "SELECT count(*) FROM units")
		on := receivingtest.One[int](s.Site, "SELECT count(*) FROM units WHERE plate IN ?", roll)
		if units != on {
			t.Errorf("%d of %d units have a plate of the roll", on, units)
		}
	})
}

// 「U123 是上一件的,请贴 U124」: the plate of the piece before is named, and the one that comes next; a label that was torn off is passed over, the plate that is ready
// weighs more, and the end of the roll is no error.
func TestPlateOfThePieceBefore(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		roll := s.onRoll(4)
		wrong := func(what, plate, want string) {
			t.Helper()
			if o := s.Want(plate, scanner.CodePlateOfOther); o.Params["plate"] != plate || o.Params["want"] != want || o.Verdict != scanner.Attention {
				t.Errorf("%s: %+v, want %s", what, o, want)
			}
		}
		s.tell(roll, way+" → parcel_opened\n"+gtin(tee)+" → scan_plate\n")
		first := s.Want(roll[0], scanner.CodeMatched)
		if first.Plate != roll[0] || !first.Effects[0].Stuck || first.Tote != scanner.BlueTote {
			t.Errorf("%+v", first)
		}
		s.tell(roll, gtin(tee)+" → scan_plate\n")
		wrong("piece in hand", roll[0], roll[1])
		s.tell(roll, "R3 → matched\n") // R2 was torn
		wrong("after the skip", roll[2], roll[3])
		s.tell(roll, "R2 → plate_ready\n")
		wrong("one is ready", roll[2], roll[1])
		s.tell(roll, "BD:DONE → closed\nBD:NO-LABEL → owner_unknown_opened\n")
		wrong("of the parcel before", roll[2], roll[1])
		s.tell(roll, gtin(mug)+" → unclaimed\nR4 → plate_ready\n"+gtin(mug)+" → unclaimed\n")
		wrong("at the end of the roll", roll[3], "U…")
		if got := receivingtest.One[string](s.Site, "SELECT scanned FROM units WHERE plate = ?", roll[0]); got != gtin(tee) {
			t.Errorf("the unit keeps the code %q", got)
		}
		if s.View.Plates != scanner.PlatesPreprinted {
			t.Errorf("view %+v", s.View)
		}
	})
}

// With plates printed for each piece, the label of the piece before is caught as well, also when it belongs to the parcel before.
func TestLabelOfThePieceBefore(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.UsePlates = true
		s.Want(way, scanner.CodeParcelOpened)
		a := s.Want(gtin(tee), scanner.CodeMatched).Plate
		b := s.Want(gtin(tee), scanner.CodeMatched).Plate
		wrong := func(plate, want string) {
			t.Helper()
			if o := s.Want(plate, scanner.CodePlateOfOther); o.Params["plate"] != plate || o.Params["want"] != want {
				t.Errorf("%+v, want %s", o, want)
			}
		}
		wrong(a, b)
		s.Want(b, scanner.CodeUnitShown)
		s.Want(a, scanner.CodeUnitShown) // the label is on: whoever scans another one looks at it
		s.Want("BD:DONE", scanner.CodeClosed)
		s.Want("BD:NO-LABEL", scanner.CodeOwnerUnknownOpened)
		c := s.Want(gtin(mug), scanner.CodeUnclaimed).Plate
		wrong(b, c)
		s.Want(a, scanner.CodeUnitShown) // two pieces ago: somebody looks at it
		wrong(b, c)
	})
}

// A roll belongs to one warehouse, and its plates are never given out otherwise.
func TestRollIsOfOneWarehouse(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		far := receivingtest.NewNamed(t, s.DB, "GZ1", "FAR", "FAR1")
		b, err := label.NewOffice(s.DB).Roll(t.Context(), far.Warehouse.ID, 3, receivingtest.Start, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.onRoll(2)
		s.Want(way, scanner.CodeParcelOpened)
		s.Want(scanner.Plate(b.First), scanner.CodePlateUnknown)
		if _, err := label.NewOffice(s.DB).Roll(t.Context(), s.Warehouse.ID, label.MaxRoll+1, receivingtest.Start, nil); err == nil {
			t.Error("an endless roll was leased")
		}
		scan := s.Next(gtin(tee))
		scan.Plate = scanner.Plate(b.First + 1) // an agent that claims a plate of a roll
		s.Exec("UPDATE benches SET plates = ''")
		a, err := s.Send(scan)
		if err != nil {
			t.Fatal(err)
		}
		if o := a.Outcomes[0]; o.Code != scanner.CodeMatched || o.Plate == scan.Plate || o.Plate == "" {
			t.Errorf("%+v", o)
		}
	})
}
