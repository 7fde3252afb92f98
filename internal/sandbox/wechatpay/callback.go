package wechatpay

import (
	"encoding/json"
	"fmt"
	"time"
)

// CallbackState of a callback.
type CallbackState string

const (
	CallbackPending   CallbackState = "pending"
	CallbackDelivered CallbackState = "delivered"
	CallbackGivenUp   CallbackState = "given_up" // every delivery failed
	CallbackLost      CallbackState = "lost"     // a rule swallowed it
)

// VendorBackoff is the vendor's schedule of redeliveries: 15 more tries over about a day.
var VendorBackoff = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	30 * time.Minute, 60 * time.Minute, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// Callback is one notice to the merchant, delivered until 2xx or until the schedule ends. Its ID stays the same over all deliveries.
type Callback struct {
	ID          string          `json:"id"`
	OutRefundNo string          `json:"out_refund_no"`
	EventType   string          `json:"event_type"`
	URL         string          `json:"url"`
	CreateTime  time.Time       `json:"create_time"`
	Resource    json.RawMessage `json:"resource"` // in the clear
	State       CallbackState   `json:"state"`
	NextAt      time.Time       `json:"next_at"`
	Behind      bool            `json:"behind,omitempty"` // reordered: waits for a later one, at most until NextAt
	Copies      int             `json:"copies,omitempty"` // deliveries still to make in spite of 2xx
	Tries       int             `json:"tries"`            // failed deliveries
	Deliveries  []Delivery      `json:"deliveries,omitempty"`
}

// Delivery is one POST to the merchant.
type Delivery struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0: no answer
	Error  string    `json:"error,omitempty"`
	Fault  Kind      `json:"fault,omitempty"`
}

var eventOf = map[Status]string{Success: "REFUND.SUCCESS", Abnormal: "REFUND.ABNORMAL", Closed: "REFUND.CLOSED"}
var summaryOf = map[Status]string{Success: "退款成功", Abnormal: "退款异常", Closed: "退款关闭"}

// callbackFor makes the notice of what r has just become, or nil when nobody wants one. The ID follows from the refund, so that replays agree.
func (s *Server) callbackFor(r *Refund, now time.Time) (*Callback, []ruleCounts) {
	url := r.NotifyURL
	if url == "" {
		url = s.cfg.Notify
	}
	if url == "" || !s.book.behaviour.Callbacks || eventOf[r.Status] == "" {
		return nil, nil
	}
	resource, err := json.Marshal(r.notice(s.keys.MchID))
	if err != nil {
		panic(fmt.Sprintf("wechatpay: encode notice: %v", err)) // plain strings and numbers
	}
	r.Callbacks++
	c := &Callback{
		ID: fmt.Sprintf("EV-%s-%d", r.RefundID, r.Callbacks), OutRefundNo: r.OutRefundNo, EventType: eventOf[r.Status], URL: url, CreateTime: now,
		Resource: resource, State: CallbackPending, NextAt: now,
	}
	rule, counts := s.book.strike(callback, target{outRefundNo: r.OutRefundNo, transactionID: r.TransactionID})
	if rule == nil {
		return c, counts
	}
	switch rule.Kind {
	case LostCallback:
		c.State = CallbackLost
	case DuplicateCallback:
		c.Copies = max(rule.Copies, 2) - 1
	case ReorderCallback:
		hold := 5 * time.Second
		if rule.DelayMS > 0 {
			hold = time.Duration(rule.DelayMS) * time.Millisecond
		}
		c.Behind, c.NextAt = true, now.Add(hold)
	}
	return c, counts
}
