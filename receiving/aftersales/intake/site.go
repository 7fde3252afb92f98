package intake

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
)

// Site makes or brings up to date owners, shops, warehouses and benches, all or nothing.
func (im *Importer) Site(ctx context.Context, s Site) error {
	return im.db.InTx(ctx, func(tx *gorm.DB) error {
		for _, o := range s.Owners {
			if err := saveOwner(tx, o); err != nil {
				return err
			}
		}
		for _, sh := range s.Shops {
			if err := im.saveShop(tx, sh); err != nil {
				return err
			}
		}
		for _, w := range s.Warehouses {
			if err := saveWarehouse(tx, w); err != nil {
				return err
			}
		}
		for _, b := range s.Benches {
			if err := saveBench(tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

func upsert(key string, columns ...string) clause.OnConflict {
	return clause.OnConflict{Columns: []clause.Column{{Name: key}}, DoUpdates: clause.AssignmentColumns(columns)}
}

func saveOwner(tx *gorm.DB, o Owner) error {
	if o.Code == "" || o.Name == "" {
		return bad("owners", "missing", "an owner needs a code and a name")
	}
	row := catalogue.Owner{Code: o.Code, Name: o.Name, NameEn: o.NameEN}
	if err := tx.Clauses(upsert("code", "name", "name_en")).Create(&row).Error; err != nil {
		return fmt.Errorf("save owner %s: %w", o.Code, err)
	}
	if o.Policy == nil {
		return nil
	}
	// The id of an updated row is not told by every database.
	if err := tx.Where("code = ?", o.Code).Take(&row).Error; err != nil {
		return fmt.Errorf("read owner %s: %w", o.Code, err)
	}
	if o.Policy.LightPercent < 0 || o.Policy.LightPercent > 100 || o.Policy.LightG < 0 {
		return bad("policy", "bad_number", "owner %s: light_percent is 0 to 100, light_g is not negative", o.Code)
	}
	p := catalogue.Policy{OwnerID: row.ID, RefundTrigger: o.Policy.RefundTrigger, AutoLimitMinor: o.Policy.AutoLimitMinor,
		SelfReleaseLimitMinor: o.Policy.SelfReleaseLimitMinor, ScrapLimitMinor: o.Policy.ScrapLimitMinor, Jurisdiction: o.Policy.Jurisdiction,
		LightPercent: o.Policy.LightPercent, LightG: o.Policy.LightG}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&p).Error; err != nil {
		return fmt.Errorf("save policy of owner %s: %w", o.Code, err)
	}
	return nil
}

func (im *Importer) saveShop(tx *gorm.DB, s Shop) error {
	owner, err := idOf[id.Owner](tx.Model(&catalogue.Owner{}).Where("code = ?", s.Owner))
	if err != nil || owner == 0 {
		return missing(err, "owner", "unknown_owner", s.Owner)
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" {
		return bad("time_zone", "bad_time_zone", "shop %s: there is no time zone %q", s.Code, s.TimeZone)
	}
	row := catalogue.Shop{OwnerID: owner, Channel: s.Channel, Code: s.Code, Name: s.Name, NameEn: s.NameEN, TimeZone: s.TimeZone}
	if err := tx.Clauses(upsert("code", "channel", "name", "name_en", "time_zone")).Create(&row).Error; err != nil {
		return fmt.Errorf("save shop %s: %w", s.Code, err)
	}
	return nil
}

func saveWarehouse(tx *gorm.DB, w Warehouse) error {
	if _, err := time.LoadLocation(w.TimeZone); err != nil || w.TimeZone == "" {
		return bad("time_zone", "bad_time_zone", "warehouse %s: there is no time zone %q", w.Code, w.TimeZone)
	}
	row := place.Warehouse{Code: w.Code, Name: w.Name, NameEn: w.NameEN, TimeZone: w.TimeZone, TargetPerHour: w.TargetPerHour}
	if err := tx.Clauses(upsert("code", "name", "name_en", "time_zone", "target_per_hour")).Create(&row).Error; err != nil {
		return fmt.Errorf("save warehouse %s: %w", w.Code, err)
	}
	return nil
}

func saveBench(tx *gorm.DB, b Bench) error {
	house, err := idOf[id.Warehouse](tx.Model(&place.Warehouse{}).Where("code = ?", b.Warehouse))
	if err != nil || house == 0 {
		return missing(err, "warehouse", "unknown_warehouse", b.Warehouse)
	}
	row := receiving.Bench{WarehouseID: house, Number: b.Number, Name: b.Name, Kind: b.Kind, Pending: "{}", Version: 1}
	err = tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "warehouse_id"}, {Name: "number"}}, DoUpdates: clause.AssignmentColumns([]string{"name", "kind"})}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("save bench %d: %w", b.Number, err)
	}
	return nil
}
