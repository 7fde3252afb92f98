package wechatpay

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// Gateway is one merchant account at WeChat Pay. It is safe for concurrent use and holds no state of any refund.
type Gateway struct {
	bases   []*url.URL
	signer  signer
	ring    keyring
	encrypt string
	aead    cipher.AEAD // made once: the APIv3 key itself is not kept
	// A request is signed for one use. On a kept connection that broke, net/http would repeat a read with the same nonce, and WeChat Pay takes that for a
	// replay. So reads get a connection each; writes keep theirs and are not repeated (see once).
	reads, writes *http.Client

	now   func() time.Time
	nonce func() string
}

var (
	_ refund.Gateway  = (*Gateway)(nil)
	_ refund.Notifier = (*Gateway)(nil)
)

// New checks the account's settings. now is the clock against which signatures are dated.
func New(c Config, now func() time.Time) (*Gateway, error) {
	s, err := c.parse()
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher([]byte(c.APIv3Key))
	if err != nil {
		return nil, fmt.Errorf("wechatpay: APIv3 key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("wechatpay: APIv3 key: %w", err)
	}
	return &Gateway{
		bases:   s.bases,
		signer:  signer{mchID: c.MchID, serial: c.Serial, key: s.key},
		ring:    s.ring,
		encrypt: s.encrypt,
		aead:    aead,
		reads:   client(s.timeout, false),
		writes:  client(s.timeout, true),
		now:     now,
		nonce:   func() string { return id.Hex(16) },
	}, nil
}

func client(timeout time.Duration, keep bool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = !keep
	return &http.Client{
		Transport: t, Timeout: timeout,
		// A redirect would carry a signed refund to an address nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close drops kept connections. The gateway stays usable.
func (g *Gateway) Close() { g.writes.CloseIdleConnections() }
