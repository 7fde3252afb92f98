package report

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Grant is a grant in the words people use; "*" is all of them.
type Grant struct {
	Role      string `json:"role"`
	Warehouse string `json:"warehouse"`
	Owner     string `json:"owner"`
	Shop      string `json:"shop"`
}

// Warehouse is one site.
type Warehouse struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	NameEN   string `json:"name_en" gorm:"column:name_en"`
	TimeZone string `json:"time_zone"`

	ID id.Warehouse `json:"-"`
}

// Grants puts a principal's grants into words.
func (r *Reports) Grants(ctx context.Context, p *auth.Principal) ([]Grant, error) {
	return r.GrantsOf(ctx, p.User)
}

// GrantsOf puts a user's grants into words.
func (r *Reports) GrantsOf(ctx context.Context, user id.User) ([]Grant, error) {
	rows, err := scan[Grant](r.db.From(ctx), "grants", `
SELECT g.role, COALESCE(w.code, '*') AS warehouse, COALESCE(o.code, '*') AS owner, COALESCE(s.code, '*') AS shop
FROM grants g LEFT JOIN warehouses w ON w.id = g.warehouse_id LEFT JOIN owners o ON o.id = g.owner_id LEFT JOIN shops s ON s.id = g.shop_id
WHERE g.user_id = ? ORDER BY g.id`, user)
	if rows == nil {
		rows = []Grant{}
	}
	return rows, err
}

// Warehouses lists the sites a scope reaches.
func (r *Reports) Warehouses(ctx context.Context, s auth.Scope) ([]Warehouse, error) {
	rows, err := scan[Warehouse](r.db.From(ctx), "warehouses", "SELECT id, code, name, name_en, time_zone FROM warehouses ORDER BY code")
	out := []Warehouse{}
	for _, w := range rows {
		if s.Site(w.ID) {
			out = append(out, w)
		}
	}
	return out, err
}

// WarehouseNamed finds a site within a scope by its code.
func (r *Reports) WarehouseNamed(ctx context.Context, s auth.Scope, code string) (Warehouse, error) {
	w, err := one[Warehouse](r.db.From(ctx), "warehouse", "SELECT id, code, name, name_en, time_zone FROM warehouses WHERE code = ?", code)
	if err == nil && !s.Site(w.ID) {
		return Warehouse{}, fault.New(fault.NotFound, "warehouse_not_found", "there is no such warehouse")
	}
	return w, err
}

// GrantNamed turns codes into a grant; "*" or nothing is all of them.
func (r *Reports) GrantNamed(ctx context.Context, g Grant) (auth.Grant, error) {
	out := auth.Grant{Role: auth.Role(g.Role)}
	if !out.Role.Valid() {
		return out, fault.New(fault.Invalid, "role_invalid", "%q is no role", g.Role)
	}
	for _, d := range []struct {
		table, code string
		into        func(int64)
	}{
		{"warehouses", g.Warehouse, func(n int64) { out.Warehouse = id.Warehouse(n) }},
		{"owners", g.Owner, func(n int64) { out.Owner = id.Owner(n) }},
		{"shops", g.Shop, func(n int64) { out.Shop = id.Shop(n) }},
	} {
		if d.code == "" || d.code == "*" {
			continue
		}
		ids, err := scan[int64](r.db.From(ctx), d.table, "SELECT id FROM "+d.table+" WHERE code = ?", d.code)
		if err != nil {
			return out, err
		}
		if len(ids) == 0 {
			return out, fault.New(fault.Invalid, "grant_place", "there is no %q among the %s", d.code, d.table)
		}
		d.into(ids[0])
	}
	return out, nil
}
