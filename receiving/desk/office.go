package desk

import (
	"context"
	"fmt"
	"slices"
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
		if err := s.allGoods(f, "part_received"); err != nil {
			return err
		}
		if err := s.countCases([]*docket{f}, -1); err != nil {
			return err
		}
		p.Become(receiving.AtDock)
		p.ClosedAt, p.ClosedBy = nil, nil
		if p.Note == receiving.NoteEmptyBox || p.Note == receiving.NoteJunk {
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

// withParcel locks a parcel, and before it the bench where it is open, as scans do, and what is named; that bench's dockets are stale from then on.
func (s *session) withParcel(parcel id.Parcel, keys ...string) (*docket, error) {
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
		if err := db.LockNames(s.tx, keys); err != nil {
			return nil, err
		}
		if err := read(db.Lock(s.tx)); err != nil {
			return nil, err
		}
		if val(p.BenchID) != *was.BenchID {
			return nil, fault.New(fault.Conflict, "parcel_busy", "parcel %s is being moved: try again", p.Number())
		}
	} else {
		if err := db.LockNames(s.tx, keys); err != nil {
			return nil, err
		}
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

// Hold keeps every bench from opening a parcel under one of the waybills, or of one of the orders, until tx ends, and locks the parcels of unknown owner that stand
// under them and those whose goods wait for a case of them: who brings the case sees every parcel there is, or the bench sees the case. Call it before cases are locked.
func (d *Desk) Hold(ctx context.Context, tx *gorm.DB, waybills []string, orders []id.Order) error {
	if !db.IsPostgres(tx) {
		return nil
	}
	tx = tx.WithContext(ctx)
	benches, parcels, err := claimable(tx, waybills, orders)
	if err != nil {
		return err
	}
	keys := keysOf(target{Orders: orders})
	for _, w := range waybills {
		keys = append(keys, waybillKey(w))
	}
	for _, needs := range [][]need{each(benchRank, benches...), texts(keys), each(parcelRank, parcels...)} {
		if len(needs) == 0 {
			continue
		}
		if _, err := take(tx, needs, false); err != nil {
			return err
		}
	}
	again, now, err := claimable(tx, waybills, orders)
	if err == nil && (!slices.Equal(benches, again) || !slices.Equal(parcels, now)) {
		return db.ErrAgain // one was opened, claimed or taken over before its lock was ours
	}
	return err
}

// claimable finds the parcels of unknown owner under some waybills and those with goods of some orders that no case has asked for, and the benches where they are open.
func claimable(tx *gorm.DB, waybills []string, orders []id.Order) ([]id.Bench, []id.Parcel, error) {
	var parcels []id.Parcel
	var err error
	if len(waybills) > 0 {
		if parcels, err = receiving.Ownerless(tx, waybills); err != nil {
			return nil, nil, err
		}
	}
	early, err := withEarlyGoods(tx, orders)
	if err != nil {
		return nil, nil, err
	}
	parcels = append(parcels, early...)
	slices.Sort(parcels)
	parcels = slices.Compact(parcels)
	if len(parcels) == 0 {
		return nil, nil, nil
	}
	var benches []id.Bench
	err = tx.Model(&receiving.Parcel{}).Where("id IN ? AND state = ?", parcels, receiving.Open).Distinct().Order("bench_id").Pluck("bench_id", &benches).Error
	if err != nil {
		return nil, nil, fmt.Errorf("benches of parcels: %w", err)
	}
	return benches, parcels, nil
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
	if err := s.holdMoney(); err != nil {
		return err
	}
	if err := s.log.Append(s.ctx, s.tx, events...); err != nil {
		return err
	}
	return s.ledger.Apply(s.ctx, s.tx, s.out.deltas)
}
