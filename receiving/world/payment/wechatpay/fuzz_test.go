package wechatpay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
)

// FuzzNotice feeds the parser of notices from three sides: as anybody could send it, genuinely signed with any body, and genuinely sealed with any
// content. Nothing may panic, nothing unsigned may be believed, and whatever is believed is whole.
func FuzzNotice(f *testing.F) {
	g := vectorGateway(f, vectorTime)
	platform, err := parsePrivate(read(f, "platform.key"))
	if err != nil {
		f.Fatal(err)
	}
	genuine := string(read(f, "notice.json")) // the only body for which a signature is within the fuzzer's reach
	f.Add("1735700000", "noticenonce", "PUB_KEY_ID_01", string(read(f, "notice.pubkeyid.sig")), []byte(`{"id":"x"}`), read(f, "resource.json"))
	f.Add("1735700000", "n", "C5A1B2C3D4E5F60718293A4B5C6D7E8F901234", "WECHATPAY/SIGNTEST/AAAA", read(f, "notice.json"), []byte(`{"amount":{"refund":1e3}}`))
	f.Fuzz(func(t *testing.T, ts, nonce, serial, sig string, body, plain []byte) {
		h := http.Header{}
		h.Set("Wechatpay-Timestamp", ts)
		h.Set("Wechatpay-Nonce", nonce)
		h.Set("Wechatpay-Serial", serial)
		h.Set("Wechatpay-Signature", sig)
		if n, err := g.ParseNotify(t.Context(), h, body); err == nil && string(body) != genuine {
			t.Fatalf("believed %+v", n)
		}
		whole(t, g, sign(t, platform, body), body)
		sealed := seal(t, plain)
		whole(t, g, sign(t, platform, sealed), sealed)
	})
}

// whole parses a signed notice and demands that it is refused or complete.
func whole(t *testing.T, g *Gateway, h http.Header, body []byte) {
	n, err := g.ParseNotify(t.Context(), h, body)
	if err != nil {
		if status, _ := g.Ack(err); status < 400 {
			t.Fatalf("refused but answered %d", status)
		}
		return
	}
	if n.MessageID == "" || n.Key == "" || n.Result.ExternalID == "" || n.AmountMinor <= 0 || n.Result.Absent || n.Result.Effect.String() == "unknown" {
		t.Fatalf("half a notice was believed: %+v", n)
	}
}

func sign(t *testing.T, key *rsa.PrivateKey, body []byte) http.Header {
	sum := sha256.Sum256([]byte("1735700000\nfuzz\n" + string(body) + "\n"))
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", "1735700000")
	h.Set("Wechatpay-Nonce", "fuzz")
	h.Set("Wechatpay-Serial", "C5A1B2C3D4E5F60718293A4B5C6D7E8F901234")
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(raw))
	return h
}

func seal(t *testing.T, plain []byte) []byte {
	block, err := aes.NewCipher([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"id": "EV", "event_type": "REFUND.SUCCESS", "resource": map[string]string{
		"algorithm": "AEAD_AES_256_GCM", "original_type": "refund", "nonce": "nonce1234567", "associated_data": "refund",
		"ciphertext": base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte("nonce1234567"), plain, []byte("refund")))}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}
