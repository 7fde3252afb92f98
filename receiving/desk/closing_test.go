package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"

	"gorm.io/gorm"
)

func (s *scene) goods(number string) string {
	s.T.Helper()
	return receivingtest.One[string](s.Site, "SELECT goods FROM cases WHERE number = ?", number)
}

// event reads the data of the newest event of a type.
func (s *scene) event(kind string) map[string]any {
	s.T.Helper()
	text := receivingtest.One[string](s.Site, "SELECT data FROM events WHERE type = ? ORDER BY id DESC LIMIT 1", "backdock."+kind+".v1")
	var data map[string]any
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		s.T.Fatal(err)
	}
	return data
}

// The goods facet follows the box: on its way, at the dock, part of it, all of it.
func TestGoodsFacet(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.people()
		if g := s.goods("C1"); g != "in_transit" {
			t.Fatal(g)
		}
		s.Want(way, scanner.CodeParcelOpened)
		if g := s.goods("C1"); g != "at_dock" {
			t.Error(g)
		}
		s.Want(gtin(tee), scanner.CodeMatched)
		if o := s.Want("BD:DONE", scanner.CodeClosedShort); o.Params["missing"] != "1" || o.Params["names"] != "L" || o.Params["pieces"] != "1" {
			t.Errorf("%+v", o)
		}
		if g := s.goods("C1"); g != "part_received" {
			t.Error(g)
		}
		if f := receivingtest.One[string](s.Site, "SELECT finding FROM receipt_lines WHERE expected > 0"); f != "short" {
			t.Errorf("line %s", f)
		}
		// The second box of the same return awaits only what has not come.
		if o := s.Want("SF0000000000002", scanner.CodeParcelOpened); o.Params["expected"] != "1" {
			t.Errorf("%+v", o)
		}
		s.Want(gtin(tee), scanner.CodeMatched)
		s.Want("BD:DONE", scanner.CodeClosed)
		if g := s.goods("C1"); g != "received" {
			t.Error(g)
		}
		if e := s.event("parcel.closed"); e["parcel"] == "" || e["short"] != 0.0 || e["received"] != 1.0 {
			t.Errorf("%v", e)
		}
		// A third number of a case that has everything.
		s.Waybill("SF0000000000099", receivingtest.One[idCase](s.Site, "SELECT id FROM cases WHERE number = 'C1'"))
		s.Want("SF0000000000099", scanner.CodeAlreadyReceived)
		s.Want("SF0000000000099", scanner.CodeParcelOpened)
		s.Want(gtin(tee), scanner.CodeUndeclared)
		s.checkBooks()
	})
}

// Words that the goods contradict are flagged for the service desk.
func TestContradictions(t *testing.T) {
	type words struct{ reason, story, flag string }
	two := gtin(tee) + " → matched\n" + gtin(tee) + " → matched\n"
	sealed := gtin(tee) + " → matched\nBD:CONDITION:sealed → condition_set\n"
	stories(t, []words{
		{"wrong_item", two, "wrong_item_but_right"},
		{"wrong_spec", two, "wrong_spec_but_right"},
		{"wrong_item", gtin(teeXL) + " → wrong_spec\n", ""},
		{"damaged_in_transit", sealed + sealed, "damaged_but_sealed"},
		{"damaged_in_transit", two, ""},
		{"changed_mind", two, ""},
	}, func(w words) string { return w.reason + " " + w.flag }, func(t *testing.T, site *receivingtest.Site, w words) {
		s := newScene(site)
		s.Exec("UPDATE cases SET reason = ?", w.reason)
		s.Want(way, scanner.CodeParcelOpened)
		s.run(w.story)
		s.Scan("BD:DONE")
		var flags []any
		if f, ok := s.event("parcel.closed")["flags"]; ok {
			flags = f.([]any)
		}
		if (w.flag == "") != (len(flags) == 0) || (w.flag != "" && flags[0] != w.flag) {
			t.Errorf("flags %v", flags)
		}
		if n := receivingtest.One[int](site, "SELECT count(*) FROM tasks WHERE kind = 'reason_contradicted'"); (n == 1) != (w.flag != "") {
			t.Errorf("%d tasks", n)
		}
	})
}

// A damaged piece that was awaited counts, but is not a match any more: no rule pays for it by itself.
func TestConditions(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Want(way, scanner.CodeParcelOpened)
		p := s.Want(gtin(tee), scanner.CodeMatched).Plate
		finding := func() string {
			return receivingtest.One[string](s.Site, "SELECT finding || ' ' || condition FROM units WHERE plate = ?", p)
		}
		if o := s.Want("BD:CONDITION:damaged", scanner.CodeConditionSet); o.Tote != scanner.YellowTote || o.Params["plate"] != p || finding() != "damaged damaged" {
			t.Errorf("%+v, %s", o, finding())
		}
		if s.Want("BD:CONDITION:opened", scanner.CodeConditionSet); finding() != "match opened" {
			t.Error(finding())
		}
		if s.Want("BD:CONDITION:accessory_missing", scanner.CodeConditionSet); finding() != "accessory_missing accessory_missing" {
			t.Error(finding())
		}
		if v := s.View.Parcel; v.Received != 1 || v.Lines[0].Condition != "accessory_missing" {
			t.Errorf("%+v", v)
		}
		s.Want(gtin(hat), scanner.CodeUndeclared)
		s.Want("BD:CONDITION:damaged", scanner.CodeConditionSet)
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units WHERE finding = 'undeclared' AND condition = 'damaged'"); n != 1 {
			t.Error("a condition hid that nobody declared the piece")
		}
		s.Want("BD:DONE", scanner.CodeClosedShort)
		s.Want("BD:CONDITION:dirty", scanner.CodeNothingToMark)
	})
}

