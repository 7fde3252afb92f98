package desk

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
)

// control obeys a control barcode.
func (s *session) control(verb, value string) (*ruling, error) {
	if verb == scanner.Operator {
		return s.logOn()
	}
	if s.bench.Kind == receiving.DockBench {
		return s.dockControl(verb, value)
	}
	known := map[string]func() (*ruling, error){
		scanner.Done:         s.done,
		scanner.Undo:         s.undo,
		scanner.PlusOne:      s.plusOne,
		scanner.NoLabel:      func() (*ruling, error) { return s.openUnknown("", "") },
		scanner.UnknownOwner: func() (*ruling, error) { return s.openUnknown(s.pending.Waybill, s.pending.Carrier) },
		scanner.Condition:    func() (*ruling, error) { return s.condition(strings.ToLower(value)) },
		scanner.Hold:         func() (*ruling, error) { return s.hold(value) },
		scanner.Resume:       s.resume,
		scanner.Empty:        s.empty,
		scanner.Junk:         s.junk,
		scanner.Choose:       func() (*ruling, error) { return s.choose(value) },
		scanner.Photo:        s.photo,
		scanner.Exception:    s.exception,
	}
	act, ok := known[verb]
	switch {
	case !ok && !slices.Contains(otherControls, verb):
		s.next = s.pending
		return rule(scanner.CodeControlUnknown, "code", s.scan.Data).about(s.docket), nil
	case !ok || s.bench.Kind != "receiving":
		return s.notHere()
	}
	return act()
}

// otherControls stand on the sheet for other kinds of benches, or are the station's own.
var otherControls = []string{scanner.Grade, scanner.Disposition, scanner.Release, "TYPE", scanner.Refuse, scanner.HandBack, scanner.Carrier, scanner.Collect}

// notHere leaves everything as it is: what the clerk was asked stays asked.
func (s *session) notHere() (*ruling, error) {
	s.next = s.pending
	return rule(scanner.CodeControlNotHere, "code", s.scan.Data).about(s.docket), nil
}

// photo says what a picture is of: the last piece of the open parcel, or the parcel. The page takes it the moment PHOTO is scanned, under the name of that scan, which
// finds the piece by this answer however late both arrive. The desk never knows whether a bench has a camera.
func (s *session) photo() (*ruling, error) {
	s.next = s.pending
	d := s.docket
	if d == nil {
		return rule(scanner.CodeNothingOpen), nil
	}
	if s.pending.Plate != "" {
		u, err := s.unit(s.pending.Plate)
		if err != nil {
			return nil, err
		}
		if u != nil && u.docket == d {
			r := rule(scanner.CodePhotoAsked, "parcel", d.parcel.Number(), "plate", u.Plate)
			r.unit = u
			return r.about(d), nil
		}
	}
	return rule(scanner.CodePhotoAsked, "parcel", d.parcel.Number()).about(d), nil
}

// exception hands what is wrong with the open parcel to the service desk: followup makes a task of the event.
func (s *session) exception() (*ruling, error) {
	d := s.docket
	if d == nil {
		return rule(scanner.CodeNothingOpen), nil
	}
	plate := s.pending.Plate
	s.next = s.pending
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.exception_noted.v1", d, event.Data{"plate": plate})
	return rule(scanner.CodeExceptionNoted, "parcel", d.parcel.Number()).about(d), nil
}

// logOn books the bench's scans to an operator from now on, if the operator may work in this warehouse.
func (s *session) logOn() (*ruling, error) {
	s.next = s.pending
	who, ok := s.badges[s.badge]
	if !ok {
		return rule(scanner.CodeBadgeUnknown).about(s.docket), nil
	}
	var may []int
	err := s.tx.Raw(`SELECT 1 FROM grants WHERE user_id = ? AND role <> 'merchant' AND (warehouse_id IS NULL OR warehouse_id = ?) LIMIT 1`, who.user, s.bench.WarehouseID).Scan(&may).Error
	if err != nil {
		return nil, fmt.Errorf("grants of operator: %w", err)
	}
	if len(may) == 0 {
		return rule(scanner.CodeBadgeUnknown).about(s.docket), nil
	}
	s.bench.OperatorID, s.clerk = &who.user, who.name
	return rule(scanner.CodeOperatorOn, "clerk", s.clerk).effect(scanner.Effect{Kind: scanner.EffectOperatorOn}).about(s.docket), nil
}

