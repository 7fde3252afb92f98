package desk

import (
	"errors"
	"fmt"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
)

// booked is a unit that this transaction takes in. Ids that the database has not given yet are read from line and stand-in at the flush.
type booked struct {
	inventory.Unit
	line    *line
	docket  *docket
	standIn *catalogue.SKU // a placeholder made for this piece alone
	code    string         // SKU code, for effects
	stored  bool
}

// take does what the judge says of a piece in the open parcel.
func (s *session) take(p match.Piece, j match.Judgement) (*ruling, error) {
	d := s.docket
	var target *line
	if j.Line >= 0 {
		target = d.lines[j.Line]
	}
	if j.Serial != "" && j.Finding != "" {
		if r, err := s.serialTaken(target, j); r != nil || err != nil {
			return r, err
		}
	}
	switch j.Next {
	case match.ScanTag:
		return rule(scanner.CodeScanTheTag, "code", s.scan.Data).about(d), nil
	case match.ScanSerial:
		s.next.Asked = target.SKUID
		return rule(scanner.CodeScanSerial).say(target.sku).about(d), nil
	case match.PlusOne:
		s.next.Over = &overPiece{Line: target.ID, Serial: j.Serial, Data: s.scan.Data, Symbology: s.scan.Symbology, Plate: s.scan.Plate}
		d.last = target
		return rule(scanner.CodeOver, "expected", itoa(target.Expected)).say(target.sku).about(d), nil
	}
	u, err := s.book(j.Finding, target, j.SKU, p, j.Serial)
	if errors.Is(err, errBare) {
		return s.awaitPlate(j.SKU, target, nil), nil
	}
	if err != nil {
		return nil, err
	}
	r := s.taken(u, j, target)
	if j.Finding == receiving.Unclaimed {
		return r, s.propose()
	}
	return r, nil
}

// taken words the outcome of a booked piece.
func (s *session) taken(u *booked, j match.Judgement, target *line) *ruling {
	var r *ruling
	sku := u.line.sku
	switch j.Finding {
	case receiving.Match:
		r = rule(scanner.CodeMatched, "received", itoa(target.Received), "expected", itoa(target.Expected)).say(sku)
	case receiving.WrongSpec:
		r = rule(scanner.CodeWrongSpec, "want", short(target.sku.Spec, target.sku.Name), "want_en", short(target.sku.SpecEn, target.sku.NameEn),
			"got", short(sku.Spec, sku.Name), "got_en", short(sku.SpecEn, sku.NameEn))
	case receiving.SerialMismatch:
		r = rule(scanner.CodeSerialMismatch, "serial", j.Serial)
	case receiving.Undeclared:
		r = rule(scanner.CodeUndeclared).say(sku)
	case receiving.WrongItem:
		r = rule(scanner.CodeWrongItem).say(sku)
	case receiving.OtherSeller:
		r = rule(scanner.CodeOtherSeller).say(sku)
	case receiving.Unclaimed:
		r = rule(scanner.CodeUnclaimed, "code", s.scan.Data)
		if !sku.Placeholder {
			r.say(sku)
		}
	default:
		r = rule(scanner.CodeUnknownItem, "code", s.scan.Data)
	}
	if u.Account == inventory.InQuarantine && receiving.Finding(u.Finding).Custody() { // the shop sent it by mistake: it is ours
		r.Tone, r.Tote = yellow.tone, yellow.tote
	}
	return s.hand(r, u)
}

// hand attaches a booked unit to its outcome.
func (s *session) hand(r *ruling, u *booked) *ruling {
	r.unit, r.Plate = u, u.Plate
	r.effect(scanner.Effect{Kind: scanner.EffectUnitBooked, Plate: u.Plate, SKU: u.code, Stuck: s.preprinted()})
	s.next.Before = short(s.pending.Plate, s.pending.Before)
	s.next.Plate, s.next.Stick = u.Plate, !s.preprinted()
	return r.about(u.docket)
}

