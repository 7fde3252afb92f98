package desk

import (
	"cmp"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
)

// rank is the place of a kind of lock in the one order that everybody keeps (docs/architecture.md). A batch of scans finds out only as it goes what it needs, so
// what it needs may lie before what it has.
type rank int

const (
	benchRank  rank = iota
	nameRank        // of what may have no row yet: case, order, waybill
	parcelRank      // not open here: the bench's lock covers that one
	caseRank
	unitRank
)

var tables = map[rank]string{benchRank: "benches", parcelRank: "parcels", caseRank: "cases", unitRank: "units"}

// need is one thing to lock.
type need struct {
	rank rank
	id   int64
	name string // of nameRank
}

func (n need) compare(o need) int {
	return cmp.Or(cmp.Compare(n.rank, o.rank), cmp.Compare(n.id, o.id), cmp.Compare(n.name, o.name))
}

func each[T ~int64](r rank, ids ...T) []need {
	out := make([]need, len(ids))
	for i, n := range ids {
		out[i] = need{rank: r, id: int64(n)}
	}
	return out
}

func texts(keys []string) []need {
	out := make([]need, len(keys))
	for i, k := range keys {
		out[i] = need{rank: nameRank, name: k}
	}
	return out
}

// held is what a session has locked beside its producer and its bench.
type held struct {
	all  map[need]bool
	last need // the furthest in the order
}

// unforeseen says that a lock out of order was not free. Waiting for it could be for ever, so the work begins again and takes it in order.
type unforeseen []need

func (u unforeseen) Error() string { return fmt.Sprintf("%d locks came up out of order", len(u)) }

func (s *session) locked(r rank, id int64) bool { return s.held.all[need{rank: r, id: id}] }

// lock locks things of one rank. In order it waits for them; out of order it takes them only if they are free.
func (s *session) lock(needs ...need) error {
	fresh := slices.DeleteFunc(slices.Clone(needs), func(n need) bool { return s.held.all[n] })
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, need.compare)
	fresh = slices.Compact(fresh)
	got, err := take(s.tx, fresh, fresh[0].compare(s.held.last) < 0)
	if err != nil {
		return err
	}
	if !got {
		return unforeseen(fresh)
	}
	s.keep(fresh)
	return nil
}

func (s *session) keep(needs []need) {
	if s.held.all == nil {
		s.held.all = map[need]bool{}
	}
	for _, n := range needs {
		s.held.all[n] = true
		if n.compare(s.held.last) > 0 {
			s.held.last = n
		}
	}
}

// take locks sorted needs of one rank. free takes only what nobody has, and says whether that was all.
func take(tx *gorm.DB, needs []need, free bool) (bool, error) {
	if !db.IsPostgres(tx) {
		return true, nil
	}
	if needs[0].rank == nameRank {
		keys := make([]string, len(needs))
		for i, n := range needs {
			keys[i] = n.name
		}
		if free {
			return db.TryLockNames(tx, keys)
		}
		return true, db.LockNames(tx, keys)
	}
	ids := make([]int64, len(needs))
	for i, n := range needs {
		ids[i] = n.id
	}
	locking, table := db.Lock, tables[needs[0].rank]
	if free {
		locking = db.LockFree
	}
	var got []int64
	if err := locking(tx).Table(table).Where("id IN ?", ids).Order("id").Pluck("id", &got).Error; err != nil {
		return false, fmt.Errorf("lock %s: %w", table, err)
	}
	return !free || len(got) == len(ids), nil
}

// lockBenches locks the bench of a producer together with foreseen ones, in id order.
func lockBenches(tx *gorm.DB, producer string, foreseen []need) error {
	benches := slices.DeleteFunc(slices.Clone(foreseen), func(n need) bool { return n.rank != benchRank })
	if len(benches) == 0 || !db.IsPostgres(tx) {
		return nil
	}
	var own []int64
	if err := db.Lock(tx).Table("producers").Where("id = ?", producer).Pluck("bench_id", &own).Error; err != nil {
		return fmt.Errorf("lock producer: %w", err)
	}
	benches = append(benches, each(benchRank, own...)...)
	slices.SortFunc(benches, need.compare)
	_, err := take(tx, slices.Compact(benches), false)
	return err
}

// foresee locks what earlier tries of the same work ran into: now it comes in order. The benches are locked already.
func (s *session) foresee(needs []need) error {
	for _, r := range []rank{benchRank, nameRank, parcelRank, caseRank, unitRank} {
		of := slices.DeleteFunc(slices.Clone(needs), func(n need) bool { return n.rank != r })
		if r == benchRank {
			s.keep(of)
			continue
		}
		if err := s.lock(of...); err != nil {
			return err
		}
	}
	return nil
}
