package wechatpay

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// keepRequests bounds the request journal in memory; the file keeps all.
const keepRequests = 20_000

// Behaviour is what happens to a refund when no rule says otherwise.
type Behaviour struct {
	SettleAfterMS int64  `json:"settle_after_ms"` // 0: settled in the answer itself; -1: PROCESSING until advanced by hand
	Outcome       Status `json:"outcome"`         // SUCCESS, ABNORMAL or CLOSED
	Callbacks     bool   `json:"callbacks"`       // false: nobody is ever called back
}

// DefaultBehaviour answers PROCESSING and succeeds a moment later, with a callback, as the vendor does on a good day.
var DefaultBehaviour = Behaviour{SettleAfterMS: 200, Outcome: Success, Callbacks: true}

// Request is a line of the request journal, written on arrival and completed when it was answered.
type Request struct {
	Seq         int64     `json:"seq"`
	At          time.Time `json:"at"`
	Operation   string    `json:"operation"` // refund, query, apply_abnormal, certificates, other
	Method      string    `json:"method"`
	Target      string    `json:"target"`
	OutRefundNo string    `json:"out_refund_no,omitempty"`
	Body        string    `json:"body,omitempty"`
	Nonce       string    `json:"nonce,omitempty"`
	Timestamp   string    `json:"timestamp,omitempty"`
	Verified    bool      `json:"verified"` // the signature held and the nonce was fresh
	Answer      *Answer   `json:"answer,omitempty"`
}

// Answer completes a Request. Status 0: the connection was cut without an answer.
type Answer struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Status int       `json:"status"`
	Code   string    `json:"code,omitempty"`
	Fault  string    `json:"fault,omitempty"`
}

// entry is one durable line: the facts in it become true together. All values are absolute, so replaying is assigning.
type entry struct {
	Payments  []Payment    `json:"payments,omitempty"`
	Refund    *Refund      `json:"refund,omitempty"`
	Money     *Money       `json:"money,omitempty"`
	Callback  *Callback    `json:"callback,omitempty"`
	Balance   *Balance     `json:"balance,omitempty"`
	Request   *Request     `json:"request,omitempty"`
	Answer    *Answer      `json:"answer,omitempty"`
	Rules     *[]Rule      `json:"rules,omitempty"`
	Fired     []ruleCounts `json:"fired,omitempty"`
	Behaviour *Behaviour   `json:"behaviour,omitempty"`
}

// Balance is the merchant's money; nil Available means there is always enough.
type Balance struct {
	Available *int64 `json:"available"`
}

// book is the state that the entries add up to. It does no I/O and is guarded by the server's mutex.
type book struct {
	payments    map[string]*Payment // by transaction_id
	byTrade     map[string]*Payment // by out_trade_no
	refunds     map[string]*Refund  // by out_refund_no
	byID        map[string]*Refund  // by refund_id
	drawn       map[string][]*Refund
	order       []*Refund // oldest first
	unsettled   map[string]*Refund
	money       []Money
	paid        map[string]int64 // money lines summed by transaction
	moved       map[string]int   // money lines by out_refund_no
	callbacks   map[string]*Callback
	queue       []*Callback // oldest first
	open        map[string]*Callback
	requests    []*Request
	nextRequest int64
	tally       map[string]int64 // requests by operation and by outcome
	rules       []Rule
	behaviour   Behaviour
	balance     Balance
	nonces      nonces
}

func newBook(b Behaviour) *book {
	return &book{
		payments: map[string]*Payment{}, byTrade: map[string]*Payment{}, refunds: map[string]*Refund{}, byID: map[string]*Refund{},
		drawn: map[string][]*Refund{}, unsettled: map[string]*Refund{}, paid: map[string]int64{}, moved: map[string]int{},
		callbacks: map[string]*Callback{}, open: map[string]*Callback{}, tally: map[string]int64{}, nextRequest: 1, behaviour: b,
	}
}

// replay applies a line of the logbook.
func (b *book) replay(line []byte) error {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("read entry: %w", err)
	}
	b.apply(e)
	return nil
}

func (b *book) apply(e entry) {
	for _, p := range e.Payments {
		b.payments[p.TransactionID], b.byTrade[p.OutTradeNo] = &p, &p
	}
	if e.Refund != nil {
		b.applyRefund(*e.Refund)
	}
	if e.Money != nil {
		b.money = append(b.money, *e.Money)
		b.paid[e.Money.TransactionID] += e.Money.Amount
		b.moved[e.Money.OutRefundNo]++
	}
	if e.Callback != nil {
		b.applyCallback(*e.Callback)
	}
	if e.Balance != nil {
		b.balance = *e.Balance
	}
	if e.Behaviour != nil {
		b.behaviour = *e.Behaviour
	}
	b.applyRules(e)
	if e.Request != nil {
		b.applyRequest(*e.Request)
	}
	if e.Answer != nil {
		b.applyAnswer(*e.Answer)
	}
}

func (b *book) applyRefund(r Refund) {
	known, ok := b.refunds[r.OutRefundNo]
	if ok {
		*known = r
	} else {
		known = &r
		b.refunds[r.OutRefundNo], b.byID[r.RefundID] = known, known
		b.drawn[r.TransactionID] = append(b.drawn[r.TransactionID], known)
		b.order = append(b.order, known)
	}
	if r.Status == Processing && !r.SettleAt.IsZero() {
		b.unsettled[r.OutRefundNo] = known
	} else {
		delete(b.unsettled, r.OutRefundNo)
	}
}

func (b *book) applyCallback(c Callback) {
	known, ok := b.callbacks[c.ID]
	if ok {
		*known = c
	} else {
		known = &c
		b.callbacks[c.ID] = known
		b.queue = append(b.queue, known)
	}
	if c.State == CallbackPending {
		b.open[c.ID] = known
	} else {
		delete(b.open, c.ID)
	}
}

func (b *book) applyRules(e entry) {
	if e.Rules != nil {
		b.rules = *e.Rules
	}
	for _, f := range e.Fired {
		for i := range b.rules {
			if b.rules[i].ID == f.ID {
				b.rules[i].Seen, b.rules[i].Fired = f.Seen, f.Fired
			}
		}
	}
}

func (b *book) applyRequest(r Request) {
	b.requests = append(b.requests, &r)
	b.nextRequest = r.Seq + 1
	b.tally["operation:"+r.Operation]++
	b.tally["all"]++
	if r.Verified {
		sent, _ := strconv.ParseInt(r.Timestamp, 10, 64) // admit has read it before
		b.nonces.add(r.Nonce, sent)
	} else {
		b.tally["unverified"]++
	}
	if len(b.requests) >= 2*keepRequests {
		b.requests = append([]*Request(nil), b.requests[keepRequests:]...)
	}
}

func (b *book) applyAnswer(a Answer) {
	b.tally["status:"+strconv.Itoa(a.Status)]++
	if a.Code != "" {
		b.tally["code:"+a.Code]++
	}
	if len(b.requests) == 0 {
		return
	}
	// Sequence numbers have no gaps, so the place follows from the first one kept.
	if i := a.Seq - b.requests[0].Seq; i >= 0 && i < int64(len(b.requests)) {
		b.requests[i].Answer = &a
	}
}

// refunded sums what the transaction's refunds hold, settled or on its way.
func (b *book) refunded(transaction string) (sum int64, count int) {
	for _, r := range b.drawn[transaction] {
		if r.holds() {
			sum += r.Amount
			count++
		}
	}
	return sum, count
}
