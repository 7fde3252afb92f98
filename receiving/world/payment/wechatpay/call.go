package wechatpay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// maxReply bounds what is read of a reply; real ones have about 1 kB.
const maxReply = 1 << 20

// reply is what came back, judged as far as the envelope goes.
type reply struct {
	status     int
	body       []byte
	trusted    bool // signature verified
	why        string
	retryAfter time.Duration
}

// call sends one signed request. ok is false when nothing came back that could be read; the result then says what is known, which is at most that
// nothing left this machine.
func (g *Gateway) call(ctx context.Context, method, path string, body []byte) (rep reply, lost refund.Result, ok bool) {
	var last error
	for _, base := range g.bases {
		r, err := g.once(ctx, base, method, path, body)
		if err == nil {
			return r, refund.Result{}, true
		}
		last = err
		// Only a connection that was never made proves that nothing was sent; then the spare host may try.
		if op, dial := errors.AsType[*net.OpError](err); !dial || op.Op != "dial" {
			break
		}
	}
	code := "connection_lost"
	if errors.Is(last, context.DeadlineExceeded) || isTimeout(last) {
		code = "timeout"
	}
	return reply{}, refund.Result{Effect: refund.Unknown, Code: code, Message: "no answer from WeChat Pay"}, false
}

func (g *Gateway) once(ctx context.Context, base *url.URL, method, path string, body []byte) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, base.String()+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, fmt.Errorf("make request: %w", err)
	}
	auth, err := g.signer.authorization(method, req.URL.RequestURI(), g.now().Unix(), g.nonce(), body)
	if err != nil {
		return reply{}, err
	}
	req.GetBody = nil // without it the transport does not repeat writes
	req.Header.Set("Authorization", auth)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "backdock")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if g.encrypt != "" {
		req.Header.Set("Wechatpay-Serial", g.encrypt)
	}
	client := g.writes
	if method == http.MethodGet {
		client = g.reads
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	if err != nil {
		return reply{}, fmt.Errorf("read reply: %w", err)
	}
	if len(raw) > maxReply {
		return reply{}, errors.New("read reply: too long")
	}
	r := reply{status: res.StatusCode, body: raw, trusted: true, retryAfter: retryAfter(res.Header.Get("Retry-After"))}
	if err := g.verify(res.Header, raw); err != nil {
		r.trusted, r.why = false, err.Error()
	}
	return r, nil
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// retryAfter reads the header's seconds; anything else, or more than an hour, is ignored.
func retryAfter(v string) time.Duration {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
