package wechatpay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

func TestRefundMovesMoneyOnce(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 29900)
	first := b.refund(t, "TX1", "RF_a-b|c*d@1", 9900, 29900)
	again := b.refund(t, "TX1", "RF_a-b|c*d@1", 9900, 29900)
	if first.status != 200 || first.field("status") != "SUCCESS" || string(first.body) != string(again.body) {
		t.Fatalf("first %d %s\nagain %d %s", first.status, first.body, again.status, again.body)
	}
	// The number travels escaped; what is signed is the target as it was sent.
	q := b.query(t, "RF_a-b%7Cc%2Ad%401")
	if string(q.body) != string(first.body) {
		t.Fatalf("query: %d %s", q.status, q.body)
	}
	var view struct {
		Amount struct {
			Total, Refund, PayerTotal, PayerRefund int64
			Currency                               string
		}
		CreateTime string `json:"create_time"`
	}
	if err := json.Unmarshal(q.body, &view); err != nil || view.Amount.Total != 29900 || view.Amount.Refund != 9900 || view.Amount.Currency != "CNY" {
		t.Fatalf("%v: %+v", err, view)
	}
	if !strings.HasSuffix(view.CreateTime, "+08:00") {
		t.Fatalf("create_time %q is not Chinese time", view.CreateTime)
	}
	c := b.counted(t)
	if c.Moved["RF_a-b|c*d@1"] != 1 || c.MoneyLines != 1 || c.Transactions["TX1"] != (wechatpay.Drawn{Refunds: 1, Held: 9900, Refunded: 9900, Total: 29900}) {
		t.Fatalf("counters %+v", c)
	}
}

func TestByMerchantOrderNumberAndInPublicKeyMode(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 100)
	for serial := range b.known {
		if strings.HasPrefix(serial, "PUB_KEY_ID_") {
			b.asks = serial
		}
	}
	a, err := b.call(t.Context(), "POST", refunds, `{"out_trade_no":"O-TX1","out_refund_no":"R1","amount":{"refund":100,"total":100,"currency":"CNY","from":[{"account":"AVAILABLE","amount":100}]}}`)
	if err != nil || a.status != 200 || a.header.Get("Wechatpay-Serial") != b.asks {
		t.Fatalf("%v: %d %s, signed by %s", err, a.status, a.body, a.header.Get("Wechatpay-Serial"))
	}
}

func TestManyAtOnceWithOneNumber(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	var wg sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		wg.Go(func() {
			a, err := b.call(t.Context(), "POST", refunds, body("TX1", "R1", 600, 1000))
			if err != nil || a.status != 200 {
				t.Errorf("%v: %d %s", err, a.status, a.body)
			}
			ids[i] = a.field("refund_id")
		})
	}
	wg.Wait()
	for _, x := range ids {
		if x == "" || x != ids[0] {
			t.Fatalf("refund ids differ: %q", ids)
		}
	}
	if c := b.counted(t); c.MoneySum != 600 || c.Moved["R1"] != 1 {
		t.Fatalf("counters %+v", c)
	}
}

