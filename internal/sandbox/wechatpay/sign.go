package wechatpay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// requestMessage is what a merchant signs: every part ends with a line feed, the empty body's too.
func requestMessage(method, uri, timestamp, nonce string, body []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%s\n", method, uri, timestamp, nonce, body)
}

// answerMessage is what the platform signs, in answers and callbacks alike.
func answerMessage(timestamp, nonce string, body []byte) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n", timestamp, nonce, body)
}

// sign makes RSASSA-PKCS1-v1_5 with SHA-256, base64.
func sign(key *rsa.PrivateKey, message []byte) (string, error) {
	digest := sha256.Sum256(message)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// verified tells whether signature (base64) is key's over message.
func verified(key *rsa.PublicKey, message []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	digest := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig) == nil
}

// seal encrypts with AEAD_AES_256_GCM; the tag is the last 16 bytes of the result, base64.
func seal(key []byte, nonce, associated string, plain []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	if len(nonce) != aead.NonceSize() {
		return "", fmt.Errorf("seal: nonce of %d bytes, want %d", len(nonce), aead.NonceSize())
	}
	return base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), plain, []byte(associated))), nil
}
