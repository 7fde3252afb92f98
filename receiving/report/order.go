package report

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// OrderRow is one order in a list. Nothing of the buyer is in it.
type OrderRow struct {
	Number           string    `json:"number"`
	Shop             string    `json:"shop"`
	ShopCode         string    `json:"shop_code"`
	Owner            string    `json:"owner"`
	State            string    `json:"state"`
	ReturnInProgress bool      `json:"return_in_progress"`
	RefundOverlay    string    `json:"refund_overlay" enum:",partially_refunded,refunded"`
	PlacedAt         time.Time `json:"placed_at"`
	Paid             Money     `json:"paid"`
	Refunded         Money     `json:"refunded"`
	Cases            int       `json:"cases"`
}

// OrderDetail is an order with its money, its parcels out and its cases.
type OrderDetail struct {
	OrderRow
	Lines     []OrderLine `json:"lines"`
	Payments  []Payment   `json:"payments"`
	Shipments []Shipment  `json:"shipments"`
	CaseList  []CaseBrief `json:"case_list"`
	Timeline  []Moment    `json:"timeline"`
	Version   int64       `json:"version"`
}

// OrderLine is one row of an order.
type OrderLine struct {
	LineNo           int    `json:"line_no"`
	Kind             string `json:"kind" enum:"goods,freight,gift"`
	SKU              string `json:"sku"`
	Name             string `json:"name"`
	NameEN           string `json:"name_en"`
	Spec             string `json:"spec"`
	SpecEN           string `json:"spec_en"`
	ShippedSKU       string `json:"shipped_sku"`
	ShippedSpec      string `json:"shipped_spec"`
	Quantity         int    `json:"quantity"`
	PaidMinor        int64  `json:"paid_minor"`
	ApprovedQuantity int    `json:"approved_quantity"`
	ApprovedMinor    int64  `json:"approved_minor"`
	ReservedMinor    int64  `json:"reserved_minor" doc:"refunds requested or on their way"`
	RefundedMinor    int64  `json:"refunded_minor"`
}

// Payment is one capture that covers the order or a part of it.
type Payment struct {
	Gateway        string `json:"gateway"`
	Account        string `json:"account"`
	TransactionID  string `json:"transaction_id"`
	Currency       string `json:"currency"`
	CapturedMinor  int64  `json:"captured_minor"`
	ReservedMinor  int64  `json:"reserved_minor"`
	RefundedMinor  int64  `json:"refunded_minor"`
	ElsewhereMinor int64  `json:"elsewhere_minor" doc:"refunds of other origin that were observed"`
	AmountMinor    int64  `json:"amount_minor" doc:"of this order"`
}

