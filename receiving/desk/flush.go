package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
)

// out is what a session will write.
type out struct {
	standIns  []*catalogue.SKU
	lines     []*line // new ones
	units     []*booked
	made      []*booked // written by this transaction
	movements []*movement
	deltas    inventory.Deltas
	outcomes  []*filing
	undone    []*filing
	events    []func() event.Event
	told      []event.Event // entered, for the triggers
	dockets   []*docket     // may have changed
	closed    []*docket     // to settle with their cases
	settled   []id.Case     // whose goods were counted: money may follow
	pipe      *db.Pipeline
}

// movement is a movement whose unit may have no id yet.
type movement struct {
	inventory.Movement
	unit *booked
}

// filing is a scan with its answer, to be stored.
type filing struct {
	row    receiving.Outcome
	ruling *ruling
	again  bool // takes the place of a parked outcome
}

func (o *out) touch(d *docket) {
	if !slices.Contains(o.dockets, d) {
		o.dockets = append(o.dockets, d)
	}
}

// file keeps the answer to the scan being decided.
func (s *session) file(r *ruling) error {
	r.Seq, r.At, r.Clerk = s.scan.Seq, s.at, s.clerk
	row := receiving.Outcome{Producer: s.producer.ID, Seq: int64(s.scan.Seq), BenchID: s.bench.ID, WarehouseID: s.bench.WarehouseID, OperatorID: s.bench.OperatorID,
		Device: s.scan.Device, Source: string(s.scan.Source), CapturedAt: s.scan.CapturedAt, ReceivedAt: s.at, OffsetMS: s.offset, MonoUS: s.scan.MonoMicros,
		Raw: s.scan.Raw, Data: s.scan.Data, Charset: s.scan.Charset, Symbology: s.scan.Symbology, ContentHash: s.sum, Verdict: string(r.Verdict),
		Code: string(r.Code), WeightG: int(s.scan.WeightGrams), WeightStable: s.scan.WeightStable, Tone: string(r.Tone), Tote: string(r.Tote), Params: "{}", Effects: "[]", Plate: r.Plate}
	if row.Raw == nil {
		row.Raw = []byte{}
	}
	flags := make([]string, len(s.scan.Flags))
	for i, f := range s.scan.Flags {
		flags[i] = string(f)
	}
	row.Flags = strings.Join(flags, ",")
	if len(r.Params) > 0 {
		b, err := json.Marshal(r.Params)
		if err != nil {
			return fmt.Errorf("params: %w", err)
		}
		row.Params = string(b)
	}
	if len(r.Effects) > 0 {
		b, err := json.Marshal(r.Effects)
		if err != nil {
			return fmt.Errorf("effects: %w", err)
		}
		row.Effects = string(b)
	}
	switch {
	case r.docket != nil:
		row.ParcelID = &r.docket.parcel.ID
		r.Parcel = r.docket.parcel.Number()
	case r.parcel != 0:
		row.ParcelID = ref(r.parcel)
		r.Parcel = receiving.ParcelNumber(r.parcel)
	}
	row.UnitID = ref(r.unitID)
	f := &filing{row: row, ruling: r}
	s.out.outcomes = append(s.out.outcomes, f)
	if r.undoes != nil {
		s.out.undone = append(s.out.undone, f)
	}
	s.outcomes = append(s.outcomes, r.Outcome)
	return nil
}

