package desk

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// MaxBatch is the most scans of one transaction.
const MaxBatch = 16

// Options tune a desk; the zero value is right for a server, but for Badge.
type Options struct {
	// Badge finds the operator of a badge and the name to show; fault.NotFound for an unknown one. nil: no badge is known.
	Badge func(ctx context.Context, badge string) (id.User, string, error)
	// Owners ranks who may own a parcel of unknown owner, as it stands in tx; the bench offers them. nil: nobody is offered.
	Owners     func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) ([]match.Candidate, error)
	DoubleRead time.Duration   // the same code within it was read twice; 0 takes 600 ms
	UndoWithin time.Duration   // how far back UNDO reaches; 0 takes 12 h, a shift
	FirstLease int             // plates granted with the first hello; 0 takes 200
	Codes      *barcode.Reader // tells what a scan may be; nil takes the built-in courier rules
	QC         *qc.Bench       // inspects at benches of kind qc; nil: they show plates only
	Floor      *place.Floor    // puts away at benches of kind putaway; nil: likewise
	Log        *slog.Logger    // parked scans and what made them fail; nil discards
}

// Desk decides scans.
type Desk struct {
	db     *db.DB
	log    *event.Log
	clock  clock.Clock
	ledger *inventory.Ledger
	plates *label.Office
	files  *cabinet
	names  *directory
	o      Options
}

// New makes a desk. Several desks, in one process or many, may serve one database.
func New(d *db.DB, log *event.Log, ledger *inventory.Ledger, c clock.Clock, o Options) *Desk {
	if o.DoubleRead == 0 {
		o.DoubleRead = 600 * time.Millisecond
	}
	if o.UndoWithin == 0 {
		o.UndoWithin = 12 * time.Hour
	}
	if o.FirstLease == 0 {
		o.FirstLease = 200
	}
	if o.Codes == nil {
		o.Codes = barcode.NewReader(nil)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{db: d, log: log, clock: c, ledger: ledger, plates: label.NewOffice(d), files: newCabinet(), names: newDirectory(), o: o}
}

// Answer is what Accept says once its transaction is committed.
type Answer struct {
	Outcomes []scanner.Outcome // one per scan, in their order
	LastSeq  uint64            // newest committed seq of the producer
	View     scanner.BenchView
}

// ref makes an optional column of an id; 0 is none.
func ref[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

// val reads an optional id; none is 0.
func val[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

func ptr[T any](v T) *T { return &v }
