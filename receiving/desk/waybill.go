package desk

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// target is one thing a number may mean: a case that sends goods, or a shipment or order that comes back without one.
type target struct {
	Case     id.Case     `json:"case,omitempty"`
	Order    id.Order    `json:"order,omitempty"`
	Shipment id.Shipment `json:"shipment,omitempty"`
	Carrier  string      `json:"carrier,omitempty"`
}

// named acts on a number that names a parcel: a waybill, a case or an order. done is false when it names nothing.
func (s *session) named(a *answer, data string) (done bool, err error) {
	numbers := s.numbers(data)
	for _, n := range numbers {
		p, err := s.parcelNamed(n)
		if err != nil {
			return false, err
		}
		if p.ID != 0 {
			if done, err := s.again(a, n, p); done || err != nil {
				return done, err
			}
		}
	}
	for _, n := range numbers {
		var aliases []receiving.Alias
		err := s.tx.Where("number = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)", n, s.now, s.now).Order("id").Find(&aliases).Error
		if err != nil {
			return false, fmt.Errorf("look up waybill: %w", err)
		}
		if len(aliases) > 0 {
			return true, s.byAlias(a, n, aliases)
		}
	}
	return s.byDocument(a, data)
}

// numbers are the waybills a text may hold: itself, and what a label's URL or longer string carries.
func (s *session) numbers(data string) []string {
	out := []string{barcode.Normalise(data)}
	for _, c := range barcode.Waybills(data) {
		if !slices.Contains(out, c.Number) {
			out = append(out, c.Number)
		}
	}
	return out
}

// parcelNamed is the newest parcel that came under a number.
func (s *session) parcelNamed(number string) (receiving.Parcel, error) {
	var p receiving.Parcel
	err := s.tx.Where("warehouse_id = ? AND (waybill = ? OR id IN (?))", s.site.ID, number,
		s.tx.Model(&receiving.Alias{}).Select("parcel_id").Where("number = ? AND parcel_id IS NOT NULL", number)).Order("id DESC").Limit(1).Find(&p).Error
	if err != nil {
		return p, fmt.Errorf("look for the parcel of a waybill: %w", err)
	}
	return p, nil
}

// again acts on a number whose parcel has been seen: done is false for one that still waits to be opened.
func (s *session) again(a *answer, number string, p receiving.Parcel) (bool, error) {
	if s.parcel != nil && p.ID == s.parcel.p.ID {
		s.sayOpened(a, s.parcel)
		return true, nil
	}
	switch p.State {
	case "held":
		a.say(scanner.CodeParcelHeld, "parcel", Number(p.ID))
		return true, nil
	case "closed":
		at := ""
		if p.ClosedAt != nil {
			at = p.ClosedAt.In(s.site.loc).Format("15:04")
		}
		bench, err := s.benchNumber(p.BenchID)
		a.say(scanner.CodeAlreadyReceived, "time", at, "bench", bench, "pieces", itoa(int64(p.Pieces)))
		return true, err
	case "open":
		return true, s.elsewhere(a, number, p)
	}
	return false, nil
}

func (s *session) benchNumber(b *id.Bench) (string, error) {
	if b == nil {
		return "", nil
	}
	var n int64
	if err := s.tx.Model(&receiving.Bench{}).Select("number").Where("id = ?", *b).Limit(1).Scan(&n).Error; err != nil {
		return "", fmt.Errorf("bench %d: %w", *b, err)
	}
	return itoa(n), nil
}

// elsewhere takes over a parcel that is open on another bench, when the clerk insists.
func (s *session) elsewhere(a *answer, number string, p receiving.Parcel) error {
	from, err := s.benchNumber(p.BenchID)
	if err != nil {
		return err
	}
	if !s.insists(number, scanner.CodeOpenElsewhere) {
		s.pending = pending{Insist: number, Why: scanner.CodeOpenElsewhere}
		a.say(scanner.CodeOpenElsewhere, "bench", from)
		return nil
	}
	if ok, err := s.settle(a, number); !ok || err != nil {
		return err
	}
	o, err := s.lockParcel(p.ID)
	if err != nil {
		return err
	}
	if o.p.State != "open" { // it was closed while we asked
		_, err := s.again(a, number, o.p)
		return err
	}
	if o.p.BenchID != nil {
		err := s.tx.Model(&receiving.Bench{}).Where("id = ? AND open_parcel_id = ?", *o.p.BenchID, o.p.ID).
			Updates(map[string]any{"open_parcel_id": nil, "version": gorm.Expr("version + 1")}).Error
		if err != nil {
			return fmt.Errorf("take parcel over: %w", err)
		}
	}
	s.enter(o)
	a.in = o
	a.say(scanner.CodeTakenOver, "bench", from)
	a.effect(scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: o.number()})
	s.parcelEvent("taken_over", o, map[string]any{"from_bench": from})
	return nil
}

func (s *session) insists(number string, why scanner.Code) bool {
	return s.pending.Insist == number && s.pending.Why == why
}

// byAlias acts on a waybill: the return label beats the outbound one.
func (s *session) byAlias(a *answer, number string, aliases []receiving.Alias) error {
	var targets []target
	for _, al := range aliases {
		if al.Role != "outbound" && al.CaseID != nil {
			targets = append(targets, target{Case: *al.CaseID, Carrier: al.Carrier})
		}
	}
	if len(targets) > 0 {
		return s.openTargets(a, number, targets)
	}
	for _, al := range aliases {
		if al.ShipmentID != nil {
			targets = append(targets, target{Shipment: *al.ShipmentID, Carrier: al.Carrier})
		}
	}
	if len(targets) == 0 {
		return s.openUnknown(a, number, aliases[0].Carrier)
	}
	var sh order.Shipment
	if res := s.tx.Where("id = ?", targets[0].Shipment).Limit(1).Find(&sh); res.Error != nil || res.RowsAffected == 0 {
		return fmt.Errorf("shipment %d: %w", targets[0].Shipment, res.Error)
	}
	if sh.State == "delivered" && !s.insists(number, scanner.CodeOldLabel) {
		s.pending = pending{Insist: number, Why: scanner.CodeOldLabel}
		a.say(scanner.CodeOldLabel, "waybill", number)
		return nil
	}
	return s.openTargets(a, number, targets)
}

// byDocument acts on a case number or an order number.
func (s *session) byDocument(a *answer, data string) (bool, error) {
	var cases []aftersales.Case
	if err := s.tx.Where("number = ?", data).Order("id").Find(&cases).Error; err != nil {
		return false, fmt.Errorf("look up case: %w", err)
	}
	var targets []target
	for _, c := range cases {
		targets = append(targets, target{Case: c.ID})
	}
	if len(targets) > 0 {
		return true, s.openTargets(a, data, targets)
	}
	var orders []order.Order
	if err := s.tx.Where("number = ?", data).Order("id").Find(&orders).Error; err != nil {
		return false, fmt.Errorf("look up order: %w", err)
	}
	for _, o := range orders {
		var of []id.Case
		err := s.tx.Model(&aftersales.Case{}).Where("order_id = ? AND type IN ('return_refund', 'exchange', 'repair') AND goods NOT IN ('received', 'inspected', 'written_off')", o.ID).
			Order("id").Pluck("id", &of).Error
		if err != nil {
			return false, fmt.Errorf("cases of order: %w", err)
		}
		for _, c := range of {
			targets = append(targets, target{Case: c})
		}
		if len(of) == 0 {
			targets = append(targets, target{Order: o.ID})
		}
	}
	if len(targets) > 0 {
		return true, s.openTargets(a, data, targets)
	}
	return false, nil
}
