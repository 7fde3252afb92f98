package qc

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Ages are how long a piece may wait in quarantine before it is told of, the longest first: a piece that is found late is told of once.
var Ages = []time.Duration{48 * time.Hour, 24 * time.Hour}

const agedAtOnce = 200

type ageAlarm struct {
	UnitID id.Unit
	Hours  int
	Since  time.Time
	At     time.Time
}

// TableName names the table: age_alarms.
func (ageAlarm) TableName() string { return "age_alarms" }

// Age tells of every piece that has waited in quarantine for longer than one of Ages, once per stay, and says of how many.
func (b *Bench) Age(ctx context.Context) (told int, err error) {
	for _, age := range Ages {
		for {
			n := 0
			err := b.db.InTx(ctx, func(tx *gorm.DB) (err error) {
				n, err = b.age(ctx, tx.WithContext(ctx), age)
				return err
			})
			told += n
			if err != nil {
				return told, fmt.Errorf("tell of pieces older than %s: %w", age, err)
			}
			if n < agedAtOnce {
				break
			}
		}
	}
	return told, nil
}

func (b *Bench) age(ctx context.Context, tx *gorm.DB, age time.Duration) (int, error) {
	now, hours := b.log.Now(), int(age.Hours())
	var units []inventory.Unit
	// Pieces that somebody holds are on their way somewhere; the next round sees them.
	err := db.LockFree(tx).Where(`account = 'quarantine' AND state = 'quarantine' AND moved_at <= ?
		AND NOT EXISTS (SELECT 1 FROM age_alarms a WHERE a.unit_id = units.id AND a.since = units.moved_at AND a.hours >= ?)`, now.Add(-age), hours).
		Order("id").Limit(agedAtOnce).Find(&units).Error
	if err != nil || len(units) == 0 {
		return 0, err
	}
	codes := map[id.Warehouse]string{}
	alarms := make([]ageAlarm, len(units))
	events := make([]event.Event, len(units))
	for i, u := range units {
		if _, ok := codes[u.WarehouseID]; !ok {
			var code string
			if err := tx.Raw("SELECT code FROM warehouses WHERE id = ?", u.WarehouseID).Scan(&code).Error; err != nil {
				return 0, err
			}
			codes[u.WarehouseID] = code
		}
		alarms[i] = ageAlarm{UnitID: u.ID, Hours: hours, Since: u.MovedAt, At: now}
		e := fact("backdock.unit.aged.v1", u, 0, event.Data{"hours": hours, "warehouse": codes[u.WarehouseID], "day": now.Format(time.DateOnly)})
		e.At = now
		events[i] = e
	}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&alarms).Error; err != nil {
		return 0, err
	}
	return len(units), b.log.Append(ctx, tx, events...)
}

// Run tells of what is too old, again and again until ctx ends.
func (b *Bench) Run(ctx context.Context, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := b.Age(ctx); err != nil && ctx.Err() == nil {
			log.Error("ageing of quarantine", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
