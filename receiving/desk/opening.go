package desk

import (
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/scanner"
)

// openFresh opens a parcel that nobody has seen before.
func (s *session) openFresh(t target, here []arrival) (*ruling, error) {
	d := &docket{parcel: receiving.Parcel{Kind: receiving.CustomerReturn, Carrier: t.Carrier, Waybill: t.Waybill}}
	var rows []awaitedRow
	var err error
	switch {
	case t.Shipment != 0:
		rows, err = s.shipped(d, t.Shipment)
	case len(t.Cases) > 0:
		rows, err = s.asked(d, t.Cases)
	default:
		err = s.ordersOf(d, t.Orders)
	}
	if err != nil {
		return nil, err
	}
	if len(t.Cases) > 0 && len(rows) == 0 && !s.insisted(scanner.CodeAlreadyReceived) {
		if i := slices.IndexFunc(here, func(a arrival) bool { return a.State == receiving.Closed }); i >= 0 {
			s.doubt(scanner.CodeAlreadyReceived)
			return s.received(&here[i])
		}
	}
	if _, err := s.weigh(d, sharesOf(rows)); err != nil {
		return nil, err
	}
	if err := s.enter(d, rows); err != nil {
		return nil, err
	}
	return s.opened(d, &scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: d.parcel.Number()})
}

// unpack opens a parcel that waits at the dock.
func (s *session) unpack(a *arrival, t target) (*ruling, error) {
	if err := s.lock(each(parcelRank, a.ID)...); err != nil {
		return nil, err
	}
	d, err := loadDocket(s.ctx, s.tx, a.ID)
	if err != nil {
		return nil, err
	}
	if len(d.receipts) == 0 {
		// The dock knew the waybill only. What it awaits is looked up now.
		fresh := &docket{parcel: d.parcel, stored: d.stored}
		if fresh.parcel.Kind == receiving.UnknownOwner && len(t.Cases)+len(t.Orders) > 0 {
			fresh.parcel.Kind = receiving.CustomerReturn
		}
		var rows []awaitedRow
		switch {
		case t.Shipment != 0:
			rows, err = s.shipped(fresh, t.Shipment)
		case len(t.Cases) > 0:
			rows, err = s.asked(fresh, t.Cases)
		case len(t.Orders) > 0:
			err = s.ordersOf(fresh, t.Orders)
		default:
			fresh.parcel.Kind = receiving.UnknownOwner
			fresh.receipts = []*receipt{{}}
		}
		if err == nil {
			err = s.reweigh(fresh, sharesOf(rows))
		}
		if err == nil {
			err = s.enter(fresh, rows)
		}
		d = fresh
	} else if err = s.reweigh(d, d.shares()); err == nil {
		if err = s.enter(d, nil); err == nil {
			err = s.atDock(d)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.opened(d, &scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: d.parcel.Number()})
}

// openUnknown opens a parcel whose owner nobody knows; its pieces are taken all the same.
func (s *session) openUnknown(number, carrier string) (*ruling, error) {
	t := target{Waybill: number, Carrier: carrier}
	if number != "" {
		if s.docket != nil && s.docket.parcel.Waybill == number {
			return s.opened(s.docket, nil)
		}
		if err := s.exclude(t); err != nil {
			return nil, err
		}
		here, err := s.arrivals(t)
		if err != nil {
			return nil, err
		}
		if a := pick(here, t); a != nil {
			return s.goTo(target{Waybill: number, Carrier: carrier, Parcel: a.ID})
		}
	}
	return s.settled(func() (*ruling, error) {
		d := &docket{parcel: receiving.Parcel{Kind: receiving.UnknownOwner, Carrier: carrier, Waybill: number}, receipts: []*receipt{{}}}
		if _, err := s.weigh(d, nil); err != nil {
			return nil, err
		}
		if err := s.enter(d, nil); err != nil {
			return nil, err
		}
		return rule(scanner.CodeOwnerUnknownOpened, "waybill", number).
			effect(scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: d.parcel.Number()}).about(d), nil
	})
}

// openStranger opens a parcel under a number that was looked up just now and means nothing. If a case has brought it meanwhile, the scan is decided again.
func (s *session) openStranger(number, carrier string) (*ruling, error) {
	if err := s.exclude(target{Waybill: number}); err != nil {
		return nil, err
	}
	var n []int
	err := s.tx.Raw("SELECT 1 FROM waybill_aliases WHERE number = ? AND case_id IS NOT NULL AND role <> 'outbound' AND (valid_to IS NULL OR valid_to > ?) LIMIT 1", number, s.at).Scan(&n).Error
	if err != nil {
		return nil, fmt.Errorf("look for number: %w", err)
	}
	if len(n) > 0 {
		return nil, errMoved
	}
	return s.openUnknown(number, carrier)
}

