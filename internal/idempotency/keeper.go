package idempotency

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/secret"
)

// KeepFor is how long an answer can be had again.
const KeepFor = 48 * time.Hour

// Keeper stores answers.
type Keeper struct {
	db    *db.DB
	clock clock.Clock
	ring  *secret.Ring
}

// New makes a Keeper; ring seals the answers, which can hold one-time codes.
func New(d *db.DB, c clock.Clock, ring *secret.Ring) *Keeper {
	return &Keeper{db: d, clock: c, ring: ring}
}

// Key names one write of one caller.
type Key struct {
	Principal string
	Route     string
	Key       string
	BodyHash  string // of everything that makes the request what it is
}

type row struct {
	Principal string `gorm:"primaryKey"`
	Route     string `gorm:"primaryKey"`
	Key       string `gorm:"primaryKey"`
	BodyHash  string
	Status    int
	Response  string
	At        time.Time
}

func (row) TableName() string { return "idempotency_keys" }

var errRaced = errors.New("the same key was committed meanwhile")

// Do runs verb once per key. render makes the answer inside verb's transaction, reading through db.From; it is stored with the write. A key that was used
// before gives the stored answer and runs nothing; with another body it is fault.Conflict idempotency_reused.
func (k *Keeper) Do(ctx context.Context, key Key, verb func(context.Context) error, render func(context.Context) ([]byte, error)) ([]byte, error) {
	if answer, found, err := k.stored(ctx, key); found || err != nil {
		return answer, err
	}
	var answer []byte
	last := func(ctx context.Context, tx *gorm.DB) error {
		var err error
		if answer, err = render(ctx); err != nil {
			return err
		}
		return k.store(tx, key, answer)
	}
	inside, committed := db.Finish(ctx, last)
	err := verb(inside)
	if err == nil && !committed() {
		// The verb found nothing to write: its answer counts all the same.
		err = k.db.InTx(inside, func(*gorm.DB) error { return nil })
	}
	if err != nil {
		return k.raced(ctx, key, err)
	}
	return answer, nil
}

// raced looks whether the same request was committed while this one was under way: then that is its answer, whatever it met itself, be it the taken key or
// the verb's refusal to do a thing twice.
func (k *Keeper) raced(ctx context.Context, key Key, err error) ([]byte, error) {
	answer, found, looked := k.stored(ctx, key)
	switch {
	case found:
		return answer, nil
	case errors.Is(err, errRaced), fault.Code(looked) == "idempotency_reused":
		return nil, looked
	}
	return nil, err
}

func (k *Keeper) stored(ctx context.Context, key Key) (answer []byte, found bool, err error) {
	var r row
	res := k.db.Read.WithContext(ctx).Where("principal = ? AND route = ? AND key = ?", key.Principal, key.Route, key.Key).Limit(1).Find(&r)
	if res.Error != nil {
		return nil, false, fmt.Errorf("look up idempotency key: %w", res.Error)
	}
	if res.RowsAffected == 0 || r.At.Before(k.clock.Now().Add(-KeepFor)) {
		return nil, false, nil
	}
	if r.BodyHash != key.BodyHash {
		return nil, false, fault.New(fault.Conflict, "idempotency_reused", "this Idempotency-Key was used for another request: take a new one")
	}
	keyID, sealed, _ := strings.Cut(r.Response, ":")
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, false, fmt.Errorf("stored answer: %w", err)
	}
	answer, err = k.ring.Open(keyID, raw, key.aad())
	return answer, true, err
}

func (k *Keeper) store(tx *gorm.DB, key Key, answer []byte) error {
	keyID, sealed := k.ring.Seal(answer, key.aad())
	now := k.clock.Now()
	if err := tx.Where("principal = ? AND route = ? AND key = ? AND at < ?", key.Principal, key.Route, key.Key, now.Add(-KeepFor)).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	r := row{Principal: key.Principal, Route: key.Route, Key: key.Key, BodyHash: key.BodyHash, Status: 200, Response: keyID + ":" + base64.StdEncoding.EncodeToString(sealed), At: now}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if res.Error != nil {
		return fmt.Errorf("store answer: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return errRaced
	}
	return nil
}

func (k Key) aad() string { return "idempotency|" + k.Principal + "|" + k.Route + "|" + k.Key }

// Sweep deletes answers older than KeepFor.
func (k *Keeper) Sweep(ctx context.Context) error {
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Where("at < ?", k.clock.Now().Add(-KeepFor)).Delete(&row{}).Error
	})
	if err != nil {
		return fmt.Errorf("sweep idempotency keys: %w", err)
	}
	return nil
}
