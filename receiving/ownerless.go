package receiving

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
)

// Ownerless lists the parcels of unknown owner that came under one of the waybills, in id order.
func Ownerless(tx *gorm.DB, waybills []string) ([]id.Parcel, error) {
	var parcels []id.Parcel
	err := tx.Model(&Parcel{}).Where("kind = ? AND owner_id IS NULL AND (waybill IN ? OR id IN (SELECT parcel_id FROM waybill_aliases WHERE number IN ? AND parcel_id IS NOT NULL))",
		UnknownOwner, waybills, waybills).Order("id").Pluck("id", &parcels).Error
	if err != nil {
		return nil, fmt.Errorf("parcels of unknown owner: %w", err)
	}
	return parcels, nil
}
