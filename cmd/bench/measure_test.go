package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMedianAndQuantile(t *testing.T) {
	for _, c := range []struct {
		name string
		v    []float64
		want float64
	}{
		{"one", []float64{7}, 7},
		{"odd, not in order", []float64{9, 1, 5}, 5},
		{"even", []float64{4, 1, 3, 2}, 2.5},
		{"an outlier moves nothing", []float64{10, 11, 12, 13, 9000}, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := slices.Clone(c.v)
			if got := median(c.v); got != c.want {
				t.Errorf("median %v, want %v", got, c.want)
			}
			if !slices.Equal(c.v, given) {
				t.Error("the values were reordered: pairs of runs would come apart")
			}
		})
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.99: 99, 1: 100, 0: 1} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestSummarize(t *testing.T) {
	fig := Figure{Name: "f", Unit: "scans/s", Better: Higher, Target: Target{Ratio: 0.6}}
	// The machine slows down by half in the midst: the medians follow, the pairs stay close.
	r := summarize(fig, []float64{100, 100, 50, 50, 50}, []float64{80, 70, 40, 35, 40})
	if r.Value != 40 || r.Baseline != 50 || r.Ratio != 0.8 || r.Runs != 5 || !r.Met {
		t.Errorf("got %+v", r)
	}
	if want := (0.8 - 0.7) / 0.8; math.Abs(r.Spread-want) > 1e-9 {
		t.Errorf("spread %v, want %v", r.Spread, want)
	}
	for _, c := range []struct {
		name   string
		better Direction
		target Target
		met    bool
	}{
		{"more than asked", Higher, Target{Ratio: 0.79}, true},
		{"less than asked", Higher, Target{Ratio: 0.81}, false},
		{"cheap enough", Lower, Target{Ratio: 0.81}, true},
		{"too dear", Lower, Target{Ratio: 0.79}, false},
		{"value within its limit", Lower, Target{Value: 40}, true},
		{"value beyond its limit", Lower, Target{Value: 39}, false},
		{"no target", Lower, Target{}, true},
	} {
		fig.Better, fig.Target = c.better, c.target
		if got := summarize(fig, []float64{50, 50, 50}, []float64{40, 40, 40}); got.Met != c.met {
			t.Errorf("%s: met is %v", c.name, got.Met)
		}
	}
}

func TestRunsAlternate(t *testing.T) {
	var order []string
	side := func(name string, v float64) func(context.Context) (float64, error) {
		return func(context.Context) (float64, error) { order = append(order, name); return v, nil }
	}
	rig := &Rig{Baseline: side("b", 2), Ours: side("o", 1), Between: func(context.Context) error { order = append(order, "-"); return nil }}
	if _, err := measure(t.Context(), Figure{}, rig, 3); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "-b-o-b-o-b-o" {
		t.Errorf("order %s", got)
	}
	broken := errors.New("no route")
	rig.Ours = func(context.Context) (float64, error) { return 0, broken }
	if _, err := measure(t.Context(), Figure{Name: "f"}, rig, 3); !errors.Is(err, broken) {
		t.Errorf("a run that fails gives %v", err)
	}
	rig.Ours = side("o", 0)
	if _, err := measure(t.Context(), Figure{Name: "f"}, rig, 3); err == nil {
		t.Error("a run in which nothing happened is a figure")
	}
}

func TestJSONShape(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	fig := Figure{Name: "scan_pg_ws_16", Unit: "scans/s", Better: Higher, Target: Target{Ratio: 0.6}}
	if err := writeJSON(path, []Result{summarize(fig, []float64{2, 2, 2}, []float64{1, 1, 1})}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"name": "scan_pg_ws_16", "value": 1.0, "unit": "scans/s", "baseline": 2.0, "ratio": 0.5, "spread": 0.0, "runs": 3.0, "met": false}
	if len(got) != 1 || len(got[0]) != len(want) {
		t.Fatalf("got %s", b)
	}
	for k, v := range want {
		if got[0][k] != v {
			t.Errorf("%s is %v, want %v", k, got[0][k], v)
		}
	}
}

func TestTable(t *testing.T) {
	fig := Figure{Name: "agent_rss_mb", Unit: "MiB", Better: Lower, Target: Target{Value: 30}}
	var out strings.Builder
	if err := table(&out, []Result{summarize(fig, []float64{10, 10, 10}, []float64{31, 31, 31}), {Name: "free", Unit: "s", Value: 1234, Baseline: 1, Ratio: 1234}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if got := strings.Join(strings.Fields(lines[1]), " "); got != "agent_rss_mb 31 10 MiB 3.10 ±0 % ≤ 30 MiB MISSED" {
		t.Errorf("row %q", got)
	}
	if got := strings.Join(strings.Fields(lines[2]), " "); got != "free 1234 1 s 1234.00 ±0 % –" {
		t.Errorf("row %q", got)
	}
}

func TestChoose(t *testing.T) {
	all := []Figure{{Name: "scan_pg_ws_1"}, {Name: "scan_pg_ws_16"}, {Name: "agent_rss_mb"}}
	got, err := choose(all, "^scan_pg_ws_1$|rss")
	if err != nil || len(got) != 2 || got[0].Name != "scan_pg_ws_1" || got[1].Name != "agent_rss_mb" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := choose(all, "nothing"); err == nil {
		t.Error("a misspelt name measures nothing and says nothing")
	}
	if _, err := choose(all, "("); err == nil {
		t.Error("a broken expression was taken")
	}
}

func TestTooFewRunsAreRefused(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-runs", "4"}, &out, &out); err == nil || !strings.Contains(err.Error(), "at least 5") {
		t.Errorf("got %v", err)
	}
}
