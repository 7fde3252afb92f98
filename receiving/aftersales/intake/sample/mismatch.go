package sample

import "github.com/backdock/backdock/scanner"

func (b *builder) over() {
	items := b.few()
	b.parcelOf(items)
	b.take(items)
	b.pause(b.step("]E0", gtin(items[0].sku), scanner.CodeOver, "误扫已收的一件", "scan a piece again by mistake"))
	b.done(scanner.CodeClosed)
}

func (b *builder) overExtra() {
	items := b.few()
	b.parcelOf(items)
	b.take(items)
	b.pause(b.step("]E0", gtin(items[0].sku), scanner.CodeOver, "多出一件", "one piece too many"))
	b.day.Pieces++
	b.control(scanner.PlusOne, scanner.CodeExtra, "真有,扫 +1", "it is really there: +1")
	b.done(scanner.CodeClosed)
}

func (b *builder) undeclared() {
	items := b.few()
	o := *b.buy(items)
	c := *b.ask(&o, items[:1])
	b.openReturn(c, scanner.CodeParcelOpened)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.piece(items[1].sku, scanner.CodeUndeclared)
	b.done(scanner.CodeClosed)
}

func (b *builder) wrongItem() {
	items := b.few()
	b.parcelOf(items)
	b.piece(items[0].sku, scanner.CodeMatched)
	b.piece(b.stranger(items[0].sku, items[1].sku), scanner.CodeWrongItem)
	b.done(scanner.CodeClosedShort)
}

func (b *builder) wrongSpec() {
	jacket := pick(b, b.of("QINGYU", false)[:7])
	items := []item{{pick(b, jacket.ordinary()), 1}}
	if b.rng.IntN(2) == 0 {
		items = append(items, item{b.unlike(items[0].sku), 1})
	}
	b.parcelOf(items)
	if len(items) > 1 {
		b.piece(items[1].sku, scanner.CodeMatched)
	}
	b.piece(b.odd(items[0].sku), scanner.CodeWrongSpec)
	b.done(scanner.CodeClosedShort)
}

func (b *builder) serialMismatch() {
	s := b.gadget()
	b.parcelOf([]item{{s, 1}})
	b.scanSerial(s, b.serialNumber(s), true, scanner.CodeSerialMismatch, true)
	b.done(scanner.CodeClosedShort)
}

func (b *builder) serialTaken() {
	s := b.gadget()
	items := []item{{s, 1}, {b.unlike(s), 1}}
	o, _ := b.parcelOf(items)
	serial := o.Lines[0].Serials[0]
	b.scanSerial(s, serial, false, scanner.CodeMatched, true)
	b.piece(items[1].sku, scanner.CodeMatched)
	b.scanSerial(s, serial, false, scanner.CodeSerialTaken, false)
	b.done(scanner.CodeClosed)
}

func (b *builder) unknownItem() {
	items := b.few()
	b.parcelOf(items)
	b.take(items)
	b.serial++
	code := "6979991" + b.digits(5)
	b.day.Pieces++
	b.step("]E0", code+checkDigit(code), scanner.CodeUnknownItem, "夹带一件认不出的商品", "a piece that nobody knows")
	b.done(scanner.CodeClosed)
}

func (b *builder) short() {
	items := b.goods(2)
	b.parcelOf(items)
	items[len(items)-1].quantity--
	b.take(items)
	b.done(scanner.CodeClosedShort)
}

func (b *builder) emptyBox() {
	items := b.few()
	b.parcelOf(items)
	b.done(scanner.CodeZeroPieces)
	b.control(scanner.Empty, scanner.CodeEmptyConfirmed, "拍照、称重,确认空包裹", "photo, weight: it is empty")
}

func (b *builder) scanTheTag() {
	items := b.few()
	b.parcelOf(items)
	b.step("]C0", carton(items[0].sku), scanner.CodeScanTheTag, "扫到箱码", "the carton's code, not the tag's")
	b.take(items)
	b.done(scanner.CodeClosed)
}
