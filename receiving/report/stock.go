package report

import (
	"context"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
)

// StockRow is the balance of one account.
type StockRow struct {
	Owner     string `json:"owner"`
	Warehouse string `json:"warehouse"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	NameEN    string `json:"name_en"`
	Spec      string `json:"spec"`
	SpecEN    string `json:"spec_en"`
	Account   string `json:"account"`
	Quantity  int64  `json:"quantity"`
}

// MovementRow is one entry of the ledger.
type MovementRow struct {
	At       time.Time `json:"at"`
	SKU      string    `json:"sku"`
	Plate    string    `json:"plate"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Quantity int       `json:"quantity"`
	Cause    string    `json:"cause"`
	CauseRef string    `json:"cause_ref"`
	By       string    `json:"by"`
	Counter  bool      `json:"counter" doc:"takes an earlier entry back"`
}

// StockFilter narrows the list of balances.
type StockFilter struct{ Warehouse, SKU, Account, Owner string }

var stockColumns = auth.Columns{Warehouse: "b.warehouse_id = ?", Owner: "b.owner_id = ?"} // a shop has no stock of its own

// Stock lists balances that are not zero, without the boundary accounts.
func (r *Reports) Stock(ctx context.Context, s auth.Scope, f StockFilter, a Ask) (Page[StockRow], error) {
	var q query
	within, args := s.SQL(stockColumns)
	q.and(within, args...)
	q.and("b.quantity <> 0 AND b.account NOT IN ('customer', 'vendor', 'scrap', 'adjustment')")
	q.given("w.code = ?", f.Warehouse)
	q.given("k.code = ?", f.SKU)
	q.given("b.account = ?", f.Account)
	q.given("o.code = ?", f.Owner)
	m, more, err := a.mark()
	if err != nil {
		return Page[StockRow]{}, err
	}
	if more {
		q.and("(b.sku_id, b.warehouse_id, b.account) > (?, ?, ?)", m.I, m.W, m.A)
	}
	type row struct {
		StockRow    `gorm:"embedded"`
		SKUID       int64 `gorm:"column:sku_id"`
		WarehouseID int64
	}
	rows, err := scan[row](r.db.From(ctx), "stock", `
SELECT o.code AS owner, w.code AS warehouse, k.code AS sku, k.name, k.name_en, k.spec, k.spec_en, b.account, b.quantity, b.sku_id, b.warehouse_id
FROM balances b JOIN skus k ON k.id = b.sku_id JOIN warehouses w ON w.id = b.warehouse_id JOIN owners o ON o.id = b.owner_id `+q.where()+
		" ORDER BY b.sku_id, b.warehouse_id, b.account LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(b row) mark { return mark{I: b.SKUID, W: b.WarehouseID, A: b.Account} }), func(b row) StockRow { return b.StockRow }), err
}

var movementColumns = auth.Columns{Warehouse: "m.warehouse_id = ?", Owner: "m.owner_id = ?"}

// MovementFilter narrows the list of entries. Account is either side.
type MovementFilter struct{ Unit, Warehouse, SKU, Account, Owner string }

// Movements lists the entries of the ledger, those of one unit when a plate is given, the newest first.
func (r *Reports) Movements(ctx context.Context, s auth.Scope, f MovementFilter, a Ask) (Page[MovementRow], error) {
	var q query
	within, args := s.SQL(movementColumns)
	q.and(within, args...)
	q.given("u.plate = ?", strings.ToUpper(strings.TrimSpace(f.Unit)))
	q.given("w.code = ?", f.Warehouse)
	q.given("k.code = ?", f.SKU)
	q.given("o.code = ?", f.Owner)
	if f.Account != "" {
		q.and("? IN (m.from_account, m.to_account)", f.Account)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[MovementRow]{}, err
	}
	if more {
		q.and("m.id < ?", m.I)
	}
	type row struct {
		MovementRow `gorm:"embedded"`
		ID          id.Movement
	}
	rows, err := scan[row](r.db.From(ctx), "movements", `
SELECT m.id, m.at, k.code AS sku, COALESCE(u.plate, '') AS plate, m.from_account AS "from", m.to_account AS "to", m.quantity, m.cause, m.cause_ref, COALESCE(p.display, '') AS "by",
  m.counter_of IS NOT NULL AS counter
FROM movements m JOIN skus k ON k.id = m.sku_id JOIN warehouses w ON w.id = m.warehouse_id JOIN owners o ON o.id = m.owner_id LEFT JOIN units u ON u.id = m.unit_id LEFT JOIN users p ON p.id = m.by_user `+q.where()+" ORDER BY m.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(m row) mark { return mark{I: int64(m.ID)} }), func(m row) MovementRow {
		utc(&m.At)
		return m.MovementRow
	}), err
}
