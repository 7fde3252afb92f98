package api_test

import (
	"net/http"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

func TestLoginAndMe(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		p := r.nobody()
		if a := p.do("GET", "/auth/me", nil); a.status != http.StatusUnauthorized || a.code() != "not_logged_in" {
			t.Errorf("me without a session: %d %s", a.status, a.body)
		}
		if a := p.do("POST", "/auth/login", map[string]string{"username": "clerk", "password": "wrong password"}); a.status != http.StatusUnauthorized || a.code() != "login_failed" {
			t.Errorf("wrong password: %d %s", a.status, a.body)
		}
		clerk := r.login("clerk")
		var me struct {
			User       struct{ Username, Lang string }
			Grants     []report.Grant
			Warehouses []report.Warehouse
		}
		clerk.do("GET", "/auth/me", nil).into(&me)
		if me.User.Username != "clerk" || len(me.Grants) != 1 || me.Grants[0] != (report.Grant{Role: "clerk", Warehouse: "HZ1", Owner: "*", Shop: "*"}) || len(me.Warehouses) != 1 {
			t.Errorf("me: %+v", me)
		}
		if a := clerk.do("PUT", "/auth/language", map[string]string{"lang": "en"}); a.status != 200 {
			t.Errorf("language: %s", a.body)
		}
		clerk.do("GET", "/auth/me", nil).into(&me)
		if me.User.Lang != "en" {
			t.Errorf("language is %q", me.User.Lang)
		}
		if a := clerk.do("POST", "/auth/logout", nil); a.status != http.StatusNoContent {
			t.Errorf("logout: %d %s", a.status, a.body)
		}
		if a := clerk.do("GET", "/auth/me", nil); a.status != http.StatusUnauthorized {
			t.Errorf("me after logout: %d", a.status)
		}
	})
}

func TestInspect(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		p := r.login("inspector")
		var list report.Page[report.UnitRow]
		p.do("GET", "/units?state=quarantine&warehouse=HZ1", nil).into(&list)
		if len(list.Items) != 2 {
			t.Fatalf("%d units, want the two of HZ1", len(list.Items))
		}
		var u report.UnitDetail
		p.do("GET", "/units/"+plate(11), nil).into(&u)
		if u.Order == nil || u.Order.Number != "O11" || u.Case == nil || u.Case.Number != "C11" || !u.Can.Inspect || len(u.Checklist) == 0 || len(u.Order.Lines) != 1 || u.Order.Lines[0].Paid.Minor != 19900 {
			t.Fatalf("unit: %+v", u)
		}
		checks := map[string]bool{}
		for _, c := range u.Checklist {
			checks[c.Key] = true
		}
		body := map[string]any{"grade": "A", "disposition": "restock", "checks": checks, "note": "", "version": u.Version}
		if a := p.do("POST", "/units/"+plate(11)+"/inspection", body); a.status != 200 {
			t.Fatalf("inspect: %d %s", a.status, a.body)
		} else {
			a.into(&u)
		}
		if u.State != "available" || u.Inspection == nil || u.Inspection.Grade != "A" || !u.Can.Undo || len(u.Timeline) != 1 {
			t.Fatalf("after inspection: %+v", u)
		}
		if a := p.do("POST", "/units/"+plate(11)+"/inspection", body); a.status != http.StatusConflict || a.code() != "already_inspected" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
		if a := p.do("POST", "/units/"+plate(11)+"/inspection/undo", map[string]any{"reason": "slip", "version": u.Version}); a.status != 200 {
			t.Fatalf("undo: %d %s", a.status, a.body)
		} else {
			a.into(&u)
		}
		if u.State != "quarantine" || !u.Can.Inspect || u.Inspection == nil || u.Inspection.UndoneAt == nil {
			t.Errorf("after undo: %+v", u)
		}
	})
}
