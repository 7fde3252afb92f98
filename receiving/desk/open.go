package desk

import (
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/scanner"
)

// openTargets opens the parcel a number means, settles the one before, or asks which of several it is.
func (s *session) openTargets(a *answer, number string, targets []target) error {
	cases, err := s.casesOf(targets)
	if err != nil {
		return err
	}
	if s.parcel != nil && len(cases) > 0 && s.sameCase(cases) {
		return s.addAlias(a, number, cases[0].ID)
	}
	if len(targets) > 1 && !together(targets, cases) {
		return s.ask(a, number, targets, cases)
	}
	if ok, err := s.settle(a, number); !ok || err != nil {
		return err
	}
	if len(cases) > 0 {
		return s.openCases(a, number, targets[0].Carrier, cases)
	}
	return s.openBack(a, number, targets)
}

// casesOf locks the cases of the targets in id order.
func (s *session) casesOf(targets []target) ([]aftersales.Case, error) {
	var ids []id.Case
	for _, t := range targets {
		if t.Case != 0 && !slices.Contains(ids, t.Case) {
			ids = append(ids, t.Case)
		}
	}
	slices.Sort(ids)
	var out []aftersales.Case
	for _, c := range ids {
		locked, err := aftersales.Locked(s.ctx, s.tx, c)
		if err != nil {
			return nil, err
		}
		out = append(out, locked)
	}
	return out, nil
}

// together reports whether several targets are one consignment: cases of one order, or shipments only.
func together(targets []target, cases []aftersales.Case) bool {
	if len(cases) == 0 {
		return !slices.ContainsFunc(targets, func(t target) bool { return t.Order != 0 })
	}
	if slices.ContainsFunc(targets, func(t target) bool { return t.Case == 0 }) {
		return false
	}
	for _, c := range cases[1:] {
		if c.OrderID == nil || cases[0].OrderID == nil || *c.OrderID != *cases[0].OrderID {
			return false
		}
	}
	return true
}

func (s *session) sameCase(cases []aftersales.Case) bool {
	for _, c := range cases {
		if slices.ContainsFunc(s.parcel.cases, func(x aftersales.Case) bool { return x.ID == c.ID }) {
			return true
		}
	}
	return false
}

// addAlias ties another number to the open parcel: a second label of the same case.
func (s *session) addAlias(a *answer, number string, c id.Case) error {
	row := receiving.Alias{Number: number, Role: "return", CaseID: &c, ParcelID: &s.parcel.p.ID, ValidFrom: s.now, Source: "scan"}
	if err := s.tx.Create(&row).Error; err != nil {
		return fmt.Errorf("add waybill: %w", err)
	}
	s.parcel.dirty = true
	a.say(scanner.CodeAliasAdded, "waybill", number)
	a.effect(scanner.Effect{Kind: scanner.EffectAliasAdded, Parcel: s.parcel.number()})
	s.parcelEvent("alias_added", s.parcel, map[string]any{"waybill": number})
	return nil
}

// ask offers the candidates for CHOOSE:n.
func (s *session) ask(a *answer, number string, targets []target, cases []aftersales.Case) error {
	s.pending = pending{Number: number, Targets: targets}
	for i, t := range targets {
		c := scanner.Choice{N: i + 1, Waybill: number}
		for _, x := range cases {
			if x.ID == t.Case {
				c.Case, c.Order = x.Number, x.OrderNumber
				if err := s.tx.Table("shops").Select("name").Where("id = ?", x.ShopID).Limit(1).Scan(&c.Shop).Error; err != nil {
					return fmt.Errorf("shop %d: %w", x.ShopID, err)
				}
			}
		}
		if t.Order != 0 {
			if err := s.tx.Model(&order.Order{}).Select("number").Where("id = ?", t.Order).Limit(1).Scan(&c.Order).Error; err != nil {
				return fmt.Errorf("order %d: %w", t.Order, err)
			}
		}
		s.pending.Choices = append(s.pending.Choices, c)
	}
	a.say(scanner.CodeChoose, "count", itoa(int64(len(targets))))
	return nil
}

// settle makes room for another parcel: the open one is closed when nothing is missing, or short when the clerk insists. ok is false when it stays open.
func (s *session) settle(a *answer, number string) (ok bool, err error) {
	if s.parcel == nil {
		return true, nil
	}
	missing := s.parcel.missing()
	if (missing > 0 || s.parcel.p.Pieces == 0) && !s.insists(number, scanner.CodePreviousOpen) {
		s.refuseOpen(a, number)
		return false, nil
	}
	return true, s.closeParcel(a)
}

// refuseOpen says what the open parcel lacks.
func (s *session) refuseOpen(a *answer, number string) {
	zh, en := s.parcel.lacking()
	s.pending = pending{Insist: number, Why: scanner.CodePreviousOpen}
	a.say(scanner.CodePreviousOpen, "missing", itoa(int64(s.parcel.missing())), "names", zh, "names_en", en)
}

