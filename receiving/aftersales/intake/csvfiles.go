package intake

import (
	"context"
	"fmt"
	"io"
	"iter"
)

// The columns of the three files. docs/import.md explains them; a test holds the two together.
var (
	catalogueColumns = []string{"owner", "sku", "product", "name", "name_en", "spec", "spec_en", "color", "category", "serial_tracked", "value", "currency", "weight_g",
		"gtin", "own_codes", "carton_codes"}
	orderColumns = []string{"shop", "order", "state", "currency", "placed_at", "buyer_name", "buyer_phone", "buyer_address", "line", "kind", "sku", "shipped_sku", "quantity",
		"price", "discount_shop", "discount_platform", "discount_points", "paid", "serials", "gateway", "account", "transaction_id", "out_trade_no", "captured", "amount",
		"carrier", "waybill", "shipped_quantity", "shipment_state", "packed_weight_g", "shipped_at", "delivered_at"}
	caseColumns = []string{"shop", "case", "order", "type", "reason", "buyer_words", "decision", "warehouse", "requested", "currency", "submitted_at", "deadline_at",
		"refunded_elsewhere", "line", "sku", "quantity", "line_requested", "carrier", "waybill", "waybill_role"}
)

// CatalogueCSV applies a CSV with one SKU a line.
func (im *Importer) CatalogueCSV(ctx context.Context, r io.Reader) (Report, error) {
	t, odd, err := openTable(r, catalogueColumns, []string{"owner", "sku", "name"})
	if err != nil {
		return broken(err), nil
	}
	items := grouped(t, skuKeyOf, readSKU, func(into *SKU, more SKU) { into.Codes = append(into.Codes, more.Codes...) })
	rep, err := run(ctx, im, items, im.skus())
	rep.warn(odd...)
	return rep, err
}

// OrdersCSV applies a CSV with one order line a line; lines of one order that follow each other are one record.
func (im *Importer) OrdersCSV(ctx context.Context, r io.Reader) (Report, error) {
	t, odd, err := openTable(r, orderColumns, []string{"shop", "order"})
	if err != nil {
		return broken(err), nil
	}
	rep, err := run(ctx, im, grouped(t, orderKeyOf, readOrder, mergeOrder), im.orders())
	rep.warn(odd...)
	return rep, err
}

// CasesCSV applies a CSV with one case line a line; lines of one case that follow each other are one record.
func (im *Importer) CasesCSV(ctx context.Context, r io.Reader) (Report, error) {
	t, odd, err := openTable(r, caseColumns, []string{"shop", "case", "type"})
	if err != nil {
		return broken(err), nil
	}
	rep, err := run(ctx, im, grouped(t, caseKeyOf, readCase, mergeCase), im.cases())
	rep.warn(odd...)
	return rep, err
}

// broken is the report of a file that could not even be begun.
func broken(err error) Report {
	rep := Report{Errors: []Problem{}, Warnings: []Problem{}}
	rep.fail(Problem{Row: 1, Code: "malformed", Message: err.Error()})
	return rep
}

// grouped joins consecutive rows with the same key into one record. One bad row spoils its record and no other: half an order is worse than none. A row that
// cannot be split into cells may have belonged to the record before it or to the one after, so it spoils both.
func grouped[T any](t *table, key func(T) string, read func(*row) T, merge func(*T, T)) iter.Seq2[item[T], error] {
	return func(yield func(item[T], error) bool) {
		var open *item[T]
		var unreadable []Problem
		for r, err := range t.rows() {
			if err != nil {
				if open == nil || yield(*open, nil) {
					yield(item[T]{row: r.line}, err)
				}
				return
			}
			if r.cells == nil {
				if open != nil {
					open.problems = append(open.problems, beside(open.row, r.line)...)
				}
				unreadable = r.problems
				if !yield(item[T]{row: r.line, problems: r.problems}, nil) {
					return
				}
				continue
			}
			rec := read(&r)
			it := item[T]{row: r.line, rec: rec, key: key(rec), problems: r.problems}
			if len(unreadable) > 0 {
				it.problems = append(it.problems, beside(r.line, unreadable[0].Row)...)
				unreadable = nil
			}
			if open != nil && open.key == it.key {
				merge(&open.rec, rec)
				open.problems = append(open.problems, it.problems...)
				continue
			}
			if open != nil && !yield(*open, nil) {
				return
			}
			open = &it
		}
		if open != nil {
			yield(*open, nil)
		}
	}
}

func beside(row, unreadable int) []Problem {
	return []Problem{{Row: row, Code: "beside_unreadable", Message: fmt.Sprintf("row %d cannot be read and may belong to this record", unreadable)}}
}

