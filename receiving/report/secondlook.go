package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// SecondLookRow is an inspection that somebody else makes again. Grades are there only for who may see both.
type SecondLookRow struct {
	Plate     string    `json:"plate"`
	SKU       string    `json:"sku"`
	Name      string    `json:"name"`
	NameEN    string    `json:"name_en"`
	Spec      string    `json:"spec"`
	SpecEN    string    `json:"spec_en"`
	Category  string    `json:"category"`
	Warehouse string    `json:"warehouse"`
	State     string    `json:"state" enum:"due,agreed,differs,void,kept,changed,waived"`
	DrawnAt   time.Time `json:"drawn_at"`
	Mine      bool      `json:"mine" doc:"the caller made the first inspection and may not make the second"`
	Place     string    `json:"place"`
	First     string    `json:"first,omitempty" doc:"grade, for managers"`
	FirstBy   string    `json:"first_by,omitempty"`
	Second    string    `json:"second,omitempty"`
	SecondBy  string    `json:"second_by,omitempty"`
	Note      string    `json:"note,omitempty" doc:"of the second inspector, for managers"`
}

// SecondLooks lists second looks, the oldest first. Whoever may look is told nothing of what the first one found; open shows it.
func (r *Reports) SecondLooks(ctx context.Context, s auth.Scope, viewer id.User, state, warehouse string, open bool, a Ask) (Page[SecondLookRow], error) {
	w, err := r.WarehouseNamed(ctx, s, warehouse)
	if err != nil {
		return Page[SecondLookRow]{}, err
	}
	var q query
	within, args := s.SQL(auth.Columns{Warehouse: "u.warehouse_id = ?", Owner: "u.owner_id = ?", Shop: "c.shop_id = ?"})
	q.and(within, args...)
	q.and("l.warehouse_id = ? AND l.state = ?", w.ID, state)
	m, more, err := a.mark()
	if err != nil {
		return Page[SecondLookRow]{}, err
	}
	if more {
		q.and("l.id > ?", m.I)
	}
	type row struct {
		SecondLookRow `gorm:"embedded"`
		ID            int64
	}
	rows, err := scan[row](r.db.From(ctx), "second looks", `SELECT l.id, u.plate, k.code AS sku, k.name, k.name_en, k.spec, k.spec_en, k.category, l.state, l.drawn_at, l.first_by = ? AS mine, COALESCE(p.code, '') AS place,
 i.grade AS first, a.display AS first_by, COALESCE(l.grade, '') AS second, COALESCE(b.display, '') AS second_by, l.note
FROM second_looks l JOIN units u ON u.id = l.unit_id JOIN skus k ON k.id = u.sku_id JOIN inspections i ON i.id = l.inspection_id JOIN users a ON a.id = l.first_by LEFT JOIN users b ON b.id = l.by_user
 LEFT JOIN cases c ON c.id = u.case_id LEFT JOIN unit_places up ON up.unit_id = u.id LEFT JOIN places p ON p.id = up.place_id `+q.where()+" ORDER BY l.id LIMIT ?", append(append([]any{viewer}, q.args...), a.limit()+1)...)
	return convert(page(rows, a.limit(), func(v row) mark { return mark{I: v.ID} }), func(v row) SecondLookRow {
		out := v.SecondLookRow
		out.Warehouse = w.Code
		utc(&out.DrawnAt)
		if !open {
			out.First, out.FirstBy, out.Second, out.SecondBy, out.Note = "", "", "", "", ""
		}
		return out
	}), err
}

// Quality says how the inspections of a person stood up to a second look.
type Quality struct {
	Inspector   string `json:"inspector"`
	Inspections int64  `json:"inspections"`
	LookedAt    int64  `json:"looked_at" doc:"by somebody else"`
	Due         int64  `json:"due"`
	Errors      int64  `json:"errors_found_later" doc:"second looks that differed, unless a manager kept the first grade"`
}

