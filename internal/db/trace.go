package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Statement is one statement as it leaves for the database. A load test replays what one act costs against the bare driver.
type Statement struct {
	SQL  string
	Args []any
}

// pgTracer sees everything that passes through a connection, GORM's statements and the job queue's alike.
type pgTracer struct{ fn func(Statement) }

func (t pgTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	t.fn(Statement{SQL: q.SQL, Args: values(q.Args)})
	return ctx
}

func (pgTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (pgTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (t pgTracer) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	t.fn(Statement{SQL: q.SQL, Args: values(q.Args)})
}

// values drops what pgx takes ahead of the arguments: how to run the query and in which formats to answer.
func values(args []any) []any {
	for len(args) > 0 {
		switch args[0].(type) {
		case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
			args = args[1:]
			continue
		}
		break
	}
	return slices.Clone(args)
}

func (pgTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// traceGORM reports the statements of g. The pure Go SQLite driver has no tracer of its own; BEGIN and COMMIT stay unseen.
func traceGORM(g *gorm.DB, fn func(Statement)) error {
	report := func(tx *gorm.DB) {
		if sql := tx.Statement.SQL.String(); sql != "" {
			fn(Statement{SQL: sql, Args: slices.Clone(tx.Statement.Vars)})
		}
	}
	c := g.Callback()
	for _, p := range []interface {
		Register(string, func(*gorm.DB)) error
	}{c.Create().After("gorm:create"), c.Query().After("gorm:query"), c.Update().After("gorm:update"), c.Delete().After("gorm:delete"), c.Row().After("gorm:row"), c.Raw().After("gorm:raw")} {
		if err := p.Register("backdock:trace", report); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
	}
	return nil
}
