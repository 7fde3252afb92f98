package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
)

// docket is a parcel as the desk holds it: its row, its receipts and its lines. It belongs to whoever holds the lock of the bench where the parcel is open.
type docket struct {
	parcel   receiving.Parcel
	stored   int64 // version in the database
	receipts []*receipt
	lines    []*line
	ordered  []id.SKU // on its orders; see session.ordered
	orders   bool     // ordered was read
	owner    string   // name
	last     *line    // the row the last scan touched
	file     []match.Line
	odd      map[string]receiving.Finding // by plate: pieces that need a deduction or a dispute
}

// receipt ties the parcel to a case or an order.
type receipt struct {
	receiving.Receipt
	CaseNumber  string
	Reason      string
	BuyerWords  string
	Decision    string
	Goods       string
	Money       string
	DeadlineAt  *time.Time
	OrderNumber string
	ShopID      id.Shop
	ShopName    string
}

// line is a receipt line with what is needed to recognise its pieces and to show it.
type line struct {
	receiving.ReceiptLine
	sku     catalogue.SKU
	codes   []string
	serials []string
	plates  []string
	mark    string // condition of the last piece
	part    *part  // its pieces are parts of a bundle; nil: they are not
	differs bool   // it awaits what was shipped, which is not what was ordered
	fresh   bool   // not in the database yet
	dirty   bool
}

func loadDocket(ctx context.Context, tx *gorm.DB, p id.Parcel) (*docket, error) {
	d := &docket{}
	tx = tx.WithContext(ctx)
	if err := tx.Where("id = ?", p).Limit(1).Find(&d.parcel).Error; err != nil {
		return nil, fmt.Errorf("read parcel %d: %w", p, err)
	}
	if d.parcel.ID == 0 {
		return nil, fault.New(fault.NotFound, "parcel_not_found", "there is no parcel %s", receiving.ParcelNumber(p))
	}
	d.stored = d.parcel.Version
	if err := d.readReceipts(tx); err != nil {
		return nil, err
	}
	var rows []struct {
		receiving.ReceiptLine
		SKU     catalogue.SKU `gorm:"embedded;embeddedPrefix:s_"`
		Ordered *id.SKU
		Bundle  id.CaseLine
		Per     int
	}
	err := tx.Raw("SELECT l.*, o.sku_id AS ordered, COALESCE(x.case_line_id, 0) AS bundle, COALESCE(x.per_bundle, 0) AS per, "+skuColumns+` FROM receipt_lines l JOIN skus s ON s.id = l.sku_id
 LEFT JOIN order_lines o ON o.id = l.order_line_id LEFT JOIN bundle_lines x ON x.receipt_line_id = l.id WHERE l.parcel_id = ? ORDER BY l.id`, p).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read lines of parcel %d: %w", p, err)
	}
	for _, r := range rows {
		d.lines = append(d.lines, &line{ReceiptLine: r.ReceiptLine, sku: r.SKU, differs: r.Ordered != nil && *r.Ordered != r.SKUID, part: partOf(r.Bundle, r.Per)})
	}
	if err := d.learnCodes(ctx, tx); err != nil {
		return nil, err
	}
	return d, d.readPlates(tx)
}

func partOf(bundle id.CaseLine, per int) *part {
	if per == 0 {
		return nil
	}
	return &part{bundle, per}
}

const skuColumns = `s.id AS s_id, s.owner_id AS s_owner_id, s.code AS s_code, s.product AS s_product, s.name AS s_name, s.name_en AS s_name_en, s.spec AS s_spec,
 s.spec_en AS s_spec_en, s.color AS s_color, s.category AS s_category, s.serial_tracked AS s_serial_tracked, s.placeholder AS s_placeholder,
 s.value_minor AS s_value_minor, s.currency AS s_currency, s.weight_g AS s_weight_g`

func (d *docket) readReceipts(tx *gorm.DB) error {
	err := tx.Raw(`SELECT r.*, COALESCE(c.number, '') AS case_number, COALESCE(c.reason, '') AS reason, COALESCE(c.buyer_words, '') AS buyer_words,
 COALESCE(c.decision, '') AS decision, COALESCE(c.goods, '') AS goods, COALESCE(c.money, '') AS money, c.deadline_at,
 COALESCE(o.number, c.order_number, '') AS order_number, COALESCE(s.id, 0) AS shop_id, COALESCE(s.name, '') AS shop_name
 FROM receipts r LEFT JOIN cases c ON c.id = r.case_id LEFT JOIN orders o ON o.id = COALESCE(r.order_id, c.order_id)
 LEFT JOIN shops s ON s.id = COALESCE(c.shop_id, o.shop_id) WHERE r.parcel_id = ? ORDER BY r.id`, d.parcel.ID).Scan(&d.receipts).Error
	if err != nil {
		return fmt.Errorf("read receipts of parcel %d: %w", d.parcel.ID, err)
	}
	return nil
}

