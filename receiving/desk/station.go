package desk

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// firstLease is how many plates a station gets when it says hello with few left; it asks for more by itself.
const firstLease = 500

// Hello registers a station's journal and answers where it stands.
func (d *Desk) Hello(ctx context.Context, station id.Station, m wire.FromStation) (wire.FromServer, error) {
	w := wire.FromServer{Op: wire.OpWelcome, Version: wire.Version, ServerTime: d.clock.Now()}
	err := d.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		var st receiving.Station
		if res := tx.Where("id = ?", station).Limit(1).Find(&st); res.Error != nil || res.RowsAffected == 0 {
			return fmt.Errorf("station %d: %w", station, res.Error)
		}
		row := receiving.Producer{ID: m.Producer, StationID: station, BenchID: st.BenchID, CreatedAt: d.clock.Now()}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return fmt.Errorf("register producer: %w", err)
		}
		var p receiving.Producer
		if res := db.Lock(tx).Where("id = ?", m.Producer).Limit(1).Find(&p); res.Error != nil {
			return fmt.Errorf("lock producer: %w", res.Error)
		}
		if p.StationID != station {
			return fault.New(fault.Conflict, wire.ErrProducer, "this journal belongs to another station")
		}
		// A station can be enrolled anew at another bench; its journal follows it.
		if p.BenchID != st.BenchID {
			if err := tx.Model(&receiving.Producer{}).Where("id = ?", p.ID).Update("bench_id", st.BenchID).Error; err != nil {
				return fmt.Errorf("move producer: %w", err)
			}
		}
		s := &session{d: d, ctx: ctx, tx: tx, now: d.clock.Now()}
		if res := tx.Where("id = ?", st.BenchID).Limit(1).Find(&s.bench); res.Error != nil || res.RowsAffected == 0 {
			return fmt.Errorf("bench %d: %w", st.BenchID, res.Error)
		}
		view, err := s.look()
		if err != nil {
			return err
		}
		b, err := d.lease(tx, station, firstLease)
		w.Station, w.LastSeq, w.View, w.Blocks = st.Name, uint64(p.LastSeq), &view, []wire.Block{b}
		return err
	})
	return w, err
}

// Stored returns stored outcomes of a journal with seq > after, in order.
func (d *Desk) Stored(ctx context.Context, producer string, after uint64, limit int) ([]scanner.Outcome, error) {
	var rows []receiving.Outcome
	if err := d.db.Read.WithContext(ctx).Where("producer = ? AND seq > ?", producer, after).Order("seq").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read stored outcomes: %w", err)
	}
	out := make([]scanner.Outcome, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = outcome(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
