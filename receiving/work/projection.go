package work

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// page is how many events one transaction applies.
const page = 500

// Projection keeps work_done and work_presence.
type Projection struct {
	db  *db.DB
	log *event.Log
}

// New makes a projection.
func New(d *db.DB, log *event.Log) *Projection { return &Projection{db: d, log: log} }

type cursor struct {
	ID    int
	Seq   int64
	Epoch int64
}

func (cursor) TableName() string { return "work_cursor" }

func readCursor(tx *gorm.DB) (c cursor, err error) {
	if err = tx.Where("id = 1").Take(&c).Error; err != nil {
		err = fmt.Errorf("read work cursor: %w", err)
	}
	return c, err
}

// Applied is the seq of the newest event that tx sees counted.
func Applied(tx *gorm.DB) (int64, error) {
	c, err := readCursor(tx)
	return c.Seq, err
}

// Run counts what comes, until ctx ends; at most one transaction per pause, so that a busy floor is not slowed by being counted. Every process may run it.
func (p *Projection) Run(ctx context.Context, pause time.Duration, log *slog.Logger) error {
	for {
		woken := p.log.Woken()
		if err := p.CatchUp(ctx); err != nil && ctx.Err() == nil {
			log.Warn("work done is not counted: will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		case <-time.After(30 * time.Second):
		}
	}
}

// CatchUp counts every event there is.
func (p *Projection) CatchUp(ctx context.Context) error {
	for {
		n, err := p.step(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Rebuild forgets what was counted and counts anew from the first event, with the rules and time zones of today.
func (p *Projection) Rebuild(ctx context.Context) error {
	err := p.db.InTx(ctx, func(tx *gorm.DB) error {
		c, err := readCursor(db.Lock(tx))
		if err != nil {
			return err
		}
		for _, table := range []string{"work_done", "work_presence"} {
			if err := tx.Exec("DELETE FROM " + table).Error; err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		return tx.Exec("UPDATE work_cursor SET seq = 0, epoch = ? WHERE id = 1", c.Epoch+1).Error
	})
	if err != nil {
		return fmt.Errorf("rebuild work done: %w", err)
	}
	return p.CatchUp(ctx)
}

// step applies the next events in one transaction with the cursor, which whoever is first moves: the other finds it moved and looks again. It returns how many
// events it passed; one more than there were when another process was faster.
func (p *Projection) step(ctx context.Context) (int, error) {
	from, err := readCursor(p.db.Read.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	events, err := p.log.Tail(ctx, from.Seq, page)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	err = p.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		now, err := readCursor(db.Lock(tx))
		if err != nil || now != from {
			return err
		}
		c := counting{tx: tx, zones: map[id.Warehouse]*time.Location{}, done: map[cell]int64{}, seen: map[place]int64{}}
		for _, e := range events {
			if err := c.count(e); err != nil {
				return err
			}
		}
		if err := c.write(); err != nil {
			return err
		}
		return tx.Exec("UPDATE work_cursor SET seq = ? WHERE id = 1", events[len(events)-1].Seq).Error
	})
	if err != nil {
		return 0, fmt.Errorf("count work after %d: %w", from.Seq, err)
	}
	return len(events), nil
}

// place is who worked where in which hour.
type place struct {
	warehouse id.Warehouse
	bench     id.Bench
	user      id.User
	hour      time.Time
}

type cell struct {
	place
	measure string
}

// counting is one transaction's work.
type counting struct {
	tx    *gorm.DB
	zones map[id.Warehouse]*time.Location
	done  map[cell]int64
	seen  map[place]int64
}

func (c *counting) count(e event.Event) error {
	worked := false
	for _, r := range Rules {
		if r.Type != e.Type || r.Of == "" && r.First && e.Version != 1 {
			continue
		}
		worked = true
		at, ok := e, true
		if r.Of != "" {
			var err error
			if at, ok, err = c.earlier(e, r); err != nil {
				return err
			}
		}
		if !ok {
			continue // what it takes back was never told
		}
		p, err := c.place(at)
		if err != nil {
			return err
		}
		if p.warehouse != 0 {
			c.done[cell{p, r.Measure}] += int64(r.Count)
		}
	}
	if !worked {
		return nil
	}
	p, err := c.place(e)
	if err == nil && p.warehouse != 0 && (p.bench != 0 || p.user != 0) {
		c.seen[p] |= 1 << (e.At.Sub(p.hour) / Slot)
	}
	return err
}

// earlier finds the event whose place a rule means.
func (c *counting) earlier(e event.Event, r Rule) (event.Event, bool, error) {
	subject := e.Subject
	if r.Subject != nil {
		subject = r.Subject(e)
	}
	return event.Before(c.tx, subject, r.Of, e.ID, r.First)
}

// Slot is the grain in which presence is kept: who did something in it was at work.
const Slot = 5 * time.Minute

func (c *counting) place(e event.Event) (place, error) {
	p := place{warehouse: e.WarehouseID, user: e.ByUser}
	if n, ok := e.Data["bench"].(float64); ok {
		p.bench = id.Bench(n)
	}
	if p.warehouse == 0 {
		return p, nil
	}
	zone, err := c.zone(p.warehouse)
	if err != nil {
		return p, err
	}
	p.hour = HourOf(e.At, zone)
	return p, nil
}

// HourOf is when the hour of a zone began that holds a moment: an hour that clocks go through twice is two hours.
func HourOf(at time.Time, zone *time.Location) time.Time {
	here := at.In(zone)
	return at.Add(-time.Duration(here.Minute())*time.Minute - time.Duration(here.Second())*time.Second - time.Duration(here.Nanosecond())).UTC()
}

func (c *counting) zone(w id.Warehouse) (*time.Location, error) {
	if z := c.zones[w]; z != nil {
		return z, nil
	}
	var name []string
	if err := c.tx.Raw("SELECT time_zone FROM warehouses WHERE id = ?", w).Scan(&name).Error; err != nil || len(name) == 0 {
		return nil, fmt.Errorf("time zone of warehouse %d: %w", w, err)
	}
	z, err := time.LoadLocation(name[0])
	if err != nil {
		return nil, fmt.Errorf("time zone of warehouse %d: %w", w, err)
	}
	c.zones[w] = z
	return z, nil
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.warehouse, b.warehouse), a.hour.Compare(b.hour), cmp.Compare(a.bench, b.bench), cmp.Compare(a.user, b.user))
}

func (c *counting) write() error {
	for _, k := range slices.SortedFunc(maps.Keys(c.done), func(a, b cell) int { return cmp.Or(a.compare(b.place), cmp.Compare(a.measure, b.measure)) }) {
		here := k.hour.In(c.zones[k.warehouse])
		err := c.tx.Exec(`INSERT INTO work_done (warehouse_id, bench_id, user_id, hour_at, day, hour, measure, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
 ON CONFLICT (warehouse_id, hour_at, bench_id, user_id, measure) DO UPDATE SET n = work_done.n + excluded.n`,
			k.warehouse, k.bench, k.user, clock.Stamp(k.hour), here.Format(time.DateOnly), here.Hour(), k.measure, c.done[k]).Error
		if err != nil {
			return fmt.Errorf("write work done: %w", err)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.seen), place.compare) {
		err := c.tx.Exec(`INSERT INTO work_presence (warehouse_id, bench_id, user_id, hour_at, day, slots) VALUES (?, ?, ?, ?, ?, ?)
 ON CONFLICT (warehouse_id, hour_at, bench_id, user_id) DO UPDATE SET slots = work_presence.slots | excluded.slots`,
			k.warehouse, k.bench, k.user, clock.Stamp(k.hour), k.hour.In(c.zones[k.warehouse]).Format(time.DateOnly), c.seen[k]).Error
		if err != nil {
			return fmt.Errorf("write presence: %w", err)
		}
	}
	return nil
}
