package desk

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
)

// Claim gives a parcel of unknown owner to the late case that turned out to explain it. It joins tx, so that the case claims in the transaction that brings it.
func (d *Desk) Claim(ctx context.Context, tx *gorm.DB, caseID id.Case, parcel id.Parcel) error {
	return d.ClaimBy(ctx, tx, caseID, parcel, 0)
}

// ClaimBy gives a parcel of unknown owner to the case that a person found for it, and judges its pieces anew: what the case awaits leaves custody for
// quarantine, the rest stays where it is under its new finding. Events and movements name the person; 0 is a case that claims by itself.
func (d *Desk) ClaimBy(ctx context.Context, tx *gorm.DB, caseID id.Case, parcel id.Parcel, by id.User) error {
	return d.claim(ctx, tx, target{Cases: []id.Case{caseID}}, parcel, by)
}

// ClaimOrderBy gives a parcel of unknown owner to an order that a person found for it: to its waiting cases, and where it has none as an advance receipt.
func (d *Desk) ClaimOrderBy(ctx context.Context, tx *gorm.DB, o id.Order, parcel id.Parcel, by id.User) error {
	return d.claim(ctx, tx, target{Orders: []id.Order{o}}, parcel, by)
}

// ClaimShipment gives a parcel of unknown owner to the late order whose shipment bears its number. What the buyer never signed for has come back whole; the rest is
// an advance receipt, or goes to the cases that wait.
func (d *Desk) ClaimShipment(ctx context.Context, tx *gorm.DB, waybill string, parcel id.Parcel) error {
	var ships []struct {
		ID    id.Shipment
		State string
	}
	if err := tx.WithContext(ctx).Raw("SELECT id, state FROM shipments WHERE waybill = ? ORDER BY id DESC LIMIT 1", waybill).Scan(&ships).Error; err != nil {
		return fmt.Errorf("read shipment: %w", err)
	}
	if len(ships) == 0 {
		return fault.New(fault.NotFound, "shipment_not_found", "there is no shipment %s", waybill)
	}
	t := target{Shipment: ships[0].ID}
	if ships[0].State == "delivered" {
		t = target{}
		if err := tx.WithContext(ctx).Raw("SELECT DISTINCT order_id FROM shipment_lines WHERE shipment_id = ? ORDER BY order_id", ships[0].ID).Scan(&t.Orders).Error; err != nil {
			return fmt.Errorf("orders of shipment: %w", err)
		}
	}
	return d.claim(ctx, tx, t, parcel, 0)
}

func (d *Desk) claim(ctx context.Context, tx *gorm.DB, t target, parcel id.Parcel, by id.User) error {
	s := d.office(ctx, tx)
	f, err := s.withParcel(parcel, keysOf(t)...)
	if err != nil {
		return err
	}
	s.bench.OperatorID = ref(by)
	if err := s.claimFor(f, t, by != 0); err != nil {
		return err
	}
	if f.parcel.State == receiving.Open { // what the bench was offered is settled
		if err := s.tx.Exec("UPDATE benches SET pending = '{}' WHERE id = ?", s.bench.ID).Error; err != nil {
			return fmt.Errorf("clear bench: %w", err)
		}
	}
	if f.parcel.State == receiving.Closed {
		s.out.closed = append(s.out.closed, f)
		for _, l := range f.missing() {
			l.Finding, l.dirty = string(receiving.Short), true
		}
	}
	return s.conclude()
}

// claimFor makes an unclaimed parcel one of a case, an order or a shipment, and judges its pieces anew. person: somebody chose it, so its number is learned.
func (s *session) claimFor(f *docket, t target, person bool) error {
	switch p := f.parcel; {
	case slices.Contains(receiving.Endings, p.State):
		return fault.New(fault.Conflict, "parcel_ended", "parcel %s has left the house: %s", p.Number(), p.State).With("state", p.State)
	case !p.Unclaimed():
		return fault.New(fault.Conflict, "parcel_claimed", "parcel %s has an owner already", p.Number())
	}
	if len(t.Cases) == 0 && len(t.Orders) > 0 {
		if err := s.casesOf(&t); err != nil {
			return err
		}
	}
	f.parcel.Kind = receiving.CustomerReturn
	var rows []awaitedRow
	var err error
	switch {
	case t.Shipment != 0:
		rows, err = s.shipped(f, t.Shipment)
	case len(t.Cases) > 0:
		rows, err = s.asked(f, t.Cases)
	default:
		err = s.ordersOf(f, t.Orders)
	}
	if err != nil {
		return err
	}
	for _, r := range rows {
		f.parcel.Expected += r.Quantity
	}
	if err := s.writeReceipts(f, rows); err != nil {
		return err
	}
	s.docket, f.orders, f.owner = f, false, ""
	if err := s.rejudge(); err != nil {
		return err
	}
	if person {
		for _, c := range t.Cases {
			if err := s.learnAlias(c); err != nil {
				return err
			}
		}
	}
	f.parcel.Version++
	s.out.touch(f)
	s.tellParcel("backdock.parcel.claimed.v1", f, event.Data{"cases": f.cases(), "orders": t.Orders, "state": f.parcel.State, "expected": f.parcel.Expected,
		"received": f.parcel.Received, "person": person})
	return nil
}

