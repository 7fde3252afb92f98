package desk

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// opened is a parcel on a bench with all that judging a piece needs.
type opened struct {
	p        receiving.Parcel
	cases    []aftersales.Case
	orders   []order.Order
	lines    []*line
	goods    []orderGoods            // everything on the orders, awaited or not
	skus     map[id.SKU]*article     // of lines and goods
	serials  map[string]id.OrderLine // shipped on the orders
	owner    string
	last     *lastPiece
	touched  *line
	fallback id.Receipt // for pieces of a parcel that awaits nothing
	dirty    bool
}

// line is a row of the receipt: awaited pieces, or pieces nobody awaited (Expected 0).
type line struct {
	receiving.ReceiptLine
	sku       *article
	deadline  *time.Time
	caseID    *id.Case
	plates    []string
	condition string
	dirty     bool
}

// article is a SKU with the codes that name it.
type article struct {
	catalogue.SKU
	codes   []string // first the one to show
	cartons []string
}

// orderGoods is a line of an order of the parcel.
type orderGoods struct {
	line id.OrderLine
	sku  id.SKU
}

// lastPiece is the piece the clerk holds.
type lastPiece struct {
	unit      *booking // of this batch, or
	id        id.Unit  // an earlier one
	plate     string
	line      *line
	condition string
}

func (o *opened) number() string { return Number(o.p.ID) }

// Number is how people name a parcel.
func Number(p id.Parcel) string { return fmt.Sprintf("P%06d", int64(p)) }

// ParcelID reads a parcel number.
func ParcelID(number string) (id.Parcel, bool) {
	if len(number) < 2 || (number[0] != 'P' && number[0] != 'p') {
		return 0, false
	}
	n, err := strconv.ParseInt(number[1:], 10, 64)
	return id.Parcel(n), err == nil && n > 0
}

func (o *opened) missing() int { return max(0, o.p.Expected-o.p.Received) }

// lockParcel locks a parcel and reads its context, or takes what this process committed last if nothing has changed since.
func (s *session) lockParcel(p id.Parcel) (*opened, error) {
	var row receiving.Parcel
	if res := db.Lock(s.tx).Where("id = ?", p).Limit(1).Find(&row); res.Error != nil || res.RowsAffected == 0 {
		return nil, fmt.Errorf("lock parcel %s: %w", Number(p), res.Error)
	}
	// Taken out: a transaction that fails must not leave its traces in the shared copy.
	if v, ok := s.d.opened.LoadAndDelete(p); ok && v.(*opened).p.Version == row.Version {
		return v.(*opened), nil
	}
	o := newOpened(row)
	return o, s.readParcel(o)
}

func (s *session) readParcel(o *opened) error {
	var receipts []receiving.Receipt
	if err := s.tx.Where("parcel_id = ?", o.p.ID).Order("id").Find(&receipts).Error; err != nil {
		return fmt.Errorf("receipts of %s: %w", o.number(), err)
	}
	var lines []receiving.ReceiptLine
	if err := s.tx.Where("parcel_id = ?", o.p.ID).Order("id").Find(&lines).Error; err != nil {
		return fmt.Errorf("lines of %s: %w", o.number(), err)
	}
	caseOf := map[id.Receipt]*id.Case{}
	var cases []id.Case
	var orders []id.Order
	for _, r := range receipts {
		caseOf[r.ID] = r.CaseID
		if r.CaseID != nil {
			cases = append(cases, *r.CaseID)
		}
		if r.OrderID != nil {
			orders = append(orders, *r.OrderID)
		}
	}
	if err := s.readContext(o, cases, orders); err != nil {
		return err
	}
	for _, l := range lines {
		o.lines = append(o.lines, &line{ReceiptLine: l, caseID: caseOf[l.ReceiptID]})
	}
	if err := s.readArticles(o); err != nil {
		return err
	}
	return s.readPieces(o)
}

