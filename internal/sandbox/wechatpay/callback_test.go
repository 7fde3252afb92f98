package wechatpay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

// notice is what the merchant's server made of one callback.
type notice struct {
	id, event, no, status string
	proved, opened        bool
	probe                 bool
}

// inbox is the merchant's server: it verifies, decrypts and answers what `answer` says.
type inbox struct {
	*httptest.Server
	got chan notice
}

func newInbox(t *testing.T, answer func(n notice, nth int) int) *inbox {
	t.Helper()
	in := &inbox{got: make(chan notice, 100)}
	m := newMerchant(t, "")
	count := make(chan int, 1)
	count <- 0
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		n := m.read(r.Header, raw)
		nth := <-count
		status := answer(n, nth)
		count <- nth + 1
		w.WriteHeader(status)
		in.got <- n
	}))
	t.Cleanup(in.Close)
	return in
}

func (m *merchant) read(h http.Header, raw []byte) notice {
	var e struct {
		ID        string `json:"id"`
		EventType string `json:"event_type"`
		Resource  struct {
			Algorithm, Ciphertext, Nonce string
			AssociatedData               string `json:"associated_data"`
			OriginalType                 string `json:"original_type"`
		} `json:"resource"`
	}
	_ = json.Unmarshal(raw, &e)
	n := notice{id: e.ID, event: e.EventType, proved: m.proved(h, raw) == nil, probe: len(h.Get("Wechatpay-Signature")) > 19 && h.Get("Wechatpay-Signature")[:19] == "WECHATPAY/SIGNTEST/"}
	plain, err := m.open(e.Resource.Nonce, e.Resource.AssociatedData, e.Resource.Ciphertext)
	if err != nil || e.Resource.Algorithm != "AEAD_AES_256_GCM" || e.Resource.OriginalType != "refund" {
		return n
	}
	var inside struct {
		MchID        string `json:"mchid"`
		OutRefundNo  string `json:"out_refund_no"`
		RefundStatus string `json:"refund_status"`
	}
	n.opened = json.Unmarshal(plain, &inside) == nil && inside.MchID == m.mchid
	n.no, n.status = inside.OutRefundNo, inside.RefundStatus
	return n
}

// good answers 200 to what can be trusted, as a merchant must.
func good(n notice, _ int) int {
	if n.proved && n.opened {
		return http.StatusOK
	}
	return http.StatusUnauthorized
}

func (in *inbox) next(t *testing.T) notice {
	t.Helper()
	select {
	case n := <-in.got:
		return n
	case <-time.After(20 * time.Second):
		t.Fatal("no callback came")
		return notice{}
	}
}

// settled waits until the simulator has written down that the refund's callback is in the state.
func (b *bench) settled(t *testing.T, no string, state wechatpay.CallbackState) wechatpay.Callback {
	t.Helper()
	var all struct{ Items []wechatpay.Callback }
	admin(t, b.base, "GET", "/_sim/callbacks?wait=20s&out_refund_no="+no+"&state="+string(state), "", &all)
	if len(all.Items) != 1 {
		t.Fatalf("callbacks of %s in state %s: %+v", no, state, all.Items)
	}
	return all.Items[0]
}

func withInbox(in *inbox, backoff ...time.Duration) func(*wechatpay.Config) {
	return func(c *wechatpay.Config) { c.Notify, c.Backoff = in.URL, backoff }
}

func TestCallbackTellsTheOutcome(t *testing.T) {
	t.Parallel()
	in := newInbox(t, good)
	b := start(t, withInbox(in))
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.BecomeAbnormal, Prefix: "A"}, wechatpay.Rule{Kind: wechatpay.BecomeClosed, Prefix: "C"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ no, event, status string }{
		{"S1", "REFUND.SUCCESS", "SUCCESS"}, {"A1", "REFUND.ABNORMAL", "ABNORMAL"}, {"C1", "REFUND.CLOSED", "CLOSED"},
	} {
		b.refund(t, "TX1", c.no, 100, 1000)
		n := in.next(t)
		if !n.proved || !n.opened || n.event != c.event || n.no != c.no || n.status != c.status {
			t.Errorf("%s: %+v", c.no, n)
		}
		if got := b.settled(t, c.no, wechatpay.CallbackDelivered); len(got.Deliveries) != 1 || got.Deliveries[0].Status != 200 {
			t.Errorf("%s: %+v", c.no, got)
		}
	}
}

