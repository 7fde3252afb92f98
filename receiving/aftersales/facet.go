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
	"github.com/backdock/backdock/receiving/order"
)

// Facet names one of the four states of a case. They move independently; what people see is derived from all four.
type Facet string

const (
	Decision  Facet = "decision"
	Goods     Facet = "goods"
	Judgement Facet = "judgement"
	Money     Facet = "money"
)

// Next says which state may follow which, per facet. A state that is not a key may not be left.
var Next = map[Facet]map[string][]string{
	Decision: {
		"submitted":        {"approved", "rejected", "withdrawn", "expired", "platform_decided", "disputed"},
		"approved":         {"rejected", "withdrawn", "expired", "platform_decided", "disputed", "settled"},
		"rejected":         {"approved", "withdrawn", "platform_decided", "disputed", "settled"},
		"withdrawn":        {"submitted", "approved", "platform_decided"}, // reopened
		"expired":          {"submitted", "approved", "platform_decided"},
		"platform_decided": {"disputed", "settled"},
		"disputed":         {"approved", "rejected", "platform_decided", "settled"},
		"settled":          {"disputed"},
	},
	Goods: {
		"not_needed":    {"awaited", "at_dock", "part_received", "received"}, // goods come back all the same
		"awaited":       {"not_needed", "in_transit", "at_dock", "part_received", "received", "waived", "written_off"},
		"in_transit":    {"awaited", "at_dock", "part_received", "received", "waived", "written_off"},
		"at_dock":       {"awaited", "in_transit", "part_received", "received", "waived", "written_off"},
		"part_received": {"awaited", "at_dock", "received", "inspected", "waived", "written_off"},
		"received":      {"awaited", "at_dock", "part_received", "inspected"}, // back by undo or reopening
		"inspected":     {"received", "part_received", "at_dock"},
		"waived":        {"at_dock", "part_received", "received"},
		"written_off":   {"at_dock", "part_received", "received"},
	},
	Judgement: {
		"none":    {"pending", "passed", "partly", "failed"},
		"pending": {"none", "passed", "partly", "failed"},
		"passed":  {"pending", "partly", "failed", "none"},
		"partly":  {"pending", "passed", "failed", "none"},
		"failed":  {"pending", "passed", "partly", "none"},
	},
	Money: {
		"none":               {"due", "sending", "partly_returned", "returned", "returned_elsewhere", "refused"},
		"due":                {"none", "sending", "partly_returned", "returned", "returned_elsewhere", "refused"},
		"sending":            {"due", "partly_returned", "returned", "returned_elsewhere", "to_recover"},
		"partly_returned":    {"due", "sending", "returned", "returned_elsewhere", "to_recover"},
		"returned":           {"due", "sending", "returned_elsewhere", "to_recover"},
		"returned_elsewhere": {"sending", "partly_returned", "returned", "to_recover"}, // more was approved, or came back, later
		"refused":            {"due", "returned_elsewhere"},
		"to_recover":         {"recovered", "returned", "returned_elsewhere"},
		"recovered":          {"to_recover"},
	},
}

// Resting lists the states in which a facet waits for nothing.
var Resting = map[Facet][]string{
	Decision:  {"rejected", "withdrawn", "expired", "platform_decided", "approved", "settled"},
	Goods:     {"not_needed", "inspected", "waived", "written_off"},
	Judgement: {"none", "passed", "partly", "failed"},
	Money:     {"none", "returned", "returned_elsewhere", "refused", "recovered"},
}

// Change names the facets to move; an empty one stays.
type Change struct {
	Decision, Goods, Judgement, Money string
	By                                id.User
	Why                               string // code, kept in the event
}

func (c Change) facets() [4]struct{ facet, to string } {
	return [4]struct{ facet, to string }{{string(Decision), c.Decision}, {string(Goods), c.Goods}, {string(Judgement), c.Judgement}, {string(Money), c.Money}}
}

