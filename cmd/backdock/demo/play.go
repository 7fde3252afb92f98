package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
)

// played sums up a day.
type played struct {
	scans, inspected int
	wrong            []string // answers that were not the scripted ones
}

// play runs the clerks, the channel that sends late cases, and the inspector, to the end of the script.
func (w *world) play(ctx context.Context) (played, error) {
	var p played
	var mu sync.Mutex
	robot, err := login(ctx, w.server.URL(), "robot")
	if err != nil {
		return p, err
	}
	done := make([]chan struct{}, len(w.day.Script))
	for i := range done {
		done[i] = make(chan struct{})
	}
	clerks, clerkCtx := errgroup.WithContext(ctx)
	for _, b := range w.benches {
		clerks.Go(func() error {
			return w.work(clerkCtx, b, done, func(wrong string) {
				mu.Lock()
				defer mu.Unlock()
				p.scans++
				if wrong != "" {
					p.wrong = append(p.wrong, wrong)
				}
			})
		})
	}
	clerks.Go(func() error { return w.channel(clerkCtx, done) })

	scanned := make(chan struct{})
	insp := &inspector{client: robot, seen: map[string]bool{}}
	var inspectors errgroup.Group
	inspectors.Go(func() error { return w.inspect(clerkCtx, insp, scanned) })
	err = clerks.Wait()
	close(scanned)
	if err != nil {
		_ = inspectors.Wait()
		return p, err
	}
	// The context of the clerks ends with their Wait; what came in last is inspected now.
	if err := inspectors.Wait(); err != nil && ctx.Err() == nil && clerkCtx.Err() == nil {
		return p, err
	}
	if err := insp.round(ctx, w.pause(0)); err != nil {
		return p, err
	}
	p.inspected = insp.done
	return p, nil
}

// work plays one bench's steps.
func (w *world) work(ctx context.Context, b *bench, done []chan struct{}, tell func(wrong string)) error {
	if _, err := b.clerk.scan(ctx, "]C0", scanner.ControlPrefix+scanner.Operator+":"+w.badges[b.number]); err != nil {
		return err
	}
	last := ""
	for n, step := range w.day.Script {
		if step.Bench != b.number {
			continue
		}
		if err := sleep(ctx, w.pause(step.After)); err != nil {
			return err
		}
		out, err := b.clerk.scan(ctx, step.AIM, step.Fill(last))
		if err != nil {
			return fmt.Errorf("bench %d, step %d (%s): %w", b.number, n, step.NoteEN, err)
		}
		for _, e := range out.Effects {
			if e.Kind == scanner.EffectUnitBooked {
				last = e.Plate
			}
		}
		wrong := ""
		if out.Code != step.Want {
			wrong = fmt.Sprintf("bench %d, step %d, %s: scan of %q got %s, want %s (%v)", b.number, n, step.Scene, step.Fill(last), out.Code, step.Want, out.Params)
		}
		tell(wrong)
		close(done[n])
	}
	return nil
}

// channel sends the cases that arrive during the day.
func (w *world) channel(ctx context.Context, done []chan struct{}) error {
	for _, late := range w.day.Late {
		if late.After < len(done) {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-done[late.After]:
			}
		}
		if err := clean("late case", func() (intake.Report, error) { return w.server.Importer().Cases(ctx, []intake.Case{late.Case}) }); err != nil {
			return err
		}
	}
	return nil
}

// inspect goes round until the clerks have gone home.
func (w *world) inspect(ctx context.Context, i *inspector, scanned <-chan struct{}) error {
	every := 4 * time.Second
	if w.o.Fast {
		every = 200 * time.Millisecond
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-scanned:
			return nil
		case <-time.After(every):
		}
		if err := i.round(ctx, w.pause(0)); err != nil {
			return err
		}
	}
}

// pause is the time before a trigger: what the script asks for, and a person's pace unless the day is played fast.
func (w *world) pause(asked time.Duration) time.Duration {
	if w.o.Fast {
		return asked
	}
	return max(asked, 1200*time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
