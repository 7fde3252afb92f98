package expected

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/scanner/wire"
)

// The states in which goods are awaited; the triggers of the schema know the same.
const (
	awaited    = "goods IN ('awaited', 'in_transit', 'at_dock', 'part_received')"
	comingBack = "state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable')"
)

// reader turns rows into records of a page.
type reader struct {
	tx        *gorm.DB
	warehouse id.Warehouse
	hash      *wire.Hasher
	now       time.Time
	page      *wire.ExpectedPage
}

func refOfCase(c int64) uint64     { return uint64(c) << 1 }
func refOfShipment(s int64) uint64 { return uint64(s)<<1 | 1 }

// changed tells returns as they stand now; those that await nothing here are gone. Changed products are told if a return awaits them.
func (r reader) changed(rows []change) error {
	of := map[string][]int64{}
	for _, c := range rows {
		of[c.Kind] = append(of[c.Kind], c.Ref)
	}
	for kind, ids := range of {
		slices.Sort(ids)
		of[kind] = slices.Compact(ids)
	}
	live, err := r.living("SELECT id FROM cases WHERE id IN ? AND "+awaited+" AND (warehouse_id IS NULL OR warehouse_id = ?)", of["case"], r.warehouse)
	if err == nil {
		r.gone(of["case"], live, refOfCase)
		err = r.cases(live)
	}
	if err != nil {
		return err
	}
	live, err = r.living("SELECT id FROM shipments WHERE id IN ? AND "+comingBack, of["shipment"])
	if err == nil {
		r.gone(of["shipment"], live, refOfShipment)
		err = r.shipments(live)
	}
	if err != nil {
		return err
	}
	live, err = r.living(`SELECT s.id FROM skus s WHERE s.id IN ? AND (EXISTS (SELECT 1 FROM case_lines l JOIN cases c ON c.id = l.case_id WHERE l.sku_id = s.id AND c.`+awaited+`)
 OR EXISTS (SELECT 1 FROM shipments h JOIN shipment_lines hl ON hl.shipment_id = h.id JOIN order_lines o ON o.id = hl.order_line_id WHERE h.`+comingBack+`
  AND COALESCE(o.shipped_sku_id, o.sku_id) = s.id))`, of["sku"])
	for _, sku := range live {
		r.page.SKUs = append(r.page.SKUs, wire.ExpectedSKU{ID: uint64(sku)})
	}
	return err
}

func (r reader) living(query string, ids []int64, more ...any) (live []int64, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := r.tx.Raw(query, append([]any{ids}, more...)...).Scan(&live).Error; err != nil {
		return nil, fmt.Errorf("which returns are awaited: %w", err)
	}
	slices.Sort(live)
	return live, nil
}

func (r reader) gone(all, live []int64, ref func(int64) uint64) {
	for _, n := range all {
		if _, here := slices.BinarySearch(live, n); !here {
			r.page.Gone = append(r.page.Gone, ref(n))
		}
	}
}

// cases adds cases with their numbers and what they still await.
func (r reader) cases(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var heads []struct {
		ID          int64
		Number      string
		OrderNumber string
		Decision    string
		Money       string
	}
	err := r.tx.Raw(`SELECT c.id, c.number, COALESCE(o.number, c.order_number) AS order_number, c.decision, c.money FROM cases c LEFT JOIN orders o ON o.id = c.order_id
 WHERE c.id IN ? ORDER BY c.id`, ids).Scan(&heads).Error
	if err != nil {
		return fmt.Errorf("read cases: %w", err)
	}
	keys, err := r.waybills(ids)
	if err != nil {
		return err
	}
	lines, err := r.lines(`SELECT case_id AS of, sku_id, order_line_id, SUM(quantity - received) AS count FROM case_lines WHERE case_id IN ? AND received < quantity
 GROUP BY case_id, sku_id, order_line_id ORDER BY case_id, sku_id, order_line_id`, ids)
	if err != nil {
		return err
	}
	for _, c := range heads {
		out := wire.ExpectedReturn{Ref: refOfCase(c.ID), Keys: keys[c.ID], Lines: lines[c.ID],
			Over: slices.Contains([]string{"withdrawn", "rejected", "expired"}, c.Decision) || c.Money == "returned" || c.Money == "returned_elsewhere"}
		out.Keys = append(out.Keys, wire.ExpectedKey{Role: wire.RoleCase, Sum: r.hash.Sum(wire.SumNumber, c.Number)})
		if c.OrderNumber != "" {
			out.Keys = append(out.Keys, wire.ExpectedKey{Role: wire.RoleOrder, Sum: r.hash.Sum(wire.SumNumber, c.OrderNumber)})
		}
		r.page.Returns = append(r.page.Returns, out)
	}
	return nil
}

