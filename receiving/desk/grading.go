package desk

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// qcBench decides a scan where pieces are inspected without a screen to touch: the piece, its grade, where it goes.
//
//	U… ▶ in hand ▶ GRADE:x ▶ (DISPOSITION:x) ▶ T-… or RELEASE ▶ released
//	RELEASE with nothing in hand ▶ bulk: every U… is released as grade A, if nothing speaks against it; DONE ends it
func (s *session) qcBench() (*ruling, error) {
	if verb, value, ok := scanner.Control(s.scan.Data); ok {
		return s.qcControl(verb, value)
	}
	if s.bench.OperatorID == nil {
		return rule(scanner.CodeLogOnFirst), nil
	}
	h := s.pending.Hand
	if n, ok := scanner.PlateNumber(s.scan.Data); ok {
		if h != nil && h.Bulk {
			return s.bulkRelease(scanner.Plate(n))
		}
		return s.takeToInspect(scanner.Plate(n))
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
	case !p.Kind.Tote():
		return rule(scanner.CodeQCRefused, "why", "tote_wanted", "plate", p.Code), nil
	case h != nil && h.Bulk:
		to := s.inHandNow()
		to.Tote = p.Code
		s.next.Hand = to
		return rule(scanner.CodeQCBulk), nil
	}
	return s.release(p.Code)
}

func (s *session) qcControl(verb, value string) (*ruling, error) {
	h := s.pending.Hand
	switch verb {
	case scanner.Operator:
		return s.control(verb, value)
	case scanner.Undo:
		if h != nil && !h.Bulk {
			return s.putDown(), nil
		}
		return s.undoAlone()
	case scanner.Done:
		if h == nil {
			return rule(scanner.CodeNothingOpen), nil
		}
		s.next.Hand = nil
		return rule(scanner.CodeHandEmpty), nil
	case scanner.Grade:
		return s.setGrade(strings.ToUpper(value)), nil
	case scanner.Disposition:
		return s.setDisposition(strings.ToLower(value)), nil
	case scanner.Release:
		if h == nil || len(h.Units) == 0 {
			if s.bench.OperatorID == nil {
				return rule(scanner.CodeLogOnFirst), nil
			}
			s.next.Hand = &hand{Bulk: true}
			return rule(scanner.CodeQCBulk), nil
		}
		return s.release("")
	}
	return s.notHereAtAll(verb)
}

// takeToInspect takes a piece in hand. One whose grade was scanned and not confirmed is not put down by mistake: the new plate has to be scanned twice.
func (s *session) takeToInspect(plate string) (*ruling, error) {
	h := s.pending.Hand
	if h.has(plate) {
		return rule(scanner.CodeInHand, "plate", plate), nil
	}
	if h != nil && h.Grade != "" && !s.insisted(scanner.CodeQCUnconfirmed) {
		s.doubt(scanner.CodeQCUnconfirmed)
		return rule(scanner.CodeQCUnconfirmed, "plate", h.Units[0].Plate), nil
	}
	u, r, err := s.piece(plate)
	if r != nil || err != nil {
		return r, err
	}
	if u.State != inventory.Quarantine && u.State != inventory.Custody {
		r := rule(scanner.CodeQCRefused, "why", "unit_state", "plate", plate)
		r.unitID = u.ID
		return r, nil
	}
	sku, err := s.skuOf(*u)
	if err != nil {
		return nil, err
	}
	if _, ok := qc.ByScan(sku.Category, "B"); !ok {
		r := rule(scanner.CodeQCRefused, "why", "checks_on_screen", "plate", plate)
		r.unitID = u.ID
		return r, nil
	}
	s.next.Hand = &hand{Units: []inHand{{Plate: plate, Version: u.Version}}}
	r = rule(scanner.CodeQCUnit, "plate", plate, "condition", u.Condition).say(sku)
	r.unitID = u.ID
	return r, nil
}

func (s *session) setGrade(grade string) *ruling {
	h := s.inHandNow()
	switch {
	case len(h.Units) == 0:
		return rule(scanner.CodeScanUnitFirst)
	case !slices.Contains(qc.Grades, grade):
		return rule(scanner.CodeControlUnknown, "code", s.scan.Data)
	}
	h.Grade, h.Disposition = grade, qc.Default[grade]
	s.next.Hand = h
	return rule(scanner.CodeQCGraded, "grade", h.Grade, "disposition", h.Disposition, "plate", h.Units[0].Plate)
}

func (s *session) setDisposition(d string) *ruling {
	h := s.inHandNow()
	switch {
	case len(h.Units) == 0:
		return rule(scanner.CodeScanUnitFirst)
	case h.Grade == "":
		return rule(scanner.CodeQCRefused, "why", "grade_first", "plate", h.Units[0].Plate)
	case !slices.Contains(qc.Dispositions(), d):
		return rule(scanner.CodeControlUnknown, "code", s.scan.Data)
	}
	h.Disposition = d
	s.next.Hand = h
	return rule(scanner.CodeQCGraded, "grade", h.Grade, "disposition", d, "plate", h.Units[0].Plate)
}

