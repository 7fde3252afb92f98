package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	gormpg "gorm.io/driver/postgres"
	gormlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowAfter is when a statement is worth a line in the log.
const slowAfter = 500 * time.Millisecond

// quietPostgres and quietSQLite render a statement for the log without its values: those can be buyers' data. ParamsFilter alone does not see to that, as
// Raw(…).Scan passes the logger a text that is rendered already; and GORM renders for every such call, whether anybody logs it or not.
type quietPostgres struct{ *gormpg.Dialector }

func (quietPostgres) Explain(sql string, _ ...any) string { return sql }

type quietSQLite struct{ *gormlite.Dialector }

func (quietSQLite) Explain(sql string, _ ...any) string { return sql }

// slowLog logs statements that failed or were slow. GORM's own logger puts its line together before it looks whether anybody wants it: a tenth of what a
// scan costs the server.
type slowLog struct{ log *slog.Logger }

func (l slowLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l slowLog) Info(ctx context.Context, msg string, args ...any) {
	l.log.InfoContext(ctx, fmt.Sprintf(msg, args...))
}

func (l slowLog) Warn(ctx context.Context, msg string, args ...any) {
	l.log.WarnContext(ctx, fmt.Sprintf(msg, args...))
}

func (l slowLog) Error(ctx context.Context, msg string, args ...any) {
	l.log.ErrorContext(ctx, fmt.Sprintf(msg, args...))
}

func (l slowLog) Trace(ctx context.Context, begin time.Time, statement func() (sql string, rows int64), err error) {
	took := time.Since(begin)
	// Cut off by its own caller is no failure: every close of a server ends some.
	failed := err != nil && !errors.Is(err, gorm.ErrRecordNotFound) && !errors.Is(err, context.Canceled)
	if !failed && took < slowAfter {
		return
	}
	sql, rows := statement()
	fields := []any{"duration", took, "sql", sql, "rows", rows}
	if failed {
		l.log.ErrorContext(ctx, "statement failed", append(fields, "error", err)...)
		return
	}
	l.log.WarnContext(ctx, "slow statement", fields...)
}
