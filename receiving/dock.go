package receiving

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// DockBench is the kind of a bench that takes parcels in at the door without opening them.
const DockBench = "dock"

// Handover is what one driver brings at a time: clerk and driver agree on its number when it is closed. A bench has at most one open.
type Handover struct {
	ID          id.Handover `gorm:"primaryKey"`
	WarehouseID id.Warehouse
	BenchID     id.Bench
	Carrier     string // '' until somebody says it or a waybill tells it
	Said        bool   // a person said the carrier
	State       string // open, closed
	Parcels     int    // docked in it, not taken back and not turned away while it was open
	OpenedAt    time.Time
	OpenedBy    *id.User
	ClosedAt    *time.Time
	ClosedBy    *id.User
	Version     int64
}

// TableName names the table: handovers.
func (Handover) TableName() string { return "handovers" }

// Docking is how a parcel came in at the dock.
type Docking struct {
	ParcelID        id.Parcel `gorm:"primaryKey;autoIncrement:false"`
	HandoverID      id.Handover
	BenchID         id.Bench
	At              time.Time
	ByUser          *id.User
	Counted         bool       // in the number of its hand-over
	UndoneAt        *time.Time // the scan was taken back
	CollectMinor    int64      // freight paid to the driver, in the currency's minor unit
	CollectCurrency string
	Damaged         bool       // the box
	TurnedAt        *time.Time // refused or handed back
	TurnedBy        *id.User
	Reason          *string // why
}

// TableName names the table: dockings.
func (Docking) TableName() string { return "dockings" }

// Part says which box of a consignment a parcel is, where one number stands on all of them.
type Part struct {
	ParcelID id.Parcel `gorm:"primaryKey;autoIncrement:false"`
	Part     int
	Parts    int
}

// TableName names the table: parcel_parts.
func (Part) TableName() string { return "parcel_parts" }
