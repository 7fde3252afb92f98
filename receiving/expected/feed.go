package expected

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	pageRows = 4_000  // returns of a page, changes of a page
	tooMany  = 50_000 // changes; a snapshot is less work then
	keepRows = 2 * tooMany
)

// Feed answers stations. It keeps nothing: any server of the site can go on where another stopped.
type Feed struct {
	db    *db.DB
	clock clock.Clock

	page, most, keep int // tests make them small
}

// New makes a feed of d.
func New(d *db.DB, c clock.Clock) *Feed {
	return &Feed{db: d, clock: c, page: pageRows, most: tooMany, keep: keepRows}
}

// Page returns what a station of the warehouse gets for its cursor. news is false when the cursor is the newest: the page is empty then and keeps it.
func (f *Feed) Page(ctx context.Context, w id.Warehouse, h *wire.Hasher, after string) (p wire.ExpectedPage, news bool, err error) {
	tx := f.db.Read.WithContext(ctx)
	at, err := f.stand(tx)
	if err != nil {
		return p, false, err
	}
	c, ok := parse(after, at.Epoch, w)
	r := reader{tx: tx, warehouse: w, hash: h, now: f.clock.Now(), page: &p}
	if ok && (c.phase == idle || c.phase == changes) {
		done, news, err := f.delta(r, c, at)
		if err != nil || done {
			return p, news, err
		}
		ok, p = false, wire.ExpectedPage{}
	}
	if !ok || c.to > at.Head {
		c = cursor{epoch: at.Epoch, warehouse: w, phase: cases, to: at.Head}
		p.Begin = true
	}
	return p, true, f.snapshot(r, c)
}

// stand is where the log of changes stands.
type stand struct {
	Epoch   string
	Horizon int64
	Head    int64 // everything before it is visible
}

func (f *Feed) stand(tx *gorm.DB) (stand, error) {
	var s stand
	head := "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'expected_changes'), 0) + 1"
	if db.IsPostgres(tx) {
		head = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
	}
	if err := tx.Raw("SELECT epoch, mark AS horizon, " + head + " AS head FROM expected_horizon WHERE id = 1").Scan(&s).Error; err != nil {
		return s, fmt.Errorf("where expected returns stand: %w", err)
	}
	return s, nil
}

// snapshot tells a page of everything that is awaited.
func (f *Feed) snapshot(r reader, c cursor) error {
	query, table := "SELECT id FROM cases WHERE id > ? AND "+awaited+" AND (warehouse_id IS NULL OR warehouse_id = ?) ORDER BY id LIMIT ?", r.cases
	args := []any{c.last, r.warehouse, f.page}
	if c.phase == shipments {
		query, table = "SELECT id FROM shipments WHERE id > ? AND "+comingBack+" ORDER BY id LIMIT ?", r.shipments
		args = []any{c.last, f.page}
	}
	var ids []int64
	if err := r.tx.Raw(query, args...).Scan(&ids).Error; err != nil {
		return fmt.Errorf("list expected returns: %w", err)
	}
	if err := table(ids); err != nil {
		return err
	}
	switch {
	case len(ids) == f.page:
		c.last = ids[len(ids)-1]
	case c.phase == cases:
		c.phase, c.last = shipments, 0
	default:
		r.page.Complete = true
		c = cursor{epoch: c.epoch, warehouse: c.warehouse, phase: idle, from: c.to}
	}
	r.page.Cursor = c.String()
	return r.products()
}

type change struct {
	ID   int64
	Kind string
	Ref  int64
}

// delta tells a page of what changed. done is false when the changes are not all there any more, or are too many: a snapshot is due.
func (f *Feed) delta(r reader, c cursor, at stand) (done, news bool, err error) {
	if c.from > at.Head || c.to > at.Head {
		return false, false, nil
	}
	mark := "id"
	if db.IsPostgres(r.tx) {
		mark = "mark"
	}
	if c.phase == idle {
		var n int
		if err := r.tx.Raw("SELECT COUNT(*) FROM (SELECT 1 FROM expected_changes WHERE "+mark+" >= ? LIMIT ?) AS c", c.from, f.most+1).Scan(&n).Error; err != nil {
			return false, false, fmt.Errorf("count changes of expected returns: %w", err)
		}
		if n > f.most {
			return false, false, nil
		}
		c.phase, c.to, c.last = changes, at.Head, 0
	}
	var rows []change
	err = r.tx.Raw("SELECT id, kind, ref FROM expected_changes WHERE "+mark+" >= ? AND id > ? ORDER BY id LIMIT ?", c.from, c.last, f.page).Scan(&rows).Error
	if err != nil {
		return false, false, fmt.Errorf("changes of expected returns: %w", err)
	}
	// After the rows were read: a sweep in between moved the horizon, too.
	if now, err := f.stand(r.tx); err != nil || c.from < now.Horizon || now.Epoch != c.epoch {
		return false, false, err
	}
	if err := r.changed(rows); err != nil {
		return false, false, err
	}
	if len(rows) == f.page {
		c.last = rows[len(rows)-1].ID
	} else {
		r.page.Complete = true
		c = cursor{epoch: c.epoch, warehouse: c.warehouse, phase: idle, from: c.to}
	}
	r.page.Cursor = c.String()
	return true, len(rows) > 0 || !r.page.Complete, r.products()
}

// Sweep forgets old changes; who is further behind gets a snapshot. It also notices a database that was dumped and loaded again, whose transactions count anew.
func (f *Feed) Sweep(ctx context.Context) error {
	return f.db.InTx(ctx, func(tx *gorm.DB) error {
		at, err := f.stand(tx)
		if err != nil {
			return err
		}
		if at.Horizon > at.Head {
			return f.restart(tx, at.Head)
		}
		mark := "id"
		if db.IsPostgres(tx) {
			mark = "mark"
		}
		var bound int64
		err = tx.Raw("SELECT COALESCE((SELECT "+mark+" FROM expected_changes WHERE id <= (SELECT MAX(id) FROM expected_changes) - ? ORDER BY id DESC LIMIT 1), 0)", f.keep).Scan(&bound).Error
		if err != nil || bound <= at.Horizon {
			return err
		}
		if err := tx.Exec("UPDATE expected_horizon SET mark = ? WHERE id = 1 AND mark < ?", bound, bound).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM expected_changes WHERE "+mark+" < ?", bound).Error
	})
}

// restart begins a new epoch.
func (f *Feed) restart(tx *gorm.DB, head int64) error {
	if err := tx.Exec("DELETE FROM expected_changes").Error; err != nil {
		return err
	}
	return tx.Exec("UPDATE expected_horizon SET mark = ?, epoch = ? WHERE id = 1", head, id.Hex(16)).Error
}
