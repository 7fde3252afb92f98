//go:build peers

package wechatpay_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

const peers = "../../../../internal/sandbox/wechatpay/peers"

// The other side is made of an SDK that none of us wrote (wechatpay-axios-plugin under Node): it verifies what we sign, and we verify and open what it signs
// and seals. `make test-peers` installs it and runs this.
func TestPeersServer(t *testing.T) {
	for mode, publicKey := range map[string]bool{"certificate": false, "public key": true} {
		t.Run(mode, func(t *testing.T) {
			base := peer(t)
			c, err := wechatpay.Folder(keyFolder, publicKey)
			if err != nil {
				t.Fatal(err)
			}
			c.BaseURL = base
			gw, err := wechatpay.New(c, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			q := refund.Request{Key: "R|" + strings.ReplaceAll(mode, " ", "@"), TransactionID: "42000001", AmountMinor: 100, TotalMinor: 300, Currency: "CNY", Reason: "七天无理由"}
			if r := gw.Query(t.Context(), q); !r.Absent {
				t.Fatalf("query of nothing: %+v", r)
			}
			body, err := gw.Prepare(q)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if r := gw.Send(t.Context(), body); r.Effect != refund.Accepted {
					t.Fatalf("send: %+v", r)
				}
			}
			if r := gw.Query(t.Context(), q); r.Effect != refund.Accepted || r.ExternalID == "" {
				t.Fatalf("query: %+v", r)
			}
			var n refund.Notice
			hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				var err error
				n, err = gw.ParseNotify(r.Context(), r.Header, raw)
				status, answer := gw.Ack(err)
				w.WriteHeader(status)
				w.Write(answer)
			}))
			defer hook.Close()
			told := post(t, base+"/_peer/callback", map[string]string{"url": hook.URL, "out_refund_no": q.Key, "status": "SUCCESS"})
			if told["status"] != float64(204) || n.Key != q.Key || n.Result.Effect != refund.Done || n.AmountMinor != 100 {
				t.Fatalf("callback: answered %v, read %+v", told, n)
			}
			res, err := http.Get(base + "/_peer/requests")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var seen []struct {
				Method   string
				Verified bool
				Problem  string
			}
			if err := json.NewDecoder(res.Body).Decode(&seen); err != nil || len(seen) != 4 {
				t.Fatalf("%+v %v", seen, err)
			}
			for _, s := range seen {
				if !s.Verified {
					t.Errorf("the SDK does not accept our signature: %+v", s)
				}
			}
		})
	}
}

func peer(t *testing.T) string {
	cmd := exec.Command("node", "server.mjs", "--dir", keyFolder, "--status", "PROCESSING")
	cmd.Dir = peers
	in, err := cmd.StdinPipe() // the peer ends with its standard input
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	var first struct{ Listening string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &first)
	}
	if err != nil || first.Listening == "" {
		t.Fatalf("the peer says %q: %v", line, err)
	}
	return first.Listening
}

func post(t *testing.T, url string, body any) (out map[string]any) {
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url, "application/json", strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatal(fmt.Errorf("peer: %w", err))
	}
	return out
}
