package api_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/receiving/track"
	"github.com/backdock/backdock/receiving/work"
)

// A day at the dock over REST: carriers tell, the alarm is listed with count, value and oldest, the queue is in the order of the cost of delay.
func TestDockOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		k := track.New(d, s.log, clock.System{}, nil)
		r := s.serve(func(d *api.Deps) { d.Tracks = k })
		boss, dock, merchant, far := r.login("boss"), r.login("dock"), r.login("acme"), r.login("sz")
		now := clock.Stamp(time.Now())
		s.exec("UPDATE cases SET goods = 'in_transit'")
		for n, number := range map[int]string{11: "SF0000000000011", 21: "SF0000000000021"} {
			s.exec("INSERT INTO waybill_aliases (number, carrier, role, case_id, valid_from, source) VALUES (?, 'sf', 'return', ?, ?, 'import')", number, n, now.Add(-100*time.Hour))
		}
		signed := func(waybill string, ago time.Duration) map[string]any {
			return map[string]any{"carrier": "sf", "waybill": waybill, "code": "delivered", "at": now.Add(-ago)}
		}
		batch := map[string]any{"checkpoints": []any{signed("SF0000000000011", 20*time.Hour), signed("SF0000000000021", 30*time.Hour)}}
		if a := dock.do("POST", "/tracking/checkpoints", batch); a.status != http.StatusForbidden || a.code() != "role_missing" {
			t.Errorf("the dock tells: %d %s", a.status, a.body)
		}
		for i, want := range []track.Recorded{{Received: 2, New: 2, Signed: 2}, {Received: 2}} {
			var got track.Recorded
			if a := boss.do("POST", "/tracking/checkpoints", batch); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			} else if a.into(&got); got != want {
				t.Errorf("time %d: %+v", i, got)
			}
		}
		if a := boss.do("POST", "/tracking/checkpoints", map[string]any{"checkpoints": []any{map[string]any{"carrier": "pigeon", "waybill": "X1", "code": "delivered", "at": now}}}); a.code() != "checkpoint_invalid" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if err := k.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var list report.UnscannedList
		if dock.do("GET", "/reports/unscanned?warehouse=HZ1", nil).into(&list); list.Total != 2 || list.Value.Minor != 39800 || list.Items[0].Waybill != "SF0000000000021" || list.Items[1].Case != "C11" || list.Policy.Hours != 12 {
			t.Errorf("%+v", list)
		}
		if dock.do("GET", "/reports/unscanned?warehouse=HZ1&limit=1", nil).into(&list); len(list.Items) != 1 || list.Total != 2 {
			t.Errorf("%+v", list)
		}
		var board report.Board
		if boss.do("GET", "/reports/board?warehouse=HZ1", nil).into(&board); board.Unscanned.N != 2 || board.Unscanned.Minor != 39800 || !board.Unscanned.Oldest.Equal(now.Add(-30*time.Hour)) || board.Exceptions[0].Kind != "unscanned" {
			t.Errorf("%+v %+v", board.Unscanned, board.Exceptions)
		}
		for _, other := range []*person{merchant, far} {
			if a := other.do("GET", "/reports/unscanned?warehouse=HZ1", nil); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		policy := map[string]any{"hours": 4, "opens_min": 480, "closes_min": 1200}
		if a := dock.do("PUT", "/warehouses/HZ1/dock-policy", policy); a.status != http.StatusForbidden {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := boss.do("PUT", "/warehouses/HZ1/dock-policy", policy, header{"Idempotency-Key", "p1"}); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := boss.do("PUT", "/warehouses/HZ1/dock-policy", map[string]any{"hours": 4, "opens_min": 1200, "closes_min": 480}); a.code() != "dock_policy" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if dock.do("GET", "/reports/unscanned?warehouse=HZ1", nil).into(&list); list.Policy != (report.DockPolicy{Hours: 4, OpensMin: 480, ClosesMin: 1200}) {
			t.Errorf("%+v", list.Policy)
		}

		s.exec("UPDATE cases SET deadline_at = ? WHERE id = 21", now.Add(time.Hour))
		s.exec("UPDATE parcels SET state = 'at_dock', closed_at = NULL WHERE id IN (11, 21, 12)")
		var queue report.QueueList
		if dock.do("GET", "/parcels/queue?warehouse=HZ1", nil).into(&queue); queue.Total != 2 || queue.Items[0].Number != "P000021" || queue.Items[0].Deadline == nil || queue.Items[1].Owner != "ACME" || queue.Items[1].Value.Minor != 19900 {
			t.Errorf("%+v", queue)
		}
		if a := far.do("GET", "/parcels/queue?warehouse=HZ1", nil); a.code() != "role_missing" && a.code() != "warehouse_not_found" {
			t.Errorf("%s", a.body)
		}
		s.exec("INSERT INTO handovers (warehouse_id, bench_id, carrier, state, parcels, opened_at) VALUES (1, 1, 'sf', 'open', 0, ?), (1, 2, 'yto', 'open', 0, ?), (2, 1, 'zto', 'closed', 0, ?)", now, now, now)
		var page report.Page[report.HandoverRow]
		if dock.do("GET", "/handovers?warehouse=HZ1&limit=1", nil).into(&page); len(page.Items) != 1 || page.Items[0].Carrier != "yto" || page.Next == "" {
			t.Errorf("%+v", page)
		}
		if dock.do("GET", "/handovers?warehouse=HZ1&limit=1&cursor="+page.Next, nil).into(&page); len(page.Items) != 1 || page.Items[0].Carrier != "sf" || page.Next != "" {
			t.Errorf("%+v", page)
		}
	})
}

