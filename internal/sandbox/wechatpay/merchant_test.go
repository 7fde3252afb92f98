package wechatpay_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

// keyFolder is made once for all tests: RSA keys take their time.
var keyFolder string

func TestMain(m *testing.M) {
	if dir := os.Getenv("WECHATPAY_CHILD"); dir != "" {
		child(dir)
		return
	}
	dir, err := os.MkdirTemp("", "wechatpay")
	if err != nil {
		panic(err)
	}
	if _, err := wechatpay.Init(dir, clock.System{}); err != nil {
		panic(err)
	}
	keyFolder = dir
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines left behind:", err)
		code = 1
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

var errUnproved = errors.New("the answer is not proved by its signature")

// merchant is a client written from the published description alone; it shares nothing with the simulator's own signing.
type merchant struct {
	base   string
	mchid  string
	serial string
	key    *rsa.PrivateKey
	known  map[string]*rsa.PublicKey
	apiv3  []byte
	asks   string // the Wechatpay-Serial to ask for, or empty
	now    func() time.Time
	http   *http.Client
}

func newMerchant(t testing.TB, base string) *merchant {
	t.Helper()
	text := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(keyFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var d map[string]string
	if err := json.Unmarshal(text("wechatpay.json"), &d); err != nil {
		t.Fatal(err)
	}
	der := func(name string) []byte { b, _ := pem.Decode(text(name)); return b.Bytes }
	key, err := x509.ParsePKCS8PrivateKey(der(d["merchant_key"]))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der(d["platform_cert"]))
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der(d["public_key"]))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%X", cert.SerialNumber); got != d["platform_serial"] {
		t.Fatalf("the certificate's serial is %s, the description says %s", got, d["platform_serial"])
	}
	return &merchant{
		base: base, mchid: d["mchid"], serial: d["merchant_serial"], key: key.(*rsa.PrivateKey), apiv3: text(d["apiv3_key"]), now: time.Now,
		known: map[string]*rsa.PublicKey{d["platform_serial"]: cert.PublicKey.(*rsa.PublicKey), d["public_key_id"]: public.(*rsa.PublicKey)},
		http:  &http.Client{Timeout: 20 * time.Second},
	}
}

func (m *merchant) authorization(method, target, nonce, body string) string {
	ts := strconv.FormatInt(m.now().Unix(), 10)
	digest := sha256.Sum256([]byte(method + "\n" + target + "\n" + ts + "\n" + nonce + "\n" + body + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, m.key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`,
		m.mchid, nonce, ts, m.serial, base64.StdEncoding.EncodeToString(sig))
}

type answer struct {
	status int
	body   []byte
	header http.Header
}

func (a answer) field(name string) string {
	var m map[string]any
	_ = json.Unmarshal(a.body, &m)
	s, _ := m[name].(string)
	return s
}

func (m *merchant) request(ctx context.Context, method, target, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, m.base+target, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", m.authorization(method, target, id.Hex(16), body))
	r.Header.Set("Accept", "application/json")
	if m.asks != "" {
		r.Header.Set("Wechatpay-Serial", m.asks)
	}
	return r
}

// call sends a signed request and checks the answer's signature.
func (m *merchant) call(ctx context.Context, method, target, body string) (answer, error) {
	return m.send(m.request(ctx, method, target, body))
}

func (m *merchant) send(r *http.Request) (answer, error) {
	res, err := m.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{res.StatusCode, raw, res.Header}
	return a, m.proved(res.Header, raw)
}

// proved checks headers and body the way answers and callbacks both are.
func (m *merchant) proved(h http.Header, body []byte) error {
	key := m.known[h.Get("Wechatpay-Serial")]
	ts, _ := strconv.ParseInt(h.Get("Wechatpay-Timestamp"), 10, 64)
	age := m.now().Sub(time.Unix(ts, 0))
	sig, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
	if err != nil || key == nil || age >= 300*time.Second || age <= -300*time.Second {
		return errUnproved
	}
	digest := sha256.Sum256([]byte(h.Get("Wechatpay-Timestamp") + "\n" + h.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig) != nil {
		return errUnproved
	}
	return nil
}

func (m *merchant) open(nonce, associated, ciphertext string) ([]byte, error) {
	block, err := aes.NewCipher(m.apiv3)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	sealed, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, []byte(nonce), sealed, []byte(associated))
}

const refunds = "/v3/refund/domestic/refunds"

func body(tx, no string, refund, total int64) string {
	return fmt.Sprintf(`{"transaction_id":%q,"out_refund_no":%q,"reason":"退货","amount":{"refund":%d,"total":%d,"currency":"CNY"}}`, tx, no, refund, total)
}

// refund posts and insists on an answer that is proved.
func (m *merchant) refund(t testing.TB, tx, no string, refund, total int64) answer {
	t.Helper()
	a, err := m.call(t.Context(), "POST", refunds, body(tx, no, refund, total))
	if err != nil {
		t.Fatalf("refund %s: %v", no, err)
	}
	return a
}

func (m *merchant) query(t testing.TB, no string) answer {
	t.Helper()
	a, err := m.call(t.Context(), "GET", refunds+"/"+no, "")
	if err != nil {
		t.Fatalf("query %s: %v", no, err)
	}
	return a
}

// bench is a simulator in this process, its clock and a merchant.
type bench struct {
	*wechatpay.Server
	*merchant
	state string
	cfg   wechatpay.Config
	front *httptest.Server
	stop  func()
}

// start runs a simulator with its state in a file. Refunds settle in the answer unless change says otherwise.
func start(t *testing.T, change func(*wechatpay.Config)) *bench {
	t.Helper()
	keys, err := wechatpay.Load(keyFolder)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{state: filepath.Join(t.TempDir(), "state", "log")}
	b.cfg = wechatpay.Config{Keys: keys, State: b.state, Behaviour: &wechatpay.Behaviour{Outcome: wechatpay.Success, Callbacks: true}}
	if change != nil {
		change(&b.cfg)
	}
	b.run(t)
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *bench) run(t *testing.T) {
	t.Helper()
	s, err := wechatpay.New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	b.Server, b.front = s, httptest.NewServer(s)
	b.merchant = newMerchant(t, b.front.URL)
	if b.cfg.Clock != nil {
		b.now = b.cfg.Clock.Now
	}
	b.stop = func() {
		b.http.CloseIdleConnections()
		b.front.CloseClientConnections()
		b.front.Close()
		cancel()
		<-done
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// restart stops the simulator and starts another one on the same state.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	b.stop()
	b.run(t)
}

func (b *bench) pay(t *testing.T, tx string, total int64) {
	t.Helper()
	if err := b.Seed(wechatpay.Payment{TransactionID: tx, OutTradeNo: "O-" + tx, Total: total}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) counted(t *testing.T) wechatpay.Counters {
	t.Helper()
	c, err := b.Counters()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// admin calls the admin API and decodes its answer into v.
func admin(t testing.TB, base, method, path, body string, v any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
		}
	}
	return res.StatusCode
}

// encrypt seals a field the way the vendor wants personal data: RSA-OAEP with SHA-1 under the platform's certificate.
func (m *merchant) encrypt(t testing.TB, text string) string {
	t.Helper()
	for serial, key := range m.known {
		if len(serial) == 40 {
			sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key, []byte(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(sealed)
		}
	}
	t.Fatal("no platform certificate")
	return ""
}
