package desk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
)

// lockCases locks the cases of parcels about to be closed before any row of them is written.
func (s *session) lockCases() error { return s.lock(each(caseRank, s.closedCases()...)...) }

func (s *session) closedCases() []id.Case {
	var cases []id.Case
	for _, d := range s.out.closed {
		cases = append(cases, d.cases()...)
	}
	slices.Sort(cases)
	return slices.Compact(cases)
}

// settleCases tells the cases of closed parcels what has come.
func (s *session) settleCases() error {
	closed, cases := s.out.closed, s.closedCases()
	s.out.closed = nil
	for _, d := range closed {
		if err := s.callService(d); err != nil {
			return err
		}
	}
	if len(cases) == 0 {
		return nil
	}
	s.out.settled = append(s.out.settled, cases...)
	if err := s.countCases(closed, +1); err != nil {
		return err
	}
	if err := s.surplus(closed, cases); err != nil {
		return err
	}
	var sums []struct {
		CaseID   id.Case
		Received int
		Short    int
	}
	err := s.tx.Raw(`SELECT case_id, SUM(received + COALESCE((SELECT SUM(r.received) FROM bundle_lines x JOIN receipt_lines r ON r.id = x.receipt_line_id
  WHERE x.case_line_id = case_lines.id), 0)) AS received, SUM(CASE WHEN received < quantity THEN 1 ELSE 0 END) AS short FROM case_lines WHERE case_id IN ? GROUP BY case_id ORDER BY case_id`, cases).Scan(&sums).Error
	if err != nil {
		return fmt.Errorf("sums of cases: %w", err)
	}
	for _, c := range sums {
		to := "part_received"
		switch {
		case c.Received == 0:
			to = "awaited"
		case c.Short == 0:
			to = "received"
		}
		if _, err := s.goods(c.CaseID, to); err != nil {
			return err
		}
	}
	return nil
}

// holdMoney locks what the refunds of several cases will touch before the first of them does: one case is locked in order by its refund itself.
func (s *session) holdMoney() error {
	if len(s.out.settled) < 2 {
		return nil
	}
	return aftersales.HoldMoney(s.ctx, s.tx, s.out.settled)
}

// countCases adds what counted towards the cases' lines, or takes it off when a parcel is reopened.
func (s *session) countCases(dockets []*docket, sign int) error {
	if err := s.countBundles(dockets, sign < 0); err != nil {
		return err
	}
	sums := map[id.CaseLine]int{}
	for _, d := range dockets {
		for _, l := range d.lines {
			if l.CaseLineID != nil && l.Expected > 0 && l.Received > 0 {
				sums[*l.CaseLineID] += sign * l.Received
			}
		}
	}
	if len(sums) == 0 {
		return nil
	}
	var args []any
	for _, k := range slices.Sorted(maps.Keys(sums)) {
		args = append(args, k, sums[k])
	}
	values := strings.TrimSuffix(strings.Repeat("(CAST(? AS BIGINT), CAST(? AS INTEGER)), ", len(sums)), ", ")
	err := s.tx.Exec("UPDATE case_lines SET received = received + v.column2 FROM (VALUES "+values+") AS v WHERE case_lines.id = v.column1", args...).Error
	if err != nil {
		return fmt.Errorf("count lines of cases: %w", err)
	}
	return nil
}

// callService opens a task where the goods contradict the buyer's words: only a person can settle that.
func (s *session) callService(d *docket) error {
	flags := contradictions(d)
	if len(flags) == 0 {
		return nil
	}
	return s.openTask(aftersales.Task{Kind: "reason_contradicted", Subject: "parcel/" + d.parcel.Number(), OwnerID: d.parcel.OwnerID, WarehouseID: &d.parcel.WarehouseID,
		Params: `{"flags":"` + strings.Join(flags, ",") + `"}`, State: "open", CreatedAt: s.at}, d)
}

func (s *session) openTask(t aftersales.Task, d *docket) error {
	res := s.tx.Exec("INSERT INTO tasks (kind, subject, owner_id, warehouse_id, params, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, subject) DO NOTHING",
		t.Kind, t.Subject, t.OwnerID, t.WarehouseID, t.Params, t.State, t.CreatedAt)
	if res.Error != nil {
		return fmt.Errorf("open task: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		e := s.fact("backdock.task.opened.v1", "task/"+t.Kind+"/"+d.parcel.Number(), 1, val(t.OwnerID), event.Data{"kind": t.Kind, "subject": t.Subject})
		s.tell(func() event.Event { return e })
	}
	return nil
}
