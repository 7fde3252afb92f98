package report

import (
	"context"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// AvailabilityRow is the whole stock of a product in a warehouse, for other systems. Numbers are absolute and at least as new as Version.
type AvailabilityRow struct {
	Owner       string `json:"owner"`
	Warehouse   string `json:"warehouse"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	NameEN      string `json:"name_en"`
	Spec        string `json:"spec"`
	SpecEN      string `json:"spec_en"`
	Available   int64  `json:"available" doc:"may be sold and is promised to nobody"`
	Reserved    int64  `json:"reserved" doc:"available pieces that are promised"`
	SecondGrade int64  `json:"second_grade"`
	ReservedB   int64  `json:"reserved_second_grade"`
	Released    int64  `json:"released" doc:"as new, counts as available once it lies on a shelf"`
	ReleasedB   int64  `json:"released_second_grade"`
	Quarantine  int64  `json:"quarantine"`
	Custody     int64  `json:"custody" doc:"not our goods"`
	Blocked     int64  `json:"blocked"`
	Repair      int64  `json:"repair"`
	Outbound    int64  `json:"outbound"`
	Version     int64  `json:"version" doc:"of the last backdock.stock.changed.v1; 0 before the first"`
}

// Availability lists products with their balances, by SKU and warehouse. A merchant sees the merchant's own.
func (r *Reports) Availability(ctx context.Context, s auth.Scope, f StockFilter, a Ask) (Page[AvailabilityRow], error) {
	var q query
	within, args := s.SQL(stockColumns)
	q.and(within, args...)
	q.given("w.code = ?", f.Warehouse)
	q.given("k.code = ?", f.SKU)
	q.given("o.code = ?", f.Owner)
	m, more, err := a.mark()
	if err != nil {
		return Page[AvailabilityRow]{}, err
	}
	if more {
		q.and("(b.sku_id, b.warehouse_id) > (?, ?)", m.I, m.W)
	}
	type row struct {
		AvailabilityRow `gorm:"embedded"`
		SKUID           int64 `gorm:"column:sku_id"`
		WarehouseID     int64
	}
	sum := func(account string) string {
		return "SUM(CASE WHEN b.account = '" + account + "' THEN b.quantity ELSE 0 END)"
	}
	rows, err := scan[row](r.db.From(ctx), "availability", `SELECT o.code AS owner, w.code AS warehouse, k.code AS sku, k.name, k.name_en, k.spec, k.spec_en, `+sum("available")+` AS available, `+sum("reserved")+` AS reserved,
 `+sum("second_grade")+` AS second_grade, `+sum("reserved_b")+` AS reserved_b, `+sum("released")+` AS released, `+sum("released_b")+` AS released_b, `+sum("quarantine")+` AS quarantine,
 `+sum("custody")+` AS custody, `+sum("blocked")+` AS blocked, `+sum("repair")+` AS repair, `+sum("outbound")+` AS outbound, COALESCE(MAX(l.version), 0) AS version, b.sku_id, b.warehouse_id
FROM balances b JOIN skus k ON k.id = b.sku_id JOIN warehouses w ON w.id = b.warehouse_id JOIN owners o ON o.id = b.owner_id
 LEFT JOIN stock_levels l ON l.owner_id = b.owner_id AND l.warehouse_id = b.warehouse_id AND l.sku_id = b.sku_id `+q.where()+
		" AND NOT k.placeholder GROUP BY o.code, w.code, k.code, k.name, k.name_en, k.spec, k.spec_en, b.sku_id, b.warehouse_id ORDER BY b.sku_id, b.warehouse_id LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(b row) mark { return mark{I: b.SKUID, W: b.WarehouseID} }), func(b row) AvailabilityRow { return b.AvailabilityRow }), err
}

// Product is a SKU of an owner in a warehouse.
type Product struct {
	Owner     id.Owner
	Warehouse id.Warehouse
	SKU       id.SKU
}

// ProductAt finds a product within a scope by its codes.
func (r *Reports) ProductAt(ctx context.Context, s auth.Scope, owner, warehouse, sku string) (Product, error) {
	w, err := r.WarehouseNamed(ctx, s, warehouse)
	if err != nil {
		return Product{}, err
	}
	o, k, err := r.SKUNamed(ctx, owner, sku)
	if err == nil && !s.Allows(w.ID, o, 0) {
		err = fault.New(fault.NotFound, "sku_not_found", "there is no such sku")
	}
	return Product{Owner: o, Warehouse: w.ID, SKU: k}, err
}

// ReservationRow is a promise.
type ReservationRow struct {
	ID        int64      `json:"id"`
	Owner     string     `json:"owner"`
	Warehouse string     `json:"warehouse"`
	SKU       string     `json:"sku"`
	Account   string     `json:"account"`
	Quantity  int        `json:"quantity"`
	Purpose   string     `json:"purpose"`
	Ref       string     `json:"ref"`
	State     string     `json:"state" enum:"held,taken,released,expired,broken"`
	ExpiresAt time.Time  `json:"expires_at"`
	At        time.Time  `json:"at"`
	By        string     `json:"by"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

var reservationColumns = auth.Columns{Warehouse: "r.warehouse_id = ?", Owner: "r.owner_id = ?"}

const reservationSelect = `SELECT r.id, o.code AS owner, w.code AS warehouse, k.code AS sku, r.account, r.quantity, r.purpose, r.ref, r.state, r.expires_at, r.at, COALESCE(p.display, '') AS "by", r.ended_at
FROM reservations r JOIN owners o ON o.id = r.owner_id JOIN warehouses w ON w.id = r.warehouse_id JOIN skus k ON k.id = r.sku_id LEFT JOIN users p ON p.id = r.by_user `

// Reservations lists promises, the newest first; state may be empty.
func (r *Reports) Reservations(ctx context.Context, s auth.Scope, state, sku string, a Ask) (Page[ReservationRow], error) {
	var q query
	within, args := s.SQL(reservationColumns)
	q.and(within, args...)
	if state != "" {
		q.and("r.state = ?", state)
	}
	if sku != "" {
		q.and("k.code = ?", sku)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[ReservationRow]{}, err
	}
	if more {
		q.and("r.id < ?", m.I)
	}
	rows, err := scan[ReservationRow](r.db.From(ctx), "reservations", reservationSelect+q.where()+" ORDER BY r.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		utc(&rows[i].ExpiresAt, &rows[i].At, rows[i].EndedAt)
	}
	return page(rows, a.limit(), func(v ReservationRow) mark { return mark{I: v.ID} }), err
}

// Reservation reads one promise within a scope.
func (r *Reports) Reservation(ctx context.Context, s auth.Scope, n int64) (*ReservationRow, error) {
	var q query
	within, args := s.SQL(reservationColumns)
	q.and("r.id = ?", n)
	q.and(within, args...)
	v, err := one[ReservationRow](r.db.From(ctx), "reservation", reservationSelect+q.where(), q.args...)
	utc(&v.ExpiresAt, &v.At, v.EndedAt)
	return &v, err
}

// ReservationOf reads the newest promise that a purpose and a number name.
func (r *Reports) ReservationOf(ctx context.Context, s auth.Scope, o id.Owner, purpose, ref string) (*ReservationRow, error) {
	n, err := one[int64](r.db.From(ctx), "reservation", "SELECT id FROM reservations WHERE owner_id = ? AND purpose = ? AND ref = ? ORDER BY id DESC LIMIT 1", o, strings.TrimSpace(purpose), strings.TrimSpace(ref))
	if err != nil {
		return nil, err
	}
	return r.Reservation(ctx, s, n)
}

// SKUNamed finds a product by the codes of its owner and its own.
func (r *Reports) SKUNamed(ctx context.Context, owner, sku string) (id.Owner, id.SKU, error) {
	p, err := one[struct {
		OwnerID id.Owner
		ID      id.SKU
	}](r.db.From(ctx), "sku", "SELECT k.id, k.owner_id FROM skus k JOIN owners o ON o.id = k.owner_id WHERE o.code = ? AND k.code = ?", owner, sku)
	return p.OwnerID, p.ID, err
}

// AdjustmentRow is a correction of the book.
type AdjustmentRow struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Owner     string    `json:"owner"`
	Warehouse string    `json:"warehouse"`
	SKU       string    `json:"sku"`
	Account   string    `json:"account"`
	Quantity  int       `json:"quantity"`
	Plate     string    `json:"plate"`
	Reason    string    `json:"reason"`
	Note      string    `json:"note"`
	By        string    `json:"by"`
}

// Adjustments lists corrections, the newest first.
func (r *Reports) Adjustments(ctx context.Context, s auth.Scope, f StockFilter, a Ask) (Page[AdjustmentRow], error) {
	var q query
	within, args := s.SQL(auth.Columns{Warehouse: "a.warehouse_id = ?", Owner: "a.owner_id = ?"})
	q.and(within, args...)
	q.given("w.code = ?", f.Warehouse)
	q.given("k.code = ?", f.SKU)
	q.given("a.account = ?", f.Account)
	q.given("o.code = ?", f.Owner)
	m, more, err := a.mark()
	if err != nil {
		return Page[AdjustmentRow]{}, err
	}
	if more {
		q.and("a.id < ?", m.I)
	}
	rows, err := scan[AdjustmentRow](r.db.From(ctx), "adjustments", `SELECT a.id, a.at, o.code AS owner, w.code AS warehouse, k.code AS sku, a.account, a.quantity, COALESCE(u.plate, '') AS plate, a.reason, a.note, p.display AS "by"
FROM adjustments a JOIN owners o ON o.id = a.owner_id JOIN warehouses w ON w.id = a.warehouse_id JOIN skus k ON k.id = a.sku_id JOIN users p ON p.id = a.by_user LEFT JOIN units u ON u.id = a.unit_id `+
		q.where()+" ORDER BY a.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		utc(&rows[i].At)
	}
	return page(rows, a.limit(), func(v AdjustmentRow) mark { return mark{I: v.ID} }), err
}

// PlaceRow is a bin or a tote.
type PlaceRow struct {
	Code      string `json:"code"`
	Kind      string `json:"kind"`
	Warehouse string `json:"warehouse"`
	Capacity  int    `json:"capacity" doc:"pieces"`
	Held      int    `json:"held" doc:"pieces that lie there"`
}

// Places lists the bins and totes of a warehouse by code.
func (r *Reports) Places(ctx context.Context, s auth.Scope, warehouse, kind, start string, a Ask) (Page[PlaceRow], error) {
	w, err := r.WarehouseNamed(ctx, s, warehouse)
	if err != nil {
		return Page[PlaceRow]{}, err
	}
	var q query
	q.and("p.warehouse_id = ?", w.ID)
	if kind != "" {
		q.and("p.kind = ?", kind)
	}
	if start != "" {
		q.and("p.code LIKE ? ESCAPE '!'", like(start)+"%")
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[PlaceRow]{}, err
	}
	if more {
		q.and("p.code > ?", m.A)
	}
	rows, err := scan[PlaceRow](r.db.From(ctx), "places", "SELECT p.code, p.kind, p.capacity, p.held FROM places p "+q.where()+" ORDER BY p.code LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		rows[i].Warehouse = w.Code
	}
	return page(rows, a.limit(), func(v PlaceRow) mark { return mark{I: 1, A: v.Code} }), err
}
