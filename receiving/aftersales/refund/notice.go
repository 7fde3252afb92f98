package refund

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/receiving/order"
)

// Notified takes a verified notice. The first delivery of a message id is stored and acted on in one transaction; any other does nothing. Refunds only move
// forward: whatever order notices come in, an older one finds nothing to move.
func (e *Engine) Notified(ctx context.Context, a Account, n Notice) error {
	err := e.db.InTx(ctx, func(tx *gorm.DB) error {
		now := e.clock.Now()
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&StoredNotice{Gateway: a.Gateway, Account: a.Account, MessageID: n.MessageID,
			RefundNumber: n.Key, Status: n.Result.Code, ReceivedAt: now, HandledAt: &now})
		if res.Error != nil {
			return fmt.Errorf("store notice: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return nil
		}
		err := e.handle(ctx, tx, a, n)
		killpoint.Hit("refund.noticing")
		return err
	})
	if err == nil {
		killpoint.Hit("refund.noticed")
	}
	return err
}

func (e *Engine) handle(ctx context.Context, tx *gorm.DB, a Account, n Notice) error {
	var found []id.Refund
	err := tx.Model(&Refund{}).Where("number = ? AND payment_id IN (?)", n.Key, tx.Session(&gorm.Session{NewDB: true}).Model(&order.Payment{}).Select("id").
		Where("gateway = ? AND account = ?", a.Gateway, a.Account)).Pluck("id", &found).Error
	if err != nil {
		return fmt.Errorf("find refund of notice: %w", err)
	}
	if len(found) == 0 {
		if n.Result.Effect != Done {
			return nil // a refund of others that came to nothing
		}
		return e.observeNotice(ctx, tx, a, n, 0)
	}
	w, err := lock(tx, found[0])
	if err != nil {
		return err
	}
	now := e.clock.Now()
	at := Attempt{RefundID: w.refund.ID, Kind: "notice", Effect: n.Result.Effect.String(), Code: n.Result.Code, Message: n.Result.Message, StartedAt: now, FinishedAt: &now}
	if err := tx.Create(&at).Error; err != nil {
		return fmt.Errorf("note notice: %w", err)
	}
	if n.AmountMinor != w.refund.AmountMinor || n.Currency != w.refund.Currency {
		return e.open(tx, TaskContradiction, w.refund, w.caze)
	}
	return e.forward(ctx, tx, a, w, n)
}

// forward moves a refund of ours by a notice, or leaves it.
func (e *Engine) forward(ctx context.Context, tx *gorm.DB, a Account, w *work, n Notice) error {
	res, s := n.Result, w.refund.State
	nudge := "notice:" + n.MessageID
	switch {
	case s == StateAuthorized && w.refund.Attempts == 0:
		// Never sent, as far as this database knows: it may be a restored copy. Ask before anything goes out.
		if err := e.move(ctx, tx, w, StateUnknown, change{code: "notice_before_send"}); err != nil {
			return err
		}
		return e.nudge(ctx, tx, w.refund.ID, nudge)
	case res.Effect == Done && s.May(StateSucceeded):
		return e.succeed(ctx, tx, w, res)
	case res.Effect == Done && s == StateAuthorized: // sent before, proved absent, and there it is after all
		if err := e.move(ctx, tx, w, StateUnknown, change{code: "notice_after_absence"}); err != nil {
			return err
		}
		return e.succeed(ctx, tx, w, res)
	case res.Effect == Done && s == StateSucceeded:
		if w.refund.GatewayRefundID != nil && *w.refund.GatewayRefundID == res.ExternalID {
			return nil
		}
		return e.open(tx, TaskContradiction, w.refund, w.caze)
	case res.Effect == Done:
		// Money moved on a refund that was taken for dead, or that nobody authorized. It is recorded, whatever it exceeds.
		if err := e.open(tx, TaskContradiction, w.refund, w.caze); err != nil {
			return err
		}
		var c id.Case
		if w.caze != nil {
			c = w.caze.ID
		}
		return e.observeNotice(ctx, tx, a, n, c)
	case res.Effect == Held && s.Out() && s.May(StateHeld):
		return e.move(ctx, tx, w, StateHeld, change{code: res.Code, set: map[string]any{"hold_code": res.Code}})
	case res.Effect == Rejected && s.Out():
		// Closing frees money for another refund, so a query must prove it.
		if err := e.update(tx, w, s, s, map[string]any{"next_try_at": e.clock.Now()}); err != nil {
			return err
		}
		return e.nudge(ctx, tx, w.refund.ID, nudge)
	}
	return nil
}

func (e *Engine) observeNotice(ctx context.Context, tx *gorm.DB, a Account, n Notice, c id.Case) error {
	_, err := e.Observe(ctx, tx, Observed{Account: a, TransactionID: n.TransactionID, OutTradeNo: n.OutTradeNo, CaseID: c, Origin: OriginSellerBackend,
		ExternalID: n.Result.ExternalID, AmountMinor: n.AmountMinor, Currency: n.Currency, At: n.Result.SettledAt})
	return err
}
