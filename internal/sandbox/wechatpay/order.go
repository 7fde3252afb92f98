package wechatpay

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// order is the body of a refund request ("order" as in: the merchant orders a refund).
type order struct {
	TransactionID string      `json:"transaction_id"`
	OutTradeNo    string      `json:"out_trade_no"`
	OutRefundNo   string      `json:"out_refund_no"`
	Reason        string      `json:"reason"`
	NotifyURL     string      `json:"notify_url"`
	FundsAccount  string      `json:"funds_account"`
	Amount        orderAmount `json:"amount"`
	GoodsDetail   []goods     `json:"goods_detail"`
}

type orderAmount struct {
	Refund   int64    `json:"refund"`
	Total    int64    `json:"total"`
	Currency string   `json:"currency"`
	From     []Source `json:"from"`
}

type goods struct {
	MerchantGoodsID string `json:"merchant_goods_id"`
	UnitPrice       int64  `json:"unit_price"`
	RefundAmount    int64  `json:"refund_amount"`
	RefundQuantity  int64  `json:"refund_quantity"`
}

// parseOrder reads and checks a body by the vendor's rules for its form. Unknown fields are ignored, as the vendor does.
func parseOrder(body []byte) (order, *problem) {
	var o order
	if p := decode(body, &o); p != nil {
		return o, p
	}
	if p := o.checkNames(); p != nil {
		return o, p
	}
	if p := o.Amount.check(); p != nil {
		return o, p
	}
	for _, g := range o.GoodsDetail {
		switch {
		case g.MerchantGoodsID == "" || len(g.MerchantGoodsID) > 32:
			return o, badParameter("goods_detail/merchant_goods_id", "需要1到32个字符")
		case g.UnitPrice < 0 || g.RefundAmount < 0 || g.RefundQuantity < 1:
			return o, badParameter("goods_detail", "金额不能为负，数量至少为1")
		}
	}
	return o, nil
}

func decode(body []byte, into any) *problem {
	if !utf8.Valid(body) {
		return badParameter("", "不是UTF-8")
	}
	err := json.Unmarshal(body, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badParameter(strings.ReplaceAll(wrong.Field, ".", "/"), "类型不正确")
	}
	if err != nil {
		return badParameter("", "不是JSON")
	}
	return nil
}

func (o *order) checkNames() *problem {
	switch {
	case o.TransactionID == "" && o.OutTradeNo == "":
		return badParameter("transaction_id", "与out_trade_no二选一，不能都为空")
	case len(o.TransactionID) > 32:
		return badParameter("transaction_id", "超过32个字符")
	case len(o.OutTradeNo) > 32:
		return badParameter("out_trade_no", "超过32个字符")
	case !goodRefundNo(o.OutRefundNo):
		return badParameter("out_refund_no", "需要1到64个字符，只能是数字、大小写字母_-|*@")
	case utf8.RuneCountInString(o.Reason) > 80:
		return badParameter("reason", "超过80个字符")
	case o.FundsAccount != "" && o.FundsAccount != "AVAILABLE":
		return badParameter("funds_account", "只能是AVAILABLE")
	}
	if o.NotifyURL == "" {
		return nil
	}
	u, err := url.Parse(o.NotifyURL)
	if err != nil || len(o.NotifyURL) > 256 || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return badParameter("notify_url", "需要完整的http或https地址，不能携带参数")
	}
	return nil
}

func goodRefundNo(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		letter := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && !strings.ContainsRune("_-|*@", rune(c)) {
			return false
		}
	}
	return true
}

func (a *orderAmount) check() *problem {
	switch {
	case a.Refund < 1:
		return badParameter("amount/refund", "至少为1分")
	case a.Total < 1:
		return badParameter("amount/total", "至少为1分")
	case a.Refund > a.Total:
		return badParameter("amount/refund", "不能大于原订单金额")
	case a.Currency != "CNY":
		return badParameter("amount/currency", "只支持CNY")
	}
	if len(a.From) == 0 {
		return nil
	}
	left := a.Refund
	for _, s := range a.From {
		if s.Account != "AVAILABLE" && s.Account != "UNAVAILABLE" {
			return badParameter("amount/from/account", "只能是AVAILABLE或UNAVAILABLE")
		}
		if s.Amount < 1 || s.Amount > left {
			return badParameter("amount/from/amount", "之和需等于退款金额")
		}
		left -= s.Amount
	}
	if left != 0 {
		return badParameter("amount/from/amount", "之和需等于退款金额")
	}
	return nil
}
