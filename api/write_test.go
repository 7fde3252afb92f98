package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/riverqueue/river"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/office"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// whole serves with every verb that there is.
func (s *site) whole(changes ...change) *running {
	s.t.Helper()
	engine := refund.New(refund.Options{DB: s.d, Events: s.log, Clock: clock.System{}})
	workers := river.NewWorkers()
	engine.AddWorkers(workers)
	queue, err := job.New(s.d, workers, job.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	engine.Use(queue)
	k := desk.New(s.d, s.log, &inventory.Ledger{}, clock.System{}, desk.Options{Badge: s.auth.Badge})
	return s.serve(append([]change{func(d *api.Deps) {
		d.Desk, d.Parcels, d.Cases, d.Refunds = k, office.NewParcels(s.d, k), office.NewCases(s.d, s.log), office.NewRefunds(s.d, engine)
		d.Scans, d.Plates = office.NewScans(k), office.NewPlates(s.d, s.log, clock.System{})
		d.Unclaimed = office.NewUnclaimed(s.d, k, unclaimed.New(s.d, s.log, clock.System{}, &inventory.Ledger{}, s.ring))
	}}, changes...)...)
}

func TestDecisionsOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.exec("UPDATE order_lines SET approved_quantity = 0, approved_minor = 0, reserved_quantity = 0, reserved_minor = 0 WHERE id = 12")
		s.exec("DELETE FROM refunds WHERE id = 12")
		r := s.whole()
		boss := r.login("boss")
		var c report.CaseDetail
		a := boss.do("GET", "/cases/C12", nil)
		a.into(&c)
		if a.status != 200 || len(c.CanDecide) != 2 || len(c.Lines) != 1 || len(c.Parcels) != 1 || len(c.Units) != 1 || c.OrderFacts == nil || c.Decision != "submitted" {
			t.Fatalf("case: %d %s", a.status, a.body)
		}
		a = boss.do("POST", "/cases/C12/decision", map[string]any{"decision": "approved", "note": "ok"})
		a.into(&c)
		if a.status != 200 || c.Decision != "approved" || c.Approved.Minor != 19900 || len(c.CanDecide) != 1 {
			t.Fatalf("approve: %d %s", a.status, a.body)
		}
		if a := boss.do("POST", "/cases/C12/decision", map[string]any{"decision": "maybe", "note": ""}); a.status != 422 {
			t.Errorf("maybe: %d", a.status)
		}
		// Numbers are a shop's own.
		s.exec("INSERT INTO cases (id, owner_id, shop_id, number, type, reason, decision, goods, judgement, money, submitted_at) SELECT 900, 2, 2, 'C11', type, reason, decision, goods, judgement, money, submitted_at FROM cases WHERE id = 11")
		if a := boss.do("GET", "/cases/C11", nil); a.status != http.StatusConflict || a.code() != "number_ambiguous" {
			t.Errorf("two shops: %d %s", a.status, a.body)
		}
		if a := boss.do("GET", "/cases/C11?shop=ACME-TB", nil); a.status != 200 {
			t.Errorf("of one shop: %d %s", a.status, a.body)
		}
		if a := r.login("acme").do("GET", "/cases/C11", nil); a.status != 200 {
			t.Errorf("who sees one of them only: %d %s", a.status, a.body)
		}

		var o report.OrderDetail
		a = boss.do("GET", "/orders/O11", nil)
		a.into(&o)
		if a.status != 200 || len(o.Lines) != 1 || len(o.Payments) != 1 || o.Paid.Minor != 19900 || len(o.CaseList) != 1 {
			t.Errorf("order: %d %s", a.status, a.body)
		}
		var f report.RefundDetail
		for _, step := range []struct {
			act, body, state string
		}{{"authorize", `{"note":"fine"}`, "authorized"}, {"hold", `{"reason":"wait"}`, "held"}, {"release", ``, "authorized"}} {
			var body any
			if step.body != "" {
				body = step.body
			}
			a := boss.do("POST", "/refunds/R11/"+step.act, body)
			a.into(&f)
			if a.status != 200 || f.State != step.state {
				t.Fatalf("%s: %d %s", step.act, a.status, a.body)
			}
		}
		if len(f.Timeline) != 3 || f.AuthorizedBy != "boss" || f.CanAuthorize || f.Why != "refund_state" {
			t.Errorf("refund: %+v", f)
		}
		if a := boss.do("POST", "/refunds/R11/authorize", `{"note":""}`); a.status != http.StatusConflict || a.code() != "refund_state" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
		// Nobody authorizes what they asked for.
		s.exec("UPDATE refunds SET requested_by = (SELECT id FROM users WHERE username = 'boss') WHERE id = 22")
		if a := boss.do("POST", "/refunds/R22/authorize", `{"note":""}`); a.status != http.StatusForbidden || a.code() != "same_person" {
			t.Errorf("same person: %d %s", a.status, a.body)
		}
		var p report.ParcelDetail
		a = boss.do("POST", "/parcels/P000011/reopen", map[string]any{"reason": "a piece was found in it"})
		a.into(&p)
		if a.status != 200 || p.State != "at_dock" {
			t.Errorf("reopen: %d %s", a.status, a.body)
		}
		for path, want := range map[string]int{"/stock?warehouse=HZ1": 2, "/stock?sku=SKU-1": 2, "/stock/movements?unit=" + plate(11): 1, "/refunds?state=requested": 2, "/refunds?warehouse=HZ1": 2,
			"/cases?decision=approved": 1, "/orders?q=O1": 2, "/parcels?q=sf000000001": 2, "/units?q=C22": 1, "/users": 13} {
			var page report.Page[json.RawMessage]
			a := boss.do("GET", path, nil)
			if a.into(&page); len(page.Items) != want {
				t.Errorf("%s: %d items, want %d: %.300s", path, len(page.Items), want, a.body)
			}
		}
	})
}

