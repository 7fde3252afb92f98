package refund

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Observed is a refund that others made: the platform by itself, the merchant in the gateway's own console, somebody by hand.
type Observed struct {
	Account       Account
	TransactionID string // this or OutTradeNo names the payment; neither: see CaseID
	OutTradeNo    string
	CaseID        id.Case // 0: the one case of the payment's orders that it can only mean, if there is exactly one
	Origin        string  // platform, seller_backend or manual
	ExternalID    string  // the gateway's or platform's number: the same one again changes nothing
	AmountMinor   int64
	Currency      string
	At            time.Time // zero: now
	Reason        string
}

// Observe records a refund of other origin in the caller's transaction. It is always recorded, even above what was paid: money that has moved is a fact. What
// it covers is not paid again: refunds of ours that have not gone out are withdrawn, or held where it covers a part.
//
// A channel often knows only the case and how much of it is paid back by now. Then CaseID alone names it, and AmountMinor is that total: what was not recorded
// before is recorded now.
func (e *Engine) Observe(ctx context.Context, tx *gorm.DB, o Observed) (Refund, error) {
	if o.TransactionID == "" && o.OutTradeNo == "" && o.CaseID != 0 {
		var err error
		if o, err = e.ofCase(tx, o); err != nil || o.AmountMinor == 0 {
			return Refund{}, err
		}
	}
	if o.AmountMinor <= 0 || o.ExternalID == "" || !slices.Contains([]string{OriginPlatform, OriginSellerBackend, OriginManual}, o.Origin) {
		return Refund{}, fault.New(fault.Invalid, "observed_refund", "an observed refund has an amount, an origin and a number of its own")
	}
	p, err := findPayment(tx, o)
	if err != nil {
		return Refund{}, err
	}
	c, ord, err := claimant(tx, p.ID, o.CaseID)
	if err != nil {
		return Refund{}, err
	}
	l, err := lockMoney(tx, c, ord, nil, nil)
	if err != nil {
		return Refund{}, err
	}
	pending, lines, payments, err := unsent(tx, c) // under the case's lock: nothing new is asked for it now
	if err != nil {
		return Refund{}, err
	}
	if err := l.more(tx, lines, append(payments, p.ID)); err != nil {
		return Refund{}, err
	}
	var seen []Refund // under the lock: two deliveries of one message meet here
	if err := tx.Where("payment_id = ? AND gateway_refund_id = ?", p.ID, o.ExternalID).Limit(1).Find(&seen).Error; err != nil {
		return Refund{}, fmt.Errorf("look for observed refund: %w", err)
	}
	if len(seen) > 0 {
		return seen[0], nil
	}
	r, err := e.record(ctx, tx, l, p, o)
	if err != nil || c == nil {
		return r, err
	}
	return r, e.yield(ctx, tx, l, pending)
}

func findPayment(tx *gorm.DB, o Observed) (order.Payment, error) {
	if o.TransactionID != "" {
		return one[order.Payment](tx, "payment", "gateway = ? AND account = ? AND transaction_id = ?", o.Account.Gateway, o.Account.Account, o.TransactionID)
	}
	if o.OutTradeNo == "" {
		return order.Payment{}, fault.New(fault.Invalid, "payment_number_missing", "an observed refund names its payment")
	}
	return one[order.Payment](tx, "payment", "gateway = ? AND account = ? AND out_trade_no = ?", o.Account.Gateway, o.Account.Account, o.OutTradeNo)
}

// claimant finds the case and the order that an observed refund belongs to.
func claimant(tx *gorm.DB, p id.Payment, c id.Case) (*id.Case, id.Order, error) {
	var orders []id.Order
	if err := tx.Model(&order.OrderPayment{}).Where("payment_id = ?", p).Order("order_id").Pluck("order_id", &orders).Error; err != nil {
		return nil, 0, fmt.Errorf("read orders of payment: %w", err)
	}
	if len(orders) == 0 {
		return nil, 0, fault.New(fault.NotFound, "payment_without_order", "the payment belongs to no order")
	}
	var cases []aftersales.Case
	q := tx.Where("order_id IN ? AND decision NOT IN ?", orders, []string{"rejected", "withdrawn", "expired"})
	if c != 0 {
		q = tx.Where("order_id IN ? AND id = ?", orders, c)
	}
	if err := q.Order("id").Find(&cases).Error; err != nil {
		return nil, 0, fmt.Errorf("read cases of payment: %w", err)
	}
	if c != 0 && len(cases) == 0 {
		return nil, 0, fault.New(fault.Conflict, "case_other_payment", "the case is not about an order of this payment")
	}
	if len(cases) != 1 {
		return nil, orders[0], nil
	}
	return &cases[0].ID, *cases[0].OrderID, nil
}

