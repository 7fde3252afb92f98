package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// dockControl obeys a control barcode at the dock. What is about a parcel is about the one scanned last.
func (s *session) dockControl(verb, value string) (*ruling, error) {
	known := map[string]func() (*ruling, error){
		scanner.Done:      func() (*ruling, error) { return s.closeHandover(value) },
		scanner.Undo:      s.undo,
		scanner.Carrier:   func() (*ruling, error) { return s.sayCarrier(strings.ToLower(value)) },
		scanner.Collect:   func() (*ruling, error) { return s.collect(value) },
		scanner.Condition: func() (*ruling, error) { return s.boxCondition(strings.ToLower(value)) },
		scanner.Refuse: func() (*ruling, error) {
			return s.turnAway(receiving.RefusedAtDock, scanner.CodeRefusedAtDock, value, "damaged")
		},
		scanner.HandBack: func() (*ruling, error) {
			return s.turnAway(receiving.HandedBack, scanner.CodeHandedBack, value, "misdelivered")
		},
		scanner.NoLabel:   func() (*ruling, error) { return s.takeIn(doorstep{kind: receiving.UnknownOwner}, nil) },
		scanner.Exception: s.dockException,
	}
	if act, ok := known[verb]; ok {
		return act()
	}
	if slices.Contains(otherControls, verb) || slices.Contains(benchControls, verb) {
		return s.notHere()
	}
	s.next = s.pending
	return rule(scanner.CodeControlUnknown, "code", s.scan.Data), nil
}

// benchControls are for pieces, which the dock never sees.
var benchControls = []string{scanner.PlusOne, scanner.UnknownOwner, scanner.Hold, scanner.Resume, scanner.Empty, scanner.Choose, scanner.Photo}

// inHand locks the parcel that the dock scanned last; nil when there is none, or it has been taken to a bench.
func (s *session) inHand() (*docket, error) {
	if s.pending.Docked == 0 {
		return nil, nil
	}
	return s.standing(s.pending.Docked, receiving.AtDock)
}

// standing locks a parcel of this warehouse and reads it; nil when it is not in that state any more.
func (s *session) standing(p id.Parcel, states ...string) (*docket, error) {
	if err := s.sync(); err != nil {
		return nil, err
	}
	if err := s.lock(each(parcelRank, p)...); err != nil {
		return nil, err
	}
	d := &docket{}
	if err := s.tx.Where("id = ? AND warehouse_id = ?", p, s.bench.WarehouseID).Limit(1).Find(&d.parcel).Error; err != nil {
		return nil, fmt.Errorf("read parcel %d: %w", p, err)
	}
	if d.parcel.ID == 0 || !slices.Contains(states, d.parcel.State) {
		return nil, nil
	}
	d.stored = d.parcel.Version
	return d, nil
}

// docking reads how a parcel that is locked came in; ID 0 when it was put to the dock by a bench.
func (s *session) docking(p id.Parcel) (receiving.Docking, error) {
	var row receiving.Docking
	if err := s.tx.Where("parcel_id = ?", p).Limit(1).Find(&row).Error; err != nil {
		return row, fmt.Errorf("docking of parcel %d: %w", p, err)
	}
	return row, nil
}

// about is the answer to a control about a parcel at the dock.
func (s *session) aboutDocked(d *docket, r *ruling) *ruling {
	r.parcel = d.parcel.ID
	return r.with("waybill", short(d.parcel.Waybill, d.parcel.Number()))
}

// noteDocked writes something about the box beside its docking, and tells it.
func (s *session) noteDocked(d *docket, kind string, data event.Data, columns map[string]any) error {
	res := s.tx.Model(&receiving.Docking{}).Where("parcel_id = ?", d.parcel.ID).Updates(columns)
	if res.Error != nil {
		return fmt.Errorf("note on parcel %s: %w", d.parcel.Number(), res.Error)
	}
	if res.RowsAffected != 1 {
		return errMoved
	}
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel."+kind+".v1", d, data)
	return nil
}

// noted runs a note on the parcel in hand, if it came in by the dock.
func (s *session) noted(act func(d *docket, was receiving.Docking) (*ruling, error)) (*ruling, error) {
	d, err := s.inHand()
	if err != nil {
		return nil, err
	}
	if d == nil {
		return rule(scanner.CodeNothingDocked), nil
	}
	was, err := s.docking(d.parcel.ID)
	if err != nil {
		return nil, err
	}
	if was.ParcelID == 0 {
		return rule(scanner.CodeNothingDocked), nil
	}
	return act(d, was)
}