func readSKU(r *row) SKU {
	s := SKU{Owner: r.name("owner"), SKU: r.name("sku"), Product: r.name("product"), Name: r.text("name"), NameEN: r.text("name_en"), Spec: r.text("spec"), SpecEN: r.text("spec_en"),
		Color: r.text("color"), Category: r.text("category"), SerialTracked: r.flag("serial_tracked"), Currency: r.text("currency"), WeightG: r.number("weight_g")}
	s.ValueMinor = r.amount("value", s.Currency)
	for _, c := range []struct{ column, kind string }{{"gtin", GTIN}, {"own_codes", Own}, {"carton_codes", Carton}} {
		for _, code := range r.list(c.column) {
			s.Codes = append(s.Codes, Code{Code: code, Kind: c.kind})
		}
	}
	return s
}

func readOrder(r *row) Order {
	o := Order{Shop: r.name("shop"), Number: r.name("order"), State: r.text("state"), Currency: r.text("currency"), PlacedAt: r.moment("placed_at"),
		Buyer: Buyer{Name: r.text("buyer_name"), Phone: r.name("buyer_phone"), Address: r.text("buyer_address")}}
	line := r.number("line")
	if line > 0 {
		o.Lines = []OrderLine{{Line: line, Kind: r.text("kind"), SKU: r.name("sku"), ShippedSKU: r.name("shipped_sku"), Quantity: r.number("quantity"),
			PriceMinor: r.amount("price", o.Currency), DiscountShopMinor: r.amount("discount_shop", o.Currency), DiscountPlatformMinor: r.amount("discount_platform", o.Currency),
			DiscountPointsMinor: r.amount("discount_points", o.Currency), PaidMinor: r.amount("paid", o.Currency), Serials: r.list("serials")}}
	}
	if txn := r.name("transaction_id"); txn != "" {
		o.Payments = []Payment{{Gateway: r.text("gateway"), Account: r.name("account"), TransactionID: txn, OutTradeNo: r.name("out_trade_no"),
			CapturedMinor: r.amount("captured", o.Currency), AmountMinor: r.amount("amount", o.Currency)}}
	}
	if waybill := r.name("waybill"); waybill != "" {
		s := Shipment{Carrier: r.text("carrier"), Waybill: waybill, State: r.text("shipment_state"), PackedWeightG: r.number("packed_weight_g"), ShippedAt: r.moment("shipped_at"),
			DeliveredAt: r.moment("delivered_at")}
		if line > 0 {
			quantity := r.number("shipped_quantity")
			if quantity == 0 {
				quantity = o.Lines[0].Quantity
			}
			s.Lines = []ShipmentLine{{Line: line, Quantity: quantity}}
		}
		o.Shipments = []Shipment{s}
	}
	return o
}

// mergeOrder adds a further row of an order: its line, and its payment and shipment unless they were said before.
func mergeOrder(into *Order, more Order) {
	into.Lines = append(into.Lines, more.Lines...)
	if into.PlacedAt.IsZero() {
		into.PlacedAt = more.PlacedAt
	}
	for _, p := range more.Payments {
		if !hasPayment(into.Payments, p) {
			into.Payments = append(into.Payments, p)
		}
	}
	for _, s := range more.Shipments {
		same := false
		for i := range into.Shipments {
			if into.Shipments[i].Waybill == s.Waybill && into.Shipments[i].Carrier == s.Carrier {
				into.Shipments[i].Lines, same = append(into.Shipments[i].Lines, s.Lines...), true
			}
		}
		if !same {
			into.Shipments = append(into.Shipments, s)
		}
	}
}

func hasPayment(list []Payment, p Payment) bool {
	for _, have := range list {
		if have.Gateway == p.Gateway && have.Account == p.Account && have.TransactionID == p.TransactionID {
			return true
		}
	}
	return false
}

func readCase(r *row) Case {
	c := Case{Shop: r.name("shop"), Number: r.name("case"), Order: r.name("order"), Type: r.text("type"), Reason: r.text("reason"), BuyerWords: r.text("buyer_words"),
		Decision: r.text("decision"), Warehouse: r.name("warehouse"), Currency: r.text("currency"), SubmittedAt: r.moment("submitted_at"), DeadlineAt: r.moment("deadline_at")}
	c.RequestedMinor, c.RefundedElsewhereMinor = r.amount("requested", c.Currency), r.amount("refunded_elsewhere", c.Currency)
	if line, sku := r.number("line"), r.name("sku"); line > 0 || sku != "" {
		c.Lines = []CaseLine{{Line: line, SKU: sku, Quantity: r.number("quantity"), RequestedMinor: r.amount("line_requested", c.Currency)}}
	}
	if waybill := r.name("waybill"); waybill != "" {
		c.Waybills = []Waybill{{Carrier: r.text("carrier"), Number: waybill, Role: r.text("waybill_role")}}
	}
	return c
}

func mergeCase(into *Case, more Case) {
	into.Lines = append(into.Lines, more.Lines...)
	if into.SubmittedAt.IsZero() {
		into.SubmittedAt = more.SubmittedAt
	}
	for _, w := range more.Waybills {
		same := false
		for _, have := range into.Waybills {
			same = same || have == w
		}
		if !same {
			into.Waybills = append(into.Waybills, w)
		}
	}
}