// learnCodes reads what names the pieces of the lines: codes, and serials where pieces have them.
func (d *docket) learnCodes(ctx context.Context, tx *gorm.DB) error {
	var skus []id.SKU
	var tracked []id.OrderLine
	for _, l := range d.lines {
		if !l.sku.Placeholder && !slices.Contains(skus, l.SKUID) {
			skus = append(skus, l.SKUID)
		}
		if l.sku.SerialTracked && l.OrderLineID != nil {
			tracked = append(tracked, *l.OrderLineID)
		}
	}
	codes, err := catalogue.CodesOf(ctx, tx, skus)
	if err != nil {
		return err
	}
	serials := map[id.OrderLine][]string{}
	if len(tracked) > 0 {
		var rows []struct {
			OrderLineID id.OrderLine
			Serial      string
		}
		if err := tx.Raw("SELECT order_line_id, serial FROM line_serials WHERE order_line_id IN ? ORDER BY serial", tracked).Scan(&rows).Error; err != nil {
			return fmt.Errorf("read serials of parcel %d: %w", d.parcel.ID, err)
		}
		for _, r := range rows {
			serials[r.OrderLineID] = append(serials[r.OrderLineID], r.Serial)
		}
	}
	for _, l := range d.lines {
		l.codes = append(slices.Clone(codes[l.SKUID]), l.sku.Code)
		l.serials = serials[val(l.OrderLineID)]
	}
	d.file = nil
	return nil
}

func (d *docket) readPlates(tx *gorm.DB) error {
	var rows []struct {
		Plate         string
		ReceiptLineID id.ReceiptLine
		Condition     string
		Finding       receiving.Finding
		Scanned       string
	}
	err := tx.Raw("SELECT plate, receipt_line_id, condition, finding, scanned FROM units WHERE parcel_id = ? AND state <> 'undone' AND receipt_line_id IS NOT NULL ORDER BY id", d.parcel.ID).
		Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read units of parcel %d: %w", d.parcel.ID, err)
	}
	for _, r := range rows {
		if l := d.line(r.ReceiptLineID); l != nil {
			if l.Expected == 0 && len(l.plates) == 0 {
				l.codes = []string{r.Scanned} // what was read from the piece says more than what could have been
			}
			l.plates = append(l.plates, r.Plate)
			l.mark = r.Condition
			d.noteAs(r.Plate, r.Finding)
		}
	}
	return nil
}

func (d *docket) line(i id.ReceiptLine) *line {
	for _, l := range d.lines {
		if l.ID == i && i != 0 {
			return l
		}
	}
	return nil
}

// awaited is the parcel as the judge sees it. Lines that nobody awaited stand in it with Expected 0, so that indexes fit.
func (d *docket) awaited() []match.Line {
	if len(d.file) != len(d.lines) {
		d.file = make([]match.Line, len(d.lines))
		for i, l := range d.lines {
			d.file[i] = match.Line{SKU: l.SKUID, Product: l.sku.Product, Codes: l.codes, Serials: l.serials, Tracked: l.sku.SerialTracked, Expected: l.Expected}
			if r := d.receipt(l.ReceiptID); r != nil && r.DeadlineAt != nil {
				d.file[i].Deadline = *r.DeadlineAt
			}
		}
	}
	for i, l := range d.lines {
		d.file[i].Received = l.Received
	}
	return d.file
}

func (d *docket) receipt(i id.Receipt) *receipt {
	for _, r := range d.receipts {
		if r.ID == i {
			return r
		}
	}
	return nil
}

// missing lists the awaited lines that lack pieces.
func (d *docket) missing() []*line {
	var out []*line
	for _, l := range d.lines {
		if l.Received < l.Expected {
			out = append(out, l)
		}
	}
	return out
}

// of reports whether the parcel belongs to the case.
func (d *docket) of(c id.Case) bool {
	return slices.ContainsFunc(d.receipts, func(r *receipt) bool { return r.CaseID != nil && *r.CaseID == c })
}

// ofOrder reports whether the parcel belongs to the order.
func (d *docket) ofOrder(o id.Order) bool {
	return slices.ContainsFunc(d.receipts, func(r *receipt) bool { return r.OrderID != nil && *r.OrderID == o })
}

// cases lists the cases of the parcel in id order, each once.
func (d *docket) cases() []id.Case {
	var out []id.Case
	for _, r := range d.receipts {
		if r.CaseID != nil {
			out = append(out, *r.CaseID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