// collect notes the freight that was paid to the driver.
func (s *session) collect(amount string) (*ruling, error) {
	return s.noted(func(d *docket, was receiving.Docking) (*ruling, error) {
		if amount == "" {
			return s.aboutDocked(d, rule(scanner.CodeCollectAmount)), nil
		}
		minor, ok := minorUnits(amount)
		if !ok {
			return rule(scanner.CodeAmountInvalid, "code", amount), nil
		}
		err := s.noteDocked(d, "collect_noted", event.Data{"amount_minor": minor, "currency": was.CollectCurrency}, map[string]any{"collect_minor": minor})
		if err != nil {
			return nil, err
		}
		r := s.aboutDocked(d, rule(scanner.CodeCollectNoted, "amount", fmt.Sprintf("%d.%02d", minor/100, minor%100), "was", itoa(was.CollectMinor)))
		return r.effect(scanner.Effect{Kind: scanner.EffectDockNoted, Parcel: d.parcel.Number()}), nil
	})
}

// mostCollect bounds what a driver is paid for one parcel, in fen: beyond it somebody has typed a barcode.
const mostCollect = 10_000_000

// minorUnits reads "12", "12.5" or "12.50" as 1200, 1250, 1250.
func minorUnits(s string) (int64, bool) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > 2 || len(whole) == 0 || len(whole) > 6 || strings.ContainsFunc(whole+part, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+"00"[len(part):], 10, 64)
	return n, err == nil && n > 0 && n <= mostCollect
}

// boxCondition notes that the box came damaged. Other conditions are of pieces.
func (s *session) boxCondition(x string) (*ruling, error) {
	if x != string(receiving.Damaged) {
		return s.notHere()
	}
	return s.noted(func(d *docket, was receiving.Docking) (*ruling, error) {
		if err := s.noteDocked(d, "box_damaged", event.Data{"damaged": true}, map[string]any{"damaged": true}); err != nil {
			return nil, err
		}
		r := s.aboutDocked(d, rule(scanner.CodeBoxDamaged))
		if !was.Damaged {
			r.effect(scanner.Effect{Kind: scanner.EffectDockNoted, Parcel: d.parcel.Number()})
		}
		return r, nil
	})
}

// dockException hands the parcel in hand to the service desk.
func (s *session) dockException() (*ruling, error) {
	d, err := s.inHand()
	if err != nil {
		return nil, err
	}
	if d == nil {
		return rule(scanner.CodeNothingDocked), nil
	}
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.exception_noted.v1", d, event.Data{"plate": ""})
	r := s.aboutDocked(d, rule(scanner.CodeExceptionNoted, "parcel", d.parcel.Number()))
	return r, nil
}

// sayCarrier sets the courier of the whole hand-over. Parcels of it whose number did not tell get it, too.
func (s *session) sayCarrier(carrier string) (*ruling, error) {
	if carrier == "" || !s.o.Codes.Carrier(carrier) {
		return rule(scanner.CodeCarrierUnknown, "code", carrier), nil
	}
	h, err := s.begun()
	if err != nil {
		return nil, err
	}
	if h.Parcels > 0 && h.Carrier != "" && h.Carrier != carrier && !s.insisted(scanner.CodeHandoverOpen) {
		s.doubt(scanner.CodeHandoverOpen)
		return rule(scanner.CodeHandoverOpen, "carrier", h.Carrier, "count", itoa(h.Parcels)), nil
	}
	h.Carrier, h.Said = carrier, true
	h.change(0)
	if err := s.nameCarrier(h, carrier); err != nil {
		return nil, err
	}
	return rule(scanner.CodeCarrierSet, "carrier", carrier, "count", itoa(h.Parcels)), nil
}

