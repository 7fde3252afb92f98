package receiving

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Parcel is what physically arrived.
type Parcel struct {
	ID          id.Parcel `gorm:"primaryKey"`
	WarehouseID id.Warehouse
	OwnerID     *id.Owner
	Kind        string
	State       string
	Carrier     string
	Waybill     string
	Note        string
	BenchID     *id.Bench
	OpenedAt    *time.Time
	OpenedBy    *id.User
	ClosedAt    *time.Time
	ClosedBy    *id.User
	HeldAt      *time.Time
	Shelf       string
	Expected    int
	Received    int
	Pieces      int
	WeightG     int        `gorm:"column:weight_g"`   // of the closed box; 0: not weighed
	ExpectedG   int        `gorm:"column:expected_g"` // what it should weigh; 0: not known
	EmptyG      int        `gorm:"column:empty_g"`    // of the box that the clerk found empty
	Light       bool       // it lacks more than the owner's tolerance
	WeighedAt   *time.Time //
	CreatedAt   time.Time
	Version     int64
}

// TableName names the table: parcels.
func (Parcel) TableName() string { return "parcels" }

// Receipt ties a parcel to a case or, in advance, to an order.
type Receipt struct {
	ID        id.Receipt `gorm:"primaryKey"`
	ParcelID  id.Parcel
	CaseID    *id.Case
	OrderID   *id.Order
	Advance   bool
	CreatedAt time.Time
}

// TableName names the table: receipts.
func (Receipt) TableName() string { return "receipts" }

// ReceiptLine is what a receipt awaits and what came.
type ReceiptLine struct {
	ID          id.ReceiptLine `gorm:"primaryKey"`
	ReceiptID   id.Receipt
	ParcelID    id.Parcel
	CaseLineID  *id.CaseLine
	OrderLineID *id.OrderLine
	SKUID       id.SKU `gorm:"column:sku_id"`
	Expected    int
	Received    int
	Finding     string
}

// TableName names the table: receipt_lines.
func (ReceiptLine) TableName() string { return "receipt_lines" }

// Alias ties a waybill number to a case, a parcel or a shipment.
type Alias struct {
	ID         int64 `gorm:"primaryKey"`
	Number     string
	Carrier    string
	Role       string
	CaseID     *id.Case
	ParcelID   *id.Parcel
	ShipmentID *id.Shipment
	ValidFrom  time.Time
	ValidTo    *time.Time
	Source     string
}

// TableName names the table: waybill_aliases.
func (Alias) TableName() string { return "waybill_aliases" }

// Bench is a working place; its scanners share its open parcel.
type Bench struct {
	ID           id.Bench `gorm:"primaryKey"`
	WarehouseID  id.Warehouse
	Number       int
	Name         string
	Kind         string
	OperatorID   *id.User
	OpenParcelID *id.Parcel
	Pending      string
	Day          string
	DayParcels   int
	DayPieces    int
	LastScanAt   *time.Time
	Version      int64
	Plates       string // scanner.PlateMode
}

// TableName names the table: benches.
func (Bench) TableName() string { return "benches" }

// Station is an enrolled agent at a bench.
type Station struct {
	ID          id.Station `gorm:"primaryKey"`
	Name        string
	WarehouseID id.Warehouse
	BenchID     id.Bench
	TokenHash   *string
	PageHash    *string // of a page that is a bench: names the browser; nil for an agent
	Hostname    string
	Agent       string
	Devices     string
	CreatedAt   time.Time
	EnrolledAt  *time.Time
	SeenAt      *time.Time
	Online      bool
	RevokedAt   *time.Time
	Connection  string
}

// TableName names the table: stations.
func (Station) TableName() string { return "stations" }

// Producer is one journal of a station; its seq has no gaps.
type Producer struct {
	ID         string `gorm:"primaryKey;autoIncrement:false"`
	StationID  id.Station
	BenchID    id.Bench
	LastSeq    int64
	LastData   string
	LastDevice string
	LastMonoUS int64 `gorm:"column:last_mono_us"`
	CreatedAt  time.Time
}

// TableName names the table: producers.
func (Producer) TableName() string { return "producers" }

// Outcome is a scan and the answer to it, kept for ever.
type Outcome struct {
	Producer       string
	Seq            int64
	BenchID        id.Bench
	WarehouseID    id.Warehouse
	OperatorID     *id.User
	Device         string
	Source         string
	CapturedAt     time.Time
	ReceivedAt     time.Time
	OffsetMS       int64 `gorm:"column:offset_ms"`
	MonoUS         int64 `gorm:"column:mono_us"`
	Raw            []byte
	Data           string
	Charset        string
	Symbology      string
	Flags          string
	ContentHash    string
	WeightG        int `gorm:"column:weight_g"`
	WeightStable   bool
	Verdict        string
	Code           string
	Tone           string
	Tote           string
	Params         string
	Effects        string
	Plate          string
	ParcelID       *id.Parcel
	UnitID         *id.Unit
	UndoneBy       *int64
	UndoneProducer string
}

// TableName names the table: outcomes.
func (Outcome) TableName() string { return "outcomes" }

// Lease is a block of license plates given to a bench.
type Lease struct {
	First     int64 `gorm:"primaryKey;autoIncrement:false"`
	Count     int
	StationID *id.Station
	BenchID   *id.Bench
	LeasedAt  time.Time
	// WarehouseID is set for a roll of plates printed beforehand: any bench of the warehouse may use them.
	WarehouseID *id.Warehouse
}

// TableName names the table: plate_leases.
func (Lease) TableName() string { return "plate_leases" }
