package main

import (
	"context"
	"fmt"
	"slices"
)

// Result is a measured figure. Its fields of the JSON record keep their names: other programs read them.
type Result struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"` // median of our runs
	Unit     string  `json:"unit"`
	Baseline float64 `json:"baseline"` // median of the baseline's runs
	Ratio    float64 `json:"ratio"`    // Value / Baseline
	Spread   float64 `json:"spread"`   // of the ratios of neighbouring runs: (highest − lowest) / Ratio
	Runs     int     `json:"runs"`     // of each side
	Met      bool    `json:"met"`      // the figure's target; true where there is none

	figure Figure
}

// measure alternates the two sides, baseline first, so that both see the same weather.
func measure(ctx context.Context, fig Figure, rig *Rig, runs int) (Result, error) {
	base, ours := make([]float64, 0, runs), make([]float64, 0, runs)
	for n := range runs {
		for _, side := range []struct {
			name string
			run  func(context.Context) (float64, error)
			into *[]float64
		}{{"baseline", rig.Baseline, &base}, {"ours", rig.Ours, &ours}} {
			if rig.Between != nil {
				if err := rig.Between(ctx); err != nil {
					return Result{}, fmt.Errorf("%s, before run %d: %w", fig.Name, n+1, err)
				}
			}
			v, err := side.run(ctx)
			if err != nil {
				return Result{}, fmt.Errorf("%s, %s, run %d: %w", fig.Name, side.name, n+1, err)
			}
			if v <= 0 {
				return Result{}, fmt.Errorf("%s, %s, run %d measured %v: nothing happened", fig.Name, side.name, n+1, v)
			}
			*side.into = append(*side.into, v)
		}
	}
	return summarize(fig, base, ours), nil
}

// summarize makes a result of the values of paired runs.
func summarize(fig Figure, base, ours []float64) Result {
	r := Result{Name: fig.Name, Unit: fig.Unit, Value: median(ours), Baseline: median(base), Runs: len(ours), figure: fig}
	r.Ratio = r.Value / r.Baseline
	pairs := make([]float64, len(ours))
	for i := range ours {
		pairs[i] = ours[i] / base[i]
	}
	r.Spread = (slices.Max(pairs) - slices.Min(pairs)) / r.Ratio
	r.Met = fig.Better.reached(r.Ratio, fig.Target.Ratio) && fig.Better.reached(r.Value, fig.Target.Value)
	return r
}

func (d Direction) reached(got, want float64) bool {
	switch {
	case want == 0:
		return true
	case d == Higher:
		return got >= want
	}
	return got <= want
}

// median returns the middle of v, the mean of the two middle ones where their number is even. v is not empty.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// quantile returns the value that a share q of v does not exceed (nearest rank). v is not empty.
func quantile(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	rank := int(q*float64(len(s))+0.999999) - 1
	return s[min(max(rank, 0), len(s)-1)]
}
