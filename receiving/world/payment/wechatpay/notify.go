package wechatpay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// maxNotice bounds the body of a notice.
const maxNotice = 64 << 10

// envelope is a notice before it is opened.
type envelope struct {
	ID           string `json:"id"`
	ResourceType string `json:"resource_type"`
	EventType    string `json:"event_type"`
	Resource     struct {
		Algorithm      string `json:"algorithm"`
		OriginalType   string `json:"original_type"`
		Ciphertext     string `json:"ciphertext"`
		Nonce          string `json:"nonce"`
		AssociatedData string `json:"associated_data"`
	} `json:"resource"`
}

// events names the refund events and the state that each must carry.
var events = map[string]string{"REFUND.SUCCESS": "SUCCESS", "REFUND.ABNORMAL": "ABNORMAL", "REFUND.CLOSED": "CLOSED"}

// ParseNotify verifies the raw bytes, opens the sealed part and reads it, in this order.
func (g *Gateway) ParseNotify(_ context.Context, h http.Header, body []byte) (refund.Notice, error) {
	var n refund.Notice
	if len(body) > maxNotice {
		return n, fault.New(fault.TooLarge, "notice_too_large", "a notice has at most %d bytes", maxNotice)
	}
	if err := g.verify(h, body); err != nil {
		return n, fault.New(fault.Unauthenticated, "notice_unverified", "the notice is not from WeChat Pay: %w", err)
	}
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil || env.ID == "" {
		return n, fault.New(fault.Invalid, "notice_unreadable", "the notice is not the JSON that WeChat Pay sends")
	}
	want, known := events[env.EventType]
	if !known || env.Resource.OriginalType != "refund" {
		return n, fault.New(fault.Invalid, "notice_other_event", "the notice is about %q, not about a refund", env.EventType)
	}
	plain, err := g.open(env)
	if err != nil {
		return n, err
	}
	var e entity
	if err := json.Unmarshal(plain, &e); err != nil || e.OutRefundNo == "" || e.RefundID == "" || e.Amount.Refund <= 0 {
		return n, fault.New(fault.Invalid, "notice_unreadable", "the opened notice is not a refund")
	}
	if e.MchID != "" && e.MchID != g.signer.mchID {
		return n, fault.New(fault.Denied, "notice_other_merchant", "the notice is for another merchant")
	}
	status := e.RefundStatus
	if status == "" {
		status = e.Status
	}
	if status != want {
		return n, fault.New(fault.Invalid, "notice_contradicts", "the event says %s, the refund says %q", want, status)
	}
	currency := e.Amount.Currency
	if currency == "" { // notices leave it out: WeChat Pay refunds in CNY only
		currency = "CNY"
	}
	return refund.Notice{
		MessageID: env.ID, Event: env.EventType, Key: e.OutRefundNo, Result: e.result(status, redact(plain)),
		TransactionID: e.TransactionID, OutTradeNo: e.OutTradeNo,
		AmountMinor: e.Amount.Refund, TotalMinor: e.Amount.Total, Currency: currency,
	}, nil
}

func (g *Gateway) open(env envelope) ([]byte, error) {
	if env.Resource.Algorithm != "AEAD_AES_256_GCM" {
		return nil, fault.New(fault.Invalid, "notice_algorithm", "the notice is sealed with %q", env.Resource.Algorithm)
	}
	sealed, err := base64.StdEncoding.DecodeString(env.Resource.Ciphertext)
	if err != nil || len(env.Resource.Nonce) != g.aead.NonceSize() {
		return nil, fault.New(fault.Invalid, "notice_unreadable", "the sealed part has an odd form")
	}
	plain, err := g.aead.Open(nil, []byte(env.Resource.Nonce), sealed, []byte(env.Resource.AssociatedData))
	if err != nil {
		// Verified but not to be opened: the APIv3 key here is not the one at WeChat Pay. 5xx, so that WeChat delivers again after it was put right.
		return nil, fault.New(fault.Unavailable, "notice_sealed", "the notice is genuine but the APIv3 key does not open it: check the key")
	}
	return plain, nil
}

// redact drops the buyer's receiving account from what is kept. What is no JSON object is not kept at all.
func redact(plain []byte) []byte {
	var m map[string]json.RawMessage
	if json.Unmarshal(plain, &m) != nil {
		return nil
	}
	delete(m, "user_received_account")
	out, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return out
}

// Ack answers WeChat: 204 once the notice is stored; anything else makes it deliver again for about a day.
func (g *Gateway) Ack(err error) (int, []byte) {
	if err == nil {
		return http.StatusNoContent, nil
	}
	f := fault.Of(err)
	status := http.StatusInternalServerError
	switch f.Kind {
	case fault.Unauthenticated:
		status = http.StatusUnauthorized
	case fault.Invalid, fault.Denied, fault.TooLarge:
		status = http.StatusBadRequest
	}
	// The code only: what exactly was wrong with a forged message is not the forger's business.
	body, _ := json.Marshal(problem{Code: "FAIL", Message: strings.ReplaceAll(f.Code, "_", " ")})
	return status, body
}
