package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

func journalOf(n int) string { return fmt.Sprintf("%032x", n) }

// parked makes a journal of a station whose only scan was parked in the parcel of owner o in warehouse w; it is made at the bench of that warehouse.
func (s *site) parked(station id.Station, o, w int, data string) string {
	s.t.Helper()
	n := o*10 + w
	now := clock.Stamp(time.Now())
	s.exec("INSERT INTO producers (id, station_id, bench_id, last_seq, last_data, created_at) VALUES (?, ?, ?, 1, ?, ?)", journalOf(n), station, w, data, now)
	s.exec(`INSERT INTO outcomes (producer, seq, bench_id, warehouse_id, device, source, captured_at, received_at, mono_us, raw, data, charset, content_hash, verdict, code, tone, params, parcel_id)
		VALUES (?, 1, ?, ?, 'gun', 'device', ?, ?, 1, ?, ?, 'utf-8', 'h', 'rejected', 'parked', 'error', '{"reason":"check"}', ?)`, journalOf(n), w, w, now, now, []byte(data), data, n)
	return "/scans/" + journalOf(n) + "/1"
}

// A manager sees what was set aside and has it decided; pressed twice it is one act, and what does not fit is a conflict with a name.
func TestParkedScansOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		_, station := s.enrol(1)
		path := s.parked(station, 1, 1, "BD:DONE")
		r := s.whole()
		manager := r.login("manager")
		var page report.Page[report.ScanRow]
		manager.do("GET", "/scans/parked?warehouse=HZ1", nil).into(&page)
		if len(page.Items) != 1 || !page.Items[0].Parked || page.Items[0].Data != "BD:DONE" || page.Items[0].Params["reason"] != "check" || page.Items[0].Parcel != "P000011" {
			t.Fatalf("parked: %+v", page.Items)
		}
		why := map[string]any{"reason": "the rule was mended"}
		for name, c := range map[string]struct {
			p    *person
			path string
			body any
			want int
			code string
		}{
			"another warehouse": {r.login("sz"), path + "/rerun", why, 404, "scan_not_found"},
			"no such scan":      {manager, "/scans/" + journalOf(11) + "/2/rerun", why, 404, "scan_not_found"},
			"no reason":         {manager, path + "/rerun", map[string]any{"reason": " "}, 422, "reason_missing"},
			"a clerk":           {r.login("clerk"), path + "/rerun", why, 403, "role_missing"},
			"its parcel closed": {manager, path + "/rerun", why, 409, "parked_parcel"},
		} {
			if a := c.p.do("POST", c.path, c.body); a.status != c.want || a.code() != c.code {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		s.exec("UPDATE outcomes SET parcel_id = NULL") // nothing was open then, and nothing is now
		key := header{"Idempotency-Key", "press"}
		var done report.ScanRow
		first := manager.do("POST", path+"/rerun", why, key)
		if first.into(&done); first.status != 200 || done.Parked || done.Code != "nothing_open" || done.Verdict != "rejected" || done.Params["reason"] != "" {
			t.Fatalf("%d %s", first.status, first.body)
		}
		if a := manager.do("POST", path+"/rerun", why, key); a.status != 200 || string(a.body) != string(first.body) {
			t.Errorf("the same press: %d %s", a.status, a.body)
		}
		if a := manager.do("POST", path+"/rerun", why); a.status != 200 || string(a.body) != string(first.body) {
			t.Errorf("another press: %d %s", a.status, a.body)
		}
		var events int64
		if err := d.Read.Table("events").Where("type = 'backdock.scan.rerun.v1' AND by_user = (SELECT id FROM users WHERE username = 'manager')").Count(&events).Error; err != nil || events != 1 {
			t.Errorf("audited %d times, %v", events, err)
		}
		if manager.do("GET", "/scans/parked", nil).into(&page); len(page.Items) != 0 {
			t.Errorf("still parked: %+v", page.Items)
		}
	})
}

