package wechatpay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

const scheme = "WECHATPAY2-SHA256-RSA2048"

// requestMessage is what a request's signature covers: path and query exactly as sent; the last newline stays even after an empty body.
func requestMessage(method, uri string, unix int64, nonce string, body []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%d\n%s\n%s\n", method, uri, unix, nonce, body)
}

// replyMessage is what the signature of a reply or a notice covers.
func replyMessage(timestamp, nonce string, body []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n", timestamp, nonce, body)
}

type signer struct {
	mchID, serial string
	key           *rsa.PrivateKey
}

// authorization makes the Authorization header of one request.
func (s signer) authorization(method, uri string, unix int64, nonce string, body []byte) (string, error) {
	sum := sha256.Sum256(requestMessage(method, uri, unix, nonce, body))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	return scheme + " " + strings.Join([]string{
		`mchid="` + s.mchID + `"`,
		`nonce_str="` + nonce + `"`,
		fmt.Sprintf(`timestamp="%d"`, unix),
		`serial_no="` + s.serial + `"`,
		`signature="` + base64.StdEncoding.EncodeToString(sig) + `"`,
	}, ","), nil
}
