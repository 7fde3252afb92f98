package intake

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
)

// names remembers what codes stand for. Only what was read from the store is kept, so a rolled back record leaves nothing behind.
type names struct {
	owners     map[string]id.Owner
	shops      map[string]catalogue.Shop
	warehouses map[string]id.Warehouse
	skus       map[skuKey]id.SKU
}

type skuKey struct {
	owner id.Owner
	code  string
}

func newNames() *names {
	return &names{map[string]id.Owner{}, map[string]catalogue.Shop{}, map[string]id.Warehouse{}, map[skuKey]id.SKU{}}
}

// maxKnownSKUs bounds the memory of a long import.
const maxKnownSKUs = 200_000

func (n *names) owner(tx *gorm.DB, code string) (id.Owner, error) {
	if o, ok := n.owners[code]; ok {
		return o, nil
	}
	var o catalogue.Owner
	if found, err := find(tx.Where("code = ?", code), &o); err != nil || !found {
		return 0, missing(err, "owner", "unknown_owner", code)
	}
	n.owners[code] = o.ID
	return o.ID, nil
}

func (n *names) shop(tx *gorm.DB, code string) (catalogue.Shop, error) {
	if s, ok := n.shops[code]; ok {
		return s, nil
	}
	var s catalogue.Shop
	if found, err := find(tx.Where("code = ?", code), &s); err != nil || !found {
		return s, missing(err, "shop", "unknown_shop", code)
	}
	n.shops[code] = s
	return s, nil
}

func (n *names) warehouse(tx *gorm.DB, code string) (id.Warehouse, error) {
	if w, ok := n.warehouses[code]; ok {
		return w, nil
	}
	w, err := idOf[id.Warehouse](tx.Table("warehouses").Where("code = ?", code))
	if err != nil || w == 0 {
		return 0, missing(err, "warehouse", "unknown_warehouse", code)
	}
	n.warehouses[code] = w
	return w, nil
}

func (n *names) sku(tx *gorm.DB, owner id.Owner, field, code string) (id.SKU, error) {
	k := skuKey{owner, code}
	if s, ok := n.skus[k]; ok {
		return s, nil
	}
	s, err := idOf[id.SKU](tx.Model(&catalogue.SKU{}).Where("owner_id = ? AND code = ?", owner, code))
	if err != nil || s == 0 {
		return 0, missing(err, field, "unknown_sku", code)
	}
	if len(n.skus) < maxKnownSKUs {
		n.skus[k] = s
	}
	return s, nil
}

// idOf returns the id of the one row that q finds, 0 for none.
func idOf[T ~int64](q *gorm.DB) (T, error) {
	var ids []T
	if err := q.Limit(1).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// find reads at most one row.
func find[T any](q *gorm.DB, into *T) (bool, error) {
	res := q.Limit(1).Find(into)
	return res.RowsAffected > 0, res.Error
}

func missing(err error, field, code, value string) error {
	if err != nil {
		return fmt.Errorf("look up %s: %w", field, err)
	}
	if value == "" {
		return bad(field, "missing", "%s is empty", field)
	}
	return bad(field, code, "%s %q is not known", field, value)
}
