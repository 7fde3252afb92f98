package track_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/receiving/track"
	"github.com/backdock/backdock/scanner"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) // in Hangzhou

const way = "SF1234567890123"

func TestOf(t *testing.T) {
	t.Parallel()
	at := func(code string, hours int) track.Checkpoint {
		return track.Checkpoint{Code: code, At: noon.Add(time.Duration(hours) * time.Hour)}
	}
	for name, tc := range map[string]struct {
		list   []track.Checkpoint
		code   string
		signed int // hours after noon; -1: not signed for
	}{
		"on the road":               {[]track.Checkpoint{at(track.PickedUp, 0), at(track.InTransit, 1)}, track.InTransit, -1},
		"delivered":                 {[]track.Checkpoint{at(track.InTransit, 1), at(track.Delivered, 5)}, track.Delivered, 5},
		"delivered twice":           {[]track.Checkpoint{at(track.Delivered, 7), at(track.Delivered, 5)}, track.Delivered, 5},
		"the carrier takes it back": {[]track.Checkpoint{at(track.Delivered, 5), at(track.OutForDelivery, 6)}, track.OutForDelivery, -1},
		"and delivers it again":     {[]track.Checkpoint{at(track.Delivered, 9), at(track.Delivered, 5), at(track.OutForDelivery, 6)}, track.Delivered, 9},
		"an exception afterwards":   {[]track.Checkpoint{at(track.Delivered, 5), at(track.Exception, 6)}, track.Exception, 5},
		"refused":                   {[]track.Checkpoint{at(track.OutForDelivery, 2), at(track.Refused, 3)}, track.Refused, -1},
		"back at the sender":        {[]track.Checkpoint{at(track.Refused, 3), at(track.InTransit, 4), at(track.Returned, 8)}, track.Returned, 8},
		"all at one moment":         {[]track.Checkpoint{at(track.Delivered, 5), at(track.PickedUp, 5), at(track.InTransit, 5)}, track.Delivered, 5},
	} {
		s := track.Of(tc.list)
		if s.Code != tc.code || (s.SignedAt == nil) != (tc.signed < 0) || s.SignedAt != nil && !s.SignedAt.Equal(noon.Add(time.Duration(tc.signed)*time.Hour)) {
			t.Errorf("%s: %s %v", name, s.Code, s.SignedAt)
		}
	}
}

// checkpoints draws what a carrier may say of one waybill.
func checkpoints(t *rapid.T) []track.Checkpoint {
	codes := []string{track.PickedUp, track.InTransit, track.OutForDelivery, track.Exception, track.Refused, track.Delivered, track.Returned}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) track.Checkpoint {
		return track.Checkpoint{Carrier: "sf", Waybill: way, Code: rapid.SampledFrom(codes).Draw(t, "code"), At: noon.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "hour")) * time.Hour)}
	}), 1, 12).Draw(t, "checkpoints")
}

// Whatever order messages come in, in however many batches, and however often they are sent again: they mean the same, in the store as in memory.
func TestCheckpointsInAnyOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		k := track.New(d, s.Log, s.Clock, nil)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			list := checkpoints(rt)
			want := track.Of(list)
			sent := append(rapid.Permutation(list).Draw(rt, "order"), list[:rapid.IntRange(0, len(list)).Draw(rt, "again")]...)
			number := fmt.Sprintf("SF%013d", n)
			for len(sent) > 0 {
				size := rapid.IntRange(1, len(sent)).Draw(rt, "batch")
				batch := slices.Clone(sent[:size])
				for i := range batch {
					batch[i].Waybill = number
				}
				if _, err := k.Record(t.Context(), "test", batch); err != nil {
					rt.Fatal(err)
				}
				sent = sent[size:]
			}
			var got struct {
				Code     string
				At       time.Time
				SignedAt *time.Time
			}
			if err := d.Read.Raw("SELECT code, at, signed_at FROM waybill_tracks WHERE waybill = ?", number).Scan(&got).Error; err != nil {
				rt.Fatal(err)
			}
			if got.Code != want.Code || !got.At.Equal(want.At) || (got.SignedAt == nil) != (want.SignedAt == nil) || want.SignedAt != nil && !got.SignedAt.Equal(*want.SignedAt) {
				rt.Fatalf("the store says %+v, they mean %+v", got, want)
			}
		})
	})
}

