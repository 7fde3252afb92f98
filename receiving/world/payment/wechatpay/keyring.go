package wechatpay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// keyring maps what Wechatpay-Serial may say to a public key: certificate serials and PUB_KEY_ID_… side by side, so that a merchant can move from one
// mode to the other, or rotate, without a moment in which nothing verifies.
type keyring map[string]*rsa.PublicKey

func newKeyring(certificates [][]byte, publicKeys map[string][]byte) (keyring, error) {
	ring := keyring{}
	for i, raw := range certificates {
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, fmt.Errorf("wechatpay: platform certificate %d is not PEM", i+1)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("wechatpay: platform certificate %d: %w", i+1, err)
		}
		pub, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("wechatpay: platform certificate %d has no RSA key", i+1)
		}
		ring[serialOf(cert)] = pub
	}
	for keyID, raw := range publicKeys {
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, fmt.Errorf("wechatpay: public key %s is not PEM", keyID)
		}
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("wechatpay: public key %s: %w", keyID, err)
		}
		pub, ok := k.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("wechatpay: public key %s is not RSA", keyID)
		}
		ring[canonical(keyID)] = pub
	}
	if len(ring) == 0 {
		return nil, errors.New("wechatpay: no platform certificate and no WeChat Pay public key: nothing WeChat says could be verified")
	}
	return ring, nil
}

// serialOf writes a serial as WeChat does: upper-case hex, two digits a byte, no sign byte.
func serialOf(cert *x509.Certificate) string { return fmt.Sprintf("%X", cert.SerialNumber.Bytes()) }

// canonical makes "00ab" and "AB" the same serial; PUB_KEY_ID_… stays as it is.
func canonical(serial string) string {
	if strings.HasPrefix(serial, "PUB_KEY_ID_") {
		return serial
	}
	s := strings.ToUpper(serial)
	for len(s) > 2 && strings.HasPrefix(s, "00") {
		s = s[2:]
	}
	return s
}

func (r keyring) verify(serial string, message, signature []byte) error {
	pub, ok := r[canonical(serial)]
	if !ok {
		return errors.New("the serial number names no key of ours")
	}
	sum := sha256.Sum256(message)
	if rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], signature) != nil {
		return errors.New("the signature does not fit")
	}
	return nil
}

// choose picks the key that requests name in Wechatpay-Serial.
func (r keyring) choose(wanted string) (string, error) {
	if wanted != "" {
		if _, ok := r[canonical(wanted)]; !ok {
			return "", fmt.Errorf("wechatpay: the key %s to encrypt with is not configured", wanted)
		}
		return canonical(wanted), nil
	}
	var found []string
	for k := range r {
		if strings.HasPrefix(k, "PUB_KEY_ID_") {
			found = append(found, k)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return "", nil
}
