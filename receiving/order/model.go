package order

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Order is what a buyer bought. Buyer fields are encrypted.
type Order struct {
	ID               id.Order `gorm:"primaryKey"`
	OwnerID          id.Owner
	ShopID           id.Shop
	Number           string
	State            string
	ReturnInProgress bool
	RefundOverlay    string
	Currency         string
	PlacedAt         time.Time
	BuyerKeyID       string
	BuyerNameEnc     []byte
	BuyerPhoneEnc    []byte
	BuyerAddressEnc  []byte
	BuyerNameIdx     string
	BuyerPhoneIdx    string
	BuyerTailIdx     string // of the phone's last four digits: what a label shows
	Version          int64
}

// TableName names the table: orders.
func (Order) TableName() string { return "orders" }

// Line is one row of an order, with the reserved columns that keep refunds within what was approved and paid.
type Line struct {
	ID                    id.OrderLine `gorm:"primaryKey"`
	OrderID               id.Order
	LineNo                int
	Kind                  string
	SKUID                 *id.SKU `gorm:"column:sku_id"`
	ShippedSKUID          *id.SKU `gorm:"column:shipped_sku_id"`
	Quantity              int
	PriceMinor            int64
	DiscountShopMinor     int64
	DiscountPlatformMinor int64
	DiscountPointsMinor   int64
	PaidMinor             int64
	ApprovedQuantity      int
	ApprovedMinor         int64
	ReservedQuantity      int
	ReservedMinor         int64
	RefundedQuantity      int
	RefundedMinor         int64
}

// TableName names the table: order_lines.
func (Line) TableName() string { return "order_lines" }

// Serial is a serial number shipped on a line.
type Serial struct {
	OrderLineID id.OrderLine
	Serial      string
}

// TableName names the table: line_serials.
func (Serial) TableName() string { return "line_serials" }

// Payment is one capture at a gateway; it can cover several orders.
type Payment struct {
	ID             id.Payment `gorm:"primaryKey"`
	Gateway        string
	Account        string
	TransactionID  string
	OutTradeNo     string
	Currency       string
	CapturedMinor  int64
	ReservedMinor  int64
	RefundedMinor  int64
	ElsewhereMinor int64
	LastSentAt     *time.Time
}

// TableName names the table: payments.
func (Payment) TableName() string { return "payments" }

// OrderPayment says how much of a payment belongs to an order.
type OrderPayment struct {
	OrderID     id.Order
	PaymentID   id.Payment
	AmountMinor int64
}

// TableName names the table: order_payments.
func (OrderPayment) TableName() string { return "order_payments" }

// Shipment is an outbound parcel; one waybill can carry merged orders.
type Shipment struct {
	ID            id.Shipment `gorm:"primaryKey"`
	OwnerID       id.Owner
	Carrier       string
	Waybill       string
	State         string
	PackedWeightG int `gorm:"column:packed_weight_g"`
	ShippedAt     *time.Time
	DeliveredAt   *time.Time
}

// TableName names the table: shipments.
func (Shipment) TableName() string { return "shipments" }

// ShipmentLine is what a shipment carried.
type ShipmentLine struct {
	ShipmentID  id.Shipment
	OrderID     id.Order
	OrderLineID id.OrderLine
	Quantity    int
}

// TableName names the table: shipment_lines.
func (ShipmentLine) TableName() string { return "shipment_lines" }
