package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

// work is what a database counts of rows written, by table.
type work map[string]int64

// rowsWritten reads the counters of rows inserted, updated and deleted.
func rowsWritten(t *testing.T, d *db.DB) work {
	t.Helper()
	rows, err := d.SQL.QueryContext(t.Context(), "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := work{}
	for rows.Next() {
		var table string
		var ins, upd, del int64
		if err := rows.Scan(&table, &ins, &upd, &del); err != nil {
			t.Fatal(err)
		}
		out[table+" inserted"], out[table+" updated"], out[table+" deleted"] = ins, upd, del
	}
	return out
}

// The baseline of the scan figures is what the desk really sends. Statement by statement the script is the trace, and a run of it writes, per scan, exactly
// the rows that a scan of the desk writes.
func TestTheScanScriptIsTheTracedScan(t *testing.T) {
	for _, oneSKU := range []bool{false, true} {
		url := testkit.URL(t, db.Postgres)
		lab, err := newLab(t.Context(), url, 2, oneSKU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { lab.scene.DB.Close() })
		trace, err := lab.trace(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := script(head, trace.Statements, trace.Bind)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")[strings.Count(head, "\n"):]
		if len(lines) != len(trace.Statements) {
			t.Fatalf("%d lines for %d statements:\n%s", len(lines), len(trace.Statements), text)
		}
		for i, s := range trace.Statements {
			if !follows(s.SQL, lines[i]) {
				t.Errorf("line %d is not the traced statement:\n%s\n%s", i+1, s.SQL, lines[i])
			}
		}
		desk := perScan(t, lab, func() int64 {
			for range 2 * linesPer {
				if _, err := lab.accept(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			return 2 * linesPer
		})
		if err := lab.lay(t.Context(), trace, 1, 400); err != nil {
			t.Fatal(err)
		}
		baseline := perScan(t, lab, func() int64 {
			before := outcomes(t, lab.scene.DB)
			p := PGBench{URL: url, Script: text, Clients: 2, Defines: map[string]int64{"n": -1, "first": 1, "per": 400, "seq0": 0}}
			if _, err := p.Run(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
			return outcomes(t, lab.scene.DB) - before
		})
		for k, v := range desk {
			if baseline[k] != v {
				t.Errorf("one SKU %v: %s: the desk %.3f rows per scan, the script %.3f", oneSKU, k, float64(v)/1000, float64(baseline[k])/1000)
			}
		}
		if desk["units inserted"] != 1000 || desk["movements inserted"] != 1000 || desk["outcomes inserted"] != 1000 || desk["parcels updated"] != 1000 {
			t.Errorf("counted per thousand scans of the desk: %v", desk)
		}
	}
}

// perScan counts the rows written by act, per thousand scans.
func perScan(t *testing.T, l *lab, act func() (scans int64)) work {
	t.Helper()
	d := l.scene.DB
	flush(t, d)
	before := rowsWritten(t, d)
	n := act()
	flush(t, d)
	out := work{}
	for k, v := range rowsWritten(t, d) {
		if v -= before[k]; v != 0 {
			// First balances of a SKU are inserts, later ones updates: together they are two a scan.
			if strings.HasPrefix(k, "balances ") {
				k = "balances written"
			}
			out[k] += v
		}
	}
	for k, v := range out {
		out[k] = (v*1000 + n/2) / n
	}
	return out
}

func outcomes(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	if err := d.Read.Raw("SELECT count(*) FROM outcomes").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// flush makes every session of the pool report what it has counted.
func flush(t *testing.T, d *db.DB) {
	t.Helper()
	for _, c := range d.Pool.AcquireAllIdle(t.Context()) {
		if _, err := c.Exec(t.Context(), "SELECT pg_stat_force_next_flush()"); err != nil {
			t.Fatal(err)
		}
		c.Release()
	}
	if _, err := d.SQL.ExecContext(t.Context(), "SELECT pg_stat_clear_snapshot()"); err != nil {
		t.Fatal(err)
	}
}

func TestTheReplayIsTheTracedScan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backdock.db")
	lab, err := newLab(t.Context(), "sqlite://"+path, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.scene.DB.Close()
	trace, err := lab.trace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.lay(t.Context(), trace, 1, 200); err != nil {
		t.Fatal(err)
	}
	r, err := NewReplay(t.Context(), path, trace.Statements, trace.Bind)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	count := func() (n [6]int64) {
		row := lab.scene.DB.Read.Raw(`SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM movements), (SELECT count(*) FROM outcomes), (SELECT count(*) FROM events),
			(SELECT sum(version) FROM parcels), (SELECT sum(quantity) FROM balances WHERE account = 'quarantine')`).Row()
		if err := row.Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5]); err != nil {
			t.Fatal(err)
		}
		return n
	}
	r.next = parcelPieces
	before := count()
	if _, err := r.Run(t.Context(), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	after, acts := count(), r.next-parcelPieces
	if acts == 0 {
		t.Fatal("nothing was replayed")
	}
	for i, v := range after {
		if v-before[i] != acts {
			t.Errorf("counter %d rose by %d in %d scans", i, v-before[i], acts)
		}
	}
}

func TestTeamReceivesParcels(t *testing.T) {
	for _, l := range []load{{benches: 2, window: 1}, {benches: 2, window: pipelined}, {benches: 2, window: pipelined, oneSKU: true}} {
		team, err := newTeam(t.Context(), testkit.URL(t, db.Postgres), l)
		if err != nil {
			t.Fatal(err)
		}
		defer team.scene.DB.Close()
		if err := team.scene.Stock(t.Context(), 300); err != nil {
			t.Fatal(err)
		}
		rate, err := together(t.Context(), l.benches, time.Second, func(ctx context.Context, i int, until int64) (int, error) { return team.work(ctx, i, until) })
		if err != nil || rate <= 0 {
			t.Errorf("%s: %.0f pieces a second, %v", l, rate, err)
		}
	}
}
