package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Pipeline sends statements whose results nobody waits for in one round trip on PostgreSQL, in their order; a transaction of a dozen statements is mostly
// waiting otherwise. On SQLite there is no trip to save and each runs at once.
type Pipeline struct {
	tx    *gorm.DB
	conn  *pgx.Conn
	batch pgx.Batch
	steps []step
}

type step struct {
	what  string
	check func(rows int64) error
}

// NewPipeline makes a pipeline in the transaction tx, which must be one of InTx or Once. Run must have been called before tx is used for anything else.
func NewPipeline(tx *gorm.DB) *Pipeline { return &Pipeline{tx: tx, conn: Pinned(tx)} }

// Add appends the one statement that build makes of its argument by Create, Updates, Exec and the like. what names it in errors; check, if not nil, sees how
// many rows it touched. The statement's own results, such as ids the database gives, are lost on PostgreSQL: do not pipeline what is asked for them.
func (p *Pipeline) Add(what string, build func(tx *gorm.DB) *gorm.DB, check func(rows int64) error) error {
	if p.conn == nil {
		res := build(p.tx)
		return step{what, check}.judge(res.RowsAffected, res.Error)
	}
	dry := build(p.tx.Session(&gorm.Session{DryRun: true}))
	if dry.Error != nil {
		return fmt.Errorf("%s: %w", what, dry.Error)
	}
	p.batch.Queue(dry.Statement.SQL.String(), dry.Statement.Vars...)
	p.steps = append(p.steps, step{what, check})
	return nil
}

func (s step) judge(rows int64, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", s.what, err)
	}
	if s.check == nil {
		return nil
	}
	return s.check(rows)
}

// Run sends what was added and returns the first error. It may be called any number of times.
func (p *Pipeline) Run(ctx context.Context) error {
	if len(p.steps) == 0 {
		return nil
	}
	batch, steps := p.batch, p.steps
	p.batch, p.steps = pgx.Batch{}, nil
	res := p.conn.SendBatch(ctx, &batch)
	for _, s := range steps {
		tag, err := res.Exec()
		if err = s.judge(tag.RowsAffected(), err); err != nil {
			_ = res.Close() // says the same again
			return err
		}
	}
	if err := res.Close(); err != nil {
		return fmt.Errorf("end of pipeline: %w", err)
	}
	return nil
}
