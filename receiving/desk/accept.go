package desk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Accept decides up to MaxBatch scans of one producer, whose seqs follow one another, and answers after the commit. Scans that were accepted before get their
// stored outcomes. A gap is fault.Conflict seq_gap, other content under a known seq fault.Conflict seq_conflict. Any other error means that nothing is known
// of the scans without an answer: send them again.
func (d *Desk) Accept(ctx context.Context, station id.Station, producer string, offsetMS int64, scans []scanner.Scan) (Answer, error) {
	if len(scans) == 0 || len(scans) > MaxBatch {
		return Answer{}, fault.New(fault.Invalid, "batch_size", "a batch has 1 to %d scans, not %d", MaxBatch, len(scans))
	}
	clean := make([]scanner.Scan, len(scans))
	for i, s := range scans {
		if i > 0 && s.Seq != scans[i-1].Seq+1 || s.Seq == 0 {
			return Answer{}, fault.New(fault.Conflict, wire.ErrSeqGap, "scan %d does not follow the one before it", s.Seq)
		}
		clean[i] = sanitized(s)
	}
	b := batch{Desk: d, station: station, producer: producer, offset: offsetMS}
	if err := b.findBadges(ctx, clean); err != nil {
		return Answer{}, err
	}
	answer, err := b.patient(ctx, clean, false)
	if err == nil || !b.apart(err) {
		return answer, err
	}
	return b.singly(ctx, clean)
}

// batch is one call of Accept.
type batch struct {
	*Desk
	station  id.Station
	producer string
	offset   int64
	badges   map[string]clerk // by the text of the badge
	foreseen []need           // locks that earlier tries ran into
}

// clerk is whom a badge belongs to.
type clerk struct {
	user id.User
	name string
}

// findBadges asks for the operators of a batch before the transaction begins: whoever keeps the badges may use a connection of its own.
func (b *batch) findBadges(ctx context.Context, scans []scanner.Scan) error {
	for _, s := range scans {
		verb, badge, ok := scanner.Control(s.Data)
		if !ok || verb != scanner.Operator || badge == "" || b.o.Badge == nil {
			continue
		}
		user, name, err := b.o.Badge(ctx, badge)
		switch {
		case fault.IsKind(err, fault.NotFound) || fault.IsKind(err, fault.Unauthenticated) || fault.IsKind(err, fault.Denied):
			continue
		case err != nil:
			return fmt.Errorf("find badge: %w", err)
		}
		if b.badges == nil {
			b.badges = map[string]clerk{}
		}
		b.badges[badge] = clerk{user, name}
	}
	return nil
}

// apart reports whether scans that failed together may do better one by one. A broken connection or a fault of the whole call would not.
func (b *batch) apart(err error) bool {
	switch {
	case db.Retryable(err), db.Permanent(err), moved(err), errors.Is(err, errNoPlates), errors.Is(err, errAlone), errors.As(err, new(crash)):
		return true
	}
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Code != wire.ErrSeqGap && f.Code != wire.ErrSeqConflict && f.Code != wire.ErrProducer && f.Code != "producer_unknown"
}

// singly decides scans in transactions of their own. One that can never succeed is parked.
func (b *batch) singly(ctx context.Context, scans []scanner.Scan) (Answer, error) {
	var all Answer
	for _, scan := range scans {
		one := []scanner.Scan{scan}
		var answer Answer
		var err error
		for range db.MaxTries {
			if answer, err = b.patient(ctx, one, true); err == nil || !(db.Retryable(err) || moved(err)) {
				break
			}
		}
		if err != nil && b.hopeless(err) {
			answer, err = b.park(ctx, scan, err)
		}
		if err != nil {
			return all, err
		}
		all.Outcomes = append(all.Outcomes, answer.Outcomes...)
		all.LastSeq, all.View = answer.LastSeq, answer.View
	}
	return all, nil
}

// hopeless reports whether the same scan would fail the same way for ever.
func (b *batch) hopeless(err error) bool {
	return b.apart(err) && !db.Retryable(err) && !moved(err) && !errors.Is(err, errNoPlates)
}

// moved reports whether the same work, done again from the start, may well succeed.
func moved(err error) bool { return errors.Is(err, errMoved) || errors.As(err, new(unforeseen)) }

