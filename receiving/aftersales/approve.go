package aftersales

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/money"
	"github.com/backdock/backdock/receiving/order"
)

// Approve says yes to a case: its decision moves, and each order line's approved quantity and money rise by what the case asks for. An order line that would be
// approved beyond its quantity is fault.Conflict over_approved, a case whose order is not known yet order_unknown; nothing is changed then.
func Approve(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, by id.User, why string) (Case, error) {
	c, err := Locked(ctx, tx, caseID)
	if err != nil {
		return Case{}, err
	}
	if c.OrderID == nil {
		return Case{}, fault.New(fault.Conflict, "order_unknown", "case %s: its order %s is not known yet", c.Number, c.OrderNumber)
	}
	if c.Decision == "approved" {
		return c, nil
	}
	if c, err = Move(ctx, tx, log, caseID, Change{Decision: "approved", By: by, Why: why}); err != nil {
		return Case{}, err
	}
	return c, grant(ctx, tx, log, &c, by)
}

// Reject says no. What was approved and not yet spoken for is given back to the order lines.
func Reject(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, by id.User, why string) (Case, error) {
	return refuse(ctx, tx, log, caseID, Change{Decision: "rejected", By: by, Why: why}, "backdock.case.rejected.v1")
}

// Withdraw records that the buyer no longer asks. Goods on their way are received all the same.
func Withdraw(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, by id.User, why string) (Case, error) {
	return refuse(ctx, tx, log, caseID, Change{Decision: "withdrawn", By: by, Why: why}, "")
}

// Expire records that the buyer never sent the goods.
func Expire(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, by id.User, why string) (Case, error) {
	return refuse(ctx, tx, log, caseID, Change{Decision: "expired", By: by, Why: why}, "")
}

func refuse(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, ch Change, told string) (Case, error) {
	c, err := Locked(ctx, tx, caseID)
	if err != nil || c.Decision == ch.Decision {
		return c, err
	}
	granted := c.Granted() || c.ApprovedMinor > 0
	if _, err = Move(ctx, tx, log, caseID, ch); err != nil {
		return Case{}, err
	}
	// Read again: refunds that were withdrawn because of it have moved the case's money.
	if c, err = Locked(ctx, tx, caseID); err != nil {
		return Case{}, err
	}
	if granted {
		if err := revoke(ctx, tx, &c); err != nil {
			return Case{}, err
		}
	}
	if told == "" {
		return c, nil
	}
	return c, log.Append(ctx, tx, c.fact(told, ch.By, event.Data{"why": ch.Why}))
}

// Granted reports whether the case's decision entitles to what was approved.
func (c Case) Granted() bool { return c.Decision == "approved" || c.Decision == "platform_decided" }

// Over reports whether the request is dead: goods that still arrive are received, no money follows.
func (c Case) Over() bool {
	return slices.Contains([]string{"withdrawn", "rejected", "expired"}, c.Decision)
}

// grant raises the approved columns for the lines of a locked case and tells it. Lines that were granted before are left alone. Where the buyer asks for less
// than the lines are worth, the case's amount is spread over them by largest remainder.
func grant(ctx context.Context, tx *gorm.DB, log *event.Log, c *Case, by id.User) error {
	tx = tx.WithContext(ctx)
	if _, err := order.Locked(ctx, tx, *c.OrderID); err != nil {
		return err
	}
	due, amounts, err := worth(tx, c.ID)
	if err != nil {
		return err
	}
	var sum int64
	for _, a := range amounts {
		sum += a
	}
	if left := max(0, c.RequestedMinor-c.ApprovedMinor); c.RequestedMinor > 0 && left < sum {
		amounts = money.Share(left, amounts)
	}
	var told []event.Data
	for i, l := range due {
		if err := raise(tx, l, amounts[i]); err != nil {
			return err
		}
		c.ApprovedMinor += amounts[i]
		told = append(told, event.Data{"case_line": l.ID, "order_line": *l.OrderLineID, "quantity": l.Quantity, "approved_minor": amounts[i]})
	}
	if err := tx.Model(&Case{}).Where("id = ?", c.ID).Update("approved_minor", c.ApprovedMinor).Error; err != nil {
		return fmt.Errorf("approve case %s: %w", c.Number, err)
	}
	return log.Append(ctx, tx, c.fact("backdock.case.approved.v1", by, event.Data{"type": c.Type, "approved_minor": c.ApprovedMinor, "currency": c.Currency, "lines": told}))
}

// worth locks the order lines of a case and says, for each case line that is not granted yet, what its pieces are worth.
func worth(tx *gorm.DB, caseID id.Case) (due []CaseLine, amounts []int64, err error) {
	lines, err := linesOf(tx, caseID)
	if err != nil {
		return nil, nil, err
	}
	locked := map[id.OrderLine]*order.Line{}
	for _, l := range lines {
		if l.OrderLineID == nil || l.ApprovedMinor > 0 {
			continue
		}
		ol := locked[*l.OrderLineID]
		if ol == nil {
			ol = &order.Line{}
			if err := db.Lock(tx).Where("id = ?", *l.OrderLineID).Take(ol).Error; err != nil {
				return nil, nil, fmt.Errorf("lock order line %d: %w", *l.OrderLineID, err)
			}
			locked[*l.OrderLineID] = ol
		}
		if ol.ApprovedQuantity+l.Quantity > ol.Quantity {
			return nil, nil, fault.New(fault.Conflict, "over_approved", "line %d: %d of %d pieces are approved already, %d more are too many", ol.LineNo, ol.ApprovedQuantity, ol.Quantity, l.Quantity)
		}
		amount := Refundable(*ol, l.Quantity)
		if l.RequestedMinor > 0 {
			amount = min(amount, l.RequestedMinor)
		}
		ol.ApprovedQuantity, ol.ApprovedMinor = ol.ApprovedQuantity+l.Quantity, ol.ApprovedMinor+amount
		due, amounts = append(due, l), append(amounts, amount)
	}
	return due, amounts, nil
}

