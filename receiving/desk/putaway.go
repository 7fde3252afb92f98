package desk

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// putAwayBench decides a scan where released pieces go to their bins: pieces or a whole tote first, then the bin.
//
//	U… ▶ in hand, bin suggested      T-… ▶ all of it in hand      B-… ▶ put away      UNDO ▶ put down, else the last put-away is taken back
func (s *session) putAwayBench() (*ruling, error) {
	if verb, value, ok := scanner.Control(s.scan.Data); ok {
		switch {
		case verb == scanner.Undo && s.pending.Hand != nil:
			return s.putDown(), nil
		case verb == scanner.Undo:
			return s.undoAlone()
		case verb == scanner.Operator:
			return s.control(verb, value)
		}
		return s.notHereAtAll(verb)
	}
	if s.bench.OperatorID == nil {
		return rule(scanner.CodeLogOnFirst), nil
	}
	if n, ok := scanner.PlateNumber(s.scan.Data); ok {
		return s.pickUp(scanner.Plate(n))
	}
	code, ok := place.Code(s.scan.Data)
	if !ok {
		return rule(scanner.CodeUnknownCode, "code", s.scan.Data), nil
	}
	p, err := s.spot(code)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return rule(scanner.CodePlaceUnknown, "place", code), nil
	case p.Kind.Tote():
		return s.pickUpTote(*p)
	}
	return s.putAway(*p)
}

// notHereAtAll answers a control that this kind of bench has no use for.
func (s *session) notHereAtAll(verb string) (*ruling, error) {
	for _, known := range []string{scanner.Done, scanner.Undo, scanner.PlusOne, scanner.NoLabel, scanner.Condition, scanner.Hold, scanner.Resume, scanner.Photo, scanner.Exception,
		scanner.Empty, scanner.UnknownOwner, scanner.Choose, scanner.Grade, scanner.Disposition, scanner.Release, "TYPE"} {
		if verb == known {
			return s.notHere()
		}
	}
	s.next = s.pending
	return rule(scanner.CodeControlUnknown, "code", s.scan.Data), nil
}

func (s *session) undoAlone() (*ruling, error) {
	if err := s.alone(); err != nil {
		return nil, err
	}
	return s.undo()
}

// mayPutAway reports whether the operator puts goods of the owner away.
func (s *session) mayPutAway(o id.Owner, c *id.Case) (bool, error) {
	roles, err := s.roles(o, c, "putaway", "clerk", "inspector", "manager")
	return len(roles) > 0, err
}

// shelvable is nil when a piece may go on a shelf by this operator.
func (s *session) shelvable(u inventory.Unit) (*ruling, error) {
	may, err := s.mayPutAway(u.OwnerID, u.CaseID)
	if err != nil {
		return nil, err
	}
	if !may {
		return rule(scanner.CodePutAwayRefused, "why", "role", "plate", u.Plate), nil
	}
	err = s.o.Floor.Shelvable(s.ctx, s.tx, u)
	switch {
	case fault.Code(err) == "not_released" && err != nil:
		return rule(scanner.CodeNotReleased, "plate", u.Plate, "state", string(u.State)), nil
	case fault.IsKind(err, fault.Conflict):
		return rule(scanner.CodePutAwayRefused, "why", fault.Code(err), "plate", u.Plate), nil
	}
	return nil, err
}

// pickUp takes a piece in hand and names the bin to bring it to.
func (s *session) pickUp(plate string) (*ruling, error) {
	h := s.inHandNow()
	switch {
	case h.has(plate):
		return rule(scanner.CodeInHand, "plate", plate), nil
	case h.Tote != "":
		return rule(scanner.CodeToteInHand, "place", h.Tote), nil
	case len(h.Units) >= handful:
		return rule(scanner.CodePutAwayRefused, "why", "hand_full", "plate", plate), nil
	}
	u, r, err := s.piece(plate)
	if r != nil || err != nil {
		return r, err
	}
	if r, err := s.shelvable(*u); r != nil || err != nil {
		return r, err
	}
	sku, err := s.skuOf(*u)
	if err != nil {
		return nil, err
	}
	lies, inBin, err := place.Of(s.ctx, s.tx, u.ID)
	if err != nil {
		return nil, err
	}
	bin, found, err := place.Suggest(s.ctx, s.tx, *u, len(h.Units)+1)
	if err != nil {
		return nil, err
	}
	h.Units = append(h.Units, inHand{Plate: plate, Version: u.Version})
	h.Bin = ""
	if found {
		h.Bin = bin.Code
	}
	s.next.Hand = h
	r = rule(scanner.CodePutAwayUnit, "plate", plate, "place", h.Bin)
	switch {
	case inBin && !lies.Kind.Tote():
		r = rule(scanner.CodeUnitInBin, "plate", plate, "place", lies.Code)
	case !found:
		r = rule(scanner.CodePutAwayNoBin, "plate", plate)
	}
	r.unitID = u.ID
	return r.say(sku), nil
}

