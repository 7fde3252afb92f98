package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// target is what a waybill, case or order number leads to.
type target struct {
	Waybill  string      `json:"waybill,omitempty"` // the number as scanned, when it is a waybill
	Carrier  string      `json:"carrier,omitempty"`
	Cases    []id.Case   `json:"cases,omitempty"`
	Orders   []id.Order  `json:"orders,omitempty"`
	Shipment id.Shipment `json:"shipment,omitempty"` // comes back as a whole
	Parcel   id.Parcel   `json:"parcel,omitempty"`
	Since    time.Time   `json:"since,omitzero"`   // the number means this from then on; couriers use numbers again
	Claims   bool        `json:"claims,omitempty"` // proposed owner of the open parcel: choosing it claims
	Of       id.Order    `json:"of,omitempty"`     // of a case that is proposed: its order's number means it as well
}

// found is one meaning of a number.
type found struct {
	Kind        string // return, outbound, platform, case, order, parcel
	Number      string
	Carrier     string
	CaseID      *id.Case
	ParcelID    *id.Parcel
	ShipmentID  *id.Shipment
	OrderID     *id.Order
	ValidFrom   *time.Time
	CaseOrder   *id.Order
	CaseNumber  string
	OrderNumber string
	Shop        string
	Buyer       string
	State       string // of the shipment
}

const foundSQL = `WITH f AS (
 SELECT a.role AS kind, a.number, a.carrier, a.case_id, a.parcel_id, a.shipment_id, CAST(NULL AS BIGINT) AS order_id, a.id AS alias_id FROM waybill_aliases a
  WHERE a.number IN @keys AND (a.valid_to IS NULL OR a.valid_to > @now)
 UNION ALL SELECT 'outbound', s.waybill, s.carrier, NULL, NULL, s.id, NULL, NULL FROM shipments s WHERE s.waybill IN @keys
 UNION ALL SELECT 'parcel', p.waybill, p.carrier, NULL, p.id, NULL, NULL, NULL FROM parcels p WHERE p.waybill IN @keys
 UNION ALL SELECT 'case', c.number, '', c.id, NULL, NULL, NULL, NULL FROM cases c WHERE c.number IN @texts
 UNION ALL SELECT 'order', o.number, '', NULL, NULL, NULL, o.id, NULL FROM orders o WHERE o.number IN @texts)
SELECT f.kind, f.number, f.carrier, f.case_id, f.parcel_id, f.shipment_id, f.order_id, a.valid_from, c.order_id AS case_order, COALESCE(c.number, '') AS case_number,
 COALESCE(o.number, c.order_number, '') AS order_number, COALESCE(h.name, '') AS shop, COALESCE(o.buyer_phone_idx, '') AS buyer, COALESCE(s.state, '') AS state
FROM f LEFT JOIN waybill_aliases a ON a.id = f.alias_id LEFT JOIN cases c ON c.id = f.case_id LEFT JOIN orders o ON o.id = COALESCE(f.order_id, c.order_id)
 LEFT JOIN shops h ON h.id = COALESCE(c.shop_id, o.shop_id) LEFT JOIN shipments s ON s.id = f.shipment_id ORDER BY f.case_id, f.order_id, f.shipment_id, f.parcel_id`

// number answers a waybill, a case number or an order number; nil when it is none that is known.
func (s *session) number(reading barcode.Reading, p match.Piece) (*ruling, error) {
	text := strings.TrimSpace(s.scan.Data)
	keys := numbersIn(s.o.Codes, reading)
	s.box = boxOf(reading)
	if n, ok := receiving.ParseParcelNumber(text); ok {
		if r, err := s.parcelNumber(n); r != nil || err != nil {
			return r, err
		}
	}
	if keys[0] == "" || len(text) > 200 && len(keys) == 1 {
		return nil, nil
	}
	rows, err := s.lookUp(keys, text)
	if err != nil {
		return nil, err
	}
	if r, err := s.slip(rows); r != nil || err != nil {
		return r, err
	}
	return s.meaning(rows)
}

// numbersIn lists the waybill numbers that a text may be, in their stored form.
func numbersIn(codes *barcode.Reader, reading barcode.Reading) []string {
	keys := []string{codes.Normalise(strings.TrimSpace(reading.Data))}
	for _, w := range reading.Waybills {
		if !slices.Contains(keys, w.Number) {
			keys = append(keys, w.Number)
		}
	}
	return keys
}

// lookUp finds what waybill numbers, or the text as a case or order number, mean. A box of a consignment that has a number of its own means what its parent's does.
func (s *session) lookUp(keys []string, text string) ([]found, error) {
	if err := s.sync(); err != nil {
		return nil, err
	}
	ask := func(keys []string) (rows []found, err error) {
		err = s.tx.Raw(foundSQL, map[string]any{"keys": keys, "texts": []string{text, strings.ToUpper(text)}, "now": s.at}).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("look for number: %w", err)
		}
		return rows, nil
	}
	rows, err := ask(keys)
	if err != nil || slices.ContainsFunc(rows, func(f found) bool { return f.CaseID != nil || f.ShipmentID != nil || f.OrderID != nil }) {
		return rows, err
	}
	up, err := s.parents(keys)
	if err != nil || len(up) == 0 {
		return rows, err
	}
	above, err := ask(up)
	for _, f := range above {
		if f.ParcelID == nil { // another box, whatever its number means
			f.Number = keys[0]
			rows = append(rows, f)
		}
	}
	return rows, err
}

