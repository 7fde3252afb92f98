package intake

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/scanner/barcode"
)

// Kinds of a SKU's code.
const (
	GTIN   = "gtin"
	Own    = "own"
	Carton = "carton"
)

// Catalogue applies SKUs and their codes.
func (im *Importer) Catalogue(ctx context.Context, skus []SKU) (Report, error) {
	return run(ctx, im, values(skus, skuKeyOf), im.skus())
}

func skuKeyOf(s SKU) string { return s.Owner + "\x00" + s.SKU }

var colorPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (s *SKU) check() error {
	switch {
	case s.SKU == "":
		return bad("sku", "missing", "the SKU has no code")
	case s.Name == "":
		return bad("name", "missing", "SKU %s has no name", s.SKU)
	case s.Color != "" && !colorPattern.MatchString(s.Color):
		return bad("color", "bad_color", "color %q: want #rrggbb", s.Color)
	case s.ValueMinor < 0:
		return bad("value", "bad_amount", "the value is negative")
	case s.WeightG < 0:
		return bad("weight_g", "bad_number", "the weight is negative")
	}
	if s.Product == "" {
		s.Product = s.SKU
	}
	if s.Category == "" {
		s.Category = "general"
	}
	var err error
	s.Currency, err = currency(s.Currency)
	return err
}

func currency(c string) (string, error) {
	if c == "" {
		return "CNY", nil
	}
	if len(c) != 3 || strings.ToUpper(c) != c {
		return c, bad("currency", "bad_currency", "currency %q: want three capital letters (ISO 4217)", c)
	}
	return c, nil
}

func (im *Importer) applySKU(_ context.Context, tx *gorm.DB, s SKU) (result, []Problem, error) {
	if err := s.check(); err != nil {
		return 0, nil, err
	}
	owner, err := im.known.owner(tx, s.Owner)
	if err != nil {
		return 0, nil, err
	}
	want := catalogue.SKU{OwnerID: owner, Code: s.SKU, Product: s.Product, Name: s.Name, NameEn: s.NameEN, Spec: s.Spec, SpecEn: s.SpecEN, Color: s.Color,
		Category: s.Category, SerialTracked: s.SerialTracked, ValueMinor: s.ValueMinor, Currency: s.Currency, WeightG: s.WeightG}
	var row catalogue.SKU
	found, err := find(tx.Where("owner_id = ? AND code = ?", owner, s.SKU), &row)
	if err != nil {
		return 0, nil, fmt.Errorf("read SKU %s: %w", s.SKU, err)
	}
	res := unchanged
	want.ID, want.Placeholder = row.ID, row.Placeholder
	switch {
	case !found:
		res = created
		err = tx.Create(&want).Error
	case want != row:
		res = updated
		err = tx.Model(&catalogue.SKU{ID: row.ID}).Select("*").Omit("id").Updates(&want).Error
	}
	if err != nil {
		return 0, nil, fmt.Errorf("save SKU %s: %w", s.SKU, err)
	}
	added, err := saveCodes(tx, owner, want.ID, s.Codes)
	if err != nil {
		return 0, nil, err
	}
	joined, err := im.saveParts(tx, owner, want.ID, s)
	if (added || joined) && res == unchanged {
		res = updated
	}
	return res, nil, err
}

// saveParts says what a bundle consists of. Parts of parcels that are open already stay what they were.
func (im *Importer) saveParts(tx *gorm.DB, owner id.Owner, bundle id.SKU, s SKU) (changed bool, err error) {
	for _, p := range s.Parts {
		if p.Quantity <= 0 {
			return false, bad("parts", "bad_number", "bundle %s: a quantity is not positive", s.SKU)
		}
		part, err := im.known.sku(tx, owner, "parts", p.SKU)
		if err != nil {
			return false, err
		}
		if part == bundle {
			return false, bad("parts", "part_of_itself", "bundle %s is a part of itself", s.SKU)
		}
		res := tx.Exec(`INSERT INTO bundle_parts (bundle_sku_id, part_sku_id, quantity) VALUES (?, ?, ?)
 ON CONFLICT (bundle_sku_id, part_sku_id) DO UPDATE SET quantity = excluded.quantity WHERE bundle_parts.quantity <> excluded.quantity`, bundle, part, p.Quantity)
		if res.Error != nil {
			return false, fmt.Errorf("parts of bundle %s: %w", s.SKU, res.Error)
		}
		changed = changed || res.RowsAffected > 0
	}
	return changed, nil
}

// saveCodes adds the codes that are not there yet. A code never changes hands: that would turn yesterday's scans into other goods.
func saveCodes(tx *gorm.DB, owner id.Owner, sku id.SKU, codes []Code) (added bool, err error) {
	for _, c := range codes {
		stored, err := c.stored()
		if err != nil {
			return added, err
		}
		var row catalogue.Code
		found, err := find(tx.Where("owner_id = ? AND code = ?", owner, stored), &row)
		if err != nil {
			return added, fmt.Errorf("read code %s: %w", c.Code, err)
		}
		if found {
			if row.SKUID != sku {
				return added, bad("codes", "code_taken", "code %s belongs to another SKU of this owner", c.Code)
			}
			continue
		}
		if err := tx.Create(&catalogue.Code{OwnerID: owner, Code: stored, SKUID: sku, Kind: c.Kind}).Error; err != nil {
			return added, fmt.Errorf("save code %s: %w", c.Code, err)
		}
		added = true
	}
	return added, nil
}

// stored is the form in which a code is kept: GTINs in 14 digits, also the one on a carton; own codes as they are.
func (c Code) stored() (string, error) {
	code := strings.TrimSpace(c.Code)
	gtin, ok := barcode.GTIN(code)
	switch {
	case code == "":
		return "", bad("codes", "missing", "a code is empty")
	case c.Kind == GTIN && !ok:
		return "", bad("codes", "gtin_check_digit", "%q is no GTIN: wrong length or check digit", code)
	case c.Kind == GTIN, c.Kind == Carton && ok:
		return strings.Repeat("0", 14-len(gtin)) + gtin, nil
	case c.Kind == Own, c.Kind == Carton:
		return code, nil
	}
	return "", bad("codes", "bad_enum", "code kind %q: want gtin, own or carton", c.Kind)
}
