package wechatpay_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// refusal is an Authorization header that does not hold, and the field that the answer must point at.
type refusal struct {
	header func(*merchant) string
	field  string
}

func refusals(t *testing.T, b *merchant, sent string) map[string]refusal {
	header := func(m *merchant) string { return m.authorization("POST", refunds, id.Hex(16), sent) }
	edit := func(from, to string) func(*merchant) string {
		return func(m *merchant) string {
			h := header(m)
			changed := strings.Replace(h, from, to, 1)
			if changed == h {
				t.Errorf("replacing %q changes nothing", from)
			}
			return changed
		}
	}
	shifted := func(by time.Duration) func(*merchant) string {
		return func(m *merchant) string {
			off := *m
			off.now = func() time.Time { return m.now().Add(by) }
			return header(&off)
		}
	}
	return map[string]refusal{
		"no header":          {func(*merchant) string { return "" }, "authorization"},
		"another scheme":     {edit("RSA2048", "SM2"), "authorization"},
		"a field missing":    {edit(`mchid="`+b.mchid+`",`, ""), "authorization"},
		"a field twice":      {edit(`mchid="`, `mchid="1",mchid="`), "authorization"},
		"foreign merchant":   {edit(b.mchid, "1900000000"), "mchid"},
		"unknown serial":     {edit(b.serial, strings.Repeat("0", 40)), "serial_no"},
		"clock in letters":   {edit(`timestamp="`, `timestamp="x`), "timestamp"},
		"nonce not signed":   {edit(`nonce_str="`, `nonce_str="x`), "signature"},
		"long nonce":         {edit(`nonce_str="`, `nonce_str="`+strings.Repeat("x", 33)), "nonce_str"},
		"signature not b64":  {edit(`signature="`, `signature="?`), "signature"},
		"other method":       {func(m *merchant) string { return m.authorization("GET", refunds, id.Hex(16), sent) }, "signature"},
		"other target":       {func(m *merchant) string { return m.authorization("POST", refunds+"?", id.Hex(16), sent) }, "signature"},
		"other body":         {func(m *merchant) string { return m.authorization("POST", refunds, id.Hex(16), sent+" ") }, "signature"},
		"no body signed":     {func(m *merchant) string { return m.authorization("POST", refunds, id.Hex(16), "") }, "signature"},
		"five minutes late":  {shifted(-301 * time.Second), "timestamp"},
		"five minutes early": {shifted(302 * time.Second), "timestamp"},
	}
}

func TestSignatureRefusals(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	sent := body("TX1", "R1", 100, 1000)
	for name, c := range refusals(t, b.merchant, sent) {
		t.Run(name, func(t *testing.T) {
			r := b.request(t.Context(), "POST", refunds, sent)
			r.Header.Set("Authorization", c.header(b.merchant))
			a, err := b.send(r)
			if err != nil || a.status != http.StatusUnauthorized || a.field("code") != "SIGN_ERROR" {
				t.Fatalf("%v: %d %s", err, a.status, a.body)
			}
			var got struct{ Detail struct{ Field string } }
			if err := json.Unmarshal(a.body, &got); err != nil || got.Detail.Field != c.field {
				t.Fatalf("%v: field %q, want %q: %s", err, got.Detail.Field, c.field, a.body)
			}
		})
	}
	if c := b.counted(t); len(c.Moved) != 0 || c.Requests["unverified"] != 16 {
		t.Fatalf("moved %v, requests %v", c.Moved, c.Requests)
	}
}

func TestNonceServesOnceOverRestarts(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.pay(t, "TX1", 1000)
	r := b.request(t.Context(), "POST", refunds, body("TX1", "R1", 100, 1000))
	replay := func() answer {
		again := b.request(t.Context(), "POST", refunds, body("TX1", "R1", 100, 1000))
		again.Header.Set("Authorization", r.Header.Get("Authorization"))
		a, err := b.send(again)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a, err := b.send(r); err != nil || a.status != 200 {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	if a := replay(); a.status != 401 {
		t.Fatalf("replay: %d %s", a.status, a.body)
	}
	b.restart(t)
	if a := replay(); a.status != 401 {
		t.Fatalf("replay after a restart: %d %s", a.status, a.body)
	}
}

func TestHeadersThatTheVendorInsistsOn(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for _, name := range []string{"Accept", "User-Agent"} {
		r := b.request(t.Context(), "GET", refunds+"/R1", "")
		r.Header.Set(name, "")
		a, err := b.send(r)
		if err != nil || a.status != 400 || a.field("code") != "PARAM_ERROR" {
			t.Fatalf("without %s: %v: %d %s", name, err, a.status, a.body)
		}
	}
}

func TestAdminAnswersThisMachineOnly(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for name, change := range map[string]func(*http.Request){
		"foreign host": func(r *http.Request) { r.Host = "evil.example:80" },
		"from a page":  func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:80") },
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", b.base+"/_sim/counters", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/_sim/health", "", 200},
		{"GET", "/_sim/refunds/none", "", 404},
		{"GET", "/_sim/nothing", "", 404},
		{"POST", "/_sim/payments", `{"transaction_id":"T","out_trade_no":"O","total":0}`, 400},
		{"POST", "/_sim/payments", `[{"transaction_id":"T","out_trade_no":"O","total":5}]`, 201},
		{"POST", "/_sim/payments", `{"transaction_id":"T","out_trade_no":"O","total":5}`, 201},
		{"POST", "/_sim/payments", `{"transaction_id":"T","out_trade_no":"O","total":6}`, 409},
		{"POST", "/_sim/payments", `{"transaction_id":"U","out_trade_no":"O","total":5}`, 409},
		{"POST", "/_sim/payments", `{"transaction_id":"V","out_trade_no":"W","totl":5}`, 400},
		{"GET", "/_sim/refunds?wait=soon", "", 400},
		{"GET", "/_sim/requests?after=x", "", 400},
		{"GET", "/_sim/requests?limit=0", "", 400},
		{"POST", "/_sim/faults", `{"kind":"nonsense"}`, 400},
		{"POST", "/_sim/faults", `{"kind":"slow","probabilty":0.5}`, 400},
		{"POST", "/_sim/faults", `{"kind":"slow","regex":"("}`, 400},
		{"POST", "/_sim/faults", `{"id":"a","kind":"slow"}`, 201},
		{"POST", "/_sim/faults", `{"id":"a","kind":"slow"}`, 400},
		{"DELETE", "/_sim/faults/b", "", 404},
		{"DELETE", "/_sim/faults/a", "", 200},
		{"PUT", "/_sim/behaviour", `{"outcome":"PROCESSING"}`, 400},
		{"PUT", "/_sim/behaviour", `{"settle_after_ms":-1}`, 200},
		{"PUT", "/_sim/balance", `{"available":-1}`, 400},
		{"POST", "/_sim/topup", `{"amount":0}`, 400},
		{"POST", "/_sim/refunds/none/advance", `{"status":"SUCCESS"}`, 404},
	} {
		if got := admin(t, b.base, c.method, c.path, c.body, nil); got != c.want {
			t.Errorf("%s %s %s: %d, want %d", c.method, c.path, c.body, got, c.want)
		}
	}
}
