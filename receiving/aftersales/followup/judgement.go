package followup

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/order"
)

// faulty lists the reasons under which a bad piece is what the buyer said: any grade then confirms the claim.
var faulty = []string{"quality", "damaged_in_transit", "spoiled", "not_as_described", "counterfeit"}

// passes reports whether an inspection confirms what the buyer claims.
func passes(reason, grade string) bool {
	return grade == "A" || grade == "B" || slices.Contains(faulty, reason)
}

// inspected moves the case of an inspected unit on, and pays when the policy is to pay on a passed inspection.
func (f *Followup) inspected(ctx context.Context, tx *gorm.DB, e event.Event) error {
	var u inventory.Unit
	if res := tx.Where("id = ?", number(e.Data["unit"])).Limit(1).Find(&u); res.Error != nil || res.RowsAffected == 0 {
		return fmt.Errorf("unit of %s: %w", e.Type, res.Error)
	}
	if u.CaseID == nil || u.Finding != "match" {
		return nil
	}
	c, err := aftersales.Locked(ctx, tx, *u.CaseID)
	if err != nil {
		return err
	}
	if c, err = f.judge(ctx, tx, c, e.ByUser); err != nil {
		return err
	}
	if e.Type != "backdock.unit.inspected.v1" {
		return nil
	}
	return f.graded(ctx, tx, c, u, fmt.Sprint(e.Data["grade"]), e.ByUser)
}

// graded pays for a piece that confirms the claim, when that is the policy; of another it tells the service desk.
func (f *Followup) graded(ctx context.Context, tx *gorm.DB, c aftersales.Case, u inventory.Unit, grade string, by id.User) error {
	if !passes(c.Reason, grade) {
		return f.failed(ctx, tx, c, u, grade, by)
	}
	if u.CaseLineID == nil { // a part of a bundle
		return nil
	}
	p, err := f.policy(tx, c.OwnerID)
	if err != nil {
		return err
	}
	if p.RefundTrigger != "qc_passed" || !c.Granted() || c.Type != "return_refund" {
		return nil
	}
	return f.ask(ctx, tx, c, refund.ForUnit(c.ID, *u.CaseLineID, u.ID))
}

// failed tells the service desk of a piece that is not what was claimed; money that went out before is to be recovered.
func (f *Followup) failed(ctx context.Context, tx *gorm.DB, c aftersales.Case, u inventory.Unit, grade string, by id.User) error {
	if slices.Contains([]string{"returned", "partly_returned", "returned_elsewhere"}, c.Money) {
		if _, err := aftersales.Move(ctx, tx, f.log, c.ID, aftersales.Change{Money: "to_recover", By: by, Why: "qc_failed"}); err != nil {
			return err
		}
	}
	w := u.WarehouseID
	return task(tx, f.log, "qc_failed", "unit/"+u.Plate, c.OwnerID, &w, map[string]any{"case": c.Number, "grade": grade, "reason": c.Reason})
}

// judge derives the judgement and goods facets from the case's inspected pieces.
func (f *Followup) judge(ctx context.Context, tx *gorm.DB, c aftersales.Case, by id.User) (aftersales.Case, error) {
	var rows []struct {
		ID    id.Unit
		Grade *string
	}
	err := tx.Table("units u").Select("u.id, i.grade").Joins("LEFT JOIN inspections i ON i.unit_id = u.id AND i.undone_at IS NULL AND i.round = 1").
		Where("u.case_id = ? AND u.finding = 'match' AND u.state <> 'undone'", c.ID).Scan(&rows).Error
	if err != nil {
		return c, fmt.Errorf("pieces of case %s: %w", c.Number, err)
	}
	passed, failed, open := 0, 0, 0
	for _, r := range rows {
		switch {
		case r.Grade == nil:
			open++
		case passes(c.Reason, *r.Grade):
			passed++
		default:
			failed++
		}
	}
	ch := aftersales.Change{Judgement: verdict(passed, failed, open), By: by, Why: "inspection"}
	switch {
	case open == 0 && c.Goods == "received":
		ch.Goods = "inspected"
	case open > 0 && c.Goods == "inspected":
		ch.Goods = "received"
	}
	moved, err := aftersales.Move(ctx, tx, f.log, c.ID, ch)
	if err != nil || ch.Goods == "" || c.OrderID == nil {
		return moved, err
	}
	return moved, f.returning(ctx, tx, *c.OrderID, by)
}

// returning says on the order whether any of its returns is still under way.
func (f *Followup) returning(ctx context.Context, tx *gorm.DB, o id.Order, by id.User) error {
	var out int64
	err := tx.Model(&aftersales.Case{}).Where("order_id = ? AND decision IN ('approved', 'platform_decided') AND goods IN ('awaited', 'in_transit', 'at_dock', 'part_received', 'received')", o).
		Count(&out).Error
	if err != nil {
		return fmt.Errorf("returns of order %d: %w", o, err)
	}
	_, err = order.Returning(ctx, tx, f.log, o, out > 0, by)
	return err
}

func verdict(passed, failed, open int) string {
	switch {
	case passed+failed == 0:
		return "none"
	case open > 0:
		return "pending"
	case failed == 0:
		return "passed"
	case passed == 0:
		return "failed"
	}
	return "partly"
}
