package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// arrival is a parcel row that a number leads to.
type arrival struct {
	receiving.Parcel
	Named       bool // the number stands on it
	BenchNumber int
	Part        int // which box of its consignment it is; 0: not told
}

// goTo brings the bench to the parcel that a number means: opened, continued, taken over, or the reason why not.
func (s *session) goTo(t target) (*ruling, error) {
	if s.docket != nil {
		if r, err := s.already(t); r != nil || err != nil {
			return r, err
		}
	}
	if len(t.Orders) > 0 && len(t.Cases) == 0 {
		if err := s.casesOf(&t); err != nil {
			return nil, err
		}
	}
	if r, err := s.elsewhere(t); r != nil || err != nil {
		return r, err
	}
	if err := s.exclude(t); err != nil {
		return nil, err
	}
	here, err := s.arrivals(t)
	if err != nil {
		return nil, err
	}
	a := pick(here, t)
	if a != nil {
		if r, err := s.notNow(a); r != nil || err != nil {
			return r, err
		}
	}
	return s.settled(func() (*ruling, error) {
		switch {
		case a == nil:
			return s.openFresh(t, here)
		case a.State == receiving.Open:
			return s.takeOver(a)
		}
		return s.unpack(a, t)
	})
}

// already answers a number of the parcel that is open here. Another waybill of the same case is a second label of the same box.
func (s *session) already(t target) (*ruling, error) {
	d := s.docket
	mine := t.Parcel == d.parcel.ID || slices.ContainsFunc(t.Cases, d.of) || slices.ContainsFunc(t.Orders, d.ofOrder)
	if !mine && (t.Waybill == "" || t.Waybill != d.parcel.Waybill) {
		return nil, nil
	}
	if other, err := s.otherBox(d.parcel.ID); other || err != nil {
		return nil, err
	}
	other, err := s.sibling(t.Waybill, d.parcel.Waybill)
	if err != nil || other {
		return nil, err // the next box of the consignment, not a second label on this one
	}
	if err := s.weighAgain(d); err != nil {
		return nil, err
	}
	same, err := s.opened(d, nil)
	if err != nil {
		return nil, err
	}
	if t.Waybill == "" || t.Waybill == d.parcel.Waybill || t.Parcel == d.parcel.ID {
		return same, nil
	}
	var n []int
	if err := s.tx.Raw("SELECT 1 FROM waybill_aliases WHERE number = ? AND parcel_id = ? AND valid_to IS NULL LIMIT 1", t.Waybill, d.parcel.ID).Scan(&n).Error; err != nil || len(n) > 0 {
		return same, err
	}
	a := receiving.Alias{Number: t.Waybill, Carrier: t.Carrier, Role: receiving.RoleReturn, ParcelID: &d.parcel.ID, ValidFrom: s.at, Source: "scan"}
	if err := s.tx.Create(&a).Error; err != nil {
		return nil, fmt.Errorf("add alias: %w", err)
	}
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.alias_added.v1", d, nil)
	return rule(scanner.CodeAliasAdded, "waybill", t.Waybill).effect(scanner.Effect{Kind: scanner.EffectAliasAdded, Parcel: d.parcel.Number()}).about(d), nil
}

// casesOf finds the cases that still await goods of the orders: they are what the goods come back for.
func (s *session) casesOf(t *target) error {
	err := s.tx.Raw(`SELECT id FROM cases WHERE order_id IN ? AND goods IN ('awaited', 'in_transit', 'at_dock', 'part_received') AND decision NOT IN ('withdrawn', 'rejected', 'expired')
 AND type IN ('return_refund', 'exchange', 'repair') ORDER BY id`, t.Orders).Scan(&t.Cases).Error
	if err != nil {
		return fmt.Errorf("cases of orders: %w", err)
	}
	return nil
}

// elsewhere stops goods that were asked to go to another warehouse; the clerk may insist.
func (s *session) elsewhere(t target) (*ruling, error) {
	if len(t.Cases) == 0 || s.insisted(scanner.CodeOtherWarehouse) {
		return nil, nil
	}
	var n []int
	err := s.tx.Raw("SELECT 1 FROM cases WHERE id IN ? AND (warehouse_id IS NULL OR warehouse_id = ?) LIMIT 1", t.Cases, s.bench.WarehouseID).Scan(&n).Error
	if err != nil {
		return nil, fmt.Errorf("warehouse of cases: %w", err)
	}
	if len(n) > 0 {
		return nil, nil
	}
	s.doubt(scanner.CodeOtherWarehouse)
	return rule(scanner.CodeOtherWarehouse).about(s.docket), nil
}

// exclude keeps two benches from opening the same thing at once. There may be no row yet to lock, so it is a lock on the name. It is taken before the look.
func (s *session) exclude(t target) error { return s.lock(texts(keysOf(t))...) }

