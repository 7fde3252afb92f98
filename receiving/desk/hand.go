package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// hand is what the operator of a qc or putaway bench has picked up.
type hand struct {
	Units       []inHand `json:"units,omitempty"`
	Tote        string   `json:"tote,omitempty"`        // putaway: all of it is in hand; qc: where released pieces go
	Bin         string   `json:"bin,omitempty"`         // putaway: suggested
	Grade       string   `json:"grade,omitempty"`       // qc
	Disposition string   `json:"disposition,omitempty"` // qc
	Bulk        bool     `json:"bulk,omitempty"`        // qc
}

// inHand is a piece as it was when it was picked up: whoever moves it meanwhile has won.
type inHand struct {
	Plate   string `json:"plate"`
	Version int64  `json:"version"`
}

// handful is the most pieces that are carried at once; a tote may hold more.
const handful = 50

func (h *hand) has(plate string) bool {
	return h != nil && slices.ContainsFunc(h.Units, func(u inHand) bool { return u.Plate == plate })
}

func (h *hand) plates() []string {
	out := make([]string, len(h.Units))
	for i, u := range h.Units {
		out[i] = u.Plate
	}
	return out
}

// inHandNow is the hand to change; what is pending stays as it was until the scan is filed.
func (s *session) inHandNow() *hand {
	if s.pending.Hand == nil {
		return &hand{}
	}
	h := *s.pending.Hand
	h.Units = slices.Clone(h.Units)
	return &h
}

// floorBench is how a scan is decided at a bench that handles pieces which were received before.
func (s *session) floorBench() (decide func() (*ruling, error), ok bool) {
	s.next.Hand = s.pending.Hand
	switch {
	case s.bench.Kind == "putaway" && s.o.Floor != nil:
		return s.putAwayBench, true
	case s.bench.Kind == "qc" && s.o.QC != nil:
		return s.qcBench, true
	}
	return nil, false
}

// errAlone asks for a transaction of its own for the scan: what it does locks cases, money and balances, and a batch would hold them while it goes on.
var errAlone = errors.New("the scan wants a transaction of its own")

func (s *session) alone() error {
	if len(s.ahead) > 1 || len(s.out.outcomes) > 0 {
		return errAlone
	}
	return nil
}

// attempt runs an act of another room that may refuse. A refusal takes back what the act has written so far and nothing else.
func (s *session) attempt(act func(tx *gorm.DB) error) (*fault.Error, error) {
	err := s.tx.Transaction(act)
	if errors.Is(err, db.ErrAgain) {
		return nil, errMoved
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		return f, nil
	}
	return nil, err
}

// piece reads a unit of this warehouse by its plate; else the ruling says what is wrong with it.
func (s *session) piece(plate string) (*inventory.Unit, *ruling, error) {
	var found []inventory.Unit
	if err := s.tx.Where("plate = ?", plate).Limit(1).Find(&found).Error; err != nil {
		return nil, nil, fmt.Errorf("read unit %s: %w", plate, err)
	}
	switch {
	case len(found) == 0:
		return nil, rule(scanner.CodePlateUnknown, "plate", plate), nil
	case found[0].WarehouseID != s.bench.WarehouseID:
		return nil, rule(scanner.CodeOtherWarehouse, "plate", plate), nil
	case found[0].State == inventory.Undone:
		return nil, rule(scanner.CodePlateVoid, "plate", plate), nil
	}
	return &found[0], nil, nil
}

func (s *session) skuOf(u inventory.Unit) (catalogue.SKU, error) {
	var sku catalogue.SKU
	if err := s.tx.Where("id = ?", u.SKUID).Take(&sku).Error; err != nil {
		return sku, fmt.Errorf("SKU of unit %s: %w", u.Plate, err)
	}
	return sku, nil
}

// spot reads a bin or tote of this warehouse; nil when it is none that is known.
func (s *session) spot(code string) (*place.Place, error) {
	p, err := place.Find(s.ctx, s.tx, s.bench.WarehouseID, code)
	if fault.IsKind(err, fault.NotFound) {
		return nil, nil
	}
	return &p, err
}

// roles lists those of the wanted roles that the operator has for goods of an owner, and of a case, in this warehouse.
func (s *session) roles(owner id.Owner, c *id.Case, wanted ...string) ([]string, error) {
	var out []string
	err := s.tx.Raw(`SELECT DISTINCT role FROM grants WHERE user_id = ? AND role IN ? AND (warehouse_id IS NULL OR warehouse_id = ?) AND (owner_id IS NULL OR owner_id = ?)
 AND (shop_id IS NULL OR shop_id = (SELECT shop_id FROM cases WHERE id = ?))`, s.operator(), wanted, s.bench.WarehouseID, owner, c).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("grants of operator: %w", err)
	}
	return out, nil
}

// putDown takes the last piece, or the whole tote, out of the hand.
func (s *session) putDown() *ruling {
	h := s.inHandNow()
	plate := h.Tote
	switch {
	case h.Tote != "" && s.bench.Kind == "putaway":
		h = nil
	case len(h.Units) > 0:
		plate = h.Units[len(h.Units)-1].Plate
		h.Units, h.Grade, h.Disposition = h.Units[:len(h.Units)-1], "", ""
	default:
		h, plate = nil, ""
	}
	if h != nil && len(h.Units) == 0 && !h.Bulk {
		h = nil
	}
	s.next.Hand = h
	return rule(scanner.CodeHandEmpty, "plate", plate)
}

// handView shows what is in hand. After a commit the transaction is gone, so it reads by the reading handle.
func (s *session) handView() (*scanner.HandView, error) {
	h := s.pending.Hand
	if h == nil {
		return nil, nil
	}
	v := &scanner.HandView{Units: []scanner.HandUnit{}, Count: len(h.Units), Tote: h.Tote, Bin: h.Bin, Grade: h.Grade, Disposition: h.Disposition, Bulk: h.Bulk}
	plates := h.plates()
	if plates = plates[max(0, len(plates)-12):]; len(plates) == 0 {
		return v, nil
	}
	var rows []struct {
		inventory.Unit
		Code, Name, NameEn, Spec, SpecEn, Color string
	}
	err := s.db.Read.WithContext(s.ctx).Raw(`SELECT u.plate, u.state, u.condition, u.expiry, s.code, s.name, s.name_en, s.spec, s.spec_en, s.color
 FROM units u JOIN skus s ON s.id = u.sku_id WHERE u.plate IN ?`, plates).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("pieces in hand: %w", err)
	}
	for _, p := range plates {
		for _, r := range rows {
			if r.Plate == p {
				v.Units = append(v.Units, scanner.HandUnit{Plate: p, SKU: r.Code, Name: r.Name, NameEN: r.NameEn, Spec: r.Spec, SpecEN: r.SpecEn, Color: r.Color,
					State: string(r.State), Condition: r.Condition, Expiry: r.Expiry})
			}
		}
	}
	return v, nil
}

// effectsOf reads the effects of one kind of a stored outcome.
func effectsOf(o *receiving.Outcome, kind scanner.EffectKind) ([]scanner.Effect, error) {
	var all []scanner.Effect
	if err := json.Unmarshal([]byte(o.Effects), &all); err != nil {
		return nil, fmt.Errorf("effects of %s:%d: %w", o.Producer, o.Seq, err)
	}
	return slices.DeleteFunc(all, func(e scanner.Effect) bool { return e.Kind != kind }), nil
}
