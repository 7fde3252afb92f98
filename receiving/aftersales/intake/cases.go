package intake

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Cases applies after-sales cases. Decisions move by aftersales' own verbs; a decision that may not follow the present one is a late message, kept as a warning.
func (im *Importer) Cases(ctx context.Context, cases []Case) (Report, error) {
	return run(ctx, im, values(cases, caseKeyOf), im.cases())
}

func caseKeyOf(c Case) string { return c.Shop + "\x00" + c.Number }

// goodsAtStart says whether a type of case wants goods back.
var goodsAtStart = map[string]string{
	"refund_only": "not_needed", "price_protection": "not_needed", "reship": "not_needed",
	"return_refund": "awaited", "exchange": "awaited", "repair": "awaited",
}

var reasons = map[string]bool{"wrong_item": true, "wrong_spec": true, "missing_item": true, "quality": true, "damaged_in_transit": true, "spoiled": true,
	"not_as_described": true, "size_fit": true, "changed_mind": true, "counterfeit": true, "lost": true, "delayed": true, "customs_delay": true, "other": true}

func (c *Case) check() error {
	if c.Decision == "" {
		c.Decision = "submitted"
	}
	if c.Reason == "" {
		c.Reason = "other"
	}
	switch {
	case c.Number == "":
		return bad("case", "missing", "the case has no number")
	case goodsAtStart[c.Type] == "":
		return bad("type", "bad_enum", "there is no case type %q", c.Type)
	case !reasons[c.Reason]:
		return bad("reason", "bad_enum", "there is no reason %q", c.Reason)
	case aftersales.Next[aftersales.Decision][c.Decision] == nil:
		return bad("decision", "bad_enum", "there is no decision %q", c.Decision)
	case c.SubmittedAt.IsZero():
		return bad("submitted_at", "missing", "case %s has no time", c.Number)
	case c.RequestedMinor < 0 || c.RefundedElsewhereMinor < 0:
		return bad("requested", "bad_amount", "an amount of case %s is negative", c.Number)
	case len(c.Lines) == 0:
		return bad("sku", "missing", "case %s has no lines", c.Number)
	}
	c.SubmittedAt = clock.Stamp(c.SubmittedAt)
	for _, l := range c.Lines {
		if l.Quantity <= 0 {
			return bad("quantity", "bad_number", "case %s: a quantity is not positive", c.Number)
		}
		if l.RequestedMinor < 0 {
			return bad("line_requested", "bad_amount", "case %s: an amount is negative", c.Number)
		}
		if l.SKU == "" && l.Line <= 0 {
			return bad("sku", "missing", "case %s: a line needs its SKU or the order's line", c.Number)
		}
	}
	var err error
	c.Currency, err = currency(c.Currency)
	return err
}

func (im *Importer) applyCase(ctx context.Context, tx *gorm.DB, rec Case) (result, []Problem, error) {
	if err := rec.check(); err != nil {
		return 0, nil, err
	}
	shop, err := im.known.shop(tx, rec.Shop)
	if err != nil {
		return 0, nil, err
	}
	var c aftersales.Case
	found, err := find(db.Lock(tx).Where("shop_id = ? AND number = ?", shop.ID, rec.Number), &c)
	if err != nil {
		return 0, nil, fmt.Errorf("read case %s: %w", rec.Number, err)
	}
	res := unchanged
	if !found {
		res = created
		c, err = im.newCase(ctx, tx, shop, rec)
	} else if changed, cerr := im.correctCase(tx, c, rec); changed || cerr != nil {
		res, err = updated, cerr
	}
	if err != nil {
		return 0, nil, err
	}
	numbers, err := im.saveWaybills(tx, c, rec.Waybills)
	if err != nil {
		return 0, nil, err
	}
	if !found {
		if err := im.submit(ctx, tx, c); err != nil {
			return 0, nil, err
		}
	}
	moved, warnings, err := im.follow(ctx, tx, c.ID, rec)
	if err != nil {
		return 0, nil, err
	}
	refused, err := im.claim(ctx, tx, c.ID, numbers)
	if err != nil {
		return 0, nil, err
	}
	warnings = append(warnings, refused...)
	if res != unchanged || moved {
		late, err := im.adopt(ctx, tx, c.ID)
		if err != nil {
			return 0, nil, err
		}
		warnings = append(warnings, late...)
	}
	if res == unchanged && (moved || len(numbers) > 0) {
		res = updated
	}
	return res, warnings, nil
}

