package refund

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Attribute ties a refund that others made, and that no case explained when it was observed, to the case that a person found for it. What it covers is not paid
// again: refunds of ours for the case that have not gone out are withdrawn, or held where it covers a part. Later refunds on the payment need no person any
// more because of it.
func (e *Engine) Attribute(ctx context.Context, tx *gorm.DB, r id.Refund, c id.Case, by id.User) (Refund, error) {
	if by == 0 {
		return Refund{}, fault.New(fault.Denied, "person_needed", "a refund of others is tied to a case by a person")
	}
	seen, err := one[Refund](tx, "refund", "id = ?", r)
	if err != nil {
		return Refund{}, err
	}
	if err := seen.attributable(); err != nil {
		return seen, err
	}
	_, ord, err := claimant(tx, seen.PaymentID, c)
	if err != nil {
		return seen, err
	}
	l, was, pending, err := lockBoth(tx, c, ord, seen)
	if err != nil {
		return seen, err
	}
	row, err := one[Refund](db.Lock(tx), "refund", "id = ?", r)
	if err != nil {
		return seen, err
	}
	if err := row.attributable(); err != nil {
		return row, err
	}
	w := &work{locked: l, refund: row}
	if err := e.give(ctx, tx, w, by); err != nil {
		return w.refund, err
	}
	if was.ID != ord {
		if err := e.overlay(ctx, tx, was.ID, by, order.CorrectRefunds); err != nil {
			return w.refund, err
		}
	}
	return w.refund, e.yield(ctx, tx, l, pending)
}

func (r Refund) attributable() error {
	switch {
	case r.Origin == OriginOurs:
		return fault.New(fault.Conflict, "refund_ours", "refund %s is ours: it has had its case from the beginning", r.Number)
	case r.CaseID != nil:
		return fault.New(fault.Conflict, "refund_attributed", "refund %s is tied to a case already", r.Number)
	}
	return nil
}

// lockBoth locks the case, its order and the order under which the refund was recorded (a payment can cover several), then what a withdrawal will touch.
func lockBoth(tx *gorm.DB, c id.Case, ord id.Order, r Refund) (l *locked, was order.Order, pending []id.Refund, err error) {
	if _, err = one[aftersales.Case](db.Lock(tx), "case", "id = ?", c); err != nil {
		return nil, was, nil, err
	}
	var both []order.Order
	if err = db.Lock(tx).Where("id IN ?", []id.Order{ord, r.OrderID}).Order("id").Find(&both).Error; err != nil {
		return nil, was, nil, fmt.Errorf("lock orders: %w", err)
	}
	for _, o := range both {
		if o.ID == r.OrderID {
			was = o
		}
	}
	if l, err = lockMoney(tx, &c, ord, nil, nil); err != nil {
		return nil, was, nil, err
	}
	if l.caze.OrderID == nil || *l.caze.OrderID != ord {
		return nil, was, nil, fault.New(fault.Conflict, "case_order_moved", "case %s got another order meanwhile: try again", l.caze.Number)
	}
	pending, lines, payments, err := unsent(tx, &c)
	if err != nil {
		return nil, was, nil, err
	}
	return l, was, pending, l.more(tx, lines, append(payments, r.PaymentID))
}

// give writes the case on the refund, guarded once more, and tells it.
func (e *Engine) give(ctx context.Context, tx *gorm.DB, w *work, by id.User) error {
	res := tx.Model(&Refund{}).Where("id = ? AND case_id IS NULL", w.refund.ID).
		Updates(map[string]any{"case_id": w.caze.ID, "order_id": w.order.ID, "version": gorm.Expr("version + 1")})
	if res.Error != nil {
		return fmt.Errorf("tie refund to case: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.New(fault.Conflict, "refund_moved", "refund %s has moved on meanwhile: look again", w.refund.Number)
	}
	var err error
	if w.refund, err = one[Refund](tx, "refund", "id = ?", w.refund.ID); err != nil {
		return err
	}
	if err := e.append(ctx, tx, w, w.refund.State, change{by: by, kind: "attributed"}); err != nil {
		return err
	}
	return e.refresh(ctx, tx, w.locked, by)
}
