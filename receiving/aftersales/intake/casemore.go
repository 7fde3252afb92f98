package intake

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// correctCase brings what a channel may change up to date: type, reason, words, deadline, warehouse, amount, and the order's number while it is not attached.
func (im *Importer) correctCase(tx *gorm.DB, c aftersales.Case, rec Case) (bool, error) {
	set := map[string]any{}
	put := func(column, now, want string) {
		if want != "" && want != now {
			set[column] = want
		}
	}
	put("type", c.Type, rec.Type)
	put("reason", c.Reason, rec.Reason)
	put("buyer_words", c.BuyerWords, rec.BuyerWords)
	if c.OrderID == nil {
		put("order_number", c.OrderNumber, rec.Order)
	} else if rec.Order != "" && rec.Order != c.OrderNumber {
		return false, bad("order", "order_changed", "case %s belongs to order %s", c.Number, c.OrderNumber)
	}
	if c.Currency != rec.Currency {
		return false, bad("currency", "currency_changed", "case %s is in %s", c.Number, c.Currency)
	}
	if rec.RequestedMinor > 0 && rec.RequestedMinor != c.RequestedMinor {
		set["requested_minor"] = rec.RequestedMinor
	}
	if d := stamp(rec.DeadlineAt); d != nil && (c.DeadlineAt == nil || !d.Equal(*c.DeadlineAt)) {
		set["deadline_at"] = *d
	}
	if rec.Warehouse != "" {
		w, err := im.known.warehouse(tx, rec.Warehouse)
		if err != nil {
			return false, err
		}
		if c.WarehouseID == nil || *c.WarehouseID != w {
			set["warehouse_id"] = w
		}
	}
	more, err := im.correctCaseLines(tx, c, rec)
	if err != nil || len(set) == 0 {
		return more, err
	}
	if err := tx.Model(&aftersales.Case{}).Where("id = ?", c.ID).Updates(set).Error; err != nil {
		return false, fmt.Errorf("correct case %s: %w", c.Number, err)
	}
	return true, nil
}

// correctCaseLines adds lines and changes quantities and amounts; what was approved or received stays as it is.
func (im *Importer) correctCaseLines(tx *gorm.DB, c aftersales.Case, rec Case) (bool, error) {
	shop, err := im.known.shop(tx, rec.Shop)
	if err != nil {
		return false, err
	}
	want, err := im.caseLines(tx, shop, rec)
	if err != nil {
		return false, err
	}
	var have []aftersales.CaseLine
	if err := tx.Where("case_id = ?", c.ID).Order("id").Find(&have).Error; err != nil {
		return false, fmt.Errorf("lines of case %s: %w", c.Number, err)
	}
	changed := false
	for _, w := range want {
		i := lineLike(have, w)
		switch {
		case i < 0:
			w.CaseID = c.ID
			err = tx.Create(&w).Error
		case have[i].Quantity == w.Quantity && have[i].RequestedMinor == w.RequestedMinor:
			have = append(have[:i], have[i+1:]...)
			continue
		case have[i].ApprovedMinor > 0 || have[i].Received > 0:
			return false, bad("quantity", "line_in_use", "case %s: this line is approved or received already", c.Number)
		default:
			err = tx.Model(&aftersales.CaseLine{}).Where("id = ?", have[i].ID).Updates(map[string]any{"quantity": w.Quantity, "requested_minor": w.RequestedMinor}).Error
			have = append(have[:i], have[i+1:]...)
		}
		if err != nil {
			return false, fmt.Errorf("correct lines of case %s: %w", c.Number, err)
		}
		changed = true
	}
	return changed, nil
}

// lineLike finds the stored line that a line of the file means: same SKU and, where both know it, the same order line.
func lineLike(have []aftersales.CaseLine, w aftersales.CaseLine) int {
	for i, h := range have {
		if h.SKUID == w.SKUID && (h.OrderLineID == nil || w.OrderLineID == nil || *h.OrderLineID == *w.OrderLineID) {
			return i
		}
	}
	return -1
}

// saveWaybills ties numbers to the case and returns those that are new.
func (im *Importer) saveWaybills(tx *gorm.DB, c aftersales.Case, waybills []Waybill) ([]string, error) {
	var fresh []string
	for _, w := range waybills {
		number := im.hooks.Codes.Normalise(w.Number)
		if number == "" {
			return nil, bad("waybill", "missing", "case %s: a waybill is empty", c.Number)
		}
		if w.Role == "" {
			w.Role = "return"
		}
		if w.Role != "return" && w.Role != "outbound" && w.Role != "platform" {
			return nil, bad("waybill_role", "bad_enum", "there is no waybill role %q", w.Role)
		}
		if err := im.saveParent(tx, number, w); err != nil {
			return nil, err
		}
		var n int64
		if err := tx.Model(&receiving.Alias{}).Where("number = ? AND case_id = ? AND role = ?", number, c.ID, w.Role).Count(&n).Error; err != nil {
			return nil, fmt.Errorf("waybills of case %s: %w", c.Number, err)
		}
		if n > 0 {
			continue
		}
		if err := tx.Create(&receiving.Alias{Number: number, Carrier: w.Carrier, Role: w.Role, CaseID: &c.ID, ValidFrom: c.SubmittedAt, Source: "import"}).Error; err != nil {
			return nil, fmt.Errorf("save waybill of case %s: %w", c.Number, err)
		}
		fresh = append(fresh, number)
	}
	return fresh, nil
}

// saveParent notes that a number is one box of a consignment. What a courier says of it later counts more.
func (im *Importer) saveParent(tx *gorm.DB, child string, w Waybill) error {
	parent := im.hooks.Codes.Normalise(w.Parent)
	if parent == "" || parent == child {
		return nil
	}
	err := tx.Exec("INSERT INTO waybill_parents (child, parent, carrier, source) VALUES (?, ?, ?, 'import') ON CONFLICT (child) DO NOTHING", child, parent, w.Carrier).Error
	if err != nil {
		return fmt.Errorf("boxes of consignment %s: %w", parent, err)
	}
	return nil
}

// observe records what was paid back elsewhere. Where nobody can book it (no hook, or no payment to book it on) the facet alone keeps the money from being paid
// again.
func (im *Importer) observe(ctx context.Context, tx *gorm.DB, caseID id.Case, totalMinor int64) error {
	if im.hooks.Observe != nil {
		if err := im.hooks.Observe(ctx, tx, caseID, totalMinor); err != nil {
			return err
		}
	}
	c, err := aftersales.Locked(ctx, tx, caseID)
	if err != nil || !slices.Contains([]string{"none", "due", "refused"}, c.Money) {
		return err
	}
	_, err = aftersales.Move(ctx, tx, im.log, caseID, aftersales.Change{Money: "returned_elsewhere", Why: "channel"})
	return err
}
