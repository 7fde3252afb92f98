package job_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/testkit"
)

type pingArgs struct {
	N int `json:"n"`
}

func (pingArgs) Kind() string { return "ping" }

type pingWorker struct {
	river.WorkerDefaults[pingArgs]
	ran chan int
}

func (w *pingWorker) Work(_ context.Context, j *river.Job[pingArgs]) error {
	w.ran <- j.Args.N
	return nil
}

func TestCommittedRunsOnceRolledBackNever(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		worker := &pingWorker{ran: make(chan int, 10)}
		workers := river.NewWorkers()
		river.AddWorker(workers, worker)
		q, err := job.New(d, workers, job.Options{Workers: 2, Poll: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		refused := errors.New("refused")
		insert := func(n int, end error) error {
			return d.InTx(t.Context(), func(tx *gorm.DB) error {
				if err := q.Insert(t.Context(), tx, pingArgs{n}, nil); err != nil {
					return err
				}
				return end
			})
		}
		if err := insert(1, refused); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if err := insert(2, nil); err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-worker.ran:
			if n != 2 {
				t.Fatalf("job %d ran", n)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the committed job never ran")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if len(worker.ran) != 0 {
			t.Fatalf("job %d ran as well", <-worker.ran)
		}
	})
}
