package place

import (
	"time"

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

// Kind says what a place is for.
type Kind string

const (
	Shelf      Kind = "shelf"    // as new
	Second     Kind = "second"   // second grade
	Hold       Kind = "hold"     // what waits for inspection
	RepairShop Kind = "repair"   //
	Outbound   Kind = "outbound" // what leaves for a vendor or a customer
	Hazard     Kind = "hazard"   // lithium and liquids that are not safe

	ToteBlue   Kind = "tote_blue"
	ToteYellow Kind = "tote_yellow"
	ToteRed    Kind = "tote_red"
	ToteHazard Kind = "tote_hazard"
)

// Kinds lists them.
var Kinds = []Kind{Shelf, Second, Hold, RepairShop, Outbound, Hazard, ToteBlue, ToteYellow, ToteRed, ToteHazard}

// Tote reports whether the place is a box that is carried about.
func (k Kind) Tote() bool {
	return k == ToteBlue || k == ToteYellow || k == ToteRed || k == ToteHazard
}

// Place is a bin or a tote.
type Place struct {
	ID          id.Place `gorm:"primaryKey"`
	WarehouseID id.Warehouse
	Code        string
	Kind        Kind
	Capacity    int // pieces
	Held        int // pieces that lie there
}

// TableName names the table: places.
func (Place) TableName() string { return "places" }

// Room is how many more pieces go in.
func (p Place) Room() int { return p.Capacity - p.Held }

// spot says where a unit lies.
type spot struct {
	UnitID  id.Unit `gorm:"primaryKey;autoIncrement:false"`
	PlaceID id.Place
	SKUID   id.SKU `gorm:"column:sku_id"`
	Since   time.Time
}

// TableName names the table: unit_places.
func (spot) TableName() string { return "unit_places" }

// placement is one change of place.
type placement struct {
	ID        int64 `gorm:"primaryKey"`
	UnitID    id.Unit
	FromPlace *id.Place
	ToPlace   *id.Place
	Cause     string
	CauseRef  string
	ByUser    *id.User
	At        time.Time
}

// TableName names the table: placements.
func (placement) TableName() string { return "placements" }
