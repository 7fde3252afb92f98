package desk

import (
	"encoding/json"
	"fmt"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// undo takes back the latest effect of this operator in the open parcel: a booked piece, or a condition. Never a closing.
func (s *session) undo(a *answer) error {
	if s.parcel == nil {
		a.say(scanner.CodeNothingToUndo)
		return nil
	}
	if err := s.write(); err != nil {
		return err
	}
	var last receiving.Outcome
	q := s.tx.Where("bench_id = ? AND parcel_id = ? AND undone_by IS NULL AND (unit_id IS NOT NULL) AND code IN ?", s.bench.ID, s.parcel.p.ID, undoable)
	if s.bench.OperatorID != nil {
		q = q.Where("operator_id = ?", *s.bench.OperatorID)
	} else {
		q = q.Where("operator_id IS NULL")
	}
	res := q.Order("received_at DESC, seq DESC").Limit(1).Find(&last)
	if res.Error != nil {
		return fmt.Errorf("look for something to undo: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		a.say(scanner.CodeNothingToUndo)
		return nil
	}
	var u inventory.Unit
	if res := db.Lock(s.tx).Where("id = ?", *last.UnitID).Limit(1).Find(&u); res.Error != nil || res.RowsAffected == 0 {
		return fmt.Errorf("lock unit %d: %w", *last.UnitID, res.Error)
	}
	a.of = u.ID
	if u.State != inventory.Quarantine && u.State != inventory.Custody {
		a.say(scanner.CodeUndoRefused, "why", string(u.State), "plate", u.Plate)
		return nil
	}
	err := s.tx.Model(&receiving.Outcome{}).Where("producer = ? AND seq = ?", last.Producer, last.Seq).
		Updates(map[string]any{"undone_by": a.scan.Seq, "undone_producer": s.producer.ID}).Error
	if err != nil {
		return fmt.Errorf("mark as undone: %w", err)
	}
	if last.Code == string(scanner.CodeConditionSet) {
		return s.undoCondition(a, last, u)
	}
	return s.undoUnit(a, u)
}

var undoable = []scanner.Code{scanner.CodeMatched, scanner.CodeExtra, scanner.CodeUndeclared, scanner.CodeWrongSpec, scanner.CodeWrongItem, scanner.CodeSerialMismatch,
	scanner.CodeUnknownItem, scanner.CodeUnclaimed, scanner.CodeConditionSet}

func (s *session) undoCondition(a *answer, last receiving.Outcome, u inventory.Unit) error {
	var params map[string]string
	if err := json.Unmarshal([]byte(last.Params), &params); err != nil {
		return fmt.Errorf("outcome %d: %w", last.Seq, err)
	}
	piece := &lastPiece{id: u.ID, plate: u.Plate, line: s.lineOf(u)}
	if err := s.mark(piece, params["was"]); err != nil {
		return err
	}
	if s.parcel.last != nil && s.parcel.last.plate == u.Plate {
		s.parcel.last.condition = params["was"]
	}
	return s.sayUndone(a, "condition", u)
}

// undoUnit books a piece out again. Its plate is void for ever.
func (s *session) undoUnit(a *answer, u inventory.Unit) error {
	var booked inventory.Movement
	if res := s.tx.Where("unit_id = ? AND cause = 'scan'", u.ID).Limit(1).Find(&booked); res.Error != nil || res.RowsAffected == 0 {
		return fmt.Errorf("movement of %s: %w", u.Plate, res.Error)
	}
	was := u.Account
	res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version).
		Updates(map[string]any{"state": inventory.Undone, "account": inventory.Customer, "moved_at": s.now, "version": u.Version + 1})
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("undo %s: %d rows: %w", u.Plate, res.RowsAffected, res.Error)
	}
	s.moves = append(s.moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: was, ToAccount: inventory.Customer, Quantity: 1,
		UnitID: &u.ID, Cause: "undo", CauseRef: s.ref(a), CounterOf: &booked.ID, ByUser: s.bench.OperatorID, At: s.now})
	o := s.parcel
	if l := s.lineOf(u); l != nil {
		l.Received--
		l.dirty = true
		if l.Expected > 0 {
			o.p.Received--
		}
		for i, p := range l.plates {
			if p == u.Plate {
				l.plates = append(l.plates[:i:i], l.plates[i+1:]...)
				break
			}
		}
		o.touched = l
	}
	o.p.Pieces--
	s.bench.DayPieces = max(0, s.bench.DayPieces-1)
	o.last, o.dirty = nil, true
	s.events = append(s.events, func() event.Event {
		return event.Event{Type: "backdock.unit.undone.v1", Subject: "unit/" + u.Plate, Version: u.Version + 1, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID,
			ByUser: deref(s.bench.OperatorID), Data: event.Data{"unit": u.ID, "plate": u.Plate, "parcel": o.number()}}
	})
	return s.sayUndone(a, "unit", u)
}

func (s *session) lineOf(u inventory.Unit) *line {
	for _, l := range s.parcel.lines {
		if u.ReceiptLineID != nil && l.ID == *u.ReceiptLineID {
			return l
		}
	}
	return nil
}

func (s *session) sayUndone(a *answer, what string, u inventory.Unit) error {
	k := s.parcel.skus[u.SKUID]
	if k == nil {
		k = &article{}
	}
	a.say(scanner.CodeUndone, k.named("what", what, "plate", u.Plate)...)
	if what == "unit" {
		a.effect(scanner.Effect{Kind: scanner.EffectUnitUndone, Plate: u.Plate, Parcel: s.parcel.number(), SKU: k.Code})
	}
	s.pending = pending{}
	return nil
}