// readContext reads the cases and orders of a parcel, what the orders hold, and the serials shipped on them.
func (s *session) readContext(o *opened, cases []id.Case, orders []id.Order) error {
	if len(cases) > 0 {
		if err := s.tx.Where("id IN ?", cases).Order("id").Find(&o.cases).Error; err != nil {
			return fmt.Errorf("cases of %s: %w", o.number(), err)
		}
	}
	for _, c := range o.cases {
		if c.OrderID != nil && !slices.Contains(orders, *c.OrderID) {
			orders = append(orders, *c.OrderID)
		}
	}
	if o.p.OwnerID != nil {
		if err := s.tx.Model(&catalogue.Owner{}).Select("name").Where("id = ?", *o.p.OwnerID).Limit(1).Scan(&o.owner).Error; err != nil {
			return fmt.Errorf("owner of %s: %w", o.number(), err)
		}
	}
	if len(orders) == 0 {
		return nil
	}
	if err := s.tx.Where("id IN ?", orders).Order("id").Find(&o.orders).Error; err != nil {
		return fmt.Errorf("orders of %s: %w", o.number(), err)
	}
	var lines []order.Line
	if err := s.tx.Where("order_id IN ? AND sku_id IS NOT NULL", orders).Order("id").Find(&lines).Error; err != nil {
		return fmt.Errorf("order lines of %s: %w", o.number(), err)
	}
	ids := make([]id.OrderLine, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
		o.goods = append(o.goods, orderGoods{l.ID, *l.SKUID})
		if l.ShippedSKUID != nil && *l.ShippedSKUID != *l.SKUID {
			o.goods = append(o.goods, orderGoods{l.ID, *l.ShippedSKUID})
		}
	}
	var serials []order.Serial
	if err := s.tx.Where("order_line_id IN ?", ids).Find(&serials).Error; err != nil {
		return fmt.Errorf("serials of %s: %w", o.number(), err)
	}
	for _, r := range serials {
		o.serials[r.Serial] = r.OrderLineID
	}
	return nil
}

// readArticles reads the SKUs of lines and orders and ties the lines to them.
func (s *session) readArticles(o *opened) error {
	var want []id.SKU
	add := func(k id.SKU) {
		if o.skus[k] == nil && !slices.Contains(want, k) {
			want = append(want, k)
		}
	}
	for _, l := range o.lines {
		add(l.SKUID)
	}
	for _, g := range o.goods {
		add(g.sku)
	}
	found, err := articles(s.tx, want)
	if err != nil {
		return err
	}
	for _, a := range found {
		o.skus[a.ID] = a
	}
	deadlines := map[id.Case]*time.Time{}
	for _, c := range o.cases {
		deadlines[c.ID] = c.DeadlineAt
	}
	for _, l := range o.lines {
		l.sku = o.skus[l.SKUID]
		if l.caseID != nil {
			l.deadline = deadlines[*l.caseID]
		}
	}
	return nil
}

func articles(tx *gorm.DB, ids []id.SKU) ([]*article, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var skus []catalogue.SKU
	if err := tx.Where("id IN ?", ids).Find(&skus).Error; err != nil {
		return nil, fmt.Errorf("read SKUs: %w", err)
	}
	var codes []catalogue.Code
	if err := tx.Where("sku_id IN ?", ids).Order("kind, code").Find(&codes).Error; err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	out := make([]*article, len(skus))
	for i, k := range skus {
		a := &article{SKU: k}
		for _, c := range codes {
			switch {
			case c.SKUID != k.ID:
			case c.Kind == "carton":
				a.cartons = append(a.cartons, c.Code)
			default:
				a.codes = append(a.codes, c.Code)
			}
		}
		out[i] = a
	}
	return out, nil
}

// readPieces reads the plates of what the parcel holds, for the page, and the piece that came last.
func (s *session) readPieces(o *opened) error {
	var units []struct {
		ID            id.Unit
		Plate         string
		ReceiptLineID *id.ReceiptLine
		Condition     string
	}
	err := s.tx.Table("units").Select("id, plate, receipt_line_id, condition").Where("parcel_id = ? AND state <> 'undone'", o.p.ID).Order("id").Scan(&units).Error
	if err != nil {
		return fmt.Errorf("pieces of %s: %w", o.number(), err)
	}
	for _, u := range units {
		for _, l := range o.lines {
			if u.ReceiptLineID != nil && l.ID == *u.ReceiptLineID {
				l.plates = append(l.plates, u.Plate)
				l.condition = u.Condition
				o.last = &lastPiece{id: u.ID, plate: u.Plate, line: l, condition: u.Condition}
			}
		}
	}
	return nil
}
