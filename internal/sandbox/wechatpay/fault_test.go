package wechatpay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

// wireFault is what a client sees of a fault, and whether the refund took place behind its back.
type wireFault struct {
	rule   wechatpay.Rule
	err    func(error) bool // nil: no error
	status int
	code   string
	moved  int
}

func wireFaults() []wireFault {
	timeout := func(err error) bool {
		n, ok := errors.AsType[net.Error](err)
		return ok && n.Timeout()
	}
	reset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	unproved := func(err error) bool { return errors.Is(err, errUnproved) }
	return []wireFault{
		{wechatpay.Rule{Kind: wechatpay.TimeoutBefore}, timeout, 0, "", 0},
		{wechatpay.Rule{Kind: wechatpay.TimeoutAfter}, timeout, 0, "", 1},
		{wechatpay.Rule{Kind: wechatpay.TimeoutBefore, DelayMS: 1}, func(err error) bool { return errors.Is(err, io.EOF) }, 0, "", 0},
		{wechatpay.Rule{Kind: wechatpay.ResetBefore}, reset, 0, "", 0},
		{wechatpay.Rule{Kind: wechatpay.ResetAfter}, reset, 0, "", 1},
		{wechatpay.Rule{Kind: wechatpay.ErrorBefore}, nil, 500, "SYSTEM_ERROR", 0},
		{wechatpay.Rule{Kind: wechatpay.ErrorAfter}, nil, 500, "SYSTEM_ERROR", 1},
		{wechatpay.Rule{Kind: wechatpay.ErrorBefore, Status: 502}, unproved, 502, "", 0},
		{wechatpay.Rule{Kind: wechatpay.ErrorAfter, Status: 504}, unproved, 504, "", 1},
		{wechatpay.Rule{Kind: wechatpay.ErrorAfter, Status: 599}, nil, 599, "SYSTEM_ERROR", 1},
		{wechatpay.Rule{Kind: wechatpay.FrequencyLimited}, nil, 429, "FREQUENCY_LIMITED", 0},
		{wechatpay.Rule{Kind: wechatpay.NotEnough}, nil, 403, "NOT_ENOUGH", 0},
		{wechatpay.Rule{Kind: wechatpay.Refuse, Code: "USER_ACCOUNT_ABNORMAL"}, nil, 403, "USER_ACCOUNT_ABNORMAL", 0},
		{wechatpay.Rule{Kind: wechatpay.Refuse, Code: "NEW_CODE", Status: 418}, nil, 418, "NEW_CODE", 0},
		{wechatpay.Rule{Kind: wechatpay.Slow, DelayMS: 30}, nil, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.BadSignature}, unproved, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.Unsigned}, unproved, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.UnknownSerial}, unproved, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.Stale}, unproved, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.Tampered}, unproved, 200, "", 1},
		{wechatpay.Rule{Kind: wechatpay.Truncated}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, 0, "", 1},
	}
}

func TestEveryWireFault(t *testing.T) {
	t.Parallel()
	for _, c := range wireFaults() {
		t.Run(fmt.Sprintf("%s %d", c.rule.Kind, c.rule.Status), func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			b.pay(t, "TX1", 1000)
			c.rule.Prefix, c.rule.Count = "R", 1
			if err := b.SetRules(c.rule); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if c.rule.Kind == wechatpay.TimeoutBefore || c.rule.Kind == wechatpay.TimeoutAfter {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
			}
			began := time.Now()
			a, err := b.call(ctx, "POST", refunds, body("TX1", "R1", 100, 1000))
			if (c.err == nil) != (err == nil) || (err != nil && !c.err(err)) || a.status != c.status || a.field("code") != c.code {
				t.Fatalf("%v: %d %s", err, a.status, a.body)
			}
			if took := time.Since(began); c.rule.Kind == wechatpay.Slow && took < 30*time.Millisecond {
				t.Fatalf("slow took %v", took)
			}
			if got := b.counted(t).Moved["R1"]; got != c.moved {
				t.Fatalf("money moved %d times, want %d", got, c.moved)
			}
			// The rule is used up: the same number settles the matter, and only once.
			if a := b.refund(t, "TX1", "R1", 100, 1000); a.status != 200 || a.field("status") != "SUCCESS" {
				t.Fatalf("again: %d %s", a.status, a.body)
			}
			if got := b.counted(t).Moved["R1"]; got != 1 {
				t.Fatalf("money moved %d times in the end", got)
			}
		})
	}
}

