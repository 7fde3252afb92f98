package wechatpay

import (
	"cmp"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the vendor's OAEP uses SHA-1
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxPartial is the vendor's limit of refunds per transaction.
const maxPartial = 50

// create is POST /v3/refund/domestic/refunds.
func (s *Server) create(c *call) reply {
	o, p := parseOrder(c.body)
	if p != nil {
		return bad(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(c.now); err != nil {
		return bad(refuse("SYSTEM_ERROR", "%v", err))
	}
	r, p := s.accept(o, c.now)
	if p != nil {
		return bad(p)
	}
	return good(r.view())
}

// query is GET /v3/refund/domestic/refunds/{out_refund_no}.
func (s *Server) query(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(c.now); err != nil {
		return bad(refuse("SYSTEM_ERROR", "%v", err))
	}
	r, ok := s.book.refunds[c.target.outRefundNo]
	if !ok {
		return bad(refuse("RESOURCE_NOT_EXISTS", "退款单不存在"))
	}
	return good(r.view())
}

// accept decides on a refund and makes it durable. Called with mu held.
func (s *Server) accept(o order, now time.Time) (*Refund, *problem) {
	pay, p := s.paymentOf(o)
	if p != nil {
		return nil, p
	}
	if known, ok := s.book.refunds[o.OutRefundNo]; ok {
		if known.TransactionID != pay.TransactionID || known.Amount != o.Amount.Refund || known.Total != o.Amount.Total {
			return nil, refuse("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
		}
		return known, nil
	}
	if p := s.room(pay, o, now); p != nil {
		return nil, p
	}
	r := &Refund{
		RefundID:    fmt.Sprintf("503%s%018d", now.In(china).Format("20060102"), len(s.book.order)+1),
		OutRefundNo: o.OutRefundNo, TransactionID: pay.TransactionID, OutTradeNo: pay.OutTradeNo, Account: pay.Account,
		Amount: o.Amount.Refund, Total: o.Amount.Total, From: o.Amount.From, Reason: o.Reason, NotifyURL: o.NotifyURL,
		Status: Processing, CreateTime: now,
	}
	e := entry{Refund: r}
	if b := s.book.balance.Available; b != nil {
		left := *b - r.Amount
		e.Balance = &Balance{Available: &left}
	}
	e.Fired = s.plan(r, now)
	if r.Status == Processing && !r.SettleAt.IsZero() && !r.SettleAt.After(now) {
		e = s.turn(e, r, r.Outcome, now)
	}
	if _, err := s.commit(e); err != nil {
		return nil, refuse("SYSTEM_ERROR", "%v", err)
	}
	s.nudge()
	return r, nil
}

func (s *Server) paymentOf(o order) (*Payment, *problem) {
	pay, ok := s.book.payments[o.TransactionID]
	if o.TransactionID == "" {
		pay, ok = s.book.byTrade[o.OutTradeNo]
	}
	switch {
	case !ok:
		return nil, refuse("RESOURCE_NOT_EXISTS", "订单不存在")
	case o.OutTradeNo != "" && pay.OutTradeNo != o.OutTradeNo:
		return nil, refuse("PARAM_ERROR", "transaction_id与out_trade_no不匹配")
	}
	return pay, nil
}

// room tells whether pay can bear the refund.
func (s *Server) room(pay *Payment, o order, now time.Time) *problem {
	sum, count := s.book.refunded(pay.TransactionID)
	switch {
	case o.Amount.Total != pay.Total:
		return refuse("INVALID_REQUEST", "订单金额与原订单不一致，请核实后再试")
	case now.After(pay.PaidAt.AddDate(1, 0, 0)):
		return refuse("INVALID_REQUEST", "订单已超过一年，不能退款")
	case sum >= pay.Total:
		return refuse("INVALID_REQUEST", "订单已全额退款")
	case count >= maxPartial:
		return refuse("INVALID_REQUEST", "部分退款次数超过%d次", maxPartial)
	case o.Amount.Refund > pay.Total-sum:
		return refuse("INVALID_REQUEST", "退款金额大于可退金额")
	}
	// A request that waited for the lock may carry an earlier time than the refund before it: without a gap that is no reason to refuse.
	gap, drawn := s.cfg.Limits.Gap, s.book.drawn[pay.TransactionID]
	if gap > 0 && len(drawn) > 0 && now.Sub(drawn[len(drawn)-1].CreateTime) < gap {
		return refuse("FREQUENCY_LIMITED", "同一订单多次退款需间隔1分钟")
	}
	if b := s.book.balance.Available; b != nil && *b < o.Amount.Refund {
		return refuse("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
	}
	return nil
}

// plan decides what a processing refund will become, and when.
func (s *Server) plan(r *Refund, now time.Time) []ruleCounts {
	rule, counts := s.book.strike(outcome, target{outRefundNo: r.OutRefundNo, transactionID: r.TransactionID})
	s.schedule(r, s.book.behaviour.Outcome, now)
	if rule == nil {
		return counts
	}
	switch rule.Kind {
	case BecomeAbnormal:
		r.Outcome = Abnormal
	case BecomeClosed:
		r.Outcome = Closed
	case StayProcessing:
		r.SettleAt = time.Time{}
	}
	if rule.DelayMS > 0 {
		r.SettleAt = now.Add(time.Duration(rule.DelayMS) * time.Millisecond)
	}
	return counts
}

// schedule lets r become to after the usual time.
func (s *Server) schedule(r *Refund, to Status, now time.Time) {
	r.Outcome, r.SettleAt = to, time.Time{}
	if after := s.book.behaviour.SettleAfterMS; after >= 0 {
		r.SettleAt = now.Add(time.Duration(after) * time.Millisecond)
	}
}

// turn moves r to a status and adds what follows from it: the ledger line, money given back, the callback. Called with mu held.
func (s *Server) turn(e entry, r *Refund, to Status, now time.Time) entry {
	r.Status, r.SettleAt = to, time.Time{}
	e.Refund = r
	switch to {
	case Success:
		r.SuccessTime = now
		m := Money{Seq: int64(len(s.book.money)) + 1, At: now, OutRefundNo: r.OutRefundNo, RefundID: r.RefundID, TransactionID: r.TransactionID,
			Amount: r.Amount, To: "user"}
		if r.ToMerchant {
			m.To = "merchant_card"
		}
		e.Money = &m
	case Closed:
		b := s.book.balance.Available
		if e.Balance != nil {
			b = e.Balance.Available
		}
		if b != nil {
			back := *b + r.Amount
			e.Balance = &Balance{Available: &back}
		}
	}
	var counts []ruleCounts
	e.Callback, counts = s.callbackFor(r, now)
	e.Fired = append(e.Fired, counts...)
	return e
}

// errMove says that a refund is not where the caller thinks.
var errMove = errors.New("the refund cannot go there")

// advance moves a refund by hand or by time. Called with mu held.
func (s *Server) advance(r *Refund, to Status, now time.Time) error {
	if !r.may(to) {
		return fmt.Errorf("%w: %s is %s, not on the way to %s", errMove, r.OutRefundNo, r.Status, to)
	}
	moved := *r
	if _, err := s.commit(s.turn(entry{}, &moved, to, now)); err != nil {
		return err
	}
	s.nudge()
	return nil
}

// settleDue settles what is due, so that a query is right even when Run is not running. Called with mu held.
func (s *Server) settleDue(now time.Time) error {
	var due []*Refund
	for _, r := range s.book.unsettled {
		if !r.SettleAt.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *Refund) int {
		return cmp.Or(a.SettleAt.Compare(b.SettleAt), strings.Compare(a.RefundID, b.RefundID))
	})
	for _, r := range due {
		if err := s.advance(r, r.Outcome, now); err != nil {
			return err
		}
	}
	return nil
}

// abnormalOrder is the body of apply-abnormal-refund.
type abnormalOrder struct {
	OutRefundNo string `json:"out_refund_no"`
	Type        string `json:"type"`
	BankType    string `json:"bank_type"`
	BankAccount string `json:"bank_account"`
	RealName    string `json:"real_name"`
}

// applyAbnormal is POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund.
func (s *Server) applyAbnormal(c *call) reply {
	var o abnormalOrder
	if p := decode(c.body, &o); p != nil {
		return bad(p)
	}
	if p := s.checkAbnormal(o, c.r.Header.Get("Wechatpay-Serial")); p != nil {
		return bad(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.book.byID[c.r.PathValue("refund_id")]
	switch {
	case !ok:
		return bad(refuse("RESOURCE_NOT_EXISTS", "退款单不存在"))
	case known.OutRefundNo != o.OutRefundNo:
		return bad(badParameter("out_refund_no", "与refund_id不匹配"))
	case known.Status != Abnormal:
		return bad(refuse("INVALID_REQUEST", "退款单状态不是退款异常"))
	}
	r := *known
	r.Status, r.ToMerchant = Processing, o.Type == "MERCHANT_BANK_CARD"
	s.schedule(&r, Success, c.now) // what made it abnormal is what this call repairs: no rule, no default
	e := entry{Refund: &r}
	if !r.SettleAt.IsZero() && !r.SettleAt.After(c.now) {
		e = s.turn(e, &r, r.Outcome, c.now)
	}
	if _, err := s.commit(e); err != nil {
		return bad(refuse("SYSTEM_ERROR", "%v", err))
	}
	s.nudge()
	return good(r.view())
}

func (s *Server) checkAbnormal(o abnormalOrder, serial string) *problem {
	switch {
	case !goodRefundNo(o.OutRefundNo):
		return badParameter("out_refund_no", "需要1到64个字符，只能是数字、大小写字母_-|*@")
	case o.Type == "MERCHANT_BANK_CARD":
		return nil
	case o.Type != "USER_BANK_CARD":
		return badParameter("type", "只能是USER_BANK_CARD或MERCHANT_BANK_CARD")
	case o.BankType == "" || len(o.BankType) > 16:
		return badParameter("bank_type", "退款至用户时必填")
	}
	key := s.keys.Platform
	if serial == s.keys.PublicKeyID {
		key = s.keys.Public
	}
	for field, text := range map[string]string{"bank_account": o.BankAccount, "real_name": o.RealName} {
		sealed, err := base64.StdEncoding.DecodeString(text)
		if err != nil || text == "" {
			return badParameter(field, "退款至用户时必填，需要加密后的base64")
		}
		//nolint:gosec // SHA-1 is the vendor's choice
		if _, err := rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil); err != nil {
			return badParameter(field, "解密失败")
		}
	}
	return nil
}
