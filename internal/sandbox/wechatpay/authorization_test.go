package wechatpay

import (
	"strings"
	"testing"
)

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	want := authorization{MchID: "1", Nonce: "n", Timestamp: "2", Serial: "S", Signature: "a+/="}
	for name, c := range map[string]struct {
		header string
		ok     bool
	}{
		"as sent":          {`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a+/="`, true},
		"another order":    {`WECHATPAY2-SHA256-RSA2048 signature="a+/=",serial_no="S",timestamp="2",nonce_str="n",mchid="1"`, true},
		"blanks":           {`WECHATPAY2-SHA256-RSA2048  mchid="1", nonce_str="n", timestamp="2", serial_no="S", signature="a+/=" `, true},
		"no scheme":        {`mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"lower case":       {`wechatpay2-sha256-rsa2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"only scheme":      {`WECHATPAY2-SHA256-RSA2048 `, false},
		"unquoted":         {`WECHATPAY2-SHA256-RSA2048 mchid=1,nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"unclosed":         {`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a`, false},
		"empty value":      {`WECHATPAY2-SHA256-RSA2048 mchid="",nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"twice":            {`WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"unknown":          {`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a",x="y"`, false},
		"missing":          {`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S"`, false},
		"no comma":         {`WECHATPAY2-SHA256-RSA2048 mchid="1"nonce_str="n",timestamp="2",serial_no="S",signature="a"`, false},
		"a comma too many": {`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a",`, false},
	} {
		got, err := parseAuthorization(c.header)
		if (err == nil) != c.ok || (c.ok && got != want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whatever a stranger sends, the parser neither panics nor accepts what it could not have written itself.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		`WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="2",serial_no="S",signature="a+/="`,
		`WECHATPAY2-SHA256-RSA2048 mchid="1", nonce_str="退",timestamp="2",serial_no="S",signature="="`,
		`WECHATPAY2-SHA256-RSA2048 mchid="1",,signature="a`, `WECHATPAY2-SHA256-RSA2048 ="="`, "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(header)
		if err != nil {
			return
		}
		written := scheme + ` mchid="` + a.MchID + `",nonce_str="` + a.Nonce + `",timestamp="` + a.Timestamp + `",serial_no="` + a.Serial + `",signature="` + a.Signature + `"`
		again, err := parseAuthorization(written)
		if err != nil || again != a {
			t.Fatalf("%q gives %+v, written again %+v, %v", header, a, again, err)
		}
		for _, v := range []string{a.MchID, a.Nonce, a.Timestamp, a.Serial, a.Signature} {
			if v == "" || strings.Contains(v, `"`) {
				t.Fatalf("%q gives the value %q", header, v)
			}
		}
	})
}

// A refund order that passes the form can never carry a number or an amount that breaks it.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"transaction_id":"T","out_refund_no":"R","amount":{"refund":1,"total":2,"currency":"CNY","from":[{"account":"AVAILABLE","amount":1}]}}`))
	f.Add([]byte(`{"out_trade_no":"T","out_refund_no":"R|*@","notify_url":"http://a/b","amount":{"refund":9007199254740993,"total":9223372036854775807,"currency":"CNY"}}`))
	f.Add([]byte(`{"amount":{"from":[{"amount":9223372036854775807},{"amount":9223372036854775807}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, p := parseOrder(body)
		if p != nil {
			if p.Status != 400 || p.Code != "PARAM_ERROR" {
				t.Fatalf("%q: %+v", body, p)
			}
			return
		}
		if !goodRefundNo(o.OutRefundNo) || o.Amount.Refund < 1 || o.Amount.Refund > o.Amount.Total || o.TransactionID+o.OutTradeNo == "" {
			t.Fatalf("%q passes as %+v", body, o)
		}
		var sum int64
		for _, s := range o.Amount.From {
			sum += s.Amount
		}
		if len(o.Amount.From) > 0 && sum != o.Amount.Refund {
			t.Fatalf("%q: sources sum to %d", body, sum)
		}
	})
}