// Qualities lists the inspectors of a warehouse.
func (r *Reports) Qualities(ctx context.Context, s auth.Scope, warehouse string, since time.Time) ([]Quality, error) {
	w, err := r.WarehouseNamed(ctx, s, warehouse)
	if err != nil {
		return nil, err
	}
	return list[Quality](r.db.From(ctx), "quality", `SELECT p.display AS inspector, COUNT(*) AS inspections, SUM(CASE WHEN l.by_user IS NOT NULL THEN 1 ELSE 0 END) AS looked_at,
 SUM(CASE WHEN l.state = 'due' THEN 1 ELSE 0 END) AS due, SUM(CASE WHEN l.state IN ('differs', 'changed') THEN 1 ELSE 0 END) AS errors
FROM inspections i JOIN units u ON u.id = i.unit_id JOIN users p ON p.id = i.by_user LEFT JOIN second_looks l ON l.inspection_id = i.id
WHERE u.warehouse_id = ? AND i.undone_at IS NULL AND i.at >= ? GROUP BY p.id, p.display ORDER BY p.display`, w.ID, since)
}

// Blinded lists those of some plates that a person is still to inspect a second time, and so must not know about.
func (r *Reports) Blinded(ctx context.Context, viewer id.User, plates []string) ([]string, error) {
	if len(plates) == 0 {
		return nil, nil
	}
	return scan[string](r.db.From(ctx), "second looks", "SELECT u.plate FROM second_looks l JOIN units u ON u.id = l.unit_id WHERE l.state = 'due' AND l.first_by <> ? AND u.plate IN ?", viewer, plates)
}

// Blind hides from rows what the first inspector decided about plates.
func Blind(rows []UnitRow, plates []string) {
	for i := range rows {
		if slices.Contains(plates, rows[i].Plate) {
			rows[i].State, rows[i].Account = "inspected", ""
		}
	}
}

// Blind hides from a piece's detail what the first inspector decided, and everything that followed from it.
func (d *UnitDetail) Blind() {
	d.State, d.Account, d.Inspection, d.Refund = "inspected", "", nil, nil
	d.Can = Can{Why: "second_look"}
	d.Timeline = slices.DeleteFunc(d.Timeline, func(m Moment) bool {
		return !strings.HasPrefix(m.TextCode, "unit.received") && !strings.HasPrefix(m.TextCode, "unit.condition")
	})
	if d.Case != nil {
		d.Case.Judgement, d.Case.Money, d.Case.Goods, d.Case.Status = "", "", "", ""
	}
}

// CountRow is a stock-take.
type CountRow struct {
	ID          int64        `json:"id"`
	Warehouse   string       `json:"warehouse"`
	Place       string       `json:"place" doc:"empty: all that waits for inspection"`
	State       string       `json:"state" enum:"open,closed,posted,cancelled"`
	Counted     int64        `json:"counted"`
	OpenedBy    string       `json:"opened_by"`
	OpenedAt    time.Time    `json:"opened_at"`
	ClosedAt    *time.Time   `json:"closed_at,omitempty"`
	ConfirmedBy string       `json:"confirmed_by,omitempty"`
	ConfirmedAt *time.Time   `json:"confirmed_at,omitempty"`
	WarehouseID id.Warehouse `json:"-"`
}

const countSelect = `SELECT c.id, c.warehouse_id, w.code AS warehouse, COALESCE(p.code, '') AS place, c.state, (SELECT COUNT(*) FROM count_plates n WHERE n.count_id = c.id) AS counted, a.display AS opened_by, c.opened_at, c.closed_at,
 COALESCE(b.display, '') AS confirmed_by, c.confirmed_at FROM counts c JOIN warehouses w ON w.id = c.warehouse_id LEFT JOIN places p ON p.id = c.place_id JOIN users a ON a.id = c.opened_by LEFT JOIN users b ON b.id = c.confirmed_by `

