package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// piece is what a scan says about the thing in the clerk's hand.
type piece struct {
	sku    *article
	line   *line // awaited, when there is one
	serial string
	ours   bool // the serial was shipped on an order of the parcel
	batch  string
	expiry string
	code   string // as read
}

// keys are the forms under which a code may stand in the catalogue, the surest first.
func keys(r barcode.Reading, data string) []string {
	var out []string
	for _, k := range []string{gtin14(r.GTIN), gtin14(r.OtherGTIN), data, strings.ToUpper(data)} {
		if k != "" && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// gtin14 is the catalogue's form of a GTIN.
func gtin14(g string) string {
	if g == "" || len(g) >= 14 {
		return g
	}
	return strings.Repeat("0", 14-len(g)) + g
}

// is reports whether the code names the article.
func (k *article) is(codes []string) bool {
	for _, c := range codes {
		if k.Code == c || slices.Contains(k.codes, c) {
			return true
		}
	}
	return false
}

// read finds the piece among what the parcel's lines and orders know: by serial, then by code.
func (o *opened) read(r barcode.Reading, data string) (piece, bool) {
	p := piece{serial: r.Serial, batch: r.Batch, expiry: r.Expiry, code: data}
	for _, serial := range []string{r.Serial, r.IMEI, data} {
		if line, ok := o.serials[serial]; ok && serial != "" {
			for _, g := range o.goods {
				if g.line == line {
					p.sku, p.serial, p.ours = o.skus[g.sku], serial, true
					return p, true
				}
			}
		}
	}
	codes := keys(r, data)
	for _, k := range o.sorted() {
		if !k.Placeholder && k.is(codes) {
			p.sku = k
			return p, true
		}
	}
	return p, false
}

// sorted gives the parcel's articles in a fixed order: those of awaited lines first.
func (o *opened) sorted() []*article {
	var out []*article
	for _, l := range o.lines {
		if !slices.Contains(out, l.sku) {
			out = append(out, l.sku)
		}
	}
	for _, g := range o.goods {
		if k := o.skus[g.sku]; !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// awaited finds the open line a piece goes to: the earliest deadline, then the oldest. A serial that was not shipped on these orders is not awaited.
func (s *session) awaited(r barcode.Reading, data string) (piece, bool) {
	p, ok := s.parcel.read(r, data)
	if !ok || p.serial != "" && p.sku.SerialTracked && !p.ours {
		return p, false
	}
	var free []*line
	for _, l := range s.parcel.lines {
		if l.sku == p.sku && l.Received < l.Expected {
			free = append(free, l)
		}
	}
	if len(free) == 0 {
		return p, false
	}
	p.line = slices.MinFunc(free, func(x, y *line) int {
		switch {
		case x.deadline != nil && y.deadline != nil && !x.deadline.Equal(*y.deadline):
			return x.deadline.Compare(*y.deadline)
		case (x.deadline == nil) != (y.deadline == nil):
			return cmp.Compare(btoi(x.deadline == nil), btoi(y.deadline == nil))
		}
		return cmp.Compare(x.ID, y.ID)
	})
	return p, true
}

// match books an awaited piece.
func (s *session) match(a *answer, p piece) error {
	if taken, err := s.serialTaken(a, p); taken || err != nil {
		return err
	}
	p.line.Received++
	s.parcel.p.Received++
	if err := s.book(a, p, p.line, "match"); err != nil {
		return err
	}
	a.say(scanner.CodeMatched, p.sku.named("received", itoa(int64(p.line.Received)), "expected", itoa(int64(p.line.Expected)))...)
	return nil
}

// serialTaken answers to a serial that is here already.
func (s *session) serialTaken(a *answer, p piece) (bool, error) {
	if p.serial == "" {
		return false, nil
	}
	plate := ""
	for _, b := range s.units {
		if b.unit.Serial == p.serial && b.unit.SKUID == p.sku.ID {
			plate = b.unit.Plate
		}
	}
	if plate == "" {
		err := s.tx.Model(&inventory.Unit{}).Select("plate").Where("owner_id = ? AND sku_id = ? AND serial = ? AND state NOT IN ('undone', 'shipped', 'scrapped', 'outbound')",
			p.sku.OwnerID, p.sku.ID, p.serial).Limit(1).Scan(&plate).Error
		if err != nil {
			return false, fmt.Errorf("look for serial: %w", err)
		}
	}
	if plate != "" {
		a.say(scanner.CodeSerialTaken, "serial", p.serial, "plate", plate)
	}
	return plate != "", nil
}

// other judges a piece that the open parcel does not await. Nothing blocks the door: whatever is taken gets a unit.
func (s *session) other(a *answer, r barcode.Reading, data string) error {
	if s.parcel.p.OwnerID == nil {
		return s.unclaimed(a, r, data)
	}
	p, known := s.parcel.read(r, data)
	if !known {
		return s.foreign(a, r, data, p)
	}
	if taken, err := s.serialTaken(a, p); taken || err != nil {
		return err
	}
	if p.serial != "" && p.sku.SerialTracked && !p.ours {
		if err := s.bookExtra(a, p, "serial_mismatch"); err != nil {
			return err
		}
		a.say(scanner.CodeSerialMismatch, "serial", p.serial)
		return nil
	}
	expected := 0
	for _, l := range s.parcel.lines {
		if l.sku == p.sku {
			expected += l.Expected
		}
	}
	if expected > 0 {
		s.pending = pending{Over: data, OverSKU: p.sku.ID, Serial: p.serial}
		a.say(scanner.CodeOver, p.sku.named("expected", itoa(int64(expected)))...)
		return nil
	}
	if !s.onOrder(p.sku) { // known here only because the same wrong piece came before
		return s.mismatch(a, p)
	}
	if err := s.bookExtra(a, p, "undeclared"); err != nil {
		return err
	}
	a.say(scanner.CodeUndeclared, p.sku.named()...)
	return nil
}

func (s *session) onOrder(k *article) bool {
	return slices.ContainsFunc(s.parcel.goods, func(g orderGoods) bool { return g.sku == k.ID })
}

// foreign judges a piece that is neither awaited nor on the parcel's orders.
func (s *session) foreign(a *answer, r barcode.Reading, data string, p piece) error {
	if s.carton(a, r, data) {
		return nil
	}
	k, err := s.lookUp(r, data)
	if err != nil {
		return err
	}
	if k == nil {
		return s.unknown(a, r, data)
	}
	if slices.ContainsFunc(keys(r, data), func(c string) bool { return slices.Contains(k.cartons, c) }) {
		a.say(scanner.CodeScanTheTag, "code", short(data, 60))
		return nil
	}
	p.sku = k
	if taken, err := s.serialTaken(a, p); taken || err != nil {
		return err
	}
	return s.mismatch(a, p)
}

// carton answers to the code on the box of something this parcel awaits.
func (s *session) carton(a *answer, r barcode.Reading, data string) bool {
	codes := keys(r, data)
	for _, k := range s.parcel.sorted() {
		if slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(k.cartons, c) }) {
			a.say(scanner.CodeScanTheTag, "code", short(data, 60))
			return true
		}
	}
	return false
}

// mismatch books a known piece that is not the parcel's: another spec of an awaited product, something another bench awaits, or the wrong item.
func (s *session) mismatch(a *answer, p piece) error {
	for _, l := range s.parcel.lines {
		if l.Expected > 0 && l.sku.Product == p.sku.Product && l.sku.OwnerID == p.sku.OwnerID && p.sku.Product != "" {
			if err := s.bookExtra(a, p, "wrong_spec"); err != nil {
				return err
			}
			a.say(scanner.CodeWrongSpec, "want", spec(l.sku.Spec, l.sku.Name), "got", spec(p.sku.Spec, p.sku.Name), "want_en", spec(l.sku.SpecEn, l.sku.NameEn),
				"got_en", spec(p.sku.SpecEn, p.sku.NameEn))
			return nil
		}
	}
	var bench int
	err := s.tx.Raw(`SELECT b.number FROM receipt_lines l JOIN parcels p ON p.id = l.parcel_id JOIN benches b ON b.id = p.bench_id
		WHERE p.state = 'open' AND p.warehouse_id = ? AND b.id <> ? AND b.open_parcel_id = p.id AND l.sku_id = ? AND l.received < l.expected ORDER BY p.id LIMIT 1`,
		s.site.ID, s.bench.ID, p.sku.ID).Scan(&bench).Error
	if err != nil {
		return fmt.Errorf("who awaits the piece: %w", err)
	}
	// Another bench may await one just like it; insisting books it here.
	if bench != 0 && !(s.pending.Insist == p.code && s.pending.Why == scanner.CodeBelongsElsewhere) {
		s.pending = pending{Insist: p.code, Why: scanner.CodeBelongsElsewhere}
		a.say(scanner.CodeBelongsElsewhere, "bench", itoa(int64(bench)))
		return nil
	}
	if err := s.bookExtra(a, p, "wrong_item"); err != nil {
		return err
	}
	a.say(scanner.CodeWrongItem, p.sku.named()...)
	return nil
}

func spec(spec, name string) string {
	if spec == "" {
		return name
	}
	return spec
}

// unclaimed books a piece of a parcel whose owner nobody knows yet.
func (s *session) unclaimed(a *answer, r barcode.Reading, data string) error {
	k, err := s.lookUp(r, data)
	if err != nil {
		return err
	}
	if k == nil {
		return s.unknown(a, r, data)
	}
	p := piece{sku: k, serial: r.Serial, batch: r.Batch, expiry: r.Expiry, code: data}
	if taken, err := s.serialTaken(a, p); taken || err != nil {
		return err
	}
	if err := s.bookExtra(a, p, "unclaimed"); err != nil {
		return err
	}
	a.say(scanner.CodeUnclaimed, k.named()...)
	return nil
}

// unknown books a piece that nobody can name under a SKU of its own, or says that the code is no piece at all.
func (s *session) unknown(a *answer, r barcode.Reading, data string) error {
	if r.GTIN == "" && r.IMEI == "" && r.Serial == "" && r.Family != barcode.Retail {
		a.say(scanner.CodeUnknownCode, "code", short(data, 60))
		return nil
	}
	owner, err := s.anyOwner()
	if err != nil {
		return err
	}
	k := &article{SKU: catalogue.SKU{OwnerID: owner, Code: fmt.Sprintf("?%s-%d", s.producer.ID[:12], a.scan.Seq), Product: "", Name: "未知商品", NameEn: "Unknown item",
		Category: "general", Placeholder: true, Currency: "CNY"}, codes: []string{data}}
	if err := s.tx.Create(&k.SKU).Error; err != nil {
		return fmt.Errorf("placeholder SKU: %w", err)
	}
	if err := s.bookExtra(a, piece{sku: k, code: data}, "unknown_item"); err != nil {
		return err
	}
	a.say(scanner.CodeUnknownItem, "code", short(data, 60))
	return nil
}

// anyOwner is the parcel's owner, or the first one: a placeholder in custody belongs to nobody, but every unit has an owner column.
func (s *session) anyOwner() (id.Owner, error) {
	if s.parcel.p.OwnerID != nil {
		return *s.parcel.p.OwnerID, nil
	}
	var o id.Owner
	if err := s.tx.Model(&catalogue.Owner{}).Select("id").Order("id").Limit(1).Scan(&o).Error; err != nil || o == 0 {
		return 0, fmt.Errorf("no owner for a placeholder: %w", err)
	}
	return o, nil
}

// lookUp finds a code in the catalogue: the parcel's owner first, then anybody's. Not found is nil.
func (s *session) lookUp(r barcode.Reading, data string) (*article, error) {
	var codes []catalogue.Code
	if err := s.tx.Where("code IN ?", keys(r, data)).Order("owner_id, code").Find(&codes).Error; err != nil {
		return nil, fmt.Errorf("look up code: %w", err)
	}
	if len(codes) == 0 {
		return nil, nil
	}
	best := codes[0]
	for _, c := range codes {
		if s.parcel != nil && s.parcel.p.OwnerID != nil && c.OwnerID == *s.parcel.p.OwnerID {
			best = c
			break
		}
	}
	if s.parcel != nil && s.parcel.skus[best.SKUID] != nil {
		return s.parcel.skus[best.SKUID], nil
	}
	found, err := articles(s.tx, []id.SKU{best.SKUID})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// bookExtra books a piece on a line that awaits nothing, one line per SKU and finding.
func (s *session) bookExtra(a *answer, p piece, finding string) error {
	var at *line
	for _, l := range s.parcel.lines {
		if l.Expected == 0 && l.sku.ID == p.sku.ID && l.Finding == finding {
			at = l
		}
	}
	if at == nil {
		if err := s.ensureReceipt(); err != nil {
			return err
		}
		at = &line{ReceiptLine: receiving.ReceiptLine{ReceiptID: s.parcel.receipt(), ParcelID: s.parcel.p.ID, SKUID: p.sku.ID, Finding: finding}, sku: p.sku}
		s.parcel.lines = append(s.parcel.lines, at)
		s.parcel.skus[p.sku.ID] = p.sku
	}
	at.Received++
	return s.book(a, p, at, finding)
}

// placement says where a finding's pieces go and whose they are.
func placement(finding string) (inventory.State, inventory.Account, string) {
	switch finding {
	case "match", "extra", "undeclared":
		return inventory.Quarantine, inventory.InQuarantine, "ours"
	case "unclaimed", "unknown_item":
		return inventory.Custody, inventory.InCustody, "unknown"
	}
	return inventory.Custody, inventory.InCustody, "buyer"
}

// book gives a piece a unit.
func (s *session) book(a *answer, p piece, l *line, finding string) error {
	plate, err := s.plateFor(a.scan)
	if err != nil {
		return err
	}
	state, account, title := placement(finding)
	o := s.parcel
	u := inventory.Unit{Plate: plate, OwnerID: p.sku.OwnerID, WarehouseID: s.site.ID, SKUID: p.sku.ID, State: state, Account: account, Finding: finding, Title: title,
		Serial: p.serial, Batch: p.batch, Expiry: p.expiry, Scanned: short(p.code, 200), ParcelID: &o.p.ID, CaseID: l.caseID, CaseLineID: l.CaseLineID,
		OrderLineID: l.OrderLineID, BenchID: &s.bench.ID, ReceivedAt: s.now, ReceivedBy: s.bench.OperatorID, Currency: p.sku.Currency, MovedAt: s.now, Version: 1}
	if account == inventory.InQuarantine {
		u.ValueMinor = p.sku.ValueMinor
	}
	b := &booking{unit: u, line: l, ans: a, from: inventory.Customer}
	s.units = append(s.units, b)
	a.unit = b
	l.dirty, o.dirty = true, true
	l.plates = append(l.plates, plate)
	l.condition = ""
	o.p.Pieces++
	o.touched = l
	o.last = &lastPiece{unit: b, plate: plate, line: l}
	s.bench.DayPieces++
	s.pending = pending{}
	a.out.Plate = plate
	a.effect(scanner.Effect{Kind: scanner.EffectUnitBooked, Plate: plate, Parcel: o.number(), SKU: p.sku.Code})
	s.events = append(s.events, func() event.Event { return s.received(b, o) })
	return nil
}

func (s *session) received(b *booking, o *opened) event.Event {
	u := b.unit
	data := event.Data{"unit": u.ID, "plate": u.Plate, "sku": u.SKUID, "finding": u.Finding, "account": u.Account, "parcel": o.number(), "bench": s.bench.ID}
	if u.CaseID != nil {
		data["case"] = *u.CaseID
	}
	if u.CaseLineID != nil {
		data["case_line"] = *u.CaseLineID
	}
	return event.Event{Type: "backdock.unit.received.v1", Subject: "unit/" + u.Plate, Version: u.Version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID,
		ByUser: deref(u.ReceivedBy), Data: data}
}
