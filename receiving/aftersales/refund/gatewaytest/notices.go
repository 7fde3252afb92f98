package gatewaytest

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// notices runs the part of the contract that only a gateway that calls back has.
func notices(t *testing.T, mk Make) {
	if mk(t).Notifier() == nil {
		return
	}
	for name, as := range map[string]refund.Effect{"done": refund.Done, "closed": refund.Rejected, "abnormal": refund.Held} {
		t.Run(name, func(t *testing.T) { genuine(t, settled(t, mk, as), as) })
	}
	t.Run("every changed byte is refused", func(t *testing.T) { tampered(t, settled(t, mk, refund.Done)) })
	t.Run("every missing header is refused", func(t *testing.T) { headless(t, settled(t, mk, refund.Done)) })
	t.Run("a header of another notice is refused", func(t *testing.T) {
		b := settled(t, mk, refund.Done)
		h, _ := b.Notice("k1", 0)
		_, raw := b.Notice("k1", 0)
		refuses(t, b, h, raw)
	})
	t.Run("outside the window is refused", func(t *testing.T) {
		b := settled(t, mk, refund.Done)
		for _, skew := range []int64{-3600, -301, 301, 3600} {
			h, raw := b.Notice("k1", skew)
			refuses(t, b, h, raw)
		}
		h, raw := b.Notice("k1", -200)
		if _, err := b.Notifier().ParseNotify(t.Context(), h, raw); err != nil {
			t.Fatalf("200 s late is in time: %v", err)
		}
	})
}

func settled(t *testing.T, mk Make, as refund.Effect) Bed {
	t.Helper()
	b := mk(t)
	want(t, b.Gateway().Send(t.Context(), body(t, b, "k1")), refund.Accepted, false)
	b.Settle("k1", as)
	return b
}

func genuine(t *testing.T, b Bed, as refund.Effect) {
	h, raw := b.Notice("k1", 0)
	n, err := b.Notifier().ParseNotify(t.Context(), h, raw)
	if err != nil {
		t.Fatalf("a genuine notice was refused: %v", err)
	}
	want(t, n.Result, as, false)
	r := b.Request("k1", amount)
	if n.Key != "k1" || n.AmountMinor != amount || n.TotalMinor != r.TotalMinor || n.Currency != r.Currency {
		t.Fatalf("the notice says %+v", n)
	}
	if n.MessageID == "" || n.Event == "" || n.Result.ExternalID == "" {
		t.Fatalf("the notice lacks a name: %+v", n)
	}
	if n.TransactionID != r.TransactionID && n.OutTradeNo != r.OutTradeNo {
		t.Fatalf("the notice is about payment %s/%s", n.TransactionID, n.OutTradeNo)
	}
	again, err := b.Notifier().ParseNotify(t.Context(), h, raw)
	if err != nil || again.MessageID != n.MessageID {
		t.Fatalf("delivered again it reads %q, %v", again.MessageID, err)
	}
	h, raw = b.Notice("k1", 0)
	if other, err := b.Notifier().ParseNotify(t.Context(), h, raw); err != nil || other.MessageID == n.MessageID {
		t.Fatalf("another message has the same id %q, %v", other.MessageID, err)
	}
	if status, _ := b.Notifier().Ack(nil); status != 200 && status != 204 {
		t.Fatalf("a stored notice is answered %d", status)
	}
}

func refuses(t *testing.T, b Bed, h http.Header, raw []byte) {
	t.Helper()
	n, err := b.Notifier().ParseNotify(t.Context(), h, raw)
	if err == nil {
		t.Fatalf("believed: %+v", n)
	}
	if n.MessageID != "" || n.Key != "" {
		t.Fatalf("refused, but still told: %+v", n)
	}
	if status, _ := b.Notifier().Ack(err); status < 400 || status > 499 {
		t.Fatalf("a forged notice is answered %d", status)
	}
}

func tampered(t *testing.T, b Bed) {
	h, raw := b.Notice("k1", 0)
	for i := 0; i < len(raw); i += 7 {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		refuses(t, b, h, bad)
	}
	refuses(t, b, h, append(bytes.Clone(raw), ' '))
	refuses(t, b, h, raw[:len(raw)-1])
	refuses(t, b, h, nil)
}

func headless(t *testing.T, b Bed) {
	h, raw := b.Notice("k1", 0)
	refused := 0
	for name := range h {
		less := h.Clone()
		less.Del(name)
		if _, err := b.Notifier().ParseNotify(t.Context(), less, raw); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Fatal("no header is needed: the notice is not verified")
	}
	refuses(t, b, http.Header{}, raw)
}
