package label

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	// MaxLease is the most plates of one lease.
	MaxLease = 10_000
	// poolBlock is what the server leases for itself; few plates come from it, since agents bring their own.
	poolBlock = 256
	// keepBlocks are remembered: the newest ones are in use; an older one costs a question again.
	keepBlocks = 16
)

// Office leases plates and remembers who holds which block. Leases never end, so what it once read stays true.
type Office struct {
	db *db.DB

	mu    sync.Mutex
	known map[id.Station][]wire.Block
	rolls map[id.Warehouse][]wire.Block
	pool  []wire.Block
}

// NewOffice makes the office of d.
func NewOffice(d *db.DB) *Office {
	return &Office{db: d, known: map[id.Station][]wire.Block{}, rolls: map[id.Warehouse][]wire.Block{}}
}

// Lease gives a block to a station, for ever; station 0 is the server itself.
func (o *Office) Lease(ctx context.Context, station id.Station, bench id.Bench, count int, at time.Time) (wire.Block, error) {
	if count < 1 || count > MaxLease {
		return wire.Block{}, fault.New(fault.Invalid, "lease_count", "a lease has 1 to %d plates, not %d", MaxLease, count)
	}
	row := receiving.Lease{Count: count, LeasedAt: at}
	if station != 0 {
		row.StationID, row.BenchID = &station, &bench
	}
	b, err := o.enter(ctx, row, nil)
	if err != nil {
		return wire.Block{}, err
	}
	o.learn(station, b)
	return b, nil
}

// enter counts the plates of a new block and keeps it. also, if not nil, runs in the same transaction.
func (o *Office) enter(ctx context.Context, row receiving.Lease, also func(tx *gorm.DB, b wire.Block) error) (b wire.Block, err error) {
	err = o.db.InTx(ctx, func(tx *gorm.DB) error {
		var next int64
		// The counter's row is locked until this short transaction ends.
		if err := tx.Raw("UPDATE plate_counter SET next = next + ? WHERE id = 1 RETURNING next", row.Count).Scan(&next).Error; err != nil {
			return fmt.Errorf("count plates: %w", err)
		}
		if next-1 > scanner.MaxPlate {
			return fault.New(fault.Unavailable, "plates_spent", "the license plate numbers are used up")
		}
		b = wire.Block{First: next - int64(row.Count), Count: row.Count}
		row.First = b.First
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("lease plates: %w", err)
		}
		if also != nil {
			return also(tx, b)
		}
		return nil
	})
	return b, err
}

// Latest returns the newest block of a station that was leased at or after since; a station whose lease got lost on the way hears of it again.
func (o *Office) Latest(ctx context.Context, tx *gorm.DB, station id.Station, since time.Time) (b wire.Block, ok bool, err error) {
	var rows []receiving.Lease
	err = tx.WithContext(ctx).Where("station_id = ? AND leased_at >= ?", station, since).Order("first DESC").Limit(1).Find(&rows).Error
	if err != nil {
		return b, false, fmt.Errorf("leases of station %d: %w", station, err)
	}
	if len(rows) == 0 {
		return b, false, nil
	}
	return wire.Block{First: rows[0].First, Count: rows[0].Count}, true, nil
}

// Holds reports whether plate number n was leased to the station. tx serves a first question about a block.
func (o *Office) Holds(ctx context.Context, tx *gorm.DB, station id.Station, n int64) (bool, error) {
	if o.remembers(station, n) {
		return true, nil
	}
	var rows []receiving.Lease
	if err := tx.WithContext(ctx).Where("first <= ?", n).Order("first DESC").Limit(1).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("lease of plate %d: %w", n, err)
	}
	if len(rows) == 0 || rows[0].StationID == nil || *rows[0].StationID != station || n >= rows[0].First+int64(rows[0].Count) {
		return false, nil
	}
	o.learn(station, wire.Block{First: rows[0].First, Count: rows[0].Count})
	return true, nil
}

func (o *Office) remembers(station id.Station, n int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range o.known[station] {
		if n >= b.First && n < b.First+int64(b.Count) {
			return true
		}
	}
	return false
}

func (o *Office) learn(station id.Station, b wire.Block) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if list := o.known[station]; len(list) >= keepBlocks {
		o.known[station] = append(list[1:keepBlocks:keepBlocks], b)
		return
	}
	o.known[station] = append(o.known[station], b)
}

// Reserve takes n plates for scans that bring none. Call it outside any transaction: it may lease. Plates that are not needed go back by Return.
func (o *Office) Reserve(ctx context.Context, n int, at time.Time) ([]int64, error) {
	for {
		if got := o.draw(n); got != nil {
			return got, nil
		}
		b, err := o.Lease(ctx, 0, 0, max(poolBlock, n), at)
		if err != nil {
			return nil, err
		}
		o.mu.Lock()
		o.pool = append(o.pool, b)
		o.mu.Unlock()
	}
}

// draw takes n numbers from the pool, or none.
func (o *Office) draw(n int) []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := 0
	for _, b := range o.pool {
		left += b.Count
	}
	if left < n {
		return nil
	}
	out := make([]int64, 0, n)
	for len(out) < n {
		b := &o.pool[0]
		out = append(out, b.First)
		b.First, b.Count = b.First+1, b.Count-1
		if b.Count == 0 {
			o.pool = o.pool[1:]
		}
	}
	return out
}

// Return gives reserved plates back that no transaction used, so that numbers are not wasted.
func (o *Office) Return(ns []int64) {
	if len(ns) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	back := make([]wire.Block, 0, len(ns)+len(o.pool))
	for _, n := range ns {
		if k := len(back) - 1; k >= 0 && back[k].First+int64(back[k].Count) == n {
			back[k].Count++
			continue
		}
		back = append(back, wire.Block{First: n, Count: 1})
	}
	o.pool = append(back, o.pool...)
}
