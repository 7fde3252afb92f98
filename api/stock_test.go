package api_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

// inspected has the inspector give plate 11 a grade, with every check answered by yes.
func (r *running) inspected(t *testing.T, by *person, grade, disposition string) report.UnitDetail {
	t.Helper()
	var u report.UnitDetail
	by.do("GET", "/units/"+plate(11), nil).into(&u)
	a := by.do("POST", "/units/"+plate(11)+"/inspection", map[string]any{"grade": grade, "disposition": disposition, "checks": yes(u), "note": "见照片", "version": u.Version})
	if a.status != 200 {
		t.Fatalf("inspect: %d %s", a.status, a.body)
	}
	a.into(&u)
	return u
}

func yes(u report.UnitDetail) map[string]bool {
	checks := map[string]bool{}
	for _, c := range u.Checklist {
		checks[c.Key] = true
	}
	return checks
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func wants(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || status >= 400 && a.code() != code {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, code)
	}
}

// The second inspector sees nothing of what the first one found, anywhere; a manager sees both and decides.
func TestSecondLookIsBlind(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.user("second", auth.Grant{Role: auth.Inspector, Warehouse: 1})
		r := s.serve()
		first, second, boss := r.login("inspector"), r.login("second"), r.login("boss")
		if u := r.inspected(t, first, "A", "restock"); u.State != "available" || u.SecondLook != "due" {
			t.Fatalf("the first inspector sees %s, %q", u.State, u.SecondLook)
		}
		var u report.UnitDetail
		second.do("GET", "/units/"+plate(11), nil).into(&u)
		if u.State != "inspected" || u.Account != "" || u.Inspection != nil || u.Can.Inspect || u.Can.Undo || len(u.Timeline) != 0 || u.Case.Judgement != "" || u.SecondLook != "due" {
			t.Errorf("the second inspector sees %+v", u)
		}
		var units report.Page[report.UnitRow]
		second.do("GET", "/units?warehouse=HZ1&q="+plate(11), nil).into(&units)
		if len(units.Items) != 1 || units.Items[0].State != "inspected" || units.Items[0].Account != "" {
			t.Errorf("in the list: %+v", units.Items)
		}
		var moves report.Page[report.MovementRow]
		second.do("GET", "/stock/movements?unit="+plate(11), nil).into(&moves)
		if len(moves.Items) != 0 {
			t.Errorf("in the ledger: %+v", moves.Items)
		}
		var looks report.Page[report.SecondLookRow]
		second.do("GET", "/second-looks?warehouse=HZ1", nil).into(&looks)
		if len(looks.Items) != 1 || looks.Items[0].Mine || looks.Items[0].First != "" || looks.Items[0].FirstBy != "" {
			t.Errorf("in the queue: %+v", looks.Items)
		}
		path := "/units/" + plate(11) + "/second-look"
		look := map[string]any{"grade": "B", "checks": yes(u), "note": "领口有汗渍"}
		wants(t, "the same person", first.do("POST", path, look), http.StatusForbidden, "second_look_self")
		wants(t, "somebody else", second.do("POST", path, look), 200, "")
		wants(t, "settle as inspector", second.do("POST", path+"/settle", map[string]any{"take": "first", "reason": "x"}), http.StatusForbidden, "role_missing")
		boss.do("GET", "/second-looks?warehouse=HZ1&state=differs", nil).into(&looks)
		if len(looks.Items) != 1 || looks.Items[0].First != "A" || looks.Items[0].Second != "B" || looks.Items[0].Note != "领口有汗渍" {
			t.Errorf("the manager sees %+v", looks.Items)
		}
		a := boss.do("POST", path+"/settle", map[string]any{"take": "second", "reason": "当面复核"})
		wants(t, "settle", a, 200, "")
		a.into(&u)
		if u.State != "second_grade" || u.SecondLook != "changed" {
			t.Errorf("settled: %s %s", u.State, u.SecondLook)
		}
		var q []report.Quality
		boss.do("GET", "/second-looks/quality?warehouse=HZ1", nil).into(&q)
		if len(q) != 1 || q[0].Inspections != 1 || q[0].LookedAt != 1 || q[0].Errors != 1 {
			t.Errorf("quality: %+v", q)
		}
	})
}

