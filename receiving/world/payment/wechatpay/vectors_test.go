package wechatpay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/fault"
)

// The vectors are made by testdata/make.sh with OpenSSL; none of our code took part.

func read(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var vectorTime = time.Unix(1735700000, 0)

func vectorGateway(t testing.TB, at time.Time) *Gateway {
	t.Helper()
	g, err := New(Config{
		MchID: "1900000109", Serial: "01", Key: read(t, "merchant.key"), APIv3Key: "0123456789abcdef0123456789abcdef",
		Platform: [][]byte{read(t, "platform.crt")}, PublicKey: map[string][]byte{"PUB_KEY_ID_01": read(t, "pubkeyid.pub")},
	}, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRequestSignatureEqualsOpenSSL(t *testing.T) {
	g := vectorGateway(t, vectorTime)
	body := `{"transaction_id":"4200000000000001","out_refund_no":"R1","amount":{"refund":1,"total":100,"currency":"CNY"}}`
	if got := requestMessage("POST", refundsPath, 1735700000, "5d41402abc4b2a76b9719d911017c592", []byte(body)); string(got) != string(read(t, "request.msg")) {
		t.Fatalf("message\n%q\nwant\n%q", got, read(t, "request.msg"))
	}
	auth, err := g.signer.authorization("POST", refundsPath, 1735700000, "5d41402abc4b2a76b9719d911017c592", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	// PKCS#1 v1.5 has no salt: the same key and message give the same bytes everywhere.
	want := `WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="5d41402abc4b2a76b9719d911017c592",timestamp="1735700000",serial_no="01",signature="` + string(read(t, "request.sig")) + `"`
	if auth != want {
		t.Fatalf("got\n%s\nwant\n%s", auth, want)
	}
	block, _ := pem.Decode(read(t, "merchant.pub"))
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sig, _ := base64.StdEncoding.DecodeString(string(read(t, "request.sig")))
	sum := sha256.Sum256(read(t, "request.msg"))
	if err := rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
		t.Fatal(err)
	}
}

func vectorHeader(t testing.TB, serial, sigFile string) http.Header {
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", "1735700000")
	h.Set("Wechatpay-Nonce", "noticenonce")
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Signature", string(read(t, sigFile)))
	return h
}

func TestNoticeOfOpenSSLIsRead(t *testing.T) {
	g := vectorGateway(t, vectorTime)
	for name, h := range map[string]http.Header{
		"certificate":            vectorHeader(t, "C5A1B2C3D4E5F60718293A4B5C6D7E8F901234", "notice.platform.sig"),
		"certificate, lower":     vectorHeader(t, "c5a1b2c3d4e5f60718293a4b5c6d7e8f901234", "notice.platform.sig"),
		"certificate, lead zero": vectorHeader(t, "00C5A1B2C3D4E5F60718293A4B5C6D7E8F901234", "notice.platform.sig"),
		"public key":             vectorHeader(t, "PUB_KEY_ID_01", "notice.pubkeyid.sig"),
	} {
		n, err := g.ParseNotify(t.Context(), h, read(t, "notice.json"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n.Key != "R1" || n.AmountMinor != 1 || n.MessageID != "EV-2025010110000000001" || n.Result.ExternalID != "50000000000000001" ||
			!n.Result.SettledAt.Equal(time.Date(2025, 1, 1, 2, 0, 0, 0, time.UTC)) {
			t.Fatalf("%s: %+v", name, n)
		}
		if strings.Contains(string(n.Result.Raw), "0403") {
			t.Fatal("the buyer's account was kept")
		}
	}
}

func TestNoticeRefused(t *testing.T) {
	good := func() http.Header { return vectorHeader(t, "PUB_KEY_ID_01", "notice.pubkeyid.sig") }
	with := func(name, value string) http.Header { h := good(); h.Set(name, value); return h }
	for name, c := range map[string]struct {
		h  http.Header
		at time.Time
	}{
		"key of the other mode": {with("Wechatpay-Serial", "C5A1B2C3D4E5F60718293A4B5C6D7E8F901234"), vectorTime},
		"unknown serial":        {with("Wechatpay-Serial", "PUB_KEY_ID_02"), vectorTime},
		"probe":                 {with("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+string(read(t, "notice.pubkeyid.sig"))), vectorTime},
		"no base64":             {with("Wechatpay-Signature", "!"), vectorTime},
		"no number":             {with("Wechatpay-Timestamp", "1735700000x"), vectorTime},
		"other nonce":           {with("Wechatpay-Nonce", "noticenoncf"), vectorTime},
		"300 s late":            {good(), vectorTime.Add(300 * time.Second)},
		"300 s early":           {good(), vectorTime.Add(-300 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := vectorGateway(t, c.at).ParseNotify(t.Context(), c.h, read(t, "notice.json"))
			if fault.Code(err) != "notice_unverified" {
				t.Fatalf("got %v", err)
			}
			if status, body := vectorGateway(t, c.at).Ack(err); status != 401 || !strings.Contains(string(body), `"code":"FAIL"`) {
				t.Fatalf("answered %d %s", status, body)
			}
		})
	}
	for _, at := range []time.Time{vectorTime.Add(299 * time.Second), vectorTime.Add(-299 * time.Second)} {
		if _, err := vectorGateway(t, at).ParseNotify(t.Context(), good(), read(t, "notice.json")); err != nil {
			t.Fatalf("299 s is inside the window: %v", err)
		}
	}
}

// TestPublishedVector is the one vector that the protocol notes carry for the sealed part.
func TestPublishedVector(t *testing.T) {
	block, err := aes.NewCipher([]byte(strings.Repeat("a", 32)))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	var env envelope
	env.Resource.Algorithm, env.Resource.Nonce, env.Resource.AssociatedData = "AEAD_AES_256_GCM", "nonce1234567", "refund"
	env.Resource.Ciphertext = "CkXJa2NKMEeS5pVhMlJakZFabhaHlS4="
	plain, err := (&Gateway{aead: aead}).open(env)
	if err != nil || string(plain) != `{"a":1}` {
		t.Fatalf("opened %q, %v", plain, err)
	}
	env.Resource.AssociatedData = "refunds"
	if _, err := (&Gateway{aead: aead}).open(env); fault.Code(err) != "notice_sealed" {
		t.Fatalf("other associated data: %v", err)
	}
}
