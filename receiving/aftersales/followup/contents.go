package followup

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/inventory"
)

// contents tells people of a closed box whose contents nobody pays for by rule: rubbish, nothing at all, parts of
// bundles, or pieces for which a deduction is due.
func (f *Followup) contents(tx *gorm.DB, e event.Event, parcel int64) error {
	w := e.WarehouseID
	if note := e.Data["note"]; note == "junk" || note == "empty_box" {
		if err := task(tx, f.log, "parcel_"+note.(string), e.Subject, e.OwnerID, &w, map[string]any{"short": e.Data["short"]}); err != nil {
			return err
		}
	}
	if err := f.gifts(tx, e, parcel); err != nil {
		return err
	}
	if n, ok := e.Data["bundled"]; ok { // a part has no price of its own
		if err := task(tx, f.log, "bundle_to_settle", e.Subject, e.OwnerID, &w, map[string]any{"pieces": n}); err != nil {
			return err
		}
	}
	if odd, ok := e.Data["deductions"]; ok {
		return task(tx, f.log, "deduction_due", e.Subject, e.OwnerID, &w, map[string]any{"pieces": odd})
	}
	return nil
}

// gifts tells the service desk of a gift that stayed with the buyer though everything bought with it goes back: its deduction value may be kept of the money. A
// return of a part of the order does not ask for the gift.
func (f *Followup) gifts(tx *gorm.DB, e event.Event, parcel int64) error {
	var cases []struct {
		Number string
		Gifts  int
	}
	err := tx.Raw(`SELECT c.number, COUNT(*) AS gifts FROM (SELECT DISTINCT case_id FROM receipts WHERE parcel_id = ? AND case_id IS NOT NULL) r JOIN cases c ON c.id = r.case_id
 JOIN order_lines l ON l.order_id = c.order_id AND l.kind = 'gift'
 WHERE NOT EXISTS (SELECT 1 FROM units u WHERE u.case_id = c.id AND u.sku_id = COALESCE(l.shipped_sku_id, l.sku_id) AND u.state <> 'undone')
 AND NOT EXISTS (SELECT 1 FROM case_lines k WHERE k.case_id = c.id AND k.received < k.quantity)
 AND NOT EXISTS (SELECT 1 FROM order_lines o WHERE o.order_id = c.order_id AND o.kind = 'goods'
  AND o.quantity > COALESCE((SELECT SUM(k.received) FROM case_lines k WHERE k.order_line_id = o.id), 0))
 GROUP BY c.number ORDER BY c.number`, parcel).Scan(&cases).Error
	if err != nil {
		return fmt.Errorf("gifts of parcel %d: %w", parcel, err)
	}
	w := e.WarehouseID
	for _, c := range cases {
		if err := task(tx, f.log, "gift_missing", "case/"+c.Number, e.OwnerID, &w, map[string]any{"gifts": c.Gifts}); err != nil {
			return err
		}
	}
	return nil
}

// suspected tells claims of a piece that the clerk takes for a counterfeit.
func (f *Followup) suspected(tx *gorm.DB, e event.Event) error {
	if e.Data["finding"] != "counterfeit" || e.Data["account"] != inventory.InCustody {
		return nil
	}
	w := e.WarehouseID
	return task(tx, f.log, "piece_counterfeit", e.Subject, e.OwnerID, &w, map[string]any{"parcel": e.Data["parcel"]})
}
