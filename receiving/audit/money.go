package audit

import "github.com/backdock/backdock/receiving/aftersales/refund"

// The states of a refund by what they do to money.
var (
	paid     = oneOf(statesWhere(refund.State.Paid)...)
	reserves = oneOf(statesWhere(func(s refund.State) bool { return !s.Paid() && !s.Void() })...)
	void     = oneOf(statesWhere(refund.State.Void)...)
)

func statesWhere(is func(refund.State) bool) []refund.State {
	var out []refund.State
	for _, s := range refund.States {
		if is(s) {
			out = append(out, s)
		}
	}
	return out
}

// ofLine sums our refunds per order line; ofPayment sums all refunds per payment.
var (
	ofLine = `SELECT l.order_line_id, SUM(CASE WHEN r.state IN ` + reserves + ` THEN l.amount_minor ELSE 0 END) AS reserved, SUM(CASE WHEN r.state IN ` + reserves + ` THEN l.quantity ELSE 0 END) AS reserved_pieces,
		SUM(CASE WHEN r.state IN ` + paid + ` THEN l.amount_minor ELSE 0 END) AS refunded, SUM(CASE WHEN r.state IN ` + paid + ` THEN l.quantity ELSE 0 END) AS refunded_pieces
		FROM refund_lines l JOIN refunds r ON r.id = l.refund_id WHERE r.origin = 'ours' GROUP BY l.order_line_id`
	ofPayment = `SELECT payment_id, SUM(CASE WHEN origin = 'ours' AND state IN ` + reserves + ` THEN amount_minor ELSE 0 END) AS reserved,
		SUM(CASE WHEN origin = 'ours' AND state IN ` + paid + ` THEN amount_minor ELSE 0 END) AS refunded,
		SUM(CASE WHEN origin <> 'ours' AND state IN ` + paid + ` THEN amount_minor ELSE 0 END) AS elsewhere FROM refunds GROUP BY payment_id`
)

