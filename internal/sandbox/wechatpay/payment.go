package wechatpay

import (
	"fmt"
	"time"
)

// Payment is money a buyer has paid; refunds draw on it. Amounts are fen.
type Payment struct {
	TransactionID string    `json:"transaction_id"`
	OutTradeNo    string    `json:"out_trade_no"`
	Total         int64     `json:"total"`
	Account       string    `json:"account"` // the buyer's, shown as user_received_account
	PaidAt        time.Time `json:"paid_at"`
}

// check completes p and tells what is wrong with it.
func (p *Payment) check(now time.Time) error {
	switch {
	case p.TransactionID == "" || len(p.TransactionID) > 32:
		return fmt.Errorf("transaction_id %q: want 1 to 32 characters", p.TransactionID)
	case p.OutTradeNo == "" || len(p.OutTradeNo) > 32:
		return fmt.Errorf("out_trade_no %q: want 1 to 32 characters", p.OutTradeNo)
	case p.Total < 1:
		return fmt.Errorf("total %d: want at least 1 fen", p.Total)
	}
	if p.Account == "" {
		p.Account = "支付用户零钱"
	}
	if p.PaidAt.IsZero() {
		p.PaidAt = now
	}
	return nil
}

// same tells whether p and q describe one payment: seeding again is then no error.
func (p Payment) same(q Payment) bool {
	return p.TransactionID == q.TransactionID && p.OutTradeNo == q.OutTradeNo && p.Total == q.Total
}