// waybills reads the numbers under which a case's goods may come: its own, and those its order went out under, once the buyer has signed for them.
func (r reader) waybills(ids []int64) (map[int64][]wire.ExpectedKey, error) {
	var rows []struct {
		CaseID int64
		Role   string
		Number string
	}
	err := r.tx.Raw(`SELECT a.case_id, a.role, a.number FROM waybill_aliases a WHERE a.case_id IN @ids AND (a.valid_to IS NULL OR a.valid_to > @now)
 UNION SELECT c.id, 'outbound', s.waybill FROM cases c JOIN shipment_lines l ON l.order_id = c.order_id JOIN shipments s ON s.id = l.shipment_id
  WHERE c.id IN @ids AND s.state = 'delivered' ORDER BY 1, 2, 3`, map[string]any{"ids": ids, "now": r.now}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("waybills of cases: %w", err)
	}
	roles := map[string]wire.Role{"return": wire.RoleReturn, "platform": wire.RolePlatform, "outbound": wire.RoleOutbound}
	out := make(map[int64][]wire.ExpectedKey, len(ids))
	for _, a := range rows {
		out[a.CaseID] = append(out[a.CaseID], wire.ExpectedKey{Role: roles[a.Role], Sum: r.hash.Sum(wire.SumWaybill, a.Number)})
	}
	return out, nil
}

// shipments adds parcels that come back unopened, with all that went out in them.
func (r reader) shipments(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var heads []struct {
		ID      int64
		Waybill string
	}
	if err := r.tx.Raw("SELECT id, waybill FROM shipments WHERE id IN ? ORDER BY id", ids).Scan(&heads).Error; err != nil {
		return fmt.Errorf("read shipments: %w", err)
	}
	lines, err := r.lines(`SELECT l.shipment_id AS of, COALESCE(o.shipped_sku_id, o.sku_id) AS sku_id, l.order_line_id, l.quantity AS count FROM shipment_lines l
 JOIN order_lines o ON o.id = l.order_line_id WHERE l.shipment_id IN ? AND COALESCE(o.shipped_sku_id, o.sku_id) IS NOT NULL ORDER BY 1, 2, 3`, ids)
	if err != nil {
		return err
	}
	for _, s := range heads {
		r.page.Returns = append(r.page.Returns, wire.ExpectedReturn{Ref: refOfShipment(s.ID), Lines: lines[s.ID],
			Keys: []wire.ExpectedKey{{Role: wire.RoleWhole, Sum: r.hash.Sum(wire.SumWaybill, s.Waybill)}}})
	}
	return nil
}

// lines reads what is awaited, with the serials that went out where pieces have them.
func (r reader) lines(query string, ids []int64) (map[int64][]wire.ExpectedLine, error) {
	var rows []struct {
		Of          int64
		SKUID       int64 `gorm:"column:sku_id"`
		OrderLineID *int64
		Count       int64
	}
	if err := r.tx.Raw(query, ids).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("lines of expected returns: %w", err)
	}
	var sold []int64
	for _, l := range rows {
		if l.OrderLineID != nil {
			sold = append(sold, *l.OrderLineID)
		}
	}
	serials, err := r.serials(sold)
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]wire.ExpectedLine, len(ids))
	for _, l := range rows {
		line := wire.ExpectedLine{SKU: uint64(l.SKUID), Count: uint64(l.Count)}
		if l.OrderLineID != nil {
			line.Serials = serials[*l.OrderLineID]
		}
		out[l.Of] = append(out[l.Of], line)
	}
	return out, nil
}

func (r reader) serials(lines []int64) (map[int64][]uint64, error) {
	out := map[int64][]uint64{}
	if len(lines) == 0 {
		return out, nil
	}
	var rows []struct {
		OrderLineID int64
		Serial      string
	}
	err := r.tx.Raw(`SELECT n.order_line_id, n.serial FROM line_serials n JOIN order_lines o ON o.id = n.order_line_id JOIN skus s ON s.id = COALESCE(o.shipped_sku_id, o.sku_id)
 WHERE n.order_line_id IN ? AND s.serial_tracked ORDER BY n.order_line_id, n.serial`, lines).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("serials of expected returns: %w", err)
	}
	for _, s := range rows {
		out[s.OrderLineID] = append(out[s.OrderLineID], r.hash.Sum(wire.SumSerial, s.Serial))
	}
	return out, nil
}

// products adds every product that the page's returns name, each once, with the codes that name a single piece of it.
func (r reader) products() error {
	var ids []id.SKU
	for _, s := range r.page.SKUs {
		ids = append(ids, id.SKU(s.ID))
	}
	for _, v := range r.page.Returns {
		for _, l := range v.Lines {
			ids = append(ids, id.SKU(l.SKU))
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	r.page.SKUs = nil
	if len(ids) == 0 {
		return nil
	}
	var skus []catalogue.SKU
	if err := r.tx.Select("id", "code", "placeholder").Where("id IN ?", ids).Find(&skus).Error; err != nil {
		return fmt.Errorf("products of expected returns: %w", err)
	}
	codes, err := catalogue.CodesOf(r.tx.Statement.Context, r.tx, ids)
	if err != nil {
		return err
	}
	slices.SortFunc(skus, func(a, b catalogue.SKU) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range skus {
		out := wire.ExpectedSKU{ID: uint64(s.ID)}
		if !s.Placeholder {
			for _, code := range append(codes[s.ID], s.Code) {
				out.Codes = append(out.Codes, r.hash.Sum(wire.SumCode, code))
			}
		}
		r.page.SKUs = append(r.page.SKUs, out)
	}
	return nil
}