func (im *Importer) newCase(ctx context.Context, tx *gorm.DB, shop catalogue.Shop, rec Case) (aftersales.Case, error) {
	c := aftersales.Case{OwnerID: shop.OwnerID, ShopID: shop.ID, Number: rec.Number, OrderNumber: rec.Order, Type: rec.Type, Reason: rec.Reason, BuyerWords: rec.BuyerWords,
		Decision: "submitted", Goods: goodsAtStart[rec.Type], Judgement: "none", Money: "none", RequestedMinor: rec.RequestedMinor, Currency: rec.Currency,
		SubmittedAt: rec.SubmittedAt, DeadlineAt: stamp(rec.DeadlineAt), Version: 1}
	if c.Goods == "awaited" && len(rec.Waybills) > 0 {
		c.Goods = "in_transit"
	}
	if rec.Warehouse != "" {
		w, err := im.known.warehouse(tx, rec.Warehouse)
		if err != nil {
			return c, err
		}
		c.WarehouseID = &w
	}
	lines, err := im.caseLines(tx, shop, rec)
	if err != nil {
		return c, err
	}
	if err := tx.Create(&c).Error; err != nil {
		return c, fmt.Errorf("save case %s: %w", rec.Number, err)
	}
	for i := range lines {
		lines[i].CaseID = c.ID
	}
	if err := tx.Create(&lines).Error; err != nil {
		return c, fmt.Errorf("save lines of case %s: %w", rec.Number, err)
	}
	return c, nil
}

// caseLines resolves SKUs, directly or by the order's line number. A line number is only worth something once the order is there.
func (im *Importer) caseLines(tx *gorm.DB, shop catalogue.Shop, rec Case) ([]aftersales.CaseLine, error) {
	lines := make([]aftersales.CaseLine, 0, len(rec.Lines))
	for _, l := range rec.Lines {
		row := aftersales.CaseLine{Quantity: l.Quantity, RequestedMinor: l.RequestedMinor}
		if l.Line > 0 {
			ol, found, err := orderLine(tx, shop.ID, rec.Order, l.Line)
			if err != nil {
				return nil, err
			}
			if found {
				row.OrderLineID = &ol.ID
				if ol.SKUID != nil {
					row.SKUID = *ol.SKUID
				}
				if ol.ShippedSKUID != nil {
					row.SKUID = *ol.ShippedSKUID
				}
			}
		}
		if l.SKU != "" {
			sku, err := im.known.sku(tx, shop.OwnerID, "sku", l.SKU)
			if err != nil {
				return nil, err
			}
			row.SKUID = sku
		}
		if row.SKUID == 0 {
			return nil, bad("line", "line_unknown", "case %s: order %s has no line %d with goods, or is not known yet; give the SKU", rec.Number, rec.Order, l.Line)
		}
		lines = append(lines, row)
	}
	return lines, nil
}

func orderLine(tx *gorm.DB, shop id.Shop, number string, line int) (order.Line, bool, error) {
	var ol order.Line
	found, err := find(tx.Where("line_no = ? AND order_id = (SELECT id FROM orders WHERE shop_id = ? AND number = ?)", line, shop, number), &ol)
	if err != nil {
		return ol, false, fmt.Errorf("line %d of order %s: %w", line, number, err)
	}
	return ol, found, nil
}

// submit attaches the order that is there already, then tells that the case exists.
func (im *Importer) submit(ctx context.Context, tx *gorm.DB, c aftersales.Case) error {
	c, err := aftersales.Attach(ctx, tx, im.log, c.ID)
	if err != nil {
		return err
	}
	return aftersales.Submit(ctx, tx, im.log, c)
}

// follow moves the case's money and decision as the channel says. Money first: what was paid elsewhere must not be paid again because of an approval.
func (im *Importer) follow(ctx context.Context, tx *gorm.DB, caseID id.Case, rec Case) (moved bool, warnings []Problem, err error) {
	before, err := aftersales.Locked(ctx, tx, caseID)
	if err != nil {
		return false, nil, err
	}
	if rec.RefundedElsewhereMinor > 0 {
		if err := im.observe(ctx, tx, caseID, rec.RefundedElsewhereMinor); err != nil {
			return false, nil, err
		}
	}
	c, err := aftersales.Locked(ctx, tx, caseID)
	if err == nil {
		c, err = im.decide(ctx, tx, c, rec.Decision)
	}
	if fault.Code(err) == "case_state" {
		return false, []Problem{{Field: "decision", Code: "late_message", Message: fault.Of(err).Message}}, nil
	}
	return c.Version != before.Version, nil, err
}

func (im *Importer) decide(ctx context.Context, tx *gorm.DB, c aftersales.Case, to string) (aftersales.Case, error) {
	switch {
	case to == c.Decision, to == "submitted":
		return c, nil
	case to == "rejected":
		return aftersales.Reject(ctx, tx, im.log, c.ID, 0, "channel")
	case to == "withdrawn":
		return aftersales.Withdraw(ctx, tx, im.log, c.ID, 0, "channel")
	case to == "expired":
		return aftersales.Expire(ctx, tx, im.log, c.ID, 0, "channel")
	case to == "approved" && c.OrderID != nil:
		return aftersales.Approve(ctx, tx, im.log, c.ID, 0, "channel")
	}
	// Approved before the order is known: it is granted when the order is attached.
	return aftersales.Move(ctx, tx, im.log, c.ID, aftersales.Change{Decision: to, Why: "channel"})
}
