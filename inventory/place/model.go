package place

import (
	"github.com/backdock/backdock/internal/id"
)

// Warehouse is one site with its own time zone.
type Warehouse struct {
	ID            id.Warehouse `gorm:"primaryKey"`
	Code          string
	Name          string
	NameEn        string
	TimeZone      string
	TargetPerHour int
}

// TableName names the table: warehouses.
func (Warehouse) TableName() string { return "warehouses" }
