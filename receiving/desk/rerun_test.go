package desk_test

import (
	"context"
	"reflect"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// heal takes back what poison did.
func (s *scene) heal() {
	if s.DB.Pool == nil {
		s.Exec("DROP TRIGGER poison")
		return
	}
	s.Exec("ALTER TABLE units DROP CONSTRAINT poison")
}

func (s *scene) rerun(seq uint64, by id.User) error {
	s.T.Helper()
	return s.Site.Desk.Rerun(s.T.Context(), s.Producer, seq, by, "the rule was wrong")
}

// stored is the outcome of one scan as a station that comes back would get it.
func (s *scene) stored(seq uint64) scanner.Outcome {
	s.T.Helper()
	all, err := s.Site.Desk.Stored(s.T.Context(), s.Producer, seq-1, 1)
	if err != nil || len(all) != 1 {
		s.T.Fatalf("%+v %v", all, err)
	}
	return all[0]
}

// A parked scan is decided once its cause is mended: the same scan, with the plate of its piece, for the clerk who scanned it; once, however often it is asked for.
func TestRerun(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.User("王芳", "BADGE")
		boss := s.User("经理", "m")
		s.UsePlates = true
		s.Want("BD:OPERATOR:BADGE", scanner.CodeOperatorOn)
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		scans := []scanner.Scan{s.Next(gtin(tee)), s.Next(gtin(hat)), s.Next(gtin(tee))}
		a, err := s.Send(scans...)
		if err != nil || a.Outcomes[1].Code != scanner.CodeParked || a.Outcomes[1].Params["plate"] != scans[1].Plate {
			t.Fatalf("%+v %v", a.Outcomes, err)
		}
		hash := receivingtest.One[string](s.Site, "SELECT content_hash FROM outcomes WHERE producer = ? AND seq = 4", s.Producer)
		if err := s.rerun(4, boss); fault.Code(err) != "scan_fails_still" || !fault.IsKind(err, fault.Conflict) {
			t.Fatalf("while it is broken: %v", err)
		}
		if got := s.stored(4); got.Code != scanner.CodeParked || receivingtest.One[int](s.Site, "SELECT count(*) FROM units") != 2 {
			t.Fatalf("a failed try changed something: %+v", got)
		}
		s.heal()
		s.User("李敏", "OTHER")
		s.Want("BD:OPERATOR:OTHER", scanner.CodeOperatorOn) // somebody else stands at the bench by now
		if err := s.rerun(4, boss); err != nil {
			t.Fatal(err)
		}
		got := s.stored(4)
		if got.Code != scanner.CodeUndeclared || got.Plate != scans[1].Plate || got.Clerk != "王芳" || got.Effects[0].Kind != scanner.EffectUnitBooked || got.Params["reason"] != "" {
			t.Fatalf("%+v", got)
		}
		if by := receivingtest.One[string](s.Site, "SELECT p.display FROM units u JOIN users p ON p.id = u.received_by WHERE u.plate = ?", got.Plate); by != "王芳" {
			t.Errorf("received by %s", by)
		}
		type mark struct {
			ByUser  id.User
			Version int64
		}
		if m := receivingtest.One[mark](s.Site, "SELECT by_user, version FROM events WHERE type = 'backdock.scan.rerun.v1' AND subject = ?", "scan/"+s.Producer+":4"); m.ByUser != boss {
			t.Errorf("audited as %+v", m)
		}
		for range 2 {
			if err := s.rerun(4, boss); err != nil {
				t.Fatalf("again: %v", err)
			}
		}
		if again := s.stored(4); !reflect.DeepEqual(again, got) || receivingtest.One[int](s.Site, "SELECT count(*) FROM units") != 3 {
			t.Errorf("again %+v", again)
		}
		if now := receivingtest.One[string](s.Site, "SELECT content_hash FROM outcomes WHERE producer = ? AND seq = 4", s.Producer); now != hash {
			t.Error("the scan itself was changed")
		}
		// The station may still send it: it is known, and so are those after it.
		if a, err := s.Send(scans...); err != nil || !reflect.DeepEqual(a.Outcomes[1], got) || a.View.Clerk != "李敏" {
			t.Errorf("replay: %+v %v", a, err)
		}
		s.Want("BD:DONE", scanner.CodeClosed)
		s.checkBooks()
	})
}

