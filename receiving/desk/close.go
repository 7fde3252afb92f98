package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/scanner"
)

// doneScan closes the open parcel, or asks about a box with nothing in it.
func (s *session) doneScan(a *answer) error {
	if s.parcel == nil {
		a.say(scanner.CodeNothingOpen)
		return nil
	}
	if s.parcel.p.Pieces == 0 {
		a.say(scanner.CodeZeroPieces)
		return nil
	}
	return s.closeParcel(a)
}

// empty confirms that nothing was in the box.
func (s *session) empty(a *answer) error {
	switch {
	case s.parcel == nil:
		a.say(scanner.CodeNothingOpen)
		return nil
	case s.parcel.p.Pieces > 0:
		a.say(scanner.CodeNotEmpty, "pieces", itoa(int64(s.parcel.p.Pieces)))
		return nil
	}
	o := s.parcel
	o.p.Note = "empty_box"
	s.parcelEvent("emptied", o, nil)
	if err := s.closeParcel(a); err != nil {
		return err
	}
	a.say(scanner.CodeEmptyConfirmed, "parcel", o.number())
	a.effect(scanner.Effect{Kind: scanner.EffectEmptyConfirmed, Parcel: o.number()})
	return nil
}

// closeParcel ends the receipt: what is short is short, the cases move on, the bench is free.
func (s *session) closeParcel(a *answer) error {
	o := s.parcel
	missing := o.missing()
	zh, en := o.lacking()
	o.p.State, o.p.ClosedAt, o.p.ClosedBy, o.dirty = "closed", &s.now, s.bench.OperatorID, true
	s.bench.DayParcels++
	a.in = o
	a.effect(scanner.Effect{Kind: scanner.EffectParcelClosed, Parcel: o.number()})
	if err := s.receiveCases(o); err != nil {
		return err
	}
	data := map[string]any{"pieces": o.p.Pieces, "expected": o.p.Expected, "received": o.p.Received, "short": missing}
	if len(o.cases) > 0 {
		data["cases"] = caseIDs(o.cases)
		if flags := o.contradictions(); len(flags) > 0 {
			data["contradictions"] = flags
		}
	}
	s.parcelEvent("closed", o, data)
	if missing > 0 {
		a.say(scanner.CodeClosedShort, "pieces", itoa(int64(o.p.Pieces)), "missing", itoa(int64(missing)), "names", zh, "names_en", en)
	} else {
		a.say(scanner.CodeClosed, "pieces", itoa(int64(o.p.Pieces)))
	}
	return s.leave()
}

// leave takes the parcel off the bench after writing what this batch did to it.
func (s *session) leave() error {
	s.bench.OpenParcelID = nil
	err := s.write()
	s.d.opened.Delete(s.parcel.p.ID)
	s.parcel, s.pending = nil, pending{}
	return err
}

// receiveCases books what came onto the cases and moves their goods facet, in id order.
func (s *session) receiveCases(o *opened) error {
	came := map[id.Case]int{}
	lines := slices.Clone(o.lines)
	slices.SortStableFunc(lines, func(x, y *line) int { return cmp.Compare(deref(x.CaseLineID), deref(y.CaseLineID)) })
	for _, l := range lines {
		if l.CaseLineID == nil || l.Received == 0 || l.Expected == 0 {
			continue
		}
		came[*l.caseID] += l.Received
		if err := s.tx.Model(&aftersales.CaseLine{}).Where("id = ?", *l.CaseLineID).Update("received", gorm.Expr("received + ?", l.Received)).Error; err != nil {
			return fmt.Errorf("book onto case line: %w", err)
		}
	}
	for _, c := range o.cases {
		var out struct{ Quantity, Received int }
		err := s.tx.Model(&aftersales.CaseLine{}).Select("COALESCE(SUM(quantity), 0) AS quantity, COALESCE(SUM(received), 0) AS received").Where("case_id = ?", c.ID).Scan(&out).Error
		if err != nil {
			return fmt.Errorf("case %s: %w", c.Number, err)
		}
		to := "received"
		switch {
		case out.Received == 0:
			to = "awaited"
		case out.Received < out.Quantity:
			to = "part_received"
		}
		if err := s.moveGoods(c.ID, to); err != nil {
			return err
		}
	}
	return nil
}

// moveGoods moves a case's goods facet where the table allows it: an inspection may have gone further already.
func (s *session) moveGoods(c id.Case, to string) error {
	now, err := aftersales.Locked(s.ctx, s.tx, c)
	if err != nil {
		return err
	}
	if now.Goods == to || !slices.Contains(aftersales.Next[aftersales.Goods][now.Goods], to) {
		return nil
	}
	_, err = aftersales.Move(s.ctx, s.tx, s.d.log, c, aftersales.Change{Goods: to, By: deref(s.bench.OperatorID), Why: "parcel_closed"})
	return err
}

// contradictions lists cases whose reason does not fit what came, for the service desk: the buyer said wrong item and the right one came, or damaged and it is sealed.
func (o *opened) contradictions() []string {
	mismatched := slices.ContainsFunc(o.lines, func(l *line) bool {
		return l.Finding == "wrong_item" || l.Finding == "wrong_spec" || l.Finding == "serial_mismatch"
	})
	sealed := slices.ContainsFunc(o.lines, func(l *line) bool { return l.condition == "sealed" })
	var out []string
	for _, c := range o.cases {
		if (c.Reason == "wrong_item" || c.Reason == "wrong_spec") && !mismatched && o.p.Received > 0 || c.Reason == "damaged_in_transit" && sealed {
			out = append(out, c.Number)
		}
	}
	return out
}

// lacking names what has not come, in both languages.
func (o *opened) lacking() (zh, en string) {
	var names, namesEN []string
	for _, l := range o.lines {
		if l.Received < l.Expected {
			names, namesEN = append(names, l.sku.label(l.sku.Name, l.sku.Spec)), append(namesEN, l.sku.label(l.sku.NameEn, l.sku.SpecEn))
		}
	}
	return strings.Join(names, "、"), strings.Join(namesEN, ", ")
}

func (s *session) parcelEvent(what string, o *opened, data map[string]any) {
	s.events = append(s.events, func() event.Event {
		e := event.Event{Type: "backdock.parcel." + what + ".v1", Subject: "parcel/" + o.number(), Version: o.p.Version, WarehouseID: o.p.WarehouseID,
			OwnerID: deref(o.p.OwnerID), ByUser: deref(s.bench.OperatorID), Data: event.Data{"parcel": o.number(), "bench": s.bench.ID}}
		for k, v := range data {
			e.Data[k] = v
		}
		return e
	})
}

// heldHere is the parcel that was held at this bench last.
func (s *session) heldHere() (id.Parcel, error) {
	var p id.Parcel
	err := s.tx.Model(&receiving.Parcel{}).Select("id").Where("warehouse_id = ? AND state = 'held' AND bench_id = ?", s.site.ID, s.bench.ID).
		Order("held_at DESC").Limit(1).Scan(&p).Error
	if err != nil {
		return 0, fmt.Errorf("look for a held parcel: %w", err)
	}
	return p, nil
}