// sync writes what has come together so far, so that a question to the database sees it. Events and balances wait for the end. What gets an id from the
// database goes first and by itself; all the rest is one round trip, with more at its end.
func (s *session) sync(more ...func() error) error {
	steps := []func() error{s.lockCases, s.writeStandIns, s.writeLines, s.writeUnits, s.updateLines, s.updateParcels, s.writeOutcomes, s.writeMovements}
	for _, step := range append(append(steps, more...), s.send, s.settleCases) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// flush writes everything: sync with bench and producer, then events, whose triggers see the whole of it, and last the balances, which all benches share.
func (s *session) flush() error {
	more := []func() error{s.updateHandover, s.updateBench, s.updateProducer}
	if len(s.out.closed) == 0 {
		more = append(more, s.enterEvents) // else settling the cases has more to tell
	}
	if err := s.sync(more...); err != nil {
		return err
	}
	for _, step := range []func() error{s.enterEvents, s.send} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := s.holdMoney(); err != nil {
		return err
	}
	if err := s.log.Trigger(s.ctx, s.tx, s.out.told); err != nil {
		return err
	}
	return s.ledger.Apply(s.ctx, s.tx, s.out.deltas)
}

// enterEvents makes the events that wait, now that every id is known.
func (s *session) enterEvents() error {
	if len(s.out.events) == 0 {
		return nil
	}
	events := make([]event.Event, len(s.out.events))
	for i, e := range s.out.events {
		events[i] = e()
		if _, here := events[i].Data["bench"]; here {
			// A socket that has shown the bench at this version need not read it again because of this event.
			events[i].Data["bench_version"] = s.bench.Version
		}
	}
	s.out.events, s.out.told = nil, append(s.out.told, events...)
	return s.log.Enter(s.pipe(), s.tx, events)
}

// pipe is the pipeline of this transaction.
func (s *session) pipe() *db.Pipeline {
	if s.out.pipe == nil {
		s.out.pipe = db.NewPipeline(s.tx)
	}
	return s.out.pipe
}

// later adds a statement to those that go together. Nothing else may be asked of the database between it and send.
func (s *session) later(what string, check func(rows int64) error, build func(tx *gorm.DB) *gorm.DB) error {
	return s.pipe().Add(what, build, check)
}

func (s *session) send() error { return s.pipe().Run(s.ctx) }

// guarded wants exactly one row: none means that somebody was faster.
func guarded(rows int64) error {
	if rows != 1 {
		return errMoved
	}
	return nil
}

func (s *session) updateBench() error {
	b := s.bench
	return s.later("write bench", nil, func(tx *gorm.DB) *gorm.DB {
		return tx.Exec(`UPDATE benches SET operator_id = ?, open_parcel_id = ?, pending = ?, day = ?, day_parcels = ?, day_pieces = ?, last_scan_at = ?, version = ? WHERE id = ?`,
			b.OperatorID, b.OpenParcelID, s.pending.text(), b.Day, b.DayParcels, b.DayPieces, b.LastScanAt, b.Version, b.ID)
	})
}

func (s *session) updateProducer() error {
	p := s.producer
	return s.later("write producer", nil, func(tx *gorm.DB) *gorm.DB {
		return tx.Exec("UPDATE producers SET last_seq = ?, last_data = ?, last_device = ?, last_mono_us = ? WHERE id = ?", p.LastSeq, p.LastData, p.LastDevice, p.LastMonoUS, p.ID)
	})
}

func (s *session) writeStandIns() error {
	if len(s.out.standIns) == 0 {
		return nil
	}
	if err := s.tx.Create(&s.out.standIns).Error; err != nil {
		return fmt.Errorf("write placeholders: %w", err)
	}
	s.out.standIns = nil
	for _, u := range s.out.units {
		if u.standIn != nil {
			u.SKUID, u.line.SKUID, u.line.sku.ID = u.standIn.ID, u.standIn.ID, u.standIn.ID
		}
	}
	for _, m := range s.out.movements {
		if m.unit != nil {
			m.SKUID = m.unit.SKUID
		}
	}
	return nil
}

func (s *session) writeLines() error {
	if len(s.out.lines) == 0 {
		return nil
	}
	rows := make([]*receiving.ReceiptLine, len(s.out.lines))
	for i, l := range s.out.lines {
		rows[i] = &l.ReceiptLine
	}
	if err := s.tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("write lines: %w", err)
	}
	for _, l := range s.out.lines {
		l.fresh, l.dirty = false, false
	}
	s.out.lines = nil
	return nil
}

func (s *session) writeUnits() error {
	if len(s.out.units) == 0 {
		return nil
	}
	rows := make([]*inventory.Unit, len(s.out.units))
	for i, u := range s.out.units {
		u.ReceiptLineID = &u.line.ID
		rows[i] = &u.Unit
	}
	if err := s.tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("write units: %w", err)
	}
	for _, u := range s.out.units {
		u.stored = true
	}
	s.out.made = append(s.out.made, s.out.units...)
	s.out.units = nil
	return nil
}

func (s *session) writeMovements() error {
	if len(s.out.movements) == 0 {
		return nil
	}
	rows := make([]inventory.Movement, len(s.out.movements))
	for i, m := range s.out.movements {
		if m.unit != nil {
			m.UnitID = &m.unit.ID
		}
		rows[i] = m.Movement
	}
	s.out.movements = nil
	return s.later("post movements", nil, func(tx *gorm.DB) *gorm.DB { return s.ledger.Enter(tx, rows, s.out.deltas) })
}

