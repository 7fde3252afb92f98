package auth

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// ErrSession is the answer to a cookie that opens nothing.
var ErrSession = fault.New(fault.Unauthenticated, "not_logged_in", "log in first")

var errLogin = fault.New(fault.Unauthenticated, "login_failed", "user name or password is wrong")

type sessionRow struct {
	TokenHash string `gorm:"primaryKey"`
	UserID    id.User
	CSRF      string `gorm:"column:csrf"`
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

func (sessionRow) TableName() string { return "sessions" }

// Session is a fresh log-in: Token goes into the cookie and is nowhere else.
type Session struct {
	Token     string
	ExpiresAt time.Time
	Principal *Principal
}

// Login checks a password and opens a session. Failures are counted per user and address, and per address alone.
func (k *Keeper) Login(ctx context.Context, username, password, address string) (Session, error) {
	username = strings.ToLower(strings.TrimSpace(username))
	now := k.clock.Now()
	both, alone := "u|"+username+"|"+address, "a|"+address
	seen, err := k.tries.check(ctx, now, both, alone)
	if err != nil {
		return Session{}, err
	}
	u, known, err := k.userNamed(ctx, username)
	if err != nil {
		return Session{}, err
	}
	stored := u.PasswordHash
	if !known || u.Disabled || len(password) > maxPassword {
		stored, password = k.decoy, "-"
	}
	ok, outdated, err := k.verify(ctx, stored, password)
	if err != nil {
		return Session{}, fmt.Errorf("log in %s: %w", username, err)
	}
	if !ok || !known || u.Disabled {
		// Counted also when the caller has hung up: who guesses need not wait for the answer.
		err := k.tries.failed(context.WithoutCancel(ctx), now, counted{both, freeTries}, counted{alone, freeTries * 10}) // a warehouse shares one address
		return Session{}, cmp.Or(err, error(errLogin))
	}
	if seen {
		if err := k.tries.forget(ctx, both); err != nil {
			return Session{}, err
		}
	}
	if outdated {
		u.PasswordHash = k.o.Cost.hash(password)
	}
	return k.open(ctx, u, outdated)
}

func (k *Keeper) userNamed(ctx context.Context, username string) (u userRow, known bool, err error) {
	res := k.db.From(ctx).Where("username = ?", username).Limit(1).Find(&u)
	if res.Error != nil {
		return u, false, fmt.Errorf("find user: %w", res.Error)
	}
	return u, res.RowsAffected == 1, nil
}

func (k *Keeper) open(ctx context.Context, u userRow, rehash bool) (Session, error) {
	token, now := id.Token(), k.clock.Now()
	s := sessionRow{TokenHash: digest(token), UserID: u.ID, CSRF: id.Token(), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(k.o.SessionFor)}
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ? AND (expires_at < ? OR seen_at < ?)", u.ID, now, now.Add(-k.o.IdleFor)).Delete(&sessionRow{}).Error; err != nil {
			return err
		}
		if rehash {
			if err := tx.Model(&userRow{}).Where("id = ?", u.ID).Update("password_hash", u.PasswordHash).Error; err != nil {
				return err
			}
		}
		return tx.Create(&s).Error
	})
	if err != nil {
		return Session{}, fmt.Errorf("open session: %w", err)
	}
	p, err := k.principal(ctx, u, s)
	return Session{Token: token, ExpiresAt: s.ExpiresAt, Principal: p}, err
}

func (k *Keeper) principal(ctx context.Context, u userRow, s sessionRow) (*Principal, error) {
	grants, err := grantsOf(k.db.From(ctx), u.ID)
	if err != nil {
		return nil, err
	}
	return &Principal{User: u.ID, Username: u.Username, Display: u.Display, Lang: u.Lang, Grants: grants, CSRF: s.CSRF, session: s.TokenHash}, nil
}

// Session finds who a cookie belongs to. Grants are read each time: taking one away works at once.
func (k *Keeper) Session(ctx context.Context, token string) (*Principal, error) {
	if len(token) != 64 {
		return nil, ErrSession
	}
	return k.sessionOf(ctx, digest(token))
}

// sessionOf finds who a session belongs to, given its stored form.
func (k *Keeper) sessionOf(ctx context.Context, hash string) (*Principal, error) {
	var row struct {
		ID                      id.User
		Username, Display, Lang string
		CSRF                    string `gorm:"column:csrf"`
		SeenAt                  time.Time
	}
	now := k.clock.Now()
	res := k.db.From(ctx).Table("sessions AS s").Select("u.id, u.username, u.display, u.lang, s.csrf, s.seen_at").Joins("JOIN users AS u ON u.id = s.user_id").
		Where("s.token_hash = ? AND s.expires_at > ? AND s.seen_at > ? AND NOT u.disabled", hash, now, now.Add(-k.o.IdleFor)).Limit(1).Scan(&row)
	if res.Error != nil {
		return nil, fmt.Errorf("find session: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, ErrSession
	}
	if now.Sub(row.SeenAt) > time.Minute { // not at every request: that would be a write for every read
		err := k.db.InTx(context.WithoutCancel(ctx), func(tx *gorm.DB) error {
			return tx.Model(&sessionRow{}).Where("token_hash = ?", hash).Update("seen_at", now).Error
		})
		if err != nil {
			return nil, fmt.Errorf("touch session: %w", err)
		}
	}
	return k.principal(ctx, userRow{ID: row.ID, Username: row.Username, Display: row.Display, Lang: row.Lang}, sessionRow{TokenHash: hash, CSRF: row.CSRF})
}

// CheckCSRF compares the token of a write with the session's.
func (p *Principal) CheckCSRF(token string) error {
	if token == "" || !same(token, p.CSRF) {
		return fault.New(fault.Denied, "csrf", "the X-CSRF-Token header does not belong to this session: reload the page")
	}
	return nil
}

// Logout ends the principal's session.
func (k *Keeper) Logout(ctx context.Context, p *Principal) error {
	err := k.db.InTx(ctx, func(tx *gorm.DB) error { return tx.Where("token_hash = ?", p.session).Delete(&sessionRow{}).Error })
	if err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// Sweep deletes sessions and enrolment codes that are over.
func (k *Keeper) Sweep(ctx context.Context) error {
	now := k.clock.Now()
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("expires_at < ? OR seen_at < ?", now, now.Add(-k.o.IdleFor)).Delete(&sessionRow{}).Error; err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		if err := tx.Where("expires_at < ?", now.Add(-24*time.Hour)).Delete(&enrolmentRow{}).Error; err != nil {
			return fmt.Errorf("sweep enrolments: %w", err)
		}
		return nil
	})
}
