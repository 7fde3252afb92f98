package sample

import (
	"time"

	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
)

// outward is the order's outbound waybill.
func outward(o intake.Order) string { return o.Shipments[0].Waybill }

func (b *builder) oldLabel() {
	items := b.few()
	o := *b.buy(items)
	c := *b.ask(&o, items)
	b.step("]C0", outward(o), scanner.CodeOldLabel, "扫到了旧的发货面单", "the old outbound label")
	b.openReturn(c, scanner.CodeParcelOpened)
	b.take(items)
	b.done(scanner.CodeClosed)
}

// turnedBack makes an order whose shipment never reached the buyer.
func (b *builder) turnedBack(items []item, state string) intake.Order {
	o := b.buy(items)
	o.State = "shipped"
	o.Shipments[0].State, o.Shipments[0].DeliveredAt = state, time.Time{}
	return *o
}

func (b *builder) refused() {
	b.backToSender("refused", "拒收退回,扫发货面单", "refused by the buyer: the outbound label")
}
func (b *builder) intercepted() {
	b.backToSender("intercepted", "拦截退回,扫发货面单", "intercepted: the outbound label")
}
func (b *builder) undeliverable() {
	b.backToSender("undeliverable", "无法派送退回", "undeliverable: the outbound label")
}

func (b *builder) backToSender(state, note, noteEN string) {
	items := b.few()
	o := b.turnedBack(items, state)
	b.open(outward(o), scanner.CodeParcelOpened, note, noteEN)
	b.take(items)
	b.done(scanner.CodeClosed)
}

// merged is one refused waybill with two orders of one buyer, paid at once.
func (b *builder) merged() {
	first := b.few()
	one := b.turnedBack(first, "refused")
	second := []item{{b.unlike(first[0].sku, first[1].sku), 1}}
	two := b.buy(second)
	two.Shop, two.Buyer, two.State, two.Shipments = one.Shop, one.Buyer, "shipped", nil
	two.Number = b.orderNumber(one.Shop)
	paidOne, paidTwo := paid(one), paid(*two)
	share := one.Payments[0]
	share.CapturedMinor = paidOne + paidTwo
	share.AmountMinor = paidOne
	b.day.Orders[len(b.day.Orders)-2].Payments = []intake.Payment{share}
	share.AmountMinor = paidTwo
	two.Payments = []intake.Payment{share}
	s := one.Shipments[0]
	s.Lines = nil
	two.Shipments = []intake.Shipment{s}
	b.open(s.Waybill, scanner.CodeParcelOpened, "合单拒收:一张面单两个订单", "one refused waybill, two orders")
	b.take(append(first, second...))
	b.done(scanner.CodeClosed)
}

func paid(o intake.Order) (total int64) {
	for _, l := range o.Lines {
		total += l.PaidMinor
	}
	return total
}

func (b *builder) unknownOwner() {
	_, number := b.labelled()
	b.open(number, scanner.CodeOwnerUnknownOpened, "面单查不到货主,照样收", "nobody's waybill: received all the same")
	b.strays(b.between(1, 2))
	b.done(scanner.CodeClosed)
}

// labelled makes a waybill with letters: digits alone would not be taken for a label of nobody.
func (b *builder) labelled() (carrier, number string) {
	for {
		if carrier, number = b.waybill(); carrier == "sf" || carrier == "yto" || carrier == "jt" {
			return carrier, number
		}
	}
}

// strays books pieces in a parcel that has no owner yet.
func (b *builder) strays(n int) {
	owner := pick(b, []string{"QINGYU", "CHENGGUANG"})
	last := intake.SKU{Owner: owner}
	for range n {
		last = b.stranger(last)
		b.piece(last, Stray)
	}
}

// Stray is the answer to a known piece in a parcel without owner.
const Stray = scanner.CodeUnclaimed

func (b *builder) claimedLater() {
	one := b.stranger(intake.SKU{Owner: "QINGYU"})
	items := []item{{one, 1}, {b.stranger(one), 1}}
	o := *b.buy(items)
	c := *b.ask(&o, items)
	b.day.Cases = b.day.Cases[:len(b.day.Cases)-1]
	carrier, number := b.labelled()
	c.Waybills = []intake.Waybill{{Carrier: carrier, Number: number, Role: "return"}}
	b.open(number, scanner.CodeOwnerUnknownOpened, "货先到,售后单还没来", "the goods come before their case")
	for _, it := range items {
		b.piece(it.sku, Stray)
	}
	b.done(scanner.CodeClosed)
	b.day.Late = append(b.day.Late, Late{After: len(b.day.Script) - 1, Case: c})
}

func (b *builder) noLabel() {
	b.day.Parcels++
	b.parcel = b.day.Parcels
	b.control(scanner.NoLabel, scanner.CodeOwnerUnknownOpened, "没有面单", "no label at all")
	b.strays(b.between(1, 2))
	b.done(scanner.CodeClosed)
}

func (b *builder) withdrawn() {
	items := b.few()
	o := *b.buy(items)
	c := b.ask(&o, items)
	c.Decision = "withdrawn"
	b.openReturn(*c, scanner.CodeCaseOver)
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) refundedAlready() {
	items := b.few()
	o := *b.buy(items)
	c := b.ask(&o, items)
	c.RefundedElsewhereMinor = o.Lines[0].PaidMinor + o.Lines[1].PaidMinor
	b.openReturn(*c, scanner.CodeRefundedAlready)
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) alreadyReceived() {
	items := b.few()
	_, c := b.parcelOf(items)
	b.take(items)
	b.done(scanner.CodeClosed)
	b.step("]C0", c.Waybills[0].Number, scanner.CodeAlreadyReceived, "空箱又扫了一次", "the empty box comes by again")
}

func (b *builder) waybillFirst() {
	items := b.few()
	o := *b.buy(items)
	c := *b.ask(&o, items)
	b.step("]E0", gtin(items[0].sku), scanner.CodeScanWaybillFirst, "还没扫面单就扫了商品", "a piece before its waybill")
	b.openReturn(c, scanner.CodeParcelOpened)
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) previousOpen() {
	first := b.few()
	b.parcelOf(first)
	b.piece(first[0].sku, scanner.CodeMatched)
	second := b.few()
	o := *b.buy(second)
	c := *b.ask(&o, second)
	b.step("]C0", c.Waybills[0].Number, scanner.CodePreviousOpen, "上一包裹还差一件", "the parcel before lacks a piece")
	b.open(c.Waybills[0].Number, scanner.CodeParcelOpened, "再扫:按少件关闭上一包裹", "again: close it short")
	b.day.Script[len(b.day.Script)-1].After = Apart
	b.take(second)
	b.done(scanner.CodeClosed)
}

func (b *builder) unknownCode() {
	b.step("]C0", "HELLO-"+b.digits(4), scanner.CodeUnknownCode, "随手扫了墙上的码", "some code on the wall")
	b.match1()
}
