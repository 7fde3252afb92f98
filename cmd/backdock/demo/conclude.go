package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/backdock/backdock/receiving/audit"
)

// conclude waits for the money under way, prints what the day came to and decides whether it was clean.
func (w *world) conclude(ctx context.Context, p played, began time.Time) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	moved, err := w.bank.counters(ctx)
	if err != nil {
		return err
	}
	paid := len(moved.Moved)
	wrong, err := w.reconcile(ctx, moved.Moved)
	if err != nil {
		return err
	}
	wrong = append(p.wrong, wrong...)
	report, err := audit.Run(ctx, w.server.DB())
	if err != nil {
		return err
	}
	out := w.o.Out
	fmt.Fprintf(out, "\nThe day: %d scans, %d units inspected, %d refunds moved money at the bank, in %.1f s\n", p.scans, p.inspected, paid, time.Since(began).Seconds())
	for _, line := range wrong {
		fmt.Fprintln(out, "  wrong:", line)
	}
	fmt.Fprint(out, "\n", report.String())
	if len(wrong) > 0 || !report.OK {
		return ErrBreach
	}
	return nil
}

// settle waits until no refund is on its way. Those that wait for a person stay.
func (w *world) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var n int64
		err := w.server.DB().Read.WithContext(ctx).Table("refunds").Where("state IN ('authorized', 'sending', 'unknown', 'accepted')").Count(&n).Error
		if err != nil {
			return fmt.Errorf("refunds on their way: %w", err)
		}
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d refunds are still on their way", n)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reconcile holds our refunds against the bank's ledger: each that succeeded moved money once, and nothing else did.
func (w *world) reconcile(ctx context.Context, moved map[string]int) ([]string, error) {
	var paid []string
	err := w.server.DB().Read.WithContext(ctx).Table("refunds").Where("state = 'succeeded' AND origin = 'ours'").Order("number").Pluck("number", &paid).Error
	if err != nil {
		return nil, fmt.Errorf("refunds that succeeded: %w", err)
	}
	var wrong []string
	for _, n := range paid {
		if moved[n] != 1 {
			wrong = append(wrong, fmt.Sprintf("refund %s succeeded and moved money %d times", n, moved[n]))
		}
		delete(moved, n)
	}
	for n, times := range moved {
		wrong = append(wrong, fmt.Sprintf("the bank moved money for %s %d times, but it has not succeeded here", n, times))
	}
	return wrong, nil
}