func (s *session) parcelNumber(p id.Parcel) (*ruling, error) {
	var n []int
	if err := s.tx.Raw("SELECT 1 FROM parcels WHERE id = ?", p).Scan(&n).Error; err != nil || len(n) == 0 {
		return nil, err
	}
	return s.goTo(target{Parcel: p})
}

// meaning picks what a number means: a return before a parcel that is here, that before an outbound parcel, that before a case or an order.
func (s *session) meaning(rows []found) (*ruling, error) {
	of := func(kinds ...string) (out []found) {
		for _, r := range rows {
			if slices.Contains(kinds, r.Kind) {
				out = append(out, r)
			}
		}
		return out
	}
	back := slices.DeleteFunc(of("return", "platform", "case"), func(f found) bool { return f.CaseID == nil })
	numbered := func(f found) bool { return f.Kind == "case" }
	switch returns := slices.DeleteFunc(slices.Clone(back), numbered); {
	case len(of("platform")) > 0 && len(of("return")) == 0 && s.docket != nil && !slices.ContainsFunc(returns, func(f found) bool { return s.docket.of(*f.CaseID) }):
		return rule(scanner.CodeScanTheTag, "code", s.scan.Data).about(s.docket), nil
	case len(returns) > 0:
		return s.oneOf(returns)
	}
	if here := of("parcel", "return", "outbound"); len(here) > 0 {
		if i := slices.IndexFunc(here, func(f found) bool { return f.ParcelID != nil }); i >= 0 && len(of("outbound")) == 0 {
			return s.goTo(target{Waybill: here[i].Number, Carrier: here[i].Carrier, Parcel: *here[i].ParcelID})
		}
	}
	if out := of("outbound"); len(out) > 0 {
		return s.outbound(out)
	}
	if len(back) > 0 {
		return s.oneOf(back)
	}
	if orders := of("order"); len(orders) > 0 {
		return s.oneOf(orders)
	}
	return nil, nil
}

// oneOf goes to the one thing that several rows mean together, or lets the clerk choose. Cases of one order, or of one buyer, may share a box.
func (s *session) oneOf(rows []found) (*ruling, error) {
	var targets []target
	var choices []scanner.Choice
	groups := map[string]int{}
	for _, f := range rows {
		key := "case:" + itoa(val(f.CaseID)) + " order:" + itoa(val(f.OrderID))
		switch {
		case f.CaseID != nil && f.Buyer != "":
			key = "buyer:" + f.Buyer
		case f.CaseOrder != nil:
			key = "of:" + itoa(*f.CaseOrder)
		}
		i, ok := groups[key]
		if !ok {
			i = len(targets)
			groups[key] = i
			t := target{Carrier: f.Carrier}
			if f.Kind != "case" && f.Kind != "order" {
				t.Waybill = f.Number
				if f.ValidFrom != nil {
					t.Since = *f.ValidFrom
				}
			}
			targets = append(targets, t)
			choices = append(choices, scanner.Choice{N: i + 1, Order: f.OrderNumber, Case: f.CaseNumber, Shop: f.Shop, Waybill: t.Waybill})
		}
		if f.CaseID != nil && !slices.Contains(targets[i].Cases, *f.CaseID) {
			targets[i].Cases = append(targets[i].Cases, *f.CaseID)
		}
		if f.OrderID != nil {
			targets[i].Orders = append(targets[i].Orders, *f.OrderID)
		}
	}
	if len(targets) == 1 {
		return s.goTo(targets[0])
	}
	s.next.Choices, s.next.Targets = choices, targets
	s.next.Waybill, s.next.Carrier = targets[0].Waybill, targets[0].Carrier
	return rule(scanner.CodeChoose, "count", itoa(len(targets))).about(s.docket), nil
}

// outbound answers the number of a parcel that once went out. What the buyer has signed for comes back under another number; this one is an old label, unless
// the clerk insists. What was never signed for comes back whole.
func (s *session) outbound(rows []found) (*ruling, error) {
	var signed, whole *found
	for i := range rows {
		switch {
		case rows[i].ShipmentID == nil:
		case rows[i].State == "delivered":
			signed = &rows[i]
		default:
			whole = &rows[i]
		}
	}
	if whole != nil {
		return s.goTo(target{Waybill: whole.Number, Carrier: whole.Carrier, Shipment: *whole.ShipmentID, Since: val(whole.ValidFrom)})
	}
	if !s.insisted(scanner.CodeOldLabel) {
		s.doubt(scanner.CodeOldLabel)
		s.next.Waybill, s.next.Carrier = rows[0].Number, rows[0].Carrier
		return rule(scanner.CodeOldLabel, "waybill", rows[0].Number).about(s.docket), nil
	}
	if signed == nil {
		i := slices.IndexFunc(rows, func(f found) bool { return f.CaseID != nil })
		if i < 0 {
			return nil, nil
		}
		return s.goTo(target{Waybill: rows[i].Number, Carrier: rows[i].Carrier, Cases: []id.Case{*rows[i].CaseID}})
	}
	t := target{Waybill: signed.Number, Carrier: signed.Carrier}
	err := s.tx.Raw("SELECT DISTINCT order_id FROM shipment_lines WHERE shipment_id = ? ORDER BY order_id", *signed.ShipmentID).Scan(&t.Orders).Error
	if err != nil {
		return nil, fmt.Errorf("orders of shipment: %w", err)
	}
	return s.goTo(t)
}
