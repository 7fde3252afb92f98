package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

// paymentsFile names the merchant accounts that refunds go out by. File names in it are relative to it; secrets stay in files of their own.
//
//	{"accounts": [{"gateway": "wechatpay", "account": "main", "mchid": "…", "serial": "…", "key_file": "merchant.pem", "apiv3_key_file": "apiv3.txt",
//	               "platform_cert_files": ["platform.pem"], "public_key_files": {"PUB_KEY_ID_…": "pub.pem"}, "base_url": "", "timeout": "10s"}]}
type paymentsFile struct {
	Accounts []paymentAccount `json:"accounts"`
}

type paymentAccount struct {
	Gateway           string            `json:"gateway"`
	Account           string            `json:"account"` // as in payments.account
	MchID             string            `json:"mchid"`
	Serial            string            `json:"serial"` // of the merchant certificate
	KeyFile           string            `json:"key_file"`
	APIv3KeyFile      string            `json:"apiv3_key_file"`
	PlatformCertFiles []string          `json:"platform_cert_files,omitempty"`
	PublicKeyFiles    map[string]string `json:"public_key_files,omitempty"`
	BaseURL           string            `json:"base_url,omitempty"` // empty: the live service
	SpareURL          string            `json:"spare_url,omitempty"`
	Timeout           string            `json:"timeout,omitempty"`
}

// gateways holds what the file named, by account.
type gateways struct {
	senders   map[refund.Account]refund.Gateway
	notifiers map[refund.Account]refund.Notifier
}

func loadGateways(path string, now func() time.Time) (gateways, error) {
	g := gateways{senders: map[refund.Account]refund.Gateway{}, notifiers: map[refund.Account]refund.Notifier{}}
	if path == "" {
		return g, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return g, fmt.Errorf("payment accounts: %w", err)
	}
	var file paymentsFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return g, fmt.Errorf("payment accounts in %s: %w", path, err)
	}
	for _, a := range file.Accounts {
		if a.Gateway != "wechatpay" {
			return g, fmt.Errorf("payment account %q: gateway %q is not supported, only wechatpay is", a.Account, a.Gateway)
		}
		cfg, err := a.wechatpay(filepath.Dir(path))
		if err != nil {
			return g, fmt.Errorf("payment account %q: %w", a.Account, err)
		}
		gw, err := wechatpay.New(cfg, now)
		if err != nil {
			return g, fmt.Errorf("payment account %q: %w", a.Account, err)
		}
		key := refund.Account{Gateway: a.Gateway, Account: a.Account}
		g.senders[key], g.notifiers[key] = gw, gw
	}
	return g, nil
}

func (a paymentAccount) wechatpay(dir string) (wechatpay.Config, error) {
	c := wechatpay.Config{BaseURL: a.BaseURL, SpareURL: a.SpareURL, MchID: a.MchID, Serial: a.Serial, PublicKey: map[string][]byte{}}
	read := func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return os.ReadFile(name)
	}
	var err error
	if c.Key, err = read(a.KeyFile); err != nil {
		return c, err
	}
	apiv3, err := read(a.APIv3KeyFile)
	if err != nil {
		return c, err
	}
	c.APIv3Key = string(apiv3)
	for _, name := range a.PlatformCertFiles {
		cert, err := read(name)
		if err != nil {
			return c, err
		}
		c.Platform = append(c.Platform, cert)
	}
	for keyID, name := range a.PublicKeyFiles {
		if c.PublicKey[keyID], err = read(name); err != nil {
			return c, err
		}
	}
	if a.Timeout != "" {
		if c.Timeout, err = time.ParseDuration(a.Timeout); err != nil {
			return c, err
		}
	}
	return c, nil
}