func TestNotifyURLOfTheRequestWins(t *testing.T) {
	t.Parallel()
	standard, own := newInbox(t, good), newInbox(t, good)
	b := start(t, withInbox(standard))
	b.pay(t, "TX1", 1000)
	sent := fmt.Sprintf(`{"transaction_id":"TX1","out_refund_no":"R1","notify_url":%q,"amount":{"refund":1,"total":1000,"currency":"CNY"}}`, own.URL+"/hook")
	if a, err := b.call(t.Context(), "POST", refunds, sent); err != nil || a.status != 200 {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	own.next(t)
	if len(standard.got) != 0 {
		t.Fatal("the standard address was called too")
	}
}

func TestRedeliveredUntil2xxUnderOneID(t *testing.T) {
	t.Parallel()
	in := newInbox(t, func(_ notice, nth int) int { return []int{500, 302, 404, 204}[min(nth, 3)] })
	b := start(t, withInbox(in, time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond))
	b.pay(t, "TX1", 1000)
	b.refund(t, "TX1", "R1", 100, 1000)
	first := in.next(t)
	for range 3 {
		if n := in.next(t); n.id != first.id || !n.proved {
			t.Fatalf("first %+v, then %+v", first, n)
		}
	}
	got := b.settled(t, "R1", wechatpay.CallbackDelivered)
	var statuses []int
	for _, d := range got.Deliveries {
		statuses = append(statuses, d.Status)
	}
	if !slices.Equal(statuses, []int{500, 302, 404, 204}) {
		t.Fatalf("deliveries %+v", got.Deliveries)
	}
}

func TestRedeliveryIsBounded(t *testing.T) {
	t.Parallel()
	in := newInbox(t, func(notice, int) int { return 500 })
	b := start(t, withInbox(in, time.Millisecond, time.Millisecond))
	b.pay(t, "TX1", 1000)
	b.refund(t, "TX1", "R1", 100, 1000)
	got := b.settled(t, "R1", wechatpay.CallbackGivenUp)
	if len(got.Deliveries) != 3 {
		t.Fatalf("%+v", got)
	}
}

func TestCallbackSurvivesRestart(t *testing.T) {
	t.Parallel()
	down := true
	in := newInbox(t, func(notice, int) int {
		if down {
			return 503
		}
		return 200
	})
	b := start(t, withInbox(in, time.Hour))
	b.pay(t, "TX1", 1000)
	b.refund(t, "TX1", "R1", 100, 1000)
	in.next(t)
	b.stop() // perhaps before the 503 was written down: then the next start delivers by itself
	down = false
	b.run(t)
	var done struct{ Items []wechatpay.Callback }
	admin(t, b.base, "POST", "/_sim/callbacks/deliver", `{"out_refund_no":"R1"}`, &done)
	b.settled(t, "R1", wechatpay.CallbackDelivered)
	admin(t, b.base, "POST", "/_sim/callbacks/deliver", `{}`, &done)
	if len(done.Items) != 0 {
		t.Fatalf("delivered again unasked: %+v", done.Items)
	}
	admin(t, b.base, "POST", "/_sim/callbacks/deliver", `{"again":true}`, &done)
	if len(done.Items) != 1 {
		t.Fatalf("asked for again: %+v", done.Items)
	}
}

func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule wechatpay.Rule
		want []notice // proved, opened and probe are compared
	}{
		{wechatpay.Rule{Kind: wechatpay.DuplicateCallback}, []notice{{proved: true, opened: true}, {proved: true, opened: true}}},
		{wechatpay.Rule{Kind: wechatpay.DuplicateCallback, Copies: 3}, []notice{{proved: true, opened: true}, {proved: true, opened: true}, {proved: true, opened: true}}},
		{wechatpay.Rule{Kind: wechatpay.WrongKeyCallback, Count: 1}, []notice{{proved: true}, {proved: true, opened: true}}},
		{wechatpay.Rule{Kind: wechatpay.WrongSignCallback, Count: 2}, []notice{{opened: true}, {opened: true}, {proved: true, opened: true}}},
		{wechatpay.Rule{Kind: wechatpay.SigntestCallback, Count: 1}, []notice{{opened: true, probe: true}, {proved: true, opened: true}}},
	} {
		t.Run(fmt.Sprintf("%s %d", c.rule.Kind, c.rule.Copies), func(t *testing.T) {
			t.Parallel()
			in := newInbox(t, good)
			b := start(t, withInbox(in, time.Millisecond, time.Millisecond, time.Millisecond))
			b.pay(t, "TX1", 1000)
			if err := b.SetRules(c.rule); err != nil {
				t.Fatal(err)
			}
			b.refund(t, "TX1", "R1", 100, 1000)
			var ids []string
			for i, want := range c.want {
				n := in.next(t)
				ids = append(ids, n.id)
				if n.proved != want.proved || n.opened != want.opened || n.probe != want.probe {
					t.Errorf("delivery %d: %+v, want %+v", i, n, want)
				}
			}
			if len(slices.Compact(ids)) != 1 {
				t.Errorf("ids differ: %q", ids)
			}
			got := b.settled(t, "R1", wechatpay.CallbackDelivered)
			if len(got.Deliveries) != len(c.want) || len(in.got) != 0 {
				t.Errorf("%d deliveries, want %d", len(got.Deliveries), len(c.want))
			}
		})
	}
}

