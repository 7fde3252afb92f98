package refund

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
)

// Authorize lets a refund go out. It takes someone other than the requester. A refund that is paid by hand is settled by it: this is its second person.
func (e *Engine) Authorize(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User, note string) (Refund, error) {
	w, err := lock(tx, r)
	if err != nil {
		return Refund{}, err
	}
	if by == 0 {
		return w.refund, fault.New(fault.Denied, "person_needed", "a refund is authorized by a person")
	}
	if w.refund.RequestedBy != nil && *w.refund.RequestedBy == by {
		return w.refund, fault.New(fault.Denied, "same_person", "who asked for refund %s cannot authorize it", w.refund.Number)
	}
	c := change{by: by, note: note}
	if w.refund.Proof == "" {
		err := e.authorize(ctx, tx, w, c)
		return w.refund, err
	}
	c.set = map[string]any{"authorized_by": by, "authorized_at": e.clock.Now()}
	err = e.move(ctx, tx, w, StatePaidByHand, c)
	return w.refund, err
}

func (e *Engine) authorize(ctx context.Context, tx *gorm.DB, w *work, c change) error {
	if w.refund.State != StateRequested {
		return fault.New(fault.Conflict, "refund_state", "refund %s is %s: only a requested one is authorized", w.refund.Number, w.refund.State).
			With("state", string(w.refund.State))
	}
	c.set = map[string]any{"authorized_by": ref(c.by), "authorized_at": e.clock.Now()}
	if err := e.move(ctx, tx, w, StateAuthorized, c); err != nil {
		return err
	}
	return e.enqueue(ctx, tx, w.refund.ID)
}

// Hold keeps an authorized refund from going out.
func (e *Engine) Hold(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User, note string) (Refund, error) {
	w, err := lock(tx, r)
	if err != nil {
		return Refund{}, err
	}
	if w.refund.State != StateAuthorized {
		return w.refund, fault.New(fault.Conflict, "refund_state", "refund %s is %s: only an authorized one that has not gone out can be held", w.refund.Number, w.refund.State).
			With("state", string(w.refund.State))
	}
	err = e.move(ctx, tx, w, StateHeld, change{by: by, code: "by_person", note: note, set: map[string]any{"hold_code": "by_person"}})
	return w.refund, err
}

// Release lets a held refund go on where it stopped. One that may have reached the gateway is asked about before anything is sent again.
func (e *Engine) Release(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User) (Refund, error) {
	w, err := lock(tx, r)
	if err != nil {
		return Refund{}, err
	}
	if w.refund.State != StateHeld {
		return w.refund, fault.New(fault.Conflict, "refund_state", "refund %s is %s, not held", w.refund.Number, w.refund.State).With("state", string(w.refund.State))
	}
	to := StateUnknown
	switch {
	case w.refund.AuthorizedAt == nil:
		to = StateRequested
	case w.refund.Attempts == 0:
		to = StateAuthorized
	}
	if err := e.move(ctx, tx, w, to, change{by: by, code: "released"}); err != nil || to == StateRequested {
		return w.refund, err
	}
	return w.refund, e.nudge(ctx, tx, w.refund.ID, fmt.Sprintf("released:%d", w.refund.Version))
}

// Cancel withdraws a refund that was never sent and frees its money. A person does it, and says why.
func (e *Engine) Cancel(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User, reason string) (Refund, error) {
	if by == 0 {
		return Refund{}, fault.New(fault.Denied, "person_needed", "a refund is withdrawn by a person, or with its case")
	}
	if strings.TrimSpace(reason) == "" {
		return Refund{}, fault.New(fault.Invalid, "reason_missing", "say why the refund is withdrawn")
	}
	w, err := lock(tx, r)
	if err != nil {
		return Refund{}, err
	}
	err = e.cancel(ctx, tx, w, change{by: by, code: "by_person", note: reason})
	return w.refund, err
}

func (e *Engine) cancel(ctx context.Context, tx *gorm.DB, w *work, c change) error {
	if w.refund.Attempts > 0 {
		return fault.New(fault.Conflict, "refund_sending", "refund %s has gone out: it ends with the gateway's answer", w.refund.Number).With("state", string(w.refund.State))
	}
	return e.move(ctx, tx, w, StateCancelled, c)
}

// CancelCase withdraws whatever of a case has not gone out, because the request is over. What has gone out ends with the gateway's answer.
func (e *Engine) CancelCase(ctx context.Context, tx *gorm.DB, c id.Case, by id.User, code string) (cancelled int, err error) {
	seen, err := one[aftersales.Case](tx, "case", "id = ?", c)
	if err != nil || seen.OrderID == nil {
		return 0, err
	}
	l, err := lockMoney(tx, &c, *seen.OrderID, nil, nil)
	if err != nil {
		return 0, err
	}
	pending, lines, payments, err := unsent(tx, &c)
	if err != nil {
		return 0, err
	}
	if err := l.more(tx, lines, payments); err != nil {
		return 0, err
	}
	for _, r := range pending {
		w, err := lock(tx, r)
		if err != nil {
			return 0, err
		}
		if err := e.cancel(ctx, tx, w, change{by: by, code: code}); err != nil {
			return 0, err
		}
	}
	return len(pending), nil
}
