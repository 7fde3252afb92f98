package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/testkit"
)

// Writers commit out of id order; a follower that resumes by seq must still see each event once, and each subject's events in their order.
func TestFollowSeesEveryEventOnceInOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		l := event.NewLog(d, clock.System{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() { _ = l.Run(ctx, slog.New(slog.DiscardHandler)) })
		const writers, each = 8, 40
		got := make(chan event.Event, writers*each)
		running.Go(func() {
			err := l.Follow(ctx, 0, 50*time.Millisecond, func(batch []event.Event) error {
				for _, e := range batch {
					got <- e
				}
				return nil
			})
			if ctx.Err() == nil {
				t.Error(err)
			}
		})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					err := d.InTx(ctx, func(tx *gorm.DB) error {
						if err := l.Append(ctx, tx, event.Event{Type: "backdock.test.v1", Subject: fmt.Sprint("w/", w), Version: int64(n)}); err != nil {
							return err
						}
						if d.Dialect == db.Postgres && n%5 == w%5 {
							return tx.Exec("SELECT pg_sleep(0.004)").Error // commits late, after younger ids
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		next, lastSeq := map[string]int64{}, int64(0)
		for range writers * each {
			select {
			case e := <-got:
				if e.Seq <= lastSeq {
					t.Fatalf("seq %d after %d", e.Seq, lastSeq)
				}
				lastSeq = e.Seq
				if e.Version != next[e.Subject] {
					t.Fatalf("%s: version %d, want %d", e.Subject, e.Version, next[e.Subject])
				}
				next[e.Subject]++
			case <-time.After(20 * time.Second):
				t.Fatal("an event never came")
			}
		}
		if n, err := event.Unstamped(d.Read); err != nil || n != 0 {
			t.Fatalf("%d unstamped, %v", n, err)
		}
		cancel()
		running.Wait()
	})
}

// What is settled is numbered, although another process is at it: its pass is waited for.
func TestSettleNowWaitsForAPassUnderWay(t *testing.T) {
	d := testkit.Open(t, db.Postgres)
	ctx := t.Context()
	l := event.NewLog(d, clock.System{})
	if err := d.InTx(ctx, func(tx *gorm.DB) error {
		return l.Append(ctx, tx, event.Event{Type: "backdock.test.v1", Subject: "x/1"})
	}); err != nil {
		t.Fatal(err)
	}
	other, err := d.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.WithoutCancel(ctx)) }() // else a failure would wait for its connection
	if _, err := other.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('backdock.sequencer'))"); err != nil {
		t.Fatal(err)
	}
	settled := make(chan error, 1)
	go func() { settled <- l.SettleNow(ctx) }()
	for waiting, deadline := 0, time.Now().Add(20*time.Second); waiting == 0; {
		select {
		case err := <-settled:
			t.Fatalf("settled while another numbers: %v", err)
		default:
		}
		if err := other.QueryRow(ctx, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody waits")
		}
	}
	if err := other.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	if n, err := event.Unstamped(d.Read); err != nil || n != 0 {
		t.Fatalf("%d unstamped, %v", n, err)
	}
}

func TestTriggerErrorTakesTheFactBack(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		l := event.NewLog(d, clock.System{})
		l.On(func(context.Context, *gorm.DB, event.Event) error { return fmt.Errorf("refused") })
		err := d.InTx(t.Context(), func(tx *gorm.DB) error {
			return l.Append(t.Context(), tx, event.Event{Type: "backdock.test.v1", Subject: "x/1"})
		})
		if err == nil {
			t.Fatal("the trigger's error was lost")
		}
		var n int64
		if err := d.Read.Table("events").Count(&n).Error; err != nil || n != 0 {
			t.Fatalf("%d events left, %v", n, err)
		}
	})
}
