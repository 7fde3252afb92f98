package desk_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

const (
	jdBox   = "JD0012345678901"
	yto     = "YT1234567890123"
	strange = "SF9999999999999"
	numeric = "773012345678901" // digits that several couriers use
)

// dockScene is a scene with a dock bench in hand; Bench 3 receives.
func newDockScene(s *receivingtest.Site) *scene {
	c := newScene(s)
	c.Hand = s.Hand(s.BenchAt(s.Warehouse, 20, receiving.DockBench))
	return c
}

// What each scan means at the dock.
func TestDock(t *testing.T) {
	stories(t, []story{
		{"one scan, one parcel", `
			SF1234567890123 → docked
			SF1234567890123 → already_at_dock
			YT1234567890123 → other_carrier
			YT1234567890123 → docked_unknown
			BD:DONE → handover_closed`},
		{"what is no waybill", `
			` + gtin(mug) + ` → not_a_waybill
			C1 → not_a_waybill
			1001 → not_a_waybill
			hello → unknown_code
			(01)06901234567892(21)A1 → not_a_waybill
			BD:GRADE:A → control_not_here
			BD:+1 → control_not_here
			BD:HOLD → control_not_here
			BD:NONSENSE → control_unknown`},
		{"no label", `
			BD:NO-LABEL → docked_no_label
			BD:NO-LABEL → docked_no_label
			{parcel} → already_at_dock
			BD:UNDO → undone
			{parcel} → docked_no_label`},
		{"courier of the whole hand-over", `
			BD:CARRIER:nobody → carrier_unknown
			BD:CARRIER:zto → carrier_set
			SF1234567890123 → other_carrier
			SF1234567890123 → docked
			BD:CARRIER:yto → handover_open
			BD:CARRIER:yto → carrier_set
			BD:DONE:2 → handover_differs
			BD:DONE:x → handover_differs
			BD:DONE:1 → handover_closed
			BD:DONE → handover_empty`},
		{"freight collect and damage", `
			BD:COLLECT:12.50 → nothing_docked
			BD:CONDITION:damaged → nothing_docked
			SF1234567890123 → docked
			BD:COLLECT → collect_amount
			BD:COLLECT:12.345 → amount_invalid
			BD:COLLECT:0 → amount_invalid
			BD:COLLECT:6901443214507 → amount_invalid
			BD:COLLECT:12.5 → collect_noted
			BD:CONDITION:damaged → box_damaged
			BD:CONDITION:dirty → control_not_here
			BD:UNDO → undone
			BD:UNDO → undone
			BD:UNDO → undone
			BD:UNDO → nothing_to_undo`},
		{"refused, and brought again", `
			BD:REFUSE → nothing_docked
			SF1234567890123 → docked
			BD:REFUSE:ugly → reason_unknown
			BD:REFUSE:damaged → refused_at_dock
			BD:REFUSE → nothing_docked
			BD:DONE → handover_empty
			SF1234567890123 → turned_before
			SF1234567890123 → docked
			SF1234567890123 → already_at_dock
			BD:DONE:1 → handover_closed`},
		{"handed back", `
			SF9999999999999 → docked_unknown
			BD:HAND-BACK → handed_back
			BD:UNDO → undone
			SF9999999999999 → already_at_dock
			BD:HAND-BACK:not_ours → handed_back`},
		{"a closed hand-over stays", `
			SF1234567890123 → docked
			BD:DONE → handover_closed
			BD:UNDO → undo_refused`},
		{"a number that the buyer has signed for", `
			SF5555555555555 → old_label
			SF5555555555555 → docked
			SF5555555555555 → already_at_dock`},
		{"a parcel that comes back whole", `
			SF6666666666666 → docked
			BD:UNDO → undone
			SF6666666666666 → docked`},
	}, story.title, func(t *testing.T, s *receivingtest.Site, tc story) {
		c := newDockScene(s)
		s.Shipment("SF5555555555555", "delivered", c.order)
		s.Shipment("SF6666666666666", "refused", c.order)
		c.run(tc.text)
		c.checkBooks()
	})
}

