package desk

import (
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// handing is the hand-over that is open at a dock bench. The bench's lock covers it: only the bench's own scans write it.
type handing struct {
	receiving.Handover
	read, dirty bool
}

// handover reads the bench's open hand-over; its ID is 0 when there is none.
func (s *session) handover() (*handing, error) {
	h := &s.handing
	if h.read {
		return h, nil
	}
	err := s.tx.Where("bench_id = ? AND state = 'open'", s.bench.ID).Limit(1).Find(&h.Handover).Error
	if err != nil {
		return nil, fmt.Errorf("read hand-over of bench %d: %w", s.bench.ID, err)
	}
	h.read = true
	return h, nil
}

// begun is handover, opened when there is none.
func (s *session) begun() (*handing, error) {
	h, err := s.handover()
	if err != nil || h.ID != 0 {
		return h, err
	}
	h.Handover = receiving.Handover{WarehouseID: s.bench.WarehouseID, BenchID: s.bench.ID, State: "open", OpenedAt: s.at, OpenedBy: s.bench.OperatorID, Version: 1}
	if err := s.tx.Create(&h.Handover).Error; err != nil {
		return nil, fmt.Errorf("open hand-over: %w", err)
	}
	return h, nil
}

// change counts parcels of the open hand-over.
func (h *handing) change(by int) {
	h.Parcels += by
	h.Version++
	h.dirty = true
}

// updateHandover writes what the batch has changed of the hand-over.
func (s *session) updateHandover() error {
	h := &s.handing
	if !h.dirty {
		return nil
	}
	h.dirty = false
	row := h.Handover
	return s.later("write hand-over", guarded, func(tx *gorm.DB) *gorm.DB {
		return tx.Exec("UPDATE handovers SET carrier = ?, said = ?, state = ?, parcels = ?, closed_at = ?, closed_by = ?, version = ? WHERE id = ?",
			row.Carrier, row.Said, row.State, row.Parcels, row.ClosedAt, row.ClosedBy, row.Version, row.ID)
	})
}

// closeHandover ends the hand-over. said is the driver's number: when it is given and is another one, nothing is closed, for one of the two has miscounted.
func (s *session) closeHandover(said string) (*ruling, error) {
	h, err := s.handover()
	if err != nil {
		return nil, err
	}
	if h.ID == 0 || h.Parcels == 0 {
		return rule(scanner.CodeHandoverEmpty), nil
	}
	if n, err := strconv.Atoi(said); said != "" && (err != nil || n != h.Parcels) {
		return rule(scanner.CodeHandoverDiffers, "count", itoa(h.Parcels), "said", said), nil
	}
	h.change(0)
	h.State, h.ClosedAt, h.ClosedBy = "closed", ptr(s.at), s.bench.OperatorID
	e := s.fact("backdock.handover.closed.v1", "handover/"+itoa(h.ID), h.Version, 0, event.Data{"handover": h.ID, "carrier": h.Carrier, "parcels": h.Parcels})
	s.tell(func() event.Event { return e })
	r := rule(scanner.CodeHandoverClosed, "carrier", h.Carrier, "count", itoa(h.Parcels)).effect(scanner.Effect{Kind: scanner.EffectHandoverClosed})
	s.next.Docked = 0
	// What comes next is another hand-over; this one has to be written first.
	if err := s.sync(s.updateHandover); err != nil {
		return nil, err
	}
	s.handing = handing{read: true}
	return r, nil
}

// dockView is what a dock bench shows. It reads what is committed: whoever asks is past the transaction, or never was in one.
func (s *session) dockView() (*scanner.DockView, error) {
	tx := s.db.Read.WithContext(s.ctx)
	h := s.handing
	if !h.read {
		if err := tx.Where("bench_id = ? AND state = 'open'", s.bench.ID).Limit(1).Find(&h.Handover).Error; err != nil {
			return nil, fmt.Errorf("read hand-over of bench %d: %w", s.bench.ID, err)
		}
	}
	v := &scanner.DockView{Handover: int64(h.ID), Carrier: h.Carrier, Said: h.Said, Count: h.Parcels}
	if h.ID != 0 {
		v.Since = ptr(h.OpenedAt.UTC())
	}
	if s.pending.Docked == 0 {
		return v, nil
	}
	var rows []struct {
		receiving.Parcel
		Owner, Currency string
		Part, Parts     int
		CollectMinor    int64
		Damaged         bool
	}
	err := tx.Raw(`SELECT p.*, COALESCE(o.name, '') AS owner, COALESCE(k.part, 0) AS part, COALESCE(k.parts, 0) AS parts, COALESCE(d.collect_minor, 0) AS collect_minor,
 COALESCE(d.collect_currency, '') AS currency, COALESCE(d.damaged, FALSE) AS damaged FROM parcels p LEFT JOIN owners o ON o.id = p.owner_id
 LEFT JOIN parcel_parts k ON k.parcel_id = p.id LEFT JOIN dockings d ON d.parcel_id = p.id WHERE p.id = ?`, s.pending.Docked).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read docked parcel: %w", err)
	}
	if len(rows) == 0 {
		return v, nil
	}
	r := rows[0]
	arrived, parts, err := consignment(tx, r.Waybill, r.Parts)
	if err != nil {
		return nil, err
	}
	v.Last = &scanner.Docked{Parcel: r.Number(), Waybill: r.Waybill, Carrier: r.Carrier, State: r.State, Owner: r.Owner, Part: r.Part, Parts: parts, Arrived: arrived,
		WeightGrams: int64(r.WeightG), CollectMinor: r.CollectMinor, Damaged: r.Damaged}
	if r.CollectMinor > 0 {
		v.Last.Currency = r.Currency
	}
	return v, nil
}
