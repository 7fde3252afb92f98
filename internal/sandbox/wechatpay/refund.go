package wechatpay

import (
	"time"
)

// Status of a refund.
type Status string

const (
	Processing Status = "PROCESSING"
	Success    Status = "SUCCESS"
	Abnormal   Status = "ABNORMAL"
	Closed     Status = "CLOSED"
)

// next says where a refund may go. SUCCESS and CLOSED are final.
var next = map[Status][]Status{Processing: {Success, Abnormal, Closed}, Abnormal: {Processing, Closed}}

// Source is one account that a refund is paid from.
type Source struct {
	Account string `json:"account"`
	Amount  int64  `json:"amount"`
}

// Refund is what the platform keeps of one out_refund_no. Amounts are fen.
type Refund struct {
	RefundID      string    `json:"refund_id"`
	OutRefundNo   string    `json:"out_refund_no"`
	TransactionID string    `json:"transaction_id"`
	OutTradeNo    string    `json:"out_trade_no"`
	Account       string    `json:"user_received_account"`
	Amount        int64     `json:"refund"`
	Total         int64     `json:"total"`
	From          []Source  `json:"from,omitempty"`
	Reason        string    `json:"reason,omitempty"`
	NotifyURL     string    `json:"notify_url,omitempty"`
	Status        Status    `json:"status"`
	CreateTime    time.Time `json:"create_time"`
	SuccessTime   time.Time `json:"success_time,omitzero"`
	SettleAt      time.Time `json:"settle_at,omitzero"` // zero while PROCESSING: waits for advance
	Outcome       Status    `json:"outcome,omitempty"`  // what it becomes at SettleAt
	ToMerchant    bool      `json:"to_merchant,omitempty"`
	Callbacks     int       `json:"callbacks,omitempty"` // made so far
}

func (r *Refund) may(to Status) bool {
	for _, s := range next[r.Status] {
		if s == to {
			return true
		}
	}
	return false
}

// holds tells whether the amount is out of the merchant's reach: spent, or on its way.
func (r *Refund) holds() bool { return r.Status != Closed }

// Money is a line of the ledger: money really left the merchant for the buyer. One per refund, ever.
type Money struct {
	Seq           int64     `json:"seq"`
	At            time.Time `json:"at"`
	OutRefundNo   string    `json:"out_refund_no"`
	RefundID      string    `json:"refund_id"`
	TransactionID string    `json:"transaction_id"`
	Amount        int64     `json:"amount"`
	To            string    `json:"to"` // user, or merchant_card after an abnormal refund was sent back to the merchant
}

// china is the zone that the vendor writes times in; it has no daylight saving.
var china = time.FixedZone("CST", 8*60*60)

func vendorTime(t time.Time) string { return t.In(china).Format(time.RFC3339) }

// amountView and refundView are the vendor's shapes.
type amountView struct {
	Total            int64    `json:"total"`
	Refund           int64    `json:"refund"`
	From             []Source `json:"from,omitempty"`
	PayerTotal       int64    `json:"payer_total"`
	PayerRefund      int64    `json:"payer_refund"`
	SettlementRefund int64    `json:"settlement_refund"`
	SettlementTotal  int64    `json:"settlement_total"`
	DiscountRefund   int64    `json:"discount_refund"`
	Currency         string   `json:"currency"`
}

type refundView struct {
	RefundID      string     `json:"refund_id"`
	OutRefundNo   string     `json:"out_refund_no"`
	TransactionID string     `json:"transaction_id"`
	OutTradeNo    string     `json:"out_trade_no"`
	Channel       string     `json:"channel"`
	Account       string     `json:"user_received_account"`
	SuccessTime   string     `json:"success_time,omitempty"`
	CreateTime    string     `json:"create_time"`
	Status        Status     `json:"status"`
	FundsAccount  string     `json:"funds_account"`
	Amount        amountView `json:"amount"`
}

func (r *Refund) view() refundView {
	v := refundView{
		RefundID: r.RefundID, OutRefundNo: r.OutRefundNo, TransactionID: r.TransactionID, OutTradeNo: r.OutTradeNo, Channel: "ORIGINAL",
		Account: r.Account, CreateTime: vendorTime(r.CreateTime), Status: r.Status, FundsAccount: "AVAILABLE",
		Amount: amountView{Total: r.Total, Refund: r.Amount, From: r.From, PayerTotal: r.Total, PayerRefund: r.Amount,
			SettlementRefund: r.Amount, SettlementTotal: r.Total, Currency: "CNY"},
	}
	if !r.SuccessTime.IsZero() {
		v.SuccessTime = vendorTime(r.SuccessTime)
	}
	if r.ToMerchant {
		v.Channel = "OTHER_BANKCARD"
	}
	return v
}

// noticeView is the decrypted resource of a callback; it has refund_status where the answers have status.
type noticeView struct {
	MchID         string           `json:"mchid"`
	TransactionID string           `json:"transaction_id"`
	OutTradeNo    string           `json:"out_trade_no"`
	RefundID      string           `json:"refund_id"`
	OutRefundNo   string           `json:"out_refund_no"`
	RefundStatus  Status           `json:"refund_status"`
	SuccessTime   string           `json:"success_time,omitempty"`
	Account       string           `json:"user_received_account"`
	Amount        noticeAmountView `json:"amount"`
}

type noticeAmountView struct {
	Total       int64 `json:"total"`
	Refund      int64 `json:"refund"`
	PayerTotal  int64 `json:"payer_total"`
	PayerRefund int64 `json:"payer_refund"`
}

func (r *Refund) notice(mchid string) noticeView {
	v := noticeView{
		MchID: mchid, TransactionID: r.TransactionID, OutTradeNo: r.OutTradeNo, RefundID: r.RefundID, OutRefundNo: r.OutRefundNo,
		RefundStatus: r.Status, Account: r.Account,
		Amount: noticeAmountView{Total: r.Total, Refund: r.Amount, PayerTotal: r.Total, PayerRefund: r.Amount},
	}
	if !r.SuccessTime.IsZero() {
		v.SuccessTime = vendorTime(r.SuccessTime)
	}
	return v
}
