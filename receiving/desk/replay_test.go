package desk_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// A scan that is sent again gets the stored answer, word for word, and changes nothing.
func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		scans := []scanner.Scan{s.Next(way), s.Next(gtin(tee)), s.Next(gtin(hat)), s.Next("BD:CONDITION:damaged")}
		first, err := s.Send(scans...)
		if err != nil {
			t.Fatal(err)
		}
		next := s.Next(gtin(tee))
		again, err := s.Send(append(scans, next)...)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again.Outcomes[:4], first.Outcomes) {
			t.Errorf("again  %+v\nbefore %+v", again.Outcomes[:4], first.Outcomes)
		}
		if again.Outcomes[4].Code != scanner.CodeMatched || again.LastSeq != 5 {
			t.Errorf("the new one: %+v", again.Outcomes[4])
		}
		stored, err := s.Site.Desk.Stored(t.Context(), s.Producer, 1, 2)
		if err != nil || !reflect.DeepEqual(stored, first.Outcomes[1:3]) {
			t.Errorf("stored %+v, %v", stored, err)
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units"); n != 3 {
			t.Errorf("%d units", n)
		}
		only, err := s.Send(scans[:2]...)
		if err != nil || only.View.Version != again.View.Version || only.View.Parcel.Received != 2 {
			t.Errorf("view after a replay: %+v, %v", only.View, err)
		}
	})
}

// A journal that was restored or cloned says other things under known numbers: kept, alarmed, refused.
func TestSeqConflict(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Want(way, scanner.CodeParcelOpened)
		s.Want(gtin(tee), scanner.CodeMatched)
		s.Seq = 1
		other := s.Next(gtin(hat))
		_, err := s.Send(other, s.Next(gtin(hat)))
		if fault.Code(err) != wire.ErrSeqConflict || !fault.IsKind(err, fault.Conflict) {
			t.Fatalf("%v", err)
		}
		if body := receivingtest.One[string](s.Site, "SELECT body FROM conflicts WHERE producer = ? AND seq = 2", s.Producer); !strings.Contains(body, gtin(hat)) {
			t.Errorf("kept %s", body)
		}
		receivingtest.One[int64](s.Site, "SELECT id FROM events WHERE type = 'backdock.scan.conflict.v1'")
		if n := receivingtest.One[int](s.Site, "SELECT last_seq FROM producers WHERE id = ?", s.Producer); n != 2 {
			t.Errorf("last seq %d", n)
		}
	})
}

func TestGapsAndStrangers(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Want(way, scanner.CodeParcelOpened)
		s.Seq = 5
		if _, err := s.Send(s.Next(gtin(tee))); fault.Code(err) != wire.ErrSeqGap {
			t.Errorf("gap: %v", err)
		}
		b := s.Site.Bench(9)
		if _, err := s.Site.Desk.Accept(t.Context(), b.Station.ID, s.Producer, 0, []scanner.Scan{{Seq: 2, Data: "x"}}); fault.Code(err) != wire.ErrProducer {
			t.Errorf("foreign: %v", err)
		}
		if _, err := s.Site.Desk.Accept(t.Context(), b.Station.ID, id.Producer(), 0, []scanner.Scan{{Seq: 1, Data: "x"}}); fault.Code(err) != "producer_unknown" {
			t.Errorf("unknown: %v", err)
		}
		if _, err := s.Site.Desk.Hello(t.Context(), b.Station.ID, wire.FromStation{Producer: s.Producer}); fault.Code(err) != wire.ErrProducer {
			t.Errorf("hello with a foreign journal: %v", err)
		}
		s.Exec("UPDATE stations SET revoked_at = ? WHERE id = ?", receivingtest.Start, b.Station.ID)
		if _, err := s.Site.Desk.Hello(t.Context(), b.Station.ID, wire.FromStation{Producer: id.Producer()}); fault.Code(err) != wire.ErrRevoked {
			t.Errorf("revoked: %v", err)
		}
	})
}

