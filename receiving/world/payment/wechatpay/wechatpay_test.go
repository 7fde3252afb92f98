package wechatpay_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/aftersales/refund/gatewaytest"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

func TestConfigRefused(t *testing.T) {
	for name, spoil := range map[string]func(*wechatpay.Config){
		"no merchant":         func(c *wechatpay.Config) { c.MchID = "" },
		"quote in merchant":   func(c *wechatpay.Config) { c.MchID = `1"` },
		"no serial":           func(c *wechatpay.Config) { c.Serial = "" },
		"short key":           func(c *wechatpay.Config) { c.APIv3Key = "short" },
		"no private key":      func(c *wechatpay.Config) { c.Key = nil },
		"public as private":   func(c *wechatpay.Config) { c.Key = file(t, "merchant.pub") },
		"nothing to verify":   func(c *wechatpay.Config) { c.Platform, c.PublicKey = nil, nil },
		"broken certificate":  func(c *wechatpay.Config) { c.Platform = [][]byte{[]byte("x")} },
		"broken public key":   func(c *wechatpay.Config) { c.PublicKey = map[string][]byte{"PUB_KEY_ID_1": []byte("x")} },
		"odd address":         func(c *wechatpay.Config) { c.BaseURL = "ftp://x" },
		"unknown encrypt key": func(c *wechatpay.Config) { c.Encrypt = "PUB_KEY_ID_none" },
	} {
		c := config(t, "")
		spoil(&c)
		if _, err := wechatpay.New(c, time.Now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := wechatpay.New(config(t, ""), time.Now); err != nil {
		t.Fatal(err)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := config(t, "https://x.example")
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	g, err := wechatpay.New(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("account", "config", c, "gateway", g)
	slog.New(slog.NewTextHandler(&out, nil)).Info("account", "config", &c, "gateway", g)
	raw, _ := json.Marshal(map[string]any{"c": c})
	out.Write(raw)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb, c)
		fmt.Fprintf(&out, verb, &c)
		fmt.Fprintf(&out, verb, []any{c, g})
	}
	c.Key = []byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----")
	_, err = wechatpay.New(c, time.Now)
	fmt.Fprint(&out, err)
	for _, secret := range []string{apiKey, "PRIVATE KEY", "c2VjcmV0", "secretsecret", fmt.Sprintf("%x", apiKey), string(file(t, "merchant.key")[40:80])} {
		if strings.Contains(out.String(), secret) {
			t.Fatalf("%q is in the output", secret)
		}
	}
	if !strings.Contains(out.String(), "1900000109") {
		t.Fatal("the account is not to be told from another")
	}
}

func TestErrorCodes(t *testing.T) {
	type row struct {
		status int
		code   string
		effect refund.Effect
		absent bool
	}
	send := []row{
		{500, "SYSTEM_ERROR", refund.Unknown, false}, {429, "FREQUENCY_LIMITED", refund.Unknown, false}, {403, "NOT_ENOUGH", refund.Held, false},
		{403, "NO_AUTH", refund.Held, false}, {401, "SIGN_ERROR", refund.Held, false}, {403, "USER_ACCOUNT_ABNORMAL", refund.Rejected, false},
		{400, "PARAM_ERROR", refund.Rejected, false}, {400, "INVALID_REQUEST", refund.Rejected, false}, {404, "MCH_NOT_EXISTS", refund.Rejected, false},
		{404, "RESOURCE_NOT_EXISTS", refund.Rejected, false}, {400, "BRAND_NEW", refund.Held, false}, {302, "PARAM_ERROR", refund.Unknown, false},
		{503, "PARAM_ERROR", refund.Unknown, false},
	}
	query := []row{
		{404, "RESOURCE_NOT_EXISTS", refund.Unknown, true}, {401, "SIGN_ERROR", refund.Unknown, false}, {400, "PARAM_ERROR", refund.Unknown, false},
		{500, "RESOURCE_NOT_EXISTS", refund.Unknown, false}, {429, "FREQUENCY_LIMITED", refund.Unknown, false},
	}
	for _, signed := range []bool{true, false} {
		s := newStub(t, "certificate")
		var next row
		s.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.problem(w, next.status, next.code, signed) })
		body, err := s.gw.Prepare(s.Request("k1", 1))
		if err != nil {
			t.Fatal(err)
		}
		check := func(call string, r row, got refund.Result) {
			if !signed && r.effect == refund.Rejected || !signed && r.absent {
				r.effect, r.absent = refund.Unknown, false
			}
			if got.Effect != r.effect || got.Absent != r.absent || got.Message == "" {
				t.Errorf("%s %d %s signed=%v: %s absent=%v %q", call, r.status, r.code, signed, got.Effect, got.Absent, got.Message)
			}
		}
		for _, next = range send {
			check("send", next, s.gw.Send(t.Context(), body))
		}
		for _, next = range query {
			check("query", next, s.gw.Query(t.Context(), s.Request("k1", 1)))
		}
	}
}

