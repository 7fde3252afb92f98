package refund

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// ofCase completes what is known of a case only: the payment is the first of its order, the amount what was not recorded of the total yet (0: nothing), the
// number made of both, so that the same total told again is the same refund. Without an order or payment to book it on, a person is asked, and the case's
// facet keeps ours back (see explained).
func (e *Engine) ofCase(tx *gorm.DB, o Observed) (Observed, error) {
	c, err := one[aftersales.Case](db.Lock(tx), "case", "id = ?", o.CaseID)
	if err != nil {
		return o, err
	}
	total := o.AmountMinor
	var ps []order.Payment
	if c.OrderID != nil {
		err := tx.Where("id IN (?)", tx.Session(&gorm.Session{NewDB: true}).Model(&order.OrderPayment{}).Select("payment_id").Where("order_id = ?", *c.OrderID)).
			Order("id").Limit(1).Find(&ps).Error
		if err != nil {
			return o, fmt.Errorf("read payments of case: %w", err)
		}
	}
	if len(ps) == 0 {
		o.AmountMinor = 0
		return o, e.unbooked(tx, c, o.Origin, total)
	}
	var known int64
	err = tx.Raw("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refunds WHERE case_id = ? AND origin = ?", c.ID, o.Origin).Scan(&known).Error
	if err != nil {
		return o, fmt.Errorf("sum observed refunds of case: %w", err)
	}
	o.Account, o.TransactionID = Account{ps[0].Gateway, ps[0].Account}, ps[0].TransactionID
	o.AmountMinor = max(total-known, 0)
	if o.ExternalID == "" {
		o.ExternalID = fmt.Sprintf("case:%d:%d", c.ID, total)
	}
	return o, nil
}

func (e *Engine) unbooked(tx *gorm.DB, c aftersales.Case, origin string, minor int64) error {
	params, err := json.Marshal(map[string]any{"case": c.Number, "origin": origin, "amount_minor": minor, "currency": c.Currency})
	if err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	return e.openOn(tx, TaskObserved, c, string(params))
}

// openOn opens a task about a case.
func (e *Engine) openOn(tx *gorm.DB, kind string, c aftersales.Case, params string) error {
	err := tx.Exec(`INSERT INTO tasks (kind, subject, owner_id, warehouse_id, params, state, created_at) VALUES (?, ?, ?, ?, ?, 'open', ?)
		ON CONFLICT (kind, subject) DO UPDATE SET state = 'open', done_at = NULL, params = excluded.params`,
		kind, "case/"+c.Number, c.OwnerID, c.WarehouseID, params, e.clock.Now()).Error
	if err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	return nil
}
