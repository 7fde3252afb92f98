package report

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// RefundRow is one refund in a list.
type RefundRow struct {
	Number       string     `json:"number"`
	State        string     `json:"state"`
	Origin       string     `json:"origin" enum:"ours,platform,seller_backend,manual"`
	Amount       Money      `json:"amount"`
	Deduction    Money      `json:"deduction"`
	Case         string     `json:"case"`
	Order        string     `json:"order"`
	Shop         string     `json:"shop"`
	ShopCode     string     `json:"shop_code"`
	Owner        string     `json:"owner"`
	Gateway      string     `json:"gateway"`
	Reason       string     `json:"reason"`
	HoldCode     string     `json:"hold_code"`
	RefusedCode  string     `json:"refused_code"`
	RequestedBy  string     `json:"requested_by" doc:"empty: by policy"`
	AuthorizedBy string     `json:"authorized_by" doc:"empty: below the limit, or not yet"`
	RequestedAt  time.Time  `json:"requested_at"`
	SentAt       *time.Time `json:"sent_at,omitempty"`
	SettledAt    *time.Time `json:"settled_at,omitempty"`
	CanAuthorize bool       `json:"can_authorize"`
	Why          string     `json:"why" doc:"code of the reason when the caller cannot authorize: same_person, refund_state"`
	Can          []string   `json:"can" enum:"authorize,hold,release,cancel,replace,pay_by_hand,attribute" doc:"what can be done with it now; by finance or a manager"`
	Proof        string     `json:"proof" doc:"of a payment by hand: what the second person checks"`
	Version      int64      `json:"version"`
}

// RefundDetail is a refund with what it is for and every exchange with the gateway.
type RefundDetail struct {
	RefundRow
	GatewayRefundID string       `json:"gateway_refund_id"`
	TransactionID   string       `json:"transaction_id"`
	DeductionReason string       `json:"deduction_reason"`
	Replaces        string       `json:"replaces" doc:"the failed refund this one stands in for"`
	ReplacedBy      string       `json:"replaced_by" doc:"the refund that stands in for this one"`
	Lines           []RefundLine `json:"lines"`
	Attempts        []Attempt    `json:"attempts"`
	Timeline        []Moment     `json:"timeline"`
}

// RefundLine is what a refund gives back of one order line.
type RefundLine struct {
	SKU            string `json:"sku"`
	Name           string `json:"name"`
	NameEN         string `json:"name_en"`
	Spec           string `json:"spec"`
	Plate          string `json:"plate"`
	Quantity       int    `json:"quantity"`
	AmountMinor    int64  `json:"amount_minor"`
	DeductionMinor int64  `json:"deduction_minor"`
}

