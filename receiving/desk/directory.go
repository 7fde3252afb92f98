package desk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

// directory remembers names that hardly ever change, so that a batch does not read them again. What it says is for showing, never for deciding.
type directory struct {
	mu         sync.Mutex
	since      time.Time
	warehouses map[id.Warehouse]*site
	clerks     map[id.User]string
	owners     map[id.Owner]string
	strays     id.Owner
}

// site is a warehouse with its zone loaded.
type site struct {
	place.Warehouse
	zone *time.Location
}

const forgetAfter = time.Minute

func newDirectory() *directory {
	d := &directory{}
	d.reset()
	return d
}

func (d *directory) reset() {
	d.warehouses, d.clerks, d.owners = map[id.Warehouse]*site{}, map[id.User]string{}, map[id.Owner]string{}
}

// expire forgets everything now and then: somebody may have changed a name.
func (d *directory) expire(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := now.Sub(d.since); age > forgetAfter || age < 0 {
		d.since = now
		d.reset()
	}
}

// recall answers from memory, else by load. The lock is not held while the database answers: it may make this transaction wait for another one that needs
// the directory, too.
func recall[K comparable, V any](d *directory, memory func() map[K]V, key K, load func() (V, error)) (V, error) {
	d.mu.Lock()
	v, ok := memory()[key]
	d.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	d.mu.Lock()
	memory()[key] = v
	d.mu.Unlock()
	return v, nil
}

func (d *directory) warehouse(ctx context.Context, tx *gorm.DB, w id.Warehouse) (*site, error) {
	return recall(d, func() map[id.Warehouse]*site { return d.warehouses }, w, func() (*site, error) {
		s := &site{}
		if err := tx.WithContext(ctx).Where("id = ?", w).Take(&s.Warehouse).Error; err != nil {
			return nil, fmt.Errorf("read warehouse %d: %w", w, err)
		}
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			return nil, fault.New(fault.Internal, "time_zone", "warehouse %s: %w", s.Code, err)
		}
		s.zone = zone
		return s, nil
	})
}

func (d *directory) clerk(ctx context.Context, tx *gorm.DB, u *id.User) (string, error) {
	if u == nil {
		return "", nil
	}
	return recall(d, func() map[id.User]string { return d.clerks }, *u, func() (s string, err error) {
		if err := tx.WithContext(ctx).Raw("SELECT display FROM users WHERE id = ?", *u).Scan(&s).Error; err != nil {
			return "", fmt.Errorf("read user %d: %w", *u, err)
		}
		return s, nil
	})
}

func (d *directory) owner(ctx context.Context, tx *gorm.DB, o *id.Owner) (string, error) {
	if o == nil {
		return "", nil
	}
	return recall(d, func() map[id.Owner]string { return d.owners }, *o, func() (s string, err error) {
		if err := tx.WithContext(ctx).Raw("SELECT name FROM owners WHERE id = ?", *o).Scan(&s).Error; err != nil {
			return "", fmt.Errorf("read owner %d: %w", *o, err)
		}
		return s, nil
	})
}

// StraysOwner is the code of the owner that stands for goods whose owner nobody knows yet.
const StraysOwner = "UNCLAIMED"

// stray returns that owner, made when the first such piece comes.
func (d *directory) stray(ctx context.Context, tx *gorm.DB) (id.Owner, error) {
	d.mu.Lock()
	known := d.strays
	d.mu.Unlock()
	if known != 0 {
		return known, nil
	}
	var o catalogue.Owner
	find := func() error { return tx.WithContext(ctx).Where("code = ?", StraysOwner).Limit(1).Find(&o).Error }
	if err := find(); err != nil {
		return 0, fmt.Errorf("owner of strays: %w", err)
	}
	if o.ID != 0 {
		d.mu.Lock()
		d.strays = o.ID
		d.mu.Unlock()
		return o.ID, nil
	}
	err := tx.WithContext(ctx).Exec("INSERT INTO owners (code, name, name_en) VALUES (?, '无主', 'Unclaimed') ON CONFLICT (code) DO NOTHING", StraysOwner).Error
	if err == nil {
		err = find()
	}
	if err != nil {
		return 0, fmt.Errorf("owner of strays: %w", err)
	}
	return o.ID, nil // not remembered: this transaction may roll back
}