// After a reconnect to a second server the first one may still hold scans of the station. Each scan is decided once, whoever sends it.
func TestSecondServer(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		second := s.NewDesk()
		s.Want(way, scanner.CodeParcelOpened)
		scans := []scanner.Scan{s.Next(gtin(tee)), s.Next(gtin(tee)), s.Next(gtin(tee)), s.Next("BD:+1")}
		type got struct {
			outcomes []scanner.Outcome
			err      error
		}
		results := make(chan got, 8)
		for i := range 8 {
			server := s.Site.Desk
			if i%2 == 1 {
				server = second
			}
			go func() {
				a, err := server.Accept(t.Context(), s.Hand.Bench.Station.ID, s.Producer, 0, scans)
				results <- got{a.Outcomes, err}
			}()
		}
		var want []scanner.Outcome
		for range 8 {
			r := <-results
			if r.err != nil {
				t.Fatal(r.err)
			}
			if want == nil {
				want = r.outcomes
			}
			if !reflect.DeepEqual(r.outcomes, want) {
				t.Errorf("one server says %+v, the other %+v", r.outcomes, want)
			}
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units"); n != 3 {
			t.Errorf("%d units", n)
		}
		// The cached parcel of the first server is stale now; it must not be believed.
		s.Hand.Desk = second
		s.Want(gtin(hat), scanner.CodeUndeclared)
		s.Hand.Desk = s.Site.Desk
		s.Want("BD:DONE", scanner.CodeClosed)
		if n := receivingtest.One[int](s.Site, "SELECT pieces FROM parcels"); n != 4 {
			t.Errorf("%d pieces", n)
		}
	})
}

// A scan that can never be decided is kept with its reason; those around it go on.
func TestParked(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		out := s.Scans(gtin(tee), gtin(hat), gtin(tee))
		for i, want := range []scanner.Code{scanner.CodeMatched, scanner.CodeParked, scanner.CodeMatched} {
			if out[i].Code != want {
				t.Errorf("scan %d: %s %v, want %s", i, out[i].Code, out[i].Params, want)
			}
		}
		if out[1].Params["reason"] == "" {
			t.Errorf("parked without a reason: %+v", out[1])
		}
		receivingtest.One[int64](s.Site, "SELECT id FROM events WHERE type = 'backdock.scan.parked.v1'")
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM outcomes WHERE producer = ?", s.Producer); n != 4 {
			t.Errorf("%d outcomes", n)
		}
		s.checkBooks()
	})
}

// poison makes the database refuse units of the cap, as a broken rule would.
func (s *scene) poison() {
	cup := s.sku("CAP-U")
	if s.DB.Pool == nil {
		s.Exec("CREATE TRIGGER poison BEFORE INSERT ON units WHEN NEW.sku_id = " + itoa(cup.ID) + " BEGIN SELECT RAISE(ABORT, 'poison'); END")
		return
	}
	s.Exec("ALTER TABLE units ADD CONSTRAINT poison CHECK (sku_id <> " + itoa(cup.ID) + ")")
}

// The badge of an operator is in no table.
func TestBadgeIsKeptNowhere(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.User("王芳", "SECRETBADGE")
		scan := s.Next("BD:OPERATOR:SECRETBADGE")
		a, err := s.Send(scan)
		if err != nil || a.Outcomes[0].Code != scanner.CodeOperatorOn || a.Outcomes[0].Clerk != "王芳" || a.View.Clerk != "王芳" {
			t.Fatalf("%+v %v", a, err)
		}
		if again, err := s.Send(scan); err != nil || !reflect.DeepEqual(again.Outcomes, a.Outcomes) {
			t.Fatalf("replay: %+v %v", again, err)
		}
		for _, q := range []string{"SELECT data || CAST(raw AS TEXT) || params FROM outcomes", "SELECT last_data FROM producers", "SELECT pending FROM benches"} {
			if text := receivingtest.One[string](s.Site, q); strings.Contains(text, "SECRET") || strings.Contains(text, "534543524554") {
				t.Errorf("%s: %s", q, text)
			}
		}
		if u := s.Want(way, scanner.CodeParcelOpened); u.Clerk != "王芳" {
			t.Errorf("%+v", u)
		}
		o := s.Want(gtin(tee), scanner.CodeMatched)
		if by := receivingtest.One[string](s.Site, "SELECT u.display FROM units x JOIN users u ON u.id = x.received_by WHERE x.plate = ?", o.Plate); by != "王芳" {
			t.Errorf("received by %s", by)
		}
	})
}
