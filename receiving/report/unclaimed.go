package report

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
)

// UnclaimedRow is a parcel of unknown owner in the pile.
type UnclaimedRow struct {
	Number    string           `json:"number"`
	State     string           `json:"state"`
	Waybill   string           `json:"waybill"`
	Carrier   string           `json:"carrier"`
	Warehouse string           `json:"warehouse"`
	Shelf     string           `json:"shelf"`
	Pieces    int              `json:"pieces"`
	WeightG   int              `json:"weight_g"`
	CreatedAt time.Time        `json:"created_at"`
	AgeS      int64            `json:"age_s" doc:"seconds since it came"`
	Old       bool             `json:"old" doc:"older than the warehouse allows without an alarm"`
	AskedAt   *time.Time       `json:"asked_at,omitempty" doc:"when an owner or the courier was asked"`
	Ending    string           `json:"ending" doc:"the end that somebody has asked for and nobody has confirmed, or its end" enum:",handed_back,sold_as_found,disposed"`
	Contents  []UnclaimedGoods `json:"contents"`
	Version   int64            `json:"version"`
}

// UnclaimedGoods is one product in it.
type UnclaimedGoods struct {
	SKU     string `json:"sku" doc:"empty: no catalogue has it"`
	Name    string `json:"name"`
	NameEN  string `json:"name_en"`
	Spec    string `json:"spec"`
	SpecEN  string `json:"spec_en"`
	Color   string `json:"color"`
	Scanned string `json:"scanned" doc:"the code as it was read"`
	N       int    `json:"n"`
}

// UnclaimedFilter narrows the pile. Empty fields do not.
type UnclaimedFilter struct {
	Warehouse string
	Query     string // parcel number, waybill, shelf, SKU, serial, code or a part of a product's name
	Since     time.Time
	Until     time.Time
	Old       bool // past the alarm
	Ended     bool // those that have left the house, instead
}

type unclaimedRow struct {
	ID                                          id.Parcel
	WarehouseID                                 id.Warehouse
	State, Waybill, Carrier, Warehouse, Shelf   string
	Slip, TailIdx, Origin, AskedNote, AskedName string
	Ending                                      string
	Pieces, WeightG, AlarmDays                  int
	CreatedAt                                   time.Time
	AskedAt                                     *time.Time
	Version                                     int64
}

// unclaimedSelect reads parcels of unknown owner. Those without an owner are seen only by who may see every owner's.
const unclaimedSelect = `
SELECT p.id, p.warehouse_id, p.state, p.waybill, p.carrier, w.code AS warehouse, p.shelf, p.pieces, p.weight_g, p.created_at, p.version, COALESCE(x.alarm_after_days, 3) AS alarm_days,
  COALESCE(n.slip, '') AS slip, COALESCE(n.tail_idx, '') AS tail_idx, COALESCE(n.origin, '') AS origin, n.asked_at, COALESCE(n.asked_note, '') AS asked_note, COALESCE(o.name, '') AS asked_name,
  COALESCE(e.ending, '') AS ending
FROM parcels p JOIN warehouses w ON w.id = p.warehouse_id LEFT JOIN unclaimed_policies x ON x.warehouse_id = p.warehouse_id LEFT JOIN unclaimed_notes n ON n.parcel_id = p.id
  LEFT JOIN owners o ON o.id = n.asked_owner LEFT JOIN unclaimed_ends e ON e.parcel_id = p.id AND e.withdrawn_at IS NULL `

const unclaimedHere = "p.owner_id IS NULL AND p.kind = 'unknown' AND p.state IN ('at_dock', 'open', 'held', 'closed')"

func (r *Reports) unclaimedRow(p unclaimedRow, goods []UnclaimedGoods) UnclaimedRow {
	utc(&p.CreatedAt, p.AskedAt)
	if goods == nil {
		goods = []UnclaimedGoods{}
	}
	age := r.clock.Now().Sub(p.CreatedAt)
	return UnclaimedRow{Number: parcelNumber(p.ID), State: p.State, Waybill: p.Waybill, Carrier: p.Carrier, Warehouse: p.Warehouse, Shelf: p.Shelf, Pieces: p.Pieces, WeightG: p.WeightG,
		CreatedAt: p.CreatedAt, AgeS: int64(age / time.Second), Old: age > time.Duration(p.AlarmDays)*24*time.Hour, AskedAt: p.AskedAt, Ending: p.Ending, Contents: goods, Version: p.Version}
}

// Unclaimed lists the pile, the oldest first.
func (r *Reports) Unclaimed(ctx context.Context, s auth.Scope, f UnclaimedFilter, a Ask) (Page[UnclaimedRow], error) {
	q, err := r.unclaimedWhere(ctx, s, f)
	if err != nil {
		return Page[UnclaimedRow]{}, err
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[UnclaimedRow]{}, err
	}
	if more {
		q.and("p.created_at >= ? AND (p.created_at > ? OR p.id > ?)", m.K, m.K, m.I)
	}
	tx := r.db.From(ctx)
	rows, err := scan[unclaimedRow](tx, "parcels of unknown owner", unclaimedSelect+q.where()+" ORDER BY p.created_at, p.id LIMIT ?", append(q.args, a.limit()+1)...)
	if err != nil {
		return Page[UnclaimedRow]{}, err
	}
	p := page(rows, a.limit(), func(p unclaimedRow) mark { return mark{K: p.CreatedAt.UTC(), I: int64(p.ID)} })
	goods, err := contents(tx, p.Items)
	return convert(p, func(p unclaimedRow) UnclaimedRow { return r.unclaimedRow(p, goods[p.ID]) }), err
}

