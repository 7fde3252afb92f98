package intake

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/order"
)

// saveLines adds and corrects an order's lines and the serials shipped on them, and returns all of them by line number.
func (im *Importer) saveLines(tx *gorm.DB, o order.Order, lines []OrderLine) (map[int]order.Line, bool, error) {
	var rows []order.Line
	if err := tx.Where("order_id = ?", o.ID).Find(&rows).Error; err != nil {
		return nil, false, fmt.Errorf("lines of order %s: %w", o.Number, err)
	}
	have := map[int]order.Line{}
	for _, r := range rows {
		have[r.LineNo] = r
	}
	changed := false
	var fresh []order.Line
	for _, l := range lines {
		want, err := im.line(tx, o, l)
		if err != nil {
			return nil, false, err
		}
		old, found := have[l.Line]
		if !found {
			fresh = append(fresh, want)
			continue
		}
		more, err := correctLine(tx, old, &want)
		if err != nil {
			return nil, false, err
		}
		changed = changed || more
		have[l.Line] = want
	}
	if len(fresh) > 0 {
		if err := tx.Create(&fresh).Error; err != nil {
			return nil, false, fmt.Errorf("save lines of order %s: %w", o.Number, err)
		}
		for _, f := range fresh {
			have[f.LineNo] = f
		}
		changed = true
	}
	more, err := saveSerials(tx, have, lines)
	return have, changed || more, err
}

func (im *Importer) line(tx *gorm.DB, o order.Order, l OrderLine) (order.Line, error) {
	out := order.Line{OrderID: o.ID, LineNo: l.Line, Kind: l.Kind, Quantity: l.Quantity, PriceMinor: l.PriceMinor, DiscountShopMinor: l.DiscountShopMinor,
		DiscountPlatformMinor: l.DiscountPlatformMinor, DiscountPointsMinor: l.DiscountPointsMinor, PaidMinor: l.PaidMinor}
	for _, s := range []struct {
		field, code string
		into        **id.SKU
	}{{"sku", l.SKU, &out.SKUID}, {"shipped_sku", l.ShippedSKU, &out.ShippedSKUID}} {
		if s.code == "" {
			continue
		}
		sku, err := im.known.sku(tx, o.OwnerID, s.field, s.code)
		if err != nil {
			return out, err
		}
		*s.into = &sku
	}
	return out, nil
}

// correctLine brings a line up to date. What was approved or refunded on it stays and bounds what it may become.
func correctLine(tx *gorm.DB, old order.Line, want *order.Line) (bool, error) {
	want.ID, want.ApprovedQuantity, want.ApprovedMinor = old.ID, old.ApprovedQuantity, old.ApprovedMinor
	want.ReservedQuantity, want.ReservedMinor, want.RefundedQuantity, want.RefundedMinor = old.ReservedQuantity, old.ReservedMinor, old.RefundedQuantity, old.RefundedMinor
	if want.ShippedSKUID == nil {
		want.ShippedSKUID = old.ShippedSKUID // a file that does not say what was shipped does not take back what another said
	}
	if sameSKU(want.SKUID, old.SKUID) && sameSKU(want.ShippedSKUID, old.ShippedSKUID) {
		a, b := *want, old
		a.SKUID, a.ShippedSKUID, b.SKUID, b.ShippedSKUID = nil, nil, nil, nil
		if a == b {
			return false, nil
		}
	}
	if want.Quantity < old.ApprovedQuantity || want.PaidMinor < old.ApprovedMinor {
		return false, bad("line", "line_in_use", "line %d: more than that is approved for return already", old.LineNo)
	}
	err := tx.Model(&order.Line{}).Where("id = ?", old.ID).Updates(map[string]any{"kind": want.Kind, "sku_id": want.SKUID, "shipped_sku_id": want.ShippedSKUID,
		"quantity": want.Quantity, "price_minor": want.PriceMinor, "discount_shop_minor": want.DiscountShopMinor, "discount_platform_minor": want.DiscountPlatformMinor,
		"discount_points_minor": want.DiscountPointsMinor, "paid_minor": want.PaidMinor}).Error
	if err != nil {
		return false, fmt.Errorf("correct line %d: %w", old.LineNo, err)
	}
	return true, nil
}

func sameSKU(a, b *id.SKU) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func saveSerials(tx *gorm.DB, have map[int]order.Line, lines []OrderLine) (bool, error) {
	changed := false
	for _, l := range lines {
		for _, s := range l.Serials {
			if s = strings.ToUpper(strings.TrimSpace(s)); s == "" {
				continue
			}
			res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&order.Serial{OrderLineID: have[l.Line].ID, Serial: s})
			if res.Error != nil {
				return false, fmt.Errorf("save serial of line %d: %w", l.Line, res.Error)
			}
			changed = changed || res.RowsAffected > 0
		}
	}
	return changed, nil
}
