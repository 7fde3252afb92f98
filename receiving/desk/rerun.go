package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// Rerun decides a parked scan again, once what made it fail is mended: under its own producer and seq, after the scan that came before it, for the operator who
// scanned it, and in the parcel that it was scanned into, which has to be open on the bench again. Its outcome replaces the parked one. A scan that was run
// again already stays as it is. What cannot be decided rightly any more is a fault.Conflict and changes nothing.
func (d *Desk) Rerun(ctx context.Context, producer string, seq uint64, by id.User, reason string) error {
	if by == 0 {
		return fault.New(fault.Denied, "person_needed", "a parked scan is run again by a person")
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return fault.New(fault.Invalid, "reason_missing", "say what was mended")
	}
	var p receiving.Producer
	if err := d.db.Read.WithContext(ctx).Where("id = ?", producer).Limit(1).Find(&p).Error; err != nil {
		return fmt.Errorf("read producer: %w", err)
	}
	if p.ID == "" {
		return errNoScan(producer, seq)
	}
	a := rerun{batch: batch{Desk: d, station: p.StationID, producer: producer}, seq: seq, by: by, reason: reason}
	var err error
	for range db.MaxTries {
		if err = a.run(ctx); !moved(err) {
			break
		}
		if late, ok := errors.AsType[unforeseen](err); ok {
			a.foreseen = append(a.foreseen, late...)
		}
	}
	if db.Permanent(err) || errors.As(err, new(crash)) {
		d.o.Log.Error("a parked scan failed again", "producer", producer, "seq", seq, "error", err)
		return fault.New(fault.Conflict, "scan_fails_still", "the scan fails as before: mend what the server's log names, then run it again").With("reason", failing(err))
	}
	return err
}

func errNoScan(producer string, seq uint64) error {
	return fault.New(fault.NotFound, "scan_not_found", "there is no scan %s:%d", producer, seq)
}

// rerun is one parked scan that is run again.
type rerun struct {
	batch
	seq    uint64
	by     id.User
	reason string
}

func (a *rerun) run(ctx context.Context) error {
	spare, err := a.plates.Reserve(ctx, 1, a.Desk.clock.Now())
	if err != nil {
		return err
	}
	var s *session
	err = a.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = crash{fmt.Sprintf("%v\n%s", r, debug.Stack())}
			}
		}()
		if s, err = a.begin(ctx, tx.WithContext(ctx), a.station, a.producer, a.foreseen); err != nil {
			return err
		}
		s.spare, s.careful = slices.Clone(spare), true
		row, err := s.parked(a.seq)
		if err != nil || row == nil {
			return err
		}
		return s.redo(*row, a.by, a.reason)
	})
	if err != nil {
		a.plates.Return(spare)
		return err
	}
	a.plates.Return(s.spare)
	s.files.put(s.bench.ID, s.bench.Version, s.docket)
	return nil
}

// parked reads and locks the outcome of a parked scan that can be decided now. nil: it was run again before.
func (s *session) parked(seq uint64) (*receiving.Outcome, error) {
	var rows []receiving.Outcome
	if err := db.Lock(s.tx).Where("producer = ? AND seq = ?", s.producer.ID, seq).Limit(1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read outcome: %w", err)
	}
	if len(rows) == 0 {
		return nil, errNoScan(s.producer.ID, seq)
	}
	row := rows[0]
	if row.Code != string(scanner.CodeParked) {
		return nil, s.decidedBefore(row)
	}
	var earlier []int64
	// Both conditions: the first is the one of the index, word for word, which SQLite wants.
	err := s.tx.Raw(`SELECT seq FROM outcomes WHERE code IN ('parked', 'seq_conflict') AND code = 'parked' AND warehouse_id = ? AND producer = ? AND seq < ? ORDER BY seq LIMIT 1`,
		row.WarehouseID, row.Producer, row.Seq).Scan(&earlier).Error
	if err != nil {
		return nil, fmt.Errorf("look for parked scans: %w", err)
	}
	if len(earlier) > 0 {
		return nil, fault.New(fault.Conflict, "parked_earlier", "scan %d of the same station is parked too and came first: run it first", earlier[0]).With("seq", itoa(earlier[0]))
	}
	return &row, s.fitting(row)
}

