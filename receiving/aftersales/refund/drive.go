package refund

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

// exchange is one call to a gateway that a claim has made this process's own.
type exchange struct {
	kind    string // send or query
	state   State  // in which the claim left the refund
	token   string // of the lease
	attempt int64
	gateway Gateway
	refund  Refund
	request Request
}

// atRest says that no job is needed until something else happens.
const atRest = time.Duration(-1)

// Drive moves a refund on until it rests or must wait: intent in one transaction, the call outside any, the result in another. It returns how long to wait
// before it is called again, or a negative duration for never.
func (e *Engine) Drive(ctx context.Context, r id.Refund) (time.Duration, error) {
	for range 8 { // a bound, so that one refund never keeps a worker
		x, wait, err := e.claim(ctx, r)
		if err != nil || x == nil {
			return wait, err
		}
		killpoint.Hit("refund.claimed")
		res := e.call(ctx, x)
		killpoint.Hit("refund.answered")
		// What the gateway said must be written down even while this process is told to stop.
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.pace.Lease/2)
		wait, err = e.conclude(rest, x, res)
		cancel()
		if err != nil {
			return 0, err
		}
		killpoint.Hit("refund.concluded")
		if wait != 0 {
			return wait, nil
		}
	}
	return 0, nil
}

func (e *Engine) call(ctx context.Context, x *exchange) Result {
	// Well inside the lease: whoever finds the lease expired may trust that no answer is still awaited here.
	ctx, cancel := context.WithTimeout(ctx, e.pace.Lease/2)
	defer cancel()
	if x.kind == "send" {
		return x.gateway.Send(ctx, []byte(x.refund.Body))
	}
	return x.gateway.Query(ctx, x.request)
}

// claim decides what comes next for a refund and takes the lease for it. A nil exchange means nothing to do before wait has passed.
func (e *Engine) claim(ctx context.Context, r id.Refund) (x *exchange, wait time.Duration, err error) {
	err = e.db.InTx(ctx, func(tx *gorm.DB) error {
		x, wait = nil, atRest
		w, err := lock(tx, r)
		if err != nil {
			return err
		}
		now := e.clock.Now()
		switch s := w.refund; {
		case s.State != StateAuthorized && !s.State.Out():
			return nil
		case s.NextTryAt != nil && s.NextTryAt.After(now):
			wait = s.NextTryAt.Sub(now)
			return nil
		case s.LeaseToken != "" && s.LeaseUntil != nil && s.LeaseUntil.After(now):
			wait = s.LeaseUntil.Sub(now)
			return nil
		case s.State == StateSending:
			// The lease has run out: the process that held it died or lost the database. Its bytes may have arrived.
			if err := e.move(ctx, tx, w, StateUnknown, change{code: "lease_expired"}); err != nil {
				return err
			}
		}
		gw := e.gateways[Account{w.payment().Gateway, w.payment().Account}]
		if gw == nil {
			if w.refund.State == StateAuthorized {
				return e.move(ctx, tx, w, StateHeld, change{code: "no_gateway", set: map[string]any{"hold_code": "no_gateway"}})
			}
			wait = e.pace.RetryMost // it was there when the refund went out: a matter of configuration
			return nil
		}
		x = &exchange{gateway: gw, token: id.Hex(12)}
		if w.refund.State == StateAuthorized {
			x, wait, err = e.claimSend(ctx, tx, w, x)
		} else {
			err = e.claimQuery(tx, w, x)
		}
		if err == nil {
			killpoint.Hit("refund.claiming")
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return x, wait, nil
}

func (e *Engine) requestOf(w *work) Request {
	p := w.payment()
	return Request{Key: w.refund.Number, TransactionID: p.TransactionID, OutTradeNo: p.OutTradeNo, AmountMinor: w.refund.AmountMinor, TotalMinor: p.CapturedMinor,
		Currency: w.refund.Currency, Reason: w.refund.Reason, NotifyURL: e.notifyURL(Account{p.Gateway, p.Account})}
}

// claimSend stores number, amount and body before the first byte leaves. A body once stored is sent again as it is.
func (e *Engine) claimSend(ctx context.Context, tx *gorm.DB, w *work, x *exchange) (*exchange, time.Duration, error) {
	wait, code, err := e.room(tx, w.refund)
	if err != nil {
		return nil, 0, err
	}
	if wait > 0 {
		return nil, wait, e.update(tx, w, StateAuthorized, StateAuthorized, map[string]any{"next_try_at": e.clock.Now().Add(wait)})
	}
	if w.caze != nil && w.caze.Over() && w.refund.Attempts == 0 {
		code = "case_over" // withdrawn or rejected after the refund was authorized
	}
	x.request = e.requestOf(w)
	body := w.refund.Body
	if code == "" && body == "" {
		raw, err := x.gateway.Prepare(x.request)
		if err != nil {
			code = fault.Code(err)
		}
		body = string(raw)
	}
	if code != "" {
		return nil, atRest, e.move(ctx, tx, w, StateHeld, change{code: code, set: map[string]any{"hold_code": code}})
	}
	now := e.clock.Now()
	err = e.move(ctx, tx, w, StateSending, change{set: map[string]any{"body": body, "lease_token": x.token, "lease_until": now.Add(e.pace.Lease), "sent_at": now,
		"attempts": gorm.Expr("attempts + 1"), "refused_code": ""}})
	if err != nil {
		return nil, 0, err
	}
	if err := tx.Exec("UPDATE payments SET last_sent_at = ? WHERE id = ?", now, w.refund.PaymentID).Error; err != nil {
		return nil, 0, fmt.Errorf("note send: %w", err)
	}
	x.kind, x.state, x.refund = "send", StateSending, w.refund
	return x, 0, e.begun(tx, x)
}

// room keeps the gateway's limits per payment: a pause between two refunds, and a number of them. The payment is locked.
func (e *Engine) room(tx *gorm.DB, r Refund) (wait time.Duration, code string, err error) {
	var others []Refund
	err = tx.Select("id", "sent_at", "state").Where("payment_id = ? AND id <> ? AND sent_at IS NOT NULL", r.PaymentID, r.ID).Order("sent_at DESC").Find(&others).Error
	if err != nil {
		return 0, "", fmt.Errorf("read refunds of payment: %w", err)
	}
	count := 0
	for _, o := range others {
		if o.State != StateFailed { // nothing exists there under a failed one's number
			count++
		}
	}
	if count >= e.pace.MaxPartials {
		return 0, "too_many_partials", nil
	}
	if len(others) > 0 {
		wait = others[0].SentAt.Add(e.pace.MinGap).Sub(e.clock.Now())
	}
	return max(wait, 0), "", nil
}

func (e *Engine) claimQuery(tx *gorm.DB, w *work, x *exchange) error {
	x.kind, x.state, x.request = "query", w.refund.State, e.requestOf(w)
	err := e.update(tx, w, x.state, x.state, map[string]any{"lease_token": x.token, "lease_until": e.clock.Now().Add(e.pace.Lease)})
	if err != nil {
		return err
	}
	x.refund = w.refund
	return e.begun(tx, x)
}

func (e *Engine) begun(tx *gorm.DB, x *exchange) error {
	a := Attempt{RefundID: x.refund.ID, Kind: x.kind, StartedAt: e.clock.Now()}
	if err := tx.Create(&a).Error; err != nil {
		return fmt.Errorf("note attempt: %w", err)
	}
	x.attempt = a.ID
	return nil
}
