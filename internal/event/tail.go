package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
)

// Woken returns a channel that is closed when there may be something new to read. Take it before reading, or a wake-up can fall in between.
func (l *Log) Woken() <-chan struct{} { return l.wake.wait() }

// Poke asks for a sequencer pass soon; it never blocks.
func (l *Log) Poke() {
	select {
	case l.poke <- struct{}{}:
	default: // a pass is due already
	}
}

type tailRow struct {
	Row row `gorm:"embedded"`
	Seq int64
}

// Tail returns up to limit events with seq > after, in seq order. Nothing new is an empty slice.
func (l *Log) Tail(ctx context.Context, after int64, limit int) ([]Event, error) {
	return tail(l.db.Read.WithContext(ctx), after, limit)
}

func tail(tx *gorm.DB, after int64, limit int) ([]Event, error) {
	var rows []tailRow
	err := tx.Table("event_order AS o").Select("e.id, e.type, e.subject, e.version, e.owner_id, e.warehouse_id, e.shop_id, e.by_user, e.at, e.data, o.seq").
		Joins("JOIN events AS e ON e.id = o.event_id").Where("o.seq > ?", after).Order("o.seq").Limit(limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("tail events after %d: %w", after, err)
	}
	out := make([]Event, len(rows))
	for i, t := range rows {
		if out[i], err = t.Row.event(); err != nil {
			return nil, err
		}
		out[i].Seq = t.Seq
	}
	return out, nil
}

// event reads a row; it has no seq.
func (r row) event() (Event, error) {
	e := Event{ID: id.Event(r.ID), Type: r.Type, Subject: r.Subject, Version: r.Version, OwnerID: value[id.Owner](r.OwnerID),
		WarehouseID: value[id.Warehouse](r.WarehouseID), ShopID: value[id.Shop](r.ShopID), ByUser: value[id.User](r.ByUser), At: r.At.UTC()}
	if err := json.Unmarshal([]byte(r.Data), &e.Data); err != nil {
		return e, fmt.Errorf("event %d: %w", r.ID, err)
	}
	return e, nil
}

// Before returns the newest event of a type and a subject that was appended before another one, or the oldest; false when there is none.
func Before(tx *gorm.DB, subject, kind string, before id.Event, oldest bool) (Event, bool, error) {
	way := "DESC"
	if oldest {
		way = "ASC"
	}
	var rows []row
	if err := tx.Where("subject = ? AND type = ? AND id < ?", subject, kind, int64(before)).Order("id " + way).Limit(1).Find(&rows).Error; err != nil {
		return Event{}, false, fmt.Errorf("event before %d: %w", before, err)
	}
	if len(rows) == 0 {
		return Event{}, false, nil
	}
	e, err := rows[0].event()
	return e, err == nil, err
}

// Head returns the newest seq, 0 for an empty log.
func (l *Log) Head(ctx context.Context) (int64, error) { return Head(l.db.Read.WithContext(ctx)) }

// Head returns the newest seq that tx sees.
func Head(tx *gorm.DB) (int64, error) {
	var seq int64
	if err := tx.Raw("SELECT COALESCE(MAX(seq), 0) FROM event_order").Scan(&seq).Error; err != nil {
		return 0, fmt.Errorf("head of the event log: %w", err)
	}
	return seq, nil
}

// Follow calls fn with every batch of events after the cursor until ctx ends or fn fails: woken by the sequencer, and polling behind it.
func (l *Log) Follow(ctx context.Context, after int64, poll time.Duration, fn func([]Event) error) error {
	for {
		woken := l.Woken()
		for {
			const page = 500
			batch, err := l.Tail(ctx, after, page)
			if err != nil {
				return err
			}
			if len(batch) > 0 {
				if err := fn(batch); err != nil {
					return err
				}
				after = batch[len(batch)-1].Seq
			}
			if len(batch) < page {
				break // woken was taken before reading: what came since will wake us
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-woken:
		case <-time.After(poll):
		}
	}
}