func TestFormRules(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	b.pay(t, "TX2", 1000)
	base := `{"transaction_id":"TX1","out_refund_no":"R1","amount":{"refund":100,"total":1000,"currency":"CNY"}}`
	for name, c := range map[string]struct{ from, to string }{
		"no order":             {`"transaction_id":"TX1",`, ``},
		"two orders":           {`"transaction_id":"TX1"`, `"transaction_id":"TX1","out_trade_no":"O-TX2"`},
		"transaction too long": {`"TX1"`, `"` + strings.Repeat("1", 33) + `"`},
		"no number":            {`"R1"`, `""`},
		"number of 65":         {`"R1"`, `"` + strings.Repeat("R", 65) + `"`},
		"number with a space":  {`"R1"`, `"R 1"`},
		"number with Chinese":  {`"R1"`, `"退1"`},
		"number with a slash":  {`"R1"`, `"R/1"`},
		"zero":                 {`"refund":100`, `"refund":0`},
		"negative":             {`"refund":100`, `"refund":-100`},
		"a fraction":           {`"refund":100`, `"refund":100.5`},
		"a string":             {`"refund":100`, `"refund":"100"`},
		"more than the order":  {`"refund":100`, `"refund":1001`},
		"total zero":           {`"total":1000`, `"total":0`},
		"dollars":              {`"CNY"`, `"USD"`},
		"no currency":          {`,"currency":"CNY"`, ``},
		"no amount":            {`,"amount":{"refund":100,"total":1000,"currency":"CNY"}`, ``},
		"sources short":        {`"currency":"CNY"`, `"currency":"CNY","from":[{"account":"AVAILABLE","amount":99}]`},
		"sources over":         {`"currency":"CNY"`, `"currency":"CNY","from":[{"account":"AVAILABLE","amount":101}]`},
		"unknown source":       {`"currency":"CNY"`, `"currency":"CNY","from":[{"account":"MINE","amount":100}]`},
		"long reason":          {`"amount":`, `"reason":"` + strings.Repeat("退", 81) + `","amount":`},
		"funds account":        {`"amount":`, `"funds_account":"UNSETTLED","amount":`},
		"notify with a query":  {`"amount":`, `"notify_url":"https://a.example/?x=1","amount":`},
		"notify not http":      {`"amount":`, `"notify_url":"ftp://a.example/","amount":`},
		"goods without a name": {`"amount":`, `"goods_detail":[{"unit_price":1,"refund_amount":1,"refund_quantity":1}],"amount":`},
		"goods of no quantity": {`"amount":`, `"goods_detail":[{"merchant_goods_id":"A","unit_price":1,"refund_amount":1}],"amount":`},
		"not JSON":             {`{"transaction_id"`, `"transaction_id"`},
		"not UTF-8":            {`"R1"`, "\"R\xff\""},
	} {
		t.Run(name, func(t *testing.T) {
			sent := strings.Replace(base, c.from, c.to, 1)
			if sent == base {
				t.Fatal("the case changes nothing")
			}
			a, err := b.call(t.Context(), "POST", refunds, sent)
			if err != nil || a.status != 400 || a.field("code") != "PARAM_ERROR" {
				t.Fatalf("%v: %d %s", err, a.status, a.body)
			}
		})
	}
	if c := b.counted(t); len(c.Moved) != 0 {
		t.Fatalf("money moved: %+v", c.Moved)
	}
	if a, err := b.call(t.Context(), "POST", refunds, base); err != nil || a.status != 200 {
		t.Fatalf("the unchanged body: %v %d %s", err, a.status, a.body)
	}
}

