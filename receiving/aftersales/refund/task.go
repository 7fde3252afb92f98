package refund

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/receiving/aftersales"
)

// Tasks that a refund gives to people.
const (
	TaskAuthorize     = "refund_authorize"     // waits for someone other than the requester
	TaskHeld          = "refund_held"          // funds or a decision needed
	TaskFailed        = "refund_failed"        // this route is closed: replace it or pay by hand
	TaskObserved      = "refund_observed"      // others paid a case back whose order or payment is not known: subject case/NUMBER
	TaskContradiction = "refund_contradiction" // the gateway says two things: look at its statement
)

// taskOf names the task that each state leaves open.
var taskOf = map[State]string{StateRequested: TaskAuthorize, StateHeld: TaskHeld, StateFailed: TaskFailed, StateClosed: TaskFailed}

// tasks opens what the refund's state asks for and closes what it has left behind.
func (e *Engine) tasks(tx *gorm.DB, r Refund, c *aftersales.Case) error {
	want := taskOf[r.State]
	if r.Origin != OriginOurs {
		want = ""
	}
	for _, kind := range []string{TaskAuthorize, TaskHeld, TaskFailed} {
		if kind == want {
			if err := e.open(tx, kind, r, c); err != nil {
				return err
			}
			continue
		}
		err := tx.Exec("UPDATE tasks SET state = 'done', done_at = ? WHERE kind = ? AND subject = ? AND state = 'open'", e.clock.Now(), kind, r.Subject()).Error
		if err != nil {
			return fmt.Errorf("close task: %w", err)
		}
	}
	return nil
}

func (e *Engine) open(tx *gorm.DB, kind string, r Refund, c *aftersales.Case) error {
	params, err := json.Marshal(map[string]any{"number": r.Number, "amount_minor": r.AmountMinor, "currency": r.Currency, "code": r.HoldCode})
	if err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	var warehouse any
	if c != nil && c.WarehouseID != nil {
		warehouse = *c.WarehouseID
	}
	err = tx.Exec(`INSERT INTO tasks (kind, subject, owner_id, warehouse_id, params, state, created_at) VALUES (?, ?, ?, ?, ?, 'open', ?)
		ON CONFLICT (kind, subject) DO UPDATE SET state = 'open', done_at = NULL, params = excluded.params`,
		kind, r.Subject(), r.OwnerID, warehouse, string(params), e.clock.Now()).Error
	if err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	return nil
}
