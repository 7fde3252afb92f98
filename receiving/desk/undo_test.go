package desk_test

import (
	"testing"

	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// UNDO names what it takes back, one thing at a time, and never a DONE.
func TestUndo(t *testing.T) {
	opened := way + " → parcel_opened\n"
	stories(t, []story{
		{"pieces, newest first, then the opening", opened + gtin(tee) + " → matched\n" + gtin(hat) + " → undeclared\nBD:UNDO → undone\nBD:UNDO → undone\nBD:UNDO → undone\nBD:UNDO → nothing_to_undo\n" + way + " → parcel_opened"},
		{"counts again afterwards", opened + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\nBD:UNDO → undone\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → over"},
		{"a piece nobody knew", opened + "never-seen → unknown_item\nBD:UNDO → undone\n" + gtin(tee) + " → matched"},
		{"an extra", opened + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → over\nBD:+1 → extra\nBD:UNDO → undone\nBD:DONE → closed"},
		{"a condition", opened + gtin(tee) + " → matched\nBD:CONDITION:damaged → condition_set\nBD:UNDO → undone\nBD:UNDO → undone\n" + gtin(tee) + " → matched"},
		{"a second label", opened + "SF0000000000002 → alias_added\nBD:UNDO → undone\nSF0000000000002 → alias_added"},
		{"hold", opened + "BD:HOLD → held\nBD:UNDO → undone\n" + gtin(tee) + " → matched"},
		{"resume", opened + "BD:HOLD → held\nBD:RESUME → resumed\nBD:UNDO → undone\n" + way + " → parcel_held"},
		{"never a DONE", opened + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\nBD:DONE → closed\nBD:UNDO → undo_refused\nBD:UNDO → undo_refused"},
		{"never an empty box", opened + "BD:EMPTY → empty_confirmed\nBD:UNDO → undo_refused"},
		{"not another clerk's", "BD:OPERATOR:right → operator_on\n" + opened + gtin(tee) + " → matched\nBD:OPERATOR:second → operator_on\nBD:UNDO → nothing_to_undo\nBD:OPERATOR:right → operator_on\nBD:UNDO → undone"},
		{"an opening is over once pieces came", opened + gtin(tee) + " → matched\nSF0000000000003 → previous_open\nSF0000000000003 → parcel_opened\nBD:UNDO → undone\nBD:UNDO → undo_refused"},
	}, story.title, func(t *testing.T, site *receivingtest.Site, tc story) {
		s := newScene(site)
		s.people()
		s.User("李敏", "second")
		s.run(tc.text)
		s.checkBooks()
	})
}

// The plate of a piece that was taken back is void for ever; the piece gets another.
func TestUndonePlateIsVoid(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.UsePlates = true
		s.Want(way, scanner.CodeParcelOpened)
		first := s.Want(gtin(tee), scanner.CodeMatched)
		undone := s.Want("BD:UNDO", scanner.CodeUndone)
		if undone.Params["plate"] != first.Plate || undone.Params["what"] != "piece" || undone.Params["sku"] == "" || undone.Effects[0].Kind != scanner.EffectUnitUndone {
			t.Errorf("%+v", undone)
		}
		s.Want(first.Plate, scanner.CodePlateVoid)
		if second := s.Want(gtin(tee), scanner.CodeMatched); second.Plate == first.Plate {
			t.Errorf("plate %s came back", first.Plate)
		}
		m := receivingtest.One[struct {
			CounterOf  *int64
			ToAccount  string
			FromUndone int64
		}](s.Site, `SELECT m.counter_of, m.to_account, u.id AS from_undone FROM movements m JOIN units u ON u.id = m.unit_id WHERE m.cause = 'undo' AND u.state = 'undone'`)
		if m.CounterOf == nil || m.ToAccount != "customer" {
			t.Errorf("counter-movement %+v", m)
		}
	})
}

// Once an inspector has judged a piece, its scan is history.
func TestUndoAfterInspection(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Want(way, scanner.CodeParcelOpened)
		p := s.Want(gtin(tee), scanner.CodeMatched).Plate
		s.Exec("UPDATE units SET state = 'available', account = 'available', version = version + 1 WHERE plate = ?", p)
		if o := s.Want("BD:UNDO", scanner.CodeUndoRefused); o.Params["why"] != "moved_on" || o.Params["plate"] != p {
			t.Errorf("%+v", o)
		}
	})
}

// Which label belongs on which piece.
func TestPlates(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.UsePlates = true
		s.Want(way, scanner.CodeParcelOpened)
		a, b := s.Want(gtin(tee), scanner.CodeMatched).Plate, s.Want(gtin(tee), scanner.CodeMatched).Plate
		if o := s.Want(a, scanner.CodePlateOfOther); o.Params["want"] != b {
			t.Errorf("%+v", o)
		}
		if o := s.Want(b, scanner.CodeUnitShown); o.Params["state"] != "quarantine" || o.Params["sku"] == "" {
			t.Errorf("%+v", o)
		}
		s.Want(a, scanner.CodeUnitShown) // b is stuck on: looking at another one is no mistake any more
		s.Want("BD:CONDITION:opened", scanner.CodeConditionSet)
		if c := receivingtest.One[string](s.Site, "SELECT condition FROM units WHERE plate = ?", b); c != "opened" {
			t.Errorf("condition of the last piece: %q", c)
		}
		elsewhere := s.Hand
		gz := s.Warehouse
		gz.ID, gz.Code = 0, "GZ2"
		s.Create(&gz)
		far := s.Site.Hand(s.BenchAt(gz, 1, "receiving"))
		far.Want(a, scanner.CodeOtherWarehouse)
		qc := s.Site.Hand(s.BenchAt(s.Warehouse, 20, "qc"))
		qc.Want(a, scanner.CodeLogOnFirst)
		qc.Want(gtin(tee), scanner.CodeLogOnFirst)
		qc.Want("BD:DONE", scanner.CodeNothingOpen)
		_ = elsewhere
	})
}

// A plate is taken from a scan only if it is the station's own and unused; else the server gives one.
func TestForeignAndUsedPlates(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		other := s.Site.Hand(s.Site.Bench(4))
		s.Want(way, scanner.CodeParcelOpened)
		send := func(plate string) scanner.Outcome {
			t.Helper()
			scan := s.Next("odd-" + itoa(int64(s.Seq)))
			scan.Plate = plate
			a, err := s.Send(scan)
			if err != nil {
				t.Fatal(err)
			}
			return a.Outcomes[0]
		}
		own := scanner.Plate(s.Plates.First)
		if o := send(own); o.Plate != own {
			t.Errorf("own plate not taken: %+v", o)
		}
		for _, bad := range []string{own, scanner.Plate(other.Plates.First), scanner.Plate(scanner.MaxPlate), "U123", ""} {
			if o := send(bad); o.Plate == bad || o.Plate == "" || o.Code != scanner.CodeUnknownItem {
				t.Errorf("plate %q: %+v", bad, o)
			}
		}
		// The same twice in one batch.
		x, y := s.Next("odd-x"), s.Next("odd-y")
		x.Plate = scanner.Plate(s.Plates.First + 1)
		y.Plate = x.Plate
		a, err := s.Send(x, y)
		if err != nil || a.Outcomes[0].Plate != x.Plate || a.Outcomes[1].Plate == x.Plate {
			t.Errorf("%+v %v", a.Outcomes, err)
		}
		s.checkBooks()
	})
}
