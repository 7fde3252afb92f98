package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
)

// control acts on a control barcode.
func (s *session) control(a *answer, verb, value string) error {
	switch verb {
	case scanner.Done:
		return s.doneScan(a)
	case scanner.Undo:
		return s.undo(a)
	case scanner.PlusOne:
		return s.plusOne(a)
	case scanner.NoLabel, scanner.UnknownOwner:
		return s.openUnknown(a, "", "")
	case scanner.Condition:
		return s.condition(a, strings.ToLower(value))
	case scanner.Hold:
		return s.hold(a)
	case scanner.Resume:
		return s.resume(a)
	case scanner.Empty:
		return s.empty(a)
	case scanner.Choose:
		return s.choose(a, value)
	case scanner.Operator:
		return s.operator(a, value)
	case scanner.Photo, scanner.Exception, "TYPE", "GRADE", "DISPOSITION", "RELEASE":
		a.say(scanner.CodeControlNotHere, "code", short(a.scan.Data, 60))
	default:
		a.say(scanner.CodeControlUnknown, "code", short(a.scan.Data, 60))
	}
	return nil
}

// plusOne takes the piece that was over: it is really there.
func (s *session) plusOne(a *answer) error {
	if s.parcel == nil || s.pending.OverSKU == 0 || s.parcel.skus[s.pending.OverSKU] == nil {
		a.say(scanner.CodeNothingToAdd)
		return nil
	}
	k := s.parcel.skus[s.pending.OverSKU]
	if err := s.bookExtra(a, piece{sku: k, code: s.pending.Over, serial: s.pending.Serial}, "extra"); err != nil {
		return err
	}
	a.say(scanner.CodeExtra, k.named()...)
	return nil
}

// condition notes how the piece just scanned looks.
func (s *session) condition(a *answer, value string) error {
	if !slices.Contains(scanner.Conditions, value) {
		a.say(scanner.CodeControlUnknown, "code", short(a.scan.Data, 60))
		return nil
	}
	if s.parcel == nil || s.parcel.last == nil {
		a.say(scanner.CodeNothingToMark)
		return nil
	}
	last := s.parcel.last
	was := last.condition
	if err := s.mark(last, value); err != nil {
		return err
	}
	a.of = last.id
	a.say(scanner.CodeConditionSet, "condition", value, "plate", last.plate, "was", was)
	a.effect(scanner.Effect{Kind: scanner.EffectConditionSet, Plate: last.plate})
	return nil
}

// mark writes a condition onto a piece of this batch or of an earlier one.
func (s *session) mark(last *lastPiece, value string) error {
	if err := s.write(); err != nil {
		return err
	}
	if last.unit != nil && last.id == 0 {
		last.id = last.unit.unit.ID
	}
	var version int64
	res := s.tx.Raw("UPDATE units SET condition = ?, version = version + 1 WHERE id = ? AND state IN ('quarantine', 'custody') RETURNING version", value, last.id).Scan(&version)
	if res.Error != nil {
		return fmt.Errorf("note condition: %w", res.Error)
	}
	if version == 0 {
		return fault.New(fault.Conflict, "moved_on", "unit %s has moved on", last.plate)
	}
	last.condition, last.line.condition = value, value
	s.parcel.touched, s.parcel.dirty = last.line, true
	plate, unit := last.plate, last.id
	s.events = append(s.events, func() event.Event {
		return event.Event{Type: "backdock.unit.condition_set.v1", Subject: "unit/" + plate, Version: version, WarehouseID: s.site.ID, ByUser: deref(s.bench.OperatorID),
			Data: event.Data{"unit": unit, "plate": plate, "condition": value}}
	})
	return nil
}

// hold puts the open parcel aside, as it is.
func (s *session) hold(a *answer) error {
	if s.parcel == nil {
		a.say(scanner.CodeNothingOpen)
		return nil
	}
	o := s.parcel
	o.p.State, o.p.HeldAt, o.dirty = "held", &s.now, true
	a.say(scanner.CodeHeld, "parcel", o.number())
	a.effect(scanner.Effect{Kind: scanner.EffectParcelHeld, Parcel: o.number()})
	s.parcelEvent("held", o, nil)
	return s.leave()
}

// resume opens the parcel that was held at this bench last.
func (s *session) resume(a *answer) error {
	if s.parcel != nil {
		s.refuseOpen(a, "")
		return nil
	}
	p, err := s.heldHere()
	if err != nil {
		return err
	}
	if p == 0 {
		a.say(scanner.CodeNothingOpen)
		return nil
	}
	o, err := s.lockParcel(p)
	if err != nil {
		return err
	}
	o.p.State, o.p.HeldAt = "open", nil
	s.enter(o)
	a.in = o
	a.say(scanner.CodeResumed, "parcel", o.number())
	a.effect(scanner.Effect{Kind: scanner.EffectParcelResumed, Parcel: o.number()})
	s.parcelEvent("resumed", o, nil)
	return nil
}

// operator logs a clerk on at the bench.
func (s *session) operator(a *answer, badge string) error {
	if s.d.o.Badge == nil || badge == "" {
		a.say(scanner.CodeBadgeUnknown)
		return nil
	}
	user, name, err := s.d.o.Badge(s.ctx, badge)
	if fault.IsKind(err, fault.NotFound) || fault.IsKind(err, fault.Unauthenticated) || fault.IsKind(err, fault.Denied) {
		a.say(scanner.CodeBadgeUnknown)
		return nil
	}
	if err != nil {
		return err
	}
	// The badge opens the station for whoever holds it: it is kept nowhere in the clear.
	a.scan.Data, a.scan.Raw = scanner.ControlPrefix+scanner.Operator+":***", nil
	s.bench.OperatorID, s.clerk = &user, name
	a.say(scanner.CodeOperatorOn, "clerk", name)
	a.effect(scanner.Effect{Kind: scanner.EffectOperatorOn})
	return nil
}

// choose settles which of several candidates a number means.
func (s *session) choose(a *answer, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > len(s.pending.Targets) {
		a.say(scanner.CodeChoiceInvalid, "count", itoa(int64(len(s.pending.Targets))))
		return nil
	}
	t, number := s.pending.Targets[n-1], s.pending.Number
	s.pending = pending{}
	return s.openTargets(a, number, []target{t})
}
