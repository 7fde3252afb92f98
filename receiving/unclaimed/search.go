package unclaimed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner/barcode"
)

// Bounds of one search. Each list is asked by an index from its newest end, so that a search costs the same over a thousand orders and over a million.
const (
	maxPieces   = 100 // looked at
	maxProducts = 8
	perProduct  = 120 // lines of each product, the newest
	perTail     = 60
	maxOrders   = 80 // weighed up
	// Shown is how many candidates are shown: a clerk chooses by one digit.
	Shown = 5
)

// Search finds who may own a parcel.
type Search struct{ codes *barcode.Reader }

// NewSearch makes a search that reads codes as the desk does; nil takes the built-in courier rules.
func NewSearch(codes *barcode.Reader) *Search {
	if codes == nil {
		codes = barcode.NewReader(nil)
	}
	return &Search{codes}
}

// Candidates ranks the owners of a parcel as it stands in tx, the likeliest first.
func (f *Search) Candidates(ctx context.Context, tx *gorm.DB, p receiving.Parcel) ([]match.Candidate, error) {
	tx = tx.WithContext(ctx)
	e, err := f.evidence(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	orders, cases, err := leads(tx, e)
	if err != nil {
		return nil, err
	}
	claimants, err := claimants(tx, orders, cases)
	if err != nil {
		return nil, err
	}
	ranked := match.Owners(e, claimants)
	return ranked[:min(len(ranked), Shown)], nil
}

// evidence gathers what the parcel tells.
func (f *Search) evidence(ctx context.Context, tx *gorm.DB, p receiving.Parcel) (match.Evidence, error) {
	e := match.Evidence{SKUs: map[id.SKU]int{}, WeightG: p.WeightG, Carrier: p.Carrier, ArrivedAt: p.CreatedAt}
	var note receiving.Note
	if err := tx.Where("parcel_id = ?", p.ID).Limit(1).Find(&note).Error; err != nil {
		return e, fmt.Errorf("note on parcel: %w", err)
	}
	e.Tail = note.TailIdx
	if note.Slip != "" {
		e.Slips = []string{note.Slip}
	}
	var pieces []struct {
		SKUID       id.SKU `gorm:"column:sku_id"`
		Serial      string
		Scanned     string
		Placeholder bool
	}
	err := tx.Raw(`SELECT u.sku_id, u.serial, u.scanned, s.placeholder FROM units u JOIN skus s ON s.id = u.sku_id WHERE u.parcel_id = ? AND u.state <> 'undone' ORDER BY u.id LIMIT ?`,
		p.ID, maxPieces).Scan(&pieces).Error
	if err != nil {
		return e, fmt.Errorf("pieces of parcel: %w", err)
	}
	e.Pieces = len(pieces)
	for _, u := range pieces {
		if u.Serial != "" {
			e.Serials = append(e.Serials, u.Serial)
		}
		if !u.Placeholder {
			e.SKUs[u.SKUID]++
			continue
		}
		piece := match.Of(f.codes.Read(u.Scanned, ""))
		hits, err := catalogue.Find(ctx, tx, 0, piece.Codes)
		if err != nil {
			return e, err
		}
		for _, h := range hits {
			e.SKUs[h.SKU.ID]++
		}
		if len(hits) == 0 && len(piece.Bare) >= 5 {
			e.Serials = append(e.Serials, piece.Bare)
		}
	}
	slices.Sort(e.Serials)
	e.Serials = slices.Compact(e.Serials)
	return e, nil
}

// leads finds orders, and cases without an order, that anything points to. The strongest come first: what is too many is cut off.
func leads(tx *gorm.DB, e match.Evidence) ([]id.Order, []id.Case, error) {
	l := lead{tx: tx}
	if len(e.Serials) > 0 {
		l.orders("serials", "SELECT ol.order_id FROM line_serials ls JOIN order_lines ol ON ol.id = ls.order_line_id WHERE ls.serial IN ? ORDER BY ol.order_id DESC LIMIT ?", e.Serials, perTail)
	}
	if len(e.Slips) > 0 {
		l.orders("orders", "SELECT id FROM orders WHERE number IN ? ORDER BY id DESC LIMIT ?", e.Slips, perTail)
		l.cases("cases", "SELECT id AS case_id, COALESCE(order_id, 0) AS order_id FROM cases WHERE number IN ? ORDER BY id DESC LIMIT ?", e.Slips, perTail)
	}
	if e.Tail != "" {
		l.orders("phone tails", "SELECT id FROM orders WHERE buyer_tail_idx = ? AND buyer_tail_idx <> '' ORDER BY id DESC LIMIT ?", e.Tail, perTail)
	}
	products := slices.Sorted(maps.Keys(e.SKUs))
	for _, sku := range products[:min(len(products), maxProducts)] {
		l.cases("waiting cases", waitingSQL, sku, perProduct)
	}
	for _, sku := range products[:min(len(products), maxProducts)] {
		l.orders("orders of a product", "SELECT order_id FROM order_lines WHERE shipped_sku_id = ? ORDER BY id DESC LIMIT ?", sku, perProduct)
		l.orders("orders of a product", "SELECT order_id FROM order_lines WHERE sku_id = ? ORDER BY id DESC LIMIT ?", sku, perProduct)
	}
	return l.cut()
}

// waitingSQL takes the newest lines of a product that still lack pieces, and of these the cases that await them.
const waitingSQL = `SELECT l.case_id, COALESCE(c.order_id, 0) AS order_id FROM (SELECT id, case_id FROM case_lines WHERE sku_id = ? AND received < quantity ORDER BY id DESC LIMIT ?) l
 JOIN cases c ON c.id = l.case_id WHERE c.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received') AND c.decision NOT IN ('withdrawn', 'rejected', 'expired') ORDER BY l.id DESC`

// lead collects what was found, in its order.
type lead struct {
	tx      *gorm.DB
	order   []id.Order
	hits    map[id.Order]int
	orphans []id.Case // of an order that nobody knows yet
	err     error
}

func (l *lead) note(o id.Order) {
	if l.hits == nil {
		l.hits = map[id.Order]int{}
	}
	if l.hits[o]++; l.hits[o] == 1 {
		l.order = append(l.order, o)
	}
}

func (l *lead) orders(what, sql string, args ...any) {
	if l.err != nil {
		return
	}
	var found []id.Order
	if err := l.tx.Raw(sql, args...).Scan(&found).Error; err != nil {
		l.err = fmt.Errorf("look for %s: %w", what, err)
	}
	for _, o := range found {
		l.note(o)
	}
}

func (l *lead) cases(what, sql string, args ...any) {
	if l.err != nil {
		return
	}
	var found []struct {
		CaseID  id.Case
		OrderID id.Order
	}
	if err := l.tx.Raw(sql, args...).Scan(&found).Error; err != nil {
		l.err = fmt.Errorf("look for %s: %w", what, err)
	}
	for _, f := range found {
		if f.OrderID != 0 {
			l.note(f.OrderID)
		} else if !slices.Contains(l.orphans, f.CaseID) {
			l.orphans = append(l.orphans, f.CaseID)
		}
	}
}

// cut keeps as many as are weighed up: those that most questions have found, then those found by the stronger question.
func (l *lead) cut() ([]id.Order, []id.Case, error) {
	slices.SortStableFunc(l.order, func(a, b id.Order) int { return l.hits[b] - l.hits[a] })
	return l.order[:min(len(l.order), maxOrders)], l.orphans[:min(len(l.orphans), maxOrders)], l.err
}

// zero reads an optional time.
func zero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
