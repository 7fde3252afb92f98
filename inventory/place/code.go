package place

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// A code begins with B- for a bin and T- for a tote, so that a scan of one can be told from a scan of a plate, a waybill or a product.
var codes = regexp.MustCompile(`^[BT]-[A-Z0-9](?:[A-Z0-9.-]{0,38}[A-Z0-9])?$`)

// Code reads the code of a bin or a tote. ok is false for anything else.
func Code(text string) (code string, ok bool) {
	code = strings.ToUpper(strings.TrimSpace(text))
	return code, codes.MatchString(code)
}

// Find looks a place of a warehouse up by its code. None is fault.NotFound place_not_found.
func Find(ctx context.Context, tx *gorm.DB, w id.Warehouse, code string) (Place, error) {
	code, _ = Code(code)
	var p Place
	res := tx.WithContext(ctx).Where("warehouse_id = ? AND code = ?", w, code).Limit(1).Find(&p)
	if res.Error != nil {
		return p, fmt.Errorf("read place %s: %w", code, res.Error)
	}
	if res.RowsAffected == 0 {
		return p, fault.New(fault.NotFound, "place_not_found", "there is no place %s in this warehouse", code).With("place", code)
	}
	return p, nil
}

// Of tells where a unit lies. ok is false when it lies nowhere that is known.
func Of(ctx context.Context, tx *gorm.DB, u id.Unit) (p Place, ok bool, err error) {
	res := tx.WithContext(ctx).Where("id = (SELECT place_id FROM unit_places WHERE unit_id = ?)", u).Limit(1).Find(&p)
	if res.Error != nil {
		return p, false, fmt.Errorf("place of unit %d: %w", u, res.Error)
	}
	return p, res.RowsAffected > 0, nil
}

// In lists the plates of what lies in a place, in the order of their units.
func In(ctx context.Context, tx *gorm.DB, p id.Place) ([]string, error) {
	var plates []string
	err := tx.WithContext(ctx).Raw("SELECT u.plate FROM unit_places l JOIN units u ON u.id = l.unit_id WHERE l.place_id = ? ORDER BY u.id", p).Scan(&plates).Error
	if err != nil {
		return nil, fmt.Errorf("what lies in place %d: %w", p, err)
	}
	return plates, nil
}
