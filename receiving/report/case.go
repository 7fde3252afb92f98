package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
)

// CaseRow is one case in a list.
type CaseRow struct {
	Number      string     `json:"number"`
	Type        string     `json:"type"`
	Reason      string     `json:"reason"`
	Shop        string     `json:"shop"`
	ShopCode    string     `json:"shop_code"`
	Owner       string     `json:"owner"`
	Warehouse   string     `json:"warehouse"`
	Order       string     `json:"order"`
	Decision    string     `json:"decision"`
	Goods       string     `json:"goods"`
	Judgement   string     `json:"judgement"`
	Money       string     `json:"money"`
	Status      string     `json:"status" doc:"derived from the four facets"`
	Requested   Money      `json:"requested"`
	Approved    Money      `json:"approved"`
	SubmittedAt time.Time  `json:"submitted_at"`
	DecidedAt   *time.Time `json:"decided_at,omitempty"`
	Deadline    *time.Time `json:"deadline,omitempty"`
	Version     int64      `json:"version"`
}

// CaseDetail is a case with its order, its goods and its money.
type CaseDetail struct {
	CaseRow
	BuyerWords string      `json:"buyer_words"`
	History    []Earlier   `json:"history"`
	Lines      []CaseLine  `json:"lines"`
	OrderFacts *OrderFacts `json:"order_facts"`
	Parcels    []string    `json:"parcels"`
	Waybills   []Alias     `json:"waybills"`
	Units      []UnitRow   `json:"units"`
	Refunds    []RefundRow `json:"refunds"`
	Timeline   []Moment    `json:"timeline"`
	CanDecide  []string    `json:"can_decide" doc:"decisions that may follow now: approved, rejected"`
}

// CaseLine is one SKU that the buyer sends back.
type CaseLine struct {
	SKU            string `json:"sku"`
	Name           string `json:"name"`
	NameEN         string `json:"name_en"`
	Spec           string `json:"spec"`
	SpecEN         string `json:"spec_en"`
	Quantity       int    `json:"quantity"`
	Received       int    `json:"received"`
	RequestedMinor int64  `json:"requested_minor"`
	ApprovedMinor  int64  `json:"approved_minor"`
}

// CaseFilter narrows the list of cases.
type CaseFilter struct {
	Decision, Goods, Judgement, Money string
	Type, Reason                      string
	Warehouse                         string
	Query                             string // case or order number from its start, or a waybill
}

type caseRow struct {
	aftersales.Case `gorm:"embedded"`
	Shop            string
	ShopCode        string
	Owner           string
	Warehouse       string
}

// caseColumns: a case that no warehouse was told to expect is not limited by one.
var caseColumns = auth.Columns{Warehouse: "(c.warehouse_id = ? OR c.warehouse_id IS NULL)", Owner: "c.owner_id = ?", Shop: "c.shop_id = ?"}

const caseSelect = `
SELECT c.*, s.name AS shop, s.code AS shop_code, o.code AS owner, COALESCE(w.code, '') AS warehouse
FROM cases c JOIN shops s ON s.id = c.shop_id JOIN owners o ON o.id = c.owner_id LEFT JOIN warehouses w ON w.id = c.warehouse_id `

func (c caseRow) public() CaseRow {
	utc(&c.SubmittedAt, c.DecidedAt, c.DeadlineAt)
	return CaseRow{Number: c.Number, Type: c.Type, Reason: c.Reason, Shop: c.Shop, ShopCode: c.ShopCode, Owner: c.Owner, Warehouse: c.Warehouse, Order: c.OrderNumber, Decision: c.Decision,
		Goods: c.Goods, Judgement: c.Judgement, Money: c.Money, Status: c.Status(), Requested: Money{c.RequestedMinor, c.Currency}, Approved: Money{c.ApprovedMinor, c.Currency},
		SubmittedAt: c.SubmittedAt, DecidedAt: c.DecidedAt, Deadline: c.DeadlineAt, Version: c.Version}
}

