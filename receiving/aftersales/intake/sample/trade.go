package sample

import (
	"fmt"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/intake"
)

var china = time.FixedZone("CST", 8*3600)

var shopsOf = map[string][]string{"QINGYU": {"QY-TB", "QY-DY", "QY-PDD"}, "CHENGGUANG": {"CG-TM", "CG-JD"}}

// item is what was bought: a SKU and how many.
type item struct {
	sku      intake.SKU
	quantity int
}

// goods picks n different products of one owner, some twice.
func (b *builder) goods(n int) []item {
	owner := pick(b, []string{"QINGYU", "QINGYU", "CHENGGUANG"})
	var out []item
	var skus []intake.SKU
	for len(out) < n {
		s := pick(b, pick(b, b.of(owner, false)).ordinary())
		if len(skus) > 0 {
			s = b.unlike(append([]intake.SKU{{Owner: owner}}, skus...)...)
		}
		skus = append(skus, s)
		quantity := 1
		if b.rng.IntN(4) == 0 {
			quantity = 2
		}
		out = append(out, item{s, quantity})
	}
	return out
}

// buy makes an order of the items, delivered some days ago.
func (b *builder) buy(items []item) *intake.Order {
	shop := pick(b, shopsOf[items[0].sku.Owner])
	placed := b.o.Now.AddDate(0, 0, -b.between(6, 14)).Add(-time.Duration(b.between(0, 900)) * time.Minute)
	o := intake.Order{Shop: shop, Number: b.orderNumber(shop), State: "delivered", Currency: "CNY", PlacedAt: placed.UTC().Truncate(time.Second), Buyer: b.buyer()}
	var total int64
	weight := 120
	for i, it := range items {
		price := b.bySKU[it.sku.SKU].priceMinor
		gross := price * int64(it.quantity)
		l := intake.OrderLine{Line: i + 1, Kind: "goods", SKU: it.sku.SKU, Quantity: it.quantity, PriceMinor: price}
		if b.rng.IntN(3) == 0 {
			l.DiscountShopMinor = gross / int64(b.between(8, 20))
		}
		if b.rng.IntN(4) == 0 {
			l.DiscountPlatformMinor = int64(b.between(300, 1199))
		}
		if b.rng.IntN(6) == 0 {
			l.DiscountPointsMinor = int64(b.between(10, 199))
		}
		l.PaidMinor = gross - l.DiscountShopMinor - l.DiscountPlatformMinor - l.DiscountPointsMinor
		if it.sku.SerialTracked {
			for range it.quantity {
				l.Serials = append(l.Serials, b.serialNumber(it.sku))
			}
		}
		total += l.PaidMinor
		weight += it.sku.WeightG * it.quantity
		o.Lines = append(o.Lines, l)
	}
	if b.rng.IntN(3) == 0 {
		o.Lines = append(o.Lines, intake.OrderLine{Line: len(items) + 1, Kind: "freight", Quantity: 1, PriceMinor: 800, PaidMinor: 800})
		total += 800
	}
	o.Payments = b.payments(total)
	carrier, number := b.waybill()
	o.Shipments = []intake.Shipment{{Carrier: carrier, Waybill: number, State: "delivered", PackedWeightG: weight, ShippedAt: o.PlacedAt.Add(20 * time.Hour), DeliveredAt: o.PlacedAt.Add(68 * time.Hour)}}
	b.day.Orders = append(b.day.Orders, o)
	return &b.day.Orders[len(b.day.Orders)-1]
}

// payments pays total at once or, for some orders, in two captures.
func (b *builder) payments(total int64) []intake.Payment {
	one := func(amount int64) intake.Payment {
		b.serial++
		return intake.Payment{Gateway: b.o.Gateway, Account: b.o.Account, TransactionID: "42000" + b.digits(23), OutTradeNo: fmt.Sprintf("BD%s%06d", b.o.Now.In(china).Format("060102"), b.serial),
			CapturedMinor: amount, AmountMinor: amount}
	}
	if total > 20000 && b.rng.IntN(12) == 0 {
		return []intake.Payment{one(total - 5000), one(5000)}
	}
	return []intake.Payment{one(total)}
}

// words the buyer wrote, by reason.
var words = map[string][]string{
	"size_fit":           {"尺码偏小,肩膀太紧", "偏大一码,想退", "裤长不合适"},
	"changed_mind":       {"不喜欢了,七天无理由", "买多了,退一件", "家里人已经买了"},
	"quality":            {"左耳无声", "拉链拉不上", "用了一次就不亮", "线头多,开线"},
	"not_as_described":   {"颜色和图片差很多", "面料和描述不一样"},
	"damaged_in_transit": {"收到时盒子压扁了", "杯盖有磕碰"},
	"wrong_spec":         {"发错颜色", "尺码发错了"},
	"wrong_item":         {"发错货了,不是我买的"},
}

var reasonsInOrder = []string{"size_fit", "changed_mind", "changed_mind", "quality", "not_as_described", "damaged_in_transit", "wrong_spec", "wrong_item"}

// ask makes an approved return of some lines of an order under a return waybill.
func (b *builder) ask(o *intake.Order, items []item) *intake.Case {
	reason := pick(b, reasonsInOrder)
	submitted := b.o.Now.AddDate(0, 0, -b.between(2, 5)).Add(-time.Duration(b.between(0, 600)) * time.Minute).UTC().Truncate(time.Second)
	carrier, number := b.waybill()
	c := intake.Case{Shop: o.Shop, Number: b.caseNumber(), Order: o.Number, Type: "return_refund", Reason: reason, BuyerWords: pick(b, words[reason]), Decision: "approved",
		Warehouse: Warehouse, Currency: "CNY", SubmittedAt: submitted, DeadlineAt: submitted.AddDate(0, 0, b.between(4, 10)),
		Waybills: []intake.Waybill{{Carrier: carrier, Number: number, Role: "return"}}}
	for _, it := range items {
		c.Lines = append(c.Lines, intake.CaseLine{SKU: it.sku.SKU, Quantity: it.quantity})
	}
	b.day.Cases = append(b.day.Cases, c)
	return &b.day.Cases[len(b.day.Cases)-1]
}
