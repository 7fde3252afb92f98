package refund

import (
	"context"
	"net/http"
	"time"
)

// Effect is what is known about a refund after a call. The zero value is Unknown: whoever forgets to say more has proved nothing.
type Effect int

const (
	Unknown  Effect = iota // time-out, connection lost, 5xx, bad signature: query before sending again
	Accepted               // taken on, not finished
	Done                   // finished, money moved
	Rejected               // will not happen under this key
	Held                   // waits for a person or for funds, same key
)

var effectNames = [...]string{"unknown", "accepted", "done", "rejected", "held"}

func (e Effect) String() string {
	if e < 0 || int(e) >= len(effectNames) {
		return "invalid"
	}
	return effectNames[e]
}

// Result is the answer of a gateway. There is no error beside it: everything that can go wrong is one of the five effects.
type Result struct {
	Effect     Effect
	Absent     bool          // the other side says, verifiably, that it holds no refund under this key; never together with Accepted or Done
	ExternalID string        // the gateway's own number
	Code       string        // the gateway's code or, in lower case, ours
	Message    string        // for the operator; holds no secret and no buyer data
	RetryAfter time.Duration // not before this; 0 = as the engine likes
	SettledAt  time.Time     // when the money moved, zero unless Done and told
	Raw        []byte        // the body as received, for the record
}

// Request is one refund as the engine wants it. Amounts are minor units of Currency.
type Request struct {
	Key           string // our number, unique for ever: 1–64 of [0-9A-Za-z_-|*@]
	TransactionID string // the gateway's number of the payment; this or OutTradeNo
	OutTradeNo    string // our number of the payment
	AmountMinor   int64  // to refund
	TotalMinor    int64  // of the payment
	Currency      string // ISO 4217
	Reason        string // shown to the buyer
	NotifyURL     string // where the gateway shall report; may be empty
}

// Gateway sends refunds by one payment method.
//
// Prepare is pure: the same request gives the same bytes, which the engine stores. Send transmits exactly those bytes, once per call. Query asks what
// became of the request's key.
type Gateway interface {
	Prepare(Request) ([]byte, error)
	Send(ctx context.Context, body []byte) Result
	Query(ctx context.Context, r Request) Result
}

// Notice is a verified message of a gateway about one refund.
type Notice struct {
	MessageID     string // dedupe by this
	Event         string // the gateway's name of the event
	Key           string // our number; of a refund made elsewhere, whatever number that had
	Result        Result
	TransactionID string
	OutTradeNo    string
	AmountMinor   int64
	TotalMinor    int64
	Currency      string
}

// Notifier is the extra power of a gateway that calls back.
//
// ParseNotify verifies the raw bytes before it reads them; an error means that nothing in the message may be believed. Ack says what to answer after
// the message was stored (nil) or was not (the error).
type Notifier interface {
	ParseNotify(ctx context.Context, header http.Header, body []byte) (Notice, error)
	Ack(err error) (status int, body []byte)
}
