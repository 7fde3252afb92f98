package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
)

// table writes results as rows, with the target of each and whether it was met.
func table(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "figure\tours\tbaseline\tunit\tratio\tspread\ttarget\t\t")
	for _, r := range results {
		verdict := "met"
		switch {
		case r.figure.Target == (Target{}):
			verdict = "–"
		case !r.Met:
			verdict = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.2f\t±%.0f %%\t%s\t%s\t\n", r.Name, short(r.Value), short(r.Baseline), r.Unit, r.Ratio, r.Spread*50, r.figure.target(), verdict)
	}
	return t.Flush()
}

// target says what the figure has to reach, as "ratio ≥ 0.6".
func (f Figure) target() string {
	sign := "≥"
	if f.Better == Lower {
		sign = "≤"
	}
	switch {
	case f.Target.Ratio != 0:
		return fmt.Sprintf("ratio %s %s", sign, short(f.Target.Ratio))
	case f.Target.Value != 0:
		return fmt.Sprintf("%s %s %s", sign, short(f.Target.Value), f.Unit)
	}
	return ""
}

// short renders v with three significant digits, whole from a hundred up.
func short(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// writeJSON stores results as one JSON array.
func writeJSON(path string, results []Result) error {
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
