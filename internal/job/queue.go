package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
)

// Timeout bounds one run of a job. A job that was under way when its process died is taken up again after twice that.
const Timeout = 30 * time.Second

const (
	// DefaultPoll is how long a job that nobody announced may wait. River announces none on SQLite, and on PostgreSQL none that is inserted within the
	// cooldown after another (its notify limiter): with River's own second, a buyer's refund would often wait that second for nothing.
	DefaultPoll = 250 * time.Millisecond
	// cooldown is the shortest time between two fetches, and the time in which River keeps silent about further inserts.
	cooldown = time.Millisecond
)

// Queue inserts and works jobs.
type Queue struct {
	db     *db.DB
	pg     *river.Client[pgx.Tx]
	lite   *river.Client[*sql.Tx]
	worker *river.Workers
}

// Options tune New.
type Options struct {
	Workers  int // jobs at once; 0: this process only inserts
	Periodic []*river.PeriodicJob
	Log      *slog.Logger
	Poll     time.Duration // how often to look for jobs nobody announced; 0 takes DefaultPoll
}

// New makes a queue on d. Workers are registered on w before Start.
func New(d *db.DB, w *river.Workers, o Options) (*Queue, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	poll := o.Poll
	if poll == 0 {
		poll = DefaultPoll
	}
	cfg := &river.Config{
		Workers: w, Logger: slog.New(quiet{o.Log.Handler()}), PeriodicJobs: o.Periodic, JobTimeout: Timeout, RescueStuckJobsAfter: 2 * Timeout, MaxAttempts: 1000,
		FetchPollInterval: poll, FetchCooldown: min(cooldown, max(poll, river.FetchCooldownMin)), SkipUnknownJobCheck: false,
		CompletedJobRetentionPeriod: time.Hour,
	}
	if o.Workers > 0 {
		cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}}
	}
	q := &Queue{db: d, worker: w}
	var err error
	if d.Dialect == db.Postgres {
		q.pg, err = river.NewClient(riverpgxv5.New(d.Pool), cfg)
	} else {
		q.lite, err = river.NewClient(riversqlite.New(d.SQL), cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return q, nil
}

// Start works jobs until Stop.
func (q *Queue) Start(ctx context.Context) error {
	if q.pg != nil {
		return q.pg.Start(ctx)
	}
	return q.lite.Start(ctx)
}

// Stop waits for jobs under way to end, at most until ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	if q.pg != nil {
		return q.pg.Stop(ctx)
	}
	return q.lite.Stop(ctx)
}

// Insert adds a job inside tx.
func (q *Queue) Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error {
	if q.pg != nil {
		conn := db.Pinned(tx)
		if conn == nil {
			return errors.New("insert job: not inside DB.InTx")
		}
		if _, err := q.pg.InsertTx(ctx, borrowed{conn}, args, opts); err != nil {
			return fmt.Errorf("insert job %s: %w", args.Kind(), err)
		}
		return nil
	}
	sqlTx, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("insert job: not inside DB.InTx")
	}
	if _, err := q.lite.InsertTx(ctx, sqlTx, args, opts); err != nil {
		return fmt.Errorf("insert job %s: %w", args.Kind(), err)
	}
	return nil
}

// quiet drops the library's running commentary; what goes wrong comes through.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
