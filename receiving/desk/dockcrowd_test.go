package desk_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// Sixteen dock benches scan the same fifty waybills at once, each in an order of its own: one parcel each, one docking each, and every number is in one hand-over.
func TestManyDocksTheSameWaybills(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		const benches, waybills = 16, 50
		s := receivingtest.New(t, d)
		shirt := s.SKU("TEE-L", gtin(tee))
		var numbers []string
		for n := range waybills {
			number := fmt.Sprintf("SF%013d", 7000+n)
			numbers = append(numbers, number)
			if n%2 == 0 {
				s.Case(fmt.Sprint("C", n), s.Order(fmt.Sprint("N", n), shirt), []string{number})
			}
		}
		counts := map[scanner.Code]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for b := range benches {
			h := s.Hand(s.BenchAt(s.Warehouse, 20+b, receiving.DockBench))
			mine := append([]string{}, numbers...)
			rand.New(rand.NewPCG(7, uint64(b))).Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			all.Go(func() {
				outcomes := h.Scans(mine...)
				mu.Lock()
				defer mu.Unlock()
				for _, o := range outcomes {
					counts[o.Code]++
				}
			})
		}
		all.Wait()
		if counts[scanner.CodeDocked]+counts[scanner.CodeDockedUnknown] != waybills || counts[scanner.CodeAlreadyAtDock] != (benches-1)*waybills {
			t.Errorf("%v", counts)
		}
		for what, q := range map[string]string{
			"parcels at the dock":     "SELECT COUNT(*) FROM parcels WHERE state = 'at_dock'",
			"waybills":                "SELECT COUNT(DISTINCT waybill) FROM parcels",
			"parcels of hand-overs":   "SELECT CAST(SUM(parcels) AS BIGINT) FROM handovers",
			"cases at the dock twice": "SELECT 2 * COUNT(*) FROM cases WHERE goods = 'at_dock'",
		} {
			if n := receivingtest.One[int](s, q); n != waybills {
				t.Errorf("%s: %d, want %d", what, n, waybills)
			}
		}
		(&scene{Site: s}).checkBooks()
	})
}

// The dock and a bench scan one number at the same moment: one parcel, opened once, and never one at the dock that is open elsewhere.
func TestDockAndBenchAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		const rounds = 12
		s := receivingtest.New(t, d)
		shirt := s.SKU("TEE-L", gtin(tee))
		dock, bench := s.Hand(s.BenchAt(s.Warehouse, 20, receiving.DockBench)), s.Hand(s.Bench(5))
		for n := range rounds {
			number := fmt.Sprintf("SF%013d", 8000+n)
			if n%3 > 0 {
				s.Case(fmt.Sprint("C", n), s.Order(fmt.Sprint("N", n), shirt), []string{number})
			}
			var pair sync.WaitGroup
			var in, opened scanner.Outcome
			pair.Go(func() { in = dock.Scan(number) })
			pair.Go(func() { opened = bench.Scan(number) })
			pair.Wait()
			if in.Parcel != opened.Parcel || in.Parcel == "" {
				t.Errorf("the dock said %s %s, the bench %s %s", in.Code, in.Parcel, opened.Code, opened.Parcel)
			}
			if in.Code != scanner.CodeDocked && in.Code != scanner.CodeDockedUnknown && in.Code != scanner.CodeAlreadyOpened {
				t.Errorf("the dock said %s", in.Code)
			}
			if n%3 > 0 {
				bench.Scans(gtin(tee), "BD:DONE")
			} else {
				bench.Scans(gtin(tee))
				bench.Want("BD:DONE", scanner.CodeClosed)
			}
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM parcels WHERE state = 'closed'"); n != rounds {
			t.Errorf("%d parcels were closed, want %d", n, rounds)
		}
		(&scene{Site: s}).checkBooks()
	})
}
