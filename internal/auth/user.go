package auth

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

var usernameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

// NewUser is what CreateUser needs.
type NewUser struct {
	Username string // lower-case letters, digits, . _ -
	Display  string
	Password string
	Lang     string // zh or en; empty takes zh
	Grants   []Grant
}

// CreateUser adds a user.
func (k *Keeper) CreateUser(ctx context.Context, n NewUser) (id.User, error) {
	n.Username = strings.ToLower(strings.TrimSpace(n.Username))
	if !usernameForm.MatchString(n.Username) {
		return 0, fault.New(fault.Invalid, "username_invalid", "a user name has 2 to 64 lower-case letters, digits, dots, dashes or underscores")
	}
	if err := checkPassword(n.Password); err != nil {
		return 0, err
	}
	if n.Display = strings.TrimSpace(n.Display); n.Display == "" {
		n.Display = n.Username
	}
	if n.Lang == "" {
		n.Lang = "zh"
	}
	if err := checkLang(n.Lang); err != nil {
		return 0, err
	}
	u := userRow{Username: n.Username, Display: n.Display, PasswordHash: k.o.Cost.hash(n.Password), Lang: n.Lang, CreatedAt: k.clock.Now()}
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		u.ID = 0
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		for _, g := range n.Grants {
			if err := addGrant(tx, u.ID, g); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err) {
		return 0, fault.New(fault.Conflict, "username_taken", "there is a user %s already", n.Username)
	}
	if err != nil {
		return 0, fmt.Errorf("create user %s: %w", n.Username, err)
	}
	return u.ID, nil
}

func checkLang(lang string) error {
	if lang != "zh" && lang != "en" {
		return fault.New(fault.Invalid, "lang_invalid", "the language is zh or en")
	}
	return nil
}

// SetGrant gives a user a grant; one they have already is left as it is.
func (k *Keeper) SetGrant(ctx context.Context, user id.User, g Grant) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error { return addGrant(tx, user, g) })
}

func addGrant(tx *gorm.DB, user id.User, g Grant) error {
	if !g.Role.Valid() {
		return fault.New(fault.Invalid, "role_invalid", "%q is no role", g.Role)
	}
	have, err := grantsOf(tx, user)
	if err != nil {
		return err
	}
	if slices.Contains(have, g) {
		return nil
	}
	r := grantRow{UserID: user, Role: g.Role, WarehouseID: null(g.Warehouse), OwnerID: null(g.Owner), ShopID: null(g.Shop)}
	if err := tx.Create(&r).Error; err != nil {
		return fmt.Errorf("grant %s to user %d: %w", g.Role, user, err)
	}
	return nil
}