// keysOf names what a target may have no row for yet.
func keysOf(t target) []string {
	var keys []string
	for _, c := range t.Cases {
		keys = append(keys, "case:"+itoa(c))
	}
	for _, o := range t.Orders {
		keys = append(keys, "order:"+itoa(o))
	}
	if t.Waybill != "" {
		keys = append(keys, waybillKey(t.Waybill))
	}
	return keys
}

func waybillKey(number string) string { return "waybill:" + number }

// arrivals lists the parcels of a target, newest first.
func (s *session) arrivals(t target) ([]arrival, error) {
	if err := s.sync(); err != nil {
		return nil, err
	}
	if t.Waybill == "" && t.Parcel == 0 && len(t.Cases) == 0 && len(t.Orders) == 0 {
		return nil, nil
	}
	cases, orders := t.Cases, t.Orders
	if len(cases) == 0 {
		cases = []id.Case{0}
	}
	if len(orders) == 0 {
		orders = []id.Order{0}
	}
	waybill := t.Waybill
	if waybill == "" {
		waybill = "\t" // matches nothing: numbers hold no blanks
	}
	var out []arrival
	// A parcel at the dock has no receipts yet: its case is that of its number.
	err := s.tx.Raw(`SELECT p.*, COALESCE(b.number, 0) AS bench_number, COALESCE((SELECT part FROM parcel_parts k WHERE k.parcel_id = p.id), 0) AS part,
 (p.id = @parcel OR p.waybill = @waybill OR EXISTS (SELECT 1 FROM waybill_aliases a WHERE a.number = @waybill AND a.parcel_id = p.id AND a.valid_to IS NULL)) AS named
 FROM parcels p LEFT JOIN benches b ON b.id = p.bench_id WHERE p.id IN (
 SELECT parcel_id FROM receipts WHERE case_id IN @cases UNION SELECT parcel_id FROM receipts WHERE order_id IN @orders
 UNION SELECT id FROM parcels WHERE waybill = @waybill UNION SELECT parcel_id FROM waybill_aliases WHERE number = @waybill AND parcel_id IS NOT NULL AND valid_to IS NULL
 UNION SELECT h.id FROM waybill_aliases a JOIN parcels h ON h.waybill = a.number AND h.state = 'at_dock' WHERE a.case_id IN @cases AND a.role <> 'outbound'
 UNION SELECT id FROM parcels WHERE id = @parcel) ORDER BY p.id DESC`,
		map[string]any{"parcel": t.Parcel, "waybill": waybill, "cases": cases, "orders": orders}).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("look for parcels: %w", err)
	}
	return s.thisBox(out), nil
}

// pick chooses the parcel that is meant. A waybill means the box that bears it; a case or order number means whatever is not closed yet.
func pick(here []arrival, t target) *arrival {
	rank := func(a *arrival) int {
		return slices.Index([]string{receiving.HandedBack, receiving.RefusedAtDock, receiving.Closed, receiving.Expected, receiving.AtDock, receiving.Held, receiving.Open}, a.State)
	}
	var best *arrival
	for i := range here {
		a := &here[i]
		byNumber := t.Waybill != "" || t.Parcel != 0
		switch {
		case byNumber && !a.Named, !byNumber && a.State == receiving.Closed:
			continue
		case a.State == receiving.Closed && a.ClosedAt != nil && !t.Since.IsZero() && a.ClosedAt.Before(t.Since):
			continue // the courier used the number again
		}
		if best == nil || rank(a) > rank(best) {
			best = a
		}
	}
	return best
}

// notNow answers for a parcel that cannot be opened, or not without insisting. The parcel that is open here stays as it is.
func (s *session) notNow(a *arrival) (*ruling, error) {
	if a.WarehouseID != s.bench.WarehouseID {
		return rule(scanner.CodeOtherWarehouse).about(s.docket), nil
	}
	switch a.State {
	case receiving.Closed, receiving.HandedBack, receiving.RefusedAtDock, receiving.SoldAsFound, receiving.Disposed:
		return s.received(a)
	case receiving.Held:
		s.next.Shelved = a.ID
		return s.of(a, rule(scanner.CodeParcelHeld, "parcel", a.Number())), nil
	case receiving.Open:
		if !s.insisted(scanner.CodeOpenElsewhere) {
			s.doubt(scanner.CodeOpenElsewhere)
			return s.of(a, rule(scanner.CodeOpenElsewhere, "bench", itoa(a.BenchNumber))), nil
		}
	}
	return nil, nil
}

// received says when, where and by whom a parcel was received.
func (s *session) received(a *arrival) (*ruling, error) {
	r := s.of(a, rule(scanner.CodeAlreadyReceived, "bench", itoa(a.BenchNumber), "pieces", itoa(a.Pieces)))
	if a.ClosedAt != nil {
		r.with("time", a.ClosedAt.UTC().Format(time.RFC3339))
	}
	by, err := s.names.clerk(s.ctx, s.tx, a.ClosedBy)
	return r.with("clerk", by), err
}

func (s *session) of(a *arrival, r *ruling) *ruling {
	r.parcel = a.ID
	return r
}
