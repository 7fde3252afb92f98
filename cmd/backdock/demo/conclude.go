package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/backdock/backdock/receiving/audit"
)

// conclude prints what the day came to and decides whether it was clean.
func (w *world) conclude(ctx context.Context, p played, report audit.Report, took time.Duration) error {
	moved, err := w.bank.counters(ctx)
	if err != nil {
		return err
	}
	twice := 0
	for _, n := range moved.Moved {
		if n != 1 {
			twice++
		}
	}
	out := w.o.Out
	fmt.Fprintf(out, "\nThe day: %d scans, %d units inspected, %d refunds moved money at the bank, in %.1f s\n", p.scans, p.inspected, len(moved.Moved), took.Seconds())
	for _, wrong := range p.wrong {
		fmt.Fprintln(out, "  unexpected answer:", wrong)
	}
	if twice > 0 {
		fmt.Fprintf(out, "  %d refunds moved money more than once\n", twice)
	}
	fmt.Fprint(out, "\n", report.String())
	if len(p.wrong) > 0 || twice > 0 || !report.OK {
		return ErrBreach
	}
	return nil
}
