package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
)

const warehouse = sample.Warehouse

// client is a logged-in user of the public API.
type client struct {
	base string
	http *http.Client
	csrf string
}

// problem is an answer that is not 2xx.
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

func login(ctx context.Context, base, username string) (*client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &client{base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	var me struct {
		CSRF string `json:"csrf"`
	}
	if err := c.do(ctx, http.MethodPost, "/api/v1/auth/login", map[string]string{"username": username, "password": Password}, &me); err != nil {
		return nil, fmt.Errorf("log in as %s: %w", username, err)
	}
	c.csrf = me.CSRF
	return c, nil
}

func (c *client) do(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("X-CSRF-Token", c.csrf)
		req.Header.Set("Idempotency-Key", id.Hex(16))
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		p := &problem{Status: res.StatusCode, Detail: string(raw)}
		_ = json.Unmarshal(raw, p)
		return p
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
