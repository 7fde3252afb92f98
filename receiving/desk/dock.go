package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// doorstep is what a label at the dock says.
type doorstep struct {
	target           // waybill, courier, cases, shipment
	sure   bool      // the courier is certain
	may    []string  // couriers whose number it could be
	owner  *id.Owner // where all that it means is one owner's
	kind   string    // of the parcel
	old    bool      // the buyer has signed for this number: it is the label of the way out
}

// atTheDock takes a parcel in without opening it: one scan, one parcel.
func (s *session) atTheDock() (*ruling, error) {
	text := strings.TrimSpace(s.scan.Data)
	if n, ok := scanner.PlateNumber(text); ok {
		return s.showPlate(scanner.Plate(n))
	}
	if n, ok := receiving.ParseParcelNumber(text); ok {
		return s.dockNumber(n)
	}
	reading := s.o.Codes.Read(s.scan.Data, s.scan.Symbology)
	piece := match.Of(reading)
	if reading.Retailed() || piece.Box {
		return rule(scanner.CodeNotAWaybill, "code", text), nil
	}
	s.box = boxOf(reading)
	d, r, err := s.label(reading, piece, text)
	if r != nil || err != nil {
		return r, err
	}
	if r, err := s.elsewhere(d.target); r != nil || err != nil {
		return r, err
	}
	return s.admit(d)
}

// admit takes in what the label says, unless it is here already.
func (s *session) admit(d doorstep) (*ruling, error) {
	if err := s.exclude(d.target); err != nil {
		return nil, err
	}
	here, err := s.arrivals(target{Waybill: d.Waybill, Parcel: d.Parcel})
	if err != nil {
		return nil, err
	}
	a := pick(here, d.target)
	if a != nil && a.State != receiving.Expected {
		if r, err := s.seen(a); r != nil || err != nil {
			return r, err
		}
		a = nil // turned away once, and here again: a parcel of its own
	}
	if d.old && !s.insisted(scanner.CodeOldLabel) {
		s.doubt(scanner.CodeOldLabel)
		return rule(scanner.CodeOldLabel, "waybill", d.Waybill), nil
	}
	h, err := s.handover()
	if err != nil {
		return nil, err
	}
	if d.sure && h.Carrier != "" && d.Carrier != h.Carrier && !s.insisted(scanner.CodeOtherCarrier) {
		s.doubt(scanner.CodeOtherCarrier)
		return rule(scanner.CodeOtherCarrier, "waybill", d.Waybill, "carrier", d.Carrier, "now", h.Carrier), nil
	}
	if !d.sure && h.Carrier != "" && (h.Said || slices.Contains(d.may, h.Carrier)) {
		d.Carrier = h.Carrier
	}
	return s.takeIn(d, a)
}

// seen answers for a parcel that was here before; nil when a parcel that was turned away may come in now.
func (s *session) seen(a *arrival) (*ruling, error) {
	s.next.Docked = a.ID
	r := func(code scanner.Code) *ruling { return s.of(a, rule(code, "waybill", a.Waybill)) }
	switch {
	case a.WarehouseID != s.bench.WarehouseID:
		s.next.Docked = s.pending.Docked
		return s.of(a, rule(scanner.CodeOtherWarehouse)), nil
	case a.State == receiving.Open || a.State == receiving.Held:
		return r(scanner.CodeAlreadyOpened).with("bench", itoa(a.BenchNumber)), nil
	case a.State == receiving.Closed:
		return s.received(a)
	}
	var rows []receiving.Docking
	if err := s.tx.Where("parcel_id = ?", a.ID).Limit(1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("docking of %s: %w", a.Number(), err)
	}
	at, by := a.CreatedAt, (*id.User)(nil)
	reason := ""
	if len(rows) == 1 {
		at, by, reason = rows[0].At, rows[0].ByUser, val(rows[0].Reason)
	}
	if a.State == receiving.AtDock {
		clerk, err := s.names.clerk(s.ctx, s.tx, by)
		return r(scanner.CodeAlreadyAtDock).with("time", at.UTC().Format(time.RFC3339)).with("clerk", clerk), err
	}
	if s.insisted(scanner.CodeTurnedBefore) {
		return nil, nil
	}
	if len(rows) == 1 && rows[0].TurnedAt != nil {
		at = *rows[0].TurnedAt
	}
	s.doubt(scanner.CodeTurnedBefore)
	return r(scanner.CodeTurnedBefore).with("time", at.UTC().Format(time.RFC3339)).with("dock_reason", reason), nil
}