// The scan was made into a parcel: only there can it be decided. What would mean something else now is refused by name.
func TestRerunOnlyWhereItBelongs(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		boss := s.User("经理", "m")
		want := func(seq uint64, code string) {
			t.Helper()
			if err := s.rerun(seq, boss); fault.Code(err) != code || !fault.IsKind(err, fault.Conflict) {
				t.Errorf("scan %d: %v, want %s", seq, err, code)
			}
		}
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		s.Want(gtin(tee), scanner.CodeMatched)
		s.Want(gtin(hat), scanner.CodeParked)
		s.Want(gtin(hat), scanner.CodeParked)
		s.heal()
		want(2, "scan_not_parked")
		want(4, "parked_earlier")
		for _, seq := range []uint64{0, 9} {
			if err := s.rerun(seq, boss); fault.Code(err) != "scan_not_found" {
				t.Errorf("scan %d: %v", seq, err)
			}
		}
		if err := s.Site.Desk.Rerun(t.Context(), "nobody", 1, boss, "x"); fault.Code(err) != "scan_not_found" {
			t.Errorf("%v", err)
		}
		if err := s.Site.Desk.Rerun(t.Context(), s.Producer, 3, boss, "  "); fault.Code(err) != "reason_missing" {
			t.Errorf("%v", err)
		}
		if err := s.rerun(3, 0); fault.Code(err) != "person_needed" {
			t.Errorf("%v", err)
		}
		s.Want("BD:DONE", scanner.CodeClosedShort)
		want(3, "parked_parcel")
		s.Want("BD:NO-LABEL", scanner.CodeOwnerUnknownOpened)
		want(3, "parked_parcel")
		s.Want("BD:HOLD", scanner.CodeHeld)
		p := receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels WHERE waybill = ?", way)
		if err := s.Site.Desk.Reopen(t.Context(), p, boss, "a scan was parked"); err != nil {
			t.Fatal(err)
		}
		s.Want(way, scanner.CodeParcelOpened)
		for _, seq := range []uint64{3, 4} {
			if err := s.rerun(seq, boss); err != nil {
				t.Fatalf("scan %d: %v", seq, err)
			}
		}
		if a, b := s.stored(3), s.stored(4); a.Code != scanner.CodeUndeclared || b.Plate == "" || a.Plate == b.Plate {
			t.Errorf("%+v %+v", a, b)
		}
		for _, data := range []string{"BD:UNDO", "BD:CONDITION:damaged", "BD:RESUME", "BD:UNKNOWN-OWNER"} {
			s.Exec("UPDATE outcomes SET code = 'parked', data = ? WHERE producer = ? AND seq = 5", data, s.Producer)
			want(5, "scan_of_the_moment")
		}
		s.Exec("UPDATE outcomes SET code = 'closed_short', data = 'BD:DONE' WHERE producer = ? AND seq = 5", s.Producer)
		s.checkBooks()
	})
}

// It is judged after the scan that came before it, not after the newest: a code read meanwhile does not make it a double read, the one just before it does.
func TestRerunKeepsItsPlace(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		boss := s.User("经理", "m")
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		s.Want(gtin(hat), scanner.CodeParked)
		s.Mono -= 990_000 // 10 ms after it: the scanner read it twice
		s.Want(gtin(hat), scanner.CodeDoubleRead)
		s.heal()
		before := s.View.Version
		if err := s.rerun(2, boss); err != nil {
			t.Fatal(err)
		}
		if o := s.stored(2); o.Code != scanner.CodeUndeclared {
			t.Fatalf("%+v", o)
		}
		v, err := s.Site.Desk.View(t.Context(), s.Hand.Bench.ID)
		if err != nil || v.Version <= before || len(v.Parcel.Lines) != 2 {
			t.Errorf("view %+v %v", v, err)
		}
		if n := receivingtest.One[int](s.Site, "SELECT last_seq FROM producers WHERE id = ?", s.Producer); n != 3 {
			t.Errorf("the journal stands at %d", n)
		}
		if o := s.Want("BD:UNDO", scanner.CodeUndone); o.Params["plate"] != s.stored(2).Plate {
			t.Errorf("%+v", o)
		}
		s.checkBooks()
	})
}

