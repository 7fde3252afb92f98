package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner"
)

const password = "correct horse battery"

// site is a store with two warehouses and two owners, and servers on it.
type site struct {
	t    *testing.T
	d    *db.DB
	log  *event.Log
	auth *auth.Keeper
	ring *secret.Ring
	desk api.Desk
	logs *lockedBuffer
}

// lockedBuffer collects what servers log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// People of the site: one per role for warehouse HZ1 and owner ACME's merchant; names are roles.
var everyRole = auth.Roles

func newSite(t *testing.T, d *db.DB) *site {
	t.Helper()
	ring, err := secret.Parse(secret.Generate())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, d: d, log: event.NewLog(d, clock.System{}), ring: ring, logs: &lockedBuffer{}}
	s.auth = auth.New(d, s.log, clock.System{}, ring, auth.Options{Cost: auth.Cost{MemoryKiB: 64, Passes: 1}})
	s.exec(`INSERT INTO owners (id, code, name) VALUES (1, 'ACME', 'Acme'), (2, 'OTHER', 'Other')`)
	s.exec(`INSERT INTO warehouses (id, code, name, time_zone, target_per_hour) VALUES (1, 'HZ1', '杭州一仓', 'Asia/Shanghai', 120), (2, 'SZ1', '深圳一仓', 'Asia/Shanghai', 0)`)
	s.exec(`INSERT INTO shops (id, owner_id, channel, code, name, time_zone) VALUES (1, 1, 'taobao', 'ACME-TB', 'Acme 天猫', 'Asia/Shanghai'), (2, 2, 'jd', 'OTHER-JD', 'Other 京东', 'Asia/Shanghai')`)
	s.exec(`INSERT INTO policies (owner_id, refund_trigger, self_release_limit_minor, scrap_limit_minor) VALUES (1, 'qc_passed', 1000000, 1000000), (2, 'qc_passed', 1000000, 1000000)`)
	s.exec(`INSERT INTO benches (id, warehouse_id, number, name, kind) VALUES (1, 1, 3, '3 号收货台', 'receiving'), (2, 2, 1, '1 号收货台', 'receiving')`)
	for _, role := range everyRole {
		s.user(string(role), auth.Grant{Role: role, Warehouse: 1})
	}
	s.user("boss", auth.Grant{Role: auth.Manager}, auth.Grant{Role: auth.Admin}, auth.Grant{Role: auth.Inspector})
	s.user("acme", auth.Grant{Role: auth.Merchant, Owner: 1})
	s.user("sz", auth.Grant{Role: auth.Manager, Warehouse: 2}, auth.Grant{Role: auth.Inspector, Warehouse: 2})
	s.goods()
	// Rows with ids of our own leave Postgres' counters behind.
	if d.Dialect == db.Postgres {
		for _, table := range []string{"owners", "warehouses", "shops", "benches", "skus", "orders", "order_lines", "payments", "cases", "case_lines", "parcels", "units", "refunds"} {
			s.exec(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'id'), 1000)", table))
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.logs.String())
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.log.Run(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// goods makes, for each of the two owners in each of the two warehouses, an order, a case, a parcel, a refund and a unit in quarantine.
func (s *site) goods() {
	now := clock.Stamp(time.Now()).Add(-time.Hour)
	for o := 1; o <= 2; o++ {
		s.exec(`INSERT INTO skus (id, owner_id, code, product, name, name_en, spec, category, value_minor) VALUES (?, ?, ?, 'P', '连衣裙', 'Dress', '黑 L', 'general', 19900)`, o, o, fmt.Sprintf("SKU-%d", o))
		s.exec(`INSERT INTO sku_codes (owner_id, code, sku_id, kind) VALUES (?, ?, ?, 'gtin')`, o, fmt.Sprintf("0690123456789%d", o), o)
		for w := 1; w <= 2; w++ {
			n := o*10 + w
			s.exec(`INSERT INTO orders (id, owner_id, shop_id, number, state, currency, placed_at) VALUES (?, ?, ?, ?, 'delivered', 'CNY', ?)`, n, o, o, fmt.Sprintf("O%d", n), now)
			s.exec(`INSERT INTO order_lines (id, order_id, line_no, sku_id, quantity, price_minor, paid_minor, approved_quantity, approved_minor, reserved_quantity, reserved_minor) VALUES (?, ?, 1, ?, 1, 19900, 19900, 1, 19900, 1, 19900)`, n, n, o)
			s.exec(`INSERT INTO payments (id, gateway, account, transaction_id, currency, captured_minor, reserved_minor) VALUES (?, 'wechatpay', 'm', ?, 'CNY', 19900, 19900)`, n, fmt.Sprint("tx", n))
			s.exec(`INSERT INTO order_payments (order_id, payment_id, amount_minor) VALUES (?, ?, 19900)`, n, n)
			s.exec(`INSERT INTO cases (id, owner_id, shop_id, warehouse_id, number, order_id, order_number, type, reason, decision, goods, judgement, money, requested_minor, submitted_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'return_refund', 'size_fit', 'submitted', 'received', 'none', 'none', 19900, ?)`,
				n, o, o, w, fmt.Sprintf("C%d", n), n, fmt.Sprintf("O%d", n), now)
			s.exec(`INSERT INTO case_lines (id, case_id, order_line_id, sku_id, quantity, requested_minor) VALUES (?, ?, ?, ?, 1, 19900)`, n, n, n, o)
			s.exec(`INSERT INTO parcels (id, warehouse_id, owner_id, kind, state, carrier, waybill, bench_id, opened_at, closed_at, expected, received, pieces, created_at) VALUES (?, ?, ?, 'customer_return', 'closed', 'SF', ?, ?, ?, ?, 1, 1, 1, ?)`,
				n, w, o, fmt.Sprintf("SF%010d", n), w, now, now.Add(90*time.Second), now)
			s.exec(`INSERT INTO receipts (id, parcel_id, case_id, order_id, created_at) VALUES (?, ?, ?, ?, ?)`, n, n, n, n, now)
			s.exec(`INSERT INTO units (id, plate, owner_id, warehouse_id, sku_id, state, account, finding, parcel_id, case_id, case_line_id, order_line_id, bench_id, received_at, value_minor, moved_at) VALUES (?, ?, ?, ?, ?, 'quarantine', 'quarantine', 'match', ?, ?, ?, ?, ?, ?, 19900, ?)`,
				n, plate(n), o, w, o, n, n, n, n, w, now, now)
			s.exec(`INSERT INTO movements (owner_id, warehouse_id, sku_id, from_account, to_account, quantity, unit_id, cause, cause_ref, at) VALUES (?, ?, ?, 'customer', 'quarantine', 1, ?, 'scan', 'x', ?)`, o, w, o, n, now)
			s.exec(`INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (?, ?, ?, 'customer', -1), (?, ?, ?, 'quarantine', 1)`, o, w, o, o, w, o)
			s.exec(`INSERT INTO refunds (id, number, entitlement, owner_id, shop_id, case_id, order_id, payment_id, quantity, amount_minor, currency, origin, state, requested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 19900, 'CNY', 'ours', 'requested', ?)`,
				n, fmt.Sprintf("R%d", n), fmt.Sprint("case_line:", n), o, o, n, n, n, now)
		}
	}
}

func plate(n int) string { return scanner.Plate(int64(n)) }

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if err := s.d.InTx(context.Background(), func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error }); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *site) user(name string, grants ...auth.Grant) id.User {
	s.t.Helper()
	u, err := s.auth.CreateUser(context.Background(), auth.NewUser{Username: name, Password: password, Grants: grants})
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

func (s *site) emit(e event.Event) {
	s.t.Helper()
	if err := s.d.InTx(context.Background(), func(tx *gorm.DB) error { return s.log.Append(context.Background(), tx, e) }); err != nil {
		s.t.Fatal(err)
	}
}

// running is a server on a loopback port.
type running struct {
	*api.Server
	t    *testing.T
	site *site
	url  string
	host string
	down sync.Once
}

type change func(*api.Deps)

func (s *site) serve(changes ...change) *running {
	s.t.Helper()
	d := api.Deps{DB: s.d, Log: s.log, Clock: clock.System{}, Auth: s.auth, Ring: s.ring, Report: report.New(s.d, clock.System{}), Desk: s.desk,
		QC: qc.New(s.d, s.log, &inventory.Ledger{}), Bench: qc.New(s.d, s.log, &inventory.Ledger{}), Stock: stock.New(s.d, s.log, &inventory.Ledger{}), Logger: slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test",
		Web: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "assets/app-1a2b.js": {Data: []byte("1")}}}
	disk, err := blob.NewDisk(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	d.Evidence = evidence.New(s.d, s.log, clock.System{}, disk, evidence.Limits{PhotoBytes: 3 << 20, PartBytes: 2 << 20}, nil)
	for _, c := range changes {
		c(&d)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	r := &running{Server: api.New(d), t: s.t, site: s, url: "http://" + l.Addr().String(), host: l.Addr().String()}
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()
	s.t.Cleanup(func() {
		r.stop()
		if err := <-served; err != nil {
			s.t.Error(err)
		}
	})
	return r
}

func (r *running) stop() {
	r.down.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			r.t.Errorf("shutdown: %v", err)
		}
	})
}

