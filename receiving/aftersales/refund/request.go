package refund

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/order"
)

// Asked is what came of a request.
type Asked struct {
	Refunds        []Refund // one per payment that returns a part; none when others have returned everything already
	ElsewhereMinor int64    // what refunds of other origin already cover
}

// decided lists the decisions under which a case may be paid.
var decided = []string{"approved", "platform_decided", "settled"}

// Request makes the refund of an entitlement inside the caller's transaction. The same entitlement again is a Conflict "refund_exists". Whatever the error,
// nothing of the request stays in tx: the caller may go on and commit.
func (e *Engine) Request(ctx context.Context, tx *gorm.DB, ent Entitlement) (Asked, error) {
	var out Asked
	// A savepoint: on PostgreSQL a failed statement would take the caller's scan down with it.
	err := tx.Transaction(func(tx *gorm.DB) error {
		a := ask{Engine: e, tx: tx, ent: ent}
		var err error
		out, err = a.run(ctx)
		return err
	})
	if db.IsUnique(err) {
		err = exists(ent.Key, "")
	}
	if err != nil {
		return Asked{}, err
	}
	return out, nil
}

func exists(key, number string) error {
	return fault.New(fault.Conflict, "refund_exists", "%s is refunded already, or about to be", key).With("number", number)
}

// ask is one Request under way.
type ask struct {
	*Engine
	tx       *gorm.DB
	ent      Entitlement
	l        *locked
	pays     []order.OrderPayment
	caseRows map[id.CaseLine]aftersales.CaseLine
	used     map[id.CaseLine]usage
}

// usage is what is spoken for of a case line.
type usage struct {
	minor    int64
	quantity int
}

func (a *ask) run(ctx context.Context) (Asked, error) {
	if err := a.lock(); err != nil {
		return Asked{}, err
	}
	if err := a.admissible(); err != nil {
		return Asked{}, err
	}
	ps, err := a.portions()
	if err != nil {
		return Asked{}, err
	}
	if err := a.bound(ps); err != nil {
		return Asked{}, err
	}
	parts := map[int]int{}
	covered, ps, err := a.coverElsewhere(ps, parts)
	if err != nil {
		return Asked{}, err
	}
	out := Asked{ElsewhereMinor: covered}
	if len(ps) == 0 {
		return out, a.refresh(ctx, a.tx, a.l, a.ent.By)
	}
	split, pots, err := a.split(ps)
	if err != nil {
		return Asked{}, err
	}
	auto, err := a.automatic(total(ps))
	if err != nil {
		return Asked{}, err
	}
	for i, portions := range split {
		if len(portions) == 0 {
			continue
		}
		r, err := a.make(ctx, pots[i].payment, portions, len(out.Refunds)+1, parts, auto)
		if err != nil {
			return Asked{}, err
		}
		out.Refunds = append(out.Refunds, r)
	}
	return out, nil
}

// lock takes case and order, then reads what hangs on them, then takes lines and payments.
func (a *ask) lock() error {
	seen, err := one[aftersales.Case](a.tx, "case", "id = ?", a.ent.Case)
	if err != nil {
		return err
	}
	if seen.OrderID == nil {
		return fault.New(fault.Conflict, "case_order_unknown", "the order of case %s is not known yet", seen.Number)
	}
	if a.l, err = lockMoney(a.tx, &a.ent.Case, *seen.OrderID, nil, nil); err != nil {
		return err
	}
	var rows []aftersales.CaseLine
	if err := a.tx.Where("case_id = ?", a.ent.Case).Order("id").Find(&rows).Error; err != nil {
		return fmt.Errorf("read case lines: %w", err)
	}
	if len(a.ent.Items) == 0 {
		for _, r := range rows {
			a.ent.Items = append(a.ent.Items, Item{Line: r.ID})
		}
	}
	a.caseRows = map[id.CaseLine]aftersales.CaseLine{}
	var lines []id.OrderLine
	for _, r := range rows {
		a.caseRows[r.ID] = r
		if r.OrderLineID != nil {
			lines = append(lines, *r.OrderLineID)
		}
	}
	if err := a.tx.Where("order_id = ?", a.l.order.ID).Order("payment_id").Find(&a.pays).Error; err != nil {
		return fmt.Errorf("read payments of order: %w", err)
	}
	payments := make([]id.Payment, len(a.pays))
	for i, p := range a.pays {
		payments[i] = p.PaymentID
	}
	if err := a.l.more(a.tx, lines, payments); err != nil {
		return err
	}
	a.used, err = usageOf(a.tx, a.ent.Case)
	return err
}

