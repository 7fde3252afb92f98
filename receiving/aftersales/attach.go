package aftersales

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/order"
)

// Submit tells that a case exists; intake calls it once, after the case's lines are in and its order was looked for.
func Submit(ctx context.Context, tx *gorm.DB, log *event.Log, c Case) error {
	return log.Append(ctx, tx, c.fact("backdock.case.submitted.v1", 0, event.Data{"type": c.Type, "reason": c.Reason, "decision": c.Decision, "goods": c.Goods}))
}

// Attach ties a case to the order it names, in its own shop, and its lines to the order's lines: the line whose shipped or ordered SKU it is and that has
// enough pieces left. A case that was approved before its order was known is granted now. No such order yet changes nothing: the order attaches the case when it
// comes (AttachWaiting).
func Attach(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case) (Case, error) {
	c, err := Locked(ctx, tx, caseID)
	if err != nil || c.OrderID != nil || c.OrderNumber == "" {
		return c, err
	}
	var o order.Order
	res := tx.WithContext(ctx).Where("shop_id = ? AND number = ?", c.ShopID, c.OrderNumber).Limit(1).Find(&o)
	if res.Error != nil {
		return c, fmt.Errorf("order of case %s: %w", c.Number, res.Error)
	}
	if res.RowsAffected == 0 {
		return c, nil
	}
	if err := tieLines(tx.WithContext(ctx), c, o.ID); err != nil {
		return c, err
	}
	c.OrderID = &o.ID
	c.Version++
	err = tx.WithContext(ctx).Model(&Case{}).Where("id = ?", c.ID).Updates(map[string]any{"order_id": o.ID, "version": c.Version}).Error
	if err != nil {
		return c, fmt.Errorf("attach order to case %s: %w", c.Number, err)
	}
	if err := log.Append(ctx, tx, c.fact("backdock.case.changed.v1", 0, event.Data{"attached": true})); err != nil {
		return c, err
	}
	if c.Granted() {
		return c, grant(ctx, tx, log, &c, 0)
	}
	return c, nil
}

// AttachWaiting attaches the cases that were waiting for an order of this number in this shop. A case that does not fit the order stays unattached: its refusal
// is returned, and it harms neither the order nor the other cases.
func AttachWaiting(ctx context.Context, tx *gorm.DB, log *event.Log, shop id.Shop, number string) (refused []error, err error) {
	var waiting []id.Case
	err = tx.WithContext(ctx).Model(&Case{}).Where("order_id IS NULL AND order_number = ? AND shop_id = ?", number, shop).Order("id").Pluck("id", &waiting).Error
	if err != nil {
		return nil, fmt.Errorf("cases waiting for order %s: %w", number, err)
	}
	for _, one := range waiting {
		err := tx.Transaction(func(sp *gorm.DB) error {
			_, err := Attach(ctx, sp, log, one)
			return err
		})
		switch {
		case fault.IsKind(err, fault.Conflict):
			refused = append(refused, err)
		case err != nil:
			return nil, err
		}
	}
	return refused, nil
}

// tieLines gives each line of a case its order line.
func tieLines(tx *gorm.DB, c Case, orderID id.Order) error {
	lines, err := linesOf(tx, c.ID)
	if err != nil {
		return err
	}
	var ols []order.Line
	if err := tx.Where("order_id = ? AND kind <> 'freight'", orderID).Order("line_no").Find(&ols).Error; err != nil {
		return fmt.Errorf("lines of order %d: %w", orderID, err)
	}
	left := map[id.OrderLine]int{}
	for _, ol := range ols {
		left[ol.ID] = ol.Quantity - ol.ApprovedQuantity
	}
	for _, l := range lines {
		if l.OrderLineID != nil {
			continue
		}
		ol := lineFor(ols, left, l)
		if ol == nil {
			return fault.New(fault.Conflict, "line_not_on_order", "case %s: order %s has no line for SKU %d", c.Number, c.OrderNumber, l.SKUID)
		}
		left[ol.ID] -= l.Quantity
		if err := tx.Model(&CaseLine{}).Where("id = ?", l.ID).Update("order_line_id", ol.ID).Error; err != nil {
			return fmt.Errorf("attach line of case %s: %w", c.Number, err)
		}
	}
	return nil
}

// lineFor picks the order line of a case line: what was shipped decides before what was ordered, and a line with enough pieces left before a full one.
func lineFor(ols []order.Line, left map[id.OrderLine]int, l CaseLine) *order.Line {
	is := []func(order.Line) bool{
		func(o order.Line) bool { return o.ShippedSKUID != nil && *o.ShippedSKUID == l.SKUID },
		func(o order.Line) bool { return o.SKUID != nil && *o.SKUID == l.SKUID },
	}
	for _, enough := range []bool{true, false} {
		for _, match := range is {
			for i := range ols {
				if match(ols[i]) && (!enough || left[ols[i].ID] >= l.Quantity) {
					return &ols[i]
				}
			}
		}
	}
	return nil
}
