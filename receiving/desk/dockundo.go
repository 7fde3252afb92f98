package desk

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// undoDock takes back what the dock did last. A hand-over that was closed stays: driver and clerk have parted.
func (s *session) undoDock(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	if e.Kind == scanner.EffectHandoverClosed {
		return refused("handover_closed", ""), nil
	}
	p, _ := receiving.ParseParcelNumber(e.Parcel)
	states := []string{receiving.AtDock}
	if e.Kind == scanner.EffectParcelTurned {
		states = []string{receiving.RefusedAtDock, receiving.HandedBack}
	}
	d, err := s.standing(p, states...)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return refused("moved_on", ""), nil
	}
	was, err := s.docking(p)
	if err != nil {
		return nil, err
	}
	s.next.Docked = p
	var r *ruling
	switch e.Kind {
	case scanner.EffectParcelDocked:
		r, err = s.undoDocking(d, was)
	case scanner.EffectParcelTurned:
		r, err = s.undoTurn(d, was)
	default:
		r, err = s.undoNote(d, o)
	}
	if err != nil {
		return nil, err
	}
	if r.Code == scanner.CodeUndone {
		r.effect(scanner.Effect{Kind: e.Kind, Parcel: e.Parcel})
	}
	return s.aboutDocked(d, r), nil
}

// undoDocking takes a parcel out of the open hand-over: it was not there, or not ours. It is expected again, so that the next scan takes it in.
func (s *session) undoDocking(d *docket, was receiving.Docking) (*ruling, error) {
	h, err := s.handover()
	if err != nil {
		return nil, err
	}
	if was.HandoverID != h.ID || !was.Counted {
		return refused("handover_closed", ""), nil
	}
	h.change(-1)
	s.bench.DayParcels = max(0, s.bench.DayParcels-1)
	d.parcel.Become(receiving.Expected)
	d.parcel.Version--
	if err := s.noteDocked(d, "undocked", event.Data{"handover": h.ID}, map[string]any{"undone_at": s.at, "counted": false}); err != nil {
		return nil, err
	}
	return undone("parcel_docked"), s.goodsGone(d)
}

// undoTurn keeps a parcel here after all.
func (s *session) undoTurn(d *docket, was receiving.Docking) (*ruling, error) {
	var n []int
	err := s.tx.Raw("SELECT 1 FROM parcels WHERE waybill = ? AND waybill <> '' AND id > ? AND state IN ('at_dock', 'open', 'held', 'closed') LIMIT 1", d.parcel.Waybill, d.parcel.ID).Scan(&n).Error
	if err != nil {
		return nil, fmt.Errorf("look for the parcel that came after: %w", err)
	}
	if len(n) > 0 {
		return refused("moved_on", ""), nil
	}
	h, err := s.handover()
	if err != nil {
		return nil, err
	}
	if !was.Counted {
		if was.HandoverID != h.ID {
			return refused("handover_closed", ""), nil
		}
		h.change(1)
	}
	d.parcel.Become(receiving.AtDock)
	d.parcel.Version--
	if err := s.noteDocked(d, "turn_undone", nil, map[string]any{"turned_at": nil, "turned_by": nil, "reason": nil, "counted": true}); err != nil {
		return nil, err
	}
	cases, err := s.casesUnder(&d.parcel)
	if err != nil {
		return nil, err
	}
	if err := s.lock(each(caseRank, cases...)...); err != nil {
		return nil, err
	}
	for _, c := range cases {
		if _, err := s.goods(c, "at_dock"); err != nil {
			return nil, err
		}
	}
	return undone("parcel_turned"), nil
}

func (s *session) undoNote(d *docket, o *receiving.Outcome) (*ruling, error) {
	if scanner.Code(o.Code) == scanner.CodeBoxDamaged {
		return undone("dock_noted"), s.noteDocked(d, "box_damaged", event.Data{"damaged": false}, map[string]any{"damaged": false})
	}
	var params map[string]string
	if err := json.Unmarshal([]byte(o.Params), &params); err != nil {
		return nil, fmt.Errorf("params of %s:%d: %w", o.Producer, o.Seq, err)
	}
	minor, err := strconv.ParseInt(params["was"], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("amount before %s:%d: %w", o.Producer, o.Seq, err)
	}
	return undone("dock_noted"), s.noteDocked(d, "collect_noted", event.Data{"amount_minor": minor}, map[string]any{"collect_minor": minor})
}
