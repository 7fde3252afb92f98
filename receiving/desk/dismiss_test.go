package desk_test

import (
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// A parked scan that is dismissed books nothing, keeps its bytes and its place, stops nobody behind it, and can be run again no more.
func TestDismiss(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		boss := s.User("经理", "m")
		dismiss := func(seq uint64, reason string) error {
			return s.Site.Desk.Dismiss(t.Context(), s.Producer, seq, boss, reason)
		}
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		s.Want(gtin(tee), scanner.CodeMatched)
		s.Want(gtin(hat), scanner.CodeParked)
		s.Want(gtin(hat), scanner.CodeParked)
		s.heal()
		for _, bad := range []struct {
			seq          uint64
			reason, code string
		}{{3, " ", "reason_missing"}, {9, "x", "scan_not_found"}, {2, "x", "scan_not_parked"}} {
			if err := dismiss(bad.seq, bad.reason); fault.Code(err) != bad.code {
				t.Errorf("scan %d: %v, want %s", bad.seq, err, bad.code)
			}
		}
		if err := s.rerun(4, boss); fault.Code(err) != "parked_earlier" {
			t.Fatalf("before: %v", err)
		}
		for range 2 {
			if err := dismiss(3, "the hat went back by hand"); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.stored(3); got.Code != scanner.CodeDismissed || len(got.Effects) != 0 || got.Params["reason"] == "" {
			t.Errorf("dismissed %+v", got)
		}
		if err := s.rerun(3, boss); fault.Code(err) != "scan_not_parked" {
			t.Errorf("run again: %v", err)
		}
		if err := s.rerun(4, boss); err != nil {
			t.Fatalf("the one behind it: %v", err)
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM events WHERE type = 'backdock.scan.dismissed.v1'"); n != 1 {
			t.Errorf("audited %d times", n)
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units"); n != 2 {
			t.Errorf("%d units", n)
		}
		s.Want("BD:DONE", scanner.CodeClosedShort)
		s.checkBooks()
	})
}

// One manager runs a scan again while others dismiss it: one of both happens, and the books say which.
func TestDismissOrRerun(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		boss := s.User("经理", "m")
		s.Want(way, scanner.CodeParcelOpened)
		s.poison()
		s.Want(gtin(hat), scanner.CodeParked)
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units"); n != 0 {
			s.heal()
			t.Fatal("the poison is none")
		}
		s.heal()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					errs[i] = s.rerun(2, boss)
				} else {
					errs[i] = s.Site.Desk.Dismiss(t.Context(), s.Producer, 2, boss, "not wanted")
				}
			})
		}
		wg.Wait()
		ran := receivingtest.One[int](s.Site, "SELECT count(*) FROM events WHERE type = 'backdock.scan.rerun.v1'")
		out := receivingtest.One[int](s.Site, "SELECT count(*) FROM events WHERE type = 'backdock.scan.dismissed.v1'")
		if ran+out != 1 || receivingtest.One[int](s.Site, "SELECT count(*) FROM units") != ran {
			t.Fatalf("run again %d times, dismissed %d times", ran, out)
		}
		for i, err := range errs {
			if won := (i%2 == 0) == (ran == 1); won != (err == nil) || !won && fault.Code(err) != "scan_not_parked" {
				t.Errorf("try %d: %v", i, err)
			}
		}
		s.checkBooks()
	})
}
