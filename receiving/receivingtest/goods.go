package receivingtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/scanner/barcode"
)

// SKU makes a product of the site's owner. What stands before the last dash of its code is its product, the rest its spec. Codes that are GTINs are kept as
// such.
func (s *Site) SKU(code string, codes ...string) catalogue.SKU {
	return s.SKUOf(s.Owner, code, codes...)
}

// SKUOf makes a product of any owner.
func (s *Site) SKUOf(o catalogue.Owner, code string, codes ...string) catalogue.SKU {
	s.T.Helper()
	product, spec := code, ""
	if i := strings.LastIndexByte(code, '-'); i > 0 {
		product, spec = code[:i], code[i+1:]
	}
	sku := catalogue.SKU{OwnerID: o.ID, Code: code, Product: product, Name: "品名 " + product, NameEn: product, Spec: spec, SpecEn: spec, Category: "apparel",
		ValueMinor: 5_000, Currency: "CNY"}
	s.Create(&sku)
	for _, c := range codes {
		s.Code(sku, c)
	}
	return sku
}

// Code adds a code to a product.
func (s *Site) Code(sku catalogue.SKU, code string) {
	s.T.Helper()
	row := catalogue.Code{OwnerID: sku.OwnerID, Code: code, SKUID: sku.ID, Kind: catalogue.Own}
	if g, ok := barcode.GTIN(code); ok {
		row.Code, row.Kind = catalogue.StoredGTIN(g), catalogue.GTIN
	}
	if strings.HasPrefix(code, "CTN") {
		row.Kind = catalogue.Carton
	}
	s.Create(&row)
}

// Phone makes a product whose pieces have serials.
func (s *Site) Phone(code string, codes ...string) catalogue.SKU {
	s.T.Helper()
	sku := s.SKU(code, codes...)
	s.Exec("UPDATE skus SET serial_tracked = TRUE WHERE id = ?", sku.ID)
	sku.SerialTracked = true
	return sku
}

// GTIN makes the n-th EAN-13 of the site, with its check digit.
func GTIN(n int) string {
	for d := range 10 {
		if s := fmt.Sprintf("690%09d%d", n, d); valid(s) {
			return s
		}
	}
	panic("no check digit")
}

func valid(s string) bool { _, ok := barcode.GTIN(s); return ok }

// Order is a delivered order with its lines.
type Order struct {
	order.Order
	Lines []order.Line
}

// Order makes a delivered order with one piece of each SKU; the same SKU several times makes one line.
func (s *Site) Order(number string, skus ...catalogue.SKU) Order {
	return s.OrderOf(s.Shop, number, skus...)
}

// OrderOf makes an order of any shop.
func (s *Site) OrderOf(h catalogue.Shop, number string, skus ...catalogue.SKU) Order {
	s.T.Helper()
	o := Order{Order: order.Order{OwnerID: h.OwnerID, ShopID: h.ID, Number: number, State: "delivered", Currency: "CNY", PlacedAt: Start.Add(-240 * time.Hour), Version: 1}}
	s.Create(&o.Order)
	for _, sku := range skus {
		if n := len(o.Lines); n > 0 && *o.Lines[n-1].SKUID == sku.ID {
			o.Lines[n-1].Quantity++
			continue
		}
		o.Lines = append(o.Lines, order.Line{OrderID: o.ID, LineNo: len(o.Lines) + 1, Kind: "goods", SKUID: &sku.ID, Quantity: 1, PriceMinor: 9_900})
	}
	for i := range o.Lines {
		o.Lines[i].PaidMinor = o.Lines[i].PriceMinor * int64(o.Lines[i].Quantity)
		s.Create(&o.Lines[i])
	}
	return o
}

// Serials records what went out on a line.
func (s *Site) Serials(l order.Line, serials ...string) {
	s.T.Helper()
	for _, x := range serials {
		s.Create(&order.Serial{OrderLineID: l.ID, Serial: x})
	}
}

// Shipment ships whole orders under one waybill.
func (s *Site) Shipment(waybill, state string, orders ...Order) order.Shipment {
	s.T.Helper()
	at := Start.Add(-200 * time.Hour)
	sh := order.Shipment{OwnerID: orders[0].OwnerID, Carrier: "sf", Waybill: waybill, State: state, ShippedAt: &at}
	s.Create(&sh)
	for _, o := range orders {
		for _, l := range o.Lines {
			s.Create(&order.ShipmentLine{ShipmentID: sh.ID, OrderID: o.ID, OrderLineID: l.ID, Quantity: l.Quantity})
		}
	}
	s.Create(&receiving.Alias{Number: waybill, Carrier: "sf", Role: receiving.RoleOutbound, ShipmentID: &sh.ID, ValidFrom: at, Source: "import"})
	return sh
}

// Back is what a buyer sends back.
type Back struct {
	Line     int // of the order, from 0
	Quantity int
}

// Case makes an approved return of an order with its waybills. No lines means the whole order.
func (s *Site) Case(number string, o Order, waybills []string, lines ...Back) aftersales.Case {
	s.T.Helper()
	c := aftersales.Case{OwnerID: o.OwnerID, ShopID: o.ShopID, Number: number, OrderID: &o.ID, OrderNumber: o.Number, Type: "return_refund", Reason: "changed_mind",
		BuyerWords: "不合适", Decision: "approved", Goods: "in_transit", Judgement: "none", Money: "none", Currency: "CNY", SubmittedAt: Start.Add(-48 * time.Hour), Version: 1}
	s.Create(&c)
	if len(lines) == 0 {
		for i, l := range o.Lines {
			lines = append(lines, Back{Line: i, Quantity: l.Quantity})
		}
	}
	for _, b := range lines {
		l := o.Lines[b.Line]
		s.Create(&aftersales.CaseLine{CaseID: c.ID, OrderLineID: &l.ID, SKUID: *l.SKUID, Quantity: b.Quantity, RequestedMinor: l.PriceMinor * int64(b.Quantity)})
	}
	for _, w := range waybills {
		s.Waybill(w, c.ID)
	}
	return c
}

// Waybill ties a return waybill to a case.
func (s *Site) Waybill(number string, c id.Case) {
	s.T.Helper()
	s.Create(&receiving.Alias{Number: number, Carrier: "sf", Role: receiving.RoleReturn, CaseID: &c, ValidFrom: Start.Add(-48 * time.Hour), Source: "import"})
}
