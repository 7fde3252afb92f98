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

// Whatever handle is derived from a transaction, a job inserted through it belongs to that transaction.
func TestInsertThroughDerivedHandles(t *testing.T) {
	derive := map[string]func(context.Context, *gorm.DB) *gorm.DB{
		"with context": func(ctx context.Context, tx *gorm.DB) *gorm.DB { return tx.WithContext(ctx) },
		"session": func(ctx context.Context, tx *gorm.DB) *gorm.DB {
			return tx.Session(&gorm.Session{NewDB: true, Context: ctx})
		},
		"conditioned": func(_ context.Context, tx *gorm.DB) *gorm.DB { return tx.Table("events").Where("id = 0") },
	}
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		workers := river.NewWorkers()
		river.AddWorker(workers, &pingWorker{})
		q, err := job.New(d, workers, job.Options{}) // inserts only
		if err != nil {
			t.Fatal(err)
		}
		jobs := func() (n int64) {
			if err := d.Read.Table("river_job").Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		refused := errors.New("refused")
		for name, of := range derive {
			before := jobs()
			for _, end := range []error{refused, nil} {
				err := d.InTx(t.Context(), func(tx *gorm.DB) error {
					inner := of(t.Context(), tx).Session(&gorm.Session{NewDB: true}).Transaction(func(sp *gorm.DB) error {
						return q.Insert(t.Context(), sp.WithContext(t.Context()), pingArgs{1}, nil)
					})
					if inner != nil {
						return inner
					}
					// A savepoint that is rolled back takes its job with it.
					if err := of(t.Context(), tx).Session(&gorm.Session{NewDB: true}).Transaction(func(sp *gorm.DB) error {
						if err := q.Insert(t.Context(), sp, pingArgs{2}, nil); err != nil {
							return err
						}
						return refused
					}); !errors.Is(err, refused) {
						return err
					}
					return end
				})
				if !errors.Is(err, end) {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if n := jobs() - before; n != 1 {
				t.Errorf("%s: %d jobs, want 1", name, n)
			}
		}
	})
}
