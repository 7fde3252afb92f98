package report

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
)

// ParcelRow is one parcel in a list.
type ParcelRow struct {
	Number    string     `json:"number"`
	State     string     `json:"state"`
	Kind      string     `json:"kind"`
	Waybill   string     `json:"waybill"`
	Carrier   string     `json:"carrier"`
	Owner     string     `json:"owner" doc:"empty while nobody knows"`
	Warehouse string     `json:"warehouse"`
	Bench     string     `json:"bench"`
	Clerk     string     `json:"clerk"`
	Cases     []string   `json:"cases"`
	Note      string     `json:"note"`
	Shelf     string     `json:"shelf"`
	Expected  int        `json:"expected"`
	Received  int        `json:"received" doc:"towards expected"`
	Pieces    int        `json:"pieces" doc:"everything that was taken"`
	CreatedAt time.Time  `json:"created_at"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
	Version   int64      `json:"version"`
}

// ParcelDetail is a parcel with what was in it.
type ParcelDetail struct {
	ParcelRow
	Orders   []string     `json:"orders"`
	Waybills []Alias      `json:"waybills"`
	Lines    []ParcelLine `json:"lines"`
	Units    []UnitRow    `json:"units"`
	Timeline []Moment     `json:"timeline"`
}

// Alias is a number under which a parcel is known.
type Alias struct {
	Number  string `json:"number"`
	Carrier string `json:"carrier"`
	Role    string `json:"role" enum:"outbound,return,platform"`
	Source  string `json:"source"`
}

// ParcelLine is one row of expected against received.
type ParcelLine struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	NameEN   string `json:"name_en"`
	Spec     string `json:"spec"`
	SpecEN   string `json:"spec_en"`
	Expected int    `json:"expected"`
	Received int    `json:"received"`
	Finding  string `json:"finding"`
}

// ParcelFilter narrows the list of parcels.
type ParcelFilter struct {
	State     string
	Warehouse string
	Query     string // parcel number, waybill or shelf
	Unclaimed bool   // without an owner
}

type parcelRow struct {
	ID                                                            id.Parcel
	State, Kind, Waybill, Carrier, Owner, Warehouse, Bench, Clerk string
	Note, Shelf                                                   string
	Expected, Received, Pieces                                    int
	CreatedAt                                                     time.Time
	OpenedAt, ClosedAt                                            *time.Time
	Version                                                       int64
}

// parcelColumns: a parcel's shops are those of its cases. One without an owner is seen only by who may see every owner's.
var parcelColumns = auth.Columns{Warehouse: "p.warehouse_id = ?", Owner: "p.owner_id = ?",
	Shop: "EXISTS (SELECT 1 FROM receipts r JOIN cases c ON c.id = r.case_id WHERE r.parcel_id = p.id AND c.shop_id = ?)"}

const parcelSelect = `
SELECT p.id, p.state, p.kind, p.waybill, p.carrier, COALESCE(o.code, '') AS owner, w.code AS warehouse, COALESCE(b.name, '') AS bench, COALESCE(u.display, '') AS clerk, p.note, p.shelf,
  p.expected, p.received, p.pieces, p.created_at, p.opened_at, p.closed_at, p.version
FROM parcels p JOIN warehouses w ON w.id = p.warehouse_id LEFT JOIN owners o ON o.id = p.owner_id LEFT JOIN benches b ON b.id = p.bench_id LEFT JOIN users u ON u.id = p.opened_by `

func (p parcelRow) public(cases []string) ParcelRow {
	utc(&p.CreatedAt, p.OpenedAt, p.ClosedAt)
	if cases == nil {
		cases = []string{}
	}
	return ParcelRow{Number: parcelNumber(p.ID), State: p.State, Kind: p.Kind, Waybill: p.Waybill, Carrier: p.Carrier, Owner: p.Owner, Warehouse: p.Warehouse, Bench: p.Bench, Clerk: p.Clerk,
		Cases: cases, Note: p.Note, Shelf: p.Shelf, Expected: p.Expected, Received: p.Received, Pieces: p.Pieces, CreatedAt: p.CreatedAt, OpenedAt: p.OpenedAt, ClosedAt: p.ClosedAt, Version: p.Version}
}

// Parcels lists parcels, the newest first.
func (r *Reports) Parcels(ctx context.Context, s auth.Scope, f ParcelFilter, a Ask) (Page[ParcelRow], error) {
	var q query
	within, args := s.SQL(parcelColumns)
	q.and(within, args...)
	if f.State != "" {
		q.and("p.state = ?", f.State)
	}
	if f.Unclaimed {
		q.and("p.owner_id IS NULL")
	}
	if f.Warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, f.Warehouse)
		if err != nil {
			return Page[ParcelRow]{}, err
		}
		q.and("p.warehouse_id = ?", w.ID)
	}
	if text := strings.ToUpper(strings.TrimSpace(f.Query)); text != "" {
		number, _ := parcelID(text) // 0 finds none
		q.and("(p.id = ? OR p.waybill LIKE ? ESCAPE '!' OR UPPER(p.shelf) = ? OR p.id IN (SELECT parcel_id FROM waybill_aliases WHERE number = ?))", number, like(text)+"%", text, text)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[ParcelRow]{}, err
	}
	if more {
		q.and("p.id < ?", m.I)
	}
	tx := r.db.From(ctx)
	rows, err := scan[parcelRow](tx, "parcels", parcelSelect+q.where()+" ORDER BY p.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	if err != nil {
		return Page[ParcelRow]{}, err
	}
	p := page(rows, a.limit(), func(p parcelRow) mark { return mark{I: int64(p.ID)} })
	cases, err := casesOf(tx, p.Items)
	return convert(p, func(p parcelRow) ParcelRow { return p.public(cases[p.ID]) }), err
}

// casesOf reads the case numbers of several parcels at once.
func casesOf(tx *gorm.DB, parcels []parcelRow) (map[id.Parcel][]string, error) {
	out := map[id.Parcel][]string{}
	if len(parcels) == 0 {
		return out, nil
	}
	ids := make([]id.Parcel, len(parcels))
	for i, p := range parcels {
		ids[i] = p.ID
	}
	rows, err := scan[struct {
		ParcelID id.Parcel
		Number   string
	}](tx, "cases of parcels", "SELECT DISTINCT r.parcel_id, c.number FROM receipts r JOIN cases c ON c.id = r.case_id WHERE r.parcel_id IN ? ORDER BY r.parcel_id, c.number", ids)
	for _, r := range rows {
		out[r.ParcelID] = append(out[r.ParcelID], r.Number)
	}
	return out, err
}

// ParcelAt finds a parcel within a scope, for a caller who wants to change it.
func (r *Reports) ParcelAt(ctx context.Context, s auth.Scope, number string) (id.Parcel, error) {
	p, err := r.parcel(ctx, s, number)
	return p.ID, err
}

func (r *Reports) parcel(ctx context.Context, s auth.Scope, number string) (parcelRow, error) {
	n, err := parcelID(number)
	if err != nil {
		return parcelRow{}, err
	}
	var q query
	within, args := s.SQL(parcelColumns)
	q.and("p.id = ?", n)
	q.and(within, args...)
	return one[parcelRow](r.db.From(ctx), "parcel", parcelSelect+q.where(), q.args...)
}

// Parcel reads a parcel with everything in it.
func (r *Reports) Parcel(ctx context.Context, s auth.Scope, number string) (*ParcelDetail, error) {
	p, err := r.parcel(ctx, s, number)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	cases, err := casesOf(tx, []parcelRow{p})
	if err != nil {
		return nil, err
	}
	d := &ParcelDetail{ParcelRow: p.public(cases[p.ID])}
	if d.Orders, err = list[string](tx, "orders of the parcel", "SELECT DISTINCT o.number FROM receipts r JOIN orders o ON o.id = r.order_id WHERE r.parcel_id = ? ORDER BY o.number", p.ID); err != nil {
		return nil, err
	}
	if d.Waybills, err = list[Alias](tx, "waybills of the parcel", "SELECT number, carrier, role, source FROM waybill_aliases WHERE parcel_id = ? ORDER BY id", p.ID); err != nil {
		return nil, err
	}
	if d.Lines, err = list[ParcelLine](tx, "lines of the parcel", `SELECT s.code AS sku, s.name, s.name_en, s.spec, s.spec_en, l.expected, l.received, l.finding
FROM receipt_lines l JOIN skus s ON s.id = l.sku_id WHERE l.parcel_id = ? ORDER BY l.id`, p.ID); err != nil {
		return nil, err
	}
	if d.Units, err = r.unitsWhere(tx, "u.parcel_id = ?", p.ID); err != nil {
		return nil, err
	}
	d.Timeline, err = timeline(tx, "parcel/"+d.Number, 0)
	return d, err
}