// takeIn makes the parcel stand at the dock, in the open hand-over. a is its row where it was expected.
func (s *session) takeIn(d doorstep, a *arrival) (*ruling, error) {
	h, err := s.begun()
	if err != nil {
		return nil, err
	}
	f := &docket{parcel: receiving.Parcel{WarehouseID: s.bench.WarehouseID, Kind: d.kind, OwnerID: d.owner, Carrier: d.Carrier, Waybill: d.Waybill, CreatedAt: s.at}}
	fresh := a == nil
	if !fresh {
		if f, err = s.standing(a.ID, receiving.Expected); err != nil {
			return nil, err
		}
		if f == nil {
			return nil, errMoved
		}
		f.parcel.Carrier = short(d.Carrier, f.parcel.Carrier)
	}
	f.parcel.Become(receiving.AtDock)
	if _, err := s.weigh(f, nil); err != nil {
		return nil, err
	}
	if err := s.stand(f, h, fresh); err != nil {
		return nil, err
	}
	if h.Carrier == "" && d.sure {
		h.Carrier = d.Carrier
	}
	h.change(1)
	s.bench.DayParcels++
	if err := s.lock(each(caseRank, d.Cases...)...); err != nil {
		return nil, err
	}
	for _, c := range slices.Sorted(slices.Values(d.Cases)) {
		if _, err := s.goods(c, "at_dock"); err != nil {
			return nil, err
		}
	}
	s.next.Docked = f.parcel.ID
	data := event.Data{"kind": f.parcel.Kind, "handover": h.ID, "carrier": f.parcel.Carrier, "cases": d.Cases}
	if s.box.Part > 0 {
		data["part"], data["parts"] = s.box.Part, s.box.Parts
	}
	s.tellParcel("backdock.parcel.docked.v1", f, weightData(f, data))
	return s.dockedRuling(f, h)
}

// stand writes the parcel and how it came in. One whose scan was taken back comes in anew under the same row.
func (s *session) stand(f *docket, h *handing, fresh bool) error {
	if fresh {
		if err := s.tx.Create(&f.parcel).Error; err != nil {
			return fmt.Errorf("dock parcel: %w", err)
		}
		f.stored = f.parcel.Version
		if err := s.keepBox(f.parcel.ID); err != nil {
			return err
		}
	} else {
		s.out.touch(f)
	}
	row := receiving.Docking{ParcelID: f.parcel.ID, HandoverID: h.ID, BenchID: s.bench.ID, At: s.at, ByUser: s.bench.OperatorID, Counted: true, CollectCurrency: "CNY"}
	save := s.tx.Create
	if !fresh {
		save = s.tx.Save
	}
	if err := save(&row).Error; err != nil {
		return fmt.Errorf("dock parcel %s: %w", f.parcel.Number(), err)
	}
	return nil
}

// dockedRuling words a parcel that was taken in.
func (s *session) dockedRuling(f *docket, h *handing) (*ruling, error) {
	r := rule(scanner.CodeDocked)
	switch p := f.parcel; {
	case p.Waybill == "":
		r = rule(scanner.CodeDockedNoLabel, "parcel", p.Number())
	case p.Kind == receiving.UnknownOwner:
		r = rule(scanner.CodeDockedUnknown)
	}
	r.with("waybill", f.parcel.Waybill).with("carrier", f.parcel.Carrier).with("count", itoa(h.Parcels))
	arrived, parts, err := consignment(s.tx, f.parcel.Waybill, s.box.Parts)
	if err != nil {
		return nil, err
	}
	if parts > 1 {
		r.with("arrived", itoa(arrived)).with("parts", itoa(parts))
	}
	r.parcel = f.parcel.ID
	return r.effect(scanner.Effect{Kind: scanner.EffectParcelDocked, Parcel: f.parcel.Number()}), nil
}

