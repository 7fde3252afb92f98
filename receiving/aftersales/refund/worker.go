package refund

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
)

// DriveArgs is the job that moves one refund on until it rests.
type DriveArgs struct {
	Refund id.Refund `json:"refund"`
	Nudge  string    `json:"nudge,omitempty"` // makes a job of its own beside one that is scheduled for later
}

// Kind names the job.
func (DriveArgs) Kind() string { return "refund_drive" }

// once keeps one live job per refund. The table, not the job, is the truth: the sweep fills gaps.
var once = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled}}

func (e *Engine) enqueue(ctx context.Context, tx *gorm.DB, r id.Refund) error {
	return e.nudge(ctx, tx, r, "")
}

// nudge has a refund looked at now, although a job for it may sleep until a later poll. Two jobs on one refund do no harm: the lease lets one act.
func (e *Engine) nudge(ctx context.Context, tx *gorm.DB, r id.Refund, why string) error {
	return e.jobs.Insert(ctx, tx, DriveArgs{Refund: r, Nudge: why}, &river.InsertOpts{UniqueOpts: once})
}

type driver struct {
	river.WorkerDefaults[DriveArgs]
	engine *Engine
}

// Work never fails a job: River's growing back-off would let a refund wait for hours after the database had a bad minute.
func (d *driver) Work(ctx context.Context, j *river.Job[DriveArgs]) error {
	wait, err := d.engine.Drive(ctx, j.Args.Refund)
	if err != nil {
		d.engine.log.ErrorContext(ctx, "refund not moved", "refund", int64(j.Args.Refund), "error", err)
		return river.JobSnooze(d.engine.pace.Retry)
	}
	if wait < 0 {
		return nil
	}
	return river.JobSnooze(wait)
}

// SweepArgs is the job that finds refunds without a live job.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "refund_sweep" }

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	engine *Engine
}

func (s *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	return s.engine.Sweep(ctx)
}

// AddWorkers registers the engine's jobs.
func (e *Engine) AddWorkers(w *river.Workers) {
	river.AddWorker(w, &driver{engine: e})
	river.AddWorker(w, &sweeper{engine: e})
}

// Periodic is the sweep's timetable, for job.Options.
func (e *Engine) Periodic(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return SweepArgs{}, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByState: once.ByState}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// Sweep gives a job to every refund that should move and has none: its job was lost, or ended while something new came. Those that have one keep it.
func (e *Engine) Sweep(ctx context.Context) error {
	var ids []id.Refund
	err := e.db.Read.WithContext(ctx).Model(&Refund{}).Where("state IN ? AND (next_try_at IS NULL OR next_try_at <= ?)", driven, e.clock.Now()).
		Order("id").Pluck("id", &ids).Error
	if err != nil {
		return fmt.Errorf("look for refunds to drive: %w", err)
	}
	for _, r := range ids {
		if err := e.db.InTx(ctx, func(tx *gorm.DB) error { return e.enqueue(ctx, tx, r) }); err != nil {
			return err
		}
	}
	return nil
}
