package intake

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner/barcode"
)

// Sealer encrypts buyers' fields and makes the blind indexes by which they are found. *secret.Ring is one.
type Sealer interface {
	Seal(plain []byte, aad string) (keyID string, sealed []byte)
	Phone(number string) string
	Name(name string) string
}

// Opener is the extra power of a Sealer that can decrypt; without it a changed address is always taken as new.
type Opener interface {
	Open(keyID string, sealed []byte, aad string) ([]byte, error)
}

// Hooks are acts of rooms that intake may not import; each runs in the record's transaction, and nil does nothing.
type Hooks struct {
	// Claim is called when a case brings a waybill under which a parcel of unknown owner was received.
	Claim func(ctx context.Context, tx *gorm.DB, caseID id.Case, parcelID id.Parcel) error
	// Observe is called when a case says that money was paid back elsewhere, with the total by now, and again whenever the case is imported again. It records what
	// is new and moves the case's money facet.
	Observe func(ctx context.Context, tx *gorm.DB, caseID id.Case, totalMinor int64) error
	// ClaimShipment is called when an order brings a waybill under which a parcel of unknown owner was received.
	ClaimShipment func(ctx context.Context, tx *gorm.DB, waybill string, parcelID id.Parcel) error
	// Adopt is called when a case has found its order: goods of that order may have come before. It says how many pieces are the case's now.
	Adopt func(ctx context.Context, tx *gorm.DB, caseID id.Case) (int, error)
	// Hold is called before any case is locked. It keeps benches from opening parcels under these waybills or of these orders until the transaction ends, and locks those
	// that may be claimed or adopted from.
	Hold func(ctx context.Context, tx *gorm.DB, waybills []string, orders []id.Order) error
	// Codes brings waybill numbers to the form in which the desk looks for them; nil takes the built-in courier rules.
	Codes *barcode.Reader
}

// Importer applies records.
type Importer struct {
	db    *db.DB
	log   *event.Log
	seal  Sealer
	hooks Hooks
	known *names
}

// New makes an importer. It may be used by one caller at a time.
func New(d *db.DB, log *event.Log, s Sealer, h Hooks) *Importer {
	if h.Codes == nil {
		h.Codes = barcode.NewReader(nil)
	}
	return &Importer{db: d, log: log, seal: s, hooks: h, known: newNames()}
}

// batch is how many records share a transaction; each still has a savepoint of its own.
const batch = 50

// item is a record as read, or why it could not be read.
type item[T any] struct {
	row      int
	rec      T
	key      string // what the record is about, to fold duplicates
	problems []Problem
	warnings []Problem
}

// result of applying a record.
type result int

const (
	unchanged result = iota
	created
	updated
)

// run applies every item. Its own error means that the store failed: what was applied before stays, and the same file can be imported again.
func run[T any](ctx context.Context, im *Importer, items iter.Seq2[item[T], error], k kind[T]) (Report, error) {
	rep := Report{Errors: []Problem{}, Warnings: []Problem{}}
	seen := map[string]bool{}
	var due []item[T]
	flush := func() error {
		err := applyBatch(ctx, im, due, k, seen, &rep)
		due = due[:0]
		return err
	}
	for it, err := range items {
		if err != nil {
			// The file itself is broken from here on; what came before is applied.
			rep.fail(Problem{Row: it.row, Code: "malformed", Message: err.Error()})
			break
		}
		rep.Records++
		if len(it.problems) > 0 {
			rep.warn(it.warnings...)
			rep.fail(it.problems...)
			continue
		}
		due = append(due, it)
		if len(due) == batch {
			if err := flush(); err != nil {
				return rep, err
			}
		}
	}
	err := flush()
	rep.sort()
	return rep, err
}

// outcome of one item, kept apart from the report until the transaction has committed: InTx may run it several times.
type outcome struct {
	result   result
	problem  *Problem
	warnings []Problem
}

func applyBatch[T any](ctx context.Context, im *Importer, due []item[T], k kind[T], seen map[string]bool, rep *Report) error {
	if len(due) == 0 {
		return nil
	}
	outcomes := make([]outcome, len(due))
	err := im.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := k.lock(ctx, tx, due); err != nil {
			return err
		}
		for i, it := range due {
			o, err := applyOne(ctx, tx, it, k.apply)
			if err != nil {
				return err
			}
			outcomes[i] = o
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("import from row %d: %w", due[0].row, err)
	}
	for i, it := range due {
		rep.take(it.key, it.warnings, outcomes[i], seen)
	}
	return nil
}

func applyOne[T any](ctx context.Context, tx *gorm.DB, it item[T], apply func(context.Context, *gorm.DB, T) (result, []Problem, error)) (outcome, error) {
	var o outcome
	err := tx.Transaction(func(sp *gorm.DB) error {
		var err error
		o.result, o.warnings, err = apply(ctx, sp, it.rec)
		return err
	})
	if err == nil {
		for i := range o.warnings {
			o.warnings[i].Row = it.row
		}
		return o, nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || db.Retryable(err) {
		return o, err
	}
	p, ok := problem(it.row, err)
	if !ok {
		return o, err
	}
	return outcome{problem: &p}, nil
}

func (r *Report) take(key string, warnings []Problem, o outcome, seen map[string]bool) {
	r.warn(warnings...)
	r.warn(o.warnings...)
	switch {
	case o.problem != nil:
		r.fail(*o.problem)
		return
	case o.result == created:
		r.Created++
	case o.result == updated:
		r.Updated++
	case seen[key]:
		r.Folded++
	default:
		r.Unchanged++
	}
	seen[key] = true
}

// values makes items of Go values; row counts from 1.
func values[T any](records []T, key func(T) string) iter.Seq2[item[T], error] {
	return func(yield func(item[T], error) bool) {
		for i, rec := range records {
			if !yield(item[T]{row: i + 1, rec: rec, key: key(rec)}, nil) {
				return
			}
		}
	}
}