func (s *session) nameCarrier(h *handing, carrier string) error {
	if h.Parcels == 0 {
		return nil
	}
	if err := s.sync(); err != nil {
		return err
	}
	var nameless []id.Parcel
	err := s.tx.Raw(`SELECT p.id FROM dockings d JOIN parcels p ON p.id = d.parcel_id WHERE d.handover_id = ? AND p.carrier = '' AND p.state = 'at_dock' ORDER BY p.id`, h.ID).Scan(&nameless).Error
	if err != nil {
		return fmt.Errorf("parcels of hand-over: %w", err)
	}
	for _, p := range nameless {
		d, err := s.standing(p, receiving.AtDock)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		d.parcel.Carrier = carrier
		d.parcel.Version++
		s.out.touch(d)
		s.tellParcel("backdock.parcel.carrier_said.v1", d, event.Data{"carrier": carrier})
	}
	return nil
}

// turnAway refuses the parcel in hand, or gives it back: it leaves with the driver.
func (s *session) turnAway(state string, code scanner.Code, reason, usual string) (*ruling, error) {
	if reason = strings.ToLower(reason); reason == "" {
		reason = usual
	}
	if !slices.Contains(scanner.DockReasons, reason) {
		return rule(scanner.CodeReasonUnknown, "code", reason), nil
	}
	return s.noted(func(d *docket, was receiving.Docking) (*ruling, error) {
		h, err := s.handover()
		if err != nil {
			return nil, err
		}
		// A hand-over that is closed keeps its number: driver and clerk have agreed on it.
		counted := was.Counted
		if was.HandoverID == h.ID && h.ID != 0 && was.Counted {
			counted = false
			h.change(-1)
		}
		d.parcel.Become(state)
		d.parcel.Version-- // noteDocked counts it
		kind := map[string]string{receiving.RefusedAtDock: "refused", receiving.HandedBack: "handed_back"}[state]
		err = s.noteDocked(d, kind, event.Data{"reason": reason, "kind": d.parcel.Kind}, map[string]any{"turned_at": s.at, "turned_by": s.bench.OperatorID, "reason": reason, "counted": counted})
		if err != nil {
			return nil, err
		}
		if err := s.goodsGone(d); err != nil {
			return nil, err
		}
		r := s.aboutDocked(d, rule(code, "dock_reason", reason, "count", itoa(h.Parcels)))
		return r.effect(scanner.Effect{Kind: scanner.EffectParcelTurned, Parcel: d.parcel.Number()}), nil
	})
}

// casesUnder lists the cases that a parcel concerns: those of its receipts and of its number.
func (s *session) casesUnder(p *receiving.Parcel) ([]id.Case, error) {
	var out []id.Case
	err := s.tx.Raw(`SELECT case_id FROM receipts WHERE parcel_id = @p AND case_id IS NOT NULL
 UNION SELECT case_id FROM waybill_aliases WHERE number = @w AND number <> '' AND role <> 'outbound' AND case_id IS NOT NULL AND (valid_to IS NULL OR valid_to > @now)
 UNION SELECT a.case_id FROM waybill_parents k JOIN waybill_aliases a ON a.number = k.parent WHERE k.child = @w AND a.role <> 'outbound' AND a.case_id IS NOT NULL
 UNION SELECT k.case_id FROM shipments h JOIN shipment_lines l ON l.shipment_id = h.id JOIN case_lines k ON k.order_line_id = l.order_line_id WHERE h.waybill = @w`,
		map[string]any{"p": p.ID, "w": p.Waybill, "now": s.at}).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("cases of parcel %s: %w", p.Number(), err)
	}
	slices.Sort(out)
	return out, nil
}

// goodsGone says of the parcel's cases that their goods are on the road again, unless another box of theirs is here.
func (s *session) goodsGone(d *docket) error {
	cases, err := s.casesUnder(&d.parcel)
	if err != nil || len(cases) == 0 {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.lock(each(caseRank, cases...)...); err != nil {
		return err
	}
	var gone []id.Case
	err = s.tx.Raw(`SELECT c.id FROM cases c WHERE c.id IN ? AND c.goods = 'at_dock' AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.id <> ? AND p.state IN ('at_dock', 'open', 'held')
  AND (p.id IN (SELECT parcel_id FROM receipts WHERE case_id = c.id) OR p.waybill IN (SELECT number FROM waybill_aliases WHERE case_id = c.id AND role <> 'outbound'))) ORDER BY c.id`,
		cases, d.parcel.ID).Scan(&gone).Error
	if err != nil {
		return fmt.Errorf("cases whose goods are gone: %w", err)
	}
	for _, c := range gone {
		if _, err := s.goods(c, "in_transit"); err != nil {
			return err
		}
	}
	return nil
}
