package db

import (
	"context"

	"gorm.io/gorm"
)

type finishing struct {
	fn   func(ctx context.Context, tx *gorm.DB) error
	done bool // committed once; a verb's later transactions are its own affair
}

type finishKey struct{}

type joinedKey struct{}

// Finish returns a context whose first transaction by InTx or Once calls fn as its last act before COMMIT: what fn writes commits together with the verb
// that opened the transaction, without the verb knowing. An error of fn rolls the verb back. committed reports whether that transaction went through.
// fn runs again when the transaction is tried again. One request uses the context, in one goroutine at a time.
func Finish(ctx context.Context, fn func(ctx context.Context, tx *gorm.DB) error) (out context.Context, committed func() bool) {
	f := &finishing{fn: fn}
	return context.WithValue(ctx, finishKey{}, f), func() bool { return f.done }
}

// finishing runs the context's last act inside tx, if there is one.
func finish(ctx context.Context, tx *gorm.DB) error {
	f, ok := ctx.Value(finishKey{}).(*finishing)
	if !ok || f.done {
		return nil
	}
	return f.fn(context.WithValue(ctx, joinedKey{}, tx), tx)
}

func finished(ctx context.Context) {
	if f, ok := ctx.Value(finishKey{}).(*finishing); ok {
		f.done = true
	}
}

// From returns the handle for reading under ctx: the open transaction while a Finish function runs, so that it sees what is about to be committed; else Read.
func (d *DB) From(ctx context.Context) *gorm.DB {
	if tx, ok := ctx.Value(joinedKey{}).(*gorm.DB); ok {
		return tx.WithContext(ctx)
	}
	return d.Read.WithContext(ctx)
}
