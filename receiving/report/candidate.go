package report

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// UnclaimedDetail is a parcel of unknown owner with those who may own it.
type UnclaimedDetail struct {
	UnclaimedRow
	Slip       string        `json:"slip" doc:"order or case number on a paper inside"`
	PhoneTail  bool          `json:"phone_tail" doc:"the label shows the last digits of a phone; they are kept only as a blind index"`
	Origin     string        `json:"origin"`
	Asked      string        `json:"asked" doc:"whose owner was asked; empty: the courier, or nobody yet"`
	AskedNote  string        `json:"asked_note"`
	End        *UnclaimedEnd `json:"end,omitempty"`
	EndsFrom   time.Time     `json:"ends_from" doc:"from then on it may be sold or disposed of"`
	Can        []string      `json:"can" enum:"claim,shelve,note,ask,hand_back,sell_as_found,dispose,confirm,withdraw"`
	Candidates []Candidate   `json:"candidates" doc:"the likeliest first"`
	Units      []UnitRow     `json:"units"`
	Timeline   []Moment      `json:"timeline"`
}

// UnclaimedEnd is the end that one person has asked for, and whether another has confirmed it.
type UnclaimedEnd struct {
	Ending      string     `json:"ending"`
	Reason      string     `json:"reason"`
	ValueMinor  int64      `json:"value_minor"`
	RequestedBy string     `json:"requested_by"`
	RequestedAt time.Time  `json:"requested_at"`
	ConfirmedBy string     `json:"confirmed_by"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	Own         bool       `json:"own" doc:"the caller has asked for it and cannot confirm it"`
	AboveLimit  bool       `json:"above_limit" doc:"a manager confirms it"`
}

// Candidate is an order or case that may explain the parcel. Nothing of the buyer is in it.
type Candidate struct {
	N        int             `json:"n"`
	Case     string          `json:"case"`
	Order    string          `json:"order"`
	Shop     string          `json:"shop"`
	ShopCode string          `json:"shop_code"`
	Waits    bool            `json:"waits" doc:"the case still awaits goods"`
	Deadline *time.Time      `json:"deadline,omitempty"`
	Score    int             `json:"score"`
	Reasons  []Reason        `json:"reasons"`
	Lines    []CandidateLine `json:"lines" doc:"what it awaits, against what is here"`
}

// Reason is one thing that speaks for a candidate.
type Reason struct {
	Why    string `json:"why" enum:"serial,slip,sku_set,sku_part,phone_tail,weight,carrier,date,waiting"`
	Detail string `json:"detail"`
	Points int    `json:"points"`
}

// CandidateLine compares a product that is awaited with the pieces that are here.
type CandidateLine struct {
	SKU     string `json:"sku"`
	Name    string `json:"name"`
	NameEN  string `json:"name_en"`
	Spec    string `json:"spec"`
	SpecEN  string `json:"spec_en"`
	Color   string `json:"color"`
	Awaited int    `json:"awaited"`
	Here    int    `json:"here"`
}

// UnclaimedOne reads a parcel of unknown owner with its candidates, as viewer sees it.
func (r *Reports) UnclaimedOne(ctx context.Context, s auth.Scope, viewer id.User, number string) (*UnclaimedDetail, error) {
	row, err := r.unclaimedNamed(ctx, s, number)
	if err != nil {
		return nil, err
	}
	tx := r.db.From(ctx)
	goods, err := contents(tx, []unclaimedRow{row})
	if err != nil {
		return nil, err
	}
	p, err := unclaimedParcel(tx, row.ID)
	if err != nil {
		return nil, err
	}
	policy, err := unclaimed.PolicyOf(tx, row.WarehouseID)
	if err != nil {
		return nil, err
	}
	d := &UnclaimedDetail{UnclaimedRow: r.unclaimedRow(row, goods[row.ID]), Slip: row.Slip, PhoneTail: row.TailIdx != "", Origin: row.Origin, Asked: row.AskedName, AskedNote: row.AskedNote,
		EndsFrom: row.CreatedAt.UTC().AddDate(0, 0, policy.EndAfterDays), Candidates: []Candidate{}, Can: []string{}}
	if d.End, err = endOf(tx, row.ID, viewer, policy); err != nil {
		return nil, err
	}
	if p.Unclaimed() {
		found, err := r.search.Candidates(ctx, tx, p)
		if err != nil {
			return nil, err
		}
		if d.Candidates, err = candidates(tx, row.ID, found); err != nil {
			return nil, err
		}
		d.Can = r.canEnd(p, d)
	}
	if d.Units, err = r.unitsWhere(tx, "u.parcel_id = ?", row.ID); err != nil {
		return nil, err
	}
	d.Timeline, err = timeline(tx, "parcel/"+d.Number, 0)
	return d, err
}

// canEnd lists what may be done with the parcel now; roles are the route's.
func (r *Reports) canEnd(p receiving.Parcel, d *UnclaimedDetail) []string {
	can := []string{"claim"}
	if p.State == receiving.Open {
		return can
	}
	can = append(can, "shelve", "note", "ask")
	switch {
	case d.End != nil && !d.End.Own:
		return append(can, "confirm", "withdraw")
	case d.End != nil:
		return append(can, "withdraw")
	case p.State != receiving.Closed:
		return can
	}
	can = append(can, "hand_back")
	if d.AskedAt != nil && !r.clock.Now().Before(d.EndsFrom) {
		can = append(can, "sell_as_found", "dispose")
	}
	return can
}

func endOf(tx *gorm.DB, p id.Parcel, viewer id.User, policy unclaimed.Policy) (*UnclaimedEnd, error) {
	rows, err := scan[struct {
		unclaimed.End
		Asker, Confirmer string
	}](tx, "end of the parcel", `SELECT e.*, a.display AS asker, COALESCE(c.display, '') AS confirmer FROM unclaimed_ends e JOIN users a ON a.id = e.requested_by LEFT JOIN users c ON c.id = e.confirmed_by
WHERE e.parcel_id = ? AND e.withdrawn_at IS NULL`, p)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	e := rows[0]
	utc(&e.RequestedAt, e.ConfirmedAt)
	return &UnclaimedEnd{Ending: e.Ending, Reason: e.Reason, ValueMinor: e.ValueMinor, RequestedBy: e.Asker, RequestedAt: e.RequestedAt, ConfirmedBy: e.Confirmer, ConfirmedAt: e.ConfirmedAt,
		Own: e.End.RequestedBy == viewer, AboveLimit: e.ValueMinor > policy.ValueLimitMinor}, nil
}

// candidates puts ranked owners into words, with what each awaits beside what is here.
func candidates(tx *gorm.DB, parcel id.Parcel, found []match.Candidate) ([]Candidate, error) {
	out := make([]Candidate, 0, len(found))
	here, err := scan[struct {
		SKUID id.SKU `gorm:"column:sku_id"`
		N     int
	}](tx, "pieces of the parcel", "SELECT sku_id, COUNT(*) AS n FROM units WHERE parcel_id = ? AND state <> 'undone' GROUP BY sku_id", parcel)
	if err != nil {
		return nil, err
	}
	count := map[id.SKU]int{}
	for _, h := range here {
		count[h.SKUID] = h.N
	}
	for i, c := range found {
		k := Candidate{N: i + 1, Case: c.CaseNumber, Order: c.OrderNumber, Shop: c.Shop, Waits: c.Waits, Score: c.Score, Reasons: make([]Reason, len(c.Reasons)), Lines: []CandidateLine{}}
		if !c.Deadline.IsZero() {
			k.Deadline = &c.Deadline
		}
		for j, r := range c.Reasons {
			k.Reasons[j] = Reason{string(r.Why), r.Detail, r.Points}
		}
		for _, a := range c.Awaits {
			l, err := one[CandidateLine](tx, "sku", "SELECT code AS sku, name, name_en, spec, spec_en, color FROM skus WHERE id = ?", a.SKU)
			if err != nil {
				return nil, err
			}
			l.Awaited, l.Here = a.Quantity, count[a.SKU]
			k.Lines = append(k.Lines, l)
		}
		codes, err := scan[string](tx, "shop of the candidate", "SELECT s.code FROM shops s WHERE s.id = COALESCE((SELECT shop_id FROM cases WHERE id = ?), (SELECT shop_id FROM orders WHERE id = ?))", c.Case, c.Order)
		if err != nil {
			return nil, err
		}
		if len(codes) > 0 {
			k.ShopCode = codes[0]
		}
		out = append(out, k)
	}
	return out, nil
}
