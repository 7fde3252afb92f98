package queue_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/queue"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

var now = receivingtest.Start

func waiting(n id.Parcel, since, deadline time.Duration, value int64) queue.Waiting {
	w := queue.Waiting{Parcel: n, Since: now.Add(-since), ValueMinor: value}
	if deadline != 0 {
		at := now.Add(deadline)
		w.Deadline = &at
	}
	return w
}

// Platform deadline first, then age, then value.
func TestOrder(t *testing.T) {
	t.Parallel()
	const h, m = time.Hour, time.Minute
	for name, tc := range map[string][2]queue.Waiting{
		"an earlier deadline":            {waiting(1, m, h, 0), waiting(2, 90*h, 2*h, 999)},
		"one that has passed":            {waiting(1, m, -h, 0), waiting(2, 90*h, h, 999)},
		"a deadline before none":         {waiting(1, m, 99*h, 0), waiting(2, 90*h, 0, 999)},
		"the same deadline: age":         {waiting(1, 9*h, h, 0), waiting(2, 2*h, h, 999)},
		"no deadline: age":               {waiting(1, 9*h, 0, 0), waiting(2, 8*h, 0, 999)},
		"within the hour: value":         {waiting(1, 9*h, 0, 999), waiting(2, 9*h+30*m, 0, 5)},
		"the same value: the older one":  {waiting(1, 9*h+30*m, 0, 5), waiting(2, 9*h, 0, 5)},
		"nothing tells them: the number": {waiting(1, 9*h, 0, 5), waiting(2, 9*h, 0, 5)},
	} {
		if queue.Compare(tc[0], tc[1], now) >= 0 || queue.Compare(tc[1], tc[0], now) <= 0 {
			t.Errorf("%s does not go first", name)
		}
	}
}

// It is an order: whatever the parcels and in whatever order they are read, they come out the same.
func TestOrderIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := id.Parcel(0)
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) queue.Waiting {
			n++
			return waiting(n, time.Duration(rapid.IntRange(0, 200).Draw(t, "age"))*time.Minute, time.Duration(rapid.IntRange(-2, 2).Draw(t, "deadline"))*time.Hour, rapid.Int64Range(0, 2).Draw(t, "value"))
		}), 1, 20).Draw(t, "parcels")
		other := rapid.Permutation(list).Draw(t, "read")
		queue.Sort(list, now)
		queue.Sort(other, now)
		if !slices.EqualFunc(list, other, func(a, b queue.Waiting) bool { return a.Parcel == b.Parcel }) {
			t.Fatalf("%v and %v", list, other)
		}
	})
}

// Benches without a parcel are told what to fetch, by the deadlines of cases that the dock knew by their numbers only.
func TestFetch(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		shirt := s.SKU("TEE-L", receivingtest.GTIN(1))
		s.Exec("UPDATE skus SET value_minor = 5000 WHERE id = ?", shirt.ID)
		for n, w := range []string{"SF0000000000001", "SF0000000000002", "SF0000000000003"} {
			c := s.Case([]string{"C1", "C2", "C3"}[n], s.Order([]string{"1", "2", "3"}[n], shirt, shirt), []string{w})
			if n > 0 {
				s.Exec("UPDATE cases SET deadline_at = ? WHERE id = ?", now.Add(time.Duration(48-n)*time.Hour), c.ID)
			}
		}
		s.Hand(s.BenchAt(s.Warehouse, 20, receiving.DockBench)).Scans("SF0000000000001", "SF0000000000002", "SF0000000000009", "SF0000000000003")
		bench := s.Hand(s.Bench(3))
		tails := func() (out []string) {
			for _, f := range bench.View.Fetch {
				out = append(out, f.Waybill[12:])
			}
			return out
		}
		if got := tails(); !slices.Equal(got, []string{"003", "002", "001"}) || bench.View.Fetch[0].Deadline == nil || bench.View.Fetch[2].Deadline != nil {
			t.Errorf("%v", bench.View.Fetch)
		}
		list, err := queue.At(d.Read, s.Warehouse.ID, now, "p.owner_id = ?", s.Owner.ID)
		if err != nil || len(list) != 3 || list[0].ValueMinor != 10_000 || !slices.Equal(list[0].Cases, []string{"C3"}) || list[0].Owner != s.Owner.Code {
			t.Errorf("%+v %v", list, err)
		}
		bench.Want("SF0000000000003", scanner.CodeParcelOpened)
		if bench.View.Fetch != nil {
			t.Error("a bench with an open parcel is told to fetch another")
		}
		bench.Want("BD:HOLD", scanner.CodeHeld)
		if got := tails(); !slices.Equal(got, []string{"002", "001", "009"}) {
			t.Errorf("%v", got)
		}
	})
}
