package job

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// borrowed shows River GORM's open transaction as a pgx.Tx. GORM owns its beginning and end, so those are errors here.
type borrowed struct{ conn *pgx.Conn }

var errOwned = errors.New("the transaction belongs to GORM")

func (b borrowed) Begin(context.Context) (pgx.Tx, error) { return nil, errOwned }
func (b borrowed) Commit(context.Context) error          { return errOwned }
func (b borrowed) Rollback(context.Context) error        { return errOwned }
func (b borrowed) Conn() *pgx.Conn                       { return b.conn }
func (b borrowed) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }

func (b borrowed) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return b.conn.CopyFrom(ctx, table, columns, src)
}

func (b borrowed) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return b.conn.SendBatch(ctx, batch)
}

func (b borrowed) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return b.conn.Prepare(ctx, name, sql)
}

func (b borrowed) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return b.conn.Exec(ctx, sql, args...)
}

func (b borrowed) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return b.conn.Query(ctx, sql, args...)
}

func (b borrowed) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return b.conn.QueryRow(ctx, sql, args...)
}
