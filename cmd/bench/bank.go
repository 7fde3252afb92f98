package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

// Bank is the simulated WeChat Pay, in this process, so that it can say at which moment it accepted a refund.
type Bank struct {
	MchID string
	File  string // accounts file for backdock serve --payments

	sim    *wechatpay.Server
	listen net.Listener
	http   *http.Server
	stop   context.CancelFunc
	ran    sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]*acceptance // by transaction
}

// acceptance counts the refunds of one payment until want of them are accepted.
type acceptance struct {
	want int
	done chan struct{}
}

// OpenBank makes a merchant's keys in dir and starts the simulator. It keeps its book on disk, as the vendor would.
func OpenBank(ctx context.Context, dir string) (*Bank, error) {
	d, err := wechatpay.Init(dir, clock.System{})
	if err != nil {
		return nil, err
	}
	keys, err := wechatpay.Load(dir)
	if err != nil {
		return nil, err
	}
	sim, err := wechatpay.New(wechatpay.Config{Keys: keys, State: filepath.Join(dir, "wechatpay.log")})
	if err != nil {
		return nil, err
	}
	b := &Bank{MchID: d.MchID, File: filepath.Join(dir, "payments.json"), sim: sim, waiting: map[string]*acceptance{}}
	if b.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, sim.Close())
	}
	ctx, b.stop = context.WithCancel(ctx)
	b.http = &http.Server{Handler: http.HandlerFunc(b.answer)}
	b.ran.Go(func() { sim.Run(ctx) })
	b.ran.Go(func() { _ = b.http.Serve(b.listen) }) // ends by Close; what fails before shows as returns without a refund
	account := map[string]any{"gateway": "wechatpay", "account": d.MchID, "mchid": d.MchID, "serial": d.MerchantSerial, "key_file": filepath.Join(dir, d.MerchantKey),
		"apiv3_key_file": filepath.Join(dir, d.APIv3Key), "platform_cert_files": []string{filepath.Join(dir, d.PlatformCert)},
		"public_key_files": map[string]string{d.PublicKeyID: filepath.Join(dir, d.PublicKey)}, "base_url": "http://" + b.listen.Addr().String(), "timeout": "10s"}
	text, err := json.Marshal(map[string]any{"accounts": []any{account}})
	if err == nil {
		err = os.WriteFile(b.File, text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Seed tells the simulator of the payments of parcels first … n-1.
func (b *Bank) Seed(first, n int, minor int64) error {
	var pays []wechatpay.Payment
	for k := first; k < n; k++ {
		pays = append(pays, wechatpay.Payment{TransactionID: transactionID(k), OutTradeNo: fmt.Sprintf("T%09d", k), Total: minor})
	}
	return b.sim.Seed(pays...)
}

// Expect returns a channel that closes once want refunds on a payment are accepted. Call it before the first can come.
func (b *Bank) Expect(transaction string, want int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &acceptance{want: want, done: make(chan struct{})}
	b.waiting[transaction] = a
	return a.done
}

// answer lets the simulator answer and notes what it accepted.
func (b *Bank) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v3/refund/domestic/refunds" {
		b.sim.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	b.sim.ServeHTTP(status, r)
	var asked struct {
		Transaction string `json:"transaction_id"`
	}
	if status.status == http.StatusOK && json.Unmarshal(body, &asked) == nil {
		b.accepted(asked.Transaction)
	}
}

func (b *Bank) accepted(transaction string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.waiting[transaction]; a != nil {
		if a.want--; a.want == 0 {
			delete(b.waiting, transaction)
			close(a.done)
		}
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Close ends the simulator.
func (b *Bank) Close() error {
	err := b.http.Close()
	b.stop()
	b.ran.Wait()
	return errors.Join(err, b.sim.Close())
}