func TestReservationsOverTheAPI(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		boss, service, merchant := r.login("manager"), r.login("service"), r.login("acme")
		body := map[string]any{"owner": "ACME", "warehouse": "HZ1", "sku": "SKU-1", "account": "available", "quantity": 5, "reason": "opening", "note": "盘入"}
		wants(t, "adjust as service", service.do("POST", "/stock/adjustments", body), http.StatusForbidden, "role_missing")
		a := boss.do("POST", "/stock/adjustments", body, header{"Idempotency-Key", "k1"})
		wants(t, "adjust", a, 200, "")
		boss.do("POST", "/stock/adjustments", body, header{"Idempotency-Key", "k1"}) // the same again
		want := map[string]any{"owner": "ACME", "warehouse": "HZ1", "sku": "SKU-1", "quantity": 3, "purpose": "reshipment", "ref": "RS1", "expires_at": time.Now().Add(time.Hour).UTC()}
		var res report.ReservationRow
		a = service.do("POST", "/stock/reservations", want, header{"Idempotency-Key", "k2"})
		wants(t, "reserve", a, 200, "")
		a.into(&res)
		want["ref"] = "RS2"
		wants(t, "reserve more than there is", service.do("POST", "/stock/reservations", want), http.StatusConflict, "stock_short")
		want["owner"], want["sku"] = "OTHER", "SKU-1"
		wants(t, "another owner's product", service.do("POST", "/stock/reservations", want), http.StatusNotFound, "sku_not_found")
		var page report.Page[report.AvailabilityRow]
		merchant.do("GET", "/stock/availability?sku=SKU-1&warehouse=HZ1", nil).into(&page)
		if len(page.Items) != 1 || page.Items[0].Available != 2 || page.Items[0].Reserved != 3 || page.Items[0].Quarantine != 1 {
			t.Fatalf("availability: %+v", page.Items)
		}
		merchant.do("GET", "/stock/availability?limit=1", nil).into(&page)
		if len(page.Items) != 1 || page.Next == "" {
			t.Fatalf("page: %+v", page)
		}
		merchant.do("GET", "/stock/availability?limit=1&cursor="+page.Next, nil).into(&page)
		if len(page.Items) != 1 || page.Items[0].Owner != "ACME" || page.Items[0].Warehouse != "SZ1" || page.Next != "" {
			t.Fatalf("the merchant's last page: %+v", page)
		}
		id := itoa(res.ID)
		wants(t, "release as merchant", merchant.do("POST", "/stock/reservations/"+id+"/release", map[string]any{}), http.StatusForbidden, "role_missing")
		wants(t, "release", service.do("POST", "/stock/reservations/"+id+"/release", map[string]any{"reason": "取消"}), 200, "")
		wants(t, "release twice", service.do("POST", "/stock/reservations/"+id+"/release", map[string]any{}), http.StatusConflict, "reservation_over")
		wants(t, "another site's manager", r.login("sz").do("POST", "/stock/reservations/"+id+"/release", map[string]any{}), http.StatusNotFound, "reservation_not_found")
	})
}

