package desk

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// adopting lists the types of cases that goods come back for, whether they were asked for or not.
var adopting = []string{"return_refund", "refund_only", "exchange", "repair"}

// early are the pieces of a known order that no case has asked for yet: taken in advance, beside another case, or of a shipment that came back whole.
const early = "units.case_line_id IS NULL AND units.finding IN ('undeclared', 'match') AND units.state <> 'undone'"

// withEarlyGoods finds the parcels that hold such pieces of some orders, in id order.
func withEarlyGoods(tx *gorm.DB, orders []id.Order) ([]id.Parcel, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	var parcels []id.Parcel
	err := tx.Raw(`SELECT DISTINCT r.parcel_id FROM receipts r WHERE r.order_id IN ? AND EXISTS (SELECT 1 FROM units WHERE units.parcel_id = r.parcel_id AND `+early+`) ORDER BY r.parcel_id`,
		orders).Scan(&parcels).Error
	if err != nil {
		return nil, fmt.Errorf("goods before their case: %w", err)
	}
	return parcels, nil
}

// Adopt gives a case the goods of its order that were here before it: lines, pieces, the goods facet, and whatever follows a receipt, as if they came now. It says how
// many pieces. A case adopts out of a parcel once; a request that is over adopts nothing. It joins tx, which has called Hold where there are other writers. Where the
// pieces have other serials than the case's it is fault.Conflict adopt_serials, and tx must be rolled back to where it was.
func (d *Desk) Adopt(ctx context.Context, tx *gorm.DB, caseID id.Case) (int, error) {
	var c aftersales.Case
	if err := tx.WithContext(ctx).Where("id = ?", caseID).Limit(1).Find(&c).Error; err != nil {
		return 0, fmt.Errorf("read case: %w", err)
	}
	if c.OrderID == nil || c.Over() || !slices.Contains(adopting, c.Type) {
		return 0, nil
	}
	parcels, err := withEarlyGoods(tx.WithContext(ctx), []id.Order{*c.OrderID})
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, p := range parcels {
		s := d.office(ctx, tx)
		n, err := s.adopt(c, p)
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// adopt gives a case what it asks for out of one parcel.
func (s *session) adopt(c aftersales.Case, parcel id.Parcel) (int, error) {
	f, err := s.withParcel(parcel, keysOf(target{Orders: []id.Order{*c.OrderID}})...)
	if err != nil {
		return 0, err
	}
	if f.of(c.ID) {
		return 0, nil
	}
	s.docket = f
	if err := s.lock(each(caseRank, c.ID)...); err != nil {
		return 0, err
	}
	units, err := s.wanted(c)
	if err != nil || len(units) == 0 {
		return 0, err
	}
	had := len(f.lines)
	rows, err := s.asked(f, []id.Case{c.ID})
	if err != nil {
		return 0, err
	}
	if f.parcel.State == receiving.Closed {
		rows = atMost(rows, units) // nobody looks into the box any more: what has not come is awaited in another one
	}
	for _, r := range rows {
		f.parcel.Expected += r.Quantity
	}
	if err := s.writeReceipts(f, rows); err != nil {
		return 0, err
	}
	mine := f.lines[had:]
	n := 0
	for _, u := range units {
		was, to := f.line(val(u.ReceiptLineID)), lineOf(mine, u)
		if was == nil || to == nil {
			continue
		}
		if err := s.turn(u, to.sku, receiving.Match, was, to); err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 {
		return 0, fault.New(fault.Conflict, "adopt_serials", "parcel %s holds pieces of what case %s asks for, but with other serials", f.parcel.Number(), c.Number)
	}
	return n, s.adopted(f, c.ID, mine, n)
}

// adopted records an adoption and tells it.
func (s *session) adopted(f *docket, c id.Case, mine []*line, n int) error {
	r := f.receipts[len(f.receipts)-1]
	err := s.tx.Exec("INSERT INTO adoptions (parcel_id, case_id, receipt_id, pieces, at) VALUES (?, ?, ?, ?, ?)", f.parcel.ID, c, r.ID, n, s.at).Error
	if err != nil {
		return fmt.Errorf("record adoption: %w", err)
	}
	f.parcel.Version++
	s.out.touch(f)
	if f.parcel.State == receiving.Closed {
		// Only what this case got is counted for it: the parcel's other cases have counted theirs.
		s.out.closed = append(s.out.closed, &docket{parcel: f.parcel, stored: f.parcel.Version, receipts: []*receipt{r}, lines: mine})
	}
	s.tellParcel("backdock.parcel.adopted.v1", f, event.Data{"case": c, "receipt": r.ID, "pieces": n, "state": f.parcel.State, "expected": f.parcel.Expected, "received": f.parcel.Received})
	return s.conclude()
}

// wanted locks the early pieces of the parcel whose product the case asks for and has not got yet.
func (s *session) wanted(c aftersales.Case) ([]inventory.Unit, error) {
	var units []inventory.Unit
	err := db.Lock(s.tx).Where("parcel_id = ? AND "+early+" AND sku_id IN (SELECT sku_id FROM case_lines WHERE case_id = ? AND received < quantity)", s.docket.parcel.ID, c.ID).
		Order("id").Find(&units).Error
	if err != nil {
		return nil, fmt.Errorf("goods before case %s: %w", c.Number, err)
	}
	return units, nil
}

// atMost awaits no more of a product than is there.
func atMost(rows []awaitedRow, units []inventory.Unit) []awaitedRow {
	left := map[id.SKU]int{}
	for _, u := range units {
		left[u.SKUID]++
	}
	for i := range rows {
		rows[i].Quantity = min(rows[i].Quantity, left[rows[i].SKU.ID])
		left[rows[i].SKU.ID] -= rows[i].Quantity
	}
	return slices.DeleteFunc(rows, func(r awaitedRow) bool { return r.Quantity <= 0 })
}

// lineOf picks the line of a case that a piece counts for; where serials were recorded, the line on which this one went out.
func lineOf(lines []*line, u inventory.Unit) *line {
	for _, l := range lines {
		if l.SKUID == u.SKUID && l.Received < l.Expected && (len(l.serials) == 0 || slices.Contains(l.serials, u.Serial) || slices.Contains(l.serials, u.Scanned)) {
			return l
		}
	}
	return nil
}
