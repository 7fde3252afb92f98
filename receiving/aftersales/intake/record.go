package intake

import "time"

// Site is where and for whom the warehouse works.
type Site struct {
	Owners     []Owner     `json:"owners"`
	Shops      []Shop      `json:"shops"`
	Warehouses []Warehouse `json:"warehouses"`
	Benches    []Bench     `json:"benches"`
}

// Owner is a merchant and what it has decided.
type Owner struct {
	Code   string  `json:"code"`
	Name   string  `json:"name"`
	NameEN string  `json:"name_en"`
	Policy *Policy `json:"policy,omitempty"`
}

// Policy is an owner's rules for money and stock; amounts in minor units.
type Policy struct {
	RefundTrigger         string `json:"refund_trigger"` // approval, receipt_closed, qc_passed
	AutoLimitMinor        int64  `json:"auto_limit_minor"`
	SelfReleaseLimitMinor int64  `json:"self_release_limit_minor"`
	ScrapLimitMinor       int64  `json:"scrap_limit_minor"`
	Jurisdiction          string `json:"jurisdiction"`
	LightPercent          int    `json:"light_percent,omitempty"` // a box that lacks more than this share of its weight; 15 without
	LightG                int    `json:"light_g,omitempty"`       // and more than so many grams is light; 100 without
}

// Shop is one account on a channel.
type Shop struct {
	Owner    string `json:"owner"`
	Channel  string `json:"channel"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	NameEN   string `json:"name_en"`
	TimeZone string `json:"time_zone"`
}

// Warehouse is one site.
type Warehouse struct {
	Code          string `json:"code"`
	Name          string `json:"name"`
	NameEN        string `json:"name_en"`
	TimeZone      string `json:"time_zone"`
	TargetPerHour int    `json:"target_per_hour"`
}

// Bench is a working place in a warehouse.
type Bench struct {
	Warehouse string `json:"warehouse"`
	Number    int    `json:"number"`
	Name      string `json:"name"`
	Kind      string `json:"kind"` // receiving, dock, qc, putaway
}

// SKU is one spec of a product.
type SKU struct {
	Owner         string `json:"owner"`
	SKU           string `json:"sku"`
	Product       string `json:"product"` // groups the specs of one product; empty takes the SKU
	Name          string `json:"name"`
	NameEN        string `json:"name_en"`
	Spec          string `json:"spec"`
	SpecEN        string `json:"spec_en"`
	Color         string `json:"color"` // #rrggbb
	Category      string `json:"category"`
	SerialTracked bool   `json:"serial_tracked"`
	ValueMinor    int64  `json:"value_minor"`
	Currency      string `json:"currency"` // empty takes CNY
	WeightG       int    `json:"weight_g"`
	Codes         []Code `json:"codes"`
	Parts         []Part `json:"parts"` // of a bundle, which is sold as one and comes back as these
}

// Part is so many pieces of another SKU of the same owner in one bundle.
type Part struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// Code is a barcode of a SKU. Kinds: gtin (check digit required), own, carton (on the box, not on the piece).
type Code struct {
	Code string `json:"code"`
	Kind string `json:"kind"`
}

// Order is what a buyer bought, how it was paid and how it went out.
type Order struct {
	Shop      string      `json:"shop"`
	Number    string      `json:"number"`
	State     string      `json:"state"` // empty takes paid
	Currency  string      `json:"currency"`
	PlacedAt  time.Time   `json:"placed_at"`
	Buyer     Buyer       `json:"buyer"`
	Lines     []OrderLine `json:"lines"`
	Payments  []Payment   `json:"payments"`
	Shipments []Shipment  `json:"shipments"`
}

// Buyer is encrypted as it is stored; only blind indexes of name and phone can be searched.
type Buyer struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Address string `json:"address"`
}

// OrderLine is one row of an order. PaidMinor is the whole line after all discounts.
type OrderLine struct {
	Line                  int      `json:"line"`
	Kind                  string   `json:"kind"` // goods (or empty), freight, gift
	SKU                   string   `json:"sku"`
	ShippedSKU            string   `json:"shipped_sku"` // where it differs from what was ordered
	Quantity              int      `json:"quantity"`
	PriceMinor            int64    `json:"price_minor"`
	DiscountShopMinor     int64    `json:"discount_shop_minor"`
	DiscountPlatformMinor int64    `json:"discount_platform_minor"`
	DiscountPointsMinor   int64    `json:"discount_points_minor"`
	PaidMinor             int64    `json:"paid_minor"`
	Serials               []string `json:"serials"`
}

// Payment is one capture; several orders may share it, and an order may have several.
type Payment struct {
	Gateway       string `json:"gateway"`
	Account       string `json:"account"`
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	CapturedMinor int64  `json:"captured_minor"` // the whole payment
	AmountMinor   int64  `json:"amount_minor"`   // this order's part; 0 takes all of it
}

// Shipment is an outbound parcel. Several orders on one waybill are one shipment.
type Shipment struct {
	Carrier       string         `json:"carrier"`
	Waybill       string         `json:"waybill"`
	State         string         `json:"state"` // created, in_transit, delivered, refused, intercept_requested, intercepted, undeliverable, returned, lost
	PackedWeightG int            `json:"packed_weight_g"`
	ShippedAt     time.Time      `json:"shipped_at"`
	DeliveredAt   time.Time      `json:"delivered_at"`
	Lines         []ShipmentLine `json:"lines"` // none: every goods line and gift of the order, whole
}

// ShipmentLine says how many pieces of an order line went out.
type ShipmentLine struct {
	Line     int `json:"line"`
	Quantity int `json:"quantity"`
}

// Case is an after-sales request. It pulls its order by number; an order that comes later is attached when it comes.
type Case struct {
	Shop                   string     `json:"shop"`
	Number                 string     `json:"number"`
	Order                  string     `json:"order"`
	Type                   string     `json:"type"`
	Reason                 string     `json:"reason"`
	BuyerWords             string     `json:"buyer_words"`
	Decision               string     `json:"decision"`  // empty takes submitted
	Warehouse              string     `json:"warehouse"` // where the goods are asked to go
	RequestedMinor         int64      `json:"requested_minor"`
	Currency               string     `json:"currency"`
	SubmittedAt            time.Time  `json:"submitted_at"`
	DeadlineAt             time.Time  `json:"deadline_at"`
	Lines                  []CaseLine `json:"lines"`
	Waybills               []Waybill  `json:"waybills"`
	RefundedElsewhereMinor int64      `json:"refunded_elsewhere_minor"` // paid back by the platform or in the seller's back office
}

// CaseLine is what the buyer sends back; Line is the order's line number and may be left out.
type CaseLine struct {
	Line           int    `json:"line"`
	SKU            string `json:"sku"`
	Quantity       int    `json:"quantity"`
	RequestedMinor int64  `json:"requested_minor"` // 0: the line's share of what was paid
}

// Waybill is a number by which a parcel is known.
type Waybill struct {
	Carrier string `json:"carrier"`
	Number  string `json:"number"`
	Role    string `json:"role"`   // return (or empty), outbound, platform
	Parent  string `json:"parent"` // the consignment's number, for one of its boxes
}
