package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// UnitDetail is everything an inspector looks at before judging a piece.
type UnitDetail struct {
	UnitRow
	Serial     string      `json:"serial"`
	Batch      string      `json:"batch"`
	Expiry     string      `json:"expiry"`
	Scanned    string      `json:"scanned" doc:"the code as the clerk scanned it"`
	Order      *OrderFacts `json:"order"`
	Case       *CaseFacts  `json:"case"`
	Codes      []string    `json:"codes"`
	Checklist  []Check     `json:"checklist"`
	Timeline   []Moment    `json:"timeline"`
	Inspection *Inspection `json:"inspection"`
	Refund     *UnitRefund `json:"refund"`
	Can        Can         `json:"can"`
	DaysLeft   *int        `json:"days_left,omitempty" doc:"of life, in the warehouse's zone; 0 on its last day"`
	MinDays    int         `json:"min_days" doc:"less life left is never grade A"`
	SecondLook string      `json:"second_look" enum:",due,agreed,differs,void,kept,changed,waived" doc:"of the live inspection"`
	Block      *BlockFacts `json:"block,omitempty"`
	Title      string      `json:"title" enum:"ours,buyer,unknown"`
}

// BlockFacts is why a piece is frozen.
type BlockFacts struct {
	Reason string    `json:"reason" enum:"recalled,expired,disputed,other"`
	Note   string    `json:"note"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// OrderFacts is the order a piece belongs to: what was ordered beside what was shipped.
type OrderFacts struct {
	Number   string      `json:"number"`
	PlacedAt time.Time   `json:"placed_at"`
	Shop     string      `json:"shop"`
	Lines    []OrderFact `json:"lines"`
}

// OrderFact is one line of it.
type OrderFact struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	NameEN      string `json:"name_en"`
	Spec        string `json:"spec"`
	Ordered     string `json:"ordered" doc:"spec that was ordered"`
	OrderedEN   string `json:"ordered_en"`
	ShippedSpec string `json:"shipped_spec" doc:"spec that went out"`
	ShippedEN   string `json:"shipped_spec_en"`
	ShippedSKU  string `json:"shipped_sku"`
	Quantity    int    `json:"quantity"`
	Paid        Money  `json:"paid" gorm:"-"`
}

// CaseFacts is what the buyer asked for and how it stands.
type CaseFacts struct {
	Number     string    `json:"number"`
	Type       string    `json:"type"`
	Reason     string    `json:"reason"`
	BuyerWords string    `json:"buyer_words"`
	Decision   string    `json:"decision"`
	Goods      string    `json:"goods"`
	Judgement  string    `json:"judgement"`
	Money      string    `json:"money"`
	Status     string    `json:"status" doc:"the one word that people see, derived from the four facets"`
	History    []Earlier `json:"history" doc:"earlier cases of the same order or buyer, newest first"`
}

// Earlier is one of them.
type Earlier struct {
	Number string    `json:"number"`
	Type   string    `json:"type"`
	Reason string    `json:"reason"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
}

// Check is one question of the checklist.
type Check struct {
	Key          string `json:"key"`
	Title        string `json:"title"`
	TitleEN      string `json:"title_en"`
	Kind         string `json:"kind" enum:"bool"`
	BlocksGradeA bool   `json:"blocks_grade_a"`
	Hazard       bool   `json:"hazard" doc:"no makes the piece dangerous: it goes into a hazard tote"`
}

// Moment is one thing that happened.
type Moment struct {
	At       time.Time         `json:"at"`
	Type     string            `json:"type"`
	By       string            `json:"by"`
	TextCode string            `json:"text_code"`
	Params   map[string]string `json:"params"`
}

// Inspection is the judgement that stands, or the last one that was undone.
type Inspection struct {
	ID             string          `json:"id"`
	Grade          string          `json:"grade"`
	Disposition    string          `json:"disposition"`
	Note           string          `json:"note"`
	Tote           string          `json:"tote"`
	Checks         map[string]bool `json:"checks"`
	By             string          `json:"by"`
	At             time.Time       `json:"at"`
	OverrideReason string          `json:"override_reason,omitempty"`
	UndoneAt       *time.Time      `json:"undone_at,omitempty"`
	ClosedAt       *time.Time      `json:"closed_at,omitempty" doc:"the piece came back from repair since"`
	Round          int             `json:"round" doc:"1, and one more each time the piece comes back from repair"`
}

