package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Hosts of the live service. The spare is tried only when no connection to the first could be made.
const (
	Host      = "https://api.mch.weixin.qq.com"
	SpareHost = "https://api2.mch.weixin.qq.com"
)

// Config is one merchant account. It holds secrets and prints none of them.
type Config struct {
	BaseURL   string            // default Host
	SpareURL  string            // optional
	MchID     string            // merchant number
	Serial    string            // serial number of the merchant certificate
	Key       []byte            // merchant private key, PEM (PKCS#8 or PKCS#1)
	APIv3Key  string            // 32 bytes
	Platform  [][]byte          // platform certificates, PEM
	PublicKey map[string][]byte // PUB_KEY_ID_… → public key, PEM
	Encrypt   string            // id of the key that Wechatpay-Serial asks for and that ApplyAbnormal encrypts to; default: the only PUB_KEY_ID, if there is one
	Timeout   time.Duration     // of one call; default 10 s
}

var mchIDForm = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// settings is a Config that was checked and parsed.
type settings struct {
	bases   []*url.URL
	key     *rsa.PrivateKey
	ring    keyring
	encrypt string
	timeout time.Duration
}

func (c Config) parse() (settings, error) {
	s := settings{timeout: c.Timeout}
	if s.timeout == 0 {
		s.timeout = 10 * time.Second
	}
	if !mchIDForm.MatchString(c.MchID) {
		return s, errors.New("wechatpay: the merchant number is empty or has an odd form")
	}
	if c.Serial == "" {
		return s, errors.New("wechatpay: the merchant certificate's serial number is missing")
	}
	if len(c.APIv3Key) != 32 {
		return s, fmt.Errorf("wechatpay: the APIv3 key has %d bytes, it must have 32", len(c.APIv3Key))
	}
	var err error
	if s.bases, err = c.bases(); err != nil {
		return s, err
	}
	if s.key, err = parsePrivate(c.Key); err != nil {
		return s, err
	}
	if s.ring, err = newKeyring(c.Platform, c.PublicKey); err != nil {
		return s, err
	}
	s.encrypt, err = s.ring.choose(c.Encrypt)
	return s, err
}

func (c Config) bases() ([]*url.URL, error) {
	first := c.BaseURL
	if first == "" {
		first = Host
	}
	var all []*url.URL
	for _, raw := range []string{first, c.SpareURL} {
		if raw == "" {
			continue
		}
		u, err := url.Parse(strings.TrimRight(raw, "/"))
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return nil, fmt.Errorf("wechatpay: %q is not an http(s) address", raw)
		}
		all = append(all, u)
	}
	return all, nil
}

// parsePrivate never quotes its input: an error message must not carry key material.
func parsePrivate(raw []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("wechatpay: the merchant key is not PEM")
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("wechatpay: the merchant key is neither PKCS#8 nor PKCS#1")
	}
	r, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("wechatpay: the merchant key is not RSA")
	}
	return r, nil
}

func (c Config) String() string {
	return fmt.Sprintf("wechatpay(mchid=%s serial=%s base=%s)", c.MchID, c.Serial, c.BaseURL)
}

// Format keeps every verb, %+v and %#v included, from printing the secrets.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue is what slog shows.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON shows as little as the others.
func (c Config) MarshalJSON() ([]byte, error) { return []byte(`"` + c.MchID + `"`), nil }
