package wechatpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// route wires the vendor's paths and the test bench under /_sim.
func (s *Server) route() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/refund/domestic/refunds", s.api("refund", s.create))
	mux.HandleFunc("GET /v3/refund/domestic/refunds/{out_refund_no}", s.api("query", s.query))
	mux.HandleFunc("POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund", s.api("apply_abnormal", s.applyAbnormal))
	mux.HandleFunc("GET /v3/certificates", s.api("certificates", s.certificates))
	mux.HandleFunc("/", s.api("other", func(c *call) reply {
		return bad(refuse("RESOURCE_NOT_EXISTS", "没有这个接口: %s %s", c.r.Method, c.r.URL.Path))
	}))

	for pattern, run := range map[string]func(*http.Request) (int, any, error){
		"GET /_sim/health":                           s.health,
		"GET /_sim/payments":                         s.listPayments,
		"POST /_sim/payments":                        s.seed,
		"GET /_sim/refunds":                          s.listRefunds,
		"GET /_sim/refunds/{out_refund_no}":          s.showRefund,
		"POST /_sim/refunds/{out_refund_no}/advance": s.advanceByHand,
		"GET /_sim/requests":                         s.listRequests,
		"GET /_sim/faults":                           s.listRules,
		"PUT /_sim/faults":                           s.setRules,
		"POST /_sim/faults":                          s.addRule,
		"DELETE /_sim/faults":                        s.clearRules,
		"DELETE /_sim/faults/{id}":                   s.dropRule,
		"GET /_sim/behaviour":                        s.showBehaviour,
		"PUT /_sim/behaviour":                        s.setBehaviour,
		"GET /_sim/balance":                          s.showBalance,
		"PUT /_sim/balance":                          s.setBalance,
		"POST /_sim/topup":                           s.topUp,
		"GET /_sim/callbacks":                        s.listCallbacks,
		"POST /_sim/callbacks/deliver":               s.deliverNow,
		"GET /_sim/money":                            s.listMoney,
		"GET /_sim/counters":                         s.counters,
	} {
		mux.HandleFunc(pattern, s.admin(run))
	}
	mux.HandleFunc("/_sim/", s.admin(func(r *http.Request) (int, any, error) { return 0, nil, missing("admin call", r.Method+" "+r.URL.Path) }))
	return mux
}

// problems of the admin API carry a status.
type adminError struct {
	status  int
	message string
}

func (e adminError) Error() string { return e.message }

func wrong(format string, args ...any) error {
	return adminError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func missing(what, name string) error {
	return adminError{http.StatusNotFound, fmt.Sprintf("no %s %q", what, name)}
}

// admin lets in only who sits on this machine and names it so: a page in a browser that resolves its own name to 127.0.0.1 is not.
func (s *Server) admin(run func(*http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.RemoteAddr) || !loopback(r.Host) || r.Header.Get("Origin") != "" {
			writeJSON(w, http.StatusForbidden, map[string]string{"error": "the admin API answers programs on this machine only"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 16<<20)
		status, v, err := s.await(r, run)
		if err == nil {
			err = s.durable()
		}
		if refused, ok := errors.AsType[adminError](err); ok {
			writeJSON(w, refused.status, map[string]string{"error": refused.message})
			return
		}
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, status, v)
	}
}

// await runs a call; with ?wait=DURATION a list that is still empty is asked for again whenever something changes, until then.
func (s *Server) await(r *http.Request, run func(*http.Request) (int, any, error)) (int, any, error) {
	text := r.URL.Query().Get("wait")
	if text == "" || r.Method != http.MethodGet {
		return run(r)
	}
	patience, err := time.ParseDuration(text)
	if err != nil || patience < 0 {
		return 0, nil, wrong("wait %q: want a duration such as 10s", text)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		changed := s.change()
		status, v, err := run(r)
		if some, ok := v.(interface{ empty() bool }); err != nil || !ok || !some.empty() {
			return status, v, err
		}
		select {
		case <-changed:
		case <-late.C:
			return status, v, err
		case <-r.Context().Done():
			return status, v, err
		}
	}
}

// change returns a channel that closes at the next commit.
func (s *Server) change() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that left needs no answer
}

