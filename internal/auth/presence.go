package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// SilentFor is how long a station may go unseen before SweepStations calls it offline; its socket reports far more often.
const SilentFor = 2 * time.Minute

// StationOnline records that connection, a name of the socket made by id.Hex, now speaks for a station. devices is JSON.
func (k *Keeper) StationOnline(ctx context.Context, station id.Station, connection, agent, devices string) error {
	return k.present(ctx, station, func(tx *gorm.DB, row stationRow) error {
		err := tx.Model(&stationRow{}).Where("id = ?", station).Updates(map[string]any{"online": true, "seen_at": k.clock.Now(), "connection": connection,
			"agent": clip(agent, 100), "devices": devices}).Error
		if err != nil {
			return err
		}
		return k.log.Append(ctx, tx, row.event("online", 0, event.Data{"connection": connection}))
	})
}

// StationSeen records that connection is alive and, unless devices is empty, its scanners. It is silent: no event. A connection that was replaced changes nothing.
func (k *Keeper) StationSeen(ctx context.Context, station id.Station, connection, devices string) error {
	set := map[string]any{"seen_at": k.clock.Now(), "online": true}
	if devices != "" {
		set["devices"] = devices
	}
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Model(&stationRow{}).Where("id = ? AND connection = ? AND revoked_at IS NULL", station, connection).Updates(set).Error
	})
	if err != nil {
		return fmt.Errorf("station %d seen: %w", station, err)
	}
	return nil
}

// StationOffline records the end of a connection, unless another took over.
func (k *Keeper) StationOffline(ctx context.Context, station id.Station, connection string) error {
	return k.present(ctx, station, func(tx *gorm.DB, row stationRow) error {
		if row.Connection != connection || !row.Online {
			return nil
		}
		if err := tx.Model(&stationRow{}).Where("id = ?", station).Updates(map[string]any{"online": false, "seen_at": k.clock.Now()}).Error; err != nil {
			return err
		}
		return k.log.Append(ctx, tx, row.event("offline", 0, event.Data{"connection": connection}))
	})
}

// SweepStations turns off stations whose server died without saying so.
func (k *Keeper) SweepStations(ctx context.Context) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		var rows []stationRow
		err := db.Lock(tx).Where("online AND seen_at < ?", k.clock.Now().Add(-SilentFor)).Order("id").Find(&rows).Error
		if err != nil {
			return fmt.Errorf("sweep stations: %w", err)
		}
		for _, row := range rows {
			if err := tx.Model(&stationRow{}).Where("id = ?", row.ID).Update("online", false).Error; err != nil {
				return fmt.Errorf("sweep stations: %w", err)
			}
			if err := k.log.Append(ctx, tx, row.event("offline", 0, event.Data{"connection": row.Connection})); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *Keeper) present(ctx context.Context, station id.Station, fn func(tx *gorm.DB, row stationRow) error) error {
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		var row stationRow
		if err := db.Lock(tx).Where("id = ?", station).Take(&row).Error; err != nil {
			return err
		}
		return fn(tx, row)
	})
	if err != nil {
		return fmt.Errorf("presence of station %d: %w", station, err)
	}
	return nil
}
