package desk

import (
	"fmt"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
)

// surplus finds what came beyond a case line. Two boxes of one case that are open at the same moment await the same pieces, each the whole of it, and a bench asks
// nobody while it scans. So the box that is closed last gives up what is too many: its newest pieces become extra, as they would have been after BD:+1. A piece
// that an inspector has moved on, or that is being paid for, stays what it is.
func (s *session) surplus(closed []*docket, cases []id.Case) error {
	var rows []struct {
		ID      id.CaseLine
		TooMany int
	}
	err := s.tx.Raw("SELECT id, received - quantity AS too_many FROM case_lines WHERE case_id IN ? AND received > quantity ORDER BY id", cases).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("look for surplus: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		for i := len(closed) - 1; i >= 0 && r.TooMany > 0; i-- {
			for _, l := range closed[i].lines {
				if l.Expected == 0 || val(l.CaseLineID) != r.ID || r.TooMany == 0 {
					continue
				}
				n, err := s.giveUp(closed[i], l, min(r.TooMany, l.Received))
				if err != nil {
					return err
				}
				r.TooMany -= n
			}
		}
	}
	for _, step := range []func() error{s.updateLines, s.updateParcels, s.send} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// giveUp makes up to n pieces of a line extra and says how many it were.
func (s *session) giveUp(d *docket, l *line, n int) (int, error) {
	var units []inventory.Unit
	err := s.tx.Raw(`SELECT u.* FROM units u WHERE u.receipt_line_id = ? AND u.state = 'quarantine' AND NOT EXISTS (SELECT 1 FROM refund_lines f WHERE f.unit_id = u.id AND f.live)
 ORDER BY u.id DESC LIMIT ?`, l.ID, n).Scan(&units).Error
	if err != nil {
		return 0, fmt.Errorf("pieces too many: %w", err)
	}
	if len(units) == 0 {
		return 0, nil
	}
	ids := make([]id.Unit, len(units))
	for i, u := range units {
		ids[i] = u.ID
	}
	if err := s.lock(each(unitRank, ids...)...); err != nil {
		return 0, err
	}
	was := s.docket
	s.docket = d
	defer func() { s.docket = was }()
	now := s.lineFor(receiving.Extra, l, &l.sku)
	if err := s.writeLines(); err != nil {
		return 0, err
	}
	for _, u := range units {
		u.Finding, u.ReceiptLineID, u.CaseLineID, u.OrderLineID, u.Version = string(receiving.Extra), &now.ID, nil, nil, u.Version+1
		res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version-1).Updates(map[string]any{"finding": u.Finding,
			"receipt_line_id": now.ID, "case_line_id": nil, "order_line_id": nil, "version": u.Version})
		if res.Error != nil {
			return 0, fmt.Errorf("unit %s too many: %w", u.Plate, res.Error)
		}
		if res.RowsAffected != 1 {
			return 0, errMoved
		}
		l.Received--
		now.Received++
		d.parcel.Received--
		s.tellReceived(&booked{Unit: u, line: now, docket: d, code: l.sku.Code, stored: true})
	}
	l.dirty, now.dirty = true, true
	d.parcel.Version++
	s.out.touch(d)
	err = s.tx.Exec("UPDATE case_lines SET received = received - ? WHERE id = ?", len(units), l.CaseLineID).Error
	if err != nil {
		return 0, fmt.Errorf("count lines of cases: %w", err)
	}
	return len(units), nil
}
