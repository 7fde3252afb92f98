package wechatpay_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/aftersales/refund/gatewaytest"
	"github.com/backdock/backdock/receiving/world/payment/wechatpay"
)

const (
	apiKey   = "0123456789abcdef0123456789abcdef"
	pubKeyID = "PUB_KEY_ID_0119000001092025010100000000000001"
)

// stub is WeChat Pay as far as these tests need it. It is written against the published description, not against the package under test.
type stub struct {
	t        *testing.T
	srv      *httptest.Server
	platform *rsa.PrivateKey
	serial   string
	merchant *rsa.PublicKey
	gw       *wechatpay.Gateway

	mu      sync.Mutex
	arm     gatewaytest.Fault
	refunds map[string]*stubRefund
	notices int
	last    *http.Request
}

type stubRefund struct {
	ID, No, Transaction, Status string
	Refund, Total               int64
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func privateKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode(file(t, name))
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return k.(*rsa.PrivateKey)
}

// config is an account whose replies are verified by a platform certificate or by a WeChat Pay public key.
func config(t testing.TB, base string) wechatpay.Config {
	return wechatpay.Config{
		BaseURL: base, MchID: "1900000109", Serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", Key: file(t, "merchant.key"), APIv3Key: apiKey,
		Platform: [][]byte{file(t, "platform.crt")}, PublicKey: map[string][]byte{pubKeyID: file(t, "pubkeyid.pub")}, Timeout: 5 * time.Second,
	}
}