// usageOf sums what live refunds of every origin cover of each line of a case, deductions included.
func usageOf(tx *gorm.DB, c id.Case) (map[id.CaseLine]usage, error) {
	var rows []Line
	err := tx.Where("live AND case_line_id IN (?)", tx.Session(&gorm.Session{NewDB: true}).Model(&aftersales.CaseLine{}).Select("id").Where("case_id = ?", c)).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read refunded lines: %w", err)
	}
	used := map[id.CaseLine]usage{}
	for _, r := range rows {
		u := used[r.CaseLineID]
		used[r.CaseLineID] = usage{u.minor + r.AmountMinor + r.DeductionMinor, u.quantity + r.Quantity}
	}
	return used, nil
}

func (a *ask) admissible() error {
	c := a.l.caze
	switch {
	case c.OrderID == nil || *c.OrderID != a.l.order.ID:
		return fault.New(fault.Conflict, "case_order_moved", "case %s got another order meanwhile: try again", c.Number)
	case !slices.Contains(decided, c.Decision):
		return fault.New(fault.Conflict, "case_not_approved", "case %s is %s: money goes out for approved cases only", c.Number, c.Decision).With("decision", c.Decision)
	case c.Money == "refused" || c.Money == "recovered":
		return fault.New(fault.Conflict, "case_money_settled", "the money of case %s is settled: %s", c.Number, c.Money)
	case len(a.pays) == 0:
		return fault.New(fault.Conflict, "no_payment", "order %s was never paid: there is nothing to return", a.l.order.Number)
	}
	if err := a.explained(); err != nil {
		return err
	}
	var rs []Refund
	err := a.tx.Where("entitlement = ? AND state NOT IN ?", a.ent.Key, []State{StateFailed, StateClosed, StateCancelled}).Limit(1).Find(&rs).Error
	if err != nil {
		return fmt.Errorf("look for the refund: %w", err)
	}
	if len(rs) > 0 {
		return exists(a.ent.Key, rs[0].Number)
	}
	return a.freeUnits()
}