// Shipment is a parcel that went out.
type Shipment struct {
	Carrier     string     `json:"carrier"`
	Waybill     string     `json:"waybill"`
	State       string     `json:"state"`
	ShippedAt   *time.Time `json:"shipped_at,omitempty"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
}

// CaseBrief names a case and how it stands.
type CaseBrief struct {
	Number string    `json:"number"`
	Type   string    `json:"type"`
	Reason string    `json:"reason"`
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// OrderFilter narrows the list of orders.
type OrderFilter struct {
	Query string // order number from its start, or outbound waybill
	Phone string // blind index of the buyer's phone
	State string
}

type orderRow struct {
	ID                                             id.Order
	ShopID                                         id.Shop
	Number, Shop, ShopCode, Owner, State, Currency string
	ReturnInProgress                               bool
	RefundOverlay                                  string
	PlacedAt                                       time.Time
	PaidMinor, RefundedMinor                       int64
	Cases                                          int
	Version                                        int64
}

var orderColumns = auth.Columns{Warehouse: auth.Unlimited, Owner: "o.owner_id = ?", Shop: "o.shop_id = ?"}

const orderSelect = `
SELECT o.id, o.shop_id, o.number, s.name AS shop, s.code AS shop_code, w.code AS owner, o.state, o.currency, o.return_in_progress, o.refund_overlay, o.placed_at, o.version,
  COALESCE((SELECT CAST(SUM(l.paid_minor) AS BIGINT) FROM order_lines l WHERE l.order_id = o.id), 0) AS paid_minor,
  COALESCE((SELECT CAST(SUM(l.refunded_minor) AS BIGINT) FROM order_lines l WHERE l.order_id = o.id), 0) AS refunded_minor,
  (SELECT COUNT(*) FROM cases c WHERE c.order_id = o.id) AS cases
FROM orders o JOIN shops s ON s.id = o.shop_id JOIN owners w ON w.id = o.owner_id `

func (o orderRow) public() OrderRow {
	return OrderRow{Number: o.Number, Shop: o.Shop, ShopCode: o.ShopCode, Owner: o.Owner, State: o.State, ReturnInProgress: o.ReturnInProgress, RefundOverlay: o.RefundOverlay,
		PlacedAt: o.PlacedAt.UTC(), Paid: Money{o.PaidMinor, o.Currency}, Refunded: Money{o.RefundedMinor, o.Currency}, Cases: o.Cases}
}

// Orders lists orders, the newest first.
func (r *Reports) Orders(ctx context.Context, s auth.Scope, f OrderFilter, a Ask) (Page[OrderRow], error) {
	var q query
	within, args := s.SQL(orderColumns)
	q.and(within, args...)
	if f.State != "" {
		q.and("o.state = ?", f.State)
	}
	if text := strings.TrimSpace(f.Query); text != "" {
		q.and("(o.number LIKE ? ESCAPE '!' OR (o.buyer_phone_idx = ? AND o.buyer_phone_idx <> '') OR o.id IN (SELECT l.order_id FROM shipments h JOIN shipment_lines l ON l.shipment_id = h.id WHERE h.waybill = ?))",
			like(text)+"%", f.Phone, strings.ToUpper(text))
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[OrderRow]{}, err
	}
	if more {
		q.and("o.placed_at <= ? AND (o.placed_at < ? OR o.id < ?)", m.K, m.K, m.I)
	}
	rows, err := scan[orderRow](r.db.From(ctx), "orders", orderSelect+q.where()+" ORDER BY o.placed_at DESC, o.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(o orderRow) mark { return mark{K: o.PlacedAt.UTC(), I: int64(o.ID)} }), orderRow.public), err
}

func (r *Reports) orderNamed(ctx context.Context, s auth.Scope, number, shop string) (orderRow, error) {
	var q query
	within, args := s.SQL(orderColumns)
	q.and("o.number = ?", number)
	q.and(within, args...)
	if shop != "" {
		q.and("s.code = ?", shop)
	}
	return theOne[orderRow](r.db.From(ctx), "order", orderSelect+q.where(), q.args...)
}

// Order reads an order. Numbers are a shop's own: where several shops have it, shop says which.
func (r *Reports) Order(ctx context.Context, s auth.Scope, number, shop string) (*OrderDetail, error) {
	o, err := r.orderNamed(ctx, s, number, shop)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	d := &OrderDetail{OrderRow: o.public(), Version: o.Version}
	if d.Lines, err = list[OrderLine](tx, "order lines", `
SELECT l.line_no, l.kind, COALESCE(k.code, '') AS sku, COALESCE(k.name, '') AS name, COALESCE(k.name_en, '') AS name_en, COALESCE(k.spec, '') AS spec, COALESCE(k.spec_en, '') AS spec_en,
  COALESCE(g.code, k.code, '') AS shipped_sku, COALESCE(g.spec, k.spec, '') AS shipped_spec, l.quantity, l.paid_minor, l.approved_quantity, l.approved_minor, l.reserved_minor, l.refunded_minor
FROM order_lines l LEFT JOIN skus k ON k.id = l.sku_id LEFT JOIN skus g ON g.id = l.shipped_sku_id WHERE l.order_id = ? ORDER BY l.line_no`, o.ID); err != nil {
		return nil, err
	}
	if d.Payments, err = list[Payment](tx, "payments", `
SELECT p.gateway, p.account, p.transaction_id, p.currency, p.captured_minor, p.reserved_minor, p.refunded_minor, p.elsewhere_minor, x.amount_minor
FROM order_payments x JOIN payments p ON p.id = x.payment_id WHERE x.order_id = ? ORDER BY p.id`, o.ID); err != nil {
		return nil, err
	}
	if d.Shipments, err = list[Shipment](tx, "shipments", `
SELECT h.carrier, h.waybill, h.state, h.shipped_at, h.delivered_at FROM shipments h WHERE h.id IN (SELECT shipment_id FROM shipment_lines WHERE order_id = ?) ORDER BY h.id`, o.ID); err != nil {
		return nil, err
	}
	for i := range d.Shipments {
		utc(d.Shipments[i].ShippedAt, d.Shipments[i].DeliveredAt)
	}
	if d.CaseList, err = briefs(tx, "c.order_id = ?", o.ID); err != nil {
		return nil, err
	}
	d.Timeline, err = timeline(tx, "order/"+o.Number, o.ShopID)
	return d, err
}

// theOne is one for numbers that several shops may have: two rows are a conflict that names no shop the caller may not see.
func theOne[T any](tx *gorm.DB, what, sql string, args ...any) (T, error) {
	var none T
	rows, err := scan[T](tx, what, sql+" LIMIT 2", args...)
	switch {
	case err != nil:
		return none, err
	case len(rows) == 0:
		return none, fault.New(fault.NotFound, what+"_not_found", "there is no such %s", what)
	case len(rows) > 1:
		return none, fault.New(fault.Conflict, "number_ambiguous", "several shops have an %s of this number: add ?shop=CODE", what)
	}
	return rows[0], nil
}