var money = []check{
	{"line_approved", "What is approved on an order line is what its cases approved, and not above what was paid and bought.", func(dialect) string {
		return `SELECT 'order line ' || CAST(o.id AS TEXT) AS subject, 'approved ' || CAST(o.approved_minor AS TEXT) || ' of ' || CAST(o.paid_minor AS TEXT) || ', its cases ' || CAST(COALESCE(SUM(c.approved_minor), 0) AS TEXT) AS detail
			FROM order_lines o LEFT JOIN case_lines c ON c.order_line_id = o.id GROUP BY o.id, o.approved_minor, o.paid_minor, o.approved_quantity, o.quantity
			HAVING o.approved_minor <> COALESCE(SUM(c.approved_minor), 0) OR o.approved_minor > o.paid_minor OR o.approved_quantity > o.quantity OR o.approved_quantity < 0`
	}},
	{"case_approved", "What is approved on a case is what is approved on its lines.", func(dialect) string {
		return `SELECT 'case/' || c.number AS subject, 'approved ' || CAST(c.approved_minor AS TEXT) || ', its lines ' || CAST(COALESCE(SUM(l.approved_minor), 0) AS TEXT) AS detail
			FROM cases c LEFT JOIN case_lines l ON l.case_id = c.id GROUP BY c.id, c.number, c.approved_minor HAVING c.approved_minor <> COALESCE(SUM(l.approved_minor), 0)`
	}},
	{"line_refunds", "The reserved and refunded columns of an order line are the sums of our refunds.", func(dialect) string {
		return `SELECT 'order line ' || CAST(o.id AS TEXT) AS subject, 'says reserved ' || CAST(o.reserved_minor AS TEXT) || ', refunded ' || CAST(o.refunded_minor AS TEXT) || '; its refunds ' ||
			CAST(COALESCE(s.reserved, 0) AS TEXT) || ' and ' || CAST(COALESCE(s.refunded, 0) AS TEXT) AS detail
			FROM order_lines o LEFT JOIN (` + ofLine + `) s ON s.order_line_id = o.id
			WHERE o.reserved_minor <> COALESCE(s.reserved, 0) OR o.refunded_minor <> COALESCE(s.refunded, 0)
			OR o.reserved_quantity <> COALESCE(s.reserved_pieces, 0) OR o.refunded_quantity <> COALESCE(s.refunded_pieces, 0)`
	}},
	{"line_over", "Our refunds of an order line stay within what was approved, in money and in pieces.", func(dialect) string {
		return `SELECT 'order line ' || CAST(o.id AS TEXT) AS subject, 'refunds of ' || CAST(s.reserved + s.refunded AS TEXT) || ' for ' || CAST(s.reserved_pieces + s.refunded_pieces AS TEXT)
			|| ' pieces, approved ' || CAST(o.approved_minor AS TEXT) || ' for ' || CAST(o.approved_quantity AS TEXT) AS detail
			FROM order_lines o JOIN (` + ofLine + `) s ON s.order_line_id = o.id
			WHERE s.reserved + s.refunded > o.approved_minor OR s.reserved_pieces + s.refunded_pieces > o.approved_quantity`
	}},
	{"payment_refunds", "The reserved, refunded and elsewhere columns of a payment are the sums of its refunds.", func(dialect) string {
		return `SELECT 'payment ' || p.transaction_id AS subject, 'says reserved ' || CAST(p.reserved_minor AS TEXT) || ', refunded ' || CAST(p.refunded_minor AS TEXT) || ', elsewhere ' || CAST(p.elsewhere_minor AS TEXT)
			|| '; its refunds ' || CAST(COALESCE(s.reserved, 0) AS TEXT) || ', ' || CAST(COALESCE(s.refunded, 0) AS TEXT) || ', ' || CAST(COALESCE(s.elsewhere, 0) AS TEXT) AS detail
			FROM payments p LEFT JOIN (` + ofPayment + `) s ON s.payment_id = p.id
			WHERE p.reserved_minor <> COALESCE(s.reserved, 0) OR p.refunded_minor <> COALESCE(s.refunded, 0) OR p.elsewhere_minor <> COALESCE(s.elsewhere, 0)`
	}},
	{"payment_over", "Our refunds of a payment stay within what was captured.", func(dialect) string {
		return `SELECT 'payment ' || p.transaction_id AS subject, 'refunds of ' || CAST(s.reserved + s.refunded AS TEXT) || ', captured ' || CAST(p.captured_minor AS TEXT) AS detail
			FROM payments p JOIN (` + ofPayment + `) s ON s.payment_id = p.id WHERE s.reserved + s.refunded > p.captured_minor`
	}},
	{"refund_lines", "A refund of ours is the sum of its lines; the lines of one that ended without paying are free again, the others are not.", func(dialect) string {
		return `SELECT 'refund/' || r.number AS subject, 'amount ' || CAST(r.amount_minor AS TEXT) || ', its lines ' || CAST(COALESCE(SUM(l.amount_minor), 0) AS TEXT) AS detail
			FROM refunds r LEFT JOIN refund_lines l ON l.refund_id = r.id WHERE r.origin = 'ours' GROUP BY r.id, r.number, r.amount_minor, r.state
			HAVING r.amount_minor <> COALESCE(SUM(l.amount_minor), 0) OR COUNT(CASE WHEN l.live = (r.state IN ` + void + `) THEN 1 END) > 0`
	}},
	{"refund_once", "Each piece is refunded once.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, CAST(COUNT(*) AS TEXT) || ' live refunds of part ' || CAST(l.part AS TEXT) AS detail FROM refund_lines l JOIN units u ON u.id = l.unit_id
			WHERE l.live GROUP BY u.plate, l.part HAVING COUNT(*) > 1
			UNION ALL SELECT 'refund for ' || entitlement, CAST(COUNT(*) AS TEXT) || ' live refunds of part ' || CAST(part AS TEXT) FROM refunds WHERE state NOT IN ` + void + `
			GROUP BY entitlement, part HAVING COUNT(*) > 1`
	}},
	{"refund_gateway_id", "Each succeeded refund has exactly one gateway number, and no two of a payment share one.", func(dialect) string {
		return `SELECT 'refund/' || number AS subject, 'succeeded without a gateway number' AS detail FROM refunds WHERE state = 'succeeded' AND COALESCE(gateway_refund_id, '') = ''
			UNION ALL SELECT 'payment ' || CAST(payment_id AS TEXT), CAST(COUNT(*) AS TEXT) || ' refunds have the gateway number ' || gateway_refund_id FROM refunds WHERE gateway_refund_id IS NOT NULL
			GROUP BY payment_id, gateway_refund_id HAVING COUNT(*) > 1`
	}},
}
