package wechatpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/id"
)

// DescriptionFile is the JSON in a key folder that names everything else.
const DescriptionFile = "wechatpay.json"

// Description tells a client and the simulator what lies in a key folder. File names are relative to the folder.
type Description struct {
	MchID           string `json:"mchid"`
	MerchantSerial  string `json:"merchant_serial"`
	MerchantKey     string `json:"merchant_key"`
	MerchantCert    string `json:"merchant_cert"`
	PlatformSerial  string `json:"platform_serial"`
	PlatformCert    string `json:"platform_cert"`
	PublicKeyID     string `json:"public_key_id"`
	PublicKey       string `json:"public_key"`
	APIv3Key        string `json:"apiv3_key"`
	PlatformPrivate string `json:"platform_private"` // the simulator's own
	PublicPrivate   string `json:"public_private"`   // the simulator's own
}

// Keys is a loaded key folder, from the platform's side.
type Keys struct {
	Description
	Merchant    *rsa.PublicKey
	Platform    *rsa.PrivateKey // signs as PlatformSerial
	Public      *rsa.PrivateKey // signs as PublicKeyID
	APIv3       []byte          // 32 bytes
	PlatformPEM []byte          // the certificate that /v3/certificates gives out
	NotBefore   time.Time       // of that certificate
	NotAfter    time.Time
}

// Init makes a key folder for a fictitious merchant. A folder that already has one is left as it is.
func Init(dir string, c clock.Clock) (Description, error) {
	if d, err := describe(dir); !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Description{}, fmt.Errorf("make key folder: %w", err)
	}
	d := Description{
		MchID: "1900000109", PublicKeyID: "PUB_KEY_ID_0119000001092026" + strings.ToUpper(id.Hex(9)),
		MerchantKey: "merchant_key.pem", MerchantCert: "merchant_cert.pem", PlatformCert: "platform_cert.pem", PublicKey: "wechatpay_public.pem",
		APIv3Key: "apiv3_key", PlatformPrivate: "platform_key.pem", PublicPrivate: "wechatpay_private.pem",
	}
	var err error
	if d.MerchantSerial, err = certified(dir, d.MerchantKey, d.MerchantCert, "Backdock sandbox merchant "+d.MchID, c.Now()); err != nil {
		return Description{}, err
	}
	if d.PlatformSerial, err = certified(dir, d.PlatformPrivate, d.PlatformCert, "Backdock sandbox platform", c.Now()); err != nil {
		return Description{}, err
	}
	if err = keyPair(dir, d.PublicPrivate, d.PublicKey); err != nil {
		return Description{}, err
	}
	if err = write(dir, d.APIv3Key, []byte(id.Hex(16))); err != nil {
		return Description{}, err
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return Description{}, fmt.Errorf("write description: %w", err)
	}
	// Last, and by rename: a folder with a description is a whole folder.
	if err = write(dir, DescriptionFile+".new", append(text, '\n')); err != nil {
		return Description{}, err
	}
	return d, os.Rename(filepath.Join(dir, DescriptionFile+".new"), filepath.Join(dir, DescriptionFile))
}

// certified makes a key with a self-signed certificate and returns its serial as WeChat writes it: upper-case hex, 40 digits.
func certified(dir, keyFile, certFile, name string, now time.Time) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fmt.Errorf("generate key: %w", err)
	}
	number := id.Random(20)
	number[0] = number[0]&0x7f | 0x40 // positive, and always 40 digits
	template := x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number), Subject: pkix.Name{CommonName: name, Organization: []string{"Backdock sandbox"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return "", fmt.Errorf("make certificate: %w", err)
	}
	if err := writePrivate(dir, keyFile, key); err != nil {
		return "", err
	}
	return fmt.Sprintf("%X", number), write(dir, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func keyPair(dir, privateFile, publicFile string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encode public key: %w", err)
	}
	if err := writePrivate(dir, privateFile, key); err != nil {
		return err
	}
	return write(dir, publicFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func writePrivate(dir, file string, key *rsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode private key: %w", err)
	}
	return write(dir, file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func write(dir, file string, content []byte) error {
	if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
		return fmt.Errorf("write key material: %w", err)
	}
	return nil
}

func describe(dir string) (Description, error) {
	var d Description
	text, err := os.ReadFile(filepath.Join(dir, DescriptionFile))
	if err != nil {
		return d, fmt.Errorf("read key folder (make one with: sandbox init DIR): %w", err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("read %s: %w", DescriptionFile, err)
	}
	return d, nil
}

// Load reads a key folder made by Init.
func Load(dir string) (*Keys, error) {
	d, err := describe(dir)
	if err != nil {
		return nil, err
	}
	k := &Keys{Description: d}
	merchant, _, err := loadCertificate(dir, d.MerchantCert)
	if err != nil {
		return nil, err
	}
	platform, text, err := loadCertificate(dir, d.PlatformCert)
	if err != nil {
		return nil, err
	}
	k.PlatformPEM, k.NotBefore, k.NotAfter = text, platform.NotBefore, platform.NotAfter
	var ok bool
	if k.Merchant, ok = merchant.PublicKey.(*rsa.PublicKey); !ok {
		return nil, fmt.Errorf("%s: not an RSA certificate", d.MerchantCert)
	}
	if k.Platform, err = loadPrivate(dir, d.PlatformPrivate); err != nil {
		return nil, err
	}
	if k.Public, err = loadPrivate(dir, d.PublicPrivate); err != nil {
		return nil, err
	}
	if k.APIv3, err = os.ReadFile(filepath.Join(dir, d.APIv3Key)); err != nil {
		return nil, fmt.Errorf("read APIv3 key: %w", err)
	}
	if len(k.APIv3) != 32 {
		return nil, fmt.Errorf("%s: the APIv3 key has %d bytes, want 32", d.APIv3Key, len(k.APIv3))
	}
	return k, nil
}

func loadCertificate(dir, file string) (*x509.Certificate, []byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, nil, fmt.Errorf("read certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, fmt.Errorf("%s: no PEM block", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, text, nil
}

func loadPrivate(dir, file string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an RSA key", file)
	}
	return private, nil
}
