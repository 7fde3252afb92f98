package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// BenchRoles may work at a bench from a page. The grant has to cover all goods of the warehouse: a bench takes whatever comes.
var BenchRoles = []Role{Dock, Clerk, Inspector, Putaway, Manager, Admin}

type ticketRow struct {
	TokenHash   string `gorm:"primaryKey"`
	StationID   id.Station
	SessionHash string
	CreatedAt   time.Time
}

func (ticketRow) TableName() string { return "station_tickets" }

// MayWorkAt reports whether a principal may work at the benches of a warehouse.
func (p *Principal) MayWorkAt(w id.Warehouse) bool { return p.Scope(BenchRoles...).Warehouse(w) }

// PageTicket lets a page speak for a bench as long as the principal's session stands. page is a secret of 64 hexadecimal digits that the browser made with its
// outbox: the same page is the same station whoever is logged in, so that what waits in the outbox arrives under the name it was made under. A page that was
// enrolled at another bench is fault.Conflict "page_elsewhere".
func (k *Keeper) PageTicket(ctx context.Context, p *Principal, page string, bench id.Bench) (token string, s Station, err error) {
	if len(page) != 64 {
		return "", Station{}, fault.New(fault.Invalid, "page_key", "the page's key has 64 hexadecimal digits")
	}
	token = id.Token()
	err = k.db.InTx(ctx, func(tx *gorm.DB) error {
		row, err := k.pageStation(ctx, tx, p, digest(page), bench)
		if err != nil {
			return err
		}
		s = row.station()
		// One ticket per page: the one before belongs to an earlier load of it.
		if err := tx.Where("station_id = ?", row.ID).Delete(&ticketRow{}).Error; err != nil {
			return err
		}
		return tx.Create(&ticketRow{TokenHash: digest(token), StationID: row.ID, SessionHash: p.session, CreatedAt: k.clock.Now()}).Error
	})
	if err != nil {
		return "", Station{}, fmt.Errorf("ticket of a page: %w", err)
	}
	return token, s, nil
}

// pageStation finds the station of a page, or makes it.
func (k *Keeper) pageStation(ctx context.Context, tx *gorm.DB, p *Principal, hash string, bench id.Bench) (stationRow, error) {
	var at struct{ WarehouseID id.Warehouse }
	res := tx.Table("benches").Select("warehouse_id").Where("id = ?", bench).Limit(1).Scan(&at)
	if res.Error != nil {
		return stationRow{}, res.Error
	}
	if res.RowsAffected == 0 || !p.MayWorkAt(at.WarehouseID) {
		return stationRow{}, fault.New(fault.NotFound, "bench_not_found", "there is no bench %d", bench)
	}
	var row stationRow
	res = db.Lock(tx).Where("page_hash = ?", hash).Limit(1).Find(&row)
	switch {
	case res.Error != nil:
		return row, res.Error
	case res.RowsAffected == 0:
		now := k.clock.Now()
		row = stationRow{Name: "page " + hash[:6], WarehouseID: at.WarehouseID, BenchID: bench, Hostname: "browser", CreatedAt: now, EnrolledAt: &now, PageHash: &hash}
		if err := tx.Create(&row).Error; err != nil {
			return row, err
		}
		return row, k.log.Append(ctx, tx, row.event("enrolled", p.User, nil))
	case row.RevokedAt != nil:
		return row, fault.New(fault.Denied, "station_revoked", "this page was revoked as a station: clear the site's data in this browser to begin anew")
	case row.BenchID != bench:
		return row, fault.New(fault.Conflict, "page_elsewhere", "this browser works for another bench")
	}
	return row, nil
}

// Ticket finds the station that a ticket speaks for. It ends with the session it was given to, and with the grants of its user.
func (k *Keeper) Ticket(ctx context.Context, token string) (Station, error) {
	if len(token) != 64 {
		return Station{}, ErrStation
	}
	var t ticketRow
	res := k.db.From(ctx).Where("token_hash = ?", digest(token)).Limit(1).Find(&t)
	if res.Error != nil {
		return Station{}, fmt.Errorf("find ticket: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return Station{}, ErrStation
	}
	p, err := k.sessionOf(ctx, t.SessionHash)
	if err != nil {
		return Station{}, err
	}
	var row stationRow
	res = k.db.From(ctx).Where("id = ? AND revoked_at IS NULL", t.StationID).Limit(1).Find(&row)
	if res.Error != nil {
		return Station{}, fmt.Errorf("find station: %w", res.Error)
	}
	if res.RowsAffected == 0 || !p.MayWorkAt(row.WarehouseID) {
		return Station{}, ErrStation
	}
	return row.station(), nil
}
