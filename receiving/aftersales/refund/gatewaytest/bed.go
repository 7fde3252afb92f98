package gatewaytest

import (
	"net/http"
	"testing"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// Fault is something that goes wrong with the next call only.
type Fault string

const (
	LostBefore   Fault = "lost_before"   // the connection breaks before the request is read
	LostAfter    Fault = "lost_after"    // the refund is taken on, the reply is lost
	Hang         Fault = "hang"          // nothing happens and no reply comes until the caller gives up
	HangAfter    Fault = "hang_after"    // the refund is taken on, no reply comes until the caller gives up
	ServerError  Fault = "server_error"  // 5xx, nothing taken on
	BadSignature Fault = "bad_signature" // the refund is taken on, the 2xx is signed wrongly
	NoSignature  Fault = "no_signature"  // the refund is taken on, the 2xx is not signed
	ForgedAbsent Fault = "forged_absent" // "no such refund" that the other side never said
	Limited      Fault = "limited"       // too many requests, nothing taken on
	NotEnough    Fault = "not_enough"    // the merchant's balance is too low, nothing taken on
	Refused      Fault = "refused"       // wrong for good, nothing taken on
)

// Bed is a gateway under test and its other side. Key names must not have been used on this bed before.
type Bed interface {
	Gateway() refund.Gateway
	Notifier() refund.Notifier // nil if the gateway does not call back
	// Request makes a valid request against a captured payment of 10000 minor units that is the same for every key of one Bed.
	Request(key string, amountMinor int64) refund.Request
	Arm(Fault)
	// Settle finishes the accepted refund of key: Done, Rejected (closed) or Held (needs a person).
	Settle(key string, as refund.Effect)
	// Refunded is how much the other side has taken on under key, in all.
	Refunded(key string) int64
	// Notice is what the other side would deliver now about key; each call has its own message id. skew moves the time it claims to be signed at.
	Notice(key string, skewSeconds int64) (http.Header, []byte)
}

// Make builds a fresh bed for one subtest.
type Make func(t *testing.T) Bed
