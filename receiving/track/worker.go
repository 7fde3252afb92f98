package track

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// SweepArgs is the periodic job that looks for what was signed for and not scanned.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "unscanned_sweep" }

// every is how late an alarm may be.
const every = 5 * time.Minute

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	keeper *Keeper
}

// Work sweeps once. What fails is tried again by the next period, not by this job.
func (s *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	return s.keeper.Sweep(ctx)
}

// AddWorkers registers the job.
func (k *Keeper) AddWorkers(w *river.Workers) { river.AddWorker(w, &sweeper{keeper: k}) }

// Periodic is the job's schedule; one process of all makes it run.
func Periodic() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return SweepArgs{}, &river.InsertOpts{MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}