// UnitRefund is the money that rests on a piece.
type UnitRefund struct {
	Number string `json:"number"`
	State  string `json:"state"`
	Amount Money  `json:"amount"`
}

// Can says what may be done now; Why is the code of the reason when it may not.
type Can struct {
	Inspect bool   `json:"inspect"`
	Undo    bool   `json:"undo"`
	Why     string `json:"why" enum:"not_inspected,already_inspected,unit_state,moved_on,refund_sending,second_look,owner_unknown"`
}

// Unit reads a piece with everything around it.
func (r *Reports) Unit(ctx context.Context, s auth.Scope, plate string) (*UnitDetail, error) {
	u, err := r.unit(ctx, s, plate)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	d := &UnitDetail{UnitRow: u.public(r.clock.Now()), Checklist: checks(u.Category)}
	extra, err := one[struct{ Serial, Batch, Expiry, Scanned string }](tx, "unit", "SELECT serial, batch, expiry, scanned FROM units WHERE id = ?", u.ID)
	if err != nil {
		return nil, err
	}
	d.Serial, d.Batch, d.Expiry, d.Scanned = extra.Serial, extra.Batch, extra.Expiry, extra.Scanned
	if d.Codes, err = scan[string](tx, "codes", "SELECT code FROM sku_codes WHERE sku_id = ? ORDER BY kind, code", u.SKUID); err != nil {
		return nil, err
	}
	if d.Codes == nil {
		d.Codes = []string{}
	}
	var version int64
	if d.Inspection, version, err = inspection(tx, u.ID); err != nil {
		return nil, err
	}
	if d.Refund, err = unitRefund(tx, u.ID); err != nil {
		return nil, err
	}
	if d.Timeline, err = timeline(tx, "unit/"+u.Plate, 0); err != nil {
		return nil, err
	}
	orderID, err := r.caseFacts(ctx, tx, d, u)
	if err != nil {
		return nil, err
	}
	if d.Order, err = orderFacts(tx, orderID); err != nil {
		return nil, err
	}
	d.Can = can(u, d, version)
	return d, r.standing(tx, d, u)
}

// standing adds what keeps a piece where it is: its life, a second look, a block.
func (r *Reports) standing(tx *gorm.DB, d *UnitDetail, u unitRow) error {
	row, err := one[struct {
		TimeZone    string
		MinLifeDays int
		Title       string
		Look        string
	}](tx, "unit", `SELECT w.time_zone, COALESCE(p.min_life_days, 0) AS min_life_days, u.title, COALESCE((SELECT l.state FROM second_looks l JOIN inspections i ON i.id = l.inspection_id
 WHERE l.unit_id = u.id AND i.undone_at IS NULL AND i.closed_at IS NULL ORDER BY l.id DESC LIMIT 1), '') AS look
FROM units u JOIN warehouses w ON w.id = u.warehouse_id LEFT JOIN policies p ON p.owner_id = u.owner_id WHERE u.id = ?`, u.ID)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(row.TimeZone)
	if err != nil {
		return fmt.Errorf("time zone of unit %s: %w", u.Plate, err)
	}
	if days, ok := qc.DaysLeft(inventory.Unit{Expiry: d.Expiry}, r.clock.Now(), zone); ok {
		d.DaysLeft = &days
	}
	d.MinDays, d.Title, d.SecondLook = row.MinLifeDays, row.Title, row.Look
	blocks, err := scan[BlockFacts](tx, "block", `SELECT b.reason, b.note, COALESCE(p.display, '') AS "by", b.at FROM blocks b LEFT JOIN users p ON p.id = b.by_user WHERE b.unit_id = ? AND b.lifted_at IS NULL`, u.ID)
	if err == nil && len(blocks) > 0 {
		utc(&blocks[0].At)
		d.Block = &blocks[0]
	}
	return err
}

