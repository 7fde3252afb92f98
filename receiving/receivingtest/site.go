package receivingtest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// Start is when a site's clock begins: ten in the morning in Hangzhou.
var Start = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// Site is a warehouse HZ1 of owner QINGYU with shop TM1, and a desk.
type Site struct {
	T         testing.TB
	DB        *db.DB
	Clock     *clock.Fake
	Log       *event.Log
	Desk      *desk.Desk
	Warehouse place.Warehouse
	Owner     catalogue.Owner
	Shop      catalogue.Shop
	// Alone makes NewDesk's desks propose no owners for a parcel of unknown owner.
	Alone bool
}

// New makes a site on a migrated database.
func New(t testing.TB, d *db.DB) *Site { return NewNamed(t, d, "HZ1", "QINGYU", "TM1") }

// NewNamed makes a site beside others on the same database.
func NewNamed(t testing.TB, d *db.DB, warehouse, owner, shop string) *Site {
	s := &Site{T: t, DB: d, Clock: clock.NewFake(Start)}
	s.Log = event.NewLog(d, s.Clock)
	s.Desk = s.NewDesk()
	s.Warehouse = place.Warehouse{Code: warehouse, Name: "华东退货仓", NameEn: "East China returns", TimeZone: "Asia/Shanghai"}
	s.Create(&s.Warehouse)
	s.Owner, s.Shop = s.Merchant(owner, shop)
	return s
}

// NewDesk makes one more desk on the same database, as a second server would.
func (s *Site) NewDesk() *desk.Desk {
	floor := place.NewFloor(s.Log, new(inventory.Ledger))
	floor.Use(qc.NoSecondLook)
	o := desk.Options{Badge: s.badge, QC: qc.New(s.DB, s.Log, new(inventory.Ledger)), Floor: floor, Owners: unclaimed.NewSearch(nil).Candidates,
		Log: slog.New(slog.NewTextHandler(told{s.T}, nil))}
	if s.Alone {
		o.Owners = nil
	}
	return desk.New(s.DB, s.Log, new(inventory.Ledger), s.Clock, o)
}

func (s *Site) badge(ctx context.Context, badge string) (id.User, string, error) {
	var rows []struct {
		ID      id.User
		Display string
	}
	err := s.DB.Read.WithContext(ctx).Raw("SELECT id, display FROM users WHERE badge_hash = ? AND NOT disabled", "badge:"+badge).Scan(&rows).Error
	if err == nil && len(rows) == 0 {
		err = fault.New(fault.NotFound, "badge_unknown", "nobody has this badge")
	}
	if err != nil {
		return 0, "", err
	}
	return rows[0].ID, rows[0].Display, nil
}

// told writes what the desk logs into the test's own log.
type told struct{ t testing.TB }

func (w told) Write(b []byte) (int, error) {
	w.t.Log(string(b))
	return len(b), nil
}

// Merchant makes an owner with one shop.
func (s *Site) Merchant(owner, shop string) (catalogue.Owner, catalogue.Shop) {
	s.T.Helper()
	o := catalogue.Owner{Code: owner, Name: "轻羽 " + owner, NameEn: owner}
	s.Create(&o)
	s.Create(&catalogue.Policy{OwnerID: o.ID, RefundTrigger: "qc_passed", AutoLimitMinor: 20_000, SelfReleaseLimitMinor: 20_000, ScrapLimitMinor: 10_000, Jurisdiction: "CN"})
	h := catalogue.Shop{OwnerID: o.ID, Channel: "tmall", Code: shop, Name: "旗舰店 " + shop, TimeZone: "Asia/Shanghai"}
	s.Create(&h)
	return o, h
}

// Bench is a receiving bench with its station.
type Bench struct {
	receiving.Bench
	Station receiving.Station
}

// Bench makes receiving bench number n of the site's warehouse.
func (s *Site) Bench(n int) Bench { return s.BenchAt(s.Warehouse, n, "receiving") }

// BenchAt makes a bench of any kind in any warehouse.
func (s *Site) BenchAt(w place.Warehouse, n int, kind string) Bench {
	s.T.Helper()
	b := Bench{Bench: receiving.Bench{WarehouseID: w.ID, Number: n, Name: fmt.Sprintf("%d 号收货台", n), Kind: kind, Pending: "{}", Version: 1}}
	s.Create(&b.Bench)
	b.Station = receiving.Station{Name: fmt.Sprintf("%s-%d", w.Code, n), WarehouseID: w.ID, BenchID: b.ID, Devices: "[]", CreatedAt: Start}
	s.Create(&b.Station)
	return b
}

// User makes a clerk with a badge.
func (s *Site) User(name, badge string) id.User {
	s.T.Helper()
	var u id.User
	s.Do(func(tx *gorm.DB) error {
		err := tx.Raw("INSERT INTO users (username, display, password_hash, badge_hash, created_at) VALUES (?, ?, 'x', ?, ?) RETURNING id", name, name, "badge:"+badge, Start).Scan(&u).Error
		if err != nil {
			return err
		}
		return tx.Exec("INSERT INTO grants (user_id, role, warehouse_id) VALUES (?, 'clerk', ?)", u, s.Warehouse.ID).Error
	})
	return u
}

// Create inserts a row.
func (s *Site) Create(row any) {
	s.T.Helper()
	s.Do(func(tx *gorm.DB) error { return tx.Create(row).Error })
}

// Exec runs a statement.
func (s *Site) Exec(sql string, args ...any) {
	s.T.Helper()
	s.Do(func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error })
}

// Do runs a transaction that must succeed.
func (s *Site) Do(fn func(tx *gorm.DB) error) {
	s.T.Helper()
	if err := s.DB.InTx(s.T.Context(), fn); err != nil {
		s.T.Fatal(err)
	}
}

// One reads one value.
func One[T any](s *Site, sql string, args ...any) T {
	s.T.Helper()
	var v []T
	if err := s.DB.Read.Raw(sql, args...).Scan(&v).Error; err != nil {
		s.T.Fatalf("%s: %v", sql, err)
	}
	if len(v) != 1 {
		s.T.Fatalf("%s: %d rows", sql, len(v))
	}
	return v[0]
}
