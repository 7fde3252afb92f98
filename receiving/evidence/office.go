package evidence

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
)

// Store keeps files under keys (internal/blob). Put returns when the file would survive a power cut, and replaces what is there; Open of nothing is
// blob.ErrNotFound; Delete of nothing is done already.
type Store interface {
	Put(ctx context.Context, key string, r io.Reader, size int64) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, key string) error
}

// lister is a store that can say what it holds: what nothing refers to is found by it.
type lister interface {
	List(ctx context.Context, family string, fn func(blob.Info) error) error
}

// Limits bound what is taken; the zero value takes the defaults.
type Limits struct {
	PhotoBytes int64 // 0 takes 20 MiB
	VideoBytes int64 // 0 takes 2 GiB
	PartBytes  int64 // of one PATCH; 0 takes 8 MiB
	Uploads    int   // under way, of one user or station; 0 takes 200
}

func (l *Limits) fill() {
	if l.PhotoBytes == 0 {
		l.PhotoBytes = 20 << 20
	}
	if l.VideoBytes == 0 {
		l.VideoBytes = 2 << 30
	}
	if l.PartBytes == 0 {
		l.PartBytes = 8 << 20
	}
	if l.Uploads == 0 {
		l.Uploads = 200
	}
}

// most is the largest file of a kind.
func (l Limits) most(kind string) int64 {
	if kind == Video {
		return l.VideoBytes
	}
	return l.PhotoBytes
}

// Office takes evidence in, shows it, and lets it go.
type Office struct {
	db     *db.DB
	log    *event.Log
	clock  clock.Clock
	store  Store
	limits Limits
	logger *slog.Logger
}

// New makes the office. Several, in one process or many, may serve one database if they share the store.
func New(d *db.DB, log *event.Log, c clock.Clock, s Store, l Limits, logger *slog.Logger) *Office {
	l.fill()
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Office{db: d, log: log, clock: c, store: s, limits: l, logger: logger}
}

// Limits are what the office keeps to.
func (o *Office) Limits() Limits { return o.limits }

// put stores a file and says what a full disk means for the caller.
func (o *Office) put(ctx context.Context, key string, r io.Reader, size int64) error {
	err := o.store.Put(ctx, key, r, size)
	if errors.Is(err, blob.ErrFull) {
		o.logger.ErrorContext(ctx, "the evidence store is full", "error", err)
		return fault.New(fault.Unavailable, "evidence_full", "the store of photos and videos is full: tell whoever runs the server; nothing is lost, the upload goes on later")
	}
	return err
}
