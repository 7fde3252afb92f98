package wechatpay_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	sim "github.com/backdock/backdock/internal/sandbox/wechatpay"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/aftersales/refund/gatewaytest"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

// sandbox is the simulator as a bed of the conformance suite: the one that shares no line with this adaptor.
type sandbox struct {
	t      *testing.T
	server *sim.Server
	gw     *wechatpay.Gateway

	mu     sync.Mutex
	forged bool
}

// keyFolder is made once: RSA keys take their time.
var keyFolder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wechatpay")
	if err == nil {
		_, err = sim.Init(dir, clock.System{})
	}
	if err != nil {
		panic(err)
	}
	keyFolder = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func newSandbox(t *testing.T, publicKey bool) *sandbox {
	dir := keyFolder
	keys, err := sim.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &sandbox{t: t}
	if s.server, err = sim.New(sim.Config{Keys: keys, Behaviour: &sim.Behaviour{SettleAfterMS: -1, Outcome: sim.Success}}); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Seed(sim.Payment{TransactionID: "4200000000000001", OutTradeNo: "P1", Total: 10000}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.server.Close() })
	c, err := wechatpay.Folder(dir, publicKey)
	if err != nil {
		t.Fatal(err)
	}
	c.BaseURL, c.Timeout = srv.URL, 5*time.Second
	if s.gw, err = wechatpay.New(c, time.Now); err != nil {
		t.Fatal(err)
	}
	return s
}

// ServeHTTP stands in front of the simulator for the one thing that it never says: an absence that it did not sign.
func (s *sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	forged := s.forged
	s.forged = false
	s.mu.Unlock()
	if forged {
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"code":"RESOURCE_NOT_EXISTS","message":"退款单不存在"}`))
		return
	}
	s.server.ServeHTTP(w, r)
}

func (s *sandbox) Gateway() refund.Gateway   { return s.gw }
func (s *sandbox) Notifier() refund.Notifier { return nil } // its callbacks come by themselves: the engine's tests take them

func (s *sandbox) Request(key string, amountMinor int64) refund.Request {
	return refund.Request{Key: key, TransactionID: "4200000000000001", OutTradeNo: "P1", AmountMinor: amountMinor, TotalMinor: 10000, Currency: "CNY", Reason: "七天无理由"}
}

func (s *sandbox) Arm(f gatewaytest.Fault) {
	if f == gatewaytest.ForgedAbsent {
		s.mu.Lock()
		s.forged = true
		s.mu.Unlock()
		return
	}
	r := map[gatewaytest.Fault]sim.Rule{
		gatewaytest.LostBefore: {Kind: sim.ResetBefore}, gatewaytest.LostAfter: {Kind: sim.ResetAfter}, gatewaytest.Hang: {Kind: sim.TimeoutBefore},
		gatewaytest.HangAfter: {Kind: sim.TimeoutAfter}, gatewaytest.ServerError: {Kind: sim.ErrorBefore}, gatewaytest.BadSignature: {Kind: sim.BadSignature},
		gatewaytest.NoSignature: {Kind: sim.Unsigned}, gatewaytest.Limited: {Kind: sim.FrequencyLimited}, gatewaytest.NotEnough: {Kind: sim.NotEnough},
		gatewaytest.Refused: {Kind: sim.Refuse, Code: "INVALID_REQUEST"},
	}[f]
	r.On, r.Count = "any", 1
	if err := s.server.SetRules(r); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) Settle(key string, as refund.Effect) {
	to := map[refund.Effect]sim.Status{refund.Done: sim.Success, refund.Rejected: sim.Closed, refund.Held: sim.Abnormal}[as]
	if _, err := s.server.Advance(key, to); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) Refunded(key string) int64 {
	c, err := s.server.Counters()
	if err != nil {
		s.t.Fatal(err)
	}
	if c.Moved[key] > 1 {
		s.t.Fatalf("money of %s moved %d times", key, c.Moved[key])
	}
	r := s.gw.Query(s.t.Context(), s.Request(key, 2500))
	if r.Absent {
		return 0
	}
	return 2500
}

func (s *sandbox) Notice(string, int64) (http.Header, []byte) { return nil, nil }

func TestConformanceWithTheSimulator(t *testing.T) {
	for mode, publicKey := range map[string]bool{"certificate": false, "public key": true} {
		t.Run(mode, func(t *testing.T) {
			gatewaytest.Exercise(t, func(t *testing.T) gatewaytest.Bed { return newSandbox(t, publicKey) })
		})
	}
}

// Faults of the answer that the suite does not name: a key nobody knows, a signature of ten minutes ago, a changed and a cut body, a proxy's page.
func TestAnswersThatProveNothing(t *testing.T) {
	for _, k := range []sim.Rule{{Kind: sim.UnknownSerial}, {Kind: sim.Stale}, {Kind: sim.Tampered}, {Kind: sim.Truncated}, {Kind: sim.ErrorBefore, Status: 502},
		{Kind: sim.ErrorBefore, Status: 503}, {Kind: sim.ErrorAfter}, {Kind: sim.ErrorAfter, Status: 504}} {
		t.Run(string(k.Kind), func(t *testing.T) {
			s := newSandbox(t, true)
			k.On, k.Count = "any", 1
			if err := s.server.SetRules(k); err != nil {
				t.Fatal(err)
			}
			body, err := s.gw.Prepare(s.Request("k1", 2500))
			if err != nil {
				t.Fatal(err)
			}
			if r := s.gw.Send(t.Context(), body); r.Effect != refund.Unknown || r.Absent {
				t.Fatalf("%s was believed: %+v", k.Kind, r)
			}
		})
	}
}
