package job_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/testkit"
)

type linkArgs struct {
	Left int `json:"left"`
}

func (linkArgs) Kind() string { return "link" }

// linkWorker inserts the next job of a chain: always right after a fetch, where River does not announce it.
type linkWorker struct {
	river.WorkerDefaults[linkArgs]
	next func(ctx context.Context, left int) error
	done chan struct{}
}

func (w *linkWorker) Work(ctx context.Context, j *river.Job[linkArgs]) error {
	if j.Args.Left == 0 {
		close(w.done)
		return nil
	}
	return w.next(ctx, j.Args.Left-1)
}

// A return's consequences follow one another: approval, refund, answer, event. A queue that lets each wait for the slow poll of the library's default takes
// 40 s for 40 of them; the bound is half of that, so that a busy machine passes.
func TestJobsThatFollowOneAnotherDoNotWaitForASlowPoll(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		worker := &linkWorker{done: make(chan struct{})}
		workers := river.NewWorkers()
		river.AddWorker(workers, worker)
		q, err := job.New(d, workers, job.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		worker.next = func(ctx context.Context, left int) error {
			return d.InTx(ctx, func(tx *gorm.DB) error { return q.Insert(ctx, tx, linkArgs{left}, nil) })
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := worker.next(t.Context(), 40); err != nil {
			t.Fatal(err)
		}
		select {
		case <-worker.done:
		case <-time.After(20 * time.Second):
			t.Error("forty jobs one after another were not done within 20 s")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	})
}
