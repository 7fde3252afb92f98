package desk_test

import (
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/receivingtest"
)

func itoa[T ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// rules are queries for what must never be found, whatever was scanned.
var rules = map[string]string{
	"a balance is not the sum of its movements": `SELECT count(*) FROM balances b WHERE b.quantity <>
 (SELECT COALESCE(SUM(CASE WHEN m.to_account = b.account THEN m.quantity ELSE -m.quantity END), 0) FROM movements m
  WHERE m.owner_id = b.owner_id AND m.warehouse_id = b.warehouse_id AND m.sku_id = b.sku_id AND b.account IN (m.to_account, m.from_account))`,
	"a movement has no balance": `SELECT count(*) FROM movements m WHERE NOT EXISTS (SELECT 1 FROM balances b WHERE b.owner_id = m.owner_id
 AND b.warehouse_id = m.warehouse_id AND b.sku_id = m.sku_id AND b.account = m.to_account)`,
	"an account is below zero":                   `SELECT count(*) FROM balances WHERE quantity < 0 AND account NOT IN ('customer', 'vendor', 'scrap', 'adjustment')`,
	"a unit is not where its last movement says": `SELECT count(*) FROM units u WHERE u.account <> (SELECT m.to_account FROM movements m WHERE m.unit_id = u.id ORDER BY m.id DESC LIMIT 1)`,
	"a unit has no movement":                     `SELECT count(*) FROM units u WHERE NOT EXISTS (SELECT 1 FROM movements m WHERE m.unit_id = u.id)`,
	"units and outcomes differ": `SELECT abs((SELECT count(*) FROM units WHERE state <> 'undone') -
 (SELECT count(*) FROM outcomes WHERE effects LIKE '%unit_booked%' AND undone_by IS NULL))`,
	"a line's count is not its units": `SELECT count(*) FROM receipt_lines l WHERE l.received <> (SELECT count(*) FROM units u WHERE u.receipt_line_id = l.id AND u.state <> 'undone')`,
	"a parcel's pieces are not its units": `SELECT count(*) FROM parcels p WHERE p.pieces <> (SELECT count(*) FROM units u WHERE u.parcel_id = p.id AND u.state <> 'undone')
 OR p.received <> (SELECT COALESCE(SUM(l.received), 0) FROM receipt_lines l WHERE l.parcel_id = p.id AND l.expected > 0)`,
	"an open parcel is open on no bench": `SELECT count(*) FROM parcels p WHERE (p.state = 'open') <> EXISTS (SELECT 1 FROM benches b WHERE b.open_parcel_id = p.id)`,
	"a producer has a gap":               `SELECT count(*) FROM producers p WHERE p.last_seq <> (SELECT count(*) FROM outcomes o WHERE o.producer = p.id)`,
	"a case line is not what closed parcels say": `SELECT count(*) FROM case_lines c WHERE c.received <> (SELECT COALESCE(SUM(l.received), 0) FROM receipt_lines l
 JOIN parcels p ON p.id = l.parcel_id WHERE l.case_line_id = c.id AND l.expected > 0 AND p.state = 'closed') AND NOT EXISTS (SELECT 1 FROM bundle_lines b WHERE b.case_line_id = c.id)`,
}

// checkBooks holds everything the desk wrote against everything else it wrote.
func checkBooks(s *receivingtest.Site) {
	s.T.Helper()
	for what, q := range rules {
		if n := receivingtest.One[int](s, q); n != 0 {
			s.T.Errorf("%s: %d", what, n)
		}
	}
}

// checkBooks asks the product's own audit as well, but for cases and money: fixtures write those without a history.
func (s *scene) checkBooks() {
	s.T.Helper()
	checkBooks(s.Site)
	rep, err := audit.RunAt(s.T.Context(), s.DB, s.Site.Clock.Now())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, b := range rep.Breaches {
		if group, _, _ := strings.Cut(b.Check, "_"); b.Check == "case_received" || !slices.Contains([]string{"case", "order", "line", "payment", "refund"}, group) {
			s.T.Errorf("audit %s: %s %s", b.Check, b.Subject, b.Detail)
		}
	}
}
