package office

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Plates holds what people do with license plates: rolls printed beforehand, and which benches use them.
type Plates struct {
	db     *db.DB
	log    *event.Log
	labels *label.Office
	clock  clock.Clock
}

// NewPlates makes the desk for plates.
func NewPlates(d *db.DB, log *event.Log, c clock.Clock) *Plates {
	return &Plates{db: d, log: log, labels: label.NewOffice(d), clock: c}
}

// Roll leases the plates of a roll before anything is printed: a roll whose printing fails loses numbers, which are never given out again, instead of giving
// them out twice. by is 0 for the administrator at the server's own prompt.
func (p *Plates) Roll(ctx context.Context, w id.Warehouse, count int, by id.User) (wire.Block, error) {
	return p.labels.Roll(ctx, w, count, p.clock.Now(), func(tx *gorm.DB, b wire.Block) error {
		return p.log.Append(ctx, tx, event.Event{Type: "backdock.plates.rolled.v1", Subject: "roll/" + scanner.Plate(b.First), Version: 1, WarehouseID: w, ByUser: by, At: p.clock.Now(),
			Data: event.Data{"first": scanner.Plate(b.First), "last": scanner.Plate(b.First + int64(b.Count) - 1), "count": b.Count}})
	})
}

// Mode says where a bench's plates come from. The bench's stations hear of it with their next view; a piece that waits for its plate is scanned again.
func (p *Plates) Mode(ctx context.Context, bench id.Bench, mode scanner.PlateMode, by id.User) error {
	err := p.db.InTx(ctx, func(tx *gorm.DB) error {
		var b receiving.Bench
		res := db.Lock(tx).Where("id = ?", bench).Limit(1).Find(&b)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.NotFound, "bench_not_found", "there is no bench %d", bench)
		}
		if b.Plates == string(mode) {
			return nil
		}
		b.Version++
		if err := tx.Model(&receiving.Bench{}).Where("id = ?", bench).Updates(map[string]any{"plates": mode, "version": b.Version}).Error; err != nil {
			return err
		}
		return p.log.Append(ctx, tx, event.Event{Type: "backdock.bench.plates.v1", Subject: fmt.Sprintf("bench/%d", bench), Version: b.Version, WarehouseID: b.WarehouseID, ByUser: by, At: p.clock.Now(),
			Data: event.Data{"bench": bench, "plates": mode}})
	})
	if err != nil {
		return fmt.Errorf("set plates of bench %d: %w", bench, err)
	}
	return nil
}