// openCases opens a parcel that cases await.
func (s *session) openCases(a *answer, number, carrier string, cases []aftersales.Case) error {
	o := s.newParcel("customer_return", number, carrier, &cases[0].OwnerID)
	code := scanner.CodeParcelOpened
	for _, c := range cases {
		if code == scanner.CodeParcelOpened && c.Over() {
			code = scanner.CodeCaseOver
		}
		if c.Money == "returned" || c.Money == "returned_elsewhere" {
			code = scanner.CodeRefundedAlready
		}
	}
	if code != scanner.CodeParcelOpened {
		o.p.Note = string(code)
	}
	if err := s.tx.Create(&o.p).Error; err != nil {
		return fmt.Errorf("open parcel: %w", err)
	}
	for _, c := range cases {
		if err := s.awaitCase(o, c); err != nil {
			return err
		}
		if slices.Contains([]string{"awaited", "in_transit", "not_needed", "waived", "written_off"}, c.Goods) {
			if _, err := aftersales.Move(s.ctx, s.tx, s.d.log, c.ID, aftersales.Change{Goods: "at_dock", By: deref(s.bench.OperatorID), Why: "parcel_opened"}); err != nil {
				return err
			}
		}
	}
	if err := s.tx.Model(&receiving.Alias{}).Where("number = ? AND case_id IN ? AND parcel_id IS NULL", number, caseIDs(cases)).Update("parcel_id", o.p.ID).Error; err != nil {
		return fmt.Errorf("tie waybill: %w", err)
	}
	return s.begin(a, o, code, "case", cases[0].Number)
}

func caseIDs(cases []aftersales.Case) []id.Case {
	out := make([]id.Case, len(cases))
	for i, c := range cases {
		out[i] = c.ID
	}
	return out
}

// awaitCase adds a receipt with what is still out of a case.
func (s *session) awaitCase(o *opened, c aftersales.Case) error {
	r := receiving.Receipt{ParcelID: o.p.ID, CaseID: &c.ID, OrderID: c.OrderID, CreatedAt: s.now}
	if err := s.tx.Create(&r).Error; err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	var lines []aftersales.CaseLine
	if err := s.tx.Where("case_id = ?", c.ID).Order("id").Find(&lines).Error; err != nil {
		return fmt.Errorf("lines of case %s: %w", c.Number, err)
	}
	for _, l := range lines {
		left := l.Quantity - l.Received
		if left <= 0 {
			continue
		}
		o.lines = append(o.lines, &line{caseID: &c.ID, deadline: c.DeadlineAt,
			ReceiptLine: receiving.ReceiptLine{ReceiptID: r.ID, ParcelID: o.p.ID, CaseLineID: &l.ID, OrderLineID: l.OrderLineID, SKUID: l.SKUID, Expected: left, Finding: "match"}})
		o.p.Expected += left
	}
	return nil
}

// openBack opens a parcel that comes back without a case: a shipment turned round, or goods of a known order in advance of any case.
func (s *session) openBack(a *answer, number string, targets []target) error {
	kind, byOrder, err := s.shippedGoods(targets)
	if err != nil {
		return err
	}
	var owner *id.Owner
	var ids []id.Order
	for o := range byOrder {
		ids = append(ids, o)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return s.openUnknown(a, number, targets[0].Carrier)
	}
	if err := s.tx.Model(&order.Order{}).Select("owner_id").Where("id = ?", ids[0]).Limit(1).Scan(&owner).Error; err != nil {
		return fmt.Errorf("order %d: %w", ids[0], err)
	}
	o := s.newParcel(kind, number, targets[0].Carrier, owner)
	if err := s.tx.Create(&o.p).Error; err != nil {
		return fmt.Errorf("open parcel: %w", err)
	}
	for _, of := range ids {
		r := receiving.Receipt{ParcelID: o.p.ID, OrderID: &of, Advance: true, CreatedAt: s.now}
		if err := s.tx.Create(&r).Error; err != nil {
			return fmt.Errorf("receipt: %w", err)
		}
		for _, l := range byOrder[of] {
			l.ReceiptID, l.ParcelID = r.ID, o.p.ID
			o.lines = append(o.lines, &line{ReceiptLine: l})
			o.p.Expected += l.Expected
		}
	}
	return s.begin(a, o, scanner.CodeParcelOpened)
}

