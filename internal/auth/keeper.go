package auth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
)

// Options tune a Keeper; the zero value is right for a server.
type Options struct {
	Cost       Cost          // of new password hashes; zero takes DefaultCost
	SessionFor time.Duration // how long a session lives; zero takes 12 hours, a long shift
	IdleFor    time.Duration // how long an unused one lives; zero takes 2 hours
}

// Keeper keeps users, sessions, badges and stations.
type Keeper struct {
	db      *db.DB
	log     *event.Log
	clock   clock.Clock
	ring    *secret.Ring
	o       Options
	tries   limiter
	hashing chan struct{} // argon2 takes megabytes: a flood of log-ins must not take the machine's memory
	decoy   string        // verified for unknown users, so that they take as long as known ones
}

// New makes a Keeper.
func New(d *db.DB, log *event.Log, c clock.Clock, ring *secret.Ring, o Options) *Keeper {
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	if o.SessionFor == 0 {
		o.SessionFor = 12 * time.Hour
	}
	if o.IdleFor == 0 {
		o.IdleFor = 2 * time.Hour
	}
	return &Keeper{db: d, log: log, clock: c, ring: ring, o: o, tries: limiter{d}, hashing: make(chan struct{}, 4), decoy: o.Cost.hash(id.Token())}
}

func (k *Keeper) verify(ctx context.Context, stored, password string) (ok, outdated bool, err error) {
	select {
	case k.hashing <- struct{}{}:
		defer func() { <-k.hashing }()
		return k.o.Cost.verify(stored, password)
	case <-ctx.Done():
		return false, false, context.Cause(ctx)
	}
}

type userRow struct {
	ID           id.User `gorm:"primaryKey"`
	Username     string
	Display      string
	PasswordHash string
	BadgeHash    *string
	Lang         string
	Disabled     bool
	CreatedAt    time.Time
}

func (userRow) TableName() string { return "users" }

type grantRow struct {
	ID          int64 `gorm:"primaryKey"`
	UserID      id.User
	Role        Role
	WarehouseID *id.Warehouse
	OwnerID     *id.Owner
	ShopID      *id.Shop
}

func (grantRow) TableName() string { return "grants" }

func grantsOf(tx *gorm.DB, user id.User) ([]Grant, error) {
	var rows []grantRow
	if err := tx.Where("user_id = ?", user).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("grants of user %d: %w", user, err)
	}
	out := make([]Grant, len(rows))
	for i, r := range rows {
		out[i] = Grant{Role: r.Role, Warehouse: value(r.WarehouseID), Owner: value(r.OwnerID), Shop: value(r.ShopID)}
	}
	return out, nil
}

func value[T ~int64](p *T) T {
	if p == nil {
		return 0
	}
	return *p
}

func null[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}