// decidedBefore tells a scan that was run again, which stays as it is, from one that never was parked.
func (s *session) decidedBefore(row receiving.Outcome) error {
	var n int64
	key := fmt.Sprintf("scan/%s:%d", row.Producer, row.Seq)
	if err := s.tx.Raw("SELECT COUNT(*) FROM events WHERE subject = ? AND type = 'backdock.scan.rerun.v1'", key).Scan(&n).Error; err != nil {
		return fmt.Errorf("look for the scan's events: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "scan_not_parked", "scan %d was decided when it came: %s", row.Seq, row.Code).With("code", row.Code)
	}
	return nil
}

// ofTheMoment are controls of a receiving bench that mean what stood on the screen, or lay in the hand, when they were scanned.
var ofTheMoment = []string{scanner.Undo, scanner.PlusOne, scanner.Choose, scanner.Operator, scanner.Condition, scanner.Photo, scanner.Resume, scanner.UnknownOwner}

// passed reports whether the moment that a scan was about is over. At the dock every control is about the parcel scanned last; at qc and putaway benches
// everything is about the pieces in hand, and these are others by now: a RELEASE would release them.
func (s *session) passed(row receiving.Outcome) bool {
	verb, _, control := scanner.Control(row.Data)
	switch s.bench.Kind {
	case "receiving":
		return control && slices.Contains(ofTheMoment, verb)
	case "dock":
		return control
	}
	return true
}

// fitting refuses a scan that would mean something else now.
func (s *session) fitting(row receiving.Outcome) error {
	if s.passed(row) {
		return fault.New(fault.Conflict, "scan_of_the_moment", "%s means what stood on the screen then: scan it again at the bench if it is still wanted", row.Data).With("data", row.Data)
	}
	if s.bench.ID == row.BenchID && val(s.bench.OpenParcelID) == val(row.ParcelID) {
		return nil
	}
	if row.ParcelID == nil {
		return fault.New(fault.Conflict, "parked_nothing_open", "no parcel was open when it was scanned: finish or hold the one on the bench first")
	}
	number := receiving.ParcelNumber(*row.ParcelID)
	return fault.New(fault.Conflict, "parked_parcel", "it was scanned into parcel %s: open that on the same bench first (reopen it if it is closed)", number).With("parcel", number)
}

// redo decides the scan as it would have been decided then, and writes all that follows from it.
func (s *session) redo(row receiving.Outcome, by id.User, reason string) error {
	scan, err := rescanned(row)
	if err != nil {
		return err
	}
	real, holder, name := s.producer, s.bench.OperatorID, s.clerk
	if err := s.follow(row); err != nil {
		return err
	}
	s.bench.OperatorID, s.offset = row.OperatorID, row.OffsetMS
	if s.clerk, err = s.names.clerk(s.ctx, s.tx, row.OperatorID); err != nil {
		return err
	}
	s.use(scan)
	s.sum, s.ahead = row.ContentHash, []scanner.Scan{scan}
	s.tick()
	r, err := s.decide()
	if err != nil {
		return fmt.Errorf("scan %d: %w", scan.Seq, err)
	}
	if err := s.file(r); err != nil {
		return err
	}
	s.out.outcomes[len(s.out.outcomes)-1].again = true
	s.pending = s.next
	e := s.fact("backdock.scan.rerun.v1", "scan/"+s.key(), 2, s.ownerOf(row), event.Data{"producer": row.Producer, "seq": row.Seq, "code": r.Code, "reason": reason})
	e.ByUser = by
	s.tell(func() event.Event { return e })
	// The bench and the journal go on from where they really stand.
	s.producer, s.bench.OperatorID, s.clerk = real, holder, name
	return s.flush()
}

func (s *session) ownerOf(row receiving.Outcome) id.Owner {
	if s.docket == nil || row.ParcelID == nil {
		return 0
	}
	return val(s.docket.parcel.OwnerID)
}

// follow makes the scan that came before row the last one, as far as the decision goes.
func (s *session) follow(row receiving.Outcome) error {
	p := &s.producer
	p.LastSeq, p.LastData, p.LastDevice, p.LastMonoUS = row.Seq-1, "", "", 0
	if row.Seq == 1 {
		return nil
	}
	rows, err := stored(s.tx, row.Producer, uint64(row.Seq-2), 1)
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].Seq != row.Seq-1 {
		return fmt.Errorf("producer %s has no outcome %d", row.Producer, row.Seq-1)
	}
	p.LastData, p.LastDevice, p.LastMonoUS = rows[0].Data, rows[0].Device, rows[0].MonoUS
	return nil
}

// rescanned is a stored scan as it was sent, with the plate that was reserved for its piece.
func rescanned(row receiving.Outcome) (scanner.Scan, error) {
	s := scanner.Scan{Seq: uint64(row.Seq), Device: row.Device, Source: scanner.Source(row.Source), CapturedAt: row.CapturedAt.UTC(), MonoMicros: row.MonoUS, Raw: row.Raw, Data: row.Data,
		Charset: row.Charset, Symbology: row.Symbology}
	for _, f := range strings.Split(row.Flags, ",") {
		if f != "" {
			s.Flags = append(s.Flags, scanner.Flag(f))
		}
	}
	params := map[string]string{}
	if err := json.Unmarshal([]byte(row.Params), &params); err != nil {
		return s, fmt.Errorf("params of outcome %d: %w", row.Seq, err)
	}
	s.Plate = params["plate"]
	return s, nil
}
