package desk

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner/barcode"
)

// A consignment of several boxes comes in two forms. Some couriers print one number on all of them and a package part behind it: the parcels share the waybill and
// parcel_parts tells them apart. Others give each box a number of its own and tell the parent's in their track data: waybill_parents.

// boxOf is the part that a label names; none is 0.
func boxOf(r barcode.Reading) receiving.Part {
	if len(r.Waybills) > 0 && r.Waybills[0].Parts > 1 {
		return receiving.Part{Part: r.Waybills[0].Part, Parts: r.Waybills[0].Parts}
	}
	return receiving.Part{}
}

// keepBox writes which box of its consignment a new parcel is.
func (s *session) keepBox(p id.Parcel) error {
	if s.box.Part == 0 {
		return nil
	}
	row := s.box
	row.ParcelID = p
	if err := s.tx.Create(&row).Error; err != nil {
		return fmt.Errorf("keep part of parcel %d: %w", p, err)
	}
	return nil
}

// otherBox reports whether the label scanned just now is of another box than the open parcel, although both bear one number.
func (s *session) otherBox(p id.Parcel) (bool, error) {
	if s.box.Part == 0 {
		return false, nil
	}
	var part []int
	if err := s.tx.Raw("SELECT part FROM parcel_parts WHERE parcel_id = ?", p).Scan(&part).Error; err != nil {
		return false, fmt.Errorf("part of parcel %d: %w", p, err)
	}
	return len(part) > 0 && part[0] != s.box.Part, nil
}

// thisBox leaves out the parcels that are other boxes of the same number.
func (s *session) thisBox(here []arrival) []arrival {
	if s.box.Part == 0 {
		return here
	}
	return slices.DeleteFunc(here, func(a arrival) bool { return a.Part != 0 && a.Part != s.box.Part })
}

// parents finds the numbers under whose consignment other numbers travel.
func (s *session) parents(children []string) ([]string, error) {
	var out []string
	if err := s.tx.Raw("SELECT DISTINCT parent FROM waybill_parents WHERE child IN ? ORDER BY parent", children).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("look for parent waybill: %w", err)
	}
	return out, nil
}

// consignment counts the boxes of a consignment that have arrived, and all of them; 0 of 0 for a single box. parts is what the label says.
func consignment(tx *gorm.DB, waybill string, parts int) (arrived, of int, err error) {
	if waybill == "" {
		return 0, 0, nil
	}
	if parts > 1 {
		err = tx.Raw(`SELECT COUNT(DISTINCT k.part) FROM parcels p JOIN parcel_parts k ON k.parcel_id = p.id WHERE p.waybill = ? AND p.state IN ('at_dock', 'open', 'held', 'closed')`, waybill).
			Scan(&arrived).Error
		if err != nil {
			return 0, 0, fmt.Errorf("boxes of %s: %w", waybill, err)
		}
		return arrived, parts, nil
	}
	var numbers []string
	err = tx.Raw(`SELECT child FROM waybill_parents WHERE parent = @n OR parent IN (SELECT parent FROM waybill_parents WHERE child = @n)
 UNION SELECT parent FROM waybill_parents WHERE parent = @n OR child = @n`, map[string]any{"n": waybill}).Scan(&numbers).Error
	if err != nil || len(numbers) == 0 {
		return 0, 0, err
	}
	err = tx.Raw("SELECT COUNT(DISTINCT waybill) FROM parcels WHERE waybill IN ? AND state IN ('at_dock', 'open', 'held', 'closed')", numbers).Scan(&arrived).Error
	if err != nil {
		return 0, 0, fmt.Errorf("boxes beside %s: %w", waybill, err)
	}
	return arrived, len(numbers), nil
}
