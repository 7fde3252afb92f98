package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/track"
)

// The commands of the dock: checkpoints from a file, twice the same; the work counted anew.
func TestDockCommands(t *testing.T) {
	dir := t.TempDir()
	run := func(want int, args ...string) string {
		t.Helper()
		var out, failed bytes.Buffer
		if code := Main(t.Context(), append(args, "--data", dir), &out, &failed); code != want {
			t.Fatalf("%v: exit %d, %s%s", args, code, &out, &failed)
		}
		return out.String() + failed.String()
	}
	run(0, "migrate")
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	csv := file("track.csv", "carrier,waybill,code,at,place,parent\nsf,SF1234567890123,delivered,2026-11-20T02:00:00Z,杭州,\nsf,SF1234567890124,in_transit,2026-11-20T01:00:00Z,,SF1234567890123\n")
	for _, want := range []string{"2 checkpoints: 2 new, 1 waybills signed for", "2 checkpoints: 0 new, 0 waybills signed for"} {
		if got := run(0, "import", "checkpoints", csv); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := run(1, "import", "checkpoints", file("bad.csv", "carrier,waybill,code,at\nsf,SF1,delivered,yesterday\n")); !strings.Contains(got, "checkpoints_file") {
		t.Error(got)
	}
	if got := run(1, "import", "checkpoints", file("bad.json", `[{"waybill":"SF1","code":"eaten","at":"2026-11-20T02:00:00Z"}]`)); !strings.Contains(got, "checkpoint_invalid") {
		t.Error(got)
	}
	if got := run(0, "report", "rebuild"); !strings.Contains(got, "work done is counted up to event") {
		t.Error(got)
	}
}

// The queue runs the sweep by itself as soon as a server starts.
func TestSweepRunsPeriodically(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d, clock.System{})
		workers := river.NewWorkers()
		track.New(d, log, clock.System{}, nil).AddWorkers(workers)
		q, err := job.New(d, workers, job.Options{Workers: 1, Periodic: []*river.PeriodicJob{track.Periodic()}})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := q.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			var done int
			if err := d.Read.Raw("SELECT COUNT(*) FROM river_job WHERE kind = 'unscanned_sweep' AND CAST(state AS TEXT) = 'completed'").Scan(&done).Error; err != nil {
				t.Fatal(err)
			}
			if done > 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("the sweep has not run")
			}
		}
	})
}
