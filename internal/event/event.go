package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
)

// Source is the CloudEvents source of every event.
const Source = "backdock"

// Event is one fact: ids and states, never buyer data.
type Event struct {
	ID          id.Event // set by Tail
	Type        string   // "backdock.parcel.opened.v1"
	Subject     string   // "parcel/P000012": what it is about
	Version     int64    // of the subject, after the event
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	ShopID      id.Shop
	ByUser      id.User
	At          time.Time
	Data        Data
	Seq         int64 // set by Tail
}

// Data is an event's content, stored as JSON text.
type Data map[string]any

// Trigger is called for every event inside its transaction. It may move tables and enqueue jobs; an error rolls the fact back, so a trigger fails only when
// the database does. The event has no ID and no Seq yet.
type Trigger func(ctx context.Context, tx *gorm.DB, e Event) error

// Log appends, numbers and tails events.
type Log struct {
	db       *db.DB
	clock    clock.Clock
	triggers []Trigger
	wake     *broadcast
	poke     chan struct{} // asks the sequencer for a pass
}

// NewLog makes the log of d. Every commit of d wakes the sequencer.
func NewLog(d *db.DB, c clock.Clock) *Log {
	l := &Log{db: d, clock: c, wake: newBroadcast(), poke: make(chan struct{}, 1)}
	d.OnCommit(l.Poke)
	return l
}

// On adds a trigger. Call it while wiring.
func (l *Log) On(t Trigger) { l.triggers = append(l.triggers, t) }

// Append inserts events in tx and runs the triggers. Append an aggregate's event only after locking its row: that gives each aggregate's events their order.
// An event without At gets the present.
func (l *Log) Append(ctx context.Context, tx *gorm.DB, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	p := db.NewPipeline(tx)
	if err := l.Enter(p, tx, events); err != nil {
		return err
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	return l.Trigger(ctx, tx, events)
}

// Enter is the first half of Append, for who has more to send in the same round trip: it adds the events to a pipeline of tx. Once that has run, call Trigger.
func (l *Log) Enter(p *db.Pipeline, tx *gorm.DB, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]row, len(events))
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = l.clock.Now()
		}
		r, err := events[i].row()
		if err != nil {
			return err
		}
		rows[i] = r
	}
	if err := p.Add("append events", func(tx *gorm.DB) *gorm.DB { return tx.Create(&rows) }, nil); err != nil || db.IsPostgres(tx) {
		return err
	}
	// SQLite has no sequencer, and has run the statement already: the ids are here.
	order := make([]orderRow, len(rows))
	for i, r := range rows {
		order[i] = orderRow{Seq: r.ID, EventID: r.ID}
	}
	return p.Add("number events", func(tx *gorm.DB) *gorm.DB { return tx.Create(&order) }, nil)
}

// Trigger is the second half of Append: it hands events that are in the database to the triggers.
func (l *Log) Trigger(ctx context.Context, tx *gorm.DB, events []Event) error {
	for _, e := range events {
		for _, t := range l.triggers {
			if err := t(ctx, tx, e); err != nil {
				return fmt.Errorf("trigger on %s: %w", e.Type, err)
			}
		}
	}
	return nil
}

type row struct {
	ID          int64 `gorm:"primaryKey"`
	Type        string
	Subject     string
	Version     int64
	OwnerID     *int64
	WarehouseID *int64
	ShopID      *int64
	ByUser      *int64
	At          time.Time
	Data        string
}

func (row) TableName() string { return "events" }

type orderRow struct {
	Seq     int64 `gorm:"primaryKey;autoIncrement:false"`
	EventID int64
}

func (orderRow) TableName() string { return "event_order" }

func (e Event) row() (row, error) {
	data := []byte("{}")
	if e.Data != nil {
		var err error
		if data, err = json.Marshal(e.Data); err != nil {
			return row{}, fmt.Errorf("event %s: %w", e.Type, err)
		}
	}
	return row{Type: e.Type, Subject: e.Subject, Version: e.Version, OwnerID: null(e.OwnerID), WarehouseID: null(e.WarehouseID), ShopID: null(e.ShopID),
		ByUser: null(e.ByUser), At: e.At, Data: string(data)}, nil
}

func null[T ~int64](v T) *int64 {
	if v == 0 {
		return nil
	}
	n := int64(v)
	return &n
}

func value[T ~int64](p *int64) T {
	if p == nil {
		return 0
	}
	return T(*p)
}

// Now returns the time of the log's clock, for facts that are stamped beside their event.
func (l *Log) Now() time.Time { return l.clock.Now() }
