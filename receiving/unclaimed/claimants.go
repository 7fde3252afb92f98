package unclaimed

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/match"
)

// book is what the search reads about the orders it weighs up, by order.
type book struct {
	lines    map[id.Order][]match.Awaits
	serials  map[id.Order][]string
	shipped  map[id.Order]shipment
	carriers map[id.Order][]string
}

type shipment struct {
	packedG int
	at      time.Time
}

// caseRow is a case that may be a claimant.
type caseRow struct {
	ID          id.Case
	OrderID     *id.Order
	Number      string
	OrderNumber string
	Shop        string
	Goods       string
	Decision    string
	SubmittedAt time.Time
	DeadlineAt  *time.Time
}

// claimants makes one claimant of each case of the orders, and one of each order that has none waiting.
func claimants(tx *gorm.DB, orders []id.Order, orphans []id.Case) ([]match.Claimant, error) {
	if len(orders) == 0 && len(orphans) == 0 {
		return nil, nil
	}
	var heads []struct {
		ID           id.Order
		Number       string
		Shop         string
		BuyerTailIdx string
	}
	if err := tx.Raw("SELECT o.id, o.number, o.buyer_tail_idx, s.name AS shop FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.id IN ?", orders).Scan(&heads).Error; err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	cases, awaits, err := casesOf(tx, orders, orphans)
	if err != nil {
		return nil, err
	}
	b, err := readBook(tx, orders)
	if err != nil {
		return nil, err
	}
	var out []match.Claimant
	for _, o := range heads {
		base := match.Claimant{Order: o.ID, OrderNumber: o.Number, Shop: o.Shop, Serials: b.serials[o.ID], PackedG: b.shipped[o.ID].packedG, ShippedAt: b.shipped[o.ID].at,
			Carriers: b.carriers[o.ID], Tail: o.BuyerTailIdx}
		waiting := false
		for _, c := range cases {
			if c.OrderID == nil || *c.OrderID != o.ID {
				continue
			}
			k := c.claimant(base, awaits[c.ID])
			waiting = waiting || k.Waits
			out = append(out, k)
		}
		if !waiting {
			base.Awaits = b.lines[o.ID]
			out = append(out, base)
		}
	}
	for _, c := range cases {
		if c.OrderID == nil {
			out = append(out, c.claimant(match.Claimant{OrderNumber: c.OrderNumber, Shop: c.Shop}, awaits[c.ID]))
		}
	}
	return out, nil
}

func (c caseRow) claimant(base match.Claimant, awaits []match.Awaits) match.Claimant {
	base.Case, base.CaseNumber, base.Awaits = c.ID, c.Number, awaits
	base.Waits = slices.Contains([]string{"awaited", "in_transit", "at_dock", "part_received"}, c.Goods) && !slices.Contains([]string{"withdrawn", "rejected", "expired"}, c.Decision)
	base.AskedAt, base.Deadline = c.SubmittedAt.UTC(), zero(c.DeadlineAt)
	return base
}

// casesOf reads cases and what each of them still awaits. One that nothing is left to come for is no claimant.
func casesOf(tx *gorm.DB, orders []id.Order, orphans []id.Case) ([]caseRow, map[id.Case][]match.Awaits, error) {
	if len(orders) == 0 {
		orders = []id.Order{0}
	}
	if len(orphans) == 0 {
		orphans = []id.Case{0}
	}
	var rows []caseRow
	err := tx.Raw(`SELECT c.id, c.order_id, c.number, c.order_number, s.name AS shop, c.goods, c.decision, c.submitted_at, c.deadline_at FROM cases c JOIN shops s ON s.id = c.shop_id
 WHERE c.id IN (SELECT id FROM cases WHERE order_id IN ? UNION SELECT id FROM cases WHERE id IN ?) ORDER BY c.id`, orders, orphans).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	ids := make([]id.Case, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var lines []struct {
		CaseID   id.Case
		SKUID    id.SKU `gorm:"column:sku_id"`
		Quantity int
	}
	if err := tx.Raw("SELECT case_id, sku_id, quantity - received AS quantity FROM case_lines WHERE case_id IN ? AND received < quantity ORDER BY id", ids).Scan(&lines).Error; err != nil {
		return nil, nil, fmt.Errorf("lines of cases: %w", err)
	}
	awaits := map[id.Case][]match.Awaits{}
	for _, l := range lines {
		awaits[l.CaseID] = append(awaits[l.CaseID], match.Awaits{SKU: l.SKUID, Quantity: l.Quantity})
	}
	return slices.DeleteFunc(rows, func(r caseRow) bool { return len(awaits[r.ID]) == 0 }), awaits, nil
}

// readBook reads what went out for the orders.
func readBook(tx *gorm.DB, orders []id.Order) (book, error) {
	b := book{map[id.Order][]match.Awaits{}, map[id.Order][]string{}, map[id.Order]shipment{}, map[id.Order][]string{}}
	if len(orders) == 0 {
		return b, nil
	}
	var lines []struct {
		OrderID  id.Order
		SKUID    id.SKU `gorm:"column:sku_id"`
		Quantity int
	}
	err := tx.Raw(`SELECT order_id, COALESCE(shipped_sku_id, sku_id) AS sku_id, quantity FROM order_lines WHERE order_id IN ? AND kind <> 'freight' AND COALESCE(shipped_sku_id, sku_id) IS NOT NULL ORDER BY id`,
		orders).Scan(&lines).Error
	if err != nil {
		return b, fmt.Errorf("lines of orders: %w", err)
	}
	for _, l := range lines {
		b.lines[l.OrderID] = append(b.lines[l.OrderID], match.Awaits{SKU: l.SKUID, Quantity: l.Quantity})
	}
	var serials []struct {
		OrderID id.Order
		Serial  string
	}
	if err := tx.Raw("SELECT ol.order_id, ls.serial FROM line_serials ls JOIN order_lines ol ON ol.id = ls.order_line_id WHERE ol.order_id IN ? ORDER BY ls.serial", orders).Scan(&serials).Error; err != nil {
		return b, fmt.Errorf("serials of orders: %w", err)
	}
	for _, s := range serials {
		b.serials[s.OrderID] = append(b.serials[s.OrderID], s.Serial)
	}
	return b, b.readShipments(tx, orders)
}

func (b book) readShipments(tx *gorm.DB, orders []id.Order) error {
	var ships []struct {
		OrderID       id.Order
		Carrier       string
		PackedWeightG int
		ShippedAt     *time.Time
	}
	err := tx.Raw(`SELECT x.order_id, s.carrier, s.packed_weight_g, s.shipped_at FROM (SELECT DISTINCT order_id, shipment_id FROM shipment_lines WHERE order_id IN ?) x
 JOIN shipments s ON s.id = x.shipment_id ORDER BY s.id`, orders).Scan(&ships).Error
	if err != nil {
		return fmt.Errorf("shipments of orders: %w", err)
	}
	for _, s := range ships {
		b.shipped[s.OrderID] = shipment{s.PackedWeightG, zero(s.ShippedAt)}
		if s.Carrier != "" && !slices.Contains(b.carriers[s.OrderID], s.Carrier) {
			b.carriers[s.OrderID] = append(b.carriers[s.OrderID], s.Carrier)
		}
	}
	return nil
}
