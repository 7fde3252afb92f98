package desk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backdock/backdock/internal/id"
)

// part is the bundle that a line's pieces are parts of.
type part struct {
	bundle id.CaseLine
	per    int // pieces of it in one bundle
}

// partsAwaited is the quantity of a part that a case line of a bundle still lacks, whatever parcel took the rest. Parts that are here count at once: a bundle
// has no count of its own before all of it has come.
const partsAwaited = `l.quantity * b.quantity - COALESCE((SELECT SUM(r.received) FROM bundle_lines x JOIN receipt_lines r ON r.id = x.receipt_line_id
 WHERE x.case_line_id = l.id AND r.sku_id = b.part_sku_id), 0)`

// writeParts notes which new lines await parts of bundles.
func (s *session) writeParts(d *docket) error {
	var args []any
	for _, l := range d.lines {
		if l.part != nil {
			args = append(args, l.ID, l.part.bundle, l.part.per)
		}
	}
	if len(args) == 0 {
		return nil
	}
	values := strings.TrimSuffix(strings.Repeat("(?, ?, ?), ", len(args)/3), ", ")
	if err := s.tx.Exec("INSERT INTO bundle_lines (receipt_line_id, case_line_id, per_bundle) VALUES "+values+" ON CONFLICT (receipt_line_id) DO NOTHING", args...).Error; err != nil {
		return fmt.Errorf("write parts of bundles: %w", err)
	}
	return nil
}

// countBundles counts the complete bundles of the case lines that parcels awaited parts for. Of a parcel that is being opened again nothing counts.
func (s *session) countBundles(dockets []*docket, reopened bool) error {
	var lines []id.CaseLine
	without := []id.Parcel{0}
	for _, d := range dockets {
		if reopened {
			without = append(without, d.parcel.ID)
		}
		for _, l := range d.lines {
			if l.part != nil && !slices.Contains(lines, l.part.bundle) {
				lines = append(lines, l.part.bundle)
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	err := s.tx.Exec(`UPDATE case_lines SET received = (SELECT MIN(CASE WHEN n.complete > case_lines.quantity THEN case_lines.quantity ELSE n.complete END) FROM (
 SELECT b.bundle_sku_id, k.id AS case_line_id, COALESCE((SELECT SUM(r.received) FROM bundle_lines x JOIN receipt_lines r ON r.id = x.receipt_line_id JOIN parcels p ON p.id = r.parcel_id
  WHERE x.case_line_id = k.id AND r.sku_id = b.part_sku_id AND p.state = 'closed' AND p.id NOT IN ?), 0) / b.quantity AS complete
 FROM case_lines k JOIN bundle_parts b ON b.bundle_sku_id = k.sku_id WHERE k.id IN ?) n WHERE n.case_line_id = case_lines.id) WHERE id IN ?`, without, lines, lines).Error
	if err != nil {
		return fmt.Errorf("count bundles: %w", err)
	}
	return nil
}

// bundled counts the pieces of a parcel that are parts of bundles: what is due for them a person decides.
func (d *docket) bundled() (n int) {
	for _, l := range d.lines {
		if l.part != nil {
			n += l.Received
		}
	}
	return n
}
