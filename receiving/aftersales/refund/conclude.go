package refund

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

// conclude writes down what a call has shown. If the refund was moved on meanwhile (a notice, or the lease ran out and another process took it), only the
// attempt is noted: what came later knows more.
func (e *Engine) conclude(ctx context.Context, x *exchange, res Result) (wait time.Duration, err error) {
	err = e.db.InTx(ctx, func(tx *gorm.DB) error {
		w, err := lock(tx, x.refund.ID)
		if err != nil {
			return err
		}
		if err := e.ended(tx, x, res); err != nil {
			return err
		}
		if w.refund.State == x.state && w.refund.LeaseToken == x.token {
			if err := e.apply(ctx, tx, w, x.kind, res); err != nil {
				return err
			}
		}
		wait = e.pause(w.refund)
		killpoint.Hit("refund.concluding")
		return nil
	})
	return wait, err
}

func (e *Engine) ended(tx *gorm.DB, x *exchange, res Result) error {
	err := tx.Exec("UPDATE refund_attempts SET effect = ?, code = ?, message = ?, finished_at = ? WHERE id = ?", res.Effect.String(), res.Code, res.Message,
		e.clock.Now(), x.attempt).Error
	if err != nil {
		return fmt.Errorf("note answer: %w", err)
	}
	return nil
}

// pause is how long a job may sleep before it looks at r again.
func (e *Engine) pause(r Refund) time.Duration {
	switch {
	case r.State != StateAuthorized && !r.State.Out():
		return atRest
	case r.NextTryAt == nil:
		return 0
	}
	return max(r.NextTryAt.Sub(e.clock.Now()), 0)
}

func (e *Engine) apply(ctx context.Context, tx *gorm.DB, w *work, kind string, res Result) error {
	if kind == "send" {
		return e.applySend(ctx, tx, w, res)
	}
	return e.applyQuery(ctx, tx, w, res)
}

// applySend takes the reply to a send. Even "done" only counts as taken on here, and a refusal as unknown: a query has the last word on both.
func (e *Engine) applySend(ctx context.Context, tx *gorm.DB, w *work, res Result) error {
	now := e.clock.Now()
	set := map[string]any{}
	c := change{code: res.Code, set: set}
	switch res.Effect {
	case Accepted, Done:
		set["next_try_at"] = now
		if res.Effect == Accepted {
			set["next_try_at"] = now.Add(max(e.pace.Poll, res.RetryAfter))
		}
		return e.move(ctx, tx, w, StateAccepted, c)
	case Held:
		set["hold_code"] = res.Code
		return e.move(ctx, tx, w, StateHeld, c)
	case Rejected:
		set["refused_code"], set["next_try_at"] = res.Code, now
	default:
		back := e.pace.Retry << min(w.refund.Attempts-1, 16)
		set["next_try_at"] = now.Add(max(min(back, e.pace.RetryMost), res.RetryAfter))
	}
	return e.move(ctx, tx, w, StateUnknown, c)
}

// applyQuery takes the answer to a query, for a refund that is unknown or accepted.
func (e *Engine) applyQuery(ctx context.Context, tx *gorm.DB, w *work, res Result) error {
	now := e.clock.Now()
	c := change{code: res.Code, set: map[string]any{}}
	switch {
	case res.Effect == Done && res.ExternalID != "":
		return e.succeed(ctx, tx, w, res)
	case res.Effect == Accepted && w.refund.State == StateUnknown:
		c.set["next_try_at"] = now.Add(max(e.pace.Poll, res.RetryAfter))
		return e.move(ctx, tx, w, StateAccepted, c)
	case res.Effect == Held:
		c.set["hold_code"] = res.Code
		return e.move(ctx, tx, w, StateHeld, c)
	case res.Effect == Rejected:
		return e.move(ctx, tx, w, StateClosed, c)
	case res.Absent && w.refund.State == StateAccepted:
		// It was taken on and now it is not there. Sending again would trust the half that suits us.
		c.code, c.set["hold_code"] = "vanished", "vanished"
		return e.move(ctx, tx, w, StateHeld, c)
	case res.Absent && w.refund.RefusedCode != "":
		c.code = w.refund.RefusedCode
		return e.move(ctx, tx, w, StateFailed, c)
	case res.Absent:
		c.code = "proved_absent"
		return e.move(ctx, tx, w, StateAuthorized, c)
	}
	return e.update(tx, w, w.refund.State, w.refund.State, map[string]any{"lease_token": "", "lease_until": nil, "next_try_at": now.Add(e.later(w.refund, res, now))})
}

// later is the pause before the same question is asked again: as long as it has been open already, within bounds.
func (e *Engine) later(r Refund, res Result, now time.Time) time.Duration {
	open := time.Duration(0)
	if r.SentAt != nil {
		open = now.Sub(*r.SentAt)
	}
	least, most := e.pace.Retry, e.pace.RetryMost
	if r.State == StateAccepted {
		least, most = e.pace.Poll, e.pace.PollMost
	}
	return max(min(max(open, least), most), res.RetryAfter)
}

// succeed ends a refund with the gateway's number, unless another refund has that number: then one of the two is told wrongly, and a person must look.
func (e *Engine) succeed(ctx context.Context, tx *gorm.DB, w *work, res Result) error {
	var taken []id.Refund
	err := tx.Model(&Refund{}).Where("payment_id = ? AND gateway_refund_id = ? AND id <> ?", w.refund.PaymentID, res.ExternalID, w.refund.ID).Limit(1).Pluck("id", &taken).Error
	if err != nil {
		return fmt.Errorf("look for the gateway's number: %w", err)
	}
	if len(taken) > 0 {
		if w.refund.State == StateHeld {
			return e.open(tx, TaskContradiction, w.refund, w.caze)
		}
		return e.move(ctx, tx, w, StateHeld, change{code: "gateway_number_taken", set: map[string]any{"hold_code": "gateway_number_taken"}})
	}
	at := res.SettledAt
	if at.IsZero() {
		at = e.clock.Now()
	}
	return e.move(ctx, tx, w, StateSucceeded, change{code: res.Code, set: map[string]any{"gateway_refund_id": res.ExternalID, "settled_at": at}})
}
