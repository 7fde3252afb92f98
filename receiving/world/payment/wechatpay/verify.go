package wechatpay

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Window is how far a signature's time may be from ours; exactly this far is too far.
const Window = 300 * time.Second

// probe starts the signatures that WeChat sends on purpose wrong, to see whether we check. They fail like any other.
const probe = "WECHATPAY/SIGNTEST/"

// verify checks the four Wechatpay-* headers against the raw body. Nothing of the body is read before it returns nil.
func (g *Gateway) verify(h http.Header, body []byte) error {
	var (
		timestamp = h.Get("Wechatpay-Timestamp")
		nonce     = h.Get("Wechatpay-Nonce")
		serial    = h.Get("Wechatpay-Serial")
		signature = h.Get("Wechatpay-Signature")
	)
	if timestamp == "" || nonce == "" || serial == "" || signature == "" {
		return errors.New("unsigned")
	}
	unix, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("the timestamp is no number")
	}
	if off := g.now().Unix() - unix; off >= int64(Window/time.Second) || -off >= int64(Window/time.Second) {
		return errors.New("the timestamp is outside the window")
	}
	if strings.HasPrefix(signature, probe) {
		return errors.New("a probe of our checking")
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("the signature is not base64")
	}
	return g.ring.verify(serial, replyMessage(timestamp, nonce, body), raw)
}
