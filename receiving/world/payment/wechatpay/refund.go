package wechatpay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

const refundsPath = "/v3/refund/domestic/refunds"

var keyForm = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

// maxReason is WeChat's limit, in bytes.
const maxReason = 80

// request is the body of POST refunds. The order of the fields is the order of the bytes, so that one Request always gives one body.
type request struct {
	TransactionID string        `json:"transaction_id,omitempty"`
	OutTradeNo    string        `json:"out_trade_no,omitempty"`
	OutRefundNo   string        `json:"out_refund_no"`
	Reason        string        `json:"reason,omitempty"`
	NotifyURL     string        `json:"notify_url,omitempty"`
	Amount        requestAmount `json:"amount"`
}

type requestAmount struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// Prepare makes the body of a refund. It refuses here what WeChat would refuse there.
func (g *Gateway) Prepare(r refund.Request) ([]byte, error) {
	switch {
	case !keyForm.MatchString(r.Key):
		return nil, fault.New(fault.Invalid, "refund_key_form", "a refund number has 1 to 64 of 0-9 A-Z a-z _ - | * @")
	case r.TransactionID == "" && r.OutTradeNo == "":
		return nil, fault.New(fault.Invalid, "payment_number_missing", "the payment has neither a transaction number nor a number of ours")
	case r.AmountMinor <= 0 || r.AmountMinor > r.TotalMinor:
		return nil, fault.New(fault.Invalid, "refund_amount", "cannot refund %d of %d", r.AmountMinor, r.TotalMinor)
	case r.Currency != "CNY":
		return nil, fault.New(fault.Invalid, "refund_currency", "WeChat Pay refunds CNY only, not %q", r.Currency)
	case strings.ContainsAny(r.NotifyURL, "?#"):
		return nil, fault.New(fault.Invalid, "notify_url", "the address for notices may not carry parameters")
	}
	q := request{
		OutRefundNo: r.Key, Reason: clip(r.Reason, maxReason), NotifyURL: r.NotifyURL,
		Amount: requestAmount{Refund: r.AmountMinor, Total: r.TotalMinor, Currency: r.Currency},
	}
	// One of the two identifies the payment; WeChat's own number cannot be ambiguous.
	if q.TransactionID = r.TransactionID; q.TransactionID == "" {
		q.OutTradeNo = r.OutTradeNo
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("write refund body: %w", err)
	}
	return body, nil
}

// clip shortens s to at most n bytes without breaking a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n]
	for len(s) > 0 {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size > 1 {
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// Send posts the stored body.
func (g *Gateway) Send(ctx context.Context, body []byte) refund.Result {
	var q request
	if err := json.Unmarshal(body, &q); err != nil || !keyForm.MatchString(q.OutRefundNo) {
		return refund.Result{Effect: refund.Held, Code: "stored_body", Message: "the stored body is not a WeChat Pay refund; nothing was sent"}
	}
	r, lost, ok := g.call(ctx, "POST", refundsPath, body)
	if !ok {
		return lost
	}
	if r.status >= 200 && r.status < 300 {
		return answer(r, q.OutRefundNo, q.Amount.Refund)
	}
	return failure(r, sendClasses, refund.Held)
}

// Query asks what became of the request's number.
func (g *Gateway) Query(ctx context.Context, q refund.Request) refund.Result {
	r, lost, ok := g.call(ctx, "GET", refundsPath+"/"+url.PathEscape(q.Key), nil)
	if !ok {
		return lost
	}
	if r.status >= 200 && r.status < 300 {
		return answer(r, q.Key, q.AmountMinor)
	}
	return failure(r, queryClasses, refund.Unknown)
}

// entity is a refund as WeChat tells it, in replies and inside notices (which name the status refund_status).
type entity struct {
	RefundID      string       `json:"refund_id"`
	OutRefundNo   string       `json:"out_refund_no"`
	TransactionID string       `json:"transaction_id"`
	OutTradeNo    string       `json:"out_trade_no"`
	SuccessTime   string       `json:"success_time"`
	Status        string       `json:"status"`
	RefundStatus  string       `json:"refund_status"`
	MchID         string       `json:"mchid"`
	Amount        entityAmount `json:"amount"`
}

type entityAmount struct {
	Total    int64  `json:"total"`
	Refund   int64  `json:"refund"`
	Currency string `json:"currency"`
}

// answer judges a 2xx reply.
func answer(r reply, key string, amount int64) refund.Result {
	res := refund.Result{Effect: refund.Unknown, Raw: redact(r.body), RetryAfter: r.retryAfter}
	// A 2xx without a valid signature is forged or damaged: it proves nothing, not even that the request arrived.
	if !r.trusted {
		res.Code, res.Message = "bad_signature", "the reply is not signed by WeChat Pay ("+r.why+")"
		return res
	}
	var e entity
	if err := json.Unmarshal(r.body, &e); err != nil {
		res.Code, res.Message = "unreadable_reply", "the reply cannot be read"
		return res
	}
	if e.OutRefundNo != key {
		res.Code, res.Message = "other_refund", "the reply is about another refund"
		return res
	}
	if e.Amount.Refund != amount {
		return refund.Result{Effect: refund.Held, ExternalID: e.RefundID, Code: "amount_differs", Raw: res.Raw,
			Message: fmt.Sprintf("WeChat Pay holds %d under this number, we hold %d", e.Amount.Refund, amount)}
	}
	return e.result(e.Status, res.Raw)
}

// result turns the entity's state into an effect.
func (e entity) result(status string, raw []byte) refund.Result {
	res := refund.Result{ExternalID: e.RefundID, Code: status, Raw: raw}
	c, known := statuses[status]
	if !known {
		res.Effect, res.Message = refund.Unknown, "WeChat Pay names a state that is not known here"
		return res
	}
	if c.effect == refund.Done && e.RefundID == "" {
		res.Effect, res.Code, res.Message = refund.Unknown, "no_refund_id", "WeChat Pay calls it paid but gives no number"
		return res
	}
	res.Effect, res.Message = c.effect, c.advice
	if t, err := time.Parse(time.RFC3339, e.SuccessTime); err == nil && c.effect == refund.Done {
		res.SettledAt = t.UTC()
	}
	return res
}
