package desk

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
)

// Reopen puts a closed parcel back to the dock: scanning its number opens it again. What its closing told the cases is taken back. It needs a reason; the
// caller asks for a manager.
func (d *Desk) Reopen(ctx context.Context, parcel id.Parcel, by id.User, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, "reason_missing", "say why the parcel is opened again")
	}
	return d.db.InTx(ctx, func(tx *gorm.DB) error {
		s := d.office(ctx, tx)
		f, err := s.withParcel(parcel)
		if err != nil {
			return err
		}
		p := &f.parcel
		if p.State != receiving.Closed {
			return fault.New(fault.Conflict, "parcel_state", "parcel %s is %s, not closed", p.Number(), p.State).With("state", p.State)
		}
		s.bench.OperatorID = ref(by)
		for _, r := range f.receipts {
			if r.CaseID != nil {
				if _, err := s.goods(*r.CaseID, "part_received"); err != nil {
					return err
				}
			}
		}
		if err := s.countCases([]*docket{f}, -1); err != nil {
			return err
		}
		p.Become(receiving.AtDock)
		p.ClosedAt, p.ClosedBy = nil, nil
		if p.Note == receiving.NoteEmptyBox {
			p.Note = ""
		}
		for _, l := range f.lines {
			if l.Expected > 0 {
				l.Finding, l.dirty = string(receiving.Match), true
			}
		}
		s.out.touch(f)
		s.tellParcel("backdock.parcel.reopened.v1", f, event.Data{"reason": reason})
		return s.conclude()
	})
}

// office is a session without a scan, for verbs of people at desks of the other kind.
func (d *Desk) office(ctx context.Context, tx *gorm.DB) *session {
	s := &session{Desk: d, ctx: ctx, tx: tx.WithContext(ctx), at: d.clock.Now(), serials: &serialBook{}}
	s.out.deltas = inventory.Deltas{}
	return s
}

// withParcel locks a parcel, and before it the bench where it is open, as scans do; that bench's dockets are stale from then on.
func (s *session) withParcel(parcel id.Parcel) (*docket, error) {
	var p receiving.Parcel
	read := func(tx *gorm.DB) error {
		p = receiving.Parcel{}
		if err := tx.Where("id = ?", parcel).Limit(1).Find(&p).Error; err != nil {
			return fmt.Errorf("read parcel: %w", err)
		}
		if p.ID == 0 {
			return fault.New(fault.NotFound, "parcel_not_found", "there is no parcel %s", receiving.ParcelNumber(parcel))
		}
		return nil
	}
	if err := read(s.tx); err != nil {
		return nil, err
	}
	if was := p; was.State == receiving.Open && was.BenchID != nil {
		if err := s.tx.Exec("UPDATE benches SET version = version + 1 WHERE id = ?", *was.BenchID).Error; err != nil {
			return nil, fmt.Errorf("lock bench: %w", err)
		}
		if err := read(db.Lock(s.tx)); err != nil {
			return nil, err
		}
		if val(p.BenchID) != *was.BenchID {
			return nil, fault.New(fault.Conflict, "parcel_busy", "parcel %s is being moved: try again", p.Number())
		}
	} else {
		if err := read(db.Lock(s.tx)); err != nil {
			return nil, err
		}
		if p.State == receiving.Open {
			return nil, fault.New(fault.Conflict, "parcel_busy", "parcel %s was just opened: try again", p.Number())
		}
	}
	s.bench = receiving.Bench{ID: val(p.BenchID), WarehouseID: p.WarehouseID}
	return loadDocket(s.ctx, s.tx, parcel)
}

// conclude writes what the verb has brought together.
func (s *session) conclude() error {
	if err := s.sync(); err != nil {
		return err
	}
	events := make([]event.Event, len(s.out.events))
	for i, e := range s.out.events {
		events[i] = e()
	}
	if err := s.log.Append(s.ctx, s.tx, events...); err != nil {
		return err
	}
	return s.ledger.Apply(s.ctx, s.tx, s.out.deltas)
}