func TestBusinessRules(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *wechatpay.Config) { c.Clock = clock.NewFake(time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)) })
	b.pay(t, "TX1", 1000)
	b.pay(t, "FIFTY", 1000)
	old := wechatpay.Payment{TransactionID: "OLD", OutTradeNo: "O-OLD", Total: 1000, PaidAt: time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)}
	if err := b.Seed(old); err != nil {
		t.Fatal(err)
	}
	b.refund(t, "TX1", "R1", 600, 1000)
	for i := range 50 {
		if a := b.refund(t, "FIFTY", fmt.Sprintf("F%d", i), 1, 1000); a.status != 200 {
			t.Fatalf("refund %d of 50: %d %s", i, a.status, a.body)
		}
	}
	for _, c := range []struct {
		name          string
		tx, no        string
		refund, total int64
		status        int
		code          string
	}{
		{"unknown payment", "TX9", "R9", 1, 1000, 404, "RESOURCE_NOT_EXISTS"},
		{"another total", "TX1", "R2", 100, 999, 400, "INVALID_REQUEST"},
		{"same number, other amount", "TX1", "R1", 500, 1000, 400, "INVALID_REQUEST"},
		{"same number, other order", "FIFTY", "R1", 600, 1000, 400, "INVALID_REQUEST"},
		{"more than is left", "TX1", "R3", 401, 1000, 400, "INVALID_REQUEST"},
		{"older than a year", "OLD", "R4", 1, 1000, 400, "INVALID_REQUEST"},
		{"the 51st", "FIFTY", "R5", 1, 1000, 400, "INVALID_REQUEST"},
		{"all that is left", "TX1", "R6", 400, 1000, 200, ""},
		{"nothing is left", "TX1", "R7", 1, 1000, 400, "INVALID_REQUEST"},
		{"a known one still answers", "TX1", "R1", 600, 1000, 200, ""},
	} {
		a := b.refund(t, c.tx, c.no, c.refund, c.total)
		if a.status != c.status || a.field("code") != c.code {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	if a := b.query(t, "R3"); a.status != 404 || a.field("code") != "RESOURCE_NOT_EXISTS" {
		t.Errorf("query of a refused refund: %d %s", a.status, a.body)
	}
	if c := b.counted(t); c.Transactions["TX1"].Refunded != 1000 || c.Transactions["FIFTY"].Refunded != 50 {
		t.Errorf("%+v", c.Transactions)
	}
}

func TestBalanceRunsOutAndComesBack(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	admin(t, b.base, "PUT", "/_sim/balance", `{"available":500}`, nil)
	if a := b.refund(t, "TX1", "R1", 400, 1000); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := b.refund(t, "TX1", "R2", 200, 1000); a.status != 403 || a.field("code") != "NOT_ENOUGH" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.restart(t)
	if a := b.refund(t, "TX1", "R2", 200, 1000); a.field("code") != "NOT_ENOUGH" {
		t.Fatalf("after a restart: %d %s", a.status, a.body)
	}
	admin(t, b.base, "POST", "/_sim/topup", `{"amount":100}`, nil)
	if a := b.refund(t, "TX1", "R2", 200, 1000); a.status != 200 {
		t.Fatalf("after topping up: %d %s", a.status, a.body)
	}
	var left wechatpay.Balance
	admin(t, b.base, "GET", "/_sim/balance", "", &left)
	if left.Available == nil || *left.Available != 0 {
		t.Fatalf("balance %+v, want 0", left)
	}
}

func TestClosedRefundGivesRoomAndBalanceBack(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	admin(t, b.base, "PUT", "/_sim/balance", `{"available":1000}`, nil)
	if err := b.SetRules(wechatpay.Rule{Kind: wechatpay.BecomeClosed, Prefix: "R1"}); err != nil {
		t.Fatal(err)
	}
	if a := b.refund(t, "TX1", "R1", 1000, 1000); a.field("status") != "CLOSED" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := b.refund(t, "TX1", "R2", 1000, 1000); a.field("status") != "SUCCESS" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if c := b.counted(t); c.Moved["R1"] != 0 || c.Moved["R2"] != 1 || c.MoneySum != 1000 {
		t.Fatalf("%+v", c)
	}
}

func TestVendorLimits(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC))
	b := start(t, func(c *wechatpay.Config) { c.Clock, c.Limits = fake, wechatpay.VendorLimits })
	b.pay(t, "TX1", 1000)
	b.refund(t, "TX1", "R1", 1, 1000)
	if a := b.refund(t, "TX1", "R2", 1, 1000); a.status != 429 || a.field("code") != "FREQUENCY_LIMITED" {
		t.Fatalf("a second refund within the minute: %d %s", a.status, a.body)
	}
	fake.Add(time.Minute)
	if a := b.refund(t, "TX1", "R2", 1, 1000); a.status != 200 {
		t.Fatalf("a minute later: %d %s", a.status, a.body)
	}
	fake.Add(time.Second)
	for i := range 6 {
		if a := b.query(t, "none"); a.status != 404 {
			t.Fatalf("error %d: %d", i, a.status)
		}
	}
	if a := b.query(t, "R1"); a.status != 429 {
		t.Fatalf("after six errors in a second: %d %s", a.status, a.body)
	}
	fake.Add(time.Second)
	for i := range 150 {
		if a := b.query(t, "R1"); a.status != 200 {
			t.Fatalf("request %d of the second: %d %s", i, a.status, a.body)
		}
	}
	if a := b.query(t, "R1"); a.status != 429 {
		t.Fatalf("the 151st of the second: %d", a.status)
	}
}

func TestCertificatesAndUnknownPath(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	a, err := b.call(t.Context(), "GET", "/v3/certificates", "")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data []struct {
			SerialNo string `json:"serial_no"`
			Encrypt  struct {
				Nonce, Ciphertext string
				AssociatedData    string `json:"associated_data"`
			} `json:"encrypt_certificate"`
		}
	}
	if err := json.Unmarshal(a.body, &got); err != nil || len(got.Data) != 1 || b.known[got.Data[0].SerialNo] == nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	e := got.Data[0].Encrypt
	plain, err := b.open(e.Nonce, e.AssociatedData, e.Ciphertext)
	want, _ := os.ReadFile(filepath.Join(keyFolder, "platform_cert.pem"))
	if err != nil || string(plain) != string(want) {
		t.Fatalf("%v: %s", err, plain)
	}
	if a, err := b.call(t.Context(), "DELETE", refunds, ""); err != nil || a.status != http.StatusNotFound || a.field("code") != "RESOURCE_NOT_EXISTS" {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	read := func() string {
		b, err := os.ReadFile(filepath.Join(keyFolder, wechatpay.DescriptionFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := read()
	if _, err := wechatpay.Init(keyFolder, clock.System{}); err != nil {
		t.Fatal(err)
	}
	if after := read(); after != before {
		t.Fatalf("the folder changed: %s", after)
	}
}