// rejudge takes each piece of the parcel in hand again.
func (s *session) rejudge() error {
	var units []inventory.Unit
	err := db.Lock(s.tx).Where("parcel_id = ? AND state = ? AND finding = ?", s.docket.parcel.ID, inventory.Custody, receiving.Unclaimed).Order("id").Find(&units).Error
	if err != nil {
		return fmt.Errorf("units of %s: %w", s.docket.parcel.Number(), err)
	}
	ordered, err := s.ordered()
	if err != nil {
		return err
	}
	for _, u := range units {
		was := s.docket.line(val(u.ReceiptLineID))
		if was == nil {
			return fmt.Errorf("unit %s stands on no line of %s", u.Plate, s.docket.parcel.Number())
		}
		sku, err := s.recognise(u, was.sku)
		if err != nil {
			return err
		}
		f, target := s.judgeAgain(u, sku, ordered)
		if err := s.turn(u, sku, f, was, target); err != nil {
			return err
		}
	}
	return nil
}

// recognise looks a piece up that nobody could name while its owner was unknown: several owners sell what bears its code, or only this one calls it so.
func (s *session) recognise(u inventory.Unit, sku catalogue.SKU) (catalogue.SKU, error) {
	if !sku.Placeholder {
		return sku, nil
	}
	owner := *s.docket.parcel.OwnerID
	hits, err := catalogue.Find(s.ctx, s.tx, owner, match.Of(s.o.Codes.Read(u.Scanned, "")).Codes)
	if err != nil {
		return sku, err
	}
	for _, h := range hits {
		if h.SKU.OwnerID == owner && h.Kind != catalogue.Carton {
			return h.SKU, nil
		}
	}
	if sku.OwnerID != owner { // nobody can name it still, but whose parcel it came in is known now
		if err := s.tx.Exec("UPDATE skus SET owner_id = ? WHERE id = ?", owner, sku.ID).Error; err != nil {
			return sku, fmt.Errorf("placeholder of %s: %w", u.Plate, err)
		}
		sku.OwnerID = owner
	}
	return sku, nil
}

// judgeAgain judges a piece anew. One that was noted as a forgery does not come to rest with our goods; one that stays in custody anyway keeps the word that says
// whose it is, as at the bench.
func (s *session) judgeAgain(u inventory.Unit, sku catalogue.SKU, ordered []id.SKU) (receiving.Finding, *line) {
	f, target := s.judgeProduct(u, sku, ordered)
	if u.Condition == string(receiving.Counterfeit) && (!f.Custody() || s.docket.sentByUs(f, target)) {
		return receiving.Counterfeit, nil
	}
	return f, target
}

// judgeProduct judges a piece by its product: the code it was scanned by is known by now.
func (s *session) judgeProduct(u inventory.Unit, sku catalogue.SKU, ordered []id.SKU) (receiving.Finding, *line) {
	if sku.Placeholder {
		return receiving.UnknownItem, nil
	}
	lines := s.docket.awaited()
	j := match.Judge(match.Scope{Lines: lines, Owner: *s.docket.parcel.OwnerID, Ordered: ordered}, match.Piece{Serial: u.Serial, Bare: u.Scanned},
		[]catalogue.Hit{{SKU: sku, Kind: catalogue.Own}})
	var target *line
	if j.Line >= 0 {
		target = s.docket.lines[j.Line]
	}
	switch j.Next {
	case match.PlusOne:
		return receiving.Extra, target
	case match.ScanSerial:
		if slices.Contains(target.serials, u.Scanned) {
			return receiving.Match, target
		}
		return receiving.SerialMismatch, target // which piece it is cannot be asked any more
	}
	return j.Finding, target
}

