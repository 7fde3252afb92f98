package desk_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// Eight benches receive the same product at once; nobody waits in a circle and the one balance row is right.
func TestManyBenchesOneSKU(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		const benches, parcels, pieces = 8, 3, 10
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", gtin(tee))
		cup := s.SKU("CAP-U", gtin(hat))
		var all sync.WaitGroup
		for b := range benches {
			h := s.Hand(s.Bench(b + 1))
			h.UsePlates = true
			var script []string
			for p := range parcels {
				n := b*parcels + p
				number := fmt.Sprintf("SF%013d", 1000+n)
				o := s.Order(fmt.Sprint("N", n), tee, tee, tee, tee, tee, tee, tee, tee, tee, cup)
				s.Case(fmt.Sprint("C", n), o, []string{number})
				script = append(script, number)
				for i := range pieces {
					if (i+b)%pieces == 0 { // the order in which products come differs from bench to bench
						script = append(script, gtin(2))
					} else {
						script = append(script, gtin(1))
					}
				}
				script = append(script, "BD:DONE")
			}
			all.Go(func() {
				for _, o := range h.Scans(script...) {
					if o.Verdict != scanner.Accepted {
						t.Errorf("bench %d: %s %v", b+1, o.Code, o.Params)
					}
				}
			})
		}
		all.Wait()
		if n := receivingtest.One[int](s, "SELECT quantity FROM balances WHERE sku_id = ? AND account = 'quarantine'", tee.ID); n != benches*parcels*9 {
			t.Errorf("%d in quarantine, want %d", n, benches*parcels*9)
		}
		if n := receivingtest.One[int](s, "SELECT count(*) FROM cases WHERE goods = 'received'"); n != benches*parcels {
			t.Errorf("%d cases received", n)
		}
		checkBooks(s)
	})
}

// Thirty-two attempts to close one parcel, from four benches that take it from each other: it is closed once.
func TestOneCloseWins(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		goods := s.SKU("TEE-L", gtin(tee))
		c := s.Case("C1", s.Order("1001", goods, goods), []string{way})
		first := s.Hand(s.Bench(1))
		first.Want(way, scanner.CodeParcelOpened)
		first.Want(gtin(tee), scanner.CodeMatched)
		first.Want(gtin(tee), scanner.CodeMatched)
		var all sync.WaitGroup
		closed := make(chan string, 32)
		for n := range 32 {
			b := receivingtest.Bench{Bench: first.Bench.Bench, Station: first.Bench.Station}
			if n%4 != 0 {
				b = s.Bench(2 + n)
			}
			h := s.Hand(b)
			all.Go(func() {
				for _, data := range []string{way, way, "BD:DONE"} {
					a, err := h.Send(h.Next(data))
					if err != nil {
						t.Error(err)
						return
					}
					for _, e := range a.Outcomes[0].Effects {
						if e.Kind == scanner.EffectParcelClosed {
							closed <- e.Parcel
						}
					}
				}
			})
		}
		all.Wait()
		close(closed)
		n := 0
		for range closed {
			n++
		}
		// Whoever took it over and lost it again may have left it open; then nobody closed it twice either.
		if events := receivingtest.One[int](s, "SELECT count(*) FROM events WHERE type = 'backdock.parcel.closed.v1'"); events != n || n != 1 {
			t.Errorf("closed %d times, %d events", n, events)
		}
		if r := receivingtest.One[int](s, "SELECT received FROM case_lines WHERE case_id = ?", c.ID); r != 2 {
			t.Errorf("the case counts %d pieces", r)
		}
		checkBooks(s)
	})
}

// One waybill, scanned at every bench at the same moment: one parcel.
func TestOneOpenWins(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		s.Case("C1", s.Order("1001", s.SKU("TEE-L", gtin(tee))), []string{way})
		var all sync.WaitGroup
		for n := range 16 {
			h := s.Hand(s.Bench(1 + n))
			number := way
			if n%2 == 1 {
				number = "YT1234567890123" // nobody knows it: there is no row to lock
			}
			all.Go(func() {
				a, err := h.Send(h.Next(number))
				if err != nil {
					t.Error(err)
					return
				}
				switch a.Outcomes[0].Code {
				case scanner.CodeParcelOpened, scanner.CodeOwnerUnknownOpened, scanner.CodeOpenElsewhere:
				default:
					t.Errorf("%+v", a.Outcomes[0])
				}
			})
		}
		all.Wait()
		if n := receivingtest.One[int](s, "SELECT count(*) FROM parcels"); n != 2 {
			t.Errorf("%d parcels", n)
		}
		checkBooks(s)
	})
}

// A parcel that another bench has open is taken over by insisting; that bench knows it at once.
func TestTakeOver(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n" + gtin(tee) + " → matched")
		other := s.Site.Hand(s.Site.Bench(5))
		if o := other.Want(way, scanner.CodeOpenElsewhere); o.Params["bench"] != "3" {
			t.Errorf("%+v", o)
		}
		other.Want(way, scanner.CodeTakenOver)
		if v := other.View.Parcel; v == nil || v.Received != 1 || len(v.Lines[0].Plates) != 1 {
			t.Errorf("view %+v", other.View)
		}
		view, err := s.Site.Desk.View(t.Context(), s.Hand.Bench.ID)
		if err != nil || view.Parcel != nil || view.Version <= s.View.Version {
			t.Errorf("the first bench still shows %+v, %v", view, err)
		}
		s.Want(gtin(tee), scanner.CodeScanWaybillFirst)
		other.Want(gtin(tee), scanner.CodeMatched)
		other.Want("BD:DONE", scanner.CodeClosed)
		if o := s.Want(way, scanner.CodeAlreadyReceived); o.Params["bench"] != "5" || o.Params["pieces"] != "2" || o.Params["time"] == "" {
			t.Errorf("%+v", o)
		}
		s.checkBooks()
	})
}

// A piece that another bench awaits is handed over there, unless the clerk insists.
func TestBelongsElsewhere(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Case("C2", s.Order("1002", s.sku("MUG-1")), []string{"SF0000000000002"})
		other := s.Site.Hand(s.Site.Bench(5))
		other.Want("SF0000000000002", scanner.CodeParcelOpened)
		s.Want(way, scanner.CodeParcelOpened)
		if o := s.Want(gtin(mug), scanner.CodeBelongsElsewhere); o.Params["bench"] != "5" {
			t.Errorf("%+v", o)
		}
		s.Want(gtin(mug), scanner.CodeWrongItem)
		other.Want(gtin(mug), scanner.CodeMatched)
		s.Want(gtin(mug), scanner.CodeWrongItem)
	})
}
