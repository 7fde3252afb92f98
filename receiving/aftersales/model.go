package aftersales

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Case is the customer's request, told by four facets that move on their own.
type Case struct {
	ID             id.Case `gorm:"primaryKey"`
	OwnerID        id.Owner
	ShopID         id.Shop
	WarehouseID    *id.Warehouse
	Number         string
	OrderID        *id.Order
	OrderNumber    string
	Type           string
	Reason         string
	BuyerWords     string
	Decision       string
	Goods          string
	Judgement      string
	Money          string
	RequestedMinor int64
	ApprovedMinor  int64
	Currency       string
	SubmittedAt    time.Time
	DecidedAt      *time.Time
	DeadlineAt     *time.Time
	Version        int64
}

// TableName names the table: cases.
func (Case) TableName() string { return "cases" }

// CaseLine is one SKU the buyer sends back.
type CaseLine struct {
	ID             id.CaseLine `gorm:"primaryKey"`
	CaseID         id.Case
	OrderLineID    *id.OrderLine
	SKUID          id.SKU `gorm:"column:sku_id"`
	Quantity       int
	Received       int
	RequestedMinor int64
	ApprovedMinor  int64
}

// TableName names the table: case_lines.
func (CaseLine) TableName() string { return "case_lines" }

// Task is something a person has to do.
type Task struct {
	ID          id.Task `gorm:"primaryKey"`
	Kind        string
	Subject     string
	OwnerID     *id.Owner
	WarehouseID *id.Warehouse
	Params      string
	State       string
	CreatedAt   time.Time
	DoneAt      *time.Time
}

// TableName names the table: tasks.
func (Task) TableName() string { return "tasks" }
