package desk

import (
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/order"
)

// shipped awaits a shipment that comes back whole: the shipped lines of all its orders. It needs no case; where one asks for the line, the goods count for it.
func (s *session) shipped(d *docket, sh id.Shipment) ([]awaitedRow, error) {
	var ship order.Shipment
	if err := s.tx.Where("id = ?", sh).Limit(1).Find(&ship).Error; err != nil {
		return nil, fmt.Errorf("read shipment: %w", err)
	}
	if ship.ID == 0 {
		return nil, fault.New(fault.NotFound, "shipment_not_found", "there is no shipment %d", sh)
	}
	d.parcel.Kind, d.parcel.OwnerID = kindOf(ship.State), &ship.OwnerID
	if d.parcel.Waybill == "" {
		d.parcel.Waybill = ship.Waybill
	}
	if d.parcel.Carrier == "" {
		d.parcel.Carrier = ship.Carrier
	}
	var rows []awaitedRow
	err := s.tx.Raw(`SELECT sl.order_line_id, sl.order_id, sl.quantity * COALESCE(b.quantity, 1) AS quantity, COALESCE(b.quantity, 0) AS per, cl.id AS case_line_id, cl.case_id, l.sku_id AS ordered, `+skuColumns+`
 FROM shipment_lines sl JOIN order_lines l ON l.id = sl.order_line_id LEFT JOIN bundle_parts b ON b.bundle_sku_id = COALESCE(l.shipped_sku_id, l.sku_id)
 JOIN skus s ON s.id = COALESCE(b.part_sku_id, l.shipped_sku_id, l.sku_id)
 LEFT JOIN case_lines cl ON cl.id = (SELECT MIN(x.id) FROM case_lines x JOIN cases c ON c.id = x.case_id WHERE x.order_line_id = l.id AND x.received < x.quantity
  AND c.goods NOT IN ('inspected', 'received') AND c.decision NOT IN ('withdrawn', 'rejected', 'expired'))
 WHERE sl.shipment_id = ? ORDER BY sl.order_id, sl.order_line_id, s.id`, sh).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lines of shipment: %w", err)
	}
	var cases []id.Case
	for _, r := range rows {
		if r.CaseID != nil && !slices.Contains(cases, *r.CaseID) {
			cases = append(cases, *r.CaseID)
		}
	}
	if err := s.takeCases(d, cases); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].receipt = slices.IndexFunc(d.receipts, func(r *receipt) bool {
			return rows[i].CaseID != nil && r.CaseID != nil && *r.CaseID == *rows[i].CaseID || rows[i].CaseID == nil && r.CaseID == nil && val(r.OrderID) == val(rows[i].OrderID)
		})
		if rows[i].receipt < 0 {
			r := &receipt{}
			r.OrderID = rows[i].OrderID
			d.receipts = append(d.receipts, r)
			rows[i].receipt = len(d.receipts) - 1
		}
	}
	return rows, s.nameOrders(d)
}

// kindOf says what kind of parcel a shipment is that stands in the warehouse again. One that nobody has reported comes back because it could not be delivered.
func kindOf(shipment string) string {
	switch shipment {
	case "refused":
		return receiving.Refused
	case "intercepted", "intercept_requested":
		return receiving.Intercepted
	}
	return receiving.Undeliverable
}

// ordersOf makes an advance receipt: goods of a known order before any case asks for them. Nothing is awaited; what comes is on the order, and a later case
// adopts it.
func (s *session) ordersOf(d *docket, orders []id.Order) error {
	for _, o := range orders {
		r := &receipt{}
		r.OrderID, r.Advance = ref(o), true
		d.receipts = append(d.receipts, r)
	}
	if len(orders) == 0 {
		d.receipts = append(d.receipts, &receipt{})
		d.parcel.Kind = receiving.UnknownOwner
		return nil
	}
	var owner id.Owner
	if err := s.tx.Raw("SELECT owner_id FROM orders WHERE id = ?", orders[0]).Scan(&owner).Error; err != nil {
		return fmt.Errorf("owner of order: %w", err)
	}
	d.parcel.OwnerID = &owner
	return s.nameOrders(d)
}

// nameOrders reads the numbers of the orders of receipts that have no case.
func (s *session) nameOrders(d *docket) error {
	var ids []id.Order
	for _, r := range d.receipts {
		if r.OrderID != nil && r.OrderNumber == "" {
			ids = append(ids, *r.OrderID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID     id.Order
		Number string
		ShopID id.Shop
	}
	if err := s.tx.Raw("SELECT id, number, shop_id FROM orders WHERE id IN ?", ids).Scan(&rows).Error; err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	for _, r := range d.receipts {
		for _, o := range rows {
			if val(r.OrderID) == o.ID {
				r.OrderNumber, r.ShopID = o.Number, o.ShopID
			}
		}
	}
	return nil
}
