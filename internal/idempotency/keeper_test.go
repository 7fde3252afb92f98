package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/idempotency"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
)

func owners(t *testing.T, tx *gorm.DB) int64 {
	t.Helper()
	var n int64
	if err := tx.Table("owners").Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneWritePerKey(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		ring, err := secret.Parse(secret.Generate())
		if err != nil {
			t.Fatal(err)
		}
		now := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		k := idempotency.New(d, now, ring)
		var serial atomic.Int64
		verb := func(ctx context.Context) error {
			return d.InTx(ctx, func(tx *gorm.DB) error {
				return tx.Exec("INSERT INTO owners (code, name) VALUES (?, 'x')", fmt.Sprint("o", serial.Add(1))).Error
			})
		}
		// render must see what is about to be committed.
		render := func(ctx context.Context) ([]byte, error) {
			var n int64
			err := d.From(ctx).Table("owners").Count(&n).Error
			return fmt.Appendf(nil, "%d owners", n), err
		}
		key := idempotency.Key{Principal: "u1", Route: "r", Key: "k", BodyHash: "h"}

		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if got, err := k.Do(t.Context(), key, verb, render); err != nil || string(got) != "1 owners" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if n := owners(t, d.Read); n != 1 {
			t.Fatalf("%d writes for one key", n)
		}
		// A verb that refuses to do a thing twice is no exception: the second press is the same press.
		once := func(ctx context.Context) error {
			return d.InTx(ctx, func(tx *gorm.DB) error {
				res := tx.Exec("UPDATE owners SET name = 'done' WHERE name = 'x'")
				if res.Error == nil && res.RowsAffected == 0 {
					return fault.New(fault.Conflict, "done", "done already")
				}
				return res.Error
			})
		}
		pressed := key
		pressed.Key = "press"
		for range 12 {
			wg.Go(func() {
				if got, err := k.Do(t.Context(), pressed, once, render); err != nil || string(got) != "1 owners" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if _, err := k.Do(t.Context(), idempotency.Key{Principal: "u1", Route: "r", Key: "another press", BodyHash: "h"}, once, render); fault.Code(err) != "done" {
			t.Errorf("another press: %v", err)
		}
		other := key
		other.BodyHash = "other"
		if _, err := k.Do(t.Context(), other, verb, render); fault.Code(err) != "idempotency_reused" {
			t.Errorf("another body: %v", err)
		}
		for _, fresh := range []idempotency.Key{{Principal: "u2", Route: "r", Key: "k", BodyHash: "h"}, {Principal: "u1", Route: "r2", Key: "k", BodyHash: "h"}} {
			if _, err := k.Do(t.Context(), fresh, verb, render); err != nil {
				t.Error(err)
			}
		}
		if n := owners(t, d.Read); n != 3 {
			t.Errorf("%d writes, want 3: a key is its caller's and its route's", n)
		}
		now.Add(idempotency.KeepFor + time.Second)
		if _, err := k.Do(t.Context(), key, verb, render); err != nil || owners(t, d.Read) != 4 {
			t.Errorf("an expired key still answers: %v", err)
		}
		if err := k.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var left int64
		if err := d.Read.Table("idempotency_keys").Count(&left).Error; err != nil || left != 1 {
			t.Errorf("%d keys left, %v", left, err)
		}
	})
}

func TestAFailedWriteFreesItsKey(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		ring, err := secret.Parse(secret.Generate())
		if err != nil {
			t.Fatal(err)
		}
		k := idempotency.New(d, clock.System{}, ring)
		key := idempotency.Key{Principal: "u", Route: "r", Key: "k", BodyHash: "h"}
		insert := func(ctx context.Context) error {
			return d.InTx(ctx, func(tx *gorm.DB) error { return tx.Exec("INSERT INTO owners (code, name) VALUES ('o', 'x')").Error })
		}
		refused := errors.New("refused")
		if _, err := k.Do(t.Context(), key, insert, func(context.Context) ([]byte, error) { return nil, refused }); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if n := owners(t, d.Read); n != 0 {
			t.Fatal("the write stayed although its answer could not be stored")
		}
		// A verb without a transaction of its own still gets its answer stored.
		for range 2 {
			calls := 0
			got, err := k.Do(t.Context(), key, func(context.Context) error { calls++; return nil }, func(context.Context) ([]byte, error) { return []byte("done"), nil })
			if err != nil || string(got) != "done" || calls > 1 {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}