func checks(category string) []Check {
	list := qc.Checklist(category)
	out := make([]Check, len(list))
	for i, c := range list {
		out[i] = Check{Key: c.Key, Title: c.Title, TitleEN: c.TitleEN, Kind: "bool", BlocksGradeA: c.BlocksGradeA, Hazard: c.Hazard}
	}
	return out
}

func can(u unitRow, d *UnitDetail, inspectedVersion int64) Can {
	live := d.Inspection != nil && d.Inspection.UndoneAt == nil && d.Inspection.ClosedAt == nil
	state := inventory.State(u.State)
	switch {
	case !live && u.Finding == string(receiving.Unclaimed):
		return Can{Why: "owner_unknown"}
	case !live && (state == inventory.Quarantine || state == inventory.Custody):
		return Can{Inspect: true, Why: "not_inspected"}
	case !live:
		return Can{Why: "unit_state"}
	case u.Version != inspectedVersion:
		return Can{Why: "moved_on"}
	case d.Refund != nil && refund.State(d.Refund.State).Out():
		return Can{Why: "refund_sending"}
	}
	return Can{Undo: true, Why: "already_inspected"}
}

func inspection(tx *gorm.DB, unit id.Unit) (*Inspection, int64, error) {
	rows, err := scan[struct {
		qc.Inspection
		Display string
	}](tx, "inspection", `SELECT i.*, p.display FROM inspections i JOIN users p ON p.id = i.by_user WHERE i.unit_id = ? ORDER BY CASE WHEN i.undone_at IS NULL AND i.closed_at IS NULL THEN 0 ELSE 1 END, i.id DESC LIMIT 1`, unit)
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	i := rows[0]
	utc(&i.At, i.UndoneAt, i.ClosedAt)
	out := &Inspection{ID: strconv.FormatInt(int64(i.ID), 10), Grade: i.Grade, Disposition: i.Disposition, Note: i.Note, Tote: i.Tote, By: i.Display, At: i.At,
		OverrideReason: i.OverrideReason, UndoneAt: i.UndoneAt, ClosedAt: i.ClosedAt, Round: i.Round, Checks: map[string]bool{}}
	if err := json.Unmarshal([]byte(i.Checks), &out.Checks); err != nil {
		return nil, 0, fmt.Errorf("checks of inspection %d: %w", i.ID, err)
	}
	return out, i.UnitVersion, nil
}

func unitRefund(tx *gorm.DB, unit id.Unit) (*UnitRefund, error) {
	f, ok, err := refund.OfUnit(tx, unit)
	if err != nil || !ok {
		return nil, err
	}
	return &UnitRefund{Number: f.Number, State: string(f.State), Amount: Money{f.AmountMinor, f.Currency}}, nil
}

// timeline reads what happened to a subject, oldest first; only numbers, texts and yes or no of an event's data are shown. Numbers of orders and cases are a shop's
// own, so for those the shop is part of the name; zero is any.
func timeline(tx *gorm.DB, subject string, shop id.Shop) ([]Moment, error) {
	rows, err := scan[struct {
		At            time.Time
		Type, Display string
		Data          string
	}](tx, "timeline", `SELECT e.at, e.type, COALESCE(p.display, '') AS display, e.data FROM events e LEFT JOIN users p ON p.id = e.by_user WHERE e.subject = ? AND (? = 0 OR e.shop_id = ?)
ORDER BY e.id LIMIT 200`, subject, shop, shop)
	out := make([]Moment, 0, len(rows))
	for _, e := range rows {
		m := Moment{At: e.At.UTC(), Type: e.Type, By: e.Display, TextCode: textCode(e.Type), Params: map[string]string{}}
		var data map[string]any
		if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
			return nil, fmt.Errorf("event of %s: %w", subject, err)
		}
		for name, v := range data {
			switch v := v.(type) {
			case string:
				m.Params[name] = v
			case float64:
				m.Params[name] = strconv.FormatFloat(v, 'f', -1, 64)
			case bool:
				m.Params[name] = strconv.FormatBool(v)
			}
		}
		out = append(out, m)
	}
	return out, err
}