// enter makes the parcel the open one of this bench. A parcel without a row gets one with its receipts and lines.
func (s *session) enter(d *docket, rows []awaitedRow) error {
	p := &d.parcel
	p.Become(receiving.Open)
	p.BenchID, p.OpenedAt, p.OpenedBy, p.HeldAt = &s.bench.ID, ptr(s.at), s.bench.OperatorID, nil
	for _, r := range rows {
		p.Expected += r.Quantity
	}
	if p.ID == 0 {
		p.WarehouseID, p.CreatedAt = s.bench.WarehouseID, s.at
		if err := s.tx.Create(p).Error; err != nil {
			return fmt.Errorf("open parcel: %w", err)
		}
		d.stored = p.Version
		if err := s.keepBox(p.ID); err != nil {
			return err
		}
	} else {
		s.out.touch(d)
	}
	if err := s.writeReceipts(d, rows); err != nil {
		return err
	}
	s.docket = d
	s.bench.OpenParcelID = &p.ID
	s.next.Before = short(s.pending.Plate, s.pending.Before)
	s.next.Plate, s.next.Stick, s.next.Bare = "", false, nil
	s.tellParcel("backdock.parcel.opened.v1", d, weightData(d, event.Data{"kind": p.Kind, "expected": p.Expected}))
	return nil
}

func (s *session) writeReceipts(d *docket, rows []awaitedRow) error {
	var receipts []receiving.Receipt
	for _, r := range d.receipts {
		if r.ID == 0 {
			r.ParcelID, r.CreatedAt = d.parcel.ID, s.at
			receipts = append(receipts, r.Receipt)
		}
	}
	if len(receipts) == 0 {
		return nil
	}
	if err := s.tx.Create(&receipts).Error; err != nil {
		return fmt.Errorf("write receipts: %w", err)
	}
	for i, k := 0, 0; i < len(d.receipts); i++ {
		if d.receipts[i].ID == 0 {
			d.receipts[i].Receipt = receipts[k]
			k++
		}
	}
	if len(rows) == 0 {
		return nil
	}
	lines := make([]receiving.ReceiptLine, len(rows))
	for i, r := range rows {
		lines[i] = receiving.ReceiptLine{ReceiptID: d.receipts[r.receipt].ID, ParcelID: d.parcel.ID, CaseLineID: r.CaseLineID, OrderLineID: r.OrderLineID,
			SKUID: r.SKU.ID, Expected: r.Quantity, Finding: string(receiving.Match)}
		if r.Per > 0 { // the line counts pieces, the case line counts bundles
			lines[i].CaseLineID, lines[i].OrderLineID = nil, nil
		}
	}
	if err := s.tx.Create(&lines).Error; err != nil {
		return fmt.Errorf("write receipt lines: %w", err)
	}
	for i, r := range rows {
		l := &line{ReceiptLine: lines[i], sku: r.SKU, differs: r.Per == 0 && r.Ordered != nil && *r.Ordered != r.SKU.ID}
		if r.CaseLineID != nil {
			l.part = partOf(*r.CaseLineID, r.Per)
		}
		d.lines = append(d.lines, l)
	}
	if err := s.writeParts(d); err != nil {
		return err
	}
	return d.learnCodes(s.ctx, s.tx)
}

// awaitedRow is one line to await.
type awaitedRow struct {
	CaseLineID  *id.CaseLine
	OrderLineID *id.OrderLine
	CaseID      *id.Case
	OrderID     *id.Order
	Quantity    int
	Per         int // pieces in one bundle; 0: no part of one
	Ordered     *id.SKU
	SKU         catalogue.SKU `gorm:"embedded;embeddedPrefix:s_"`
	receipt     int
}

// asked awaits what the cases ask back and what has not come yet, in earlier parcels or in one that is open elsewhere.
func (s *session) asked(d *docket, cases []id.Case) ([]awaitedRow, error) {
	if err := s.takeCases(d, cases); err != nil {
		return nil, err
	}
	var rows []awaitedRow
	err := s.tx.Raw(`SELECT l.id AS case_line_id, l.order_line_id, l.case_id, CASE WHEN b.quantity IS NOT NULL THEN `+partsAwaited+`
 ELSE l.quantity - l.received - COALESCE((SELECT SUM(r.received) FROM receipt_lines r
 JOIN parcels p ON p.id = r.parcel_id WHERE r.case_line_id = l.id AND p.state IN ('open', 'held', 'at_dock')), 0) END AS quantity, COALESCE(b.quantity, 0) AS per, o.sku_id AS ordered, `+skuColumns+`
 FROM case_lines l LEFT JOIN bundle_parts b ON b.bundle_sku_id = l.sku_id JOIN skus s ON s.id = COALESCE(b.part_sku_id, l.sku_id) LEFT JOIN order_lines o ON o.id = l.order_line_id
 WHERE l.case_id IN ? ORDER BY l.case_id, l.id, s.id`, cases).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lines of cases: %w", err)
	}
	rows = slices.DeleteFunc(rows, func(r awaitedRow) bool { return r.Quantity <= 0 })
	for i := range rows {
		rows[i].receipt = slices.IndexFunc(d.receipts, func(r *receipt) bool { return r.CaseID != nil && *r.CaseID == *rows[i].CaseID })
	}
	return rows, nil
}