// plusOne books the piece that was one too many: the clerk says that it is really there.
func (s *session) plusOne() (*ruling, error) {
	over := s.pending.Over
	if s.docket == nil || over == nil {
		return rule(scanner.CodeNothingToAdd).about(s.docket), nil
	}
	target := s.docket.line(over.Line)
	if target == nil {
		return rule(scanner.CodeNothingToAdd).about(s.docket), nil
	}
	scan := s.scan
	s.scan.Data = over.Data                                  // the unit keeps the code that was read from it
	p := match.Of(s.o.Codes.Read(over.Data, over.Symbology)) // batch and expiry stand in the symbol of the piece
	u, err := s.book(receiving.Extra, target, &target.sku, p, over.Serial)
	s.scan = scan
	if errors.Is(err, errBare) {
		return s.awaitPlate(&target.sku, target, over), nil
	}
	if err != nil {
		return nil, err
	}
	return s.hand(rule(scanner.CodeExtra).say(target.sku), u), nil
}

// condition notes the state of the last piece.
func (s *session) condition(x string) (*ruling, error) {
	if !slices.Contains(scanner.Conditions, x) {
		s.next = s.pending
		return rule(scanner.CodeControlUnknown, "code", s.scan.Data).about(s.docket), nil
	}
	nothing := rule(scanner.CodeNothingToMark).about(s.docket)
	if s.docket == nil || s.pending.Plate == "" {
		return nothing, nil
	}
	u, err := s.unitToChange(s.pending.Plate)
	if err != nil {
		return nil, err
	}
	if u == nil || u.docket != s.docket || (u.State != inventory.Quarantine && u.State != inventory.Custody) {
		return nothing, nil
	}
	if x == string(receiving.Counterfeit) && u.Account == inventory.InQuarantine {
		return s.suspect(u)
	}
	was := u.Condition
	if err := s.mark(u, x); err != nil {
		return nil, err
	}
	r := rule(scanner.CodeConditionSet, "condition", x, "plate", u.Plate, "was", was)
	if f := receiving.Finding(u.Finding); f == receiving.Damaged || f == receiving.AccessoryMissing {
		r.Verdict, r.Tote, r.Tone = scanner.Attention, scanner.YellowTote, scanner.ToneMid
	}
	r.unit = u
	return r.effect(scanner.Effect{Kind: scanner.EffectConditionSet, Plate: u.Plate}).about(s.docket), nil
}

// mark writes a condition on a unit of the open parcel.
func (s *session) mark(u *booked, x string) error {
	u.Condition, u.Finding, u.Version = x, string(receiving.Finding(u.Finding).Marked(x)), u.Version+1
	if u.stored {
		res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version-1).
			Updates(map[string]any{"condition": u.Condition, "finding": u.Finding, "version": u.Version})
		if res.Error != nil {
			return fmt.Errorf("mark unit %s: %w", u.Plate, res.Error)
		}
		if res.RowsAffected != 1 {
			return errMoved
		}
	}
	u.line.mark = x
	s.docket.note(u)
	s.docket.last = u.line
	s.docket.parcel.Version++
	s.out.touch(s.docket)
	e := s.fact("backdock.unit.condition_set.v1", "unit/"+u.Plate, u.Version, u.OwnerID, event.Data{"plate": u.Plate, "condition": x, "finding": u.Finding})
	s.tell(func() event.Event {
		e.Data["unit"] = u.ID
		return e
	})
	return nil
}

// choose opens one of several candidates.
func (s *session) choose(value string) (*ruling, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > len(s.pending.Targets) {
		s.next = s.pending
		return rule(scanner.CodeChoiceInvalid, "count", itoa(len(s.pending.Targets))).about(s.docket), nil
	}
	if t := s.pending.Targets[n-1]; t.Claims {
		return s.claimHere(t)
	}
	return s.goTo(s.pending.Targets[n-1])
}

// unitToChange is unit with its row locked.
func (s *session) unitToChange(plate string) (*booked, error) {
	u, err := s.unit(plate)
	if err != nil || u == nil || !u.stored || s.locked(unitRank, int64(u.ID)) {
		return u, err
	}
	if err := s.lock(each(unitRank, u.ID)...); err != nil {
		return nil, err
	}
	return s.unit(plate) // as it is now that nobody else can change it
}

// unit finds a unit by its plate, among those of this transaction first. None is nil.
func (s *session) unit(plate string) (*booked, error) {
	for _, list := range [][]*booked{s.out.units, s.out.made} {
		for _, u := range list {
			if u.Plate == plate {
				return u, nil
			}
		}
	}
	var found []inventory.Unit
	if err := s.tx.Where("plate = ?", plate).Limit(1).Find(&found).Error; err != nil {
		return nil, fmt.Errorf("read unit %s: %w", plate, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	u := &booked{Unit: found[0], stored: true}
	if s.docket != nil && u.ParcelID != nil && *u.ParcelID == s.docket.parcel.ID {
		u.docket, u.line = s.docket, s.docket.line(val(u.ReceiptLineID))
		if u.line != nil {
			u.code = u.line.sku.Code
		}
	}
	return u, nil
}