// shippedGoods lists what the targets carried, by order, and the kind of parcel that makes.
func (s *session) shippedGoods(targets []target) (string, map[id.Order][]receiving.ReceiptLine, error) {
	kind, out := "customer_return", map[id.Order][]receiving.ReceiptLine{}
	add := func(of id.Order, l id.OrderLine, sku id.SKU, quantity int) {
		out[of] = append(out[of], receiving.ReceiptLine{OrderLineID: &l, SKUID: sku, Expected: quantity, Finding: "match"})
	}
	for _, t := range targets {
		var rows []struct {
			OrderID  id.Order
			ID       id.OrderLine
			SKU      id.SKU
			Quantity int
			State    string
		}
		q := s.tx.Table("order_lines l").Where("l.kind <> 'freight' AND l.sku_id IS NOT NULL").Order("l.id")
		if t.Shipment != 0 {
			q = q.Select("l.order_id, l.id, COALESCE(l.shipped_sku_id, l.sku_id) AS sku, x.quantity, sh.state").
				Joins("JOIN shipment_lines x ON x.order_line_id = l.id JOIN shipments sh ON sh.id = x.shipment_id").Where("x.shipment_id = ?", t.Shipment)
		} else {
			q = q.Select("l.order_id, l.id, COALESCE(l.shipped_sku_id, l.sku_id) AS sku, l.quantity, '' AS state").Where("l.order_id = ?", t.Order)
		}
		if err := q.Scan(&rows).Error; err != nil {
			return "", nil, fmt.Errorf("goods that come back: %w", err)
		}
		for _, r := range rows {
			add(r.OrderID, r.ID, r.SKU, r.Quantity)
			if slices.Contains([]string{"refused", "intercepted", "undeliverable"}, r.State) {
				kind = r.State
			} else if r.State == "intercept_requested" {
				kind = "intercepted"
			}
		}
	}
	return kind, out, nil
}

// openUnknown opens a parcel that nobody is known to own; its pieces are taken all the same.
func (s *session) openUnknown(a *answer, number, carrier string) error {
	if s.parcel != nil && number == "" && s.parcel.p.Kind == "unknown" && s.parcel.p.Pieces == 0 {
		a.say(scanner.CodeOwnerUnknownOpened, "waybill", "")
		return nil
	}
	key := number
	if key == "" {
		key = a.scan.Data
	}
	if ok, err := s.settle(a, key); !ok || err != nil {
		return err
	}
	o := s.newParcel("unknown", number, carrier, nil)
	if err := s.tx.Create(&o.p).Error; err != nil {
		return fmt.Errorf("open parcel: %w", err)
	}
	s.parcelOpened(a, o)
	a.say(scanner.CodeOwnerUnknownOpened, "waybill", number)
	return nil
}

func (s *session) newParcel(kind, number, carrier string, owner *id.Owner) *opened {
	return newOpened(receiving.Parcel{WarehouseID: s.site.ID, OwnerID: owner, Kind: kind, State: "open", Carrier: carrier, Waybill: number, CreatedAt: s.now, Version: 1})
}

// begin stores the lines of a new parcel, reads their context and puts it on the bench.
func (s *session) begin(a *answer, o *opened, code scanner.Code, more ...string) error {
	rows := make([]receiving.ReceiptLine, len(o.lines))
	for i, l := range o.lines {
		rows[i] = l.ReceiptLine
	}
	if len(rows) > 0 {
		if err := s.tx.Create(&rows).Error; err != nil {
			return fmt.Errorf("receipt lines: %w", err)
		}
	}
	var cases []id.Case
	var orders []id.Order
	for i, l := range o.lines {
		l.ID = rows[i].ID
	}
	var receipts []receiving.Receipt
	if err := s.tx.Where("parcel_id = ?", o.p.ID).Order("id").Find(&receipts).Error; err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	for _, r := range receipts {
		if r.CaseID != nil {
			cases = append(cases, *r.CaseID)
		}
		if r.OrderID != nil && !slices.Contains(orders, *r.OrderID) {
			orders = append(orders, *r.OrderID)
		}
	}
	if err := s.readContext(o, cases, orders); err != nil {
		return err
	}
	if err := s.readArticles(o); err != nil {
		return err
	}
	s.parcelOpened(a, o)
	a.say(code, append([]string{"waybill", o.p.Waybill, "expected", itoa(int64(o.p.Expected))}, more...)...)
	return nil
}

// parcelOpened puts a parcel on the bench and says so to the world.
func (s *session) parcelOpened(a *answer, o *opened) {
	s.enter(o)
	a.in = o
	a.effect(scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: o.number()})
	data := map[string]any{"kind": o.p.Kind, "expected": o.p.Expected}
	if len(o.cases) > 0 {
		data["cases"] = caseIDs(o.cases)
	}
	s.parcelEvent("opened", o, data)
}

// enter makes o the open parcel of the bench.
func (s *session) enter(o *opened) {
	o.p.State, o.p.BenchID, o.dirty = "open", &s.bench.ID, true
	if o.p.OpenedAt == nil {
		o.p.OpenedAt, o.p.OpenedBy = &s.now, s.bench.OperatorID
	}
	s.parcel, s.bench.OpenParcelID, s.pending = o, &o.p.ID, pending{}
}

// sayOpened repeats what is open, for a label that is scanned again.
func (s *session) sayOpened(a *answer, o *opened) {
	code := scanner.CodeParcelOpened
	switch {
	case o.p.Kind == "unknown":
		a.say(scanner.CodeOwnerUnknownOpened, "waybill", o.p.Waybill)
		return
	case o.p.Note != "":
		code = scanner.Code(o.p.Note)
	}
	more := []string{"waybill", o.p.Waybill, "expected", itoa(int64(o.p.Expected))}
	if len(o.cases) > 0 {
		more = append(more, "case", o.cases[0].Number)
	}
	a.say(code, more...)
}
