package api_test

import (
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

// A manager leases a roll, prints it once and has a bench use rolls; what is used of a roll is counted. Pressed twice it is one roll.
func TestPlateRollsOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.whole()
		manager := r.login("manager")
		body := map[string]any{"warehouse": "HZ1", "count": 3, "label": "50x30", "dpi": "203"}
		for name, c := range map[string]struct {
			p    *person
			path string
			body any
			want int
			code string
		}{
			"a clerk":           {r.login("clerk"), "/plates/rolls", body, 403, "role_missing"},
			"another warehouse": {r.login("sz"), "/plates/rolls", body, 404, "warehouse_not_found"},
			"too long":          {manager, "/plates/rolls", map[string]any{"warehouse": "HZ1", "count": 2001}, 422, "request_invalid"},
			"no label":          {manager, "/plates/rolls", map[string]any{"warehouse": "HZ1", "count": 1, "label": "2x2"}, 422, "label_format"},
			"a bench elsewhere": {manager, "/benches/plates", map[string]any{"bench": "SZ1/1", "mode": "preprinted"}, 404, "bench_not_found"},
		} {
			if a := c.p.do("POST", c.path, c.body); a.status != c.want || a.code() != c.code {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		var made struct {
			report.RollRow
			ZPL string `json:"zpl"`
		}
		key := header{"Idempotency-Key", "press"}
		first := manager.do("POST", "/plates/rolls", body, key)
		if first.into(&made); first.status != 200 || made.Count != 3 || made.Used != 0 || made.Warehouse != "HZ1" || strings.Count(made.ZPL, "^XA") != 3 || !strings.Contains(made.ZPL, made.Last) {
			t.Fatalf("%d %s", first.status, first.body)
		}
		if a := manager.do("POST", "/plates/rolls", body, key); string(a.body) != string(first.body) {
			t.Errorf("the same press made %s", a.body)
		}
		s.exec("UPDATE units SET plate = ? WHERE id = (SELECT MIN(id) FROM units)", made.First)
		var rolls report.Page[report.RollRow]
		manager.do("GET", "/plates/rolls", nil).into(&rolls)
		if len(rolls.Items) != 1 || rolls.Items[0].Used != 1 || rolls.Items[0].Newest != made.First || rolls.Items[0].Last != made.Last {
			t.Errorf("rolls: %+v", rolls.Items)
		}
		if r.login("sz").do("GET", "/plates/rolls", nil).into(&rolls); len(rolls.Items) != 0 {
			t.Errorf("another warehouse sees %+v", rolls.Items)
		}
		var bench report.BenchRow
		for _, mode := range []string{"preprinted", "preprinted", "printed"} {
			if a := manager.do("POST", "/benches/plates", map[string]any{"bench": "HZ1/3", "mode": mode}); a.status != 200 || decoded(a, &bench).Plates != mode {
				t.Errorf("%s: %d %s", mode, a.status, a.body)
			}
		}
		var facts []string
		if err := d.Read.Raw("SELECT type || ' ' || subject FROM events WHERE by_user = (SELECT id FROM users WHERE username = 'manager') ORDER BY id").Scan(&facts).Error; err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(facts, "; "), "backdock.plates.rolled.v1 roll/"+made.First+"; backdock.bench.plates.v1 bench/1; backdock.bench.plates.v1 bench/1"; got != want {
			t.Errorf("audited %s", got)
		}
	})
}