// A parcel of the dock is opened at a bench as if it had come straight to it, and what it awaits is looked up then.
func TestDockedParcelOpens(t *testing.T) {
	stories(t, []struct{ name, number, opens, open string }{
		{"a case's waybill", way, "docked", "parcel_opened"},
		{"a number that nobody knows", strange, "docked_unknown", "owner_unknown_opened"},
		{"a parcel that comes back whole", "SF6666666666666", "docked", "parcel_opened"},
	}, func(tc struct{ name, number, opens, open string }) string { return tc.name }, func(t *testing.T, s *receivingtest.Site, tc struct{ name, number, opens, open string }) {
		c := newDockScene(s)
		s.Shipment("SF6666666666666", "refused", c.order)
		docked := c.Want(tc.number, scanner.Code(tc.opens))
		bench := s.Hand(s.Bench(5))
		opened := bench.Want(tc.number, scanner.Code(tc.open))
		if opened.Parcel != docked.Parcel {
			t.Errorf("the dock has %s, the bench opened %s", docked.Parcel, opened.Parcel)
		}
		if o := c.Want(tc.number, scanner.CodeAlreadyOpened); o.Params["bench"] != "5" {
			t.Errorf("%+v", o)
		}
		c.Want("BD:HAND-BACK", scanner.CodeNothingDocked)
		c.checkBooks()
	})
}

// The case number finds the box at the dock, whose number nobody scanned at the bench.
func TestCaseNumberFindsTheDockedBox(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		docked := c.Want(way, scanner.CodeDocked)
		opened := c.Site.Hand(c.Site.Bench(5)).Want("C1", scanner.CodeParcelOpened)
		if opened.Parcel != docked.Parcel {
			t.Errorf("%s is at the dock, %s was opened", docked.Parcel, opened.Parcel)
		}
		c.checkBooks()
	})
}

// What stands at the dock is on the case, the parcel and the hand-over; what is turned away is not.
func TestDockTellsTheCase(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		goods := func(want string) {
			t.Helper()
			if got := receivingtest.One[string](c.Site, "SELECT goods FROM cases WHERE number = 'C1'"); got != want {
				t.Errorf("goods are %s, want %s", got, want)
			}
		}
		c.Site.Waybill("SF1234567890999", receivingtest.One[id.Case](c.Site, "SELECT id FROM cases WHERE number = 'C1'"))
		scan := c.Next(way)
		scan.WeightGrams, scan.WeightStable = 1234, true
		if a, err := c.Send(scan); err != nil || a.Outcomes[0].Code != scanner.CodeDocked {
			t.Fatal(a, err)
		}
		goods("at_dock")
		if v := c.View.Dock; v == nil || v.Count != 1 || v.Carrier != "sf" || v.Said || v.Last.WeightGrams != 1234 || v.Last.Waybill != way || v.Last.Owner != c.Site.Owner.Name {
			t.Errorf("%+v", v)
		}
		c.Want("SF1234567890999", scanner.CodeDocked)
		c.Want("BD:REFUSE", scanner.CodeRefusedAtDock)
		goods("at_dock") // the other box is here
		c.Want(way, scanner.CodeAlreadyAtDock)
		if o := c.Want("BD:HAND-BACK:not_ours", scanner.CodeHandedBack); o.Params["count"] != "0" {
			t.Errorf("%+v", o)
		}
		goods("in_transit")
		c.Want("BD:UNDO", scanner.CodeUndone)
		goods("at_dock")
		c.checkBooks()
	})
}

