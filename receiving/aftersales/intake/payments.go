package intake

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/receiving/order"
)

// savePayment adds a payment to an order. A payment that other orders share is the same row: what was captured must agree, and the orders' parts must not
// add up to more.
func savePayment(tx *gorm.DB, o order.Order, p Payment) (bool, error) {
	if p.Gateway == "" || p.TransactionID == "" {
		return false, bad("transaction_id", "missing", "a payment needs its gateway and its transaction id")
	}
	if p.AmountMinor == 0 {
		p.AmountMinor = p.CapturedMinor
	}
	if p.CapturedMinor < 0 || p.AmountMinor < 0 || p.AmountMinor > p.CapturedMinor {
		return false, bad("captured", "bad_amount", "payment %s: captured %d, this order's part %d", p.TransactionID, p.CapturedMinor, p.AmountMinor)
	}
	row, made, err := paymentRow(tx, o, p)
	if err != nil {
		return false, err
	}
	var part order.OrderPayment
	found, err := find(tx.Where("order_id = ? AND payment_id = ?", o.ID, row.ID), &part)
	if err != nil {
		return false, fmt.Errorf("payment of order %s: %w", o.Number, err)
	}
	if found {
		if part.AmountMinor != p.AmountMinor {
			return false, bad("amount", "payment_conflict", "payment %s: this order's part was %d", p.TransactionID, part.AmountMinor)
		}
		return made, nil
	}
	var others int64
	if err := tx.Model(&order.OrderPayment{}).Where("payment_id = ?", row.ID).Select("COALESCE(SUM(amount_minor), 0)").Scan(&others).Error; err != nil {
		return false, fmt.Errorf("payment of order %s: %w", o.Number, err)
	}
	if others+p.AmountMinor > row.CapturedMinor {
		return false, bad("amount", "payment_conflict", "payment %s: its orders' parts add up to more than was captured", p.TransactionID)
	}
	if err := tx.Create(&order.OrderPayment{OrderID: o.ID, PaymentID: row.ID, AmountMinor: p.AmountMinor}).Error; err != nil {
		return false, fmt.Errorf("payment of order %s: %w", o.Number, err)
	}
	return true, nil
}

func paymentRow(tx *gorm.DB, o order.Order, p Payment) (order.Payment, bool, error) {
	var row order.Payment
	found, err := find(db.Lock(tx).Where("gateway = ? AND account = ? AND transaction_id = ?", p.Gateway, p.Account, p.TransactionID), &row)
	if err != nil {
		return row, false, fmt.Errorf("read payment %s: %w", p.TransactionID, err)
	}
	if !found {
		row = order.Payment{Gateway: p.Gateway, Account: p.Account, TransactionID: p.TransactionID, OutTradeNo: p.OutTradeNo, Currency: o.Currency, CapturedMinor: p.CapturedMinor}
		if err := tx.Create(&row).Error; err != nil {
			return row, false, fmt.Errorf("save payment %s: %w", p.TransactionID, err)
		}
		return row, true, nil
	}
	if row.CapturedMinor != p.CapturedMinor || row.Currency != o.Currency || (p.OutTradeNo != "" && row.OutTradeNo != p.OutTradeNo) {
		return row, false, bad("captured", "payment_conflict", "payment %s is known with %d %s captured", p.TransactionID, row.CapturedMinor, row.Currency)
	}
	return row, false, nil
}