// explained refuses a case that others have paid back, when no observed refund says how much: it was told before its order was known.
func (a *ask) explained() error {
	if a.l.caze.Money != "returned_elsewhere" {
		return nil
	}
	var n int64
	if err := a.tx.Model(&Refund{}).Where("case_id = ? AND origin <> ?", a.l.caze.ID, OriginOurs).Count(&n).Error; err != nil {
		return fmt.Errorf("look for observed refunds: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "refunded_elsewhere", "case %s was paid back by others: record how much before more is returned", a.l.caze.Number)
	}
	return nil
}

// freeUnits refuses a unit that another refund pays for, or that belongs to another line.
func (a *ask) freeUnits() error {
	for _, it := range a.ent.Items {
		if it.Unit == 0 {
			continue
		}
		u, err := one[inventory.Unit](a.tx, "unit", "id = ?", it.Unit)
		if err != nil {
			return err
		}
		if u.CaseLineID == nil || *u.CaseLineID != it.Line {
			return fault.New(fault.Conflict, "unit_other_line", "unit %s was not received for this line of the case", u.Plate).With("plate", u.Plate)
		}
		r, ok, err := OfUnit(a.tx, it.Unit)
		if err != nil {
			return fmt.Errorf("look for the unit's refund: %w", err)
		}
		if ok {
			return exists("unit "+u.Plate, r.Number)
		}
	}
	return nil
}

// portions prices the items by what is left of their lines.
func (a *ask) portions() ([]portion, error) {
	var ps []portion
	for i, it := range a.ent.Items {
		row, ok := a.caseRows[it.Line]
		if !ok {
			return nil, fault.New(fault.Invalid, "line_other_case", "the line is not one of case %s", a.l.caze.Number)
		}
		if row.OrderLineID == nil {
			return nil, fault.New(fault.Conflict, "line_unmatched", "a line of case %s is not tied to the order yet", a.l.caze.Number)
		}
		u := a.used[it.Line]
		quantity := it.Quantity
		if quantity == 0 && a.l.caze.Type != "price_protection" { // money without goods uses up no piece
			quantity = row.Quantity - u.quantity
		}
		amount := int64(0)
		if u.quantity+quantity <= row.Quantity && u.minor <= row.ApprovedMinor {
			amount = share(row.ApprovedMinor, u.minor, row.Quantity, u.quantity, quantity)
		}
		if amount == 0 {
			if len(a.ent.Items) > 1 && it.Unit == 0 {
				continue // of a whole case, a line that is settled
			}
			return nil, nothingLeft(a.l.caze.Number)
		}
		a.used[it.Line] = usage{u.minor + amount, u.quantity + quantity}
		ps = append(ps, portion{item: i, line: *row.OrderLineID, quantity: quantity, amount: amount})
	}
	if len(ps) == 0 {
		return nil, nothingLeft(a.l.caze.Number)
	}
	return ps, a.deduct(ps)
}

func nothingLeft(number string) error {
	return fault.New(fault.Conflict, "refund_nothing_left", "nothing approved is left to refund of this part of case %s", number)
}

func (a *ask) deduct(ps []portion) error {
	d := a.ent.DeductionMinor
	switch {
	case d == 0:
		return nil
	case d < 0 || d >= total(ps):
		return fault.New(fault.Invalid, "deduction_amount", "a deduction of %d from %d is not possible", d, total(ps))
	case a.ent.DeductionReason == "":
		return fault.New(fault.Invalid, "deduction_reason", "a deduction needs a reason")
	}
	deduct(ps, d)
	return nil
}

// bound keeps the case as a whole within what was approved for it, where that was stated apart from the lines.
func (a *ask) bound(ps []portion) error {
	if a.l.caze.ApprovedMinor == 0 {
		return nil
	}
	var all int64
	for _, u := range a.used { // holds this request already
		all += u.minor
	}
	if all > a.l.caze.ApprovedMinor {
		return fault.New(fault.Conflict, "case_exhausted", "%d more would pass what was approved for case %s", total(ps), a.l.caze.Number)
	}
	return nil
}

// automatic reports whether the refund may go out without a person: the case as a whole is below the limit, so that many small refunds are not a way round
// it, and nobody has refunded on these payments in a way that no case explains.
func (a *ask) automatic(amount int64) (bool, error) {
	var limit, out, unexplained int64
	if err := a.tx.Raw("SELECT COALESCE(MAX(auto_limit_minor), 0) FROM policies WHERE owner_id = ?", a.l.caze.OwnerID).Scan(&limit).Error; err != nil {
		return false, fmt.Errorf("read policy: %w", err)
	}
	err := a.tx.Raw("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refunds WHERE case_id = ? AND origin = ? AND state NOT IN (?, ?, ?)", a.l.caze.ID, OriginOurs,
		StateFailed, StateClosed, StateCancelled).Scan(&out).Error
	if err != nil {
		return false, fmt.Errorf("sum refunds of case: %w", err)
	}
	payments := make([]id.Payment, len(a.pays))
	for i, p := range a.pays {
		payments[i] = p.PaymentID
	}
	err = a.tx.Raw("SELECT COUNT(*) FROM refunds WHERE payment_id IN ? AND origin <> ? AND case_id IS NULL", payments, OriginOurs).Scan(&unexplained).Error
	if err != nil {
		return false, fmt.Errorf("look for observed refunds: %w", err)
	}
	return out+amount <= limit && unexplained == 0, nil
}