// label says what a label means at the dock: unlike at a bench it opens nothing, so that several candidates are no question here.
func (s *session) label(reading barcode.Reading, piece match.Piece, text string) (doorstep, *ruling, error) {
	d := doorstep{kind: receiving.UnknownOwner}
	rows, err := s.lookUp(numbersIn(s.o.Codes, reading), text)
	if err != nil {
		return d, nil, err
	}
	known := slices.IndexFunc(rows, func(f found) bool { return f.Kind != "case" && f.Kind != "order" })
	w, like := reading.Waybill(barcode.Low)
	switch {
	case known >= 0:
		d.Waybill, d.Carrier = rows[known].Number, rows[known].Carrier
		d.sure = d.Carrier != ""
		err = s.explain(&d, rows)
		return d, nil, err
	case len(rows) > 0:
		return d, rule(scanner.CodeNotAWaybill, "code", text), nil
	case !like && piece.PieceLike():
		return d, rule(scanner.CodeNotAWaybill, "code", text), nil
	case !like:
		return d, rule(scanner.CodeUnknownCode, "code", text), nil
	}
	// Thirteen digits may be a product as well as a waybill. The catalogue tells.
	hits, err := catalogue.Find(s.ctx, s.tx, 0, piece.Codes)
	if err != nil {
		return d, nil, err
	}
	if len(hits) > 0 {
		return d, rule(scanner.CodeNotAWaybill, "code", text).say(hits[0].SKU), nil
	}
	d.Waybill, d.Carrier = w.Number, w.Carrier
	d.sure = w.Carrier != "" && w.Confidence >= barcode.High
	for _, c := range reading.Waybills {
		d.may = append(d.may, c.Carrier)
	}
	return d, nil, nil
}

// explain fills in whose the parcel is and which cases it concerns.
func (s *session) explain(d *doorstep, rows []found) error {
	var shipment *found
	for i, f := range rows {
		switch {
		case f.CaseID != nil && f.Kind != "case":
			d.kind = receiving.CustomerReturn
			if !slices.Contains(d.Cases, *f.CaseID) {
				d.Cases = append(d.Cases, *f.CaseID)
			}
			d.Waybill, d.Since = f.Number, val(f.ValidFrom)
		case f.Kind == "outbound" && f.ShipmentID != nil && (shipment == nil || shipment.State == "delivered"):
			shipment = &rows[i]
		case f.ParcelID != nil && d.Parcel == 0:
			d.Parcel = *f.ParcelID // a second label of a box, or a number that stands on one
		}
	}
	if len(d.Cases) > 0 {
		return s.oneOwner(d, "SELECT DISTINCT owner_id FROM cases WHERE id IN ?", d.Cases)
	}
	if shipment == nil {
		return nil
	}
	d.Waybill, d.Carrier, d.Shipment = shipment.Number, shipment.Carrier, *shipment.ShipmentID
	d.old, d.sure = shipment.State == "delivered", d.Carrier != ""
	if d.kind = kindOf(shipment.State); d.old {
		d.kind = receiving.CustomerReturn
	}
	err := s.tx.Raw(`SELECT DISTINCT c.id FROM shipment_lines l JOIN case_lines k ON k.order_line_id = l.order_line_id JOIN cases c ON c.id = k.case_id
 WHERE l.shipment_id = ? AND c.goods IN ('awaited', 'in_transit') AND c.decision NOT IN ('withdrawn', 'rejected', 'expired') ORDER BY c.id`, d.Shipment).Scan(&d.Cases).Error
	if err != nil {
		return fmt.Errorf("cases of shipment: %w", err)
	}
	return s.oneOwner(d, "SELECT owner_id FROM shipments WHERE id IN ?", []id.Shipment{d.Shipment})
}

func (s *session) oneOwner(d *doorstep, sql string, ids any) error {
	var owners []id.Owner
	if err := s.tx.Raw(sql, ids).Scan(&owners).Error; err != nil {
		return fmt.Errorf("owner of parcel: %w", err)
	}
	if len(owners) == 1 {
		d.owner = &owners[0]
	}
	return nil
}

// dockNumber answers a parcel number: people write it on a box without a label.
func (s *session) dockNumber(p id.Parcel) (*ruling, error) {
	here, err := s.arrivals(target{Parcel: p})
	if err != nil {
		return nil, err
	}
	if len(here) == 0 {
		return rule(scanner.CodeUnknownCode, "code", s.scan.Data), nil
	}
	a := &here[0]
	if a.State == receiving.Expected && a.WarehouseID == s.bench.WarehouseID {
		d := doorstep{target: target{Waybill: a.Waybill, Carrier: a.Carrier, Parcel: a.ID}, kind: a.Kind}
		if d.Cases, err = s.casesUnder(&a.Parcel); err != nil {
			return nil, err
		}
		return s.takeIn(d, a)
	}
	if r, err := s.seen(a); r != nil || err != nil {
		return r, err
	}
	return s.takeIn(doorstep{target: target{Waybill: a.Waybill, Carrier: a.Carrier}, kind: a.Kind, owner: a.OwnerID}, nil)
}
