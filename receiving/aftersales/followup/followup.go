package followup

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// Refunds is what a trigger asks of the refund engine.
type Refunds interface {
	Request(ctx context.Context, tx *gorm.DB, e refund.Entitlement) (refund.Asked, error)
	CancelCase(ctx context.Context, tx *gorm.DB, c id.Case, by id.User, code string) (int, error)
}

// Followup reacts to events.
type Followup struct {
	log     *event.Log
	refunds Refunds
}

// New makes the trigger table; hand its Trigger to the log.
func New(log *event.Log, r Refunds) *Followup { return &Followup{log: log, refunds: r} }

// Trigger is called for every event, in its transaction.
func (f *Followup) Trigger(ctx context.Context, tx *gorm.DB, e event.Event) error {
	tx = tx.WithContext(ctx)
	switch e.Type {
	case "backdock.case.approved.v1":
		return f.approved(ctx, tx, e)
	case "backdock.case.changed.v1":
		return f.over(ctx, tx, e)
	case "backdock.parcel.closed.v1":
		return f.closed(ctx, tx, e)
	case "backdock.parcel.claimed.v1":
		if e.Data["state"] == "closed" {
			return f.closed(ctx, tx, e)
		}
	case "backdock.parcel.adopted.v1":
		return f.adopted(ctx, tx, e)
	case "backdock.parcel.exception_noted.v1":
		w := e.WarehouseID
		return task(tx, f.log, "parcel_exception", e.Subject, e.OwnerID, &w, map[string]any{"plate": e.Data["plate"]})
	case "backdock.unit.looked_again.v1", "backdock.unit.regraded.v1", "backdock.unit.aged.v1", "backdock.stock.counted.v1", "backdock.stock.reservation_ended.v1":
		return f.floor(tx, e)
	case "backdock.parcel.refused.v1", "backdock.parcel.handed_back.v1":
		w := e.WarehouseID
		return task(tx, f.log, "parcel_turned_away", e.Subject, e.OwnerID, &w, map[string]any{"reason": e.Data["reason"]})
	case "backdock.unit.received.v1":
		return f.received(tx, e)
	case "backdock.unit.condition_set.v1":
		return f.suspected(tx, e)
	case "backdock.unit.inspected.v1", "backdock.unit.inspection_undone.v1":
		return f.inspected(ctx, tx, e)
	}
	return nil
}

// settled lists refusals that need nobody: the money is on its way, back already, or there is none to return.
var settled = []string{"refund_exists", "refund_nothing_left", "case_money_settled", "refunded_elsewhere"}

// ask requests a refund. A refusal is a task for a person; only the database's failure is an error.
func (f *Followup) ask(ctx context.Context, tx *gorm.DB, c aftersales.Case, ent refund.Entitlement) error {
	_, err := f.refunds.Request(ctx, tx, ent)
	if err == nil || slices.Contains(settled, fault.Code(err)) {
		return nil
	}
	if fault.IsKind(err, fault.Internal) {
		return err
	}
	slog.DebugContext(ctx, "refund refused", "case", c.Number, "error", err)
	return task(tx, f.log, "refund_refused", "case/"+c.Number, c.OwnerID, c.WarehouseID, map[string]any{"code": fault.Code(err), "entitlement": ent.Key})
}

// task opens something for a person, once per kind and subject.
func task(tx *gorm.DB, log *event.Log, kind, subject string, owner id.Owner, w *id.Warehouse, params map[string]any) error {
	return aftersales.OpenTask(tx.Statement.Context, tx, log, aftersales.Todo{Kind: kind, Subject: subject, Owner: owner, Warehouse: w, Params: params})
}

func (f *Followup) policy(tx *gorm.DB, owner id.Owner) (catalogue.Policy, error) {
	p := catalogue.Policy{RefundTrigger: "qc_passed"}
	if err := tx.Where("owner_id = ?", owner).Limit(1).Find(&p).Error; err != nil {
		return p, fmt.Errorf("policy of owner %d: %w", owner, err)
	}
	return p, nil
}

func readCase(tx *gorm.DB, c id.Case) (aftersales.Case, error) {
	var out aftersales.Case
	res := tx.Where("id = ?", c).Limit(1).Find(&out)
	if res.Error != nil || res.RowsAffected == 0 {
		return out, fmt.Errorf("case %d: %w", c, res.Error)
	}
	return out, nil
}

// number reads an id from event data: in the transaction it has its own type still.
func number(v any) int64 {
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return 0
	case r.Kind() == reflect.Pointer:
		if r.IsNil() {
			return 0
		}
		return number(r.Elem().Interface())
	case r.CanInt():
		return r.Int()
	case r.CanFloat():
		return int64(r.Float())
	}
	return 0
}
