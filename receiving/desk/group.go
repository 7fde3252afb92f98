package desk

import (
	"fmt"

	"github.com/backdock/backdock/scanner"
)

// sibling reports whether two numbers stand on different boxes of one consignment: one of them is the parent of the other, or both have the same one.
func (s *session) sibling(a, b string) (bool, error) {
	if a == "" || b == "" || a == b {
		return false, nil
	}
	var n []int
	err := s.tx.Raw(`SELECT 1 FROM waybill_parents WHERE child = @a AND (parent = @b OR parent = (SELECT parent FROM waybill_parents WHERE child = @b))
 OR child = @b AND parent = @a LIMIT 1`, map[string]any{"a": a, "b": b}).Scan(&n).Error
	if err != nil {
		return false, fmt.Errorf("boxes of a consignment: %w", err)
	}
	return len(n) > 0, nil
}

// ofHowMany says on the answer to an opening how many boxes of the consignment have come, this one among them.
func (s *session) ofHowMany(d *docket, r *ruling) error {
	if r.Code != scanner.CodeParcelOpened {
		return nil
	}
	arrived, of, err := consignment(s.tx, d.parcel.Waybill, s.box.Parts)
	if err == nil && of > 1 {
		r.Code = scanner.CodeBoxOpened
		r.with("boxes", itoa(of)).with("arrived", itoa(arrived))
	}
	return err
}