func TestRulesMatch(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 100000)
	b.pay(t, "TX2", 100000)
	for _, c := range []struct {
		name string
		rule wechatpay.Rule
		want []int // which of six posts (R0…R5, the odd ones on TX2) are struck
	}{
		{"all", wechatpay.Rule{}, []int{0, 1, 2, 3, 4, 5}},
		{"prefix", wechatpay.Rule{Prefix: "R3"}, []int{3}},
		{"regex", wechatpay.Rule{Regex: "R[24]-"}, []int{2, 4}},
		{"transaction", wechatpay.Rule{TransactionID: "TX2"}, []int{1, 3, 5}},
		{"the second of a transaction", wechatpay.Rule{TransactionID: "TX2", Nth: 2}, []int{3}},
		{"two at most", wechatpay.Rule{Count: 2}, []int{0, 1}},
		{"not on queries", wechatpay.Rule{On: "query"}, nil},
		{"on any", wechatpay.Rule{On: "any", Nth: 6}, []int{5}},
	} {
		c.rule.Kind, c.rule.Code = wechatpay.Refuse, "STRUCK"
		if err := b.SetRules(c.rule); err != nil {
			t.Fatal(err)
		}
		var struck []int
		for i := range 6 {
			a := b.refund(t, []string{"TX1", "TX2"}[i%2], fmt.Sprintf("R%d-%s", i, b.tag(c.name)), 10, 100000)
			if a.field("code") == "STRUCK" {
				struck = append(struck, i)
			}
		}
		if !slices.Equal(struck, c.want) {
			t.Errorf("%s struck %v, want %v", c.name, struck, c.want)
		}
	}
}

// tag turns a name into characters that an out_refund_no may have.
func (b *bench) tag(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c == ' ' {
			out[i] = '_'
		}
	}
	return string(out)
}

func TestProbabilityRepeatsExactlyOverRestarts(t *testing.T) {
	t.Parallel()
	run := func(restartAt int) (struck []int) {
		b := start(t, nil)
		b.pay(t, "TX1", 1000)
		if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.Refuse, Code: "STRUCK", On: "query", Probability: 0.4, Seed: 7}); err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			if i == restartAt {
				b.restart(t)
			}
			if b.query(t, "R1").field("code") == "STRUCK" {
				struck = append(struck, i)
			}
		}
		return struck
	}
	whole, broken := run(-1), run(31)
	if !slices.Equal(whole, broken) {
		t.Fatalf("without restart %v\nwith %v", whole, broken)
	}
	if len(whole) < 12 || len(whole) > 36 {
		t.Fatalf("struck %d of 60 at 0.4", len(whole))
	}
}

func TestNotEnoughUntilToppedUp(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.NotEnough}, wechatpay.Rule{Kind: wechatpay.Slow, On: "query"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a := b.refund(t, "TX1", "R1", 100, 1000); a.field("code") != "NOT_ENOUGH" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	admin(t, b.base, "POST", "/_sim/topup", `{"amount":1}`, nil)
	if a := b.refund(t, "TX1", "R1", 100, 1000); a.status != 200 {
		t.Fatalf("after topping up: %d %s", a.status, a.body)
	}
	var left struct{ Rules []wechatpay.Rule }
	admin(t, b.base, "GET", "/_sim/faults", "", &left)
	if len(left.Rules) != 1 || left.Rules[0].Kind != wechatpay.Slow {
		t.Fatalf("rules left: %+v", left.Rules)
	}
}