// updateLines writes the counts of lines in one statement. Columns of VALUES have the same names on both databases.
func (s *session) updateLines() error {
	var args []any
	n := 0
	for _, d := range s.out.dockets {
		for _, l := range d.lines {
			if l.dirty && !l.fresh {
				args = append(args, l.ID, l.Received, l.Finding, l.Expected)
				l.dirty = false
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	values := strings.TrimSuffix(strings.Repeat("(CAST(? AS BIGINT), CAST(? AS INTEGER), CAST(? AS TEXT), CAST(? AS INTEGER)), ", n), ", ")
	return s.later("update lines", nil, func(tx *gorm.DB) *gorm.DB {
		return tx.Exec("UPDATE receipt_lines SET received = v.column2, finding = v.column3, expected = v.column4 FROM (VALUES "+values+") AS v WHERE receipt_lines.id = v.column1", args...)
	})
}

// updateParcels writes changed parcels, each only at the version it was read at: whoever changed it meanwhile did so without the bench's lock.
func (s *session) updateParcels() error {
	for _, d := range s.out.dockets {
		p := d.parcel
		if p.Version == d.stored {
			continue
		}
		was := d.stored
		err := s.later("update parcel "+p.Number(), guarded, func(tx *gorm.DB) *gorm.DB {
			return tx.Exec(`UPDATE parcels SET owner_id = ?, kind = ?, state = ?, carrier = ?, waybill = ?, note = ?, bench_id = ?, opened_at = ?, opened_by = ?, closed_at = ?, closed_by = ?,
 held_at = ?, expected = ?, received = ?, pieces = ?, weight_g = ?, expected_g = ?, empty_g = ?, light = ?, weighed_at = ?, version = ? WHERE id = ? AND version = ?`,
				p.OwnerID, p.Kind, p.State, p.Carrier, p.Waybill, p.Note, p.BenchID, p.OpenedAt, p.OpenedBy, p.ClosedAt, p.ClosedBy,
				p.HeldAt, p.Expected, p.Received, p.Pieces, p.WeightG, p.ExpectedG, p.EmptyG, p.Light, p.WeighedAt, p.Version, p.ID, was)
		})
		if err != nil {
			return err
		}
		d.stored = p.Version
	}
	return nil
}

func (s *session) writeOutcomes() error {
	if len(s.out.outcomes) == 0 {
		return nil
	}
	rows := make([]receiving.Outcome, 0, len(s.out.outcomes))
	for _, f := range s.out.outcomes {
		if f.ruling.unit != nil {
			f.row.UnitID = &f.ruling.unit.ID
		}
		if f.again {
			if err := s.later("replace parked outcome", guarded, func(tx *gorm.DB) *gorm.DB { return replaceParked(tx, f.row) }); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, f.row)
	}
	if len(rows) > 0 {
		if err := s.later("write outcomes", nil, func(tx *gorm.DB) *gorm.DB { return tx.Create(&rows) }); err != nil {
			return err
		}
	}
	for _, f := range s.out.undone {
		o := f.ruling.undoes
		err := s.later("mark undone", guarded, func(tx *gorm.DB) *gorm.DB {
			return tx.Exec("UPDATE outcomes SET undone_by = ?, undone_producer = ? WHERE producer = ? AND seq = ? AND undone_by IS NULL", f.row.Seq, f.row.Producer, o.Producer, o.Seq)
		})
		if err != nil {
			return err
		}
	}
	s.out.outcomes, s.out.undone = nil, nil
	return nil
}

// replaceParked writes what a scan that was run again came to. What was scanned, and its hash, stay.
func replaceParked(tx *gorm.DB, r receiving.Outcome) *gorm.DB {
	return tx.Exec(`UPDATE outcomes SET received_at = ?, verdict = ?, code = ?, tone = ?, tote = ?, params = ?, effects = ?, plate = ?, parcel_id = ?, unit_id = ?
 WHERE producer = ? AND seq = ? AND code = 'parked'`, r.ReceivedAt, r.Verdict, r.Code, r.Tone, r.Tote, r.Params, r.Effects, r.Plate, r.ParcelID, r.UnitID, r.Producer, r.Seq)
}
