package main

import (
	"context"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Team is a desk in this process with a clerk at every bench.
type Team struct {
	scene     *Scene
	desk      *desk.Desk
	window    int
	stations  []id.Station
	producers []string
	clerks    []*Clerk
}

func newTeam(ctx context.Context, url string, l load) (*Team, error) {
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	t := &Team{desk: newDesk(d), window: l.window}
	if t.scene, err = NewScene(ctx, d, l.benches, l.oneSKU); err != nil {
		return nil, err
	}
	if t.stations, err = t.scene.Stations(ctx); err != nil {
		return nil, err
	}
	for _, st := range t.stations {
		p := id.Producer()
		w, err := t.desk.Hello(ctx, st, wire.FromStation{Op: wire.OpHello, Producer: p, NextSeq: 1, Clock: clock.System{}.Now()})
		if err != nil {
			return nil, err
		}
		t.producers, t.clerks = append(t.producers, p), append(t.clerks, &Clerk{scene: t.scene, blocks: w.Blocks})
	}
	return t, nil
}

// work gives the desk batches of window scans until the clock reads until and returns how many pieces were booked in time.
func (t *Team) work(ctx context.Context, i int, until int64) (booked int, err error) {
	c := t.clerks[i]
	for clock.Mono() < until && ctx.Err() == nil {
		if c.plates() < t.window {
			b, err := t.desk.Lease(ctx, t.stations[i], leaseOf)
			if err != nil {
				return 0, err
			}
			c.blocks = append(c.blocks, b)
		}
		scans, pieces := make([]scanner.Scan, t.window), make([]bool, t.window)
		for n := range scans {
			if scans[n], pieces[n], err = c.Next(); err != nil {
				return 0, err
			}
		}
		a, err := t.desk.Accept(ctx, t.stations[i], t.producers[i], 0, scans)
		if err != nil {
			return 0, err
		}
		for n, o := range a.Outcomes {
			if err := expected(pieces[n], o.Verdict, o.Code); err != nil {
				return 0, err
			}
			if pieces[n] && clock.Mono() < until {
				booked++
			}
		}
	}
	return booked, nil
}
