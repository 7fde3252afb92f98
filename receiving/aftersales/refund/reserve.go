package refund

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
)

// The reserved columns are the last word on money: each change is one guarded UPDATE, and the CHECKs of the schema stand behind it.

// guarded runs an UPDATE that must hit one row; none means that the money is not there.
func guarded(tx *gorm.DB, exhausted *fault.Error, sql string, args ...any) error {
	res := tx.Exec(sql, args...)
	if res.Error != nil {
		return fmt.Errorf("move reserved money: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return exhausted
	}
	return nil
}

// reserve sets a refund's money aside: on the payment, and on every line in money and pieces.
func reserve(tx *gorm.DB, r Refund, lines []Line) error {
	err := guarded(tx, fault.New(fault.Conflict, "payment_exhausted", "the payment does not hold what this refund would return"),
		"UPDATE payments SET reserved_minor = reserved_minor + ? WHERE id = ? AND reserved_minor + refunded_minor + elsewhere_minor + ? <= captured_minor",
		r.AmountMinor, r.PaymentID, r.AmountMinor)
	if err != nil {
		return err
	}
	for _, l := range lines {
		err := guarded(tx, fault.New(fault.Conflict, "line_exhausted", "more would be refunded than was approved for the order line"),
			`UPDATE order_lines SET reserved_minor = reserved_minor + ?, reserved_quantity = reserved_quantity + ? WHERE id = ?
			 AND reserved_minor + refunded_minor + ? <= approved_minor AND reserved_quantity + refunded_quantity + ? <= approved_quantity`,
			l.AmountMinor, l.Quantity, l.OrderLineID, l.AmountMinor, l.Quantity)
		if err != nil {
			return err
		}
	}
	return nil
}

var unbalanced = fault.New(fault.Internal, "reservation_lost", "the reserved money of this refund is not there: run the audit")

// settle turns reserved into refunded.
func settle(tx *gorm.DB, r Refund, lines []Line) error {
	err := guarded(tx, unbalanced, "UPDATE payments SET reserved_minor = reserved_minor - ?, refunded_minor = refunded_minor + ? WHERE id = ? AND reserved_minor >= ?",
		r.AmountMinor, r.AmountMinor, r.PaymentID, r.AmountMinor)
	if err != nil {
		return err
	}
	for _, l := range lines {
		err := guarded(tx, unbalanced, `UPDATE order_lines SET reserved_minor = reserved_minor - ?, refunded_minor = refunded_minor + ?,
			reserved_quantity = reserved_quantity - ?, refunded_quantity = refunded_quantity + ? WHERE id = ? AND reserved_minor >= ? AND reserved_quantity >= ?`,
			l.AmountMinor, l.AmountMinor, l.Quantity, l.Quantity, l.OrderLineID, l.AmountMinor, l.Quantity)
		if err != nil {
			return err
		}
	}
	return nil
}

// release frees what was reserved, and the entitlements with it.
func release(tx *gorm.DB, r Refund, lines []Line) error {
	err := guarded(tx, unbalanced, "UPDATE payments SET reserved_minor = reserved_minor - ? WHERE id = ? AND reserved_minor >= ?", r.AmountMinor, r.PaymentID, r.AmountMinor)
	if err != nil {
		return err
	}
	for _, l := range lines {
		err := guarded(tx, unbalanced, `UPDATE order_lines SET reserved_minor = reserved_minor - ?, reserved_quantity = reserved_quantity - ?
			WHERE id = ? AND reserved_minor >= ? AND reserved_quantity >= ?`, l.AmountMinor, l.Quantity, l.OrderLineID, l.AmountMinor, l.Quantity)
		if err != nil {
			return err
		}
	}
	if err := tx.Exec("UPDATE refund_lines SET live = ? WHERE refund_id = ?", false, r.ID).Error; err != nil {
		return fmt.Errorf("free entitlements: %w", err)
	}
	return nil
}