// release confirms what was scanned about the piece in hand.
func (s *session) release(tote string) (*ruling, error) {
	h := s.pending.Hand
	switch {
	case h == nil || len(h.Units) == 0:
		return rule(scanner.CodeScanUnitFirst), nil
	case h.Grade == "":
		return rule(scanner.CodeQCRefused, "why", "grade_first", "plate", h.Units[0].Plate), nil
	}
	u, r, err := s.piece(h.Units[0].Plate)
	if r != nil || err != nil {
		return r, err
	}
	r, err = s.inspect(*u, qc.Decision{Grade: h.Grade, Disposition: h.Disposition, Version: h.Units[0].Version, Tote: tote}, scanner.CodeQCRefused)
	if err == nil && r.Verdict != scanner.Rejected {
		s.next.Hand = nil
	}
	return r, err
}

// bulkRelease releases one of many pieces as grade A. What is not as plain as that is refused by its name and stays where it is.
func (s *session) bulkRelease(plate string) (*ruling, error) {
	u, r, err := s.piece(plate)
	if r != nil || err != nil {
		return r, err
	}
	sku, err := s.skuOf(*u)
	if err != nil {
		return nil, err
	}
	why := ""
	_, free := qc.ByScan(sku.Category, "A")
	switch {
	case u.State != inventory.Quarantine:
		why = "unit_state"
	case u.Finding != string(receiving.Match):
		why = "finding"
	case u.Condition != "" && u.Condition != "sealed":
		why = "condition"
	case !free:
		why = "checks_on_screen"
	}
	if why != "" {
		r := rule(scanner.CodeBulkRefused, "why", why, "plate", plate).say(sku)
		r.unitID = u.ID
		return r, nil
	}
	return s.inspect(*u, qc.Decision{Grade: "A", Version: u.Version, Tote: s.pending.Hand.Tote}, scanner.CodeBulkRefused)
}

// inspect has the qc room decide about a piece, in the name of the operator.
func (s *session) inspect(u inventory.Unit, d qc.Decision, refuse scanner.Code) (*ruling, error) {
	if err := s.alone(); err != nil {
		return nil, err
	}
	sku, err := s.skuOf(u)
	if err != nil {
		return nil, err
	}
	roles, err := s.roles(u.OwnerID, u.CaseID, "inspector", "manager")
	if err != nil {
		return nil, err
	}
	if len(roles) == 0 {
		return rule(refuse, "why", "role", "plate", u.Plate).say(sku), nil
	}
	d.Plate, d.By, d.ByScan, d.Manager = u.Plate, s.operator(), true, slices.Contains(roles, "manager")
	d.Checks, _ = qc.ByScan(sku.Category, d.Grade) // a category that needs the screen is refused by the room itself
	var done qc.Inspection
	refusal, err := s.attempt(func(tx *gorm.DB) (err error) {
		done, err = s.o.QC.InspectIn(s.ctx, tx, d)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		r := rule(refuse, "why", refusal.Code, "plate", u.Plate).say(sku)
		r.unitID = u.ID
		return r, nil
	case done.Blocked != "":
		r := rule(scanner.CodeQCBlocked, "plate", u.Plate, "why", done.Blocked)
		r.unitID = u.ID
		return r, nil
	}
	s.bench.DayPieces++
	r := rule(scanner.CodeQCReleased, "grade", done.Grade, "disposition", done.Disposition, "plate", u.Plate, "place", d.Tote).say(sku).
		effect(scanner.Effect{Kind: scanner.EffectUnitInspected, Plate: u.Plate, SKU: sku.Code, Place: d.Tote})
	r.unitID = u.ID
	return r, nil
}

// undoInspected takes back an inspection that was scanned at this bench.
func (s *session) undoInspected(e scanner.Effect) (*ruling, error) {
	u, r, err := s.piece(e.Plate)
	if r != nil || err != nil {
		return r, err
	}
	refusal, err := s.attempt(func(tx *gorm.DB) error {
		_, err := s.o.QC.UndoIn(s.ctx, tx, u.Plate, s.operator(), fmt.Sprintf("UNDO at bench %d", s.bench.Number), u.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return refused(refusal.Code, u.Plate), nil
	}
	sku, err := s.skuOf(*u)
	if err != nil {
		return nil, err
	}
	s.bench.DayPieces = max(0, s.bench.DayPieces-1)
	r = undone("unit_inspected").say(sku).with("plate", u.Plate).effect(scanner.Effect{Kind: scanner.EffectUnitInspected, Plate: u.Plate})
	r.unitID = u.ID
	return r, nil
}
