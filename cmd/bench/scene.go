package main

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// First ids of each kind. They lie far apart, so that a traced statement's argument says by its value what it is.
const (
	firstBench    = 9_000
	firstSKU      = 71_000
	firstOrder    = 10_000_000
	firstCase     = 20_000_000
	firstLine     = 30_000_000 // of orders
	firstCaseLine = 40_000_000
	firstParcel   = 300_000_000
	firstUnit     = 520_000_000
	firstReceipt  = 600_000_000 // lines of receipts
	firstEvent    = 800_000_000
)

// The parcels of the scan figures: four products, a dozen pieces of each. They are large so that opening and closing them, which is scanned and timed but not
// counted, weighs little.
const (
	skuCount     = 2000
	linesPer     = 4  // lines of a case
	piecesPer    = 12 // pieces of a line
	parcelPieces = linesPer * piecesPer
)

// Parcel is a return on its way: its waybill, and the codes of its pieces in the order of the hand.
type Parcel struct {
	Number  int // from 0
	Waybill string
	Codes   []string
}

// Scene is a warehouse with benches and as many approved returns on their way as a measurement needs.
type Scene struct {
	DB      *db.DB
	OneSKU  bool   // every piece of every parcel is of the same SKU
	Lines   int    // of a parcel
	Each    int    // pieces of a line
	Account string // merchant account at WeChat Pay that the orders were paid to; empty: no payments
	Benches []id.Bench

	skus    []catalogue.SKU
	codes   []string // barcode of each SKU, 13 digits
	parcels []Parcel
	next    atomic.Int64
}

// NewScene fills an empty store.
func NewScene(ctx context.Context, d *db.DB, benches int, oneSKU bool) (*Scene, error) {
	s := &Scene{DB: d, OneSKU: oneSKU, Lines: linesPer, Each: piecesPer}
	return s, d.InTx(ctx, func(tx *gorm.DB) error {
		owner := catalogue.Owner{ID: 1, Code: "BENCH", Name: "基准"}
		site := place.Warehouse{ID: 1, Code: "HZ1", Name: "杭州一仓", NameEn: "Hangzhou 1", TimeZone: "Asia/Shanghai"}
		shop := catalogue.Shop{ID: 1, OwnerID: 1, Channel: "file", Code: "bench", Name: "基准店", TimeZone: "Asia/Shanghai"}
		policy := catalogue.Policy{OwnerID: 1, RefundTrigger: "qc_passed", AutoLimitMinor: 1_000_000, SelfReleaseLimitMinor: 1_000_000, ScrapLimitMinor: 1_000_000, Jurisdiction: "CN"}
		for _, row := range []any{&owner, &site, &shop, &policy} {
			if err := tx.Create(row).Error; err != nil {
				return err
			}
		}
		if err := s.catalogue(tx); err != nil {
			return err
		}
		s.Benches = make([]id.Bench, benches)
		rows := make([]receiving.Bench, benches)
		for i := range rows {
			s.Benches[i] = id.Bench(firstBench + i)
			rows[i] = receiving.Bench{ID: s.Benches[i], WarehouseID: 1, Number: i + 1, Name: fmt.Sprintf("%d 号收货台", i+1), Kind: "receiving", Pending: "{}", Version: 1}
		}
		return tx.Create(&rows).Error
	})
}

func (s *Scene) catalogue(tx *gorm.DB) error {
	s.skus, s.codes = make([]catalogue.SKU, skuCount), make([]string, skuCount)
	codes := make([]catalogue.Code, skuCount)
	for i := range s.skus {
		s.skus[i] = catalogue.SKU{ID: id.SKU(firstSKU + i), OwnerID: 1, Code: fmt.Sprintf("B-%05d", i), Product: fmt.Sprintf("P%04d", i/4), Name: "圆领短袖", NameEn: "T-shirt",
			Spec: "黑 L", SpecEn: "Black L", Color: "#222222", Category: "general", ValueMinor: 9900, Currency: "CNY", WeightG: 200}
		s.codes[i] = ean13(690_000_000_000 + int64(i))
		codes[i] = catalogue.Code{OwnerID: 1, Code: "0" + s.codes[i], SKUID: s.skus[i].ID, Kind: "gtin"}
	}
	if err := tx.CreateInBatches(&s.skus, 500).Error; err != nil {
		return err
	}
	return tx.CreateInBatches(&codes, 500).Error
}

// ean13 adds the check digit to twelve digits.
func ean13(n int64) string {
	digits := fmt.Sprintf("%012d", n)
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * (1 + 2*(i%2))
	}
	return fmt.Sprintf("%s%d", digits, (10-sum%10)%10)
}

