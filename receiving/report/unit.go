package report

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/scanner"
)

// UnitRow is one piece in a list.
type UnitRow struct {
	Plate      string     `json:"plate"`
	SKU        string     `json:"sku"`
	Name       string     `json:"name"`
	NameEN     string     `json:"name_en"`
	Spec       string     `json:"spec"`
	SpecEN     string     `json:"spec_en"`
	Color      string     `json:"color"`
	State      string     `json:"state"`
	Account    string     `json:"account"`
	Finding    string     `json:"finding"`
	Condition  string     `json:"condition"`
	Parcel     string     `json:"parcel"`
	Case       string     `json:"case"`
	Reason     string     `json:"reason"`
	Owner      string     `json:"owner"`
	Warehouse  string     `json:"warehouse"`
	ReceivedAt time.Time  `json:"received_at"`
	ReceivedBy string     `json:"received_by"`
	Value      Money      `json:"value"`
	Category   string     `json:"category"`
	Deadline   *time.Time `json:"deadline,omitempty"`
	AgeS       int64      `json:"age_s"`
	Version    int64      `json:"version"`
	Place      string     `json:"place" doc:"bin or tote, empty when it is not known"`
}

// UnitFilter narrows the list of units. Empty fields do not.
type UnitFilter struct {
	State     string
	Warehouse string
	Account   string
	SKU       string // exactly
	Place     string // code of a bin or tote
	Query     string // plate, SKU or case number, from its start
}

// unitColumns says how a unit lies within a scope; its shop is that of its case.
var unitColumns = auth.Columns{Warehouse: "u.warehouse_id = ?", Owner: "u.owner_id = ?", Shop: "c.shop_id = ?"}

const unitSelect = `
SELECT u.id, u.plate, s.code AS sku, s.name, s.name_en, s.spec, s.spec_en, s.color, u.state, u.account, u.finding, u.condition, COALESCE(u.parcel_id, 0) AS parcel_id,
  COALESCE(c.number, '') AS case_number, COALESCE(c.reason, '') AS reason, o.code AS owner, w.code AS warehouse, u.received_at, COALESCE(p.display, '') AS received_by,
  u.value_minor, u.currency, s.category, c.deadline_at, u.version, u.case_id, u.order_line_id, u.sku_id, u.owner_id, u.warehouse_id, COALESCE(c.shop_id, 0) AS shop_id, COALESCE(l.code, '') AS place
FROM units u JOIN skus s ON s.id = u.sku_id JOIN owners o ON o.id = u.owner_id JOIN warehouses w ON w.id = u.warehouse_id
  LEFT JOIN cases c ON c.id = u.case_id LEFT JOIN users p ON p.id = u.received_by LEFT JOIN unit_places lp ON lp.unit_id = u.id LEFT JOIN places l ON l.id = lp.place_id `

type unitRow struct {
	ID          id.Unit
	Plate       string
	SKU         string `gorm:"column:sku"`
	Name        string
	NameEN      string `gorm:"column:name_en"`
	Spec        string
	SpecEN      string `gorm:"column:spec_en"`
	Color       string
	State       string
	Account     string
	Finding     string
	Condition   string
	ParcelID    id.Parcel
	CaseNumber  string
	Reason      string
	Owner       string
	Warehouse   string
	ReceivedAt  time.Time
	ReceivedBy  string
	ValueMinor  int64
	Currency    string
	Category    string
	DeadlineAt  *time.Time
	Version     int64
	CaseID      *id.Case
	OrderLineID *id.OrderLine
	SKUID       id.SKU `gorm:"column:sku_id"`
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	ShopID      id.Shop
	Place       string
}

func (u unitRow) public(now time.Time) UnitRow {
	utc(&u.ReceivedAt, u.DeadlineAt)
	return UnitRow{Plate: u.Plate, SKU: u.SKU, Name: u.Name, NameEN: u.NameEN, Spec: u.Spec, SpecEN: u.SpecEN, Color: u.Color, State: u.State, Account: u.Account,
		Finding: u.Finding, Condition: u.Condition, Parcel: parcelNumber(u.ParcelID), Case: u.CaseNumber, Reason: u.Reason, Owner: u.Owner, Warehouse: u.Warehouse,
		ReceivedAt: u.ReceivedAt, ReceivedBy: u.ReceivedBy, Value: Money{u.ValueMinor, u.Currency}, Category: u.Category, Deadline: u.DeadlineAt,
		AgeS: int64(now.Sub(u.ReceivedAt).Seconds()), Version: u.Version, Place: u.Place}
}

// Units lists units, the one that waits longest first.
func (r *Reports) Units(ctx context.Context, s auth.Scope, f UnitFilter, a Ask) (Page[UnitRow], error) {
	var q query
	within, args := s.SQL(unitColumns)
	q.and(within, args...)
	if f.State != "" {
		q.and("u.state = ?", f.State)
		if f.State == string(inventory.Quarantine) || f.State == string(inventory.Custody) {
			q.and("u.account = ?", f.State) // says nothing new, but leads to the index in the order of the list
		}
	}
	q.given("u.account = ?", f.Account)
	q.given("s.code = ?", f.SKU)
	q.given("l.code = ?", strings.ToUpper(f.Place))
	if f.Warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, f.Warehouse)
		if err != nil {
			return Page[UnitRow]{}, err
		}
		q.and("u.warehouse_id = ?", w.ID)
	}
	text := strings.TrimSpace(f.Query)
	if _, whole := scanner.PlateNumber(text); whole {
		q.and("u.plate = ?", strings.ToUpper(text))
	} else if text != "" {
		start := like(text) + "%"
		q.and("(u.plate LIKE ? ESCAPE '!' OR s.code LIKE ? ESCAPE '!' OR c.number LIKE ? ESCAPE '!' OR u.serial = ?)", strings.ToUpper(start), start, start, text)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[UnitRow]{}, err
	}
	if more {
		q.and("u.received_at >= ? AND (u.received_at > ? OR u.id > ?)", m.K, m.K, m.I)
	}
	rows, err := scan[unitRow](r.db.From(ctx), "units", unitSelect+q.where()+" ORDER BY u.received_at, u.id LIMIT ?", append(q.args, a.limit()+1)...)
	if err != nil {
		return Page[UnitRow]{}, err
	}
	now := r.clock.Now()
	p := page(rows, a.limit(), func(u unitRow) mark { return mark{K: u.ReceivedAt.UTC(), I: int64(u.ID)} })
	return convert(p, func(u unitRow) UnitRow { return u.public(now) }), nil
}

// unit finds a unit within a scope by its plate.
func (r *Reports) unit(ctx context.Context, s auth.Scope, plate string) (unitRow, error) {
	var q query
	within, args := s.SQL(unitColumns)
	q.and("u.plate = ?", strings.ToUpper(strings.TrimSpace(plate)))
	q.and(within, args...)
	return one[unitRow](r.db.From(ctx), "unit", unitSelect+q.where(), q.args...)
}

// unitsWhere lists the units of something that the caller may see already.
func (r *Reports) unitsWhere(tx *gorm.DB, cond string, args ...any) ([]UnitRow, error) {
	rows, err := scan[unitRow](tx, "units", unitSelect+"WHERE "+cond+" ORDER BY u.id LIMIT 500", args...)
	now := r.clock.Now()
	return convert(Page[unitRow]{Items: rows}, func(u unitRow) UnitRow { return u.public(now) }).Items, err
}