// raise books one case line on its locked order line.
func raise(tx *gorm.DB, l CaseLine, amount int64) error {
	err := tx.Exec("UPDATE order_lines SET approved_quantity = approved_quantity + ?, approved_minor = approved_minor + ? WHERE id = ?", l.Quantity, amount, *l.OrderLineID).Error
	if err != nil {
		return fmt.Errorf("approve order line %d: %w", *l.OrderLineID, err)
	}
	if err := tx.Model(&CaseLine{}).Where("id = ?", l.ID).Update("approved_minor", amount).Error; err != nil {
		return fmt.Errorf("approve case line %d: %w", l.ID, err)
	}
	return nil
}

// Refundable is what quantity more pieces of an order line are worth: the line's paid amount spread over its pieces by largest remainder, less what was
// approved before. Approving the line piece by piece, in any order and with withdrawals between, adds up to the paid amount to the minor unit.
func Refundable(l order.Line, quantity int) int64 {
	if quantity <= 0 || quantity > l.Quantity {
		return 0
	}
	pieces := money.Pieces(l.PaidMinor, l.Quantity)
	sum := func(n int) (total int64) {
		for _, p := range pieces[:min(n, len(pieces))] {
			total += p
		}
		return total
	}
	// The cumulative share decides, so that no minor unit is lost; but an earlier case that asked for less than its share leaves nothing to this one.
	due := sum(l.ApprovedQuantity+quantity) - l.ApprovedMinor
	return max(0, min(due, sum(quantity), l.PaidMinor-l.ApprovedMinor))
}

// revoke lowers the approved columns again by what no refund has reserved or paid. Once money is on its way the approval stands: it is what explains the money.
func revoke(ctx context.Context, tx *gorm.DB, c *Case) error {
	if !slices.Contains([]string{"none", "due", "refused"}, c.Money) {
		return nil
	}
	tx = tx.WithContext(ctx)
	lines, err := linesOf(tx, c.ID)
	if err != nil {
		return err
	}
	if c.OrderID != nil {
		if _, err := order.Locked(ctx, tx, *c.OrderID); err != nil {
			return err
		}
	}
	for _, l := range lines {
		if l.OrderLineID == nil {
			continue
		}
		if err := lower(tx, c, l); err != nil {
			return err
		}
	}
	if err := tx.Model(&Case{}).Where("id = ?", c.ID).Update("approved_minor", c.ApprovedMinor).Error; err != nil {
		return fmt.Errorf("take back approval of case %s: %w", c.Number, err)
	}
	return nil
}

func lower(tx *gorm.DB, c *Case, l CaseLine) error {
	var ol order.Line
	if err := db.Lock(tx).Where("id = ?", *l.OrderLineID).Take(&ol).Error; err != nil {
		return fmt.Errorf("lock order line %d: %w", *l.OrderLineID, err)
	}
	quantity := min(l.Quantity, ol.ApprovedQuantity-ol.ReservedQuantity-ol.RefundedQuantity)
	amount := min(l.ApprovedMinor, ol.ApprovedMinor-ol.ReservedMinor-ol.RefundedMinor)
	if quantity < l.Quantity || amount < l.ApprovedMinor {
		return nil // a refund of this line is under way: it keeps its cover until it is cancelled
	}
	err := tx.Model(&order.Line{}).Where("id = ?", ol.ID).Updates(map[string]any{"approved_quantity": ol.ApprovedQuantity - quantity, "approved_minor": ol.ApprovedMinor - amount}).Error
	if err != nil {
		return fmt.Errorf("take back approval of line %d: %w", ol.LineNo, err)
	}
	if err := tx.Model(&CaseLine{}).Where("id = ?", l.ID).Update("approved_minor", 0).Error; err != nil {
		return fmt.Errorf("take back approval of case line %d: %w", l.ID, err)
	}
	c.ApprovedMinor -= amount
	return nil
}

func linesOf(tx *gorm.DB, caseID id.Case) ([]CaseLine, error) {
	var lines []CaseLine
	if err := tx.Where("case_id = ?", caseID).Order("order_line_id, id").Find(&lines).Error; err != nil {
		return nil, fmt.Errorf("lines of case %d: %w", caseID, err)
	}
	return lines, nil
}

// fact makes an event about the case.
func (c Case) fact(kind string, by id.User, data event.Data) event.Event {
	data["case"], data["number"] = c.ID, c.Number
	if c.OrderID != nil {
		data["order"] = *c.OrderID
	}
	e := event.Event{Type: kind, Subject: "case/" + c.Number, Version: c.Version, OwnerID: c.OwnerID, ShopID: c.ShopID, ByUser: by, Data: data}
	if c.WarehouseID != nil {
		e.WarehouseID = *c.WarehouseID
	}
	return e
}
