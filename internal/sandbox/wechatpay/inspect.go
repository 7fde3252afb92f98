package wechatpay

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
)

// paymentRow is a payment with what its refunds have done to it.
type paymentRow struct {
	Payment
	Refunds   int   `json:"refunds"`   // with effect, not closed
	Held      int64 `json:"held"`      // refunded or on its way
	Refunded  int64 `json:"refunded"`  // money moved
	Remaining int64 `json:"remaining"` // total less held
}

func (s *Server) listPayments(r *http.Request) (int, any, error) {
	only := r.URL.Query().Get("transaction_id")
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []paymentRow
	for tx, p := range s.book.payments {
		if only != "" && tx != only {
			continue
		}
		sum, count := s.book.refunded(tx)
		rows = append(rows, paymentRow{*p, count, sum, s.book.paid[tx], p.Total - sum})
	}
	slices.SortFunc(rows, func(a, b paymentRow) int { return compare(a.TransactionID, b.TransactionID) })
	return http.StatusOK, items(rows), nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (s *Server) listRefunds(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(now); err != nil {
		return 0, nil, err
	}
	var rows []Refund
	for _, x := range s.book.order {
		if (q.Get("transaction_id") == "" || q.Get("transaction_id") == x.TransactionID) && (q.Get("status") == "" || q.Get("status") == string(x.Status)) {
			rows = append(rows, *x)
		}
	}
	return http.StatusOK, items(rows), nil
}

func (s *Server) showRefund(r *http.Request) (int, any, error) {
	no := r.PathValue("out_refund_no")
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(now); err != nil {
		return 0, nil, err
	}
	x, ok := s.book.refunds[no]
	if !ok {
		return 0, nil, missing("refund", no)
	}
	return http.StatusOK, *x, nil
}

func (s *Server) advanceByHand(r *http.Request) (int, any, error) {
	var body struct {
		Status Status `json:"status"`
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	x, err := s.Advance(r.PathValue("out_refund_no"), body.Status)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, x, nil
}

// Advance moves a PROCESSING or ABNORMAL refund on, as the vendor's back office would.
func (s *Server) Advance(outRefundNo string, to Status) (Refund, error) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.book.refunds[outRefundNo]
	if !ok {
		return Refund{}, missing("refund", outRefundNo)
	}
	if err := s.advance(x, to, now); errors.Is(err, errMove) {
		return Refund{}, adminError{http.StatusConflict, err.Error()}
	} else if err != nil {
		return Refund{}, err
	}
	return *x, nil
}

func (s *Server) listRequests(r *http.Request) (int, any, error) {
	limit, err := limitOf(r, 1000)
	if err != nil {
		return 0, nil, err
	}
	q := r.URL.Query()
	after := int64(0)
	if text := q.Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, nil, wrong("after %q: want a number", text)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []Request
	for _, x := range s.book.requests {
		match := (q.Get("out_refund_no") == "" || q.Get("out_refund_no") == x.OutRefundNo) && (q.Get("operation") == "" || q.Get("operation") == x.Operation)
		if x.Seq > after && match && len(rows) < limit {
			rows = append(rows, *x)
		}
	}
	return http.StatusOK, items(rows), nil
}

func (s *Server) showBehaviour(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return http.StatusOK, s.book.behaviour, nil
}

func (s *Server) setBehaviour(r *http.Request) (int, any, error) {
	s.mu.Lock()
	b := s.book.behaviour
	s.mu.Unlock()
	if err := read(r, &b); err != nil { // fields left out stay as they are
		return 0, nil, err
	}
	if err := s.SetBehaviour(b); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, b, nil
}

// SetBehaviour changes what happens to the refunds to come.
func (s *Server) SetBehaviour(b Behaviour) error {
	if eventOf[b.Outcome] == "" || b.SettleAfterMS < -1 {
		return wrong("outcome is SUCCESS, ABNORMAL or CLOSED; settle_after_ms is -1 or more")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.commit(entry{Behaviour: &b})
	return err
}

func (s *Server) showBalance(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return http.StatusOK, s.book.balance, nil
}

func (s *Server) setBalance(r *http.Request) (int, any, error) {
	var b Balance
	if err := read(r, &b); err != nil {
		return 0, nil, err
	}
	if b.Available != nil && *b.Available < 0 {
		return 0, nil, wrong("available %d: not negative, or null for endless", *b.Available)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.commit(entry{Balance: &b})
	return http.StatusOK, b, err
}

// topUp adds money and ends the not_enough rules.
func (s *Server) topUp(r *http.Request) (int, any, error) {
	var body struct {
		Amount int64 `json:"amount"`
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	if body.Amount < 1 {
		return 0, nil, wrong("amount %d: want at least 1 fen", body.Amount)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left := slices.DeleteFunc(append([]Rule{}, s.book.rules...), func(x Rule) bool { return x.Kind == NotEnough })
	e := entry{Rules: &left}
	if b := s.book.balance.Available; b != nil {
		more := *b + body.Amount
		e.Balance = &Balance{Available: &more}
	}
	_, err := s.commit(e)
	return http.StatusOK, s.book.balance, err
}

func (s *Server) listCallbacks(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []Callback
	for _, c := range s.book.queue {
		if (q.Get("out_refund_no") == "" || q.Get("out_refund_no") == c.OutRefundNo) && (q.Get("state") == "" || q.Get("state") == string(c.State)) {
			rows = append(rows, *c)
		}
	}
	return http.StatusOK, items(rows), nil
}

// deliverNow makes one delivery at once, in order, of every callback asked for, whatever its schedule says, and tells what came of it.
func (s *Server) deliverNow(r *http.Request) (int, any, error) {
	var want struct {
		ID          string `json:"id"`
		OutRefundNo string `json:"out_refund_no"`
		Again       bool   `json:"again"` // delivered, lost and given-up ones too
	}
	if err := read(r, &want); err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	var chosen []Callback
	for _, c := range s.book.queue {
		match := (want.ID == "" || want.ID == c.ID) && (want.OutRefundNo == "" || want.OutRefundNo == c.OutRefundNo)
		if match && (want.Again || c.State == CallbackPending) && !s.busy[c.ID] {
			s.busy[c.ID] = true
			chosen = append(chosen, *c)
		}
	}
	s.mu.Unlock()
	done := make([]Callback, 0, len(chosen))
	for _, c := range chosen {
		// The admin client going away must not make a delivery look as if it had not been made.
		done = append(done, s.deliver(context.WithoutCancel(r.Context()), c))
	}
	s.nudge()
	return http.StatusOK, items(done), nil
}

func (s *Server) listMoney(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []Money
	for _, m := range s.book.money {
		if (q.Get("transaction_id") == "" || q.Get("transaction_id") == m.TransactionID) && (q.Get("out_refund_no") == "" || q.Get("out_refund_no") == m.OutRefundNo) {
			rows = append(rows, m)
		}
	}
	return http.StatusOK, items(rows), nil
}

// Counters are what proofs of exactly-once look at.
type Counters struct {
	Requests     map[string]int64 `json:"requests"`     // all, unverified, operation:…, status:…, code:…
	Refunds      map[string]int   `json:"refunds"`      // by status
	Moved        map[string]int   `json:"moved"`        // money lines by out_refund_no: 1 or absent, or something is wrong
	Transactions map[string]Drawn `json:"transactions"` // only those with refunds
	MoneyLines   int              `json:"money_lines"`
	MoneySum     int64            `json:"money_sum"`
	Callbacks    map[string]int   `json:"callbacks"` // by state
	Deliveries   int              `json:"deliveries"`
}

// Drawn is what the refunds of one transaction add up to.
type Drawn struct {
	Refunds  int   `json:"refunds"`  // distinct out_refund_no with effect, closed ones not counted
	Held     int64 `json:"held"`     // their sum
	Refunded int64 `json:"refunded"` // of which the money has moved
	Total    int64 `json:"total"`
}

func (s *Server) counters(*http.Request) (int, any, error) {
	c, err := s.Counters()
	return http.StatusOK, c, err
}

// Counters reads them, with everything that is due settled first.
func (s *Server) Counters() (Counters, error) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(now); err != nil {
		return Counters{}, err
	}
	b := s.book
	c := Counters{Requests: map[string]int64{}, Refunds: map[string]int{}, Moved: map[string]int{}, Transactions: map[string]Drawn{}, Callbacks: map[string]int{},
		MoneyLines: len(b.money)}
	for k, n := range b.tally {
		c.Requests[k] = n
	}
	for no, n := range b.moved {
		c.Moved[no] = n
	}
	for _, r := range b.order {
		c.Refunds[string(r.Status)]++
	}
	for tx := range b.drawn {
		sum, count := b.refunded(tx)
		c.Transactions[tx] = Drawn{Refunds: count, Held: sum, Refunded: b.paid[tx], Total: b.payments[tx].Total}
		c.MoneySum += b.paid[tx]
	}
	for _, k := range b.queue {
		c.Callbacks[string(k.State)]++
		c.Deliveries += len(k.Deliveries)
	}
	return c, nil
}
