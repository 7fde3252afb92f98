package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/scanner/agent"
)

// absence is how many scans a bench makes while the server is gone, and as many while it is there.
const absence = 2000

// Outage is a server that goes and comes back, and a real station program with a scanner at one of its benches.
type Outage struct {
	f      *Floor
	url    string
	data   string
	scene  *Scene
	clerk  *Clerk
	addr   string
	server *Server
	bench  *Bench
}

// catchUpRig: scans a second from the moment that the link is back until every outcome of an outage is stored at the station, against scanning with the server
// there: from the first byte on the scanner's wire to the last stored outcome. The same program, scanner, journal, server and parcels on both sides.
func catchUpRig(ctx context.Context, f *Floor) (rig *Rig, err error) {
	o := &Outage{f: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	if o.url, err = f.Postgres(ctx); err != nil {
		return nil, err
	}
	if o.data, err = f.Dir(); err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, o.url, db.Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	if err = d.Migrate(ctx); err == nil {
		o.scene, err = NewScene(ctx, d, 1, false)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	o.clerk = &Clerk{scene: o.scene}
	tokens, err := o.scene.Enrol(ctx, o.data)
	if err != nil {
		return nil, err
	}
	if o.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if err = o.back(ctx); err != nil {
		return nil, err
	}
	if o.bench, err = startAgentOf(ctx, f, "http://"+o.addr, tokens[0]); err != nil {
		return nil, err
	}
	if err = o.until(ctx, linked); err != nil {
		return nil, err
	}
	return &Rig{Baseline: o.online, Ours: o.catchUp, Close: o.Close}, nil
}

// back starts the server at its address.
func (o *Outage) back(ctx context.Context) (err error) {
	o.server, err = started(ctx, o.addr, filepath.Join(o.f.Bin, "backdock"), "--log-level", "warn", "serve", "--listen", o.addr, "--data", o.data, "--database", o.url)
	return err
}

func linked(s agent.State) bool  { return s.Link.Online && s.PlatesLeft > absence }
func settled(s agent.State) bool { return s.Link.Online && s.Link.Queued == 0 && applied(s) }
func gone(s agent.State) bool    { return !s.Link.Online }

// applied reports whether the newest scan has its outcome; those before it have theirs.
func applied(s agent.State) bool { return len(s.Recent) == 0 || s.Recent[0].Lights.Applied }

// until waits for a state of the station. The pause between two looks is small beside what is timed.
func (o *Outage) until(ctx context.Context, ok func(agent.State) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		s, err := agent.Status(ctx, o.bench.dir)
		if err != nil {
			return err
		}
		if ok(s) {
			return nil
		}
		if err := o.bench.pause(ctx); err != nil {
			return fmt.Errorf("the station stands at %+v: %w", s.Link, err)
		}
	}
}

// scan makes the scans of an outage's length.
func (o *Outage) scan() error {
	for range absence {
		s, _, err := o.clerk.Next()
		if err != nil {
			return err
		}
		if err := o.bench.line.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return err
		}
		if err := o.bench.send(s.Data); err != nil {
			return err
		}
		if err := o.bench.acked(); err != nil {
			return err
		}
	}
	return nil
}

// online scans with the server there.
func (o *Outage) online(ctx context.Context) (float64, error) {
	if err := o.scene.Stock(ctx, absence/parcelPieces+2); err != nil {
		return 0, err
	}
	if err := o.until(ctx, settled); err != nil {
		return 0, err
	}
	begin := clock.Mono()
	if err := o.scan(); err != nil {
		return 0, err
	}
	return o.rate(ctx, begin)
}

// catchUp scans with the server gone, and measures what follows once the link is back. How long the station waits before it dials is not in it.
func (o *Outage) catchUp(ctx context.Context) (float64, error) {
	if err := o.scene.Stock(ctx, absence/parcelPieces+2); err != nil {
		return 0, err
	}
	if err := o.until(ctx, settled); err != nil {
		return 0, err
	}
	o.server.Stop()
	if err := o.until(ctx, gone); err != nil {
		return 0, err
	}
	if err := o.scan(); err != nil {
		return 0, err
	}
	if err := o.back(ctx); err != nil {
		return 0, err
	}
	if err := o.until(ctx, linked); err != nil {
		return 0, err
	}
	return o.rate(ctx, clock.Mono())
}

func (o *Outage) rate(ctx context.Context, begin int64) (float64, error) {
	if err := o.until(ctx, settled); err != nil {
		return 0, err
	}
	return absence / (float64(clock.Mono()-begin) / 1e6), nil
}

// Close ends station, server and store.
func (o *Outage) Close() error {
	var errs []error
	if o.bench != nil {
		errs = append(errs, o.bench.Close())
	}
	if o.server != nil {
		o.server.Stop()
	}
	if o.scene != nil {
		errs = append(errs, o.scene.DB.Close())
	}
	return errors.Join(errs...)
}