// Boxes of one consignment: one number with a package part behind it, or numbers of their own under a parent's.
func TestConsignments(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		first := c.Want(jdBox+"-1-3-", scanner.CodeDockedUnknown)
		if first.Params["arrived"] != "1" || first.Params["parts"] != "3" {
			t.Errorf("%+v", first)
		}
		c.Want(jdBox+"-1-3-", scanner.CodeAlreadyAtDock)
		second := c.Want(jdBox+"-2-3-", scanner.CodeDockedUnknown)
		if second.Parcel == first.Parcel || second.Params["arrived"] != "2" {
			t.Errorf("%+v", second)
		}
		bench := c.Site.Hand(c.Site.Bench(5))
		for _, label := range []struct{ data, parcel string }{{jdBox + "-2-3-", second.Parcel}, {jdBox + "-1-3-", first.Parcel}} {
			if o := bench.Want(label.data, scanner.CodeOwnerUnknownOpened); o.Parcel != label.parcel {
				t.Errorf("%s opened %s, want %s", label.data, o.Parcel, label.parcel)
			}
			bench.Want(gtin(mug), scanner.CodeUnclaimed)
			bench.Want("BD:DONE", scanner.CodeClosed)
		}
		third := bench.Want(jdBox+"-3-3-", scanner.CodeOwnerUnknownOpened)
		if third.Parcel == first.Parcel || third.Parcel == second.Parcel {
			t.Errorf("the third box is %s", third.Parcel)
		}

		c.Site.Exec("INSERT INTO waybill_parents (child, parent, carrier, source) VALUES ('SF0000000000002', ?, 'sf', 'track')", way)
		c.Want("SF1234567890123", scanner.CodeOtherCarrier)
		if o := c.Want("SF1234567890123", scanner.CodeDocked); o.Params["arrived"] != "1" || o.Params["parts"] != "2" {
			t.Errorf("%+v", o)
		}
		c.Want("SF0000000000002", scanner.CodeOtherCarrier)
		child := c.Want("SF0000000000002", scanner.CodeDocked)
		if child.Params["arrived"] != "2" {
			t.Errorf("%+v", child)
		}
		if o := c.Site.Hand(c.Site.Bench(6)).Want("SF0000000000002", scanner.CodeParcelOpened); o.Parcel != child.Parcel || o.Params["expected"] != "2" {
			t.Errorf("%+v", o)
		}
		c.checkBooks()
	})
}

// The courier that a person says stands on the parcels whose number does not tell.
func TestCarrierOfAHandover(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		c.Want(numeric, scanner.CodeDockedUnknown)
		c.Want("BD:CARRIER:STO", scanner.CodeCarrierSet)
		c.Want("773012345678902", scanner.CodeDockedUnknown)
		if n := receivingtest.One[int](c.Site, "SELECT COUNT(*) FROM parcels WHERE carrier = 'sto'"); n != 2 {
			t.Errorf("%d parcels are of sto", n)
		}
		o := c.Want("BD:DONE:2", scanner.CodeHandoverClosed)
		if o.Params["carrier"] != "sto" || o.Params["count"] != "2" || c.View.Dock.Count != 0 || c.View.Dock.Handover != 0 {
			t.Errorf("%+v %+v", o, c.View.Dock)
		}
		c.checkBooks()
	})
}

// A case that comes late claims the parcel at the dock, and the bench sees what it awaits.
func TestLateCaseClaimsAtTheDock(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		docked := c.Want(strange, scanner.CodeDockedUnknown)
		late := c.Site.Case("C9", c.order, []string{strange}, receivingtest.Back{Line: 1, Quantity: 1})
		parcel, _ := receiving.ParseParcelNumber(docked.Parcel)
		c.Site.Do(func(tx *gorm.DB) error { return c.Site.Desk.Claim(t.Context(), tx, late.ID, parcel) })
		o := c.Site.Hand(c.Site.Bench(5)).Want(strange, scanner.CodeParcelOpened)
		if o.Parcel != docked.Parcel || o.Params["expected"] != "1" {
			t.Errorf("%+v", o)
		}
		c.checkBooks()
	})
}

// Read twice within the window it is one reading; later it is a question already answered.
func TestDockDoubleRead(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newDockScene(receivingtest.New(t, d))
		first, second := c.Next(way), c.Next(way)
		second.MonoMicros = first.MonoMicros + (300 * time.Millisecond).Microseconds()
		a, err := c.Send(first, second)
		if err != nil || a.Outcomes[0].Code != scanner.CodeDocked || a.Outcomes[1].Code != scanner.CodeDoubleRead {
			t.Fatalf("%+v %v", a.Outcomes, err)
		}
		o := c.Want(way, scanner.CodeAlreadyAtDock)
		if _, err := time.Parse(time.RFC3339, o.Params["time"]); err != nil {
			t.Errorf("%+v", o)
		}
		c.checkBooks()
	})
}
