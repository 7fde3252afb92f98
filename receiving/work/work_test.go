package work_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/receiving/work"
	"github.com/backdock/backdock/scanner"
)

const way = "SF1234567890123"

// counted reads what is counted: "measure bench user hour" → n, without the cells that add up to nothing.
func counted(s *receivingtest.Site) map[string]int64 {
	s.T.Helper()
	var rows []struct {
		Measure, Day string
		BenchID      id.Bench
		UserID       id.User
		Hour         int
		N            int64
	}
	if err := s.DB.Read.Raw("SELECT measure, bench_id, user_id, day, hour, n FROM work_done WHERE n <> 0").Scan(&rows).Error; err != nil {
		s.T.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[fmt.Sprintf("%s bench %d user %d %s %02d", r.Measure, r.BenchID, r.UserID, r.Day, r.Hour)] = r.N
	}
	return out
}

func settle(s *receivingtest.Site, p *work.Projection) {
	s.T.Helper()
	if err := s.Log.SettleNow(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	if err := p.CatchUp(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
}

func want(s *receivingtest.Site, cells map[string]int64) {
	s.T.Helper()
	if got := counted(s); !maps.Equal(got, cells) {
		s.T.Errorf("counted\n%v\nwant\n%v", got, cells)
	}
}

// A morning at the dock and at a bench: every act in the hour, at the bench and for the operator that did it; what is taken back leaves the cell it was counted in.
func TestWorkDone(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		p := work.New(d, s.Log)
		shirt := s.SKU("TEE-L", receivingtest.GTIN(1))
		s.Case("C1", s.Order("1001", shirt, shirt), []string{way})
		li := s.User("li", "L")
		dock, bench := s.Hand(s.BenchAt(s.Warehouse, 20, receiving.DockBench)), s.Hand(s.Bench(3))
		bench.Want("BD:OPERATOR:L", scanner.CodeOperatorOn)
		dock.Scans(way, "SF0000000000001", "SF0000000000002", "BD:UNDO", "BD:REFUSE")
		bench.Scans(way, receivingtest.GTIN(1), receivingtest.GTIN(1), receivingtest.GTIN(1), "BD:+1")
		s.Clock.Add(90 * time.Minute)
		bench.Scans("BD:UNDO", "BD:DONE")
		settle(s, p)
		ten := func(measure string, b receivingtest.Bench, u id.User) string {
			return fmt.Sprintf("%s bench %d user %d 2026-11-23 10", measure, b.ID, u)
		}
		cells := map[string]int64{
			ten("parcels_docked", dock.Bench, 0): 2, ten("parcels_opened", bench.Bench, li): 1, ten("pieces", bench.Bench, li): 2,
			fmt.Sprintf("parcels_closed bench %d user %d 2026-11-23 11", bench.Bench.ID, li): 1,
		}
		want(s, cells)
		for range 3 {
			settle(s, p)
		}
		want(s, cells)

		parcel := receivingtest.One[id.Parcel](s, "SELECT id FROM parcels WHERE state = 'closed'")
		s.Clock.Add(5 * time.Hour)
		if err := s.Desk.Reopen(t.Context(), parcel, li, "错了"); err != nil {
			t.Fatal(err)
		}
		settle(s, p)
		delete(cells, fmt.Sprintf("parcels_closed bench %d user %d 2026-11-23 11", bench.Bench.ID, li))
		cells[fmt.Sprintf("errors bench %d user %d 2026-11-23 11", bench.Bench.ID, li)] = 1
		want(s, cells)
		if n := receivingtest.One[int64](s, "SELECT slots FROM work_presence WHERE user_id = ? AND bench_id = ? ORDER BY hour_at LIMIT 1", li, bench.Bench.ID); n != 1 {
			t.Errorf("slots %b: everything happened in the first five minutes", n)
		}
		if err := p.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(s, cells)
		if n := receivingtest.One[int](s, "SELECT epoch FROM work_cursor"); n != 1 {
			t.Errorf("epoch %d", n)
		}
	})
}

// Rules are rows: an event type that somebody else will tell is counted as soon as it comes, and an error falls on whoever made it, when it was made.
func TestRulesOfOthers(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		p := work.New(d, s.Log)
		tell := func(after time.Duration, kind, subject string, by id.User, data event.Data) {
			s.Do(func(tx *gorm.DB) error {
				return s.Log.Append(t.Context(), tx, event.Event{Type: kind, Subject: subject, Version: 1, WarehouseID: s.Warehouse.ID, ByUser: by, At: receivingtest.Start.Add(after), Data: data})
			})
		}
		tell(0, "backdock.unit.inspected.v1", "unit/U1", 7, event.Data{})
		tell(time.Hour, "backdock.unit.put_away.v1", "unit/U1", 8, event.Data{"bench": 4})
		tell(3*time.Hour, "backdock.inspection.disagreed.v1", "inspection/1", 9, event.Data{"plate": "U1"})
		tell(3*time.Hour, "backdock.inspection.disagreed.v1", "inspection/2", 9, event.Data{"plate": "U2"}) // nobody inspected it
		tell(3*time.Hour, "backdock.unit.painted.v1", "unit/U1", 9, event.Data{})
		settle(s, p)
		want(s, map[string]int64{"inspections bench 0 user 7 2026-11-23 10": 1, "put_aways bench 4 user 8 2026-11-23 11": 1, "errors bench 0 user 7 2026-11-23 10": 1})
	})
}

// Several processes count while benches write, and one of them counts from the start meanwhile: each event once.
func TestManyCountAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		const events, counters = 300, 4
		s := receivingtest.New(t, d)
		var all sync.WaitGroup
		stop := make(chan struct{})
		for n := range counters {
			p := work.New(d, s.Log)
			all.Go(func() {
				for {
					if err := p.CatchUp(t.Context()); err != nil {
						t.Error(err)
						return
					}
					if n == 0 {
						if err := p.Rebuild(t.Context()); err != nil {
							t.Error(err)
							return
						}
					}
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
				}
			})
		}
		for n := range events {
			s.Do(func(tx *gorm.DB) error {
				return s.Log.Append(t.Context(), tx, event.Event{Type: "backdock.unit.put_away.v1", Subject: fmt.Sprint("unit/U", n), Version: 1, WarehouseID: s.Warehouse.ID, ByUser: 1, At: receivingtest.Start})
			})
			if n%50 == 0 {
				if err := s.Log.SettleNow(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		close(stop)
		all.Wait()
		settle(s, work.New(d, s.Log))
		want(s, map[string]int64{"put_aways bench 0 user 1 2026-11-23 10": events})
	})
}

// Hours are the warehouse's: also where they begin at the half, and where clocks go through one twice.
func TestHourOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, at, hour string }{
		{"Asia/Shanghai", "2026-11-23T02:59:59Z", "2026-11-23T02:00:00Z"},
		{"Asia/Kolkata", "2026-11-23T02:10:00Z", "2026-11-23T01:30:00Z"},
		{"Asia/Kathmandu", "2026-11-23T02:10:00Z", "2026-11-23T01:15:00Z"},
		{"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z"}, // two o'clock in summer
		{"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z"}, // two o'clock again
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := time.Parse(time.RFC3339, tc.at)
		if got := work.HourOf(at, zone).Format(time.RFC3339); got != tc.hour {
			t.Errorf("%s %s: %s, want %s", tc.zone, tc.at, got, tc.hour)
		}
	}
}