// pickUpTote takes all that lies in a tote in hand. One piece that may not go on a shelf keeps the whole of it back: it is named, to be taken out.
func (s *session) pickUpTote(p place.Place) (*ruling, error) {
	h := s.inHandNow()
	switch {
	case h.Tote == p.Code:
		return rule(scanner.CodeInHand, "plate", p.Code), nil
	case h.Tote != "":
		return rule(scanner.CodeToteInHand, "place", h.Tote), nil
	case len(h.Units) > 0:
		return rule(scanner.CodePutAwayRefused, "why", "units_in_hand", "place", p.Code), nil
	}
	plates, err := place.In(s.ctx, s.tx, p.ID)
	if err != nil {
		return nil, err
	}
	if len(plates) == 0 {
		return rule(scanner.CodeToteEmpty, "place", p.Code), nil
	}
	var units []inventory.Unit
	if err := s.tx.Where("plate IN ?", plates).Order("id").Find(&units).Error; err != nil {
		return nil, err
	}
	for _, u := range units {
		if r, err := s.shelvable(u); r != nil || err != nil {
			return r, err
		}
		h.Units = append(h.Units, inHand{Plate: u.Plate, Version: u.Version})
	}
	bin, found, err := place.Suggest(s.ctx, s.tx, units[0], len(units))
	if err != nil {
		return nil, err
	}
	if found {
		h.Bin = bin.Code
	}
	h.Tote = p.Code
	s.next.Hand = h
	return rule(scanner.CodePutAwayTote, "place", p.Code, "pieces", itoa(len(units))), nil
}

// putAway puts what is in hand into a bin.
func (s *session) putAway(bin place.Place) (*ruling, error) {
	h := s.pending.Hand
	if h == nil || len(h.Units) == 0 {
		return rule(scanner.CodeScanUnitFirst), nil
	}
	if err := s.alone(); err != nil {
		return nil, err
	}
	load := place.Load{Plates: h.plates(), Versions: map[string]int64{}, Bin: bin, Ref: s.key(), By: s.operator()}
	for _, u := range h.Units {
		load.Versions[u.Plate] = u.Version
	}
	var units []inventory.Unit
	refusal, err := s.attempt(func(tx *gorm.DB) (err error) {
		units, err = s.o.Floor.PutAway(s.ctx, tx, load)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case refusal == nil:
	case refusal.Code == "not_released":
		return rule(scanner.CodeNotReleased, "plate", refusal.Params["plate"], "state", refusal.Params["state"]), nil
	default:
		return rule(scanner.CodePutAwayRefused, "why", refusal.Code, "plate", refusal.Params["plate"], "place", bin.Code), nil
	}
	s.next.Hand = nil
	s.bench.DayPieces += len(units)
	r := rule(scanner.CodePutAway, "pieces", itoa(len(units)), "place", bin.Code)
	for _, u := range units {
		r.effect(scanner.Effect{Kind: scanner.EffectUnitPutAway, Plate: u.Plate, Place: bin.Code})
	}
	if len(units) == 1 {
		r.unitID = units[0].ID
	}
	return r, nil
}

// undoPutAway brings back what the scan of a bin put there, all of it or nothing.
func (s *session) undoPutAway(o *receiving.Outcome) (*ruling, error) {
	effects, err := effectsOf(o, scanner.EffectUnitPutAway)
	if err != nil {
		return nil, err
	}
	plates := make([]string, len(effects))
	for i, e := range effects {
		plates[i] = e.Plate
	}
	cause := fmt.Sprintf("%s:%d", o.Producer, o.Seq) // as key() writes it
	refusal, err := s.attempt(func(tx *gorm.DB) error {
		_, err := s.o.Floor.TakeBack(s.ctx, tx, s.bench.WarehouseID, plates, cause, place.Why{Cause: "put_away_undo", Ref: s.key(), By: s.operator()})
		return err
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return refused("moved_on", refusal.Params["plate"]), nil
	}
	s.bench.DayPieces = max(0, s.bench.DayPieces-len(plates))
	r := undone("unit_put_away").with("plate", plates[0])
	for _, e := range effects {
		r.effect(scanner.Effect{Kind: scanner.EffectUnitPutAway, Plate: e.Plate})
	}
	return r, nil
}