// Stock sees to it that at least n parcels are still to come.
func (s *Scene) Stock(ctx context.Context, n int) error { return s.StockTo(ctx, int(s.next.Load())+n) }

// StockTo sees to it that n parcels were sent since the beginning.
func (s *Scene) StockTo(ctx context.Context, n int) error {
	const chunk = 200
	for len(s.parcels) < n {
		if err := s.send(ctx, min(chunk, n-len(s.parcels))); err != nil {
			return fmt.Errorf("send parcels: %w", err)
		}
	}
	return nil
}

// send makes n orders with approved cases whose goods are on their way.
func (s *Scene) send(ctx context.Context, n int) error {
	now := clock.System{}.Now()
	var orders []order.Order
	var lines []order.Line
	var cases []aftersales.Case
	var caseLines []aftersales.CaseLine
	var aliases []receiving.Alias
	var payments []order.Payment
	var paid []order.OrderPayment
	var parcels []Parcel
	for i := range n {
		k := len(s.parcels) + i
		o, c, p := id.Order(firstOrder+k), id.Case(firstCase+k), Parcel{Number: k, Waybill: fmt.Sprintf("SF%013d", k), Codes: make([]string, s.Lines*s.Each)}
		orders = append(orders, order.Order{ID: o, OwnerID: 1, ShopID: 1, Number: fmt.Sprintf("B%09d", k), State: "delivered", Currency: "CNY", PlacedAt: now.Add(-240 * time.Hour), Version: 1})
		site := id.Warehouse(1)
		cases = append(cases, aftersales.Case{ID: c, OwnerID: 1, ShopID: 1, WarehouseID: &site, Number: fmt.Sprintf("C%09d", k), OrderID: &o, Type: "return_refund",
			Reason: "size_fit", Decision: "approved", Goods: "in_transit", Judgement: "none", Money: "none", RequestedMinor: 9900 * int64(s.Lines*s.Each),
			ApprovedMinor: 9900 * int64(s.Lines*s.Each), Currency: "CNY", SubmittedAt: now.Add(-48 * time.Hour), Version: 1})
		for l := range s.Lines {
			at := s.sku(k, l)
			sku, line := s.skus[at].ID, id.OrderLine(firstLine+k*s.Lines+l)
			lines = append(lines, order.Line{ID: line, OrderID: o, LineNo: l + 1, Kind: "goods", SKUID: &sku, Quantity: s.Each, PriceMinor: 9900, PaidMinor: 9900 * int64(s.Each),
				ApprovedQuantity: s.Each, ApprovedMinor: 9900 * int64(s.Each)})
			caseLines = append(caseLines, aftersales.CaseLine{ID: id.CaseLine(firstCaseLine + k*s.Lines + l), CaseID: c, OrderLineID: &line, SKUID: sku, Quantity: s.Each,
				RequestedMinor: 9900 * int64(s.Each), ApprovedMinor: 9900 * int64(s.Each)})
			for n := range s.Each {
				p.Codes[n*s.Lines+l] = s.codes[at] // one of each in turn, as they come out of the box
			}
		}
		aliases = append(aliases, receiving.Alias{Number: p.Waybill, Carrier: "sf", Role: "return", CaseID: &c, ValidFrom: now.Add(-48 * time.Hour), Source: "import"})
		if s.Account != "" {
			payments = append(payments, order.Payment{ID: id.Payment(k + 1), Gateway: "wechatpay", Account: s.Account, TransactionID: transactionID(k), OutTradeNo: fmt.Sprintf("T%09d", k),
				Currency: "CNY", CapturedMinor: 9900 * int64(s.Lines*s.Each)})
			paid = append(paid, order.OrderPayment{OrderID: o, PaymentID: id.Payment(k + 1), AmountMinor: 9900 * int64(s.Lines*s.Each)})
		}
		parcels = append(parcels, p)
	}
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		for _, rows := range []any{&orders, &lines, &cases, &caseLines, &aliases, &payments, &paid} {
			if reflect.ValueOf(rows).Elem().Len() == 0 {
				continue
			}
			if err := tx.CreateInBatches(rows, 200).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.parcels = append(s.parcels, parcels...)
	return nil
}

// sku is the index of the SKU on line l of parcel k.
func (s *Scene) sku(k, l int) int {
	if s.OneSKU {
		return 0
	}
	return (k*s.Lines + l) % skuCount
}

// Take hands out the next parcel, to any bench. ok is false when none is left.
func (s *Scene) Take() (p Parcel, ok bool) {
	n := s.next.Add(1) - 1
	if n >= int64(len(s.parcels)) {
		return Parcel{}, false
	}
	return s.parcels[n], true
}

// transactionID is the payment's number at WeChat Pay.
func transactionID(k int) string { return fmt.Sprintf("42000%023d", k) }