// Many press the button while the bench goes on: one piece, and nothing of the bench's own work is lost.
func TestRerunRaces(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		boss := s.User("经理", "m")
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		s.Want(gtin(hat), scanner.CodeParked)
		s.heal()
		second := s.NewDesk()
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			d := s.Site.Desk
			if i%2 == 1 {
				d = second
			}
			wg.Go(func() { errs[i] = d.Rerun(t.Context(), s.Producer, 2, boss, "mended") })
		}
		s.Scans(gtin(tee), gtin(tee), gtin(mug))
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Errorf("%v", err)
			}
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units"); n != 4 {
			t.Errorf("%d units", n)
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM events WHERE type = 'backdock.scan.rerun.v1'"); n != 1 {
			t.Errorf("audited %d times", n)
		}
		s.checkBooks()
	})
}

// Who claims a parcel stands in its events and in the movements of its pieces; a late case claims by itself.
func TestClaimNamesThePerson(t *testing.T) {
	for name, person := range map[string]bool{"a person": true, "a late case": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *scene) {
				by := s.User("王芳", "m")
				if !person {
					by = 0
				}
				s.run("YT1234567890123 → owner_unknown_opened\n" + gtin(tee) + " → unclaimed\nBD:DONE → closed")
				p, c := receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels"), receivingtest.One[id.Case](s.Site, "SELECT id FROM cases WHERE number = 'C1'")
				if err := s.DB.InTx(t.Context(), func(tx *gorm.DB) error { return claimBy(t.Context(), s, tx, c, p, by) }); err != nil {
					t.Fatal(err)
				}
				for what, sql := range map[string]string{
					"parcel":   "SELECT COALESCE(by_user, 0) FROM events WHERE type = 'backdock.parcel.claimed.v1'",
					"unit":     "SELECT COALESCE(by_user, 0) FROM events WHERE type = 'backdock.unit.received.v1' ORDER BY id DESC LIMIT 1",
					"movement": "SELECT COALESCE(by_user, 0) FROM movements WHERE cause = 'claim'",
				} {
					if got := receivingtest.One[id.User](s.Site, sql); got != by {
						t.Errorf("%s by %d, want %d", what, got, by)
					}
				}
				s.checkBooks()
			})
		})
	}
}

func claimBy(ctx context.Context, s *scene, tx *gorm.DB, c id.Case, p id.Parcel, by id.User) error {
	if by == 0 {
		return s.Site.Desk.Claim(ctx, tx, c, p)
	}
	return s.Site.Desk.ClaimBy(ctx, tx, c, p, by)
}

// At other benches a scan is about the pieces in hand or the parcel scanned last: run again, a RELEASE would release, and a REFUSE turn away, what lies there now.
func TestRerunAtOtherBenchesMeansWhatIsInHand(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newFloorHall(t, d)
		boss := h.User("经理", "m")
		h.qc.Want(inspectorBadge, scanner.CodeOperatorOn)
		h.qc.Want(h.tees[0], scanner.CodeQCUnit)
		dock := h.Hand(h.BenchAt(h.Warehouse, 13, "dock"))
		dock.Want("SF7777777777777", scanner.CodeDockedUnknown)
		for _, c := range []struct {
			hand *receivingtest.Hand
			data []string
		}{{h.qc, []string{"BD:RELEASE", "BD:GRADE:A", h.tees[1]}}, {h.away, []string{h.tees[1], "B-01"}}, {dock, []string{"BD:REFUSE:damaged", "BD:COLLECT:12.50", "BD:DONE"}}} {
			for _, data := range c.data {
				a, err := c.hand.Send(c.hand.Next("BD:PHOTO"))
				if err != nil {
					t.Fatal(err)
				}
				seq := a.Outcomes[0].Seq
				h.Exec("UPDATE outcomes SET code = 'parked', data = ? WHERE producer = ? AND seq = ?", data, c.hand.Producer, seq)
				if err := h.Desk.Rerun(t.Context(), c.hand.Producer, seq, boss, "mended"); fault.Code(err) != "scan_of_the_moment" || !fault.IsKind(err, fault.Conflict) {
					t.Errorf("%s run again: %v", data, err)
				}
				if err := h.Desk.Dismiss(t.Context(), c.hand.Producer, seq, boss, "not wanted"); err != nil {
					t.Error(err)
				}
			}
		}
		if n := receivingtest.One[int](h.Site, "SELECT COUNT(*) FROM inspections"); n != 0 {
			t.Errorf("%d inspections", n)
		}
	})
}