// Locked reads a case and holds its row until tx ends. Take several in id order.
func Locked(ctx context.Context, tx *gorm.DB, caseID id.Case) (Case, error) {
	var c Case
	res := db.Lock(tx.WithContext(ctx)).Where("id = ?", caseID).Limit(1).Find(&c)
	if res.Error != nil {
		return Case{}, fmt.Errorf("lock case %d: %w", caseID, res.Error)
	}
	if res.RowsAffected == 0 {
		return Case{}, fault.New(fault.NotFound, "case_not_found", "there is no case %d", caseID)
	}
	return c, nil
}

// HoldMoney locks the orders, order lines and payments of several cases, which are locked already, before any of their money moves.
func HoldMoney(ctx context.Context, tx *gorm.DB, cases []id.Case) error {
	if !db.IsPostgres(tx) || len(cases) == 0 {
		return nil
	}
	var orders []id.Order
	err := tx.WithContext(ctx).Model(&Case{}).Where("id IN ? AND order_id IS NOT NULL", cases).Distinct().Order("order_id").Pluck("order_id", &orders).Error
	if err != nil {
		return fmt.Errorf("orders of cases: %w", err)
	}
	return order.Hold(ctx, tx, orders)
}

// Move locks a case, moves the named facets as Next allows and appends backdock.case.changed.v1. Facets that already stand there are left alone; when all do,
// nothing is written. A move that Next does not allow is fault.Conflict "case_state".
func Move(ctx context.Context, tx *gorm.DB, log *event.Log, caseID id.Case, ch Change) (Case, error) {
	c, err := Locked(ctx, tx, caseID)
	if err != nil {
		return Case{}, err
	}
	set, data := map[string]any{}, event.Data{"case": c.ID, "number": c.Number}
	for _, f := range ch.facets() {
		from := c.state(Facet(f.facet))
		if f.to == "" || f.to == *from {
			continue
		}
		if !slices.Contains(Next[Facet(f.facet)][*from], f.to) {
			return Case{}, fault.New(fault.Conflict, "case_state", "case %s: %s cannot go from %s to %s", c.Number, f.facet, *from, f.to)
		}
		data[f.facet], data[f.facet+"_from"] = f.to, *from
		set[f.facet] = f.to
		*from = f.to
	}
	if len(set) == 0 {
		return c, nil
	}
	if ch.Decision != "" && set["decision"] != nil {
		now := log.Now()
		set["decided_at"], c.DecidedAt = now, &now
	}
	if ch.Why != "" {
		data["why"] = ch.Why
	}
	c.Version++
	set["version"] = c.Version
	res := tx.WithContext(ctx).Model(&Case{}).Where("id = ? AND version = ?", c.ID, c.Version-1).Updates(set)
	if res.Error != nil {
		return Case{}, fmt.Errorf("move case %s: %w", c.Number, res.Error)
	}
	if res.RowsAffected != 1 {
		return Case{}, fault.New(fault.Conflict, "version_conflict", "case %s was changed meanwhile", c.Number)
	}
	e := event.Event{Type: "backdock.case.changed.v1", Subject: "case/" + c.Number, Version: c.Version, OwnerID: c.OwnerID, ShopID: c.ShopID, ByUser: ch.By, Data: data}
	if c.WarehouseID != nil {
		e.WarehouseID = *c.WarehouseID
	}
	if err := log.Append(ctx, tx, e); err != nil {
		return Case{}, err
	}
	return c, nil
}

func (c *Case) state(f Facet) *string {
	switch f {
	case Decision:
		return &c.Decision
	case Goods:
		return &c.Goods
	case Judgement:
		return &c.Judgement
	}
	return &c.Money
}

// Closed reports whether all four facets rest.
func (c Case) Closed() bool {
	for f, states := range Resting {
		if !slices.Contains(states, *c.state(f)) {
			return false
		}
	}
	return true
}
