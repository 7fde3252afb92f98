package refund

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/aftersales"
)

// Trigger is a moment at which a policy lets money go.
type Trigger string

// Triggers, in the order in which a return passes them.
const (
	OnApproval      Trigger = "approval"
	OnReceiptClosed Trigger = "receipt_closed"
	OnQCPassed      Trigger = "qc_passed"
)

var passing = []Trigger{OnApproval, OnReceiptClosed, OnQCPassed}

// TaskRefused is opened when a trigger was due but the refund was refused: subject case/NUMBER, with the fault's code.
const TaskRefused = "refund_refused"

// settled are refusals that only say that there is nothing to do.
var settled = []string{"refund_exists", "refund_nothing_left", "case_not_approved", "case_money_settled", "refunded_elsewhere"}

// On requests an entitlement if the owner's policy is due at t: at its own trigger, and at every later one, so that what an earlier one missed (the order was
// not known yet) is caught up. A case without goods is due at approval whatever the policy. On fails only when the database does: a refusal is none of the
// scan's or inspector's business, so one that needs a person becomes a task.
func (e *Engine) On(ctx context.Context, tx *gorm.DB, t Trigger, ent Entitlement) (Asked, error) {
	c, err := one[aftersales.Case](tx, "case", "id = ?", ent.Case)
	if err != nil {
		return Asked{}, err
	}
	p := catalogue.Policy{RefundTrigger: string(OnQCPassed)} // without a policy: as late as possible
	if err := tx.Where("owner_id = ?", c.OwnerID).Limit(1).Find(&p).Error; err != nil {
		return Asked{}, fmt.Errorf("read policy: %w", err)
	}
	goods := c.Type != "refund_only" && c.Type != "price_protection"
	if goods && slices.Index(passing, t) < slices.Index(passing, Trigger(p.RefundTrigger)) {
		return Asked{}, nil
	}
	out, err := e.Request(ctx, tx, ent)
	switch {
	case err == nil || !fault.IsKind(err, fault.Conflict):
		return out, err
	case slices.Contains(settled, fault.Code(err)):
		return Asked{}, nil
	}
	return Asked{}, e.refused(tx, c, ent, fault.Of(err))
}

func (e *Engine) refused(tx *gorm.DB, c aftersales.Case, ent Entitlement, f *fault.Error) error {
	params, err := json.Marshal(map[string]string{"case": c.Number, "entitlement": ent.Key, "code": f.Code})
	if err != nil {
		return fmt.Errorf("open task: %w", err)
	}
	return e.openOn(tx, TaskRefused, c, string(params))
}