// book makes the unit, its movement and its event, and counts it. Nothing is written before the flush.
func (s *session) book(f receiving.Finding, target *line, sku *catalogue.SKU, p match.Piece, serial string) (*booked, error) {
	plate, err := s.plate()
	if err != nil {
		return nil, err
	}
	d := s.docket
	u := &booked{docket: d}
	switch {
	case sku == nil && target != nil:
		sku = &target.sku
	case sku == nil:
		if sku, err = s.standIn(plate); err != nil {
			return nil, err
		}
		u.standIn = sku
	}
	u.line = s.lineFor(f, target, sku)
	u.code = sku.Code
	account, state, title := inventory.InQuarantine, inventory.Quarantine, "ours"
	value := sku.ValueMinor
	if f.Custody() && !d.sentByUs(f, target) {
		account, state, title, value = inventory.InCustody, inventory.Custody, "buyer", 0
		if f == receiving.Unclaimed || f == receiving.OtherSeller || sku.Placeholder {
			title = "unknown"
		}
	}
	u.Unit = inventory.Unit{Plate: plate, OwnerID: sku.OwnerID, WarehouseID: s.bench.WarehouseID, SKUID: sku.ID, State: state, Account: account, Finding: string(f),
		Title: title, Serial: serial, Batch: p.Batch, Expiry: p.Expiry, Scanned: s.scan.Data, ParcelID: &d.parcel.ID, BenchID: &s.bench.ID, ReceivedAt: s.at,
		ReceivedBy: s.bench.OperatorID, ValueMinor: value, Currency: sku.Currency, MovedAt: s.at, Version: 1}
	if r := d.receipt(u.line.ReceiptID); r != nil {
		u.CaseID = r.CaseID
	}
	if f == receiving.Match {
		u.CaseLineID, u.OrderLineID = u.line.CaseLineID, u.line.OrderLineID
	}
	s.count(u, 1)
	s.serials.book(u)
	s.out.units = append(s.out.units, u)
	s.out.movements = append(s.out.movements, &movement{unit: u, Movement: inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID,
		FromAccount: inventory.Customer, ToAccount: account, Quantity: 1, Cause: "scan", CauseRef: s.key(), ByUser: s.bench.OperatorID, At: s.at}})
	s.tellReceived(u)
	return u, nil
}

func (s *session) tellReceived(u *booked) {
	e := s.fact("backdock.unit.received.v1", "unit/"+u.Plate, u.Version, u.OwnerID, event.Data{"plate": u.Plate, "sku": u.code, "finding": u.Finding,
		"account": u.Account, "parcel": u.docket.parcel.Number()})
	if u.CaseID != nil {
		e.Data["case"] = *u.CaseID
	}
	if u.CaseLineID != nil {
		e.Data["case_line"] = *u.CaseLineID
	}
	s.tell(func() event.Event {
		e.Data["unit"] = u.ID
		return e
	})
}

// count books a piece towards its line, its parcel and the bench's day, or takes it back.
func (s *session) count(u *booked, n int) {
	d, l := u.docket, u.line
	l.Received += n
	l.dirty = true
	if l.Expected > 0 {
		d.parcel.Received += n
	}
	d.parcel.Pieces += n
	d.parcel.Version++
	d.last = l
	if n > 0 {
		l.plates = append(l.plates, u.Plate)
		l.mark = ""
	}
	s.bench.DayPieces = max(0, s.bench.DayPieces+n)
	s.out.touch(d)
}

// lineFor finds or makes the line on which a piece counts. A piece that nobody awaited gets a line of its own kind, so that what came is told from what lacks.
func (s *session) lineFor(f receiving.Finding, target *line, sku *catalogue.SKU) *line {
	d := s.docket
	if f == receiving.Match {
		return target
	}
	for _, l := range d.lines {
		if l.Expected == 0 && l.Finding == string(f) && l.SKUID == sku.ID && !sku.Placeholder {
			return l
		}
	}
	l := &line{sku: *sku, fresh: true, codes: []string{s.scan.Data}}
	l.ReceiptLine = receiving.ReceiptLine{ParcelID: d.parcel.ID, SKUID: sku.ID, Finding: string(f), ReceiptID: d.receipts[0].ID}
	if target != nil {
		l.ReceiptID = target.ReceiptID
	} else if r := d.mistake(); r != nil && f == receiving.WrongItem {
		l.ReceiptID = r.ID
	}
	d.lines = append(d.lines, l)
	s.out.lines = append(s.out.lines, l)
	return l
}