// A scan whose moment has passed is dismissed by a manager, with a reason, once; it is listed no more and cannot be run again.
func TestParkedScanIsDismissed(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		_, station := s.enrol(1)
		path := s.parked(station, 1, 1, "BD:UNDO")
		r := s.whole()
		manager, why := r.login("manager"), map[string]any{"reason": "its moment has passed"}
		for name, c := range map[string]struct {
			p    *person
			path string
			body any
			want int
			code string
		}{
			"another warehouse": {r.login("sz"), path + "/dismiss", why, 404, "scan_not_found"},
			"no such scan":      {manager, "/scans/" + journalOf(11) + "/2/dismiss", why, 404, "scan_not_found"},
			"no reason":         {manager, path + "/dismiss", map[string]any{"reason": " "}, 422, "reason_missing"},
			"a clerk":           {r.login("clerk"), path + "/dismiss", why, 403, "role_missing"},
			"run again":         {manager, path + "/rerun", why, 409, "scan_of_the_moment"},
		} {
			if a := c.p.do("POST", c.path, c.body); a.status != c.want || a.code() != c.code {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		var done report.ScanRow
		for range 2 {
			if a := manager.do("POST", path+"/dismiss", why); a.status != 200 || decoded(a, &done).Parked || done.Code != "dismissed" || done.Verdict != "rejected" {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		if a := manager.do("POST", path+"/rerun", why); a.status != 409 || a.code() != "scan_not_parked" {
			t.Errorf("run again all the same: %d %s", a.status, a.body)
		}
		var events []string
		if err := d.Read.Raw("SELECT data FROM events WHERE type = 'backdock.scan.dismissed.v1' AND by_user = (SELECT id FROM users WHERE username = 'manager')").Scan(&events).Error; err != nil || len(events) != 1 || !strings.Contains(events[0], "its moment has passed") {
			t.Errorf("audited as %v, %v", events, err)
		}
		var page report.Page[report.ScanRow]
		if manager.do("GET", "/scans/parked", nil).into(&page); len(page.Items) != 0 {
			t.Errorf("still parked: %+v", page.Items)
		}
	})
}

func decoded[T any](a answer, v *T) *T { a.into(v); return v }

// Parked scans are paged in the order in which they came, and a grant limited to an owner shows only that owner's.
func TestParkedScansPage(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		_, station := s.enrol(1)
		for _, n := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}} {
			s.parked(station, n[0], n[1], "BD:DONE")
		}
		s.user("ours", auth.Grant{Role: auth.Manager, Owner: 1})
		r := s.whole()
		seen := map[string]bool{}
		cursor := ""
		for range 5 {
			var page report.Page[report.ScanRow]
			r.login("boss").do("GET", "/scans/parked?limit=1&cursor="+cursor, nil).into(&page)
			for _, x := range page.Items {
				seen[x.Producer] = true
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 4 || cursor != "" {
			t.Errorf("%d seen, cursor %q", len(seen), cursor)
		}
		var page report.Page[report.ScanRow]
		r.login("ours").do("GET", "/scans/parked", nil).into(&page)
		if len(page.Items) != 2 {
			t.Errorf("of one owner: %+v", page.Items)
		}
		if a := r.login("ours").do("GET", "/scans/"+journalOf(21)+"/1", nil); a.status != http.StatusNotFound {
			t.Errorf("another owner's: %d", a.status)
		}
	})
}

// Who claims a parcel stands in its history.
func TestClaimNamesThePersonOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.exec("UPDATE parcels SET owner_id = NULL, kind = 'unknown' WHERE id = 11")
		s.exec("DELETE FROM receipts WHERE parcel_id = 11")
		s.exec("UPDATE units SET parcel_id = NULL WHERE parcel_id = 11")
		s.exec("UPDATE parcels SET expected = 0, received = 0, pieces = 0 WHERE id = 11")
		r := s.whole()
		var p report.ParcelDetail
		a := r.login("manager").do("POST", "/parcels/P000011/claim", map[string]any{"case": "C11"})
		if a.into(&p); a.status != 200 || p.Owner != "ACME" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if last := p.Timeline[len(p.Timeline)-1]; last.TextCode != "parcel.claimed" || last.By != "manager" {
			t.Errorf("%+v", last)
		}
	})
}