func TestCountOverTheAPI(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		p, boss := r.login("inspector"), r.login("manager")
		var c api.CountDetail
		a := p.do("POST", "/stock/counts", map[string]any{"warehouse": "HZ1"}, header{"Idempotency-Key", "c1"})
		wants(t, "open", a, 200, "")
		a.into(&c)
		if c.State != "open" || len(c.Lines) != 2 {
			t.Fatalf("%+v", c)
		}
		path := "/stock/counts/" + itoa(c.ID)
		wants(t, "confirm an open count", boss.do("POST", path+"/confirm", nil), http.StatusConflict, "count_state")
		p.do("POST", path+"/plates", map[string]any{"plates": []string{plate(11), plate(22)}}).into(&c)
		if c.Counted != 2 || len(c.Lines) != 2 || c.Lines[0].Kind != "missing" || c.Lines[0].Plate != plate(21) || c.Lines[1].Kind != "surplus" || c.Lines[1].Book != "unknown" {
			t.Fatalf("%+v", c)
		}
		p.do("POST", path+"/plates/"+plate(22)+"/undo", nil).into(&c)
		if c.Counted != 1 || len(c.Lines) != 1 {
			t.Fatalf("%+v", c)
		}
		wants(t, "close", p.do("POST", path+"/close", nil), 200, "")
		wants(t, "confirm as inspector", p.do("POST", path+"/confirm", nil), http.StatusForbidden, "role_missing")
		a = boss.do("POST", path+"/confirm", nil)
		wants(t, "confirm", a, 200, "")
		a.into(&c)
		if c.State != "posted" || c.Lines[0].Result != "posted" {
			t.Fatalf("%+v", c)
		}
		var u report.UnitDetail
		boss.do("GET", "/units/"+plate(21), nil).into(&u)
		if u.State != "missing" || u.Account != "adjustment" {
			t.Fatalf("%s in %s", u.State, u.Account)
		}
		wants(t, "find", boss.do("POST", "/units/"+plate(21)+"/found", map[string]any{"reason": "found", "note": "在3号架后", "version": u.Version}), 200, "")
		wants(t, "another site", r.login("sz").do("GET", path, nil), http.StatusNotFound, "count_not_found")
	})
}

func TestUnitActsOverTheAPI(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		p, boss := r.login("inspector"), r.login("manager")
		path := "/units/" + plate(11)
		wants(t, "block", p.do("POST", path+"/block", map[string]any{"reason": "disputed"}), 200, "")
		var u report.UnitDetail
		p.do("GET", path, nil).into(&u)
		if u.State != "blocked" || u.Block == nil || u.Block.Reason != "disputed" || u.Title != "ours" {
			t.Fatalf("%+v", u)
		}
		wants(t, "unblock as inspector", p.do("POST", path+"/unblock", map[string]any{"reason": "x"}), http.StatusForbidden, "role_missing")
		wants(t, "unblock", boss.do("POST", path+"/unblock", map[string]any{"reason": "胜诉"}), 200, "")
		u = r.inspected(t, p, "C", "repair")
		wants(t, "repaired", p.do("POST", path+"/repaired", map[string]any{"note": "换拉链", "version": u.Version}), 200, "")
		p.do("GET", path, nil).into(&u)
		if u.State != "quarantine" || !u.Can.Inspect || u.Inspection == nil || u.Inspection.ClosedAt == nil {
			t.Fatalf("%+v %+v", u.UnitRow, u.Inspection)
		}
		u = r.inspected(t, p, "B", "return_to_vendor")
		if u.Inspection.Round != 2 {
			t.Fatalf("round %d", u.Inspection.Round)
		}
		wants(t, "waive", boss.do("POST", path+"/second-look/settle", map[string]any{"take": "waive", "reason": "夜班一人"}), 200, "")
		wants(t, "hand over", p.do("POST", path+"/hand-over", map[string]any{"waybill": "SF1", "carrier": "sf", "version": u.Version}), 200, "")
		boss.do("GET", path, nil).into(&u)
		if u.State != "shipped" || u.Account != "vendor" {
			t.Fatalf("%s in %s", u.State, u.Account)
		}
		recall := map[string]any{"owner": "ACME", "sku": "SKU-1", "note": "厂家通知"}
		wants(t, "recall with a grant for one warehouse", boss.do("POST", "/stock/recalls", recall), http.StatusForbidden, "recall_denied")
		var page report.Page[report.RecallRow]
		all := r.login("boss")
		a := all.do("POST", "/stock/recalls", recall)
		wants(t, "recall", a, 200, "")
		a.into(&page)
		if len(page.Items) != 1 || page.Items[0].Blocked != 1 {
			t.Fatalf("%+v", page.Items)
		}
		wants(t, "twice", all.do("POST", "/stock/recalls", recall), http.StatusConflict, "recall_on")
		wants(t, "end", all.do("POST", "/stock/recalls/"+itoa(page.Items[0].ID)+"/end", map[string]any{"thaw": true}), 200, "")
	})
}