func TestProcessingForLongThenAdvanced(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.StayProcessing, Prefix: "LONG"}, wechatpay.Rule{Kind: wechatpay.StayProcessing, Prefix: "SHORT", DelayMS: 20}); err != nil {
		t.Fatal(err)
	}
	if a := b.refund(t, "TX1", "LONG", 100, 1000); a.field("status") != "PROCESSING" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := b.refund(t, "TX1", "SHORT", 100, 1000); a.field("status") != "PROCESSING" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.restart(t)
	var done struct{ Items []wechatpay.Refund }
	admin(t, b.base, "GET", "/_sim/refunds?status=SUCCESS&wait=20s", "", &done)
	if len(done.Items) != 1 || b.query(t, "SHORT").field("status") != "SUCCESS" {
		t.Fatalf("settled: %+v", done.Items)
	}
	if a := b.query(t, "LONG"); a.field("status") != "PROCESSING" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := admin(t, b.base, "POST", "/_sim/refunds/LONG/advance", `{"status":"SUCCESS"}`, nil); got != 200 {
		t.Fatalf("advance: %d", got)
	}
	if got := admin(t, b.base, "POST", "/_sim/refunds/LONG/advance", `{"status":"CLOSED"}`, nil); got != 409 {
		t.Fatalf("advancing what is final: %d", got)
	}
	if c := b.counted(t); c.Moved["LONG"] != 1 || c.Moved["SHORT"] != 1 {
		t.Fatalf("%+v", c.Moved)
	}
}

func TestAbnormalIsRepairedByHand(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.BecomeAbnormal, Count: 2}); err != nil {
		t.Fatal(err)
	}
	a := b.refund(t, "TX1", "R1", 100, 1000)
	if a.field("status") != "ABNORMAL" || b.counted(t).MoneyLines != 0 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	repair := func(refundID, body string) answer {
		t.Helper()
		a, err := b.call(t.Context(), "POST", refunds+"/"+refundID+"/apply-abnormal-refund", body)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	card := fmt.Sprintf(`"bank_type":"ICBC_DEBIT","bank_account":%q,"real_name":%q`, b.encrypt(t, "6222000011112222"), b.encrypt(t, "张三"))
	for name, c := range map[string]struct {
		id, body, code string
	}{
		"unknown id":     {"5030", `{"out_refund_no":"R1","type":"MERCHANT_BANK_CARD"}`, "RESOURCE_NOT_EXISTS"},
		"foreign number": {a.field("refund_id"), `{"out_refund_no":"R2","type":"MERCHANT_BANK_CARD"}`, "PARAM_ERROR"},
		"no type":        {a.field("refund_id"), `{"out_refund_no":"R1"}`, "PARAM_ERROR"},
		"no bank":        {a.field("refund_id"), `{"out_refund_no":"R1","type":"USER_BANK_CARD"}`, "PARAM_ERROR"},
		"in the clear":   {a.field("refund_id"), `{"out_refund_no":"R1","type":"USER_BANK_CARD","bank_type":"ICBC_DEBIT","bank_account":"6222","real_name":"张三"}`, "PARAM_ERROR"},
	} {
		if got := repair(c.id, c.body); got.field("code") != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := repair(a.field("refund_id"), `{"out_refund_no":"R1","type":"USER_BANK_CARD",`+card+`}`); got.field("status") != "SUCCESS" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := repair(a.field("refund_id"), `{"out_refund_no":"R1","type":"MERCHANT_BANK_CARD"}`); got.field("code") != "INVALID_REQUEST" {
		t.Fatalf("repairing what is done: %d %s", got.status, got.body)
	}
	if c := b.counted(t); c.Moved["R1"] != 1 || c.MoneySum != 100 {
		t.Fatalf("%+v", c)
	}
}
