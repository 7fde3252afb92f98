package desk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// errMoved says that somebody changed a row that this transaction had not foreseen to lock; the work is done again from the start.
var errMoved = errors.New("changed meanwhile")

// hold puts the open parcel on the shelf, for a reason where the control names one.
func (s *session) hold(reason string) (*ruling, error) {
	d := s.docket
	if d == nil {
		return rule(scanner.CodeNothingOpen), nil
	}
	if r := s.unplated(); r != nil {
		return r, nil
	}
	reason = clip(strings.ToLower(reason), maxReason)
	s.shelve(d, reason)
	return rule(scanner.CodeHeld, "parcel", d.parcel.Number(), "reason", reason).effect(scanner.Effect{Kind: scanner.EffectParcelHeld, Parcel: d.parcel.Number()}).about(d), nil
}

// maxReason is how many characters of a reason on a control barcode are kept.
const maxReason = 80

func clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}

func (s *session) shelve(d *docket, reason string) {
	d.parcel.Become(receiving.Held)
	d.parcel.HeldAt = ptr(s.at)
	data := event.Data{}
	if reason != "" {
		data["reason"] = reason
	}
	s.tellParcel("backdock.parcel.held.v1", d, data)
	s.leave(d)
	s.next.Shelved = d.parcel.ID
}

// resume takes the parcel that was held or found on the shelf last.
func (s *session) resume() (*ruling, error) {
	if s.pending.Shelved == 0 {
		if s.docket != nil {
			s.next = s.pending
			return s.opened(s.docket, nil)
		}
		return rule(scanner.CodeNothingOpen), nil
	}
	shelved := s.pending.Shelved
	r, err := s.settled(func() (*ruling, error) {
		d, err := s.fromShelf(shelved)
		if err != nil || d == nil {
			return rule(scanner.CodeNothingOpen), err
		}
		return rule(scanner.CodeResumed, "parcel", d.parcel.Number()).effect(scanner.Effect{Kind: scanner.EffectParcelResumed, Parcel: d.parcel.Number()}).about(d), nil
	})
	if err == nil && r.Code == scanner.CodePreviousOpen {
		s.next.Shelved = shelved
	}
	return r, err
}

// fromShelf opens a held parcel on this bench; nil when it is not held any more.
func (s *session) fromShelf(p id.Parcel) (*docket, error) {
	if err := s.sync(); err != nil {
		return nil, err
	}
	if err := s.lock(each(parcelRank, p)...); err != nil {
		return nil, err
	}
	var state []string
	if err := s.tx.Model(&receiving.Parcel{}).Where("id = ? AND warehouse_id = ?", p, s.bench.WarehouseID).Pluck("state", &state).Error; err != nil {
		return nil, fmt.Errorf("read parcel: %w", err)
	}
	s.next.Shelved = 0
	if len(state) == 0 || state[0] != receiving.Held {
		return nil, nil
	}
	d, err := loadDocket(s.ctx, s.tx, p)
	if err != nil {
		return nil, err
	}
	d.parcel.Become(receiving.Open)
	d.parcel.HeldAt, d.parcel.BenchID = nil, &s.bench.ID
	s.docket, s.bench.OpenParcelID = d, &d.parcel.ID
	s.out.touch(d)
	s.tellParcel("backdock.parcel.resumed.v1", d, nil)
	return d, s.propose()
}

// takeOver brings a parcel from another bench. That bench's row is locked before the parcel, as its own scans do.
func (s *session) takeOver(a *arrival) (*ruling, error) {
	from := *a.BenchID
	if err := s.lock(each(benchRank, from)...); err != nil {
		return nil, err
	}
	var other []receiving.Bench
	if err := s.tx.Where("id = ?", from).Find(&other).Error; err != nil {
		return nil, fmt.Errorf("read bench %d: %w", from, err)
	}
	if len(other) != 1 || val(other[0].OpenParcelID) != a.ID {
		return nil, errMoved
	}
	err := s.tx.Exec("UPDATE benches SET open_parcel_id = NULL, pending = '{}', version = version + 1 WHERE id = ?", from).Error
	if err != nil {
		return nil, fmt.Errorf("free bench %d: %w", from, err)
	}
	d, err := loadDocket(s.ctx, s.tx, a.ID)
	if err != nil {
		return nil, err
	}
	d.parcel.BenchID = &s.bench.ID
	d.parcel.Version++
	s.docket, s.bench.OpenParcelID = d, &d.parcel.ID
	s.next.Plate, s.next.Stick = "", false
	s.out.touch(d)
	s.tellParcel("backdock.parcel.taken_over.v1", d, event.Data{"from_bench": from})
	return rule(scanner.CodeTakenOver, "bench", itoa(other[0].Number)).effect(scanner.Effect{Kind: scanner.EffectParcelOpened, Parcel: d.parcel.Number()}).about(d), nil
}