// person is a browser with a session.
type person struct {
	r    *running
	http *http.Client
	csrf string
}

func (r *running) nobody() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &person{r: r, http: &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (r *running) login(name string) *person {
	r.t.Helper()
	p := r.nobody()
	a := p.do("POST", "/auth/login", map[string]string{"username": name, "password": password})
	if a.status != 200 {
		r.t.Fatalf("log in %s: %d %s", name, a.status, a.body)
	}
	var me api.Me
	a.into(&me)
	p.csrf = me.CSRF
	return p
}

// answer is a response that was read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

// code checks that the answer is a problem and returns its code.
func (a answer) code() string {
	a.t.Helper()
	var p api.Problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("status %d comes as %q: %s", a.status, got, a.body)
	}
	a.into(&p)
	if p.Status != a.status || p.Code == "" || p.Title == "" {
		a.t.Errorf("problem %+v of status %d", p, a.status)
	}
	return p.Code
}

type header [2]string

func (p *person) do(method, path string, body any, headers ...header) answer {
	p.r.t.Helper()
	var b io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		b = strings.NewReader(v)
	case []byte:
		b = bytes.NewReader(v)
	default:
		j, err := json.Marshal(v)
		if err != nil {
			p.r.t.Fatal(err)
		}
		b = bytes.NewReader(j)
	}
	if !strings.HasPrefix(path, "//") {
		path = "/api/v1" + path
	} else {
		path = path[1:]
	}
	req, err := http.NewRequestWithContext(p.r.t.Context(), method, p.r.url+path, b)
	if err != nil {
		p.r.t.Fatal(err)
	}
	if b != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.csrf != "" {
		req.Header.Set("X-CSRF-Token", p.csrf)
	}
	for _, h := range headers {
		req.Header.Set(h[0], h[1])
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		p.r.t.Fatal(err)
	}
	return answer{p.r.t, res.StatusCode, res.Header, out}
}
