package sample

import (
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
)

// parcelOf makes an order, a return of all of it, and opens its parcel by the return waybill.
func (b *builder) parcelOf(items []item) (intake.Order, intake.Case) {
	o := *b.buy(items)
	c := *b.ask(&o, items)
	b.openReturn(c, scanner.CodeParcelOpened)
	return o, c
}

func (b *builder) openReturn(c intake.Case, want scanner.Code) {
	b.open(c.Waybills[0].Number, want, "扫退货面单", "scan the return label")
}

// take scans every piece of the items. Two of a kind are not scanned one after the other where that can be helped: it saves a pause.
func (b *builder) take(items []item) {
	for round := 0; ; round++ {
		left := false
		for _, it := range items {
			if it.quantity > round {
				b.piece(it.sku, scanner.CodeMatched)
				left = true
			}
		}
		if !left {
			return
		}
	}
}

func (b *builder) match1() {
	items := b.goods(1)
	items[0].quantity = 1
	b.parcelOf(items)
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) matchFew() {
	items := b.goods(b.between(2, 3))
	b.parcelOf(items)
	b.take(items)
	b.done(scanner.CodeClosed)
}

// few makes between two and three items with at least one piece each, for scenes that need something beside the ordinary.
func (b *builder) few() []item {
	items := b.goods(2)
	for i := range items {
		items[i].quantity = 1
	}
	return items
}

// gadget picks a SKU with serial numbers.
func (b *builder) gadget() intake.SKU { return pick(b, pick(b, b.of("CHENGGUANG", true)).ordinary()) }

// scanSerial reads a piece's serial: from its label, or with the GTIN from the DataMatrix.
func (b *builder) scanSerial(s intake.SKU, serial string, matrix bool, want scanner.Code, booked bool) {
	if booked {
		b.day.Pieces++
	}
	aim, data := "]C0", serial
	if matrix {
		aim, data = "]d2", element(s, serial)
	}
	b.pause(b.step(aim, data, want, "扫序列号:"+s.Name, "scan the serial number: "+s.NameEN))
}

func (b *builder) serialGoods() {
	s := b.gadget()
	items := []item{{s, 1}}
	if b.rng.IntN(3) == 0 {
		items = append(items, item{b.unlike(s), 1})
	}
	o, _ := b.parcelOf(items)
	b.scanSerial(s, o.Lines[0].Serials[0], b.rng.IntN(2) == 0, scanner.CodeMatched, true)
	if len(items) > 1 {
		b.piece(items[1].sku, scanner.CodeMatched)
	}
	b.done(scanner.CodeClosed)
}

func (b *builder) condition() {
	items := b.goods(b.between(1, 2))
	b.parcelOf(items)
	b.take(items)
	mark := pick(b, []string{"sealed", "opened", "damaged", "dirty", "accessory_missing"})
	b.control(scanner.Condition+":"+mark, scanner.CodeConditionSet, "记成色:"+mark, "note the condition: "+mark)
	b.done(scanner.CodeClosed)
}

func (b *builder) doubleRead() {
	items := b.few()
	b.parcelOf(items)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.step("]E0", gtin(items[0].sku), scanner.CodeDoubleRead, "扳机抖了一下,同一件读了两次", "the trigger bounced: one piece read twice")
	b.piece(items[1].sku, scanner.CodeMatched)
	b.done(scanner.CodeClosed)
}

func (b *builder) undo() {
	items := b.few()
	b.parcelOf(items)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.piece(items[1].sku, scanner.CodeMatched)
	b.control(scanner.Undo, scanner.CodeUndone, "撤销上一件", "undo the last piece")
	b.piece(items[1].sku, scanner.CodeMatched)
	b.done(scanner.CodeClosed)
}

func (b *builder) hold() {
	items := b.few()
	_, c := b.parcelOf(items)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.control(scanner.Hold, scanner.CodeHeld, "先隔离,等组长", "hold it for the team lead")
	b.step("]C0", c.Waybills[0].Number, scanner.CodeParcelHeld, "再扫面单:在隔离架上", "scan the label again: it is on hold")
	b.control(scanner.Resume, scanner.CodeResumed, "组长放行,接着收", "released, go on")
	b.piece(items[1].sku, scanner.CodeMatched)
	b.done(scanner.CodeClosed)
}

func (b *builder) twoLabels() {
	items := b.few()
	o := *b.buy(items)
	c := b.ask(&o, items)
	carrier, number := b.waybill()
	c.Waybills = append(c.Waybills, intake.Waybill{Carrier: carrier, Number: number, Role: "return"})
	copied := *c
	b.openReturn(copied, scanner.CodeParcelOpened)
	b.step("]C0", number, scanner.CodeAliasAdded, "同一件包裹的另一张面单", "a second label on the same parcel")
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) byCaseNumber() {
	items := b.few()
	o := *b.buy(items)
	c := *b.ask(&o, items)
	b.open(c.Number, scanner.CodeParcelOpened, "面单破损,扫退货单号", "the label is torn: scan the case number")
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) byOrderNumber() {
	items := b.few()
	o := *b.buy(items)
	b.ask(&o, items)
	b.open(o.Number, scanner.CodeParcelOpened, "扫包裹里的订单条码", "scan the order number on the packing slip")
	b.take(items)
	b.done(scanner.CodeClosed)
}

func (b *builder) plate() {
	items := b.few()
	b.parcelOf(items)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.step("]C0", LastPlate, scanner.CodeUnitShown, "扫刚贴的单件码,看它在哪", "scan the plate just stuck on")
	b.piece(items[1].sku, scanner.CodeMatched)
	b.done(scanner.CodeClosed)
}