// Attempt is one exchange with the gateway.
type Attempt struct {
	Kind       string     `json:"kind" enum:"send,query,notice"`
	Effect     string     `json:"effect" doc:"empty while under way"`
	Code       string     `json:"code"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// RefundFilter narrows the list of refunds.
type RefundFilter struct {
	State     string
	Warehouse string
	Query     string // refund, case or order number from its start
	Stray     bool   // made by others, and of no known case
}

type refundRow struct {
	ID                                                                             id.Refund
	Number, State, Origin, Currency, CaseNumber, OrderNumber, Shop, Owner, Gateway string
	ShopCode                                                                       string
	Reason, HoldCode, RefusedCode, Requester, Authorizer, Proof                    string
	AmountMinor, DeductionMinor                                                    int64
	RequestedBy                                                                    *id.User
	CaseID                                                                         *id.Case
	Replaces                                                                       *id.Refund
	Attempts                                                                       int
	Replaced                                                                       bool
	RequestedAt                                                                    time.Time
	SentAt, SettledAt                                                              *time.Time
	Version                                                                        int64
}

// refundColumns: a refund concerns the warehouse of its piece, else of its case; one without either is not limited by a warehouse.
var refundColumns = auth.Columns{Warehouse: "(COALESCE(u.warehouse_id, c.warehouse_id, 0) IN (0, ?))", Owner: "r.owner_id = ?", Shop: "r.shop_id = ?"}

const refundSelect = `
SELECT r.id, r.number, r.state, r.origin, r.currency, r.amount_minor, r.deduction_minor, COALESCE(c.number, '') AS case_number, o.number AS order_number, s.name AS shop, s.code AS shop_code, w.code AS owner,
  p.gateway, r.reason, r.hold_code, r.refused_code, r.proof, r.requested_by, r.case_id, r.replaces, r.attempts, EXISTS (SELECT 1 FROM refunds x WHERE x.replaces = r.id) AS replaced, COALESCE(q.display, '') AS requester, COALESCE(a.display, '') AS authorizer, r.requested_at, r.sent_at, r.settled_at, r.version
FROM refunds r JOIN orders o ON o.id = r.order_id JOIN shops s ON s.id = r.shop_id JOIN owners w ON w.id = r.owner_id JOIN payments p ON p.id = r.payment_id
  LEFT JOIN cases c ON c.id = r.case_id LEFT JOIN units u ON u.id = r.unit_id LEFT JOIN users q ON q.id = r.requested_by LEFT JOIN users a ON a.id = r.authorized_by `

func (f refundRow) public(viewer id.User) RefundRow {
	utc(&f.RequestedAt, f.SentAt, f.SettledAt)
	out := RefundRow{Number: f.Number, State: f.State, Origin: f.Origin, Amount: Money{f.AmountMinor, f.Currency}, Deduction: Money{f.DeductionMinor, f.Currency}, Case: f.CaseNumber,
		Order: f.OrderNumber, Shop: f.Shop, ShopCode: f.ShopCode, Owner: f.Owner, Gateway: f.Gateway, Reason: f.Reason, HoldCode: f.HoldCode, RefusedCode: f.RefusedCode, RequestedBy: f.Requester,
		AuthorizedBy: f.Authorizer, RequestedAt: f.RequestedAt, SentAt: f.SentAt, SettledAt: f.SettledAt, Proof: f.Proof, Version: f.Version, Can: []string{}}
	switch {
	case refund.State(f.State) != refund.StateRequested && f.Proof == "" || refund.State(f.State).Final():
		out.Why = "refund_state"
	case f.RequestedBy != nil && *f.RequestedBy == viewer:
		out.Why = "same_person"
	default:
		out.CanAuthorize = true
	}
	for _, w := range f.engine().Ways(f.Replaced) {
		if w != refund.WayAuthorize || out.CanAuthorize {
			out.Can = append(out.Can, string(w))
		}
	}
	return out
}

// engine is the part of the refund that its ways depend on.
func (f refundRow) engine() refund.Refund {
	return refund.Refund{Origin: f.Origin, State: refund.State(f.State), CaseID: f.CaseID, Replaces: f.Replaces, Attempts: f.Attempts}
}

// Refunds lists refunds, the newest first. viewer is who looks: nobody authorizes what they asked for.
func (r *Reports) Refunds(ctx context.Context, s auth.Scope, viewer id.User, f RefundFilter, a Ask) (Page[RefundRow], error) {
	var q query
	within, args := s.SQL(refundColumns)
	q.and(within, args...)
	if f.State != "" {
		q.and("r.state = ?", f.State)
	}
	if f.Stray {
		q.and("r.origin <> ? AND r.case_id IS NULL", refund.OriginOurs)
	}
	if f.Warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, f.Warehouse)
		if err != nil {
			return Page[RefundRow]{}, err
		}
		q.and("COALESCE(u.warehouse_id, c.warehouse_id) = ?", w.ID)
	}
	if text := strings.TrimSpace(f.Query); text != "" {
		start := like(text) + "%"
		q.and("(r.number LIKE ? ESCAPE '!' OR c.number LIKE ? ESCAPE '!' OR o.number LIKE ? ESCAPE '!')", start, start, start)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[RefundRow]{}, err
	}
	if more {
		q.and("r.id < ?", m.I)
	}
	rows, err := scan[refundRow](r.db.From(ctx), "refunds", refundSelect+q.where()+" ORDER BY r.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	return convert(page(rows, a.limit(), func(f refundRow) mark { return mark{I: int64(f.ID)} }), func(f refundRow) RefundRow { return f.public(viewer) }), err
}

func refundsWhere(tx *gorm.DB, viewer id.User, cond string, args ...any) ([]RefundRow, error) {
	rows, err := scan[refundRow](tx, "refunds", refundSelect+"WHERE "+cond+" ORDER BY r.id LIMIT 200", args...)
	return convert(Page[refundRow]{Items: rows}, func(f refundRow) RefundRow { return f.public(viewer) }).Items, err
}

func (r *Reports) refundNamed(ctx context.Context, s auth.Scope, number string) (refundRow, error) {
	var q query
	within, args := s.SQL(refundColumns)
	q.and("r.number = ?", number)
	q.and(within, args...)
	return one[refundRow](r.db.From(ctx), "refund", refundSelect+q.where(), q.args...)
}

// RefundAt finds a refund within a scope, for a caller who wants to change it.
func (r *Reports) RefundAt(ctx context.Context, s auth.Scope, number string) (id.Refund, error) {
	f, err := r.refundNamed(ctx, s, number)
	return f.ID, err
}

// Refund reads a refund with everything known of it. The body that was sent stays inside.
func (r *Reports) Refund(ctx context.Context, s auth.Scope, viewer id.User, number string) (*RefundDetail, error) {
	f, err := r.refundNamed(ctx, s, number)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	more, err := one[struct{ GatewayRefundID, TransactionID, DeductionReason, Replaces, ReplacedBy string }](tx, "refund", `
SELECT COALESCE(r.gateway_refund_id, '') AS gateway_refund_id, p.transaction_id, r.deduction_reason, COALESCE(b.number, '') AS replaces, COALESCE(n.number, '') AS replaced_by
FROM refunds r JOIN payments p ON p.id = r.payment_id LEFT JOIN refunds b ON b.id = r.replaces LEFT JOIN refunds n ON n.replaces = r.id WHERE r.id = ?`, f.ID)
	if err != nil {
		return nil, err
	}
	d := &RefundDetail{RefundRow: f.public(viewer), GatewayRefundID: more.GatewayRefundID, TransactionID: more.TransactionID, DeductionReason: more.DeductionReason, Replaces: more.Replaces, ReplacedBy: more.ReplacedBy}
	if d.Lines, err = list[RefundLine](tx, "refund lines", `
SELECT COALESCE(k.code, '') AS sku, COALESCE(k.name, '') AS name, COALESCE(k.name_en, '') AS name_en, COALESCE(k.spec, '') AS spec, COALESCE(u.plate, '') AS plate, l.quantity, l.amount_minor, l.deduction_minor
FROM refund_lines l JOIN order_lines x ON x.id = l.order_line_id LEFT JOIN skus k ON k.id = x.sku_id LEFT JOIN units u ON u.id = l.unit_id WHERE l.refund_id = ? ORDER BY l.id`, f.ID); err != nil {
		return nil, err
	}
	if d.Attempts, err = list[Attempt](tx, "attempts", "SELECT kind, effect, code, started_at, finished_at FROM refund_attempts WHERE refund_id = ? ORDER BY id LIMIT 500", f.ID); err != nil {
		return nil, err
	}
	for i := range d.Attempts {
		utc(&d.Attempts[i].StartedAt, d.Attempts[i].FinishedAt)
	}
	d.Timeline, err = timeline(tx, "refund/"+f.Number, 0)
	return d, err
}
