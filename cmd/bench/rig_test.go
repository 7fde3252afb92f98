package main

import (
	"os/exec"
	"testing"
	"time"
)

// programs builds the programs under measurement.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "../backdock", "../station").CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	return dir
}

// One short run of both sides of a figure of every kind, with the real programs, a durable cluster, sockets, a virtual scanner and the simulated bank.
func TestEveryKindOfFigureCanBeMeasured(t *testing.T) {
	f := &Floor{Span: time.Second, Bin: programs(t)}
	defer f.Close()
	kinds := map[string]bool{"scan_pg_ws_16_pipelined_one_sku": true, "scan_sqlite_ws_1": true, "desk_pg_16_pipelined": true, "return_pg_1": true,
		"agent_bytes_to_durable_p99": true, "catch_up_vs_online": true, "agent_rss_mb": true, "server_idle_rss_mb": true, "server_ready_s": true}
	seen := map[string]bool{}
	for _, fig := range figures() {
		if seen[fig.Name] {
			t.Errorf("two figures have the name %s", fig.Name)
		}
		seen[fig.Name] = true
		if !kinds[fig.Name] {
			continue
		}
		delete(kinds, fig.Name)
		t.Run(fig.Name, func(t *testing.T) {
			if fig.Name == "return_pg_1" { // a return takes a while on a busy machine
				f.Span = 10 * time.Second
				defer func() { f.Span = time.Second }()
			}
			rig, err := fig.Rig(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			r, err := measure(t.Context(), fig, rig, 1)
			if err != nil {
				t.Error(err)
			}
			if err := rig.close(); err != nil {
				t.Error(err)
			}
			if r.Value <= 0 || r.Baseline <= 0 {
				t.Errorf("got %+v", r)
			}
		})
	}
	for name := range kinds {
		t.Errorf("there is no figure %s", name)
	}
}
