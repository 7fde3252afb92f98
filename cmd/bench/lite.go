package main

import (
	"context"
	"errors"
	"fmt"
)

// liteRig: pieces per second through a real server process on SQLite, against the bare driver running the traced statements.
func liteRig(l load) func(context.Context, *Floor) (*Rig, error) {
	return func(ctx context.Context, f *Floor) (*Rig, error) {
		baseline, stop, err := liteBaseline(ctx, f, l)
		if err != nil {
			return nil, err
		}
		url, _, err := f.sqliteFile()
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
			return crew.work(ctx, f.Span)
		}, Close: func() error { return errors.Join(crew.Close(), stop()) }}, nil
	}
}

// liteBaseline traces a scan on a database file of its own and replays it there on the bare driver. SQLite has one writer, so one bench is all.
func liteBaseline(ctx context.Context, f *Floor, l load) (run func(context.Context) (float64, error), stop func() error, err error) {
	url, path, err := f.sqliteFile()
	if err != nil {
		return nil, nil, err
	}
	lab, err := newLab(ctx, url, 1, l.oneSKU)
	if err != nil {
		return nil, nil, err
	}
	t, err := lab.trace(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("trace a scan: %w", err), lab.scene.DB.Close())
	}
	replay, err := NewReplay(ctx, path, t.Statements, t.Bind)
	if err != nil {
		return nil, nil, errors.Join(err, lab.scene.DB.Close())
	}
	replay.next = parcelPieces // parcel 0 is the traced one
	laid := 1
	run = func(ctx context.Context) (float64, error) {
		if want := int(replay.next)/parcelPieces + int(f.Span.Seconds()*fastest)/parcelPieces + 2; want > laid {
			if err := lab.lay(ctx, t, laid, want-laid); err != nil {
				return 0, fmt.Errorf("lay out parcels: %w", err)
			}
			laid = want
		}
		return replay.Run(ctx, f.Span)
	}
	return run, func() error { return errors.Join(replay.Close(), lab.scene.DB.Close()) }, nil
}