// standIn makes the SKU that stands for one piece nobody can name.
func (s *session) standIn(plate string) (*catalogue.SKU, error) {
	owner := s.docket.parcel.OwnerID
	if owner == nil {
		o, err := s.names.stray(s.ctx, s.tx)
		if err != nil {
			return nil, err
		}
		owner = &o
	}
	sku := &catalogue.SKU{OwnerID: *owner, Code: "LPN-" + plate, Product: "LPN-" + plate, Name: "未识别商品", NameEn: "Unidentified item", Category: "general",
		Placeholder: true, Currency: "CNY"}
	s.out.standIns = append(s.out.standIns, sku)
	return sku, nil
}

// plate picks the plate of a piece: the one reserved at its capture where it is the station's own and unused, else one of the server's.
func (s *session) plate() (string, error) {
	if s.preprinted() {
		return s.rollPlate()
	}
	offered := s.scan.Plate
	if s.pending.Over != nil && offered == "" {
		offered = s.pending.Over.Plate
	}
	if n, ok := scanner.PlateNumber(offered); ok {
		ours, err := s.plates.Holds(s.ctx, s.tx, s.station, n)
		if err != nil {
			return "", err
		}
		plate := scanner.Plate(n)
		if ours {
			used, err := s.used(plate)
			if err != nil {
				return "", err
			}
			if !used {
				return plate, nil
			}
		}
	}
	if len(s.spare) == 0 {
		return "", errNoPlates
	}
	n := s.spare[0]
	s.spare = s.spare[1:]
	return scanner.Plate(n), nil
}

// errNoPlates sends a batch to single scans, which reserve enough.
var errNoPlates = fault.New(fault.Unavailable, "no_plates", "no license plate is at hand")

// used reports whether a unit has the plate. In a batch only this transaction is asked: the agent gives no plate out twice, and should one come twice all
// the same, the database refuses it and the batch falls to careful single scans.
func (s *session) used(plate string) (bool, error) {
	for _, u := range s.out.made {
		if u.Plate == plate {
			return true, nil
		}
	}
	for _, u := range s.out.units {
		if u.Plate == plate {
			return true, nil
		}
	}
	if !s.careful {
		return false, nil
	}
	var n int64
	if err := s.tx.Model(&inventory.Unit{}).Where("plate = ?", plate).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look for plate %s: %w", plate, err)
	}
	return n > 0, nil
}

// ordered reads the products on the parcel's orders, once per docket.
func (s *session) ordered() ([]id.SKU, error) {
	d := s.docket
	if d.orders {
		return d.ordered, nil
	}
	err := s.tx.Raw(`SELECT DISTINCT COALESCE(b.part_sku_id, l.shipped_sku_id, l.sku_id) FROM order_lines l
 LEFT JOIN bundle_parts b ON b.bundle_sku_id = COALESCE(l.shipped_sku_id, l.sku_id) WHERE l.kind <> 'freight' AND COALESCE(l.shipped_sku_id, l.sku_id) IS NOT NULL
 AND l.order_id IN (SELECT COALESCE(r.order_id, c.order_id) FROM receipts r LEFT JOIN cases c ON c.id = r.case_id WHERE r.parcel_id = ?)`, d.parcel.ID).Scan(&d.ordered).Error
	if err != nil {
		return nil, fmt.Errorf("read orders of parcel %s: %w", d.parcel.Number(), err)
	}
	d.orders = true
	return d.ordered, nil
}