// unsent lists refunds of ours for the case that have not gone out, with the lines and payments to lock before they can be withdrawn.
func unsent(tx *gorm.DB, c *id.Case) (rs []id.Refund, lines []id.OrderLine, payments []id.Payment, err error) {
	if c == nil {
		return nil, nil, nil, nil
	}
	var rows []Refund
	err = tx.Where("case_id = ? AND origin = ? AND attempts = 0 AND state IN ?", *c, OriginOurs, []State{StateRequested, StateAuthorized, StateHeld}).Order("id").Find(&rows).Error
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read refunds not sent: %w", err)
	}
	for _, r := range rows {
		ls, err := Lines(tx, r.ID)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("read refund lines: %w", err)
		}
		rs, lines, payments = append(rs, r.ID), append(lines, orderLines(ls)...), append(payments, r.PaymentID)
	}
	return rs, lines, payments, nil
}

func (e *Engine) record(ctx context.Context, tx *gorm.DB, l *locked, p order.Payment, o Observed) (Refund, error) {
	now := e.clock.Now()
	at := o.At
	if at.IsZero() {
		at = now
	}
	r := Refund{Number: e.number(), Entitlement: fmt.Sprintf("observed:%d:%s", p.ID, o.ExternalID), Part: 1, OwnerID: l.order.OwnerID, ShopID: l.order.ShopID,
		OrderID: l.order.ID, PaymentID: p.ID, AmountMinor: o.AmountMinor, Currency: cmp.Or(o.Currency, p.Currency), Origin: o.Origin, State: StateSucceeded,
		GatewayRefundID: &o.ExternalID, Reason: o.Reason, RequestedAt: now, SettledAt: &at, Version: 1}
	if l.caze != nil {
		r.CaseID = &l.caze.ID
	}
	if err := tx.Create(&r).Error; err != nil {
		return r, fmt.Errorf("insert observed refund: %w", err)
	}
	if err := tx.Exec("UPDATE payments SET elsewhere_minor = elsewhere_minor + ? WHERE id = ?", o.AmountMinor, p.ID).Error; err != nil {
		return r, fmt.Errorf("count observed refund: %w", err)
	}
	w := &work{locked: l, refund: r}
	if err := e.append(ctx, tx, w, "", change{}); err != nil {
		return r, err
	}
	return r, e.refresh(ctx, tx, l, 0)
}

// yield withdraws refunds of ours that what was observed covers whole, and holds the first that it covers in part.
func (e *Engine) yield(ctx context.Context, tx *gorm.DB, l *locked, pending []id.Refund) error {
	for _, r := range pending {
		free, err := unapplied(tx, l.caze.ID)
		if err != nil {
			return err
		}
		var left int64
		for _, s := range free {
			left += s.left
		}
		if left == 0 {
			return nil
		}
		w, err := lock(tx, r)
		if err != nil {
			return err
		}
		if w.refund.Attempts > 0 || w.refund.State.Final() {
			continue // it went out between the look and the lock
		}
		if err := e.yieldOne(ctx, tx, w, free, left); err != nil {
			return err
		}
		l.caze, l.order = w.caze, w.order
	}
	return nil
}

func (e *Engine) yieldOne(ctx context.Context, tx *gorm.DB, w *work, free []spare, left int64) error {
	const code = "refunded_elsewhere"
	if w.refund.AmountMinor > left {
		if w.refund.State == StateHeld {
			return nil
		}
		return e.move(ctx, tx, w, StateHeld, change{code: code, set: map[string]any{"hold_code": code}})
	}
	if err := e.cancel(ctx, tx, w, change{code: code}); err != nil {
		return err
	}
	if _, err := apply(tx, free, w.lines); err != nil {
		return err
	}
	return e.refresh(ctx, tx, w.locked, 0)
}

// apply lets observed refunds pay for the front of lines that are free, and returns what is left of them.
func apply(tx *gorm.DB, free []spare, lines []Line) (rest []Line, err error) {
	for _, s := range free {
		var taken []Line
		taken, lines = cutLines(lines, s.left)
		for i := range taken {
			taken[i].ID, taken[i].RefundID, taken[i].Live = 0, s.refund, true
		}
		if len(taken) == 0 {
			continue
		}
		if err := tx.Create(&taken).Error; err != nil {
			return nil, fmt.Errorf("apply observed refund: %w", err)
		}
	}
	return lines, nil
}

// cutLines is cut for lines that were written already: the second half of a line becomes another part of its entitlement.
func cutLines(ls []Line, most int64) (taken, rest []Line) {
	for i, l := range ls {
		if l.AmountMinor <= most {
			taken = append(taken, l)
			most -= l.AmountMinor
			continue
		}
		if most > 0 {
			part := l
			part.AmountMinor = most
			taken = append(taken, part)
			l.AmountMinor -= most
			l.Quantity, l.DeductionMinor, l.Part = 0, 0, l.Part+1000
		}
		return taken, append([]Line{l}, ls[i+1:]...)
	}
	return taken, nil
}
