package intake

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/order"
)

// kind is a sort of record: how one is applied, and what a batch of them locks before the first is. Records come in the order of a file, locks have an order of
// their own (docs/architecture.md): taken record by record, they would meet those of benches and of other files crosswise.
type kind[T any] struct {
	apply func(context.Context, *gorm.DB, T) (result, []Problem, error)
	under func(T) string // the shop or owner: two files about the same one take turns, so that neither makes rows that the other is making
	ahead func(context.Context, *gorm.DB, []T) error
}

func (im *Importer) skus() kind[SKU] {
	return kind[SKU]{im.applySKU, func(s SKU) string { return "owner:" + s.Owner }, nil}
}

func (im *Importer) orders() kind[Order] {
	return kind[Order]{im.applyOrder, func(o Order) string { return "shop:" + o.Shop }, im.holdForOrders}
}

func (im *Importer) cases() kind[Case] {
	return kind[Case]{im.applyCase, func(c Case) string { return "shop:" + c.Shop }, im.holdForCases}
}

// lock takes a batch's locks. SQLite has one writer and needs none.
func (k kind[T]) lock(ctx context.Context, tx *gorm.DB, due []item[T]) error {
	if !db.IsPostgres(tx) {
		return nil
	}
	names, recs := make([]string, len(due)), make([]T, len(due))
	for i, it := range due {
		names[i], recs[i] = "intake:"+k.under(it.rec), it.rec
	}
	if err := db.LockNames(tx, names); err != nil || k.ahead == nil {
		return err
	}
	return k.ahead(ctx, tx, recs)
}

// pair names a row by its shop's code and its number.
type pair = []any

// holdForCases locks the waybills of the cases and the parcels they may claim, the cases that are known, and the money of their orders.
func (im *Importer) holdForCases(ctx context.Context, tx *gorm.DB, recs []Case) error {
	var numbers []string
	var cases, orders []pair
	for _, r := range recs {
		cases, orders = append(cases, pair{r.Shop, r.Number}), append(orders, pair{r.Shop, r.Order})
		for _, w := range r.Waybills {
			numbers = append(numbers, im.hooks.Codes.Normalise(w.Number))
		}
	}
	if err := im.holdParcels(ctx, tx, numbers, orders); err != nil {
		return err
	}
	held, err := holdCases(tx, "(s.code, c.number) IN ?", cases)
	if err != nil {
		return err
	}
	return holdOrders(ctx, tx, "(s.code, o.number) IN ? OR o.id IN (SELECT order_id FROM cases WHERE id IN ?)", []any{orders, append(held, 0)}, nil)
}

// holdParcels locks what the records may claim or adopt from.
func (im *Importer) holdParcels(ctx context.Context, tx *gorm.DB, waybills []string, orders []pair) error {
	if im.hooks.Hold == nil {
		return nil
	}
	var known []id.Order
	if err := tx.Table("orders o").Joins("JOIN shops s ON s.id = o.shop_id").Where("(s.code, o.number) IN ?", orders).Order("o.id").Pluck("o.id", &known).Error; err != nil {
		return fmt.Errorf("look for orders: %w", err)
	}
	if len(waybills) == 0 && len(known) == 0 {
		return nil
	}
	return im.hooks.Hold(ctx, tx, waybills, known)
}

// holdForOrders locks the waybills of the orders and the parcels they may claim, the cases of the orders or that wait for one, and the money of those that are known.
func (im *Importer) holdForOrders(ctx context.Context, tx *gorm.DB, recs []Order) error {
	var orders, payments []pair
	var numbers []string
	for _, r := range recs {
		orders = append(orders, pair{r.Shop, r.Number})
		for _, sh := range r.Shipments {
			numbers = append(numbers, im.hooks.Codes.Normalise(sh.Waybill))
		}
		for _, p := range r.Payments {
			payments = append(payments, pair{p.Gateway, p.Account, p.TransactionID})
		}
	}
	if err := im.holdParcels(ctx, tx, numbers, orders); err != nil {
		return err
	}
	if _, err := holdCases(tx, waitingFor, orders, orders); err != nil {
		return err
	}
	var known []id.Payment
	if len(payments) > 0 {
		if err := tx.Table("payments").Where("(gateway, account, transaction_id) IN ?", payments).Pluck("id", &known).Error; err != nil {
			return fmt.Errorf("payments of orders: %w", err)
		}
	}
	return holdOrders(ctx, tx, "(s.code, o.number) IN ?", []any{orders}, known)
}

// waitingFor finds the cases of some orders, attached or not yet.
const waitingFor = `c.order_id IS NULL AND (s.code, c.order_number) IN ? OR c.order_id IN (SELECT o.id FROM orders o JOIN shops os ON os.id = o.shop_id WHERE (os.code, o.number) IN ?)`

func holdCases(tx *gorm.DB, which string, pairs ...any) ([]id.Case, error) {
	var found, held []id.Case
	if err := tx.Table("cases c").Joins("JOIN shops s ON s.id = c.shop_id").Where(which, pairs...).Pluck("c.id", &found).Error; err != nil || len(found) == 0 {
		return nil, err
	}
	if err := db.Lock(tx).Table("cases").Where("id IN ?", found).Order("id").Pluck("id", &held).Error; err != nil {
		return nil, fmt.Errorf("lock cases: %w", err)
	}
	return held, nil
}

func holdOrders(ctx context.Context, tx *gorm.DB, which string, args []any, payments []id.Payment) error {
	var found []id.Order
	if err := tx.Table("orders o").Joins("JOIN shops s ON s.id = o.shop_id").Where(which, args...).Pluck("o.id", &found).Error; err != nil {
		return fmt.Errorf("look for orders: %w", err)
	}
	return order.Hold(ctx, tx, found, payments...)
}
