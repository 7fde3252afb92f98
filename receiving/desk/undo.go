package desk

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// undo takes back the latest effect of this operator on this bench that was not taken back yet, and names it. A DONE stays: only a manager reopens.
func (s *session) undo() (*ruling, error) {
	if b := s.pending.Bare; b != nil { // nothing was booked yet
		s.next.Bare = nil
		return undone("piece").with("sku", b.SKU).with("sku_en", b.SKUEn).about(s.docket), nil
	}
	if err := s.sync(); err != nil {
		return nil, err
	}
	var rows []receiving.Outcome
	q := s.tx.Where("bench_id = ? AND received_at > ? AND undone_by IS NULL AND effects <> '[]' AND code NOT IN ('undone', 'operator_on')",
		s.bench.ID, s.at.Add(-s.o.UndoWithin))
	if s.bench.OperatorID != nil {
		q = q.Where("operator_id = ?", *s.bench.OperatorID)
	} else {
		q = q.Where("operator_id IS NULL")
	}
	if err := q.Order("received_at DESC").Limit(1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look for what to undo: %w", err)
	}
	if len(rows) == 0 {
		return rule(scanner.CodeNothingToUndo).about(s.docket), nil
	}
	o := &rows[0]
	var effects []scanner.Effect
	if err := json.Unmarshal([]byte(o.Effects), &effects); err != nil {
		return nil, fmt.Errorf("effects of %s:%d: %w", o.Producer, o.Seq, err)
	}
	r, err := s.reverse(o, effects[len(effects)-1])
	if err != nil {
		return nil, err
	}
	if r.Code == scanner.CodeUndone {
		r.undoes = o
	}
	if r.docket == nil {
		r.about(s.docket)
	}
	return r, nil
}

// reverse takes one effect back.
func (s *session) reverse(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	switch e.Kind {
	case scanner.EffectUnitBooked:
		return s.undoPiece(o, e)
	case scanner.EffectConditionSet:
		return s.undoCondition(o, e)
	case scanner.EffectAliasAdded:
		return s.undoAlias(o, e)
	case scanner.EffectJunkNoted:
		return s.undoJunk(o, e)
	case scanner.EffectParcelOpened:
		return s.undoOpening(e), nil
	case scanner.EffectUnitPutAway:
		return s.undoPutAway(o)
	case scanner.EffectUnitInspected:
		return s.undoInspected(e)
	case scanner.EffectParcelResumed:
		if s.docket == nil || s.docket.parcel.Number() != e.Parcel {
			return refused("moved_on", ""), nil
		}
		d := s.docket
		s.shelve(d, "")
		return undone("parcel_resumed").effect(scanner.Effect{Kind: scanner.EffectParcelHeld, Parcel: e.Parcel}), nil
	case scanner.EffectParcelClaimed:
		return refused("claimed", ""), nil
	case scanner.EffectParcelHeld:
		p, _ := receiving.ParseParcelNumber(e.Parcel)
		if s.docket != nil {
			return refused("moved_on", ""), nil
		}
		d, err := s.fromShelf(p)
		if err != nil || d == nil {
			return refused("moved_on", ""), err
		}
		return undone("parcel_held").effect(scanner.Effect{Kind: scanner.EffectParcelResumed, Parcel: e.Parcel}), nil
	case scanner.EffectParcelDocked, scanner.EffectParcelTurned, scanner.EffectDockNoted, scanner.EffectHandoverClosed:
		return s.undoDock(o, e)
	}
	return refused("parcel_closed", ""), nil
}

func undone(what string) *ruling { return rule(scanner.CodeUndone, "what", what) }

func refused(why, plate string) *ruling {
	return rule(scanner.CodeUndoRefused, "why", why, "plate", plate)
}

// undoPiece gives the piece back: a counter-movement, its plate void for ever. It is refused once the unit has left the place where the scan put it.
func (s *session) undoPiece(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	s.next.Plate, s.next.Stick = s.pending.Plate, s.pending.Stick
	u, err := s.unitToChange(e.Plate)
	if err != nil {
		return nil, err
	}
	switch {
	case u == nil || u.State == inventory.Undone:
		return refused("moved_on", e.Plate), nil
	case u.docket == nil || s.docket == nil:
		return refused("parcel_closed", e.Plate), nil
	case u.State != inventory.Quarantine && u.State != inventory.Custody:
		return refused("moved_on", e.Plate), nil
	}
	var paid []int // a parcel that was closed before and opened again may hold pieces whose money is under way
	if err := s.tx.Raw("SELECT 1 FROM refund_lines WHERE unit_id = ? AND live LIMIT 1", u.ID).Scan(&paid).Error; err != nil {
		return nil, fmt.Errorf("refund of unit %s: %w", u.Plate, err)
	}
	if len(paid) > 0 {
		return refused("refund_sending", e.Plate), nil
	}
	if u.line == nil {
		return nil, fmt.Errorf("unit %s stands on no line of parcel %s", u.Plate, s.docket.parcel.Number())
	}
	if err := s.takeOff(u); err != nil {
		return nil, err
	}
	from := u.Account
	u.State, u.Account, u.MovedAt, u.Version = inventory.Undone, inventory.Customer, s.at, u.Version+1
	if err := s.giveBack(u, from); err != nil {
		return nil, err
	}
	s.count(u, -1)
	u.line.plates = slices.DeleteFunc(u.line.plates, func(p string) bool { return p == u.Plate })
	if u.line.Received == 0 {
		u.line.mark = ""
	}
	delete(s.docket.odd, u.Plate)
	s.serials.drop(serialKey{u.OwnerID, u.SKUID, u.Serial})
	if s.next.Plate == u.Plate {
		s.next.Plate, s.next.Stick = "", false
	}
	what := "piece"
	if u.Finding == string(receiving.Extra) {
		what = "extra"
	}
	r := undone(what).say(u.line.sku).with("plate", u.Plate).effect(scanner.Effect{Kind: scanner.EffectUnitUndone, Plate: u.Plate, SKU: u.line.sku.Code})
	r.unitID = u.ID
	return r, nil
}