// Work done as JSON and as a file for a spreadsheet, for managers only.
func TestWorkOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		boss, clerk, far := r.login("boss"), r.login("clerk"), r.login("sz")
		var clerkID int64
		if err := d.Read.Raw("SELECT id FROM users WHERE username = 'clerk'").Scan(&clerkID).Error; err != nil {
			t.Fatal(err)
		}
		s.exec("UPDATE users SET display = '=1+1' WHERE id = ?", clerkID)
		s.exec("UPDATE benches SET name = '3 号台, 左' WHERE id = 1")
		at := time.Date(2026, 11, 20, 1, 10, 0, 0, time.UTC) // after nine in Hangzhou
		for n := range 6 {
			s.emit(event.Event{Type: "backdock.unit.received.v1", Subject: "unit/" + plate(500+n), Version: 1, WarehouseID: 1, ByUser: id.User(clerkID), At: at.Add(time.Duration(n) * 7 * time.Minute), Data: event.Data{"bench": 1}})
		}
		s.emit(event.Event{Type: "backdock.parcel.closed.v1", Subject: "parcel/P000500", Version: 1, WarehouseID: 1, ByUser: id.User(clerkID), At: at.Add(time.Hour), Data: event.Data{"bench": 1}})
		if err := s.log.SettleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := work.New(d, s.log).CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		var list report.WorkList
		boss.do("GET", "/reports/work?warehouse=HZ1&from=2026-11-20&to=2026-11-20", nil).into(&list)
		if len(list.Items) != 1 || list.Items[0].Pieces != 6 || list.Items[0].ParcelsClosed != 1 || list.Items[0].Minutes != 35 || list.Items[0].Operator != "=1+1" || list.Total.Pieces != 6 || list.Seq == 0 {
			t.Errorf("%+v", list)
		}
		boss.do("GET", "/reports/work?warehouse=HZ1&from=2026-11-20&to=2026-11-20&by=hour", nil).into(&list)
		if len(list.Items) != 2 || *list.Items[0].Hour != 9 || list.Items[0].Day != "2026-11-20" || *list.Items[1].Hour != 10 || list.Items[1].ParcelsClosed != 1 {
			t.Errorf("%+v", list)
		}
		a := boss.do("GET", "/reports/work.csv?warehouse=HZ1&from=2026-11-20&to=2026-11-20&by=hour", nil)
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
			t.Fatalf("%d %v %s", a.status, a.header, a.body)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.body), "\uFEFF"))).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][2] != "3 号台, 左" || rows[1][3] != "'=1+1" || rows[1][7] != "6" || rows[0][12] != "pieces_per_hour" {
			t.Errorf("%v %v", rows, err)
		}
		for path, code := range map[string]string{"": "", "from=2026-11-20&to=2026-11-19": "work_period", "from=2026-01-01&to=2026-11-19": "work_period", "from=yesterday&to=2026-11-19": "work_period"} {
			if code == "" {
				continue
			}
			for _, kind := range []string{"work", "work.csv"} {
				if a := boss.do("GET", "/reports/"+kind+"?warehouse=HZ1&"+path, nil); a.code() != code {
					t.Errorf("%s %s: %s", kind, path, a.body)
				}
			}
		}
		if a := clerk.do("GET", "/reports/work?warehouse=HZ1&from=2026-11-20&to=2026-11-20", nil); a.status != http.StatusForbidden {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := far.do("GET", "/reports/work.csv?warehouse=HZ1&from=2026-11-20&to=2026-11-20", nil); a.status != http.StatusNotFound {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