// textCode shortens backdock.unit.received.v1 to unit.received.
func textCode(eventType string) string {
	const before, after = len("backdock."), len(".v1")
	if len(eventType) < before+after {
		return eventType
	}
	return eventType[before : len(eventType)-after]
}

// caseFacts fills in the case and returns the order that the piece belongs to.
func (r *Reports) caseFacts(ctx context.Context, tx *gorm.DB, d *UnitDetail, u unitRow) (*id.Order, error) {
	var orderID *id.Order
	if u.CaseID != nil {
		c, err := one[aftersales.Case](tx, "case", "SELECT * FROM cases WHERE id = ?", *u.CaseID)
		if err != nil {
			return nil, err
		}
		if d.Case, err = factsOf(ctx, tx, c); err != nil {
			return nil, err
		}
		orderID = c.OrderID
	}
	if orderID == nil && u.OrderLineID != nil {
		o, err := one[id.Order](tx, "order", "SELECT order_id FROM order_lines WHERE id = ?", *u.OrderLineID)
		if err != nil {
			return nil, err
		}
		orderID = &o
	}
	return orderID, nil
}

func factsOf(ctx context.Context, tx *gorm.DB, c aftersales.Case) (*CaseFacts, error) {
	f := &CaseFacts{Number: c.Number, Type: c.Type, Reason: c.Reason, BuyerWords: c.BuyerWords, Decision: c.Decision, Goods: c.Goods, Judgement: c.Judgement, Money: c.Money,
		Status: c.Status(), History: []Earlier{}}
	earlier, err := aftersales.History(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	for _, e := range earlier {
		f.History = append(f.History, Earlier{Number: e.Number, Type: e.Type, Reason: e.Reason, State: e.Status, At: e.At.UTC()})
	}
	return f, nil
}

func orderFacts(tx *gorm.DB, order *id.Order) (*OrderFacts, error) {
	if order == nil {
		return nil, nil
	}
	head, err := one[struct {
		Number, Shop, Currency string
		PlacedAt               time.Time
	}](tx, "order", "SELECT o.number, o.placed_at, o.currency, s.name AS shop FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.id = ?", *order)
	if err != nil {
		return nil, err
	}
	lines, err := scan[struct {
		OrderFact `gorm:"embedded"`
		PaidMinor int64
	}](tx, "order lines", `
SELECT k.code AS sku, k.name, k.name_en, k.spec, k.spec AS ordered, k.spec_en AS ordered_en, COALESCE(g.spec, k.spec) AS shipped_spec, COALESCE(g.spec_en, k.spec_en) AS shipped_en,
  COALESCE(g.code, k.code) AS shipped_sku, l.quantity, l.paid_minor
FROM order_lines l JOIN skus k ON k.id = l.sku_id LEFT JOIN skus g ON g.id = l.shipped_sku_id WHERE l.order_id = ? AND l.kind <> 'freight' ORDER BY l.line_no`, *order)
	if err != nil {
		return nil, err
	}
	f := &OrderFacts{Number: head.Number, PlacedAt: head.PlacedAt.UTC(), Shop: head.Shop, Lines: make([]OrderFact, len(lines))}
	for i, l := range lines {
		f.Lines[i] = l.OrderFact
		f.Lines[i].Paid = Money{l.PaidMinor, head.Currency}
	}
	return f, nil
}

// UnitAt says where a unit is, for a caller who wants to change it.
func (r *Reports) UnitAt(ctx context.Context, s auth.Scope, plate string) (w id.Warehouse, o id.Owner, shop id.Shop, err error) {
	u, err := r.unit(ctx, s, plate)
	return u.WarehouseID, u.OwnerID, u.ShopID, err
}

var errParcel = fault.New(fault.NotFound, "parcel_not_found", "there is no such parcel")

func parcelNumber(p id.Parcel) string {
	if p == 0 {
		return ""
	}
	return receiving.ParcelNumber(p)
}

func parcelID(number string) (id.Parcel, error) {
	p, ok := receiving.ParseParcelNumber(number)
	if !ok {
		return 0, errParcel
	}
	return p, nil
}