// foresights is how often a batch begins again because of a lock out of order before it is taken apart: each time it knows more, but it also holds more.
const foresights = 5

// patient decides scans in one transaction, and begins again whenever a lock came up that should have been taken earlier: then it is, and nobody ever waits in
// a circle.
func (b *batch) patient(ctx context.Context, scans []scanner.Scan, careful bool) (answer Answer, err error) {
	b.foreseen = nil
	for range foresights {
		answer, err = b.run(ctx, scans, careful)
		late, ok := errors.AsType[unforeseen](err)
		if !ok {
			return answer, err
		}
		b.foreseen = append(b.foreseen, late...)
	}
	return answer, err
}

// run decides scans in one transaction.
func (b *batch) run(ctx context.Context, scans []scanner.Scan, careful bool) (Answer, error) {
	spare, err := b.reserve(ctx, scans, careful)
	if err != nil {
		return Answer{}, err
	}
	var s *session
	var conflict error
	fn := func(tx *gorm.DB) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = crash{fmt.Sprintf("%v\n%s", r, debug.Stack())}
			}
		}()
		if s, err = b.begin(ctx, tx.WithContext(ctx), b.station, b.producer, b.foreseen); err != nil {
			return err
		}
		s.spare, s.careful, s.offset, s.badges = spare, careful, b.offset, b.badges
		conflict, err = s.all(scans)
		if err != nil {
			return err
		}
		killpoint.Hit("desk.before_commit")
		return nil
	}
	if err := b.db.Once(ctx, fn); err != nil {
		if errors.As(err, new(unforeseen)) { // nothing was committed, so no plate is stuck on anything
			b.plates.Return(spare)
		}
		return Answer{}, err
	}
	killpoint.Hit("desk.after_commit")
	b.plates.Return(s.spare)
	answer, err := s.answer()
	if conflict != nil {
		return Answer{}, conflict
	}
	return answer, err
}

// answer tells what was committed. The docket goes back last: once it is in the cabinet it may be the next batch's.
func (s *session) answer() (Answer, error) {
	view, err := s.view()
	s.files.put(s.bench.ID, s.bench.Version, s.docket)
	s.docket = nil
	return Answer{Outcomes: s.outcomes, LastSeq: uint64(s.producer.LastSeq), View: view}, err
}

// reserve takes plates from the server's own for the scans that bring none.
func (b *batch) reserve(ctx context.Context, scans []scanner.Scan, careful bool) ([]int64, error) {
	n := 0
	for _, s := range scans {
		if _, ok := scanner.PlateNumber(s.Plate); !ok || careful {
			n++
		}
	}
	if n == 0 {
		return nil, nil
	}
	return b.plates.Reserve(ctx, n, b.Desk.clock.Now())
}

// all replays what is known and decides what is new.
func (s *session) all(scans []scanner.Scan) (conflict, err error) {
	known := 0
	for known < len(scans) && scans[known].Seq <= uint64(s.producer.LastSeq) {
		known++
	}
	if known > 0 {
		if conflict, err = s.replay(scans[:known]); conflict != nil || err != nil {
			return conflict, err
		}
	}
	fresh := scans[known:]
	if len(fresh) == 0 {
		return nil, nil
	}
	if want := uint64(s.producer.LastSeq) + 1; fresh[0].Seq != want {
		return nil, fault.New(fault.Conflict, wire.ErrSeqGap, "scan %d came, %d is next", fresh[0].Seq, want)
	}
	for i, scan := range fresh {
		s.use(scan)
		s.ahead = fresh[i:]
		s.tick()
		r, err := s.decide()
		if err != nil {
			return nil, fmt.Errorf("scan %d: %w", scan.Seq, err)
		}
		if err := s.end(r); err != nil {
			return nil, err
		}
	}
	return nil, s.flush()
}

// end files the answer and moves producer and bench past the scan.
func (s *session) end(r *ruling) error {
	if err := s.file(r); err != nil {
		return err
	}
	s.pending = s.next
	p := &s.producer
	p.LastSeq, p.LastData, p.LastDevice, p.LastMonoUS = int64(s.scan.Seq), s.scan.Data, s.scan.Device, s.scan.MonoMicros
	return nil
}

// crash is a panic in a decision.
type crash struct{ what string }

func (c crash) Error() string { return "the desk panicked: " + c.what }