// SetGrants replaces all grants of a user.
func (k *Keeper) SetGrants(ctx context.Context, user id.User, grants []Grant) error {
	return k.change(ctx, user, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ?", user).Delete(&grantRow{}).Error; err != nil {
			return err
		}
		for _, g := range grants {
			if err := addGrant(tx, user, g); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetPassword gives a user a new password and ends their sessions.
func (k *Keeper) SetPassword(ctx context.Context, user id.User, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	hash := k.o.Cost.hash(password)
	return k.change(ctx, user, func(tx *gorm.DB) error {
		if err := tx.Model(&userRow{}).Where("id = ?", user).Update("password_hash", hash).Error; err != nil {
			return err
		}
		return tx.Where("user_id = ?", user).Delete(&sessionRow{}).Error
	})
}

// SetDisabled locks a user out, or lets them in again. Locking out ends their sessions.
func (k *Keeper) SetDisabled(ctx context.Context, user id.User, disabled bool) error {
	return k.change(ctx, user, func(tx *gorm.DB) error {
		if err := tx.Model(&userRow{}).Where("id = ?", user).Update("disabled", disabled).Error; err != nil {
			return err
		}
		if !disabled {
			return nil
		}
		return tx.Where("user_id = ?", user).Delete(&sessionRow{}).Error
	})
}

// SetLang stores the language a user reads.
func (k *Keeper) SetLang(ctx context.Context, user id.User, lang string) error {
	if err := checkLang(lang); err != nil {
		return err
	}
	return k.change(ctx, user, func(tx *gorm.DB) error {
		return tx.Model(&userRow{}).Where("id = ?", user).Update("lang", lang).Error
	})
}

// IssueBadge makes a new badge for a user and voids the old one. The text goes on the badge as BD:OPERATOR:<text> and is stored nowhere.
func (k *Keeper) IssueBadge(ctx context.Context, user id.User) (string, error) {
	badge := id.Code()
	err := k.change(ctx, user, func(tx *gorm.DB) error {
		return tx.Model(&userRow{}).Where("id = ?", user).Update("badge_hash", k.ring.Badge(badge)).Error
	})
	return badge, err
}

// SetBadge is IssueBadge with a text made elsewhere; it refuses texts that could be guessed.
func (k *Keeper) SetBadge(ctx context.Context, user id.User, badge string) error {
	if len(badge) < 10 {
		return fault.New(fault.Invalid, "badge_short", "a badge has at least 10 characters")
	}
	return k.change(ctx, user, func(tx *gorm.DB) error {
		return tx.Model(&userRow{}).Where("id = ?", user).Update("badge_hash", k.ring.Badge(badge)).Error
	})
}

// RevokeBadge voids a user's badge.
func (k *Keeper) RevokeBadge(ctx context.Context, user id.User) error {
	return k.change(ctx, user, func(tx *gorm.DB) error {
		return tx.Model(&userRow{}).Where("id = ?", user).Update("badge_hash", nil).Error
	})
}

// Badge finds the user of a scanned badge.
func (k *Keeper) Badge(ctx context.Context, badge string) (id.User, string, error) {
	var u userRow
	res := k.db.From(ctx).Where("badge_hash = ? AND NOT disabled", k.ring.Badge(badge)).Limit(1).Find(&u)
	if res.Error != nil {
		return 0, "", fmt.Errorf("find badge: %w", res.Error)
	}
	if res.RowsAffected == 0 || badge == "" {
		return 0, "", fault.New(fault.NotFound, "badge_unknown", "nobody has this badge")
	}
	return u.ID, u.Display, nil
}

// change runs fn in a transaction on an existing user.
func (k *Keeper) change(ctx context.Context, user id.User, fn func(tx *gorm.DB) error) error {
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		var u userRow
		res := db.Lock(tx).Where("id = ?", user).Limit(1).Find(&u)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.NotFound, "user_not_found", "there is no user %d", user)
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("change user %d: %w", user, err)
	}
	return nil
}

// User is a user as an administrator sees them.
type User struct {
	ID        id.User
	Username  string
	Display   string
	Lang      string
	Disabled  bool
	HasBadge  bool
	CreatedAt time.Time
	Grants    []Grant
}

// Users lists every user by name.
func (k *Keeper) Users(ctx context.Context) ([]User, error) {
	var rows []userRow
	if err := k.db.From(ctx).Order("username").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	out := make([]User, len(rows))
	for i, r := range rows {
		grants, err := grantsOf(k.db.From(ctx), r.ID)
		if err != nil {
			return nil, err
		}
		out[i] = User{ID: r.ID, Username: r.Username, Display: r.Display, Lang: r.Lang, Disabled: r.Disabled, HasBadge: r.BadgeHash != nil, CreatedAt: r.CreatedAt.UTC(), Grants: grants}
	}
	return out, nil
}

// UserNamed finds a user.
func (k *Keeper) UserNamed(ctx context.Context, username string) (User, error) {
	r, known, err := k.userNamed(ctx, strings.ToLower(strings.TrimSpace(username)))
	if err != nil {
		return User{}, err
	}
	if !known {
		return User{}, fault.New(fault.NotFound, "user_not_found", "there is no user %q", username)
	}
	grants, err := grantsOf(k.db.From(ctx), r.ID)
	return User{ID: r.ID, Username: r.Username, Display: r.Display, Lang: r.Lang, Disabled: r.Disabled, HasBadge: r.BadgeHash != nil, CreatedAt: r.CreatedAt.UTC(), Grants: grants}, err
}
