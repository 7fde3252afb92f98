package refund

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// tally is what a case's money facet is derived from.
type tally struct {
	approved, deducted int64 // due = approved − deducted
	ours, elsewhere    int64 // with the buyer
	waiting, out, void bool  // refunds of ours that wait, are out, or ended without paying
	over               bool  // the request is dead: nothing is due any more
}

// facet derives the money facet of a case. Two things it does not know by itself stay: that goods failed inspection after the money went (to_recover), and
// that the claim was settled (recovered).
func (t tally) facet(current string) string {
	got, due := t.ours+t.elsewhere, t.approved-t.deducted
	switch {
	case current == "to_recover" || current == "recovered":
		return current
	case got > due && t.ours > 0:
		return "to_recover"
	case got > 0 && got >= due && t.ours == 0:
		return "returned_elsewhere"
	case t.out:
		return "sending"
	case got > 0 && got >= due:
		return "returned"
	case got > 0:
		return "partly_returned"
	case t.over && !t.waiting && (current == "due" || current == "sending"):
		return "none"
	case t.waiting || t.void || current == "sending":
		return "due"
	}
	return current
}

// refresh brings the money facet of the case and the overlay of the order up to the refunds, and tells when they move.
func (e *Engine) refresh(ctx context.Context, tx *gorm.DB, l *locked, by id.User) error {
	if l.caze != nil {
		if err := e.refreshCase(ctx, tx, l, by); err != nil {
			return err
		}
	}
	return e.refreshOrder(ctx, tx, l, by)
}

func (e *Engine) refreshCase(ctx context.Context, tx *gorm.DB, l *locked, by id.User) error {
	t, err := tallyOf(tx, l.caze.ID)
	if err != nil {
		return err
	}
	t.over = l.caze.Over()
	to := t.facet(l.caze.Money)
	if to == l.caze.Money {
		return nil
	}
	// A facet must never stand in the way of writing down what happened to money.
	if !slices.Contains(aftersales.Next[aftersales.Money][l.caze.Money], to) {
		e.log.WarnContext(ctx, "case money does not follow", "case", l.caze.Number, "from", l.caze.Money, "to", to)
		return nil
	}
	c, err := aftersales.Move(ctx, tx, e.events, l.caze.ID, aftersales.Change{Money: to, By: by, Why: "refund"})
	if err != nil {
		return fmt.Errorf("move case money: %w", err)
	}
	l.caze = &c
	return nil
}

func tallyOf(tx *gorm.DB, c id.Case) (t tally, err error) {
	if err = tx.Raw("SELECT CAST(COALESCE(SUM(approved_minor), 0) AS BIGINT) FROM case_lines WHERE case_id = ?", c).Scan(&t.approved).Error; err != nil {
		return t, fmt.Errorf("sum approved: %w", err)
	}
	err = tx.Raw(`SELECT CAST(COALESCE(SUM(l.deduction_minor), 0) AS BIGINT) FROM refund_lines l JOIN case_lines c ON c.id = l.case_line_id
		WHERE c.case_id = ? AND l.live`, c).Scan(&t.deducted).Error
	if err != nil {
		return t, fmt.Errorf("sum deductions: %w", err)
	}
	var rs []Refund
	if err = tx.Select("origin", "state", "amount_minor").Where("case_id = ?", c).Find(&rs).Error; err != nil {
		return t, fmt.Errorf("read refunds of case: %w", err)
	}
	for _, r := range rs {
		switch {
		case r.Origin != OriginOurs:
			t.elsewhere += r.AmountMinor
		case r.State.Paid():
			t.ours += r.AmountMinor
		case r.State.Out():
			t.out = true
		case r.State == StateCancelled:
		case r.State.Void():
			t.void = true
		default:
			t.waiting = true
		}
	}
	return t, nil
}

// refreshOrder hands the order what others have returned for it; what we have returned stands on its lines.
func (e *Engine) refreshOrder(ctx context.Context, tx *gorm.DB, l *locked, by id.User) error {
	return e.overlay(ctx, tx, l.order.ID, by, order.SettleRefunds)
}

func (e *Engine) overlay(ctx context.Context, tx *gorm.DB, o id.Order, by id.User, settle func(context.Context, *gorm.DB, *event.Log, id.Order, int64, id.User) (bool, error)) error {
	var elsewhere int64
	err := tx.Raw("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refunds WHERE order_id = ? AND origin <> ?", o, OriginOurs).Scan(&elsewhere).Error
	if err != nil {
		return fmt.Errorf("sum observed refunds of order: %w", err)
	}
	if _, err := settle(ctx, tx, e.events, o, elsewhere, by); err != nil {
		return fmt.Errorf("move order overlay: %w", err)
	}
	return nil
}