// takeCases reads the cases of a new parcel, says that their goods are here, and sets the remark that stands on the parcel.
func (s *session) takeCases(d *docket, cases []id.Case) error {
	if err := s.lock(each(caseRank, cases...)...); err != nil {
		return err
	}
	note, live := "", len(cases) == 0
	for _, c := range slices.Sorted(slices.Values(cases)) {
		k, err := s.goods(c, "at_dock")
		if err != nil {
			return err
		}
		r := &receipt{CaseNumber: k.Number, Reason: k.Reason, BuyerWords: k.BuyerWords, Decision: k.Decision, Goods: k.Goods, Money: k.Money, DeadlineAt: k.DeadlineAt,
			OrderNumber: k.OrderNumber, ShopID: k.ShopID}
		r.CaseID, r.OrderID = &k.ID, k.OrderID
		d.receipts = append(d.receipts, r)
		if d.parcel.OwnerID == nil {
			d.parcel.OwnerID = &k.OwnerID
		}
		if n := remark(k); n != "" {
			note = n
		} else {
			live = true // one live case is enough: money may follow
		}
	}
	switch {
	case d.parcel.Note == receiving.NoteJunk || d.parcel.Note == receiving.NoteEmptyBox: // what was in the box stays true
	case live:
		d.parcel.Note = ""
	default:
		d.parcel.Note = note
	}
	return nil
}

// remark tells why no money can follow for a case; empty when it can.
func remark(c aftersales.Case) string {
	switch {
	case c.Money == "returned" || c.Money == "returned_elsewhere":
		return receiving.NoteRefundedAlready
	case c.Over():
		return receiving.NoteCaseOver
	}
	return ""
}

// goods moves the goods of a case where the table allows it, and reads the case under its lock.
func (s *session) goods(c id.Case, to string) (aftersales.Case, error) {
	k, err := aftersales.Locked(s.ctx, s.tx, c)
	if err != nil {
		return k, err
	}
	if to == "at_dock" && k.Goods != "awaited" && k.Goods != "in_transit" && k.Goods != "not_needed" && k.Goods != "waived" && k.Goods != "written_off" {
		return k, nil // some of it is here already; that says more
	}
	moved, err := aftersales.Move(s.ctx, s.tx, s.log, c, aftersales.Change{Goods: to, By: s.operator()})
	if fault.Code(err) == "case_state" {
		return k, nil // the table's no changes nothing about the goods in the clerk's hands
	}
	return moved, err
}

// atDock says of every case of a parcel that its goods are here.
func (s *session) atDock(d *docket) error { return s.allGoods(d, "at_dock") }

// allGoods moves the goods of every case of a parcel, in id order.
func (s *session) allGoods(d *docket, to string) error {
	cases := d.cases()
	if err := s.lock(each(caseRank, cases...)...); err != nil {
		return err
	}
	for _, c := range cases {
		if _, err := s.goods(c, to); err != nil {
			return err
		}
	}
	return nil
}

// opened words the open parcel. effect is nil when it was open already.
func (s *session) opened(d *docket, effect *scanner.Effect) (*ruling, error) {
	var r *ruling
	first := ""
	for _, c := range d.receipts {
		if c.CaseNumber != "" && first == "" {
			first = c.CaseNumber
		}
	}
	switch {
	case d.parcel.Light && d.parcel.Pieces == 0:
		r = lightly(d.parcel)
	case d.parcel.OwnerID == nil:
		r = rule(scanner.CodeOwnerUnknownOpened, "waybill", d.parcel.Waybill)
	case d.parcel.Note == receiving.NoteCaseOver:
		r = rule(scanner.CodeCaseOver, "case", first)
	case d.parcel.Note == receiving.NoteRefundedAlready:
		r = rule(scanner.CodeRefundedAlready, "case", first)
	default:
		r = rule(scanner.CodeParcelOpened)
	}
	r.with("waybill", d.parcel.Waybill).with("expected", itoa(d.parcel.Expected))
	if effect != nil {
		r.effect(*effect)
	}
	return r.about(d), s.ofHowMany(d, r)
}

// tellParcel appends an event about a parcel at its present version.
func (s *session) tellParcel(kind string, d *docket, data event.Data) {
	if data == nil {
		data = event.Data{}
	}
	data["parcel"] = d.parcel.Number()
	e := s.fact(kind, "parcel/"+d.parcel.Number(), d.parcel.Version, val(d.parcel.OwnerID), data)
	s.tell(func() event.Event { return e })
}
