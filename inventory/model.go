package inventory

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Unit is one physical piece with a license plate.
type Unit struct {
	ID            id.Unit `gorm:"primaryKey"`
	Plate         string
	OwnerID       id.Owner
	WarehouseID   id.Warehouse
	SKUID         id.SKU `gorm:"column:sku_id"`
	State         State
	Account       Account
	Finding       string
	Condition     string
	Title         string
	Serial        string
	Batch         string
	Expiry        string
	Scanned       string
	ParcelID      *id.Parcel
	ReceiptLineID *id.ReceiptLine
	CaseID        *id.Case
	CaseLineID    *id.CaseLine
	OrderLineID   *id.OrderLine
	BenchID       *id.Bench
	ReceivedAt    time.Time
	ReceivedBy    *id.User
	ValueMinor    int64
	Currency      string
	MovedAt       time.Time
	Version       int64
}

// TableName names the table: units.
func (Unit) TableName() string { return "units" }

// Movement is one immutable double entry. A mistake is a counter-entry.
type Movement struct {
	ID          id.Movement `gorm:"primaryKey"`
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	SKUID       id.SKU `gorm:"column:sku_id"`
	FromAccount Account
	ToAccount   Account
	Quantity    int
	UnitID      *id.Unit
	Cause       string
	CauseRef    string
	CounterOf   *id.Movement
	ByUser      *id.User
	At          time.Time
}

// TableName names the table: movements.
func (Movement) TableName() string { return "movements" }

// Balance is the sum of the movements of one account.
type Balance struct {
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	SKUID       id.SKU `gorm:"column:sku_id"`
	Account     Account
	Quantity    int64
}

// TableName names the table: balances.
func (Balance) TableName() string { return "balances" }
