package desk

import (
	"context"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
)

// park stores a scan that can never be decided, with the reason, so that it does not block those behind it. Nothing else changes; a person takes it up from
// the exceptions and has it run again (Rerun), for which the plate of the piece is kept too.
func (b *batch) park(ctx context.Context, scan scanner.Scan, cause error) (Answer, error) {
	b.o.Log.Error("a scan was parked", "producer", b.producer, "seq", scan.Seq, "error", cause)
	var s *session
	err := b.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		if s, err = b.begin(ctx, tx.WithContext(ctx), b.station, b.producer, nil); err != nil {
			return err
		}
		s.offset = b.offset
		s.use(scan)
		if scan.Seq != uint64(s.producer.LastSeq)+1 {
			return fault.New(fault.Conflict, "seq_gap", "scan %d came, %d is next", scan.Seq, s.producer.LastSeq+1)
		}
		s.tick()
		s.next = s.pending
		r := rule(scanner.CodeParked, "reason", failing(cause), "plate", scan.Plate).about(s.docket)
		e := s.fact("backdock.scan.parked.v1", "scan/"+s.key(), 1, 0, event.Data{"producer": s.producer.ID, "seq": scan.Seq, "reason": failing(cause)})
		s.tell(func() event.Event { return e })
		if err := s.end(r); err != nil {
			return err
		}
		if err := s.flush(); err != nil {
			return err
		}
		killpoint.Hit("desk.before_park")
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	return s.answer()
}

// failing is a word for why a scan failed; the log has the whole of it.
func failing(err error) string {
	switch {
	case db.IsUnique(err):
		return "unique"
	case db.IsCheck(err):
		return "check"
	case db.Permanent(err):
		return "data"
	}
	return fault.Code(err)
}
