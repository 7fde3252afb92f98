package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

// notebook keeps what a gateway said.
type notebook struct {
	gateway, account string
	header           map[string]string
	body             []byte
}

func (n *notebook) Notice(_ context.Context, gateway, account string, header map[string]string, body []byte) (int, string, []byte) {
	n.gateway, n.account, n.header, n.body = gateway, account, header, body
	return http.StatusAccepted, "application/json", []byte(`{"code":"SUCCESS"}`)
}

// What is signed is the bytes: a notice reaches the adaptor exactly as it came, and without a session.
func TestPaymentNoticesPassUntouched(t *testing.T) {
	n := &notebook{}
	r := newSite(t, testkit.Open(t, db.SQLite)).serve(func(d *api.Deps) { d.Notices = n })
	body := "{ \"a\" : 1,\n\t\"b\":\"\\u0000 \xff\" }\n"
	a := r.nobody().do("POST", "//hooks/pay/wechatpay/1900000001", body, header{"Wechatpay-Signature", "sig=="}, header{"Wechatpay-Nonce", "n"})
	if a.status != http.StatusAccepted || string(a.body) != `{"code":"SUCCESS"}` || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n.gateway != "wechatpay" || n.account != "1900000001" || string(n.body) != body || n.header["wechatpay-signature"] != "sig==" || n.header["wechatpay-nonce"] != "n" {
		t.Errorf("%+v", n)
	}
	if a := r.nobody().do("GET", "//hooks/pay/wechatpay/1", nil); a.status != http.StatusMethodNotAllowed || a.code() != "method_not_allowed" {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
}

// A client cannot lend itself another address, or https: only a proxy that the operator named can.
func TestForwardedHeadersCountFromProxiesOnly(t *testing.T) {
	s := newSite(t, testkit.Open(t, db.SQLite))
	plain, behind := s.serve(), s.serve(func(d *api.Deps) { d.Options.TrustedProxies = []string{"127.0.0.1"} })
	log := func(r *running, user, pw, from string) answer {
		return r.nobody().do("POST", "/auth/login", map[string]string{"username": user, "password": pw}, header{"X-Forwarded-For", from}, header{"X-Forwarded-Proto", "https"})
	}
	if c := log(plain, "boss", password, "1.2.3.4").header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || strings.Contains(c, "Secure") {
		t.Errorf("cookie over http: %s", c)
	}
	a := log(behind, "boss", password, "1.2.3.4")
	if c := a.header.Get("Set-Cookie"); !strings.Contains(c, "Secure") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie behind a proxy with https: %s", c)
	}
	for n := range 5 {
		log(plain, "clerk", "wrong password", "10.0.0."+string(rune('1'+n)))
		log(behind, "dock", "wrong password", "10.0.0."+string(rune('1'+n))+", 9.9.9.9") // the proxy adds what it saw
	}
	if a := log(behind, "dock", password, "10.0.0.9, 9.9.9.9"); a.status != http.StatusTooManyRequests {
		t.Errorf("a forged address before the proxy's escapes the limit: %d %s", a.status, a.body)
	}
	if a := log(behind, "dock", password, "8.8.8.8"); a.status != 200 {
		t.Errorf("another client of the proxy is locked out: %d %s", a.status, a.body)
	}
	if a := log(plain, "clerk", password, "10.0.0.9"); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.code() != "too_many_tries" {
		t.Errorf("a forged address escapes the limit: %d %s", a.status, a.body)
	}
}
