package refund

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
)

// Replace makes the one successor of a refund whose route is proven closed: same entitlement, same money, new number. A person asks and another authorizes.
func (e *Engine) Replace(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User) (Refund, error) {
	return e.succeedBy(ctx, tx, r, by, "")
}

// PayByHand records that the money of a refund whose route is proven closed was paid another way. proof names the receipt; the refund counts as paid only
// when a second person has authorized it.
func (e *Engine) PayByHand(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User, proof string) (Refund, error) {
	if proof = strings.TrimSpace(proof); proof == "" {
		return Refund{}, fault.New(fault.Invalid, "proof_missing", "a payment by hand needs its proof: the number of the transfer or the receipt")
	}
	return e.succeedBy(ctx, tx, r, by, proof)
}

func (e *Engine) succeedBy(ctx context.Context, tx *gorm.DB, r id.Refund, by id.User, proof string) (Refund, error) {
	if by == 0 {
		return Refund{}, fault.New(fault.Denied, "person_needed", "a failed refund is taken up again by a person")
	}
	var out Refund
	err := tx.Transaction(func(tx *gorm.DB) error {
		w, err := lock(tx, r)
		if err != nil {
			return err
		}
		out, err = e.successor(ctx, tx, w, by, proof)
		return err
	})
	if db.IsUnique(err) {
		err = fault.New(fault.Conflict, "refund_replaced", "this refund has a successor already, or its pieces are refunded otherwise")
	}
	if err != nil {
		return Refund{}, err
	}
	return out, nil
}

func (e *Engine) successor(ctx context.Context, tx *gorm.DB, w *work, by id.User, proof string) (Refund, error) {
	old := w.refund
	if !old.ended() {
		return old, fault.New(fault.Conflict, "refund_state", "refund %s is %s: only one that the gateway refused or closed is replaced", old.Number, old.State).
			With("state", string(old.State))
	}
	if w.caze != nil && w.caze.Over() {
		return old, fault.New(fault.Conflict, "case_over", "case %s is %s: nothing is due any more", w.caze.Number, w.caze.Decision).With("decision", w.caze.Decision)
	}
	if err := fits(tx, w.lines); err != nil {
		return old, err
	}
	lines, err := e.beyond(tx, w, proof)
	if err != nil {
		return old, err
	}
	r := Refund{Number: e.number(), Entitlement: old.Entitlement, Part: old.Part, OwnerID: old.OwnerID, ShopID: old.ShopID, CaseID: old.CaseID, OrderID: old.OrderID,
		OrderLineID: old.OrderLineID, UnitID: old.UnitID, PaymentID: old.PaymentID, DeductionReason: old.DeductionReason, Currency: old.Currency, Origin: OriginOurs, State: StateRequested,
		Reason: old.Reason, RequestedBy: &by, Proof: proof, Replaces: &old.ID, RequestedAt: e.clock.Now(), Version: 1}
	for _, l := range lines {
		r.Quantity, r.AmountMinor, r.DeductionMinor = r.Quantity+l.Quantity, r.AmountMinor+l.AmountMinor, r.DeductionMinor+l.DeductionMinor
	}
	if err := tx.Create(&r).Error; err != nil {
		return old, fmt.Errorf("insert successor: %w", err)
	}
	for i := range lines {
		lines[i].ID, lines[i].RefundID, lines[i].Live = 0, r.ID, true
	}
	if err := e.settleTask(tx, old); err != nil {
		return old, err
	}
	return e.begin(ctx, tx, &work{locked: w.locked, refund: r, lines: lines}, false, by)
}

// ended reports whether r's route is proven closed: by the gateway, or before it, of a successor that was withdrawn again.
func (r Refund) ended() bool {
	return r.Origin == OriginOurs && (r.State == StateFailed || r.State == StateClosed || r.State == StateCancelled && r.Replaces != nil)
}

// beyond is what a successor still has to pay: the lines of the old refund less what others have paid back meanwhile. A payment by hand states a sum that has
// moved, so it is not cut.
func (e *Engine) beyond(tx *gorm.DB, w *work, proof string) ([]Line, error) {
	lines := slices.Clone(w.lines)
	if w.caze == nil {
		return lines, nil
	}
	free, err := unapplied(tx, w.caze.ID)
	if err != nil || len(free) == 0 {
		return lines, err
	}
	if proof == "" {
		if lines, err = apply(tx, free, lines); err != nil {
			return nil, err
		}
	}
	if proof != "" || len(lines) == 0 {
		return nil, fault.New(fault.Conflict, "refunded_elsewhere", "others have paid case %s back meanwhile: compare before more is returned", w.caze.Number)
	}
	return lines, nil
}

// settleTask closes the failed refund's task: its successor has one of its own.
func (e *Engine) settleTask(tx *gorm.DB, r Refund) error {
	err := tx.Exec("UPDATE tasks SET state = 'done', done_at = ? WHERE kind = ? AND subject = ? AND state = 'open'", e.clock.Now(), TaskFailed, r.Subject()).Error
	if err != nil {
		return fmt.Errorf("close task: %w", err)
	}
	return nil
}

// fits checks that the case lines still have room for lines: something else may have been refunded since they were freed.
func fits(tx *gorm.DB, lines []Line) error {
	want := map[id.CaseLine]usage{}
	for _, l := range lines {
		u := want[l.CaseLineID]
		want[l.CaseLineID] = usage{u.minor + l.AmountMinor + l.DeductionMinor, u.quantity + l.Quantity}
	}
	for lineID, w := range want {
		row, err := one[aftersales.CaseLine](tx, "case line", "id = ?", lineID)
		if err != nil {
			return err
		}
		used, err := usageOf(tx, row.CaseID)
		if err != nil {
			return err
		}
		if used[lineID].minor+w.minor > row.ApprovedMinor || used[lineID].quantity+w.quantity > row.Quantity {
			return fault.New(fault.Conflict, "refund_nothing_left", "what this refund was for has been refunded otherwise meanwhile")
		}
	}
	return nil
}
