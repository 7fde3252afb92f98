package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/intake"
)

// bank is the simulated WeChat Pay, a process of its own that shares only key files with the server.
type bank struct {
	child    *child
	url      string
	keys     bankKeys
	payments string // path of the server's merchant accounts file
}

// bankKeys is the part of the simulator's key folder that a merchant has.
type bankKeys struct {
	MchID        string `json:"mchid"`
	Serial       string `json:"merchant_serial"`
	Key          string `json:"merchant_key"`
	APIv3        string `json:"apiv3_key"`
	PlatformCert string `json:"platform_cert"`
	PublicKeyID  string `json:"public_key_id"`
	PublicKey    string `json:"public_key"`
}

func openBank(ctx context.Context, log *slog.Logger, dir string, fast bool) (*bank, error) {
	if err := run(ctx, log, "sandbox", "init", dir); err != nil {
		return nil, err
	}
	b := &bank{}
	raw, err := os.ReadFile(filepath.Join(dir, "wechatpay.json"))
	if err != nil {
		return nil, fmt.Errorf("simulated bank: %w", err)
	}
	if err := json.Unmarshal(raw, &b.keys); err != nil {
		return nil, fmt.Errorf("simulated bank: %w", err)
	}
	settle := "1500ms"
	if fast {
		settle = "20ms"
	}
	addr := filepath.Join(dir, "addr")
	os.Remove(addr)
	if b.child, err = start(ctx, log, "sandbox", "wechatpay", "--dir", dir, "--listen", "127.0.0.1:0", "--print-addr-file", addr, "--settle-after", settle,
		"--backoff", "1s,2s,5s,10s,30s", "--exit-with-stdin"); err != nil {
		return nil, err
	}
	text, err := awaitFile(ctx, addr, b.child)
	if err != nil {
		b.close()
		return nil, err
	}
	b.url = "http://" + strings.TrimSpace(text)
	return b, b.writeAccounts(dir)
}

func (b *bank) account() string { return b.keys.MchID }

// writeAccounts writes the file that backdock serve --payments reads.
func (b *bank) writeAccounts(dir string) error {
	account := map[string]any{"gateway": "wechatpay", "account": b.account(), "mchid": b.keys.MchID, "serial": b.keys.Serial, "key_file": b.keys.Key,
		"apiv3_key_file": b.keys.APIv3, "platform_cert_files": []string{b.keys.PlatformCert},
		"public_key_files": map[string]string{b.keys.PublicKeyID: b.keys.PublicKey}, "base_url": b.url, "timeout": "5s"}
	raw, err := json.MarshalIndent(map[string]any{"accounts": []any{account}}, "", "  ")
	if err != nil {
		return err
	}
	b.payments = filepath.Join(dir, "payments.json")
	return os.WriteFile(b.payments, raw, 0o600)
}

// seed tells the simulator which payments were captured.
func (b *bank) seed(ctx context.Context, orders []intake.Order) error {
	type payment struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		Total         int64  `json:"total"`
	}
	var list []payment
	seen := map[string]bool{}
	for _, o := range orders {
		for _, p := range o.Payments {
			if !seen[p.TransactionID] {
				seen[p.TransactionID] = true
				list = append(list, payment{p.TransactionID, p.OutTradeNo, p.CapturedMinor})
			}
		}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return b.call(ctx, http.MethodPost, "/_sim/payments", body, nil)
}

// counters of the simulator that prove what moved.
type counters struct {
	Moved map[string]int `json:"moved"` // ledger lines by out_refund_no
}

func (b *bank) counters(ctx context.Context) (c counters, err error) {
	return c, b.call(ctx, http.MethodGet, "/_sim/counters", nil, &c)
}

func (b *bank) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, b.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("simulated bank: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("simulated bank: %w", err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("simulated bank: %s %s: %s: %s", method, path, res.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func (b *bank) close() {
	if b.child != nil {
		_ = b.child.stop()
	}
}

// awaitFile waits for a child to write a file.
func awaitFile(ctx context.Context, path string, c *child) (string, error) {
	for {
		if raw, err := os.ReadFile(path); err == nil {
			return string(raw), nil
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-c.done:
			return "", fmt.Errorf("%s ended before it was ready: %w", c.name, c.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