// A manager opens a closed parcel again; what its closing told the case is taken back, and told anew when it is closed.
func TestReopen(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n" + gtin(tee) + " → matched\nBD:DONE → closed_short")
		p := receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels")
		by := s.User("经理", "m")
		if err := s.Site.Desk.Reopen(t.Context(), p, by, " "); fault.Code(err) != "reason_missing" {
			t.Errorf("%v", err)
		}
		if err := s.Site.Desk.Reopen(t.Context(), p, by, "一件落在箱底"); err != nil {
			t.Fatal(err)
		}
		if err := s.Site.Desk.Reopen(t.Context(), p, by, "again"); fault.Code(err) != "parcel_state" {
			t.Errorf("%v", err)
		}
		s.checkBooks()
		if o := s.Want(way, scanner.CodeParcelOpened); s.View.Parcel.Received != 1 || o.Effects[0].Kind != scanner.EffectParcelOpened {
			t.Errorf("%+v", s.View.Parcel)
		}
		s.run(gtin(tee) + " → matched\nBD:DONE → closed")
		if g := s.goods("C1"); g != "received" {
			t.Error(g)
		}
		s.checkBooks()
	})
}

// A parcel of unknown owner finds its case: what the case awaits goes to quarantine, the rest stays in custody under its new name.
func TestClaim(t *testing.T) {
	for _, state := range []string{"open", "closed", "held"} {
		t.Run(state, func(t *testing.T) {
			each(t, func(t *testing.T, s *scene) {
				s.run("YT1234567890123 → owner_unknown_opened\n" + gtin(tee) + " → unclaimed\n" + gtin(tee) + " → unclaimed\n" + gtin(tee) + " → unclaimed\n" +
					gtin(hat) + " → unclaimed\n" + gtin(teeXL) + " → unclaimed\n" + gtin(foreign) + " → unclaimed\n" + gtin(77) + " → unclaimed")
				switch state {
				case "closed":
					s.Want("BD:DONE", scanner.CodeClosed)
				case "held":
					s.Want("BD:HOLD", scanner.CodeHeld)
				}
				p := receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels")
				c := receivingtest.One[id.Case](s.Site, "SELECT id FROM cases WHERE number = 'C1'")
				claim := func() error {
					return s.DB.InTx(t.Context(), func(tx *gorm.DB) error { return s.Site.Desk.Claim(t.Context(), tx, c, p) })
				}
				if err := claim(); err != nil {
					t.Fatal(err)
				}
				if err := claim(); fault.Code(err) != "parcel_claimed" {
					t.Errorf("second claim: %v", err)
				}
				for finding, want := range map[string]string{"match": "2 quarantine", "extra": "1 quarantine", "undeclared": "1 quarantine", "wrong_spec": "1 custody",
					"other_seller": "1 custody", "unclaimed": "0 "} {
					got := receivingtest.One[string](s.Site, "SELECT CAST(count(*) AS TEXT) || ' ' || COALESCE(MIN(account), '') FROM units WHERE finding = ?", finding)
					if got != want {
						t.Errorf("%s: %s, want %s", finding, got, want)
					}
				}
				s.checkBooks()
				want := map[string]string{"open": "at_dock", "held": "at_dock", "closed": "received"}[state]
				if g := s.goods("C1"); g != want {
					t.Errorf("goods %s, want %s", g, want)
				}
				if state == "open" {
					s.Want(gtin(tee), scanner.CodeOver)
					s.Want("BD:DONE", scanner.CodeClosed)
					s.checkBooks()
				}
			})
		})
	}
}

// The day on the screen is the warehouse's, not the server's.
func TestDayTally(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\nBD:UNDO → undone\nBD:DONE → closed_short")
		if got := s.View.Today; got != (scanner.Tally{Parcels: 1, Pieces: 1}) {
			t.Errorf("%+v", got)
		}
		s.Clock.Add(14 * time.Hour) // 16:00 UTC is midnight in Hangzhou
		if v, err := s.Site.Desk.View(t.Context(), s.Hand.Bench.ID); err != nil || v.Today != (scanner.Tally{}) {
			t.Errorf("%+v %v", v.Today, err)
		}
		s.Want("BD:NO-LABEL", scanner.CodeOwnerUnknownOpened)
		s.Want(gtin(tee), scanner.CodeUnclaimed)
		if got := s.View.Today; got != (scanner.Tally{Pieces: 1}) {
			t.Errorf("%+v", got)
		}
	})
}

// What the station shows is what View reads.
func TestViewIsTheSameFromMemoryAndFromTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		for _, data := range []string{way, gtin(tee), gtin(hat), "never-seen", "BD:CONDITION:dirty", gtin(teeXL), "BD:UNDO"} {
			s.Scan(data)
			got, err := s.Site.Desk.View(t.Context(), s.Hand.Bench.ID)
			if err != nil {
				t.Fatal(err)
			}
			for i := range s.View.Parcel.Lines {
				s.View.Parcel.Lines[i].Last = false // only a scan knows which row it touched
			}
			a, _ := json.Marshal(s.View)
			b, _ := json.Marshal(got)
			if string(a) != string(b) {
				t.Errorf("after %q\nmemory   %s\ndatabase %s", data, a, b)
			}
		}
	})
}
