package refund

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// coverElsewhere lets refunds of other origin, observed on this case and not used yet, pay for the front of ps. What they cover is spoken for like any
// refund: the same piece is not paid again.
func (a *ask) coverElsewhere(ps []portion, parts map[int]int) (covered int64, rest []portion, err error) {
	free, err := unapplied(a.tx, a.l.caze.ID)
	if err != nil {
		return 0, nil, err
	}
	for _, o := range free {
		var taken []portion
		taken, ps = cut(ps, o.left)
		if len(taken) == 0 {
			continue
		}
		if err := a.tx.Create(a.lines(o.refund, taken, parts)).Error; err != nil {
			return 0, nil, fmt.Errorf("apply observed refund: %w", err)
		}
		covered += total(taken)
	}
	return covered, ps, nil
}

// spare is what an observed refund has not been applied to anything yet.
type spare struct {
	refund id.Refund
	left   int64
}

func unapplied(tx *gorm.DB, c id.Case) ([]spare, error) {
	var out []spare
	var rows []struct {
		ID   id.Refund
		Rest int64
	}
	err := tx.Raw(`SELECT r.id AS id, CAST(r.amount_minor - COALESCE((SELECT SUM(l.amount_minor) FROM refund_lines l WHERE l.refund_id = r.id AND l.live), 0) AS BIGINT) AS rest
		FROM refunds r WHERE r.case_id = ? AND r.origin <> ? ORDER BY r.id`, c, OriginOurs).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read observed refunds: %w", err)
	}
	for _, r := range rows {
		if r.Rest > 0 {
			out = append(out, spare{r.ID, r.Rest})
		}
	}
	return out, nil
}

// split spreads ps over the order's payments.
func (a *ask) split(ps []portion) ([][]portion, []pot, error) {
	pots := make([]pot, len(a.pays))
	for i, op := range a.pays {
		p := a.l.payments[op.PaymentID]
		if p.Currency != a.l.order.Currency {
			return nil, nil, fault.New(fault.Conflict, "currency_differs", "order %s is in %s, its payment in %s", a.l.order.Number, a.l.order.Currency, p.Currency)
		}
		// A payment over several orders returns to each no more than that order put in, whoever returned it.
		var gone int64
		err := a.tx.Raw("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refunds WHERE payment_id = ? AND order_id = ? AND state NOT IN (?, ?, ?)",
			op.PaymentID, op.OrderID, StateFailed, StateClosed, StateCancelled).Scan(&gone).Error
		if err != nil {
			return nil, nil, fmt.Errorf("sum refunds of payment: %w", err)
		}
		pots[i] = pot{op.PaymentID, min(p.CapturedMinor-p.ReservedMinor-p.RefundedMinor-p.ElsewhereMinor, op.AmountMinor-gone)}
	}
	parts, ok := fill(ps, pots)
	if !ok {
		return nil, nil, fault.New(fault.Conflict, "payment_exhausted", "the payments of order %s do not hold the %d that this refund would return", a.l.order.Number, total(ps))
	}
	return parts, pots, nil
}

// lines writes portions as refund lines; parts counts how often each item was written, over all refunds of the request.
func (a *ask) lines(r id.Refund, ps []portion, parts map[int]int) []Line {
	out := make([]Line, len(ps))
	for i, p := range ps {
		it := a.ent.Items[p.item]
		parts[p.item]++
		out[i] = Line{RefundID: r, Entitlement: it.key(), Part: parts[p.item], CaseLineID: it.Line, OrderLineID: p.line, Quantity: p.quantity,
			AmountMinor: p.amount, DeductionMinor: p.deduction, Live: true}
		if it.Unit != 0 {
			u := it.Unit
			out[i].UnitID = &u
		}
	}
	return out
}

// make inserts one refund with its lines, reserves its money, and authorizes it if a policy may.
func (a *ask) make(ctx context.Context, payment id.Payment, ps []portion, part int, parts map[int]int, auto bool) (Refund, error) {
	c, now := a.l.caze, a.clock.Now()
	r := Refund{Number: a.number(), Entitlement: a.ent.Key, Part: part, OwnerID: c.OwnerID, ShopID: c.ShopID, CaseID: &c.ID, OrderID: a.l.order.ID,
		PaymentID: payment, AmountMinor: total(ps), DeductionReason: a.ent.DeductionReason, Currency: a.l.order.Currency, Origin: OriginOurs,
		State: StateRequested, Reason: a.ent.Reason, RequestedBy: ref(a.ent.By), RequestedAt: now, Version: 1}
	for _, p := range ps {
		r.Quantity += p.quantity
		r.DeductionMinor += p.deduction
	}
	if len(ps) == 1 {
		r.OrderLineID, r.UnitID = &ps[0].line, ref(a.ent.Items[ps[0].item].Unit)
	}
	if err := a.tx.Create(&r).Error; err != nil {
		return r, fmt.Errorf("insert refund: %w", err)
	}
	w := &work{locked: a.l, refund: r, lines: a.lines(r.ID, ps, parts)}
	return a.begin(ctx, a.tx, w, auto, a.ent.By)
}

// begin stores the lines of a fresh refund, reserves, tells, and authorizes where auto says so.
func (e *Engine) begin(ctx context.Context, tx *gorm.DB, w *work, auto bool, by id.User) (Refund, error) {
	if err := tx.Create(&w.lines).Error; err != nil {
		return w.refund, fmt.Errorf("insert refund lines: %w", err)
	}
	if err := reserve(tx, w.refund, w.lines); err != nil {
		return w.refund, err
	}
	if err := e.append(ctx, tx, w, "", change{by: by}); err != nil {
		return w.refund, err
	}
	if auto {
		err := e.authorize(ctx, tx, w, change{code: "below_limit"})
		return w.refund, err
	}
	if err := e.tasks(tx, w.refund, w.caze); err != nil {
		return w.refund, err
	}
	return w.refund, e.refresh(ctx, tx, w.locked, by)
}

// ref turns the zero ID into NULL.
func ref[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}
