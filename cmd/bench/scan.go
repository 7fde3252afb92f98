package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
)

// load is one way of scanning: how many benches, how many scans each has in flight, whether all pieces are of one SKU.
type load struct {
	benches int
	window  int
	oneSKU  bool
}

// pipelined is the window of a bench that scans faster than it is answered.
const pipelined = 16

// fastest is a rate that no baseline reaches, to lay out parcels enough for one run.
const fastest = 6000

// pgbenchBaseline traces a scan on a database of its own and returns a side that runs its statements by pgbench, one scan per transaction, a client per bench.
func pgbenchBaseline(ctx context.Context, f *Floor, l load) (run func(context.Context) (float64, error), stop func() error, err error) {
	url, err := f.Postgres(ctx)
	if err != nil {
		return nil, nil, err
	}
	lab, err := newLab(ctx, url, l.benches, l.oneSKU)
	if err != nil {
		return nil, nil, err
	}
	t, err := lab.trace(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("trace a scan: %w", err), lab.scene.DB.Close())
	}
	text, err := script(head, t.Statements, t.Bind)
	if err != nil {
		return nil, nil, errors.Join(err, lab.scene.DB.Close())
	}
	first, seq0 := 1, int64(0)
	per := int(f.Span.Seconds()*fastest)/l.benches/parcelPieces + 2
	run = func(ctx context.Context) (float64, error) {
		if err := lab.lay(ctx, t, first, per); err != nil {
			return 0, fmt.Errorf("lay out parcels: %w", err)
		}
		if err := Settle(ctx, url); err != nil {
			return 0, err
		}
		tps, err := PGBench{URL: url, Script: text, Clients: l.benches, Defines: map[string]int64{"n": -1, "first": int64(first), "per": int64(per), "seq0": seq0}}.Run(ctx, f.Span)
		first, seq0 = first+per*l.benches, seq0+1_000_000
		return tps, err
	}
	return run, lab.scene.DB.Close, nil
}

// wsRig: pieces per second through a real server process and its station sockets, PostgreSQL making every commit durable.
func wsRig(l load) func(context.Context, *Floor) (*Rig, error) {
	return func(ctx context.Context, f *Floor) (*Rig, error) {
		baseline, stop, err := pgbenchBaseline(ctx, f, l)
		if err != nil {
			return nil, err
		}
		url, err := f.Postgres(ctx)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		data, err := f.Dir()
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		crew, err := f.crew(ctx, url, data, l, nil)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		return &Rig{Baseline: baseline, Ours: func(ctx context.Context) (float64, error) {
			if err := crew.stock(ctx, f.Span); err != nil {
				return 0, err
			}
			if err := Settle(ctx, url); err != nil {
				return 0, err
			}
			return crew.work(ctx, f.Span)
		}, Close: func() error { return errors.Join(crew.Close(), stop()) }}, nil
	}
}

// Crew is a server process with a station at every bench.
type Crew struct {
	scene    *Scene
	server   *Server
	stations []*Station
}

// crew fills the database at url, starts a server on it, with its key ring in the folder data, and connects the stations.
// shape, if not nil, changes the scene before anything is sent; more are flags of the server.
func (f *Floor) crew(ctx context.Context, url, data string, l load, shape func(*Scene), more ...string) (c *Crew, err error) {
	d, err := db.Open(ctx, url, db.Options{MaxConns: 4})
	if err != nil {
		return nil, err
	}
	c = &Crew{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
		if c.scene == nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.Migrate(ctx); err != nil {
		return c, err
	}
	if c.scene, err = NewScene(ctx, d, l.benches, l.oneSKU); err != nil {
		return c, err
	}
	if shape != nil {
		shape(c.scene)
	}
	tokens, err := c.scene.Enrol(ctx, data)
	if err != nil {
		return c, err
	}
	if c.server, err = f.serve(ctx, url, data, more...); err != nil {
		return c, err
	}
	for _, token := range tokens {
		s, err := Dial(ctx, c.scene, c.server.Addr, token, l.window)
		if err != nil {
			return c, err
		}
		c.stations = append(c.stations, s)
	}
	return c, nil
}

// stock sends parcels enough for one run.
func (c *Crew) stock(ctx context.Context, span time.Duration) error {
	return c.scene.Stock(ctx, int(span.Seconds()*2*fastest)/parcelPieces+2*len(c.stations))
}

// work lets every station scan for span and returns the pieces booked a second.
func (c *Crew) work(ctx context.Context, span time.Duration) (float64, error) {
	return together(ctx, len(c.stations), span, func(ctx context.Context, i int, until int64) (int, error) { return c.stations[i].Work(ctx, until) })
}

// Close ends stations, server and store.
func (c *Crew) Close() error {
	var errs []error
	for _, s := range c.stations {
		errs = append(errs, s.Close())
	}
	if c.server != nil {
		c.server.Stop()
	}
	if c.scene != nil {
		errs = append(errs, c.scene.DB.Close())
	}
	return errors.Join(errs...)
}

// together runs n workers until span has passed and returns what they did a second. The first error ends all.
func together(ctx context.Context, n int, span time.Duration, worker func(ctx context.Context, i int, until int64) (int, error)) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var total atomic.Int64
	var wg sync.WaitGroup
	begin := clock.Mono()
	until := begin + span.Microseconds()
	for i := range n {
		wg.Go(func() {
			did, err := worker(ctx, i, until)
			if err != nil {
				cancel(fmt.Errorf("bench %d: %w", i+1, err))
			}
			total.Add(int64(did))
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return float64(total.Load()) / span.Seconds(), nil
}

// deskRig: the same without server process and sockets: desks of this process, called directly. What it has over the socket figures is what those cost.
func deskRig(l load) func(context.Context, *Floor) (*Rig, error) {
	return func(ctx context.Context, f *Floor) (*Rig, error) {
		baseline, stop, err := pgbenchBaseline(ctx, f, l)
		if err != nil {
			return nil, err
		}
		url, err := f.Postgres(ctx)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		team, err := newTeam(ctx, url, l)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		return &Rig{Baseline: baseline, Ours: func(ctx context.Context) (float64, error) {
			if err := team.scene.Stock(ctx, int(f.Span.Seconds()*2*fastest)/parcelPieces+2*l.benches); err != nil {
				return 0, err
			}
			if err := Settle(ctx, url); err != nil {
				return 0, err
			}
			return together(ctx, l.benches, f.Span, team.work)
		}, Close: func() error { return errors.Join(team.scene.DB.Close(), stop()) }}, nil
	}
}

// sqliteFile is the URL of a new SQLite database and its path.
func (f *Floor) sqliteFile() (url, path string, err error) {
	dir, err := f.Dir()
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(dir, "backdock.db")
	return "sqlite://" + path, path, nil
}
