package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
)

// Password of every demo log-in. The demo listens on the loopback address only.
const Password = "backdock-demo"

// Server is what the demo needs of a running server; cmd/backdock starts it in this process.
type Server interface {
	URL() string
	DB() *db.DB
	Importer() *intake.Importer
	Keeper() *auth.Keeper
	Close(ctx context.Context) error
}

// Start runs a server on listen with the merchant accounts of the file payments. Fast shortens the waits between calls to the gateway.
type Start func(ctx context.Context, listen, database, data, payments string, fast bool) (Server, error)

// Options choose how the day is played.
type Options struct {
	Listen   string
	Data     string // empty: a temporary folder, removed at the end
	Database string // empty: SQLite in Data
	Page     int    // port of the first bench's station page; the others follow
	Fast     bool   // as fast as the answers come
	Once     bool   // end with the day, print the audit
	Start    Start
	Out      io.Writer
	Log      *slog.Logger
}

// ErrBreach says that the day ended with something wrong; what, was printed.
var ErrBreach = errors.New("the day did not end clean")

// Run plays the day. Without Once it goes on serving until ctx ends.
func Run(ctx context.Context, o Options) error {
	began := time.Now()
	if o.Data == "" {
		dir, err := os.MkdirTemp("", "backdock-demo-")
		if err != nil {
			return fmt.Errorf("demo folder: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Data = dir
	}
	if o.Database == "" {
		o.Database = "sqlite://" + (&url.URL{Path: filepath.ToSlash(filepath.Join(o.Data, "backdock.db"))}).EscapedPath()
	}
	s, err := stage(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	s.announce()
	played, err := s.play(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if !o.Once {
		fmt.Fprintf(o.Out, "\nThe day is played: %d scans. The server goes on; Ctrl-C ends it.\n", played.scans)
		<-ctx.Done()
		return nil
	}
	return s.conclude(ctx, played, began)
}

// world is everything that runs while the day is played.
type world struct {
	o       Options
	day     sample.Day
	bank    *bank
	server  Server
	benches []*bench
	badges  map[int]string // operator badge by bench number
}

func stage(ctx context.Context, o Options) (_ *world, err error) {
	w := &world{o: o, badges: map[int]string{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.bank, err = openBank(ctx, o.Log, filepath.Join(o.Data, "pay"), o.Fast); err != nil {
		return nil, err
	}
	w.day = sample.Make(sample.Options{Now: time.Now(), Gateway: "wechatpay", Account: w.bank.account()})
	if w.server, err = o.Start(ctx, o.Listen, o.Database, o.Data, w.bank.payments, o.Fast); err != nil {
		return nil, err
	}
	if err = w.seed(ctx); err != nil {
		return nil, err
	}
	admin, err := login(ctx, w.server.URL(), "admin")
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	w.benches = make([]*bench, sample.Benches)
	for n := range w.benches {
		g.Go(func() (err error) {
			w.benches[n], err = openBench(ctx, w, admin, n+1)
			return err
		})
	}
	return w, g.Wait()
}

func (w *world) close() {
	for _, b := range w.benches {
		if b != nil {
			b.close()
		}
	}
	if w.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.server.Close(ctx); err != nil {
			w.o.Log.Warn("close the server", "error", err)
		}
	}
	if w.bank != nil {
		w.bank.close()
	}
}

func (w *world) announce() {
	fmt.Fprintf(w.o.Out, `
Backdock demo 归仓演示: a day of returns, %d parcels and %d pieces on %d benches.

  Dashboard, QC bench   %s
`, w.day.Parcels, w.day.Pieces, len(w.benches), w.server.URL())
	for _, b := range w.benches {
		fmt.Fprintf(w.o.Out, "  Station page, bench %d %s\n", b.number, b.page.base)
	}
	fmt.Fprintf(w.o.Out, "\n  Log-ins (password %s)\n", Password)
	for _, p := range people {
		if p.shown != "" {
			fmt.Fprintf(w.o.Out, "    %-10s %s\n", p.name, p.shown)
		}
	}
	fmt.Fprintln(w.o.Out)
}
