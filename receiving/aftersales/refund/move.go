package refund

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// change is what a move sets beside the state.
type change struct {
	set  map[string]any // columns of refunds
	code string         // why, for the event
	note string         // what a person wrote
	kind string         // of the event, where the state does not name it
	by   id.User
}

// move takes a locked refund to another state: money columns, row, event, tasks, and the facets of case and order, all in tx. The row is guarded by its
// state once more, so that a move can never be made twice whatever locks a database keeps.
func (e *Engine) move(ctx context.Context, tx *gorm.DB, w *work, to State, c change) error {
	from := w.refund.State
	if !from.May(to) {
		return fault.New(fault.Conflict, "refund_state", "refund %s is %s and cannot become %s", w.refund.Number, from, to).With("state", string(from))
	}
	if to.Paid() {
		if err := settle(tx, w.refund, w.lines); err != nil {
			return err
		}
	}
	if to.Void() {
		if err := release(tx, w.refund, w.lines); err != nil {
			return err
		}
	}
	set := map[string]any{"lease_token": "", "lease_until": nil, "next_try_at": nil}
	if to != StateHeld {
		set["hold_code"] = ""
	}
	if to.Final() {
		set["settled_at"] = e.clock.Now()
	}
	maps.Copy(set, c.set)
	if err := e.update(tx, w, from, to, set); err != nil {
		return err
	}
	if err := e.append(ctx, tx, w, from, c); err != nil {
		return err
	}
	if err := e.tasks(tx, w.refund, w.caze); err != nil {
		return err
	}
	return e.refresh(ctx, tx, w.locked, c.by)
}

func (e *Engine) update(tx *gorm.DB, w *work, from, to State, set map[string]any) error {
	set["state"], set["version"] = to, gorm.Expr("version + 1")
	res := tx.Model(&Refund{}).Where("id = ? AND state = ?", w.refund.ID, from).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("move refund: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.New(fault.Conflict, "refund_moved", "refund %s has moved on meanwhile: look again", w.refund.Number)
	}
	r, err := one[Refund](tx, "refund", "id = ?", w.refund.ID)
	w.refund = r
	return err
}

// append tells the move as an event: numbers and amounts, never the buyer.
func (e *Engine) append(ctx context.Context, tx *gorm.DB, w *work, from State, c change) error {
	r := w.refund
	data := event.Data{"number": r.Number, "from": string(from), "to": string(r.State), "amount_minor": r.AmountMinor, "currency": r.Currency,
		"origin": r.Origin, "order": w.order.Number, "entitlement": r.Entitlement}
	if c.code != "" {
		data["code"] = c.code
	}
	if c.note != "" {
		data["note"] = c.note
	}
	kind := cmp.Or(c.kind, string(r.State))
	if from == "" && r.Origin != OriginOurs {
		kind = "observed"
	}
	ev := event.Event{Type: "backdock.refund." + kind + ".v1", Subject: r.Subject(), Version: r.Version, OwnerID: r.OwnerID, ShopID: r.ShopID, ByUser: c.by, Data: data}
	if w.caze != nil {
		data["case"] = w.caze.Number
		if w.caze.WarehouseID != nil {
			ev.WarehouseID = *w.caze.WarehouseID
		}
	}
	if err := e.events.Append(ctx, tx, ev); err != nil {
		return fmt.Errorf("tell refund: %w", err)
	}
	return nil
}
