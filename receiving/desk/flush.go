package desk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// finish writes all that is left and ends the batch: movements and balances last, so that hot balance rows are held for the shortest time.
func (s *session) finish() error {
	if err := s.write(); err != nil {
		return err
	}
	if len(s.fresh) == 0 {
		return nil
	}
	if err := s.writeBench(); err != nil {
		return err
	}
	res := s.tx.Model(&receiving.Producer{}).Where("id = ?", s.producer.ID).Updates(map[string]any{"last_seq": s.producer.LastSeq, "last_data": s.producer.LastData,
		"last_device": s.producer.LastDevice, "last_mono_us": s.producer.LastMonoUS})
	if res.Error != nil {
		return fmt.Errorf("move producer: %w", res.Error)
	}
	events := make([]event.Event, len(s.events))
	for i, make := range s.events {
		events[i] = make()
	}
	if err := s.d.log.Append(s.ctx, s.tx, events...); err != nil {
		return err
	}
	return s.d.ledger.Post(s.ctx, s.tx, s.moves)
}

// write brings the database to where the session is, but for events and movements: whatever reads its own batch calls it first.
func (s *session) write() error {
	if err := s.writeParcel(); err != nil {
		return err
	}
	if err := s.writeUnits(); err != nil {
		return err
	}
	return s.writeOutcomes()
}

func (s *session) writeParcel() error {
	if s.parcel == nil || !s.parcel.dirty {
		return nil
	}
	o := s.parcel
	if err := s.writeLines(o); err != nil {
		return err
	}
	o.p.Version++
	p := o.p
	res := s.tx.Model(&receiving.Parcel{}).Where("id = ? AND version = ?", p.ID, p.Version-1).Updates(map[string]any{"state": p.State, "note": p.Note, "bench_id": p.BenchID,
		"opened_at": p.OpenedAt, "opened_by": p.OpenedBy, "closed_at": p.ClosedAt, "closed_by": p.ClosedBy, "held_at": p.HeldAt, "expected": p.Expected,
		"received": p.Received, "pieces": p.Pieces, "version": p.Version})
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("write parcel %s: %d rows: %w", o.number(), res.RowsAffected, res.Error)
	}
	o.dirty = false
	return nil
}

// writeLines inserts new lines and updates counts, each in one statement.
func (s *session) writeLines(o *opened) error {
	var fresh []receiving.ReceiptLine
	var at []*line
	var sql strings.Builder
	var args, in []any
	for _, l := range o.lines {
		switch {
		case !l.dirty:
		case l.ID == 0:
			fresh, at = append(fresh, l.ReceiptLine), append(at, l)
		default:
			sql.WriteString(" WHEN ? THEN CAST(? AS INTEGER)")
			args, in = append(args, l.ID, l.Received), append(in, l.ID)
		}
		l.dirty = false
	}
	if len(fresh) > 0 {
		if err := s.tx.Create(&fresh).Error; err != nil {
			return fmt.Errorf("receipt lines: %w", err)
		}
		for i, l := range at {
			l.ID = fresh[i].ID
		}
	}
	if len(in) == 0 {
		return nil
	}
	if err := s.tx.Exec("UPDATE receipt_lines SET received = CASE id"+sql.String()+" END WHERE id IN ?", append(args, in)...).Error; err != nil {
		return fmt.Errorf("count lines: %w", err)
	}
	return nil
}

// writeUnits inserts the booked units and prepares their movements.
func (s *session) writeUnits() error {
	var rows []inventory.Unit
	var at []*booking
	for _, b := range s.units {
		if b.unit.ID == 0 {
			b.unit.ReceiptLineID = &b.line.ID
			rows, at = append(rows, b.unit), append(at, b)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("book units: %w", err)
	}
	for i, b := range at {
		b.unit.ID = rows[i].ID
		u := &b.unit
		s.moves = append(s.moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: b.from, ToAccount: u.Account, Quantity: 1,
			UnitID: &u.ID, Cause: "scan", CauseRef: s.ref(b.ans), ByUser: u.ReceivedBy, At: s.now})
	}
	for _, b := range at {
		if s.parcel != nil && s.parcel.last != nil && s.parcel.last.unit == b {
			s.parcel.last.id = b.unit.ID
			s.parcel.last.unit = nil // the shared copy outlives this batch
		}
	}
	return nil
}

func (s *session) ref(a *answer) string { return s.producer.ID + ":" + itoa(int64(a.scan.Seq)) }

// writeOutcomes inserts the answers given since the last call, but not the one under way: its code may still change.
func (s *session) writeOutcomes() error {
	var rows []receiving.Outcome
	for ; s.written < len(s.done) && s.done[s.written] != s.judging; s.written++ {
		r, err := s.row(s.done[s.written])
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("store outcomes: %w", err)
	}
	return nil
}

