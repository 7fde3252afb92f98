package desk

import (
	"fmt"

	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/scanner"
)

// showPlate answers a license plate: the unit and where it stands. Right after a piece was taken, another piece's label on it is a mistake to be caught now.
func (s *session) showPlate(plate string) (*ruling, error) {
	u, err := s.unit(plate)
	if err != nil {
		return nil, err
	}
	want := s.pending.Plate
	switch {
	case u == nil && s.preprinted():
		return s.fromRoll(plate)
	case u == nil:
		return rule(scanner.CodePlateUnknown, "plate", plate).about(s.docket), nil
	case u.WarehouseID != s.bench.WarehouseID:
		return rule(scanner.CodeOtherWarehouse, "plate", plate).about(s.docket), nil
	case u.State == inventory.Undone:
		return rule(scanner.CodePlateVoid, "plate", plate).about(s.docket), nil
	case s.docket != nil && s.pending.Stick && want != "" && plate != want && (u.docket == s.docket || plate == s.pending.Before):
		s.next = s.pending
		return rule(scanner.CodePlateOfOther, "plate", plate, "want", want).about(s.docket), nil
	case s.docket != nil && s.preprinted() && (u.docket == s.docket || plate == s.pending.Before) && !s.insisted(scanner.CodePlateOfOther):
		return s.wrongFromRoll(plate)
	}
	if plate == want {
		s.next.Stick = false
	}
	r := rule(scanner.CodeUnitShown, "plate", plate, "state", string(u.State))
	if u.line != nil {
		r.say(u.line.sku)
	} else {
		var sku catalogue.SKU
		if err := s.tx.Where("id = ?", u.SKUID).Take(&sku).Error; err != nil {
			return nil, fmt.Errorf("SKU of unit %s: %w", plate, err)
		}
		r.say(sku)
	}
	if u.stored {
		r.unitID = u.ID
	} else {
		r.unit = u
	}
	return r.about(s.docket), nil
}