// read decodes a body strictly: a misspelt field in a test would otherwise test nothing.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return wrong("body: %v", err)
	}
	return nil
}

type list[T any] struct {
	Items []T `json:"items"`
}

func (l list[T]) empty() bool { return len(l.Items) == 0 }

func items[T any](all []T) list[T] {
	if all == nil {
		all = []T{}
	}
	return list[T]{all}
}

func (s *Server) health(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"ok": true, "mchid": s.keys.MchID, "now": s.clock.Now()}, nil
}

// seed takes one payment or a list of them.
func (s *Server) seed(r *http.Request) (int, any, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, wrong("body: %v", err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	pays := make([]Payment, 1)
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		err = strict.Decode(&pays)
	} else {
		err = strict.Decode(&pays[0])
	}
	if err != nil {
		return 0, nil, wrong("body: %v", err)
	}
	if err := s.Seed(pays...); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, items(pays), nil
}

// Seed makes payments known. A payment that is already known as it is, is no error.
func (s *Server) Seed(pays ...Payment) error {
	now := s.clock.Now()
	s.mu.Lock()
	var fresh []Payment
	for i := range pays {
		if err := pays[i].check(now); err != nil {
			s.mu.Unlock()
			return wrong("payment %d: %v", i, err)
		}
		known, ok := s.book.payments[pays[i].TransactionID]
		if !ok {
			known, ok = s.book.byTrade[pays[i].OutTradeNo]
		}
		switch {
		case !ok:
			fresh = append(fresh, pays[i])
		case !known.same(pays[i]):
			s.mu.Unlock()
			return adminError{http.StatusConflict, fmt.Sprintf("payment %s / %s is known with other values", pays[i].TransactionID, pays[i].OutTradeNo)}
		}
	}
	if len(fresh) > 0 {
		if _, err := s.commit(entry{Payments: fresh}); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.mu.Unlock()
	return s.durable()
}

func (s *Server) listRules(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return http.StatusOK, map[string]any{"rules": append([]Rule{}, s.book.rules...)}, nil
}

func (s *Server) setRules(r *http.Request) (int, any, error) {
	var body struct {
		Rules []Rule `json:"rules"`
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	if err := s.SetRules(body.Rules...); err != nil {
		return 0, nil, err
	}
	return s.listRules(r)
}

// SetRules replaces the faults; their counters start from zero.
func (s *Server) SetRules(rules ...Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putRules(rules)
}

func (s *Server) putRules(rules []Rule) error {
	taken := map[string]bool{}
	for i := range rules {
		if err := rules[i].check(); err != nil {
			return wrong("rule %d: %v", i, err)
		}
		if rules[i].ID == "" {
			rules[i].ID = id.Hex(4)
		}
		if taken[rules[i].ID] {
			return wrong("rule %d: id %q is taken", i, rules[i].ID)
		}
		taken[rules[i].ID] = true
	}
	fresh := append([]Rule{}, rules...)
	_, err := s.commit(entry{Rules: &fresh})
	return err
}

func (s *Server) addRule(r *http.Request) (int, any, error) {
	var rule Rule
	if err := read(r, &rule); err != nil {
		return 0, nil, err
	}
	rule.Seen, rule.Fired = 0, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(append([]Rule{}, s.book.rules...), rule)
	if err := s.putRules(all); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, all[len(all)-1], nil
}

func (s *Server) clearRules(r *http.Request) (int, any, error) {
	if err := s.SetRules(); err != nil {
		return 0, nil, err
	}
	return s.listRules(r)
}

func (s *Server) dropRule(r *http.Request) (int, any, error) {
	s.mu.Lock()
	left := slices.DeleteFunc(append([]Rule{}, s.book.rules...), func(x Rule) bool { return x.ID == r.PathValue("id") })
	gone := len(left) < len(s.book.rules)
	var err error
	if gone {
		err = s.putRules(left)
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return 0, nil, err
	case !gone:
		return 0, nil, missing("rule", r.PathValue("id"))
	}
	return s.listRules(r)
}

func limitOf(r *http.Request, fallback int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, wrong("limit %q: want a positive number", text)
	}
	return n, nil
}