func (r *Reports) unclaimedWhere(ctx context.Context, s auth.Scope, f UnclaimedFilter) (query, error) {
	var q query
	within, args := s.SQL(parcelColumns)
	q.and(within, args...)
	if f.Ended {
		q.and("p.owner_id IS NULL AND p.kind = 'unknown' AND p.state IN ('handed_back', 'sold_as_found', 'disposed')")
	} else {
		q.and(unclaimedHere)
	}
	if f.Warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, f.Warehouse)
		if err != nil {
			return q, err
		}
		q.and("p.warehouse_id = ?", w.ID)
	}
	if !f.Since.IsZero() {
		q.and("p.created_at >= ?", f.Since.UTC())
	}
	if !f.Until.IsZero() {
		q.and("p.created_at < ?", f.Until.UTC())
	}
	if f.Old {
		q.and("p.created_at < ?", r.clock.Now().Add(-72*time.Hour))
	}
	if text := strings.ToUpper(strings.TrimSpace(f.Query)); text != "" {
		number, _ := parcelID(text) // 0 finds none
		part := "%" + like(text) + "%"
		q.and(`(p.id = ? OR p.waybill LIKE ? ESCAPE '!' OR UPPER(p.shelf) LIKE ? ESCAPE '!' OR UPPER(n.slip) = ? OR UPPER(n.origin) LIKE ? ESCAPE '!' OR EXISTS (SELECT 1 FROM units u JOIN skus k ON k.id = u.sku_id
 WHERE u.parcel_id = p.id AND (UPPER(u.serial) = ? OR UPPER(u.scanned) = ? OR u.plate = ? OR UPPER(k.code) = ? OR UPPER(k.name) LIKE ? ESCAPE '!' OR UPPER(k.name_en) LIKE ? ESCAPE '!')))`,
			number, part, part, text, part, text, text, text, text, part, part)
	}
	return q, nil
}

// contents reads what is in several parcels, by product.
func contents(tx *gorm.DB, parcels []unclaimedRow) (map[id.Parcel][]UnclaimedGoods, error) {
	out := map[id.Parcel][]UnclaimedGoods{}
	if len(parcels) == 0 {
		return out, nil
	}
	ids := make([]id.Parcel, len(parcels))
	for i, p := range parcels {
		ids[i] = p.ID
	}
	rows, err := scan[struct {
		ParcelID id.Parcel
		UnclaimedGoods
	}](tx, "pieces of parcels", `SELECT u.parcel_id, CASE WHEN s.placeholder THEN '' ELSE s.code END AS sku, s.name, s.name_en, s.spec, s.spec_en, s.color, MIN(u.scanned) AS scanned, COUNT(*) AS n
FROM units u JOIN skus s ON s.id = u.sku_id WHERE u.parcel_id IN ? AND u.state <> 'undone' GROUP BY u.parcel_id, s.id, s.code, s.placeholder, s.name, s.name_en, s.spec, s.spec_en, s.color
ORDER BY u.parcel_id, s.placeholder, MIN(u.id)`, ids)
	for _, r := range rows {
		out[r.ParcelID] = append(out[r.ParcelID], r.UnclaimedGoods)
	}
	return out, err
}

// UnclaimedAt finds a parcel of unknown owner within a scope, for a caller who wants to change it.
func (r *Reports) UnclaimedAt(ctx context.Context, s auth.Scope, number string) (id.Parcel, id.Warehouse, error) {
	p, err := r.unclaimedNamed(ctx, s, number)
	return p.ID, p.WarehouseID, err
}

func (r *Reports) unclaimedNamed(ctx context.Context, s auth.Scope, number string) (unclaimedRow, error) {
	n, err := parcelID(number)
	if err != nil {
		return unclaimedRow{}, err
	}
	var q query
	within, args := s.SQL(parcelColumns)
	q.and("p.id = ?", n)
	q.and(within, args...)
	return one[unclaimedRow](r.db.From(ctx), "parcel", unclaimedSelect+q.where(), q.args...)
}

// OrderAt finds an order within a scope. Numbers are a shop's own: where several shops have it, shop says which.
func (r *Reports) OrderAt(ctx context.Context, s auth.Scope, number, shop string) (id.Order, error) {
	o, err := r.orderNamed(ctx, s, number, shop)
	return o.ID, err
}

// OwnerNamed finds an owner by code.
func (r *Reports) OwnerNamed(ctx context.Context, code string) (id.Owner, error) {
	o, err := one[struct{ ID id.Owner }](r.db.From(ctx), "owner", "SELECT id FROM owners WHERE code = ?", code)
	return o.ID, err
}

// unclaimedParcel is the parcel as the search wants it.
func unclaimedParcel(tx *gorm.DB, p id.Parcel) (receiving.Parcel, error) {
	return one[receiving.Parcel](tx, "parcel", "SELECT * FROM parcels WHERE id = ?", p)
}
