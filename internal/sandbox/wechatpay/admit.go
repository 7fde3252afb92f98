package wechatpay

import (
	"net/http"
	"strconv"
	"time"
)

// maxSkew is how far a request's clock may be off.
const maxSkew = 300 * time.Second

// nonces remembers what was used while its timestamp is still good. The book rebuilds it from the request entries after a restart.
type nonces struct {
	used  map[string]int64 // nonce → its unix timestamp
	swept int64
}

func (n *nonces) seen(nonce string) bool { _, ok := n.used[nonce]; return ok }

func (n *nonces) add(nonce string, at int64) {
	if n.used == nil {
		n.used = map[string]int64{}
	}
	n.used[nonce] = at
	const keep = int64(2 * maxSkew / time.Second) // a timestamp may lie in the future too
	if at-n.swept < keep {
		return
	}
	n.swept = at
	for k, t := range n.used {
		if t < at-2*keep {
			delete(n.used, k)
		}
	}
}

// admit checks who is asking. The signature covers the request target exactly as it was sent, so r.RequestURI and never a cleaned URL. It does not yet
// know whether the nonce is fresh: that is decided together with writing it down.
func (k *Keys) admit(r *http.Request, body []byte, now time.Time) (authorization, *problem) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return authorization{}, badSignature("authorization", "the header is missing", nil)
	}
	a, err := parseAuthorization(header)
	if err != nil {
		return a, badSignature("authorization", err.Error(), nil)
	}
	sent, err := strconv.ParseInt(a.Timestamp, 10, 64)
	if err != nil {
		return a, badSignature("timestamp", "not unix seconds", nil)
	}
	if skew := now.Sub(time.Unix(sent, 0)); skew >= maxSkew || skew <= -maxSkew {
		return a, badSignature("timestamp", "more than 5 minutes from the platform's clock", nil)
	}
	switch {
	case len(a.Nonce) > 64:
		return a, badSignature("nonce_str", "longer than 64", nil)
	case a.MchID != k.MchID:
		return a, badSignature("mchid", "not the merchant of this key folder", nil)
	case a.Serial != k.MerchantSerial:
		return a, badSignature("serial_no", "the merchant has no certificate with this serial", nil)
	}
	message := requestMessage(r.Method, r.RequestURI, a.Timestamp, a.Nonce, body)
	if !verified(k.Merchant, message, a.Signature) {
		shown := message
		if len(body) > 0 {
			shown = requestMessage(r.Method, r.RequestURI, a.Timestamp, a.Nonce, nil) // the vendor leaves the body out, too
		}
		return a, badSignature("signature", "sign not match", map[string]any{
			"method": r.Method, "url": r.RequestURI, "sign_message_length": len(message), "truncated_sign_message": string(shown),
		})
	}
	if r.Header.Get("Accept") == "" || r.Header.Get("User-Agent") == "" {
		return a, refuse("PARAM_ERROR", "Http头缺少Accept或User-Agent")
	}
	return a, nil
}