// turn writes a new finding: unit, counts, and the movement where the goods change their account.
func (s *session) turn(u inventory.Unit, sku catalogue.SKU, f receiving.Finding, was, target *line) error {
	now := s.lineFor(f, target, &sku)
	if was.Expected > 0 { // it was awaited without a case: now the case's line awaits it
		was.Expected--
		s.docket.parcel.Expected--
		s.docket.parcel.Received--
	}
	was.Received--
	now.Received++
	was.dirty, now.dirty = true, true
	now.plates = append(now.plates, u.Plate)
	was.plates = slices.DeleteFunc(was.plates, func(p string) bool { return p == u.Plate })
	if now.Expected > 0 {
		s.docket.parcel.Received++
	}
	if err := s.writeLines(); err != nil {
		return err
	}
	from, owner, named := u.Account, u.OwnerID, u.SKUID // where it stood
	u.OwnerID, u.SKUID = sku.OwnerID, sku.ID
	marked := f.Marked(u.Condition) // what the clerk noted while nobody knew the owner
	u.Finding, u.ReceiptLineID, u.MovedAt, u.Version = string(marked), &now.ID, s.at, u.Version+1
	if r := s.docket.receipt(now.ReceiptID); r != nil && r.CaseID != nil {
		u.CaseID = r.CaseID
	} else {
		u.CaseID = s.docket.receipts[len(s.docket.receipts)-1].CaseID
	}
	if f == receiving.Match {
		u.CaseLineID, u.OrderLineID = now.CaseLineID, now.OrderLineID
	}
	if from == inventory.InCustody { // goods that came in advance are ours, and may be on the shelf by now
		u.Title = "buyer"
		if !f.Custody() || s.docket.sentByUs(f, target) {
			u.Account, u.State, u.Title, u.ValueMinor = inventory.InQuarantine, inventory.Quarantine, "ours", sku.ValueMinor
		}
	}
	res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version-1).Updates(map[string]any{"finding": u.Finding, "receipt_line_id": u.ReceiptLineID,
		"owner_id": u.OwnerID, "sku_id": u.SKUID, "case_id": u.CaseID, "case_line_id": u.CaseLineID, "order_line_id": u.OrderLineID, "account": u.Account, "state": u.State, "title": u.Title,
		"value_minor": u.ValueMinor, "moved_at": u.MovedAt, "version": u.Version})
	if res.Error != nil {
		return fmt.Errorf("judge unit %s again: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return errMoved
	}
	move := func(owner id.Owner, sku id.SKU, from, to inventory.Account) {
		s.out.movements = append(s.out.movements, &movement{Movement: inventory.Movement{OwnerID: owner, WarehouseID: u.WarehouseID, SKUID: sku,
			FromAccount: from, ToAccount: to, Quantity: 1, UnitID: &u.ID, Cause: "claim", CauseRef: s.docket.parcel.Number(), ByUser: s.bench.OperatorID, At: s.at}})
	}
	switch {
	case sku.ID != named || sku.OwnerID != owner: // it leaves the books of the unnamed and enters those of what, and whose, it is
		move(owner, named, from, inventory.Customer)
		move(u.OwnerID, u.SKUID, inventory.Customer, u.Account)
	case u.Account != from:
		move(u.OwnerID, u.SKUID, from, u.Account)
	}
	s.docket.noteAs(u.Plate, marked)
	b := &booked{Unit: u, line: now, docket: s.docket, code: sku.Code}
	s.tellReceived(b)
	return nil
}

// learnAlias keeps what a person's act has taught: this number means that case.
func (s *session) learnAlias(c id.Case) error {
	p := s.docket.parcel
	if p.Waybill == "" {
		return nil
	}
	var n []int
	if err := s.tx.Raw("SELECT 1 FROM waybill_aliases WHERE number = ? AND case_id = ? LIMIT 1", p.Waybill, c).Scan(&n).Error; err != nil || len(n) > 0 {
		return err
	}
	a := receiving.Alias{Number: p.Waybill, Carrier: p.Carrier, Role: receiving.RoleReturn, CaseID: &c, ValidFrom: p.CreatedAt, Source: "claim"}
	if err := s.tx.Create(&a).Error; err != nil {
		return fmt.Errorf("learn waybill: %w", err)
	}
	return nil
}