func TestLostCallbackNeverComes(t *testing.T) {
	t.Parallel()
	in := newInbox(t, good)
	b := start(t, withInbox(in))
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.LostCallback, Count: 1}); err != nil {
		t.Fatal(err)
	}
	b.refund(t, "TX1", "LOST", 100, 1000)
	b.refund(t, "TX1", "KEPT", 100, 1000)
	if n := in.next(t); n.no != "KEPT" {
		t.Fatalf("%+v", n)
	}
	b.settled(t, "KEPT", wechatpay.CallbackDelivered)
	b.settled(t, "LOST", wechatpay.CallbackLost)
	if len(in.got) != 0 {
		t.Fatalf("one more came: %+v", <-in.got)
	}
}

func TestReorderedCallbackComesAfterALaterOne(t *testing.T) {
	t.Parallel()
	in := newInbox(t, good)
	b := start(t, withInbox(in))
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.BecomeAbnormal, Count: 1}, wechatpay.Rule{Kind: wechatpay.ReorderCallback, Count: 1, DelayMS: 3_600_000}); err != nil {
		t.Fatal(err)
	}
	a := b.refund(t, "TX1", "R1", 100, 1000)
	if len(in.got) != 0 {
		t.Fatal("the first one was not held")
	}
	done, err := b.call(t.Context(), "POST", refunds+"/"+a.field("refund_id")+"/apply-abnormal-refund", `{"out_refund_no":"R1","type":"MERCHANT_BANK_CARD"}`)
	if err != nil || done.field("status") != "SUCCESS" {
		t.Fatalf("%v: %d %s", err, done.status, done.body)
	}
	if first, second := in.next(t), in.next(t); first.status != "SUCCESS" || second.status != "ABNORMAL" {
		t.Fatalf("%s came before %s", first.status, second.status)
	}
}

func TestNoCallbacksWhenSwitchedOff(t *testing.T) {
	t.Parallel()
	in := newInbox(t, good)
	b := start(t, withInbox(in))
	b.pay(t, "TX1", 1000)
	admin(t, b.base, "PUT", "/_sim/behaviour", `{"callbacks":false}`, nil)
	b.refund(t, "TX1", "R1", 100, 1000)
	admin(t, b.base, "PUT", "/_sim/behaviour", `{"callbacks":true}`, nil)
	b.refund(t, "TX1", "R2", 100, 1000)
	if n := in.next(t); n.no != "R2" {
		t.Fatalf("%+v", n)
	}
}
