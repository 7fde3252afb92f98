package place

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/inventory"
)

// Fits is the kind of bin a piece of an account belongs in; "" when it belongs on no shelf.
func Fits(a inventory.Account) Kind {
	switch a {
	case inventory.InAvailable, inventory.InReleased:
		return Shelf
	case inventory.InSecondGrade, inventory.InReleasedB:
		return Second
	}
	return ""
}

// Suggest names a bin for n pieces like u: one where the same product lies and that has room for them, else the first empty one by code, which is how aisles
// are numbered. ok is false when there is none.
func Suggest(ctx context.Context, tx *gorm.DB, u inventory.Unit, n int) (p Place, ok bool, err error) {
	kind := Fits(u.Account)
	if kind == "" {
		return p, false, nil
	}
	for _, where := range []string{
		"held > 0 AND capacity - held >= ? AND id IN (SELECT place_id FROM unit_places WHERE sku_id = ?)",
		"held = 0 AND capacity >= ? AND ? > 0",
	} {
		res := tx.WithContext(ctx).Where("warehouse_id = ? AND kind = ?", u.WarehouseID, kind).Where(where, n, u.SKUID).Order("code").Limit(1).Find(&p)
		if res.Error != nil {
			return p, false, fmt.Errorf("suggest a bin for %s: %w", u.Plate, res.Error)
		}
		if res.RowsAffected > 0 {
			return p, true, nil
		}
	}
	return p, false, nil
}
