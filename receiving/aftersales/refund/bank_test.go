package refund_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// bank is a payment service on loopback with the least that the engine relies on: it dedupes by key, answers queries, and fails as it is told. It speaks a
// JSON of its own, so that these tests are about the engine and not about anybody's signatures.
type bank struct {
	srv *httptest.Server

	mu      sync.Mutex
	refunds map[string]*bankRefund
	faults  []string // for the next requests, one each; "" is none
	sends   map[string]int
	queries map[string]int
	instant bool // settle at once
	bodies  map[string]map[string]bool
}

type bankRefund struct {
	ID, Key, Status string
	Amount          int64
}

func newBank(t testing.TB) *bank {
	b := &bank{refunds: map[string]*bankRefund{}, sends: map[string]int{}, queries: map[string]int{}, bodies: map[string]map[string]bool{}}
	b.srv = httptest.NewServer(b)
	t.Cleanup(b.srv.Close)
	return b
}

func (b *bank) fail(faults ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, faults...)
}

func (b *bank) settle(key, status string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refunds[key].Status = status
}

// total is what really went out, in all.
func (b *bank) total() (sum int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		if r.Status != "CLOSED" {
			sum += r.Amount
		}
	}
	return sum
}

func (b *bank) count(of map[string]int, key string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return of[key]
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	key := strings.TrimPrefix(r.URL.Path, "/")
	b.mu.Lock()
	fault := ""
	if len(b.faults) > 0 {
		fault, b.faults = b.faults[0], b.faults[1:]
	}
	if r.Method == "POST" {
		b.sends[key]++
		if b.bodies[key] == nil {
			b.bodies[key] = map[string]bool{}
		}
		b.bodies[key][string(raw)] = true
	} else {
		b.queries[key]++
	}
	code := ""
	switch fault {
	case "lost_before":
		b.mu.Unlock()
		panic(http.ErrAbortHandler)
	case "5xx", "limited", "not_enough", "refused":
		code = fault
	default:
		if r.Method == "POST" && b.refunds[key] == nil {
			var q refund.Request
			if err := json.Unmarshal(raw, &q); err != nil {
				panic(err)
			}
			b.refunds[key] = &bankRefund{ID: fmt.Sprintf("B%d", len(b.refunds)+1), Key: key, Status: "PROCESSING", Amount: q.AmountMinor}
			if b.instant {
				b.refunds[key].Status = "SUCCESS"
			}
		}
	}
	reply := map[string]any{"code": code}
	if f := b.refunds[key]; code == "" && f != nil {
		reply = map[string]any{"code": f.Status, "id": f.ID, "amount": f.Amount}
	} else if code == "" {
		reply["code"] = "absent"
	}
	b.mu.Unlock()
	if fault == "lost_after" {
		panic(http.ErrAbortHandler)
	}
	if fault == "garbled" {
		w.Write([]byte("<html>"))
		return
	}
	json.NewEncoder(w).Encode(reply)
}

// bankGateway is the adaptor to bank.
type bankGateway struct{ url string }

func (bankGateway) Prepare(r refund.Request) ([]byte, error) { return json.Marshal(r) }

func (g bankGateway) Send(ctx context.Context, body []byte) refund.Result {
	var r refund.Request
	if err := json.Unmarshal(body, &r); err != nil {
		return refund.Result{Effect: refund.Held, Code: "stored_body"}
	}
	return g.call(ctx, "POST", r.Key, body)
}

func (g bankGateway) Query(ctx context.Context, r refund.Request) refund.Result {
	return g.call(ctx, "GET", r.Key, nil)
}

func (g bankGateway) call(ctx context.Context, method, key string, body []byte) refund.Result {
	req, err := http.NewRequestWithContext(ctx, method, g.url+"/"+key, bytes.NewReader(body))
	if err != nil {
		return refund.Result{Code: "request"}
	}
	req.GetBody = nil
	req.Close = true // no kept connection, so that a lost one is never repeated by the transport
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return refund.Result{Code: "lost"}
	}
	defer res.Body.Close()
	var reply struct {
		Code, ID string
		Amount   int64
	}
	if json.NewDecoder(res.Body).Decode(&reply) != nil {
		return refund.Result{Code: "garbled"}
	}
	out := refund.Result{ExternalID: reply.ID, Code: reply.Code}
	switch reply.Code {
	case "PROCESSING":
		out.Effect = refund.Accepted
	case "SUCCESS":
		out.Effect = refund.Done
	case "CLOSED":
		out.Effect = refund.Rejected
	case "ABNORMAL", "not_enough":
		out.Effect = refund.Held
	case "refused":
		if out.Effect = refund.Rejected; method == "GET" {
			out.Effect = refund.Unknown
		}
	case "limited":
		out.RetryAfter = 30 * time.Second
	case "absent":
		out.Absent = true
	}
	return out
}
