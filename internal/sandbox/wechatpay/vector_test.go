package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func vector(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every message was signed by the openssl command line (testdata/vectors/make.sh).
var vectors = map[string][]byte{
	"get":    requestMessage("GET", "/v3/refund/domestic/refunds/RF-1%7C2?a=%E9%80%80", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", nil),
	"post":   requestMessage("POST", "/v3/refund/domestic/refunds", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", []byte(`{"out_refund_no":"RF-1","reason":"退货"}`)),
	"answer": answerMessage("1554209980", "c5ac7061fccab6bf3e254dcf98995b8c", []byte(`{"status":"SUCCESS","user_received_account":"招商银行信用卡0403"}`)),
	"empty":  answerMessage("1554209980", "c5ac7061fccab6bf3e254dcf98995b8c", nil),
}

func TestSignaturesAgreeWithOpenSSL(t *testing.T) {
	t.Parallel()
	key, err := loadPrivate("testdata/vectors", "key.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(vector(t, "public.pem")))
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public := parsed.(*rsa.PublicKey)
	for name, message := range vectors {
		if want := vector(t, name+".txt"); string(message) != want {
			t.Errorf("%s: message %q, want %q", name, message, want)
		}
		want := strings.TrimSpace(vector(t, name+".sig"))
		if got, err := sign(key, message); err != nil || got != want {
			t.Errorf("%s: %v: signature %s, openssl's is %s", name, err, got, want)
		}
		if !verified(public, message, want) {
			t.Errorf("%s: openssl's signature is refused", name)
		}
		if verified(public, append([]byte{' '}, message...), want) || verified(public, message, want[4:]) || verified(public, message, "WECHATPAY/SIGNTEST/"+want) {
			t.Errorf("%s: a wrong signature is accepted", name)
		}
	}
}

const (
	nodePlain  = `{"refund_status":"SUCCESS","user_received_account":"支付用户零钱"}`
	nodeSealed = "pVteEXowvlyK0RfnkpT7D8c5vIjcSafPddYWVDijyQ6c+QUfC/Tpt+dOcHot0ulNllB/h5XX6bfsEkjq8UvbdrQNqXeUuw+jAiYiZYbd1RTj2cPfPiWT/g=="
	nodeEmpty  = "UixYIdZ3uxZRjZ9IW5EkAA=="
)

// The vectors come from the protocol's description and from Node's crypto (peers/vectors.mjs).
func TestSealAgreesWithOthers(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ key, nonce, associated, plain, sealed string }{
		"description": {strings.Repeat("a", 32), "nonce1234567", "refund", `{"a":1}`, "CkXJa2NKMEeS5pVhMlJakZFabhaHlS4="},
		"node":        {"0123456789abcdef0123456789abcdef", "9f2b1c0d4e5a", "refund", nodePlain, nodeSealed},
		"node, empty": {"0123456789abcdef0123456789abcdef", "9f2b1c0d4e5a", "", "", nodeEmpty},
	} {
		if got, err := seal([]byte(v.key), v.nonce, v.associated, []byte(v.plain)); err != nil || got != v.sealed {
			t.Errorf("%s: %v: %s, want %s", name, err, got, v.sealed)
		}
	}
	if _, err := seal([]byte("short"), "nonce1234567", "", nil); err == nil {
		t.Error("a key of 5 bytes is accepted")
	}
	if _, err := seal([]byte(strings.Repeat("a", 32)), "short", "", nil); err == nil {
		t.Error("a nonce of 5 bytes is accepted")
	}
}