// Cases lists cases, the newest first.
func (r *Reports) Cases(ctx context.Context, s auth.Scope, f CaseFilter, a Ask) (Page[CaseRow], error) {
	var q query
	within, args := s.SQL(caseColumns)
	q.and(within, args...)
	for _, d := range []struct{ column, want string }{{"decision", f.Decision}, {"goods", f.Goods}, {"judgement", f.Judgement}, {"money", f.Money}, {"type", f.Type}, {"reason", f.Reason}} {
		if d.want != "" {
			q.and("c."+d.column+" = ?", d.want)
		}
	}
	if f.Warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, f.Warehouse)
		if err != nil {
			return Page[CaseRow]{}, err
		}
		q.and("c.warehouse_id = ?", w.ID)
	}
	if text := strings.TrimSpace(f.Query); text != "" {
		q.and("(c.number LIKE ? ESCAPE '!' OR c.order_number LIKE ? ESCAPE '!' OR c.id IN (SELECT case_id FROM waybill_aliases WHERE number = ?))", like(text)+"%", like(text)+"%", strings.ToUpper(text))
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[CaseRow]{}, err
	}
	if more {
		q.and("c.submitted_at <= ? AND (c.submitted_at < ? OR c.id < ?)", m.K, m.K, m.I)
	}
	rows, err := scan[caseRow](r.db.From(ctx), "cases", caseSelect+q.where()+" ORDER BY c.submitted_at DESC, c.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(c caseRow) mark { return mark{K: c.SubmittedAt.UTC(), I: int64(c.ID)} }), caseRow.public), err
}

func (r *Reports) caseNamed(ctx context.Context, s auth.Scope, number, shop string) (caseRow, error) {
	var q query
	within, args := s.SQL(caseColumns)
	q.and("c.number = ?", number)
	q.and(within, args...)
	if shop != "" {
		q.and("s.code = ?", shop)
	}
	return theOne[caseRow](r.db.From(ctx), "case", caseSelect+q.where(), q.args...)
}

// CaseAt finds a case within a scope, for a caller who wants to change it.
func (r *Reports) CaseAt(ctx context.Context, s auth.Scope, number, shop string) (id.Case, error) {
	c, err := r.caseNamed(ctx, s, number, shop)
	return c.ID, err
}

// Case reads a case. Numbers are a shop's own: where several shops have it, shop says which.
func (r *Reports) Case(ctx context.Context, s auth.Scope, viewer id.User, number, shop string) (*CaseDetail, error) {
	c, err := r.caseNamed(ctx, s, number, shop)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	facts, err := factsOf(ctx, tx, c.Case)
	if err != nil {
		return nil, err
	}
	d := &CaseDetail{CaseRow: c.public(), BuyerWords: c.BuyerWords, History: facts.History, CanDecide: []string{}}
	for _, to := range []string{"approved", "rejected"} {
		if slices.Contains(aftersales.Next[aftersales.Decision][c.Decision], to) {
			d.CanDecide = append(d.CanDecide, to)
		}
	}
	if d.OrderFacts, err = orderFacts(tx, c.OrderID); err != nil {
		return nil, err
	}
	return d, r.caseGoods(tx, d, c, viewer)
}

func (r *Reports) caseGoods(tx *gorm.DB, d *CaseDetail, c caseRow, viewer id.User) (err error) {
	if d.Lines, err = list[CaseLine](tx, "case lines", `SELECT k.code AS sku, k.name, k.name_en, k.spec, k.spec_en, l.quantity, l.received, l.requested_minor, l.approved_minor
FROM case_lines l JOIN skus k ON k.id = l.sku_id WHERE l.case_id = ? ORDER BY l.id`, c.ID); err != nil {
		return err
	}
	parcels, err := scan[id.Parcel](tx, "parcels of the case", "SELECT DISTINCT parcel_id FROM receipts WHERE case_id = ? ORDER BY parcel_id", c.ID)
	if err != nil {
		return err
	}
	d.Parcels = make([]string, len(parcels))
	for i, p := range parcels {
		d.Parcels[i] = parcelNumber(p)
	}
	if d.Waybills, err = list[Alias](tx, "waybills of the case", "SELECT number, carrier, role, source FROM waybill_aliases WHERE case_id = ? ORDER BY id", c.ID); err != nil {
		return err
	}
	if d.Units, err = r.unitsWhere(tx, "u.case_id = ?", c.ID); err != nil {
		return err
	}
	if d.Refunds, err = refundsWhere(tx, viewer, "r.case_id = ?", c.ID); err != nil {
		return err
	}
	d.Timeline, err = timeline(tx, "case/"+c.Number, c.ShopID)
	return err
}

// briefs lists the cases of something that the caller may see already.
func briefs(tx *gorm.DB, cond string, args ...any) ([]CaseBrief, error) {
	rows, err := scan[aftersales.Case](tx, "cases", "SELECT c.* FROM cases c WHERE "+cond+" ORDER BY c.submitted_at DESC, c.id DESC LIMIT 100", args...)
	out := make([]CaseBrief, len(rows))
	for i, c := range rows {
		out[i] = CaseBrief{Number: c.Number, Type: c.Type, Reason: c.Reason, Status: c.Status(), At: c.SubmittedAt.UTC()}
	}
	return out, err
}
