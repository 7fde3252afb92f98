package auth

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// EnrolWithin is how long an enrolment code works.
const EnrolWithin = 30 * time.Minute

type stationRow struct {
	ID          id.Station `gorm:"primaryKey"`
	Name        string
	WarehouseID id.Warehouse
	BenchID     id.Bench
	TokenHash   *string
	Hostname    string
	CreatedAt   time.Time
	EnrolledAt  *time.Time
	RevokedAt   *time.Time
	Online      bool
	Connection  string
	PageHash    *string
}

func (stationRow) TableName() string { return "stations" }

type enrolmentRow struct {
	CodeHash  string `gorm:"primaryKey"`
	StationID id.Station
	ExpiresAt time.Time
	UsedAt    *time.Time
}

func (enrolmentRow) TableName() string { return "enrolments" }

// Station is an enrolled agent.
type Station struct {
	ID        id.Station
	Name      string
	Warehouse id.Warehouse
	Bench     id.Bench
}

// NewStation names a station and the bench it stands at. Code is the one-time code it enrols with, made by id.Code.
type NewStation struct {
	Name  string
	Bench id.Bench
	Code  string
	By    id.User
}

// CreateStation adds a station, or makes a new code for the one of that name at that bench, and returns when the code expires.
func (k *Keeper) CreateStation(ctx context.Context, n NewStation) (id.Station, time.Time, error) {
	n.Name = strings.TrimSpace(n.Name)
	if n.Name == "" || len(n.Name) > 100 {
		return 0, time.Time{}, fault.New(fault.Invalid, "station_name", "a station's name has 1 to 100 bytes")
	}
	now := k.clock.Now()
	expires := now.Add(EnrolWithin)
	var s stationRow
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		s = stationRow{}
		var bench struct{ WarehouseID id.Warehouse }
		res := tx.Table("benches").Select("warehouse_id").Where("id = ?", n.Bench).Limit(1).Scan(&bench)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.NotFound, "bench_not_found", "there is no bench %d", n.Bench)
		}
		res = tx.Where("name = ? AND bench_id = ? AND revoked_at IS NULL", n.Name, n.Bench).Limit(1).Find(&s)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			s = stationRow{Name: n.Name, WarehouseID: bench.WarehouseID, BenchID: n.Bench, CreatedAt: now}
			if err := tx.Create(&s).Error; err != nil {
				return err
			}
		}
		return tx.Create(&enrolmentRow{CodeHash: k.ring.Code(n.Code), StationID: s.ID, ExpiresAt: expires}).Error
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("create station: %w", err)
	}
	return s.ID, expires, nil
}

// Enrol trades a one-time code for a station's token; an older token of that station ends. Wrong codes are counted per address.
func (k *Keeper) Enrol(ctx context.Context, code, hostname, address string) (token string, s Station, err error) {
	now, key := k.clock.Now(), "e|"+address
	if _, err := k.tries.check(ctx, now, key); err != nil {
		return "", Station{}, err
	}
	token = id.Token()
	err = k.db.InTx(ctx, func(tx *gorm.DB) error {
		hash := k.ring.Code(code)
		used := tx.Model(&enrolmentRow{}).Where("code_hash = ? AND used_at IS NULL AND expires_at > ?", hash, now).Update("used_at", now)
		if used.Error != nil {
			return used.Error
		}
		if used.RowsAffected == 0 {
			return fault.New(fault.Denied, "enrol_code", "the code is wrong, used or expired: ask for a new one")
		}
		var row stationRow
		err := db.Lock(tx).Where("id = (SELECT station_id FROM enrolments WHERE code_hash = ?) AND revoked_at IS NULL", hash).Take(&row).Error
		if err != nil {
			return err
		}
		s = row.station()
		err = tx.Model(&stationRow{}).Where("id = ?", s.ID).Updates(map[string]any{"token_hash": digest(token), "hostname": clip(hostname, 200), "enrolled_at": now}).Error
		if err != nil {
			return err
		}
		return k.log.Append(ctx, tx, row.event("enrolled", 0, nil))
	})
	if fault.IsKind(err, fault.Denied) {
		err = cmp.Or(k.tries.failed(context.WithoutCancel(ctx), now, counted{key, freeTries}), err)
	}
	if err != nil {
		return "", Station{}, fmt.Errorf("enrol: %w", err)
	}
	return token, s, nil
}

// ErrStation is the answer to a token that opens nothing.
var ErrStation = fault.New(fault.Unauthenticated, "station_unknown", "this station is not enrolled, or was revoked: enrol it again")

// Station finds the station of a token.
func (k *Keeper) Station(ctx context.Context, token string) (Station, error) {
	if len(token) != 64 {
		return Station{}, ErrStation
	}
	var row stationRow
	res := k.db.From(ctx).Where("token_hash = ? AND revoked_at IS NULL", digest(token)).Limit(1).Find(&row)
	if res.Error != nil {
		return Station{}, fmt.Errorf("find station: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return Station{}, ErrStation
	}
	return row.station(), nil
}

// StationByID finds a station, revoked or not.
func (k *Keeper) StationByID(ctx context.Context, station id.Station) (Station, error) {
	var row stationRow
	res := k.db.From(ctx).Where("id = ?", station).Limit(1).Find(&row)
	if res.Error != nil {
		return Station{}, fmt.Errorf("find station: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return Station{}, fault.New(fault.NotFound, "station_not_found", "there is no station %d", station)
	}
	return row.station(), nil
}

// RevokeStation ends a station's token for good; doing it twice changes nothing.
func (k *Keeper) RevokeStation(ctx context.Context, station id.Station, by id.User) error {
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		var row stationRow
		res := db.Lock(tx).Where("id = ?", station).Limit(1).Find(&row)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.NotFound, "station_not_found", "there is no station %d", station)
		}
		if row.RevokedAt != nil {
			return nil
		}
		err := tx.Model(&stationRow{}).Where("id = ?", station).Updates(map[string]any{"token_hash": nil, "revoked_at": k.clock.Now(), "online": false}).Error
		if err != nil {
			return err
		}
		return k.log.Append(ctx, tx, row.event("revoked", by, nil))
	})
	if err != nil {
		return fmt.Errorf("revoke station %d: %w", station, err)
	}
	return nil
}

func (r stationRow) station() Station {
	return Station{ID: r.ID, Name: r.Name, Warehouse: r.WarehouseID, Bench: r.BenchID}
}

func (r stationRow) event(what string, by id.User, more event.Data) event.Event {
	data := event.Data{"station": r.ID, "bench": r.BenchID, "name": r.Name}
	for name, v := range more {
		data[name] = v
	}
	return event.Event{Type: "backdock.station." + what + ".v1", Subject: fmt.Sprintf("station/%d", r.ID), Version: 1, WarehouseID: r.WarehouseID, ByUser: by, Data: data}
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