// newStub answers as the mode says: "certificate" or "public key".
func newStub(t *testing.T, mode string) *stub {
	s := &stub{t: t, merchant: &privateKey(t, "merchant.key").PublicKey, refunds: map[string]*stubRefund{}}
	s.platform, s.serial = privateKey(t, "platform.key"), "C5A1B2C3D4E5F60718293A4B5C6D7E8F901234"
	if mode == "public key" {
		s.platform, s.serial = privateKey(t, "pubkeyid.key"), pubKeyID
	}
	s.srv = httptest.NewServer(s)
	t.Cleanup(s.srv.Close)
	gw, err := wechatpay.New(config(t, s.srv.URL), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.gw = gw
	return s
}

func (s *stub) sign(h http.Header, body []byte, at time.Time) {
	ts, nonce := strconv.FormatInt(at.Unix(), 10), fmt.Sprintf("n%d", at.UnixNano())
	sum := sha256.Sum256([]byte(ts + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, err := rsa.SignPKCS1v15(nil, s.platform, crypto.SHA256, sum[:])
	if err != nil {
		s.t.Error(err)
	}
	h.Set("Wechatpay-Timestamp", ts)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", s.serial)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(sig))
}

var authForm = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="([0-9a-f]{32})",timestamp="(\d+)",serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",signature="([^"]+)"$`)

func (s *stub) authentic(r *http.Request, body []byte) bool {
	m := authForm.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return false
	}
	sig, err := base64.StdEncoding.DecodeString(m[3])
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Method, r.RequestURI, m[2], m[1], string(body), ""}, "\n")))
	return err == nil && rsa.VerifyPKCS1v15(s.merchant, crypto.SHA256, sum[:], sig) == nil
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	fault := s.arm
	s.arm, s.last = "", r
	s.mu.Unlock()
	if !s.authentic(r, body) {
		s.problem(w, 401, "SIGN_ERROR", false)
		return
	}
	switch fault {
	case gatewaytest.LostBefore:
		panic(http.ErrAbortHandler)
	case gatewaytest.Hang:
		<-r.Context().Done()
		return
	case gatewaytest.ServerError:
		s.problem(w, 500, "SYSTEM_ERROR", true)
		return
	case gatewaytest.Limited:
		s.problem(w, 429, "FREQUENCY_LIMITED", true)
		return
	case gatewaytest.NotEnough:
		s.problem(w, 403, "NOT_ENOUGH", true)
		return
	case gatewaytest.Refused:
		s.problem(w, 400, "INVALID_REQUEST", true)
		return
	case gatewaytest.ForgedAbsent:
		s.problem(w, 404, "RESOURCE_NOT_EXISTS", false)
		return
	}
	status, reply := s.handle(r, body)
	switch fault {
	case gatewaytest.LostAfter:
		panic(http.ErrAbortHandler)
	case gatewaytest.HangAfter:
		<-r.Context().Done()
		return
	case gatewaytest.BadSignature:
		s.sign(w.Header(), append(bytes.Clone(reply), ' '), time.Now())
	case gatewaytest.NoSignature:
	default:
		s.sign(w.Header(), reply, time.Now())
	}
	w.WriteHeader(status)
	w.Write(reply)
}

func (s *stub) problem(w http.ResponseWriter, status int, code string, signed bool) {
	body := []byte(`{"code":"` + code + `","message":"说明"}`)
	if signed {
		s.sign(w.Header(), body, time.Now())
	}
	w.WriteHeader(status)
	w.Write(body)
}

func (s *stub) handle(r *http.Request, body []byte) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	no := strings.TrimPrefix(r.URL.Path, "/v3/refund/domestic/refunds/")
	if r.Method == "POST" && r.URL.Path == "/v3/refund/domestic/refunds" {
		var q struct {
			TransactionID string `json:"transaction_id"`
			OutRefundNo   string `json:"out_refund_no"`
			Amount        struct{ Refund, Total int64 }
		}
		if json.Unmarshal(body, &q) != nil || q.Amount.Total != 10000 || q.TransactionID == "" {
			return 400, []byte(`{"code":"PARAM_ERROR","message":"x"}`)
		}
		no = q.OutRefundNo
		if old := s.refunds[no]; old != nil && old.Refund != q.Amount.Refund {
			return 400, []byte(`{"code":"PARAM_ERROR","message":"订单金额或退款金额与之前请求不一致"}`)
		} else if old == nil {
			s.refunds[no] = &stubRefund{ID: fmt.Sprintf("5000%d", len(s.refunds)+1), No: no, Transaction: q.TransactionID, Status: "PROCESSING", Refund: q.Amount.Refund, Total: q.Amount.Total}
		}
	}
	if id, abnormal := strings.CutSuffix(no, "/apply-abnormal-refund"); abnormal {
		for _, f := range s.refunds {
			if f.ID == id && f.Status == "ABNORMAL" {
				f.Status = "PROCESSING"
				return 200, f.entity("status")
			}
		}
		return 400, []byte(`{"code":"INVALID_REQUEST","message":"x"}`)
	}
	f := s.refunds[no]
	if f == nil {
		return 404, []byte(`{"code":"RESOURCE_NOT_EXISTS","message":"退款单不存在"}`)
	}
	return 200, f.entity("status")
}

func (f *stubRefund) entity(statusName string) []byte {
	m := map[string]any{"refund_id": f.ID, "out_refund_no": f.No, "transaction_id": f.Transaction, "out_trade_no": "P1", "user_received_account": "招商银行信用卡0403",
		statusName: f.Status, "amount": map[string]any{"total": f.Total, "refund": f.Refund, "payer_total": f.Total, "payer_refund": f.Refund}}
	if f.Status == "SUCCESS" {
		m["success_time"] = "2025-06-08T10:34:56+08:00"
	}
	raw, _ := json.Marshal(m)
	return raw
}

func (s *stub) Gateway() refund.Gateway   { return s.gw }
func (s *stub) Notifier() refund.Notifier { return s.gw }
func (s *stub) Arm(f gatewaytest.Fault)   { s.mu.Lock(); s.arm = f; s.mu.Unlock() }

func (s *stub) Request(key string, amountMinor int64) refund.Request {
	return refund.Request{Key: key, TransactionID: "4200000000000001", OutTradeNo: "P1", AmountMinor: amountMinor, TotalMinor: 10000, Currency: "CNY",
		Reason: "七天无理由", NotifyURL: "https://shop.example/hooks/pay/wechatpay/main"}
}

func (s *stub) Settle(key string, as refund.Effect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refunds[key].Status = map[refund.Effect]string{refund.Done: "SUCCESS", refund.Rejected: "CLOSED", refund.Held: "ABNORMAL"}[as]
}

func (s *stub) Refunded(key string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.refunds[key]; f != nil {
		return f.Refund
	}
	return 0
}

func (s *stub) Notice(key string, skewSeconds int64) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.refunds[key]
	s.notices++
	return s.notice(fmt.Sprintf("EV-%d", s.notices), "REFUND."+f.Status, f.entity("refund_status"), skewSeconds)
}

// notice seals and signs any content, so that tests can say what WeChat would not.
func (s *stub) notice(messageID, event string, plain []byte, skewSeconds int64) (http.Header, []byte) {
	block, err := aes.NewCipher([]byte(apiKey))
	if err != nil {
		s.t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		s.t.Fatal(err)
	}
	nonce := make([]byte, 6)
	rand.Read(nonce)
	hexNonce := fmt.Sprintf("%x", nonce)
	body, err := json.Marshal(map[string]any{"id": messageID, "create_time": "2025-06-08T10:34:56+08:00", "resource_type": "encrypt-resource", "event_type": event,
		"summary": "退款", "resource": map[string]any{"algorithm": "AEAD_AES_256_GCM", "original_type": "refund", "nonce": hexNonce, "associated_data": "refund",
			"ciphertext": base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(hexNonce), plain, []byte("refund")))}})
	if err != nil {
		s.t.Fatal(err)
	}
	h := http.Header{}
	s.sign(h, body, time.Now().Add(time.Duration(skewSeconds)*time.Second))
	return h, body
}
