package refund

import (
	"context"
	"fmt"
	"math/bits"
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

// AddWorkers registers the engine's job.
func (e *Engine) AddWorkers(w *river.Workers) { river.AddWorker(w, &driver{engine: e}) }

// Run sweeps at once and then every so often, until ctx ends. Every process may run it.
func (e *Engine) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := e.Sweep(ctx); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "refunds not swept", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep gives a job to every refund that is due and has none. One that has a job keeps it, unless it is overdue by a whole lease: then that job's process is
// likely dead, which River notices only after a minute or two. Another job is made after one lease, two, four and so on: a few in a crash, not a flood in a jam.
func (e *Engine) Sweep(ctx context.Context) error {
	now := e.clock.Now()
	var due []Refund
	err := e.db.Read.WithContext(ctx).Select("id", "version", "next_try_at", "lease_until", "authorized_at", "sent_at").
		Where("state IN ? AND (next_try_at IS NULL OR next_try_at <= ?) AND (lease_until IS NULL OR lease_until <= ?)", driven, now, now).Order("id").Find(&due).Error
	if err != nil {
		return fmt.Errorf("look for refunds to drive: %w", err)
	}
	for _, r := range due {
		why := ""
		if late := uint64(now.Sub(r.dueAt()) / e.pace.Lease); late > 0 {
			why = fmt.Sprintf("overdue:%d:%d", r.Version, bits.Len64(late))
		}
		if err := e.db.InTx(ctx, func(tx *gorm.DB) error { return e.nudge(ctx, tx, r.ID, why) }); err != nil {
			return err
		}
	}
	return nil
}

// dueAt is since when r could have moved.
func (r Refund) dueAt() (at time.Time) {
	for _, t := range []*time.Time{r.AuthorizedAt, r.SentAt, r.NextTryAt, r.LeaseUntil} {
		if t != nil && t.After(at) {
			at = *t
		}
	}
	return at
}