func TestOddReplies(t *testing.T) {
	s := newStub(t, "public key")
	var reply string
	var status = 200
	s.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		s.sign(w.Header(), []byte(reply), time.Now())
		w.WriteHeader(status)
		w.Write([]byte(reply))
	})
	for text, code := range map[string]string{
		``:   "unreadable_reply",
		`[]`: "unreadable_reply",
		`{"out_refund_no":"k2","refund_id":"5","status":"SUCCESS","amount":{"refund":1}}`:               "other_refund",
		`{"out_refund_no":"k1","status":"SUCCESS","amount":{"refund":1}}`:                               "no_refund_id",
		`{"out_refund_no":"k1","refund_id":"5","status":"REVERSED","amount":{"refund":1}}`:              "REVERSED",
		`{"out_refund_no":"k1","refund_id":"5","amount":{"refund":1}}` + strings.Repeat(" ", 1<<20):     "connection_lost",
		`{"out_refund_no":"k1","refund_id":"5","status":"SUCCESS","amount":{"refund":1.5}}`:             "unreadable_reply",
		`{"out_refund_no":"k1","refund_id":"5","status":"SUCCESS","amount":{"refund":"1"}}`:             "unreadable_reply",
		`{"out_refund_no":"k1","refund_id":"5","status":"SUCCESS","amount":{"refund":1}}{"status":"x"}`: "unreadable_reply",
	} {
		reply = text
		if r := s.gw.Query(t.Context(), s.Request("k1", 1)); r.Effect != refund.Unknown || r.Code != code {
			t.Errorf("%.80s: %s %s, want unknown %s", text, r.Effect, r.Code, code)
		}
	}
	status, reply = 502, "<html>"
	if r := s.gw.Query(t.Context(), s.Request("k1", 1)); r.Effect != refund.Unknown || r.RetryAfter != 7*time.Second {
		t.Errorf("html: %+v", r)
	}
}

func TestSpareHostOnlyWhenNothingWasSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + l.Addr().String()
	l.Close()
	s := newStub(t, "certificate")
	c := config(t, dead)
	c.SpareURL = s.srv.URL
	g, err := wechatpay.New(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := g.Prepare(s.Request("k1", 1))
	if r := g.Send(t.Context(), body); r.Effect != refund.Accepted {
		t.Fatalf("spare: %+v", r)
	}
	other := newStub(t, "certificate")
	c.BaseURL, c.SpareURL = other.srv.URL, s.srv.URL
	if g, err = wechatpay.New(c, time.Now); err != nil {
		t.Fatal(err)
	}
	body, _ = g.Prepare(s.Request("k2", 1))
	other.Arm(gatewaytest.LostAfter)
	if r := g.Send(t.Context(), body); r.Effect != refund.Unknown || s.Refunded("k2") != 0 {
		t.Fatalf("a request that was sent went to the spare too: %+v", r)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := newStub(t, "certificate")
	other := newStub(t, "certificate")
	s.srv.Config.Handler = http.RedirectHandler(other.srv.URL+"/v3/refund/domestic/refunds", http.StatusTemporaryRedirect)
	body, _ := s.gw.Prepare(s.Request("k1", 1))
	if r := s.gw.Send(t.Context(), body); r.Effect != refund.Unknown || other.Refunded("k1") != 0 {
		t.Fatalf("%+v", r)
	}
}

func TestReasonIsCutBetweenCharacters(t *testing.T) {
	s := newStub(t, "certificate")
	for n := 70; n < 90; n++ {
		r := s.Request("k1", 1)
		r.Reason = strings.Repeat("x", n-70) + strings.Repeat("退", 40)
		body, err := s.gw.Prepare(r)
		var q struct{ Reason string }
		if err != nil || json.Unmarshal(body, &q) != nil || len(q.Reason) > 80 || len(q.Reason) < 78 || !utf8.ValidString(q.Reason) || strings.Contains(q.Reason, "�") {
			t.Fatalf("%d: %q %v", n, q.Reason, err)
		}
	}
}

func TestNoticeContent(t *testing.T) {
	s := newStub(t, "certificate")
	fine := `{"mchid":"1900000109","refund_id":"5","out_refund_no":"k1","refund_status":"SUCCESS","transaction_id":"4","amount":{"refund":1,"total":2}}`
	for name, c := range map[string]struct{ event, plain, code string }{
		"payment event":  {"TRANSACTION.SUCCESS", fine, "notice_other_event"},
		"contradiction":  {"REFUND.CLOSED", fine, "notice_contradicts"},
		"other merchant": {"REFUND.SUCCESS", strings.Replace(fine, "1900000109", "1900000110", 1), "notice_other_merchant"},
		"no number":      {"REFUND.SUCCESS", strings.Replace(fine, `"5"`, `""`, 1), "notice_unreadable"},
		"no amount":      {"REFUND.SUCCESS", strings.Replace(fine, `"refund":1,`, ``, 1), "notice_unreadable"},
		"no json":        {"REFUND.SUCCESS", "x", "notice_unreadable"},
		"fine":           {"REFUND.SUCCESS", fine, ""},
	} {
		h, body := s.notice("EV", c.event, []byte(c.plain), 0)
		n, err := s.gw.ParseNotify(t.Context(), h, body)
		if c.code == "" {
			if err != nil || n.Currency != "CNY" {
				t.Errorf("%s: %+v %v", name, n, err)
			}
			continue
		}
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := http.Header{}
	raw := []byte(`{"id":"EV","event_type":"REFUND.SUCCESS","resource":{"original_type":"refund","algorithm":"AEAD_AES_256_GCM","nonce":"nonce1234567","ciphertext":"AAAA"}}`)
	s.sign(h, raw, time.Now())
	_, err := s.gw.ParseNotify(t.Context(), h, raw)
	if status, _ := s.gw.Ack(err); fault.Code(err) != "notice_sealed" || status != 500 {
		t.Fatalf("a genuine notice that we cannot open must be delivered again: %v %d", err, status)
	}
}

func TestAbnormalPayout(t *testing.T) {
	s := newStub(t, "public key")
	body, _ := s.gw.Prepare(s.Request("k1", 100))
	sent := s.gw.Send(t.Context(), body)
	s.Settle("k1", refund.Held)

	payout, err := s.gw.PrepareAbnormal("k1", wechatpay.Payout{BankType: "CMB_DEBIT", BankAccount: "6225880137706868", RealName: "张三"})
	if err != nil {
		t.Fatal(err)
	}
	var b map[string]string
	if err := json.Unmarshal(payout, &b); err != nil || b["type"] != "USER_BANK_CARD" {
		t.Fatalf("%s %v", payout, err)
	}
	for field, clear := range map[string]string{"bank_account": "6225880137706868", "real_name": "张三"} {
		sealed, err := base64.StdEncoding.DecodeString(b[field])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rsa.DecryptOAEP(sha1.New(), nil, privateKey(t, "pubkeyid.key"), sealed, nil); err != nil || string(got) != clear {
			t.Fatalf("%s: %q %v", field, got, err)
		}
	}
	if r := s.gw.SendAbnormal(t.Context(), sent.ExternalID, payout, 100); r.Effect != refund.Accepted {
		t.Fatalf("%+v", r)
	}
	if got := s.last.Header.Get("Wechatpay-Serial"); got != pubKeyID {
		t.Fatalf("encrypted to %q", got)
	}
	// The second time the refund is no longer abnormal: WeChat refuses, and the refund itself still is what it is.
	if r := s.gw.SendAbnormal(t.Context(), sent.ExternalID, payout, 100); r.Effect != refund.Held {
		t.Fatalf("%+v", r)
	}
	if _, err := s.gw.PrepareAbnormal("k1", wechatpay.Payout{BankAccount: "1"}); fault.Code(err) != "payout_incomplete" {
		t.Fatal(err)
	}
	if payout, err = s.gw.PrepareAbnormal("k1", wechatpay.Payout{}); err != nil || string(payout) != `{"out_refund_no":"k1","type":"MERCHANT_BANK_CARD"}` {
		t.Fatalf("%s %v", payout, err)
	}
}
