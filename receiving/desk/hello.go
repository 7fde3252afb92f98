package desk

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner/wire"
)

// Hello registers a producer and says where it stands: the newest committed seq, the view of its bench, plates. A producer of another station is fault.Denied
// producer_foreign.
func (d *Desk) Hello(ctx context.Context, station id.Station, m wire.FromStation) (wire.FromServer, error) {
	if !wire.ValidProducer(m.Producer) {
		return wire.FromServer{}, fault.New(fault.Invalid, wire.ErrMalformed, "producer is not 32 hex digits")
	}
	now := d.clock.Now()
	var p receiving.Producer
	var st receiving.Station
	fresh := false
	err := d.db.InTx(ctx, func(tx *gorm.DB) error {
		st, p, fresh = receiving.Station{}, receiving.Producer{}, false
		if err := tx.Where("id = ?", station).Limit(1).Find(&st).Error; err != nil {
			return fmt.Errorf("read station %d: %w", station, err)
		}
		if st.ID == 0 || st.RevokedAt != nil {
			return fault.New(fault.Denied, wire.ErrRevoked, "this station is not enrolled any more")
		}
		res := tx.Exec("INSERT INTO producers (id, station_id, bench_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", m.Producer, st.ID, st.BenchID, now)
		if res.Error != nil {
			return fmt.Errorf("register producer: %w", res.Error)
		}
		fresh = res.RowsAffected == 1
		// Waits for a batch under way elsewhere, so that last_seq is the truth.
		if err := db.Lock(tx).Where("id = ?", m.Producer).Take(&p).Error; err != nil {
			return fmt.Errorf("read producer: %w", err)
		}
		if p.StationID != st.ID {
			return fault.New(fault.Denied, wire.ErrProducer, "this journal belongs to another station")
		}
		if p.BenchID != st.BenchID { // the station was moved
			if err := tx.Model(&receiving.Producer{}).Where("id = ?", p.ID).Update("bench_id", st.BenchID).Error; err != nil {
				return fmt.Errorf("move producer: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return wire.FromServer{}, err
	}
	killpoint.Hit("desk.greeted")
	block, err := d.firstLease(ctx, st, p, fresh)
	if err != nil {
		return wire.FromServer{}, err
	}
	view, err := d.View(ctx, st.BenchID)
	if err != nil {
		return wire.FromServer{}, err
	}
	return wire.FromServer{Op: wire.OpWelcome, Version: wire.Version, ServerTime: now, Station: st.Name, LastSeq: uint64(p.LastSeq), View: &view, Blocks: []wire.Block{block}}, nil
}

// firstLease gives a new journal its first plates, and tells a journal that comes back of its newest block once more: the answer may have got lost.
func (d *Desk) firstLease(ctx context.Context, st receiving.Station, p receiving.Producer, fresh bool) (wire.Block, error) {
	if !fresh {
		b, ok, err := d.plates.Latest(ctx, d.db.Read, st.ID, p.CreatedAt)
		if err != nil || ok {
			return b, err
		}
	}
	return d.plates.Lease(ctx, st.ID, st.BenchID, d.o.FirstLease, d.clock.Now())
}

// Lease gives a station more plates.
func (d *Desk) Lease(ctx context.Context, station id.Station, count int) (wire.Block, error) {
	var st receiving.Station
	if err := d.db.Read.WithContext(ctx).Where("id = ?", station).Limit(1).Find(&st).Error; err != nil {
		return wire.Block{}, fmt.Errorf("read station %d: %w", station, err)
	}
	if st.ID == 0 || st.RevokedAt != nil {
		return wire.Block{}, fault.New(fault.Denied, wire.ErrRevoked, "this station is not enrolled any more")
	}
	return d.plates.Lease(ctx, st.ID, st.BenchID, count, d.clock.Now())
}