// takeOff takes a piece out of the place where a stock-take found it. Places are locked behind all that other scans of a batch may want, so this scan goes alone.
func (s *session) takeOff(u *booked) error {
	_, lies, err := place.Of(s.ctx, s.tx, u.ID)
	if err != nil || !lies {
		return err
	}
	if err := s.alone(); err != nil {
		return err
	}
	floor := s.o.Floor
	if floor == nil {
		floor = place.NewFloor(s.log, s.ledger)
	}
	return floor.Move(s.ctx, s.tx, []inventory.Unit{u.Unit}, nil, place.Why{Cause: "left", Ref: s.key(), By: s.operator()})
}

// giveBack writes the unit and the counter-movement. Everything of the session was flushed before, so the movement that booked the piece has its id.
func (s *session) giveBack(u *booked, from inventory.Account) error {
	res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version-1).
		Updates(map[string]any{"state": u.State, "account": u.Account, "moved_at": u.MovedAt, "version": u.Version})
	if res.Error != nil {
		return fmt.Errorf("undo unit %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return errMoved
	}
	// The newest movement into where the unit stands: after an inspection and its undo that is not the first one any more.
	var was []inventory.Movement
	err := s.tx.Where("unit_id = ? AND to_account = ?", u.ID, from).Order("id DESC").Limit(1).Find(&was).Error
	if err != nil {
		return fmt.Errorf("movement of unit %s: %w", u.Plate, err)
	}
	if len(was) == 0 {
		return fmt.Errorf("unit %s has no movement into %s", u.Plate, from)
	}
	m := inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: inventory.Customer, Quantity: 1, UnitID: &u.ID,
		Cause: "undo", CauseRef: s.key(), ByUser: s.bench.OperatorID, At: s.at}
	if was[0].FromAccount == inventory.Customer {
		m.CounterOf = &was[0].ID
	}
	s.out.movements = append(s.out.movements, &movement{Movement: m})
	e := s.fact("backdock.unit.undone.v1", "unit/"+u.Plate, u.Version, u.OwnerID, event.Data{"unit": u.ID, "plate": u.Plate, "parcel": s.docket.parcel.Number(), "finding": u.Finding})
	if u.CaseID != nil {
		e.Data["case"] = *u.CaseID
	}
	s.tell(func() event.Event { return e })
	return nil
}

func (s *session) undoCondition(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	var params map[string]string
	if err := json.Unmarshal([]byte(o.Params), &params); err != nil {
		return nil, fmt.Errorf("params of %s:%d: %w", o.Producer, o.Seq, err)
	}
	s.next.Plate, s.next.Stick = s.pending.Plate, s.pending.Stick
	u, err := s.unitToChange(e.Plate)
	if err != nil {
		return nil, err
	}
	switch {
	case u == nil || u.State != inventory.Quarantine && u.State != inventory.Custody:
		return refused("moved_on", e.Plate), nil
	case u.docket == nil || u.line == nil:
		return refused("parcel_closed", e.Plate), nil
	}
	if params["was_line"] != "" {
		if ok, err := s.acquit(u, params); err != nil || !ok {
			return refused("moved_on", e.Plate), err
		}
	} else if err := s.mark(u, params["was"]); err != nil {
		return nil, err
	}
	r := undone("condition").say(u.line.sku).with("plate", u.Plate)
	r.unitID = u.ID
	return r.effect(scanner.Effect{Kind: scanner.EffectConditionSet, Plate: u.Plate}), nil
}

func (s *session) undoAlias(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	if s.docket == nil || s.docket.parcel.Number() != e.Parcel {
		return refused("parcel_closed", ""), nil
	}
	var params map[string]string
	if err := json.Unmarshal([]byte(o.Params), &params); err != nil {
		return nil, fmt.Errorf("params of %s:%d: %w", o.Producer, o.Seq, err)
	}
	err := s.tx.Model(&receiving.Alias{}).Where("number = ? AND parcel_id = ? AND valid_to IS NULL", params["waybill"], s.docket.parcel.ID).Update("valid_to", s.at).Error
	if err != nil {
		return nil, fmt.Errorf("undo alias: %w", err)
	}
	return undone("alias_added").effect(scanner.Effect{Kind: scanner.EffectAliasAdded, Parcel: e.Parcel}), nil
}

// undoOpening puts a parcel that nothing was taken out of back to the dock.
func (s *session) undoOpening(e scanner.Effect) *ruling {
	d := s.docket
	switch {
	case d == nil || d.parcel.Number() != e.Parcel:
		return refused("moved_on", "")
	case d.parcel.Pieces > 0:
		return refused("moved_on", "")
	}
	s.putBack(d)
	return undone("parcel_opened").effect(scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: e.Parcel}).about(d)
}