// Counts lists the stock-takes of a warehouse, the newest first. A count shows every owner's goods, so it is for whoever covers the warehouse.
func (r *Reports) Counts(ctx context.Context, s auth.Scope, warehouse string, a Ask) (Page[CountRow], error) {
	w, err := r.WarehouseNamed(ctx, s, warehouse)
	if err != nil {
		return Page[CountRow]{}, err
	}
	if !s.Warehouse(w.ID) {
		return Page[CountRow]{}, fault.New(fault.Denied, "count_denied", "a count of %s shows every owner's goods, and your grants do not", w.Code)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[CountRow]{}, err
	}
	var q query
	q.and("c.warehouse_id = ?", w.ID)
	if more {
		q.and("c.id < ?", m.I)
	}
	rows, err := scan[CountRow](r.db.From(ctx), "counts", countSelect+q.where()+" ORDER BY c.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		utc(&rows[i].OpenedAt, rows[i].ClosedAt, rows[i].ConfirmedAt)
	}
	return page(rows, a.limit(), func(v CountRow) mark { return mark{I: v.ID} }), err
}

// Count reads one stock-take that the scope covers.
func (r *Reports) Count(ctx context.Context, s auth.Scope, n int64) (CountRow, error) {
	c, err := one[CountRow](r.db.From(ctx), "count", countSelect+"WHERE c.id = ?", n)
	if err == nil && !s.Warehouse(c.WarehouseID) {
		return CountRow{}, fault.New(fault.NotFound, "count_not_found", "there is no such count")
	}
	utc(&c.OpenedAt, c.ClosedAt, c.ConfirmedAt)
	return c, err
}

// CountPlates lists what was counted last.
func (r *Reports) CountPlates(ctx context.Context, n int64) ([]string, error) {
	return list[string](r.db.From(ctx), "count plates", "SELECT plate FROM count_plates WHERE count_id = ? ORDER BY at DESC, plate LIMIT 500", n)
}

// RecallRow is a recall.
type RecallRow struct {
	ID      int64      `json:"id"`
	Owner   string     `json:"owner"`
	SKU     string     `json:"sku"`
	Batch   string     `json:"batch"`
	Note    string     `json:"note"`
	By      string     `json:"by"`
	At      time.Time  `json:"at"`
	EndedAt *time.Time `json:"ended_at,omitempty"`
	Blocked int64      `json:"blocked" doc:"pieces it keeps frozen now"`
}

// Recalls lists recalls, those that are on first.
func (r *Reports) Recalls(ctx context.Context, s auth.Scope, a Ask) (Page[RecallRow], error) {
	var q query
	within, args := s.SQL(auth.Columns{Warehouse: auth.Unlimited, Owner: "r.owner_id = ?"})
	q.and(within, args...)
	m, more, err := a.mark()
	if err != nil {
		return Page[RecallRow]{}, err
	}
	if more {
		q.and("r.id < ?", m.I)
	}
	rows, err := scan[RecallRow](r.db.From(ctx), "recalls", `SELECT r.id, o.code AS owner, k.code AS sku, r.batch, r.note, p.display AS "by", r.at, r.ended_at, (SELECT COUNT(*) FROM blocks b WHERE b.recall_id = r.id AND b.lifted_at IS NULL) AS blocked
FROM recalls r JOIN owners o ON o.id = r.owner_id JOIN skus k ON k.id = r.sku_id JOIN users p ON p.id = r.by_user `+q.where()+" ORDER BY r.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		utc(&rows[i].At, rows[i].EndedAt)
	}
	return page(rows, a.limit(), func(v RecallRow) mark { return mark{I: v.ID} }), err
}

// RecallOwner says whose goods a recall is about, if the scope reaches them.
func (r *Reports) RecallOwner(ctx context.Context, s auth.Scope, n int64) (id.Owner, error) {
	var q query
	within, args := s.SQL(auth.Columns{Warehouse: auth.Unlimited, Owner: "r.owner_id = ?"})
	q.and("r.id = ?", n)
	q.and(within, args...)
	return one[id.Owner](r.db.From(ctx), "recall", "SELECT r.owner_id FROM recalls r "+q.where(), q.args...)
}
