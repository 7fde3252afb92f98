package catalogue

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Kinds of a code.
const (
	GTIN   = "gtin"
	Own    = "own"
	Carton = "carton" // on the box of many, never on the piece
)

// StoredGTIN is the form in which a GTIN is kept: 14 digits.
func StoredGTIN(gtin string) string {
	return strings.Repeat("0", max(0, 14-len(gtin))) + gtin
}

// Hit is what a code names.
type Hit struct {
	SKU  SKU `gorm:"embedded"`
	Code string
	Kind string
}

// Find looks codes up: in the owner's catalogue first, then in those of all owners. owner 0 asks all at once. SKU codes count as codes of their owner.
// Nothing found gives none and no error: most callers go on asking elsewhere.
func Find(ctx context.Context, tx *gorm.DB, owner id.Owner, codes []string) ([]Hit, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	const columns = "SELECT s.*, c.code AS code_found, c.kind FROM sku_codes c JOIN skus s ON s.id = c.sku_id "
	var rows []struct {
		SKU       SKU `gorm:"embedded"`
		CodeFound string
		Kind      string
	}
	q := tx.WithContext(ctx)
	if owner != 0 {
		q = q.Raw(columns+"WHERE c.code IN ? UNION ALL SELECT s.*, s.code AS code_found, 'own' FROM skus s WHERE s.owner_id = ? AND s.code IN ? AND NOT s.placeholder",
			codes, owner, codes)
	} else {
		q = q.Raw(columns+"WHERE c.code IN ? ORDER BY s.id", codes)
	}
	if err := q.Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up codes: %w", err)
	}
	var mine, others []Hit
	for _, r := range rows {
		h := Hit{SKU: r.SKU, Code: r.CodeFound, Kind: r.Kind}
		if owner == 0 || r.SKU.OwnerID == owner {
			mine = append(mine, h)
		} else {
			others = append(others, h)
		}
	}
	if len(mine) > 0 {
		return mine, nil
	}
	return others, nil
}

// ByID reads SKUs. All of them must exist.
func ByID(ctx context.Context, tx *gorm.DB, ids []id.SKU) (map[id.SKU]SKU, error) {
	out := make(map[id.SKU]SKU, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []SKU
	if err := tx.WithContext(ctx).Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read SKUs: %w", err)
	}
	for _, s := range rows {
		out[s.ID] = s
	}
	for _, i := range ids {
		if _, ok := out[i]; !ok {
			return nil, fault.New(fault.NotFound, "sku_not_found", "there is no SKU %d", i)
		}
	}
	return out, nil
}

// CodesOf reads the codes of SKUs that name a single piece, GTINs first.
func CodesOf(ctx context.Context, tx *gorm.DB, ids []id.SKU) (map[id.SKU][]string, error) {
	out := make(map[id.SKU][]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Code
	if err := tx.WithContext(ctx).Where("sku_id IN ? AND kind <> ?", ids, Carton).Order("kind, code").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	for _, c := range rows {
		out[c.SKUID] = append(out[c.SKUID], c.Code)
	}
	return out, nil
}