// The same key is one write, however often and however much at once it is sent.
func TestIdempotencyKeys(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		boss := r.login("boss")
		var u report.UnitDetail
		boss.do("GET", "/units/"+plate(11), nil).into(&u)
		checks := map[string]bool{}
		for _, c := range u.Checklist {
			checks[c.Key] = true
		}
		path, key := "/units/"+plate(11)+"/inspection", header{"Idempotency-Key", "k1"}
		body := map[string]any{"grade": "A", "disposition": "restock", "checks": checks, "note": "", "version": u.Version}
		var wg sync.WaitGroup
		first := boss.do("POST", path, body, key)
		for range 4 {
			wg.Go(func() {
				if a := boss.do("POST", path, body, key); a.status != 200 || string(a.body) != string(first.body) {
					t.Errorf("again: %d %s\nfirst: %d %s", a.status, a.body, first.status, first.body)
				}
			})
		}
		wg.Wait()
		if a := boss.do("POST", path, body); a.status != http.StatusConflict || a.code() != "already_inspected" {
			t.Errorf("without the key: %d %s", a.status, a.body)
		}
		body["note"] = "other"
		if a := boss.do("POST", path, body, key); a.status != http.StatusConflict || a.code() != "idempotency_reused" {
			t.Errorf("another body: %d %s", a.status, a.body)
		}
		body["note"] = ""
		if a := boss.do("POST", "/units/"+plate(12)+"/inspection", body, key); a.status != http.StatusConflict || a.code() != "idempotency_reused" {
			t.Errorf("another unit: %d %s", a.status, a.body)
		}
		if a := r.login("inspector").do("POST", path, body, key); a.code() != "already_inspected" {
			t.Errorf("somebody else's key: %s", a.body)
		}
		// A write that failed did nothing: its key is free.
		wrong := map[string]any{"grade": "A", "disposition": "restock", "checks": checks, "note": "", "version": 99}
		if a := boss.do("POST", "/units/"+plate(12)+"/inspection", wrong, header{"Idempotency-Key", "k2"}); a.code() != "version_conflict" {
			t.Errorf("old version: %s", a.body)
		}
		wrong["version"] = 1
		if a := boss.do("POST", "/units/"+plate(12)+"/inspection", wrong, header{"Idempotency-Key", "k2"}); a.status != 200 {
			t.Errorf("after the failure: %d %s", a.status, a.body)
		}
		// Concurrent first sends.
		codes := make([]string, 6)
		for i := range codes {
			wg.Go(func() {
				a := boss.do("POST", "/stations", map[string]any{"name": "new", "bench": "HZ1/3"}, header{"Idempotency-Key", "k3"})
				codes[i] = fmt.Sprint(a.status, string(a.body))
			})
		}
		wg.Wait()
		var enrolments int64
		if err := d.Read.Table("enrolments").Count(&enrolments).Error; err != nil {
			t.Fatal(err)
		}
		for _, c := range codes {
			if c != codes[0] || c[:3] != "200" {
				t.Errorf("answers differ: %v", codes)
			}
		}
		if enrolments != 1 {
			t.Errorf("%d codes for one key", enrolments)
		}
		if a := boss.do("POST", "/stations", map[string]any{"name": "new", "bench": "3"}, header{"Idempotency-Key", strings.Repeat("k", 201)}); a.status != http.StatusUnprocessableEntity {
			t.Errorf("an endless key: %d", a.status)
		}
	})
}

func TestStationsAndUsersOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		manager := r.login("manager")
		var made api.EnrolCode
		a := manager.do("POST", "/stations", map[string]any{"name": "收货台", "bench": "HZ1/3"})
		if a.into(&made); a.status != 200 || made.Code == "" || made.ExpiresAt.IsZero() {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		if a := manager.do("POST", "/stations", map[string]any{"name": "x", "bench": "SZ1/1"}); a.status != http.StatusNotFound {
			t.Errorf("a bench of another warehouse: %d %s", a.status, a.body)
		}
		var in api.Enrolled
		a = r.nobody().do("POST", "/stations/enroll", map[string]any{"code": made.Code, "hostname": "bench-3"})
		if a.into(&in); a.status != 200 || len(in.Token) != 64 || in.Bench != "3 号收货台" {
			t.Fatalf("enrol: %d %s", a.status, a.body)
		}
		if a := r.nobody().do("POST", "/stations/enroll", map[string]any{"code": made.Code, "hostname": "bench-3"}); a.status != http.StatusForbidden || a.code() != "enrol_code" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
		var list report.Page[report.StationRow]
		manager.do("GET", "/stations", nil).into(&list)
		if len(list.Items) != 1 || list.Items[0].State != "offline" || list.Items[0].Hostname != "bench-3" {
			t.Errorf("list: %+v", list)
		}
		if r.login("sz").do("GET", "/stations", nil).into(&list); len(list.Items) != 0 {
			t.Errorf("another warehouse sees: %+v", list)
		}

		admin := r.login("admin") // of HZ1 only
		new1 := map[string]any{"username": "wang", "display": "王", "password": "long enough", "grants": []any{map[string]any{"role": "clerk", "warehouse": "HZ1"}}}
		if a := admin.do("POST", "/users", new1); a.status != 200 {
			t.Fatalf("create user: %d %s", a.status, a.body)
		}
		for name, grants := range map[string]any{"elsewhere": []any{map[string]any{"role": "clerk", "warehouse": "SZ1"}}, "everywhere": []any{map[string]any{"role": "admin"}}} {
			if a := admin.do("PUT", "/users/wang/grants", map[string]any{"grants": grants}); a.status != http.StatusForbidden || a.code() != "grant_too_wide" {
				t.Errorf("a grant %s: %d %s", name, a.status, a.body)
			}
		}
		for _, path := range []string{"/users/boss/password", "/users/sz/password"} {
			if a := admin.do("PUT", path, map[string]any{"password": "long enough"}); a.status != http.StatusNotFound {
				t.Errorf("%s by an admin of HZ1: %d %s", path, a.status, a.body)
			}
		}
		var badge api.Badge
		a = admin.do("POST", "/users/wang/badge", nil)
		if a.into(&badge); a.status != 200 {
			t.Fatalf("badge: %d %s", a.status, a.body)
		}
		if _, name, err := s.auth.Badge(t.Context(), badge.Badge); err != nil || name != "王" {
			t.Errorf("badge: %q %v", name, err)
		}
		if a := admin.do("PUT", "/users/wang/disabled", map[string]any{"disabled": true}); a.status != 200 {
			t.Errorf("disable: %d %s", a.status, a.body)
		}
		if a := r.nobody().do("POST", "/auth/login", map[string]string{"username": "wang", "password": "long enough"}); a.status != http.StatusUnauthorized {
			t.Errorf("log-in of who is locked out: %d", a.status)
		}
	})
}
