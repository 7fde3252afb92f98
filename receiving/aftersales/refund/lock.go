package refund

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Locks are taken in one order everywhere: case, order, order lines, payments, refunds, each in id order. So two transactions about the same money wait for
// each other and never in a circle.

// locked is what a transaction has locked, as it is after the lock.
type locked struct {
	caze     *aftersales.Case // nil for an observed refund that no case claims
	order    order.Order
	lines    map[id.OrderLine]order.Line
	payments map[id.Payment]order.Payment
}

func one[T any](tx *gorm.DB, what string, where string, args ...any) (T, error) {
	var rows []T
	if err := tx.Where(where, args...).Limit(1).Find(&rows).Error; err != nil {
		return *new(T), fmt.Errorf("read %s: %w", what, err)
	}
	if len(rows) == 0 {
		return *new(T), fault.New(fault.NotFound, what+"_not_found", "there is no such %s", what)
	}
	return rows[0], nil
}

func lockMoney(tx *gorm.DB, c *id.Case, o id.Order, lines []id.OrderLine, payments []id.Payment) (*locked, error) {
	l := &locked{lines: map[id.OrderLine]order.Line{}, payments: map[id.Payment]order.Payment{}}
	if c != nil {
		row, err := one[aftersales.Case](db.Lock(tx), "case", "id = ?", *c)
		if err != nil {
			return nil, err
		}
		l.caze = &row
	}
	var err error
	if l.order, err = one[order.Order](db.Lock(tx), "order", "id = ?", o); err != nil {
		return nil, err
	}
	return l, l.more(tx, lines, payments)
}

// more locks lines and payments. Lines come before payments, so it is called once with all of both.
func (l *locked) more(tx *gorm.DB, lines []id.OrderLine, payments []id.Payment) error {
	if len(lines) > 0 {
		var ls []order.Line
		if err := db.Lock(tx).Where("id IN ?", lines).Order("id").Find(&ls).Error; err != nil {
			return fmt.Errorf("lock order lines: %w", err)
		}
		for _, x := range ls {
			l.lines[x.ID] = x
		}
	}
	if len(payments) > 0 {
		var ps []order.Payment
		if err := db.Lock(tx).Where("id IN ?", payments).Order("id").Find(&ps).Error; err != nil {
			return fmt.Errorf("lock payments: %w", err)
		}
		for _, x := range ps {
			l.payments[x.ID] = x
		}
	}
	return nil
}

// work is one refund with everything around it locked.
type work struct {
	*locked
	refund Refund
	lines  []Line
}

func (w *work) payment() order.Payment { return w.payments[w.refund.PaymentID] }

// lock reads a refund and locks it together with its money. What leads to the locks (case, order, lines, payment) never changes, except that an observed
// refund can be given a case later; then the read is repeated under the lock.
func lock(tx *gorm.DB, r id.Refund) (*work, error) {
	seen, err := one[Refund](tx, "refund", "id = ?", r)
	if err != nil {
		return nil, err
	}
	lines, err := Lines(tx, r)
	if err != nil {
		return nil, fmt.Errorf("read refund lines: %w", err)
	}
	l, err := lockMoney(tx, seen.CaseID, seen.OrderID, orderLines(lines), []id.Payment{seen.PaymentID})
	if err != nil {
		return nil, err
	}
	w := &work{locked: l, lines: lines}
	if w.refund, err = one[Refund](db.Lock(tx), "refund", "id = ?", r); err != nil {
		return nil, err
	}
	return w, nil
}

func orderLines(ls []Line) []id.OrderLine {
	out := make([]id.OrderLine, 0, len(ls))
	for _, l := range ls {
		out = append(out, l.OrderLineID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
