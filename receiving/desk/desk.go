package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/scanner"
)

// MaxBatch is the most scans one transaction takes.
const MaxBatch = 16

// Options wire a Desk.
type Options struct {
	// Badge finds the operator of a badge and the name to show; fault.NotFound for an unknown one.
	Badge func(ctx context.Context, badge string) (id.User, string, error)
}

// Desk judges scans. It may be used by many goroutines and processes at once.
type Desk struct {
	db     *db.DB
	log    *event.Log
	ledger *inventory.Ledger
	clock  clock.Clock
	o      Options
	opened sync.Map // id.Parcel → *opened as this process last committed it; good only if its version is the row's
	sites  sync.Map // id.Warehouse → site
	leases sync.Map // id.Station → []wire.Block
}

// New makes a desk.
func New(d *db.DB, log *event.Log, ledger *inventory.Ledger, c clock.Clock, o Options) *Desk {
	return &Desk{db: d, log: log, ledger: ledger, clock: c, o: o}
}

// Answer is what became of a batch, after its commit.
type Answer struct {
	Outcomes []scanner.Outcome
	LastSeq  uint64
	View     scanner.BenchView
}

// Accept judges scans of one producer, at most MaxBatch, in sequence. Scans that were judged before get their stored outcomes. Faults: seq_gap (send again from
// LastSeq+1), seq_conflict (a known key with other content), producer_unknown.
func (d *Desk) Accept(ctx context.Context, station id.Station, producer string, offsetMS int64, scans []scanner.Scan) (Answer, error) {
	if len(scans) == 0 || len(scans) > MaxBatch {
		return Answer{}, fault.New(fault.Invalid, "batch_size", "a batch has 1 to %d scans", MaxBatch)
	}
	a, err := d.attempt(ctx, station, producer, offsetMS, scans, mode{})
	if err == nil || !splits(err) {
		return a, err
	}
	for _, s := range scans {
		one, err := d.single(ctx, station, producer, offsetMS, s)
		if err != nil {
			return a, err
		}
		a.Outcomes = append(a.Outcomes, one.Outcomes...)
		a.LastSeq, a.View = one.LastSeq, one.View
	}
	return a, nil
}

// single judges one scan by itself; a permanent failure parks it.
func (d *Desk) single(ctx context.Context, station id.Station, producer string, offsetMS int64, s scanner.Scan) (Answer, error) {
	a, err := d.attempt(ctx, station, producer, offsetMS, []scanner.Scan{s}, mode{freshPlates: true})
	if err == nil || !splits(err) {
		return a, err
	}
	return d.attempt(ctx, station, producer, offsetMS, []scanner.Scan{s}, mode{park: fault.Code(err) + ": " + short(err.Error(), 200)})
}

// mode says how to judge a batch that could not be judged the usual way.
type mode struct {
	freshPlates bool   // take no plate from a scan: one of them was used already
	park        string // store the scans as parked, for this reason
}

// splits reports whether an error belongs to a scan rather than to the request, the database's health or the caller's patience.
func splits(err error) bool {
	if errors.Is(err, errPanic) || db.Permanent(err) {
		return true
	}
	f := fault.Of(err)
	return f.Kind == fault.Conflict && f.Code != "seq_gap" && f.Code != "seq_conflict" || f.Kind == fault.Invalid
}

var errPanic = errors.New("judging panicked")

func (d *Desk) attempt(ctx context.Context, station id.Station, producer string, offsetMS int64, scans []scanner.Scan, m mode) (a Answer, err error) {
	var s *session
	err = d.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: %v", errPanic, p)
			}
		}()
		s = &session{d: d, ctx: ctx, tx: tx.WithContext(ctx), now: d.clock.Now(), offsetMS: offsetMS, mode: m}
		if err := s.load(station, producer, scans); err != nil {
			return err
		}
		for _, sc := range s.fresh {
			if err := s.take(sc); err != nil {
				return err
			}
		}
		if err := s.finish(); err != nil {
			return err
		}
		killpoint.Hit("desk.before_commit")
		return nil
	})
	if err != nil {
		if conflict, ok := errors.AsType[*seqConflict](err); ok {
			return a, d.keepConflict(ctx, conflict)
		}
		return a, err
	}
	killpoint.Hit("desk.after_commit")
	if s.parcel != nil {
		d.opened.Store(s.parcel.p.ID, s.parcel)
	}
	return Answer{Outcomes: s.answers(), LastSeq: uint64(s.producer.LastSeq), View: s.view()}, nil
}

func short(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