func (s *session) row(a *answer) (receiving.Outcome, error) {
	sc, out := a.scan, a.out
	params, err := json.Marshal(out.Params)
	if err != nil {
		return receiving.Outcome{}, fmt.Errorf("outcome %d: %w", out.Seq, err)
	}
	effects, err := json.Marshal(out.Effects)
	if err != nil {
		return receiving.Outcome{}, fmt.Errorf("outcome %d: %w", out.Seq, err)
	}
	flags := make([]string, len(sc.Flags))
	for i, f := range sc.Flags {
		flags[i] = string(f)
	}
	raw := sc.Raw
	if raw == nil {
		raw = []byte{}
	}
	r := receiving.Outcome{Producer: s.producer.ID, Seq: int64(sc.Seq), BenchID: s.bench.ID, WarehouseID: s.site.ID, OperatorID: s.bench.OperatorID, Device: sc.Device,
		Source: string(sc.Source), CapturedAt: sc.CapturedAt.UTC(), ReceivedAt: s.now, OffsetMS: s.offsetMS, MonoUS: sc.MonoMicros, Raw: raw, Data: text(sc.Data),
		Charset: sc.Charset, Symbology: sc.Symbology, Flags: strings.Join(flags, ","), ContentHash: contentHash(s.original(a)), Verdict: string(out.Verdict),
		Code: string(out.Code), Tone: string(out.Tone), Tote: string(out.Tote), Params: string(params), Effects: string(effects), Plate: out.Plate}
	if a.in != nil {
		r.ParcelID = &a.in.p.ID
	}
	if a.unit != nil {
		r.UnitID = &a.unit.unit.ID
	} else if a.of != 0 {
		r.UnitID = &a.of
	}
	return r, nil
}

// original is the scan as it was sent: an operator's badge is blanked in what is kept, not in what a replay is compared with.
func (s *session) original(a *answer) scanner.Scan {
	for _, sc := range s.fresh {
		if sc.Seq == a.scan.Seq {
			return sc
		}
	}
	return a.scan
}

// text is data that both databases can store: PostgreSQL refuses NUL and broken UTF-8. The raw bytes stand beside it.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\u2400")
}

func (s *session) writeBench() error {
	s.bench.Version++
	b := s.bench
	state, err := json.Marshal(s.pending)
	if err != nil {
		return fmt.Errorf("bench %d: pending: %w", b.ID, err)
	}
	err = s.tx.Model(&receiving.Bench{}).Where("id = ?", b.ID).Updates(map[string]any{"operator_id": b.OperatorID, "open_parcel_id": b.OpenParcelID, "pending": string(state),
		"day": b.Day, "day_parcels": b.DayParcels, "day_pieces": b.DayPieces, "last_scan_at": b.LastScanAt, "version": b.Version}).Error
	if err != nil {
		return fmt.Errorf("write bench %d: %w", b.ID, err)
	}
	return nil
}

// outcome reads a stored answer.
func outcome(r receiving.Outcome) (scanner.Outcome, error) {
	out := scanner.Outcome{Seq: uint64(r.Seq), Verdict: scanner.Verdict(r.Verdict), Code: scanner.Code(r.Code), Tone: scanner.Tone(r.Tone), Tote: scanner.Tote(r.Tote),
		Plate: r.Plate, At: r.ReceivedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Params), &out.Params); err != nil {
		return out, fmt.Errorf("outcome %s:%d: %w", r.Producer, r.Seq, err)
	}
	if err := json.Unmarshal([]byte(r.Effects), &out.Effects); err != nil {
		return out, fmt.Errorf("outcome %s:%d: %w", r.Producer, r.Seq, err)
	}
	if r.ParcelID != nil {
		out.Parcel = Number(*r.ParcelID)
	}
	return out, nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// receipt is the receipt that pieces nobody awaited are booked on.
func (o *opened) receipt() id.Receipt {
	for _, l := range o.lines {
		if l.ReceiptID != 0 {
			return l.ReceiptID
		}
	}
	return o.fallback
}

// ensureReceipt makes a receipt for a parcel that awaits nothing.
func (s *session) ensureReceipt() error {
	if s.parcel.fallback != 0 || s.parcel.receipt() != 0 {
		return nil
	}
	var r receiving.Receipt
	res := s.tx.Where("parcel_id = ?", s.parcel.p.ID).Order("id").Limit(1).Find(&r)
	if res.Error != nil {
		return fmt.Errorf("receipt of %s: %w", s.parcel.number(), res.Error)
	}
	if res.RowsAffected == 0 {
		r = receiving.Receipt{ParcelID: s.parcel.p.ID, Advance: true, CreatedAt: s.now}
		if err := s.tx.Create(&r).Error; err != nil {
			return fmt.Errorf("receipt of %s: %w", s.parcel.number(), err)
		}
	}
	s.parcel.fallback = r.ID
	return nil
}
