package catalogue

import (
	"github.com/backdock/backdock/internal/id"
)

// Owner is the merchant whose goods they are.
type Owner struct {
	ID     id.Owner `gorm:"primaryKey"`
	Code   string
	Name   string
	NameEn string
}

// TableName names the table: owners.
func (Owner) TableName() string { return "owners" }

// Shop is one account on a channel.
type Shop struct {
	ID       id.Shop `gorm:"primaryKey"`
	OwnerID  id.Owner
	Channel  string
	Code     string
	Name     string
	NameEn   string
	TimeZone string
}

// TableName names the table: shops.
func (Shop) TableName() string { return "shops" }

// Policy is what an owner has decided about money and stock.
type Policy struct {
	OwnerID               id.Owner `gorm:"primaryKey;autoIncrement:false"`
	RefundTrigger         string
	AutoLimitMinor        int64
	SelfReleaseLimitMinor int64
	ScrapLimitMinor       int64
	Jurisdiction          string
	LightPercent          int    `gorm:"default:15"`                 // a box that lacks more than this share of its weight
	LightG                int    `gorm:"column:light_g;default:100"` // and more than so many grams is light
	AvailableOn           string `gorm:"default:release"`            // release, or put_away: when a released piece counts as available
	MinLifeDays           int    // a piece with less life left is never grade A
	SecondLookPercent     int    `gorm:"default:2"`  // of all inspections, so many are made again by somebody else
	SecondLookFirst       int    `gorm:"default:20"` // and of a new inspector's the first so many
}

// TableName names the table: policies.
func (Policy) TableName() string { return "policies" }

// SKU is one spec of one product of one owner.
type SKU struct {
	ID            id.SKU `gorm:"primaryKey"`
	OwnerID       id.Owner
	Code          string
	Product       string
	Name          string
	NameEn        string
	Spec          string
	SpecEn        string
	Color         string
	Category      string
	SerialTracked bool
	Placeholder   bool
	ValueMinor    int64
	Currency      string
	WeightG       int `gorm:"column:weight_g"`
}

// TableName names the table: skus.
func (SKU) TableName() string { return "skus" }

// Code is a barcode that resolves to a SKU within its owner.
type Code struct {
	OwnerID id.Owner
	Code    string
	SKUID   id.SKU `gorm:"column:sku_id"`
	Kind    string
}

// TableName names the table: sku_codes.
func (Code) TableName() string { return "sku_codes" }
