package gatewaytest

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

const amount = 2500

// giveUp is how long the suite waits for a side that hangs.
const giveUp = 250 * time.Millisecond

// Exercise runs the whole contract against the gateway that mk builds.
func Exercise(t *testing.T, mk Make) {
	t.Run("prepare", func(t *testing.T) { prepare(t, mk(t)) })
	t.Run("one key refunds once", func(t *testing.T) { once(t, mk(t)) })
	t.Run("two keys refund twice", func(t *testing.T) { twoKeys(t, mk(t)) })
	t.Run("accepted becomes done by query", func(t *testing.T) {
		settles(t, mk(t), refund.Done)
	})
	t.Run("closed is rejected", func(t *testing.T) { settles(t, mk(t), refund.Rejected) })
	t.Run("abnormal is held", func(t *testing.T) { settles(t, mk(t), refund.Held) })
	t.Run("query of nothing is absent", func(t *testing.T) {
		b := mk(t)
		want(t, b.Gateway().Query(t.Context(), b.Request("none", amount)), refund.Unknown, true)
	})
	for f, taken := range map[Fault]bool{
		LostBefore: false, LostAfter: true, Hang: false, HangAfter: true, ServerError: false, BadSignature: true, NoSignature: true, Limited: false,
	} {
		t.Run("send: "+string(f)+" is unknown", func(t *testing.T) { unknown(t, mk(t), f, taken) })
		t.Run("query: "+string(f)+" proves nothing", func(t *testing.T) { queryProvesNothing(t, mk(t), f) })
	}
	t.Run("forged absence proves nothing", func(t *testing.T) { queryProvesNothing(t, mk(t), ForgedAbsent) })
	t.Run("forged refusal frees nothing", func(t *testing.T) { forgedRefusal(t, mk(t)) })
	t.Run("limited says when", func(t *testing.T) { limited(t, mk(t)) })
	t.Run("no funds is held and the same body works later", func(t *testing.T) { notEnough(t, mk(t)) })
	t.Run("refused is rejected and absent", func(t *testing.T) { refused(t, mk(t)) })
	t.Run("another amount under the same key is never done", func(t *testing.T) { otherAmount(t, mk(t)) })
	t.Run("foreign body is not sent", func(t *testing.T) {
		b := mk(t)
		want(t, b.Gateway().Send(t.Context(), []byte(`{"a":1}`)), refund.Held, false)
	})
	t.Run("notices", func(t *testing.T) { notices(t, mk) })
}

func body(t *testing.T, b Bed, key string) []byte {
	t.Helper()
	raw, err := b.Gateway().Prepare(b.Request(key, amount))
	if err != nil {
		t.Fatalf("prepare %s: %v", key, err)
	}
	return raw
}

func want(t *testing.T, r refund.Result, e refund.Effect, absent bool) {
	t.Helper()
	if r.Effect != e || r.Absent != absent {
		t.Fatalf("got %s absent=%v (%s: %s), want %s absent=%v", r.Effect, r.Absent, r.Code, r.Message, e, absent)
	}
	if r.Effect == refund.Done && r.ExternalID == "" {
		t.Fatal("done without the gateway's number")
	}
	if r.Code == "" {
		t.Fatalf("%s without a code", r.Effect)
	}
}

func took(t *testing.T, b Bed, key string, minor int64) {
	t.Helper()
	if got := b.Refunded(key); got != minor {
		t.Fatalf("the other side refunded %d under %s, want %d", got, key, minor)
	}
}

func prepare(t *testing.T, b Bed) {
	g := b.Gateway()
	first, second := body(t, b, "k1"), body(t, b, "k1")
	if !bytes.Equal(first, second) {
		t.Fatalf("the same request gave two bodies:\n%s\n%s", first, second)
	}
	if !bytes.Contains(first, []byte("k1")) {
		t.Fatalf("the body does not carry the key: %s", first)
	}
	for name, spoil := range map[string]func(*refund.Request){
		"no key":         func(r *refund.Request) { r.Key = "" },
		"key too long":   func(r *refund.Request) { r.Key = strings.Repeat("k", 65) },
		"key of spaces":  func(r *refund.Request) { r.Key = "a b" },
		"zero":           func(r *refund.Request) { r.AmountMinor = 0 },
		"negative":       func(r *refund.Request) { r.AmountMinor = -1 },
		"more than paid": func(r *refund.Request) { r.AmountMinor = r.TotalMinor + 1 },
		"no currency":    func(r *refund.Request) { r.Currency = "" },
		"no payment":     func(r *refund.Request) { r.TransactionID, r.OutTradeNo = "", "" },
	} {
		r := b.Request("k2", amount)
		spoil(&r)
		if raw, err := g.Prepare(r); err == nil {
			t.Errorf("%s: prepared %s", name, raw)
		}
	}
}

