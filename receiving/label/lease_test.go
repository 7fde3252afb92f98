package label_test

import (
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// Two offices lease for many stations at once: no number is given out twice.
func TestLeasesNeverOverlap(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		offices := []*label.Office{label.NewOffice(d), label.NewOffice(d)}
		b := s.Bench(1)
		var mu sync.Mutex
		seen := map[int64]bool{}
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				o := offices[n%2]
				for range 5 {
					block, err := o.Lease(t.Context(), b.Station.ID, b.Bench.ID, 7, receivingtest.Start)
					if err != nil {
						t.Error(err)
						return
					}
					pool, err := o.Reserve(t.Context(), 3, receivingtest.Start)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for i := range int64(block.Count) {
						pool = append(pool, block.First+i)
					}
					for _, p := range pool {
						if seen[p] {
							t.Errorf("plate %d twice", p)
						}
						seen[p] = true
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(seen) != 8*5*10 {
			t.Errorf("%d numbers", len(seen))
		}
	})
}

func TestHolds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		one, two := s.Bench(1), s.Bench(2)
		first, second := label.NewOffice(d), label.NewOffice(d)
		a, err := first.Lease(t.Context(), one.Station.ID, one.Bench.ID, 10, receivingtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.Lease(t.Context(), two.Station.ID, two.Bench.ID, 10, receivingtest.Start); err != nil {
			t.Fatal(err)
		}
		for _, o := range []*label.Office{first, second} { // the second has to ask the database
			for n, want := range map[int64]bool{a.First - 1: false, a.First: true, a.First + 9: true, a.First + 10: false, scanner.MaxPlate: false} {
				if got, err := o.Holds(t.Context(), d.Read, one.Station.ID, n); err != nil || got != want {
					t.Errorf("station 1 holds %d: %v %v, want %v", n, got, err, want)
				}
			}
		}
		latest, ok, err := second.Latest(t.Context(), d.Read, one.Station.ID, receivingtest.Start)
		if err != nil || !ok || latest != a {
			t.Errorf("latest %+v %v %v", latest, ok, err)
		}
		if _, ok, err := second.Latest(t.Context(), d.Read, one.Station.ID, receivingtest.Start.Add(time.Second)); ok || err != nil {
			t.Errorf("a block from before: %v %v", ok, err)
		}
	})
}

func TestReserveAndReturn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		o := label.NewOffice(d)
		a, err := o.Reserve(t.Context(), 5, receivingtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		o.Return(a[2:])
		b, err := o.Reserve(t.Context(), 4, receivingtest.Start)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int64{a[2], a[3], a[4], a[4] + 1} {
			if b[i] != want {
				t.Errorf("reserved %v after %v", b, a)
				break
			}
		}
		if got, err := o.Holds(t.Context(), d.Read, id.Station(1), a[0]); got || err != nil {
			t.Errorf("the server's plate belongs to a station: %v %v", got, err)
		}
		var n int64
		if err := d.Read.Model(&receiving.Lease{}).Count(&n).Error; err != nil || n != 1 {
			t.Errorf("%d leases for nine plates, %v", n, err)
		}
	})
}

func TestPlatesRunOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		o := label.NewOffice(d)
		for _, n := range []int{0, -1, label.MaxLease + 1} {
			if _, err := o.Lease(t.Context(), 0, 0, n, receivingtest.Start); fault.Code(err) != "lease_count" {
				t.Errorf("%d plates: %v", n, err)
			}
		}
		err := d.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Exec("UPDATE plate_counter SET next = ?", scanner.MaxPlate-4).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := o.Lease(t.Context(), 0, 0, 5, receivingtest.Start); err != nil || b.First+4 != scanner.MaxPlate {
			t.Errorf("the last five: %+v %v", b, err)
		}
		if _, err := o.Lease(t.Context(), 0, 0, 1, receivingtest.Start); fault.Code(err) != "plates_spent" {
			t.Errorf("%v", err)
		}
	})
}
