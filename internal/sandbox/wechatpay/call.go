package wechatpay

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxBody is far above what a refund with 50 goods needs.
const maxBody = 1 << 20

// call is one request to the simulated API on its way through.
type call struct {
	w         http.ResponseWriter
	r         *http.Request
	body      []byte
	now       time.Time
	operation string
	seq       int64 // in the request journal
	target    target
	rule      *Rule // the wire fault that struck
}

// reply is what a handler wants to answer.
type reply struct {
	status int
	code   string // of a problem
	body   []byte
}

func good(v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		return bad(refuse("SYSTEM_ERROR", "encode: %v", err))
	}
	return reply{status: http.StatusOK, body: body}
}

func bad(p *problem) reply {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"code":"SYSTEM_ERROR","message":"encode"}`)
	}
	return reply{status: p.Status, code: p.Code, body: body}
}

// api wraps an operation: journal, signature, limits, faults before, the operation, durability, faults after, signed answer.
func (s *Server) api(operation string, run func(*call) reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				http.Error(w, `{"code":"PARAM_ERROR","message":"请求体过大"}`, http.StatusRequestEntityTooLarge)
				return
			}
			panic(http.ErrAbortHandler) // the client broke off; there is nobody to answer
		}
		c := &call{w: w, r: r, body: body, now: s.clock.Now(), operation: operation}
		c.target = target{operation: operation, outRefundNo: c.number()}
		answer, ok := s.enter(c)
		if ok && c.strikesBefore() {
			s.strikeBefore(c)
			return
		}
		if ok {
			answer = run(c)
		}
		if err := s.durable(); err != nil {
			s.logger.Error("state is not on disk; connection cut", "err", err)
			panic(http.ErrAbortHandler)
		}
		s.answer(c, answer)
	}
}

// number finds the out_refund_no for the journal and the rules, whether or not the request is valid.
func (c *call) number() string {
	if n := c.r.PathValue("out_refund_no"); n != "" {
		return n
	}
	var o struct {
		OutRefundNo string `json:"out_refund_no"`
	}
	_ = json.Unmarshal(c.body, &o) // a malformed body has no number; the operation refuses it
	return o.OutRefundNo
}

// enter writes the request down and decides whether it may go on. The nonce is checked under the same lock, so of two copies one is refused.
func (s *Server) enter(c *call) (reply, bool) {
	a, p := s.keys.admit(c.r, c.body, c.now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == nil && s.book.nonces.seen(a.Nonce) {
		p = badSignature("nonce_str", "used before", nil)
	}
	c.target.transactionID = s.transactionOf(c)
	c.seq = s.book.nextRequest
	e := entry{Request: &Request{
		Seq: c.seq, At: c.now, Operation: c.operation, Method: c.r.Method, Target: c.r.RequestURI, OutRefundNo: c.target.outRefundNo,
		Body: string(c.body), Nonce: a.Nonce, Timestamp: a.Timestamp, Verified: p == nil,
	}}
	if !s.pace.allow(s.cfg.Limits, c.now) && p == nil {
		p = refuse("FREQUENCY_LIMITED", "频率超限，请求过于频繁")
	}
	if p == nil {
		c.rule, e.Fired = s.book.strike(wire, c.target)
	}
	if _, err := s.commit(e); err != nil {
		return bad(refuse("SYSTEM_ERROR", "journal: %v", err)), false
	}
	if p != nil {
		return bad(p), false
	}
	return reply{}, true
}

// transactionOf finds the transaction for rules that match by it. Called with mu held.
func (s *Server) transactionOf(c *call) string {
	if r, ok := s.book.refunds[c.target.outRefundNo]; ok {
		return r.TransactionID
	}
	var o struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
	}
	_ = json.Unmarshal(c.body, &o) // as in number
	if p, ok := s.book.byTrade[o.OutTradeNo]; ok && o.TransactionID == "" {
		return p.TransactionID
	}
	return o.TransactionID
}

// finish completes the journal line.
func (s *Server) finish(c *call, status int, code string) {
	a := Answer{Seq: c.seq, At: s.clock.Now(), Status: status, Code: code}
	if c.rule != nil {
		a.Fault = string(c.rule.Kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if status >= 400 {
		s.pace.failed(a.At)
	}
	if _, err := s.commit(entry{Answer: &a}); err != nil {
		s.logger.Error("journal the answer", "err", err)
	}
}