func once(t *testing.T, b Bed) {
	raw := body(t, b, "k1")
	for range 3 {
		want(t, b.Gateway().Send(t.Context(), raw), refund.Accepted, false)
	}
	took(t, b, "k1", amount)
}

func twoKeys(t *testing.T, b Bed) {
	for _, k := range []string{"k1", "k2"} {
		want(t, b.Gateway().Send(t.Context(), body(t, b, k)), refund.Accepted, false)
		took(t, b, k, amount)
	}
}

func settles(t *testing.T, b Bed, as refund.Effect) {
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), refund.Accepted, false)
	r := b.Gateway().Query(t.Context(), b.Request("k1", amount))
	want(t, r, refund.Accepted, false)
	b.Settle("k1", as)
	r = b.Gateway().Query(t.Context(), b.Request("k1", amount))
	want(t, r, as, false)
	if as == refund.Done && r.SettledAt.IsZero() {
		t.Fatal("done, but not when")
	}
	// A late second send of the same body must neither move money again nor tell another story.
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), as, false)
	took(t, b, "k1", amount)
}

func hurried(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	t.Cleanup(cancel)
	return ctx
}

func unknown(t *testing.T, b Bed, f Fault, taken bool) {
	// The connection is warm when the fault strikes: HTTP clients like to repeat a request on a kept connection that broke, and must not here.
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k0")), refund.Accepted, false)
	raw := body(t, b, "k1")
	b.Arm(f)
	want(t, b.Gateway().Send(hurried(t), raw), refund.Unknown, false)
	q := b.Gateway().Query(t.Context(), b.Request("k1", amount))
	if taken {
		want(t, q, refund.Accepted, false)
		took(t, b, "k1", amount)
	} else {
		want(t, q, refund.Unknown, true)
		took(t, b, "k1", 0)
	}
	want(t, b.Gateway().Send(t.Context(), raw), refund.Accepted, false)
	took(t, b, "k1", amount)
}

func queryProvesNothing(t *testing.T, b Bed, f Fault) {
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), refund.Accepted, false)
	b.Arm(f)
	want(t, b.Gateway().Query(hurried(t), b.Request("k1", amount)), refund.Unknown, false)
	want(t, b.Gateway().Query(t.Context(), b.Request("k1", amount)), refund.Accepted, false)
}

func forgedRefusal(t *testing.T, b Bed) {
	b.Arm(ForgedAbsent)
	r := b.Gateway().Send(t.Context(), body(t, b, "k1"))
	if r.Effect == refund.Rejected || r.Absent {
		t.Fatalf("an unsigned refusal was believed: %s (%s)", r.Effect, r.Code)
	}
}

func limited(t *testing.T, b Bed) {
	b.Arm(Limited)
	r := b.Gateway().Send(t.Context(), body(t, b, "k1"))
	want(t, r, refund.Unknown, false)
	if r.RetryAfter <= 0 {
		t.Fatal("limited, but no word on when to try again")
	}
}

func notEnough(t *testing.T, b Bed) {
	raw := body(t, b, "k1")
	b.Arm(NotEnough)
	want(t, b.Gateway().Send(t.Context(), raw), refund.Held, false)
	want(t, b.Gateway().Query(t.Context(), b.Request("k1", amount)), refund.Unknown, true)
	want(t, b.Gateway().Send(t.Context(), raw), refund.Accepted, false)
	took(t, b, "k1", amount)
}

func refused(t *testing.T, b Bed) {
	b.Arm(Refused)
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), refund.Rejected, false)
	want(t, b.Gateway().Query(t.Context(), b.Request("k1", amount)), refund.Unknown, true)
	took(t, b, "k1", 0)
}

func otherAmount(t *testing.T, b Bed) {
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), refund.Accepted, false)
	b.Settle("k1", refund.Done)
	if r := b.Gateway().Query(t.Context(), b.Request("k1", amount+1)); r.Effect == refund.Done || r.Absent {
		t.Fatalf("a refund of another amount was taken for ours: %s", r.Effect)
	}
	raw, err := b.Gateway().Prepare(b.Request("k1", amount+1))
	if err != nil {
		t.Fatal(err)
	}
	if r := b.Gateway().Send(t.Context(), raw); r.Effect == refund.Done || r.Effect == refund.Accepted {
		t.Fatalf("another amount under the same key was taken on: %s", r.Effect)
	}
	took(t, b, "k1", amount)
}
