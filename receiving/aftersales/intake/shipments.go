package intake

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/order"
)

// shipmentNext says which state of a shipment may follow which; a late message is ignored.
var shipmentNext = map[string][]string{
	"created":             {"in_transit", "delivered", "refused", "intercept_requested", "intercepted", "undeliverable", "returned", "lost"},
	"in_transit":          {"delivered", "refused", "intercept_requested", "intercepted", "undeliverable", "returned", "lost"},
	"intercept_requested": {"delivered", "refused", "intercepted", "undeliverable", "returned", "lost"},
	"delivered":           {"returned"},
	"refused":             {"returned", "lost"},
	"intercepted":         {"returned", "lost"},
	"undeliverable":       {"returned", "lost"},
	"lost":                {"delivered", "returned"},
	"returned":            {},
}

// saveShipment adds an outbound parcel, or this order's part of one that other orders share, and its waybill, normalised, as an outbound alias.
func saveShipment(tx *gorm.DB, o order.Order, lines map[int]order.Line, s Shipment) (bool, error) {
	number := s.Waybill
	if number == "" {
		return false, bad("waybill", "missing", "a shipment has no waybill")
	}
	if s.State == "" {
		s.State = "in_transit"
	}
	if _, ok := shipmentNext[s.State]; !ok {
		return false, bad("shipment_state", "bad_enum", "there is no shipment state %q", s.State)
	}
	var row order.Shipment
	found, err := find(tx.Where("owner_id = ? AND carrier = ? AND waybill = ?", o.OwnerID, s.Carrier, number), &row)
	if err != nil {
		return false, fmt.Errorf("read shipment %s: %w", number, err)
	}
	changed := !found
	if !found {
		row = order.Shipment{OwnerID: o.OwnerID, Carrier: s.Carrier, Waybill: number, State: s.State, PackedWeightG: s.PackedWeightG, ShippedAt: stamp(s.ShippedAt), DeliveredAt: stamp(s.DeliveredAt)}
		if err := tx.Create(&row).Error; err != nil {
			return false, fmt.Errorf("save shipment %s: %w", number, err)
		}
		from := o.PlacedAt
		if row.ShippedAt != nil {
			from = *row.ShippedAt
		}
		if err := tx.Create(&receiving.Alias{Number: number, Carrier: s.Carrier, Role: "outbound", ShipmentID: &row.ID, ValidFrom: from, Source: "import"}).Error; err != nil {
			return false, fmt.Errorf("save alias %s: %w", number, err)
		}
	} else if changed, err = correctShipment(tx, row, s); err != nil {
		return false, err
	}
	more, err := saveShipmentLines(tx, o, row, lines, s.Lines)
	return changed || more, err
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = clock.Stamp(t)
	return &t
}

func correctShipment(tx *gorm.DB, row order.Shipment, s Shipment) (bool, error) {
	set := map[string]any{}
	if slices.Contains(shipmentNext[row.State], s.State) {
		set["state"] = s.State
	}
	if s.PackedWeightG > 0 && s.PackedWeightG != row.PackedWeightG {
		set["packed_weight_g"] = s.PackedWeightG
	}
	if row.ShippedAt == nil && !s.ShippedAt.IsZero() {
		set["shipped_at"] = clock.Stamp(s.ShippedAt)
	}
	if row.DeliveredAt == nil && !s.DeliveredAt.IsZero() {
		set["delivered_at"] = clock.Stamp(s.DeliveredAt)
	}
	if len(set) == 0 {
		return false, nil
	}
	if err := tx.Model(&order.Shipment{}).Where("id = ?", row.ID).Updates(set).Error; err != nil {
		return false, fmt.Errorf("correct shipment %s: %w", row.Waybill, err)
	}
	return true, nil
}

func saveShipmentLines(tx *gorm.DB, o order.Order, row order.Shipment, lines map[int]order.Line, parts []ShipmentLine) (bool, error) {
	if len(parts) == 0 {
		for no, l := range lines {
			if l.Kind != "freight" {
				parts = append(parts, ShipmentLine{Line: no, Quantity: l.Quantity})
			}
		}
	}
	slices.SortFunc(parts, func(a, b ShipmentLine) int { return a.Line - b.Line })
	changed := false
	for _, p := range parts {
		l, ok := lines[p.Line]
		if !ok {
			return false, bad("line", "line_unknown", "shipment %s: order %s has no line %d", row.Waybill, o.Number, p.Line)
		}
		if p.Quantity <= 0 || p.Quantity > l.Quantity {
			return false, bad("shipped_quantity", "bad_number", "shipment %s: %d pieces of line %d, ordered %d", row.Waybill, p.Quantity, p.Line, l.Quantity)
		}
		var have order.ShipmentLine
		found, err := find(tx.Where("shipment_id = ? AND order_line_id = ?", row.ID, l.ID), &have)
		if err != nil {
			return false, fmt.Errorf("lines of shipment %s: %w", row.Waybill, err)
		}
		switch {
		case !found:
			err = tx.Create(&order.ShipmentLine{ShipmentID: row.ID, OrderID: o.ID, OrderLineID: l.ID, Quantity: p.Quantity}).Error
		case have.Quantity != p.Quantity:
			err = tx.Model(&order.ShipmentLine{}).Where("shipment_id = ? AND order_line_id = ?", row.ID, l.ID).Update("quantity", p.Quantity).Error
		default:
			continue
		}
		if err != nil {
			return false, fmt.Errorf("save lines of shipment %s: %w", row.Waybill, err)
		}
		changed = true
	}
	return changed, nil
}
