package intake

import (
	"bytes"
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Orders applies orders with their lines, payments and shipments. Lines are added and corrected, never removed.
func (im *Importer) Orders(ctx context.Context, orders []Order) (Report, error) {
	return run(ctx, im, values(orders, orderKeyOf), im.orders())
}

func orderKeyOf(o Order) string { return o.Shop + "\x00" + o.Number }

func (o *Order) check() error {
	if o.Number == "" {
		return bad("order", "missing", "the order has no number")
	}
	if o.PlacedAt.IsZero() {
		return bad("placed_at", "missing", "order %s has no time", o.Number)
	}
	o.PlacedAt = clock.Stamp(o.PlacedAt)
	if o.State == "" {
		o.State = order.Paid
	}
	if !order.Known(o.State) {
		return bad("state", "bad_enum", "there is no order state %q", o.State)
	}
	var err error
	if o.Currency, err = currency(o.Currency); err != nil {
		return err
	}
	if len(o.Lines) == 0 {
		return bad("line", "missing", "order %s has no lines", o.Number)
	}
	seen := map[int]bool{}
	for i := range o.Lines {
		l := &o.Lines[i]
		if seen[l.Line] {
			return bad("line", "duplicate_line", "line %d is there twice", l.Line)
		}
		seen[l.Line] = true
		if err := l.check(); err != nil {
			return err
		}
	}
	return nil
}

func (l *OrderLine) check() error {
	if l.Kind == "" {
		l.Kind = "goods"
	}
	switch {
	case l.Line <= 0:
		return bad("line", "bad_number", "line numbers count from 1")
	case l.Kind != "goods" && l.Kind != "freight" && l.Kind != "gift":
		return bad("kind", "bad_enum", "line kind %q: want goods, freight or gift", l.Kind)
	case l.SKU == "" && l.Kind != "freight":
		return bad("sku", "missing", "line %d has no SKU", l.Line)
	case l.Quantity <= 0:
		return bad("quantity", "bad_number", "line %d: the quantity is not positive", l.Line)
	case l.PaidMinor < 0:
		return bad("paid", "bad_amount", "line %d: paid is negative", l.Line)
	}
	return nil
}

func (im *Importer) applyOrder(ctx context.Context, tx *gorm.DB, rec Order) (result, []Problem, error) {
	if err := rec.check(); err != nil {
		return 0, nil, err
	}
	shop, err := im.known.shop(tx, rec.Shop)
	if err != nil {
		return 0, nil, err
	}
	o, res, err := im.saveOrder(ctx, tx, shop, rec)
	if err != nil {
		return 0, nil, err
	}
	lines, changed, err := im.saveLines(tx, o, rec.Lines)
	if err != nil {
		return 0, nil, err
	}
	for _, p := range rec.Payments {
		more, err := savePayment(tx, o, p)
		if err != nil {
			return 0, nil, err
		}
		changed = changed || more
	}
	for _, s := range rec.Shipments {
		s.Waybill = im.hooks.Codes.Normalise(s.Waybill)
		more, err := saveShipment(tx, o, lines, s)
		if err != nil {
			return 0, nil, err
		}
		changed = changed || more
	}
	if changed && res == unchanged {
		res = updated
	}
	if res != unchanged {
		if err := im.tellOrder(ctx, tx, o); err != nil {
			return 0, nil, err
		}
	}
	var warnings []Problem
	if res == created {
		if warnings, err = im.attachWaiting(ctx, tx, o); err != nil {
			return 0, nil, err
		}
	}
	if res != unchanged {
		refused, err := im.claimShipments(ctx, tx, rec.Shipments)
		if err != nil {
			return 0, nil, err
		}
		warnings = append(warnings, refused...)
	}
	return res, warnings, nil
}

// attachWaiting gives the order to the cases that came before it.
func (im *Importer) attachWaiting(ctx context.Context, tx *gorm.DB, o order.Order) ([]Problem, error) {
	refused, err := aftersales.AttachWaiting(ctx, tx, im.log, o.ShopID, o.Number)
	if err != nil {
		return nil, err
	}
	var warnings []Problem
	for _, r := range refused {
		warnings = append(warnings, Problem{Field: "order", Code: fault.Code(r), Message: fault.Of(r).Message})
	}
	return warnings, nil
}

func (im *Importer) tellOrder(ctx context.Context, tx *gorm.DB, o order.Order) error {
	return im.log.Append(ctx, tx, event.Event{Type: "backdock.order.imported.v1", Subject: "order/" + o.Number, Version: o.Version, OwnerID: o.OwnerID, ShopID: o.ShopID,
		Data: event.Data{"order": o.ID, "number": o.Number, "state": o.State}})
}

// saveOrder makes the order's row, or moves its state and corrects its buyer.
func (im *Importer) saveOrder(ctx context.Context, tx *gorm.DB, shop catalogue.Shop, rec Order) (order.Order, result, error) {
	var o order.Order
	found, err := find(db.Lock(tx).Where("shop_id = ? AND number = ?", shop.ID, rec.Number), &o)
	if err != nil {
		return o, 0, fmt.Errorf("read order %s: %w", rec.Number, err)
	}
	if !found {
		o = order.Order{OwnerID: shop.OwnerID, ShopID: shop.ID, Number: rec.Number, State: rec.State, Currency: rec.Currency, PlacedAt: rec.PlacedAt, Version: 1}
		im.sealBuyer(&o, rec.Buyer)
		if err := tx.Create(&o).Error; err != nil {
			return o, 0, fmt.Errorf("save order %s: %w", rec.Number, err)
		}
		return o, created, nil
	}
	if o.Currency != rec.Currency {
		return o, 0, bad("currency", "currency_changed", "order %s is in %s", o.Number, o.Currency)
	}
	res := unchanged
	if moved, err := order.Advance(ctx, tx, im.log, o.ID, rec.State, 0); err != nil {
		return o, 0, err
	} else if moved {
		o.State, o.Version, res = rec.State, o.Version+1, updated
	}
	fresh := o
	if rec.Buyer == (Buyer{}) || !im.sealBuyer(&fresh, rec.Buyer) {
		return o, res, nil
	}
	err = tx.Model(&order.Order{}).Where("id = ?", o.ID).Updates(map[string]any{"buyer_key_id": fresh.BuyerKeyID, "buyer_name_enc": fresh.BuyerNameEnc,
		"buyer_phone_enc": fresh.BuyerPhoneEnc, "buyer_address_enc": fresh.BuyerAddressEnc, "buyer_name_idx": fresh.BuyerNameIdx, "buyer_phone_idx": fresh.BuyerPhoneIdx, "buyer_tail_idx": fresh.BuyerTailIdx}).Error
	if err != nil {
		return o, 0, fmt.Errorf("save buyer of order %s: %w", o.Number, err)
	}
	return o, updated, nil
}

// sealBuyer encrypts the buyer into o; false when o holds the same already. All three fields share a key id, so they are sealed together.
func (im *Importer) sealBuyer(o *order.Order, b Buyer) bool {
	if b == (Buyer{}) {
		return false
	}
	name, phone, tail := im.seal.Name(b.Name), im.seal.Phone(b.Phone), im.seal.Phone(receiving.PhoneTail(b.Phone))
	if name == o.BuyerNameIdx && phone == o.BuyerPhoneIdx && tail == o.BuyerTailIdx && im.sameAddress(*o, b.Address) {
		return false
	}
	o.BuyerNameIdx, o.BuyerPhoneIdx, o.BuyerTailIdx = name, phone, tail
	o.BuyerKeyID, o.BuyerNameEnc = im.seal.Seal([]byte(b.Name), o.SealedName())
	_, o.BuyerPhoneEnc = im.seal.Seal([]byte(b.Phone), o.SealedPhone())
	_, o.BuyerAddressEnc = im.seal.Seal([]byte(b.Address), o.SealedAddress())
	return true
}

func (im *Importer) sameAddress(o order.Order, address string) bool {
	open, ok := im.seal.(Opener)
	if !ok || o.BuyerKeyID == "" {
		return false
	}
	plain, err := open.Open(o.BuyerKeyID, o.BuyerAddressEnc, o.SealedAddress())
	return err == nil && bytes.Equal(plain, []byte(address))
}