func TestCheckpointsRefused(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		k := track.New(d, s.Log, s.Clock, nil)
		good := track.Checkpoint{Carrier: "SF ", Waybill: " sf1234567890123 ", Code: track.Delivered, At: noon}
		for field, spoil := range map[string]func(*track.Checkpoint){
			"waybill": func(c *track.Checkpoint) { c.Waybill = " - " }, "carrier": func(c *track.Checkpoint) { c.Carrier = "pigeon" },
			"code": func(c *track.Checkpoint) { c.Code = "eaten" }, "at": func(c *track.Checkpoint) { c.At = s.Clock.Now().Add(48 * time.Hour) },
		} {
			bad := good
			spoil(&bad)
			_, err := k.Record(t.Context(), "test", []track.Checkpoint{good, bad})
			if fault.Code(err) != "checkpoint_invalid" || fault.Of(err).Params["field"] != field || fault.Of(err).Params["row"] != "2" {
				t.Errorf("%s: %v", field, err)
			}
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM checkpoints"); n != 0 {
			t.Errorf("%d checkpoints of refused batches", n)
		}
		if _, err := k.Record(t.Context(), "test", nil); fault.Code(err) != "checkpoints_count" {
			t.Error(err)
		}
		if r, err := k.Record(t.Context(), "test", []track.Checkpoint{good, good}); err != nil || r != (track.Recorded{Received: 2, New: 1, Signed: 1}) {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// Only the dock's working time counts, in the warehouse's zone.
func TestDue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, zone, signed, due string
		p                       track.Policy
	}{
		{"round the clock", "Asia/Shanghai", "2026-11-22 18:00", "2026-11-23 06:00", track.StandardPolicy},
		{"over night", "Asia/Shanghai", "2026-11-22 18:00", "2026-11-23 10:00", track.Policy{Hours: 4, OpensMin: 8 * 60, ClosesMin: 20 * 60}},
		{"before it opens", "Asia/Shanghai", "2026-11-22 05:00", "2026-11-22 12:00", track.Policy{Hours: 4, OpensMin: 8 * 60, ClosesMin: 20 * 60}},
		{"several days", "Asia/Shanghai", "2026-11-22 19:00", "2026-11-25 09:00", track.Policy{Hours: 26, OpensMin: 8*60 + 30, ClosesMin: 20*60 + 30}},
		{"clocks go back", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25 09:00", track.StandardPolicy},
		{"clocks go forward", "Europe/Berlin", "2026-03-28 22:00", "2026-03-29 11:00", track.StandardPolicy},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := time.ParseInLocation("2006-01-02 15:04", tc.signed, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tc.p.Due(signed.UTC(), zone).In(zone).Format("2006-01-02 15:04"); got != tc.due {
			t.Errorf("%s: due %s, want %s", tc.name, got, tc.due)
		}
	}
}

// scene is a case whose return waybill was signed for at ten in the morning of the site's clock.
type scene struct {
	*receivingtest.Site
	k *track.Keeper
}

func newScene(t *testing.T, d *db.DB) scene {
	s := receivingtest.New(t, d)
	k := track.New(d, s.Log, s.Clock, nil)
	s.Log.On(k.Trigger)
	shirt := s.SKU("TEE-L", receivingtest.GTIN(1))
	s.Case("C1", s.Order("1001", shirt, shirt), []string{way})
	c := scene{s, k}
	c.say(track.Delivered, 0)
	return c
}

func (c scene) say(code string, after time.Duration) {
	c.T.Helper()
	if _, err := c.k.Record(c.T.Context(), "test", []track.Checkpoint{{Carrier: "sf", Waybill: way, Code: code, At: receivingtest.Start.Add(after)}}); err != nil {
		c.T.Fatal(err)
	}
}

// alarms sweeps and counts: open alarms, open tasks, events raised.
func (c scene) alarms(open, tasks, told int) {
	c.T.Helper()
	for range 2 { // once per parcel, however often one looks
		if err := c.k.Sweep(c.T.Context()); err != nil {
			c.T.Fatal(err)
		}
	}
	for q, want := range map[string]int{
		"SELECT COUNT(*) FROM unscanned WHERE resolved_at IS NULL":                        open,
		"SELECT COUNT(*) FROM tasks WHERE kind = 'signed_not_scanned' AND state = 'open'": tasks,
		"SELECT COUNT(*) FROM events WHERE type = 'backdock.waybill.unscanned.v1'":        told,
	} {
		if n := receivingtest.One[int](c.Site, q); n != want {
			c.T.Errorf("%s: %d, want %d", q, n, want)
		}
	}
}

func TestUnscanned(t *testing.T) {
	for name, act := range map[string]func(c scene){
		"raised once, resolved at the dock": func(c scene) {
			c.alarms(0, 0, 0)
			c.Clock.Add(12 * time.Hour)
			c.alarms(1, 1, 1)
			c.Hand(c.BenchAt(c.Warehouse, 20, receiving.DockBench)).Want(way, scanner.CodeDocked)
			c.alarms(0, 0, 1)
		},
		"resolved by a bench": func(c scene) {
			c.Clock.Add(13 * time.Hour)
			c.alarms(1, 1, 1)
			c.Hand(c.Bench(5)).Want(way, scanner.CodeParcelOpened)
			c.alarms(0, 0, 1)
		},
		"scanned in time": func(c scene) {
			c.Hand(c.BenchAt(c.Warehouse, 20, receiving.DockBench)).Want(way, scanner.CodeDocked)
			c.Clock.Add(48 * time.Hour)
			c.alarms(0, 0, 0)
		},
		"the scan was taken back": func(c scene) {
			h := c.Hand(c.BenchAt(c.Warehouse, 20, receiving.DockBench))
			h.Want(way, scanner.CodeDocked)
			h.Want("BD:UNDO", scanner.CodeUndone)
			c.Clock.Add(48 * time.Hour)
			c.alarms(1, 1, 1)
			h.Want(way, scanner.CodeDocked)
			c.alarms(0, 0, 1)
		},
		"withdrawn by the carrier": func(c scene) {
			c.Clock.Add(13 * time.Hour)
			c.alarms(1, 1, 1)
			c.say(track.OutForDelivery, time.Hour)
			c.alarms(0, 0, 1)
		},
		"the dock's own hours": func(c scene) {
			c.Exec("INSERT INTO dock_policies (warehouse_id, unscanned_hours, opens_min, closes_min) VALUES (?, 4, 480, 720)", c.Warehouse.ID) // eight to noon; signed for at ten
			c.Clock.Add(23 * time.Hour)
			c.alarms(0, 0, 0)
			c.Clock.Add(time.Hour)
			c.alarms(1, 1, 1)
		},
		"brought back to its sender": func(c scene) {
			c.Hand(c.Bench(5)).Want(way, scanner.CodeParcelOpened)
			cup := c.SKU("CAP-U", receivingtest.GTIN(2))
			c.Shipment("SF0000000000009", "refused", c.Order("1002", cup))
			if _, err := c.k.Record(c.T.Context(), "test", []track.Checkpoint{{Waybill: "SF0000000000009", Code: track.Returned, At: receivingtest.Start}}); err != nil {
				c.T.Fatal(err)
			}
			c.Clock.Add(13 * time.Hour)
			c.alarms(1, 1, 1)
			c.Hand(c.BenchAt(c.Warehouse, 20, receiving.DockBench)).Want("SF0000000000009", scanner.CodeDocked)
			c.alarms(0, 0, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) { act(newScene(t, d)) })
		})
	}
}

