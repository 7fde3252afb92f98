package followup

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// adopted does for goods that were here before their case what would have been done had they come now: the closing pays, and so does each inspection.
func (f *Followup) adopted(ctx context.Context, tx *gorm.DB, e event.Event) error {
	if e.Data["state"] == "closed" {
		if err := f.closed(ctx, tx, e); err != nil {
			return err
		}
	}
	c, err := aftersales.Locked(ctx, tx, id.Case(number(e.Data["case"])))
	if err != nil {
		return err
	}
	if c, err = f.judge(ctx, tx, c, e.ByUser); err != nil {
		return err
	}
	return f.inspectedBefore(ctx, tx, c, e.ByUser)
}

// overdue pays for what came, or passed its inspection, before the case was approved.
func (f *Followup) overdue(ctx context.Context, tx *gorm.DB, c aftersales.Case, trigger string) error {
	switch trigger {
	case "qc_passed":
		return f.inspectedBefore(ctx, tx, c, 0)
	case "receipt_closed":
	default:
		return nil
	}
	if c.Type != "return_refund" {
		return nil
	}
	var receipts []receiving.Receipt
	err := tx.Raw("SELECT r.* FROM receipts r JOIN parcels p ON p.id = r.parcel_id WHERE r.case_id = ? AND p.state = 'closed' ORDER BY r.id", c.ID).Scan(&receipts).Error
	if err != nil {
		return fmt.Errorf("receipts of case %s: %w", c.Number, err)
	}
	for _, r := range receipts {
		if err := f.receipt(ctx, tx, c, r); err != nil {
			return err
		}
	}
	return nil
}

// inspectedBefore treats each graded piece of a case as if it was graded now.
func (f *Followup) inspectedBefore(ctx context.Context, tx *gorm.DB, c aftersales.Case, by id.User) error {
	var rows []struct {
		inventory.Unit
		Grade string
	}
	err := tx.Raw(`SELECT u.*, i.grade FROM units u JOIN inspections i ON i.unit_id = u.id AND i.undone_at IS NULL
 WHERE u.case_line_id IN (SELECT id FROM case_lines WHERE case_id = ?) AND u.finding = 'match' ORDER BY u.id`, c.ID).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("inspected pieces of case %s: %w", c.Number, err)
	}
	for _, r := range rows {
		if err := f.graded(ctx, tx, c, r.Unit, r.Grade, by); err != nil {
			return err
		}
	}
	return nil
}

// overGoods asks the service desk what becomes of goods whose request is dead: back to the customer, or kept by a new case. Goods of a case that is paid need nobody: they
// are ours.
func (f *Followup) overGoods(ctx context.Context, tx *gorm.DB, e event.Event, receipts []receiving.Receipt) error {
	for _, r := range receipts {
		c, err := readCase(tx, *r.CaseID)
		if err != nil {
			return err
		}
		if !c.Over() {
			continue
		}
		w := e.WarehouseID
		err = task(tx, f.log, "goods_of_case_over", "receipt/"+fmt.Sprint(r.ID), c.OwnerID, &w,
			map[string]any{"case": c.Number, "parcel": e.Data["parcel"], "decide": []string{"hand_back", "new_case"}})
		if err != nil {
			return err
		}
	}
	return nil
}
