package followup

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/order"
)

// approved pays a refund without return at once, and any other when the owner's policy is to pay on approval.
func (f *Followup) approved(ctx context.Context, tx *gorm.DB, e event.Event) error {
	c, err := readCase(tx, id.Case(number(e.Data["case"])))
	if err != nil {
		return err
	}
	if c.OrderID != nil && c.Goods != "not_needed" {
		if _, err := order.Returning(ctx, tx, f.log, *c.OrderID, true, e.ByUser); err != nil {
			return err
		}
	}
	p, err := f.policy(tx, c.OwnerID)
	if err != nil {
		return err
	}
	if c.Type == "refund_only" || c.Type == "return_refund" && p.RefundTrigger == "approval" {
		return f.ask(ctx, tx, c, refund.ForCase(c.ID))
	}
	return f.overdue(ctx, tx, c, p.RefundTrigger)
}

// over withdraws the refunds of a dead request that have not gone out. It comes before the approval is taken back, which what they reserve would keep up.
func (f *Followup) over(ctx context.Context, tx *gorm.DB, e event.Event) error {
	decision := fmt.Sprint(e.Data["decision"])
	if !(aftersales.Case{Decision: decision}).Over() {
		return nil
	}
	_, err := f.refunds.CancelCase(ctx, tx, id.Case(number(e.Data["case"])), e.ByUser, "case_"+decision)
	return err
}

// closed pays for the matched pieces of a parcel when the policy is to pay on receipt.
func (f *Followup) closed(ctx context.Context, tx *gorm.DB, e event.Event) error {
	var parcel int64
	if _, err := fmt.Sscanf(fmt.Sprint(e.Data["parcel"]), "P%d", &parcel); err != nil {
		return fmt.Errorf("event %s: parcel %v: %w", e.Type, e.Data["parcel"], err)
	}
	if err := f.contents(tx, e, parcel); err != nil {
		return err
	}
	var receipts []receiving.Receipt
	if err := tx.Where("parcel_id = ? AND case_id IS NOT NULL", parcel).Order("case_id, id").Find(&receipts).Error; err != nil {
		return fmt.Errorf("receipts of parcel %d: %w", parcel, err)
	}
	if err := f.overGoods(ctx, tx, e, receipts); err != nil {
		return err
	}
	for _, r := range receipts {
		c, err := readCase(tx, *r.CaseID)
		if err != nil {
			return err
		}
		p, err := f.policy(tx, c.OwnerID)
		if err != nil {
			return err
		}
		if p.RefundTrigger != "receipt_closed" || !c.Granted() || c.Type != "return_refund" {
			continue
		}
		if err := f.receipt(ctx, tx, c, r); err != nil {
			return err
		}
	}
	return nil
}

// receipt asks one refund for the pieces of a receipt that have none: the buyer gets one message, not many.
func (f *Followup) receipt(ctx context.Context, tx *gorm.DB, c aftersales.Case, r receiving.Receipt) error {
	var units []inventory.Unit
	err := tx.Where("parcel_id = ? AND case_id = ? AND finding = 'match' AND state <> 'undone'", r.ParcelID, c.ID).Order("id").Find(&units).Error
	if err != nil {
		return fmt.Errorf("pieces of receipt %d: %w", r.ID, err)
	}
	var items []refund.Item
	for _, u := range units {
		if u.CaseLineID == nil {
			continue
		}
		_, has, err := refund.OfUnit(tx, u.ID)
		if err != nil {
			return err
		}
		if !has {
			items = append(items, refund.Item{Line: *u.CaseLineID, Unit: u.ID, Quantity: 1})
		}
	}
	switch {
	case len(items) == 0:
		return nil
	case len(items) < len(units): // the parcel was opened again: the receipt's own refund exists, the late pieces get theirs
		for _, i := range items {
			if err := f.ask(ctx, tx, c, refund.ForUnit(c.ID, i.Line, i.Unit)); err != nil {
				return err
			}
		}
		return nil
	}
	return f.ask(ctx, tx, c, refund.ForReceipt(c.ID, r.ID, items))
}

// received tells the service desk of pieces nobody declared: no money moves for them by itself.
func (f *Followup) received(tx *gorm.DB, e event.Event) error {
	finding := fmt.Sprint(e.Data["finding"])
	sent := e.Data["account"] == inventory.InQuarantine && slices.Contains([]string{"wrong_spec", "wrong_item"}, finding)
	if !sent && !slices.Contains([]string{"extra", "undeclared"}, finding) {
		return nil
	}
	w := e.WarehouseID
	return task(tx, f.log, "piece_"+finding, "unit/"+fmt.Sprint(e.Data["plate"]), e.OwnerID, &w, map[string]any{"parcel": e.Data["parcel"]})
}