// The job looks while the dock scans: whoever is first, no alarm stands for a parcel that is here.
func TestSweepMeetsTheScan(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		c := newScene(t, d)
		const waybills = 20
		var numbers []string
		for n := range waybills {
			number := fmt.Sprintf("SF%013d", 300+n)
			numbers = append(numbers, number)
			c.Waybill(number, receivingtest.One[id.Case](c.Site, "SELECT id FROM cases WHERE number = 'C1'"))
			if _, err := c.k.Record(t.Context(), "test", []track.Checkpoint{{Carrier: "sf", Waybill: number, Code: track.Delivered, At: receivingtest.Start}}); err != nil {
				t.Fatal(err)
			}
		}
		c.Clock.Add(13 * time.Hour)
		h := c.Hand(c.BenchAt(c.Warehouse, 20, receiving.DockBench))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := c.k.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() { h.Scans(append(numbers, way)...) })
		all.Wait()
		if n := receivingtest.One[int](c.Site, "SELECT COUNT(*) FROM unscanned WHERE resolved_at IS NULL"); n != 0 {
			t.Errorf("%d alarms for parcels that are here", n)
		}
		if n := receivingtest.One[int](c.Site, "SELECT COUNT(*) FROM tasks WHERE kind = 'signed_not_scanned' AND state = 'open'"); n != 0 {
			t.Errorf("%d tasks", n)
		}
	})
}
