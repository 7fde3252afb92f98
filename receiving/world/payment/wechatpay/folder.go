package wechatpay

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Folder reads an account from a folder of key files that wechatpay.json names; file names in it are relative to the folder. withPublicKey takes the WeChat Pay
// public key beside the platform certificate, and asks for answers under it.
func Folder(dir string, withPublicKey bool) (Config, error) {
	var d struct {
		MchID        string `json:"mchid"`
		Serial       string `json:"merchant_serial"`
		Key          string `json:"merchant_key"`
		APIv3Key     string `json:"apiv3_key"`
		PlatformCert string `json:"platform_cert"`
		PublicKeyID  string `json:"public_key_id"`
		PublicKey    string `json:"public_key"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, "wechatpay.json"))
	if err != nil {
		return Config{}, fmt.Errorf("wechatpay: %w", err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return Config{}, fmt.Errorf("wechatpay: wechatpay.json: %w", err)
	}
	c := Config{MchID: d.MchID, Serial: d.Serial}
	read := func(name string) (raw []byte) {
		if err == nil {
			raw, err = os.ReadFile(filepath.Join(dir, filepath.Base(name)))
		}
		return raw
	}
	c.Key, c.APIv3Key = read(d.Key), string(read(d.APIv3Key))
	if d.PlatformCert != "" {
		c.Platform = [][]byte{read(d.PlatformCert)}
	}
	if withPublicKey {
		c.PublicKey = map[string][]byte{d.PublicKeyID: read(d.PublicKey)}
	}
	if err != nil {
		return Config{}, fmt.Errorf("wechatpay: %w", err)
	}
	return c, nil
}
