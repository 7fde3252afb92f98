package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// caseEvents are those that tell a case's facets.
const caseEvents = "('backdock.case.submitted.v1', 'backdock.case.changed.v1')"

var facets = []check{
	facet(aftersales.Decision, ""), facet(aftersales.Goods, ""), facet(aftersales.Judgement, "none"), facet(aftersales.Money, "none"),
	{"case_moves", "Every move of a facet begins where the one before it ended and is one that the table allows.", caseMoves},
	{"order_state", "An order stands where its last event says.", func(q dialect) string { return orderKey(q, "state", "o.state", "") }},
	{"order_overlay", "An order's overlays are what its last events say.", func(q dialect) string {
		on := "CASE WHEN o.return_in_progress THEN 'true' ELSE 'false' END"
		said := "CASE WHEN e.v IN ('1', 'true') THEN 'true' ELSE 'false' END"
		return orderKey(q, "refund_overlay", "o.refund_overlay", "") + " UNION ALL " + strings.ReplaceAll(orderKey(q, "return_in_progress", on, ""), "COALESCE(e.v, '')", said)
	}},
	{"unit_events", "A unit stands where its last event says.", unitEvents},
	{"parcel_state", "A parcel stands where its last event says.", parcelState},
	{"refund_state", "A refund stands where its last event says, and got there as the table allows.", refundState},
}

// facet checks one facet of a case against the last event that names it; a case begins with initial when its first event does not say.
func facet(f aftersales.Facet, initial string) check {
	return check{"case_" + string(f), fmt.Sprintf("A case's %s is what its last event says.", f), func(q dialect) string {
		v := q.text("data", string(f))
		return fmt.Sprintf(`SELECT 'case/' || c.number AS subject, 'is ' || c.%[1]s || ', its events say ' || COALESCE(e.v, '%[2]s') AS detail FROM cases c
			LEFT JOIN (SELECT %[3]s AS case_id, %[4]s AS v, ROW_NUMBER() OVER (PARTITION BY %[3]s ORDER BY id DESC) AS r FROM events WHERE type IN %[5]s AND %[4]s IS NOT NULL) e
			ON e.case_id = c.id AND e.r = 1 WHERE c.%[1]s <> COALESCE(e.v, '%[2]s')`, f, initial, q.number("data", "case"), v, caseEvents)
	}}
}

// caseMoves follows each facet through its events.
func caseMoves(q dialect) string {
	var parts []string
	for _, f := range []aftersales.Facet{aftersales.Decision, aftersales.Goods, aftersales.Judgement, aftersales.Money} {
		parts = append(parts, fmt.Sprintf(`SELECT subject, '%[1]s' AS facet, %[2]s AS v, %[3]s AS said, LAG(%[2]s) OVER (PARTITION BY %[4]s ORDER BY id) AS was, type
			FROM events WHERE type IN %[5]s AND %[2]s IS NOT NULL`, f, q.text("data", string(f)), q.text("data", string(f)+"_from"), q.number("data", "case"), caseEvents))
	}
	return `SELECT m.subject AS subject, m.facet || ' went from ' || COALESCE(m.said, 'nothing') || ' to ' || m.v || ', it was ' || COALESCE(m.was, 'not said') AS detail
		FROM (` + strings.Join(parts, " UNION ALL ") + `) m LEFT JOIN (` + allowedMoves() + `) a ON a.facet = m.facet AND a.said = m.said AND a.v = m.v
		WHERE m.type = 'backdock.case.changed.v1' AND (a.facet IS NULL OR (m.was IS NOT NULL AND m.was <> m.said))`
}

func allowedMoves() string {
	var rows []string
	for _, f := range slices.Sorted(maps.Keys(aftersales.Next)) {
		for _, from := range slices.Sorted(maps.Keys(aftersales.Next[f])) {
			for _, to := range aftersales.Next[f][from] {
				rows = append(rows, fmt.Sprintf("('%s', '%s', '%s')", f, from, to))
			}
		}
	}
	return "SELECT column1 AS facet, column2 AS said, column3 AS v FROM (VALUES " + strings.Join(rows, ", ") + ") AS allowed"
}

// orderKey checks a column of an order against the last event that names key.
func orderKey(q dialect, key, column, initial string) string {
	return fmt.Sprintf(`SELECT 'order/' || o.number AS subject, '%[1]s is ' || %[2]s || ', its events say ' || COALESCE(e.v, 'nothing') AS detail FROM orders o
		LEFT JOIN (SELECT %[3]s AS order_id, %[4]s AS v, ROW_NUMBER() OVER (PARTITION BY %[3]s ORDER BY id DESC) AS r FROM events
		WHERE type IN ('backdock.order.imported.v1', 'backdock.order.changed.v1') AND %[4]s IS NOT NULL) e ON e.order_id = o.id AND e.r = 1
		WHERE %[2]s <> COALESCE(e.v, '%[5]s')`, key, column, q.number("data", "order"), q.text("data", key), initial)
}

// unitEvents checks units against the last event that says where they are.
func unitEvents(q dialect) string {
	said := q.text("data", "account")
	return fmt.Sprintf(`SELECT 'unit/' || u.plate AS subject, 'is ' || u.state || ' in ' || u.account || ', its last event is ' || COALESCE(e.type || ' to ' || e.v, e.type, 'missing') AS detail FROM units u
		LEFT JOIN (SELECT subject, type, %[1]s AS v, ROW_NUMBER() OVER (PARTITION BY subject ORDER BY id DESC) AS r FROM events
		WHERE subject LIKE 'unit/%%' AND (%[1]s IS NOT NULL OR type = 'backdock.unit.undone.v1')) e ON e.subject = 'unit/' || u.plate AND e.r = 1
		WHERE e.subject IS NULL OR (u.state = 'undone') <> (e.type = 'backdock.unit.undone.v1') OR (u.state <> 'undone' AND COALESCE(e.v, '') <> u.account)`, said)
}

// parcelTo is the state that an event leaves a parcel in.
var parcelTo = map[string]string{"opened": "open", "resumed": "open", "reopened": "at_dock", "taken_over": "open", "held": "held", "closed": "closed", "emptied": "closed", "put_back": "at_dock",
	"docked": "at_dock", "undocked": "expected", "refused": "refused_at_dock", "handed_back": "handed_back", "turn_undone": "at_dock"}

func parcelState(dialect) string {
	var whens, types []string
	for _, e := range slices.Sorted(maps.Keys(parcelTo)) {
		kind := "backdock.parcel." + e + ".v1"
		whens = append(whens, fmt.Sprintf("WHEN '%s' THEN '%s'", kind, parcelTo[e]))
		types = append(types, kind)
	}
	// Parcel numbers are P and the id in at least six digits.
	return fmt.Sprintf(`SELECT 'parcel ' || CAST(p.id AS TEXT) AS subject, 'is ' || p.state || ', its events say ' || COALESCE(e.v, 'nothing') AS detail FROM parcels p
		LEFT JOIN (SELECT CAST(SUBSTR(subject, 9) AS BIGINT) AS parcel_id, CASE type %s END AS v, ROW_NUMBER() OVER (PARTITION BY subject ORDER BY id DESC) AS r
		FROM events WHERE type IN %s) e ON e.parcel_id = p.id AND e.r = 1
		WHERE p.state <> COALESCE(e.v, '')`, strings.Join(whens, " "), oneOf(types...))
}

func refundState(q dialect) string {
	from, to := q.text("data", "from"), q.text("data", "to")
	var rows []string
	for _, a := range refund.States {
		rows = append(rows, fmt.Sprintf("('', '%s')", a)) // begun, or observed
		for _, b := range refund.States {
			if a.May(b) {
				rows = append(rows, fmt.Sprintf("('%s', '%s')", a, b))
			}
		}
	}
	told := fmt.Sprintf(`SELECT subject, type, %[1]s AS said, %[2]s AS v, LAG(%[2]s) OVER (PARTITION BY subject ORDER BY id) AS was, ROW_NUMBER() OVER (PARTITION BY subject ORDER BY id DESC) AS r
		FROM events WHERE subject LIKE 'refund/%%' AND %[2]s IS NOT NULL`, from, to)
	return `SELECT 'refund/' || f.number AS subject, 'is ' || f.state || ', its events say ' || COALESCE(e.v, 'nothing') AS detail FROM refunds f
		LEFT JOIN (` + told + `) e ON e.subject = 'refund/' || f.number AND e.r = 1 WHERE f.state <> COALESCE(e.v, '')
		UNION ALL SELECT e.subject, 'went from ' || COALESCE(NULLIF(e.said, ''), 'nothing') || ' to ' || e.v || ', it was ' || COALESCE(e.was, 'nothing')
		FROM (` + told + `) e LEFT JOIN (SELECT column1 AS said, column2 AS v FROM (VALUES ` + strings.Join(rows, ", ") + `) AS allowed) a ON a.said = e.said AND a.v = e.v
		WHERE a.v IS NULL AND NOT (e.type = 'backdock.refund.attributed.v1' AND e.said = e.v) OR COALESCE(e.was, '') <> e.said`
}

var log = []check{
	{"event_unstamped", "No event waits long for its number.", func(q dialect) string {
		return `SELECT 'event ' || CAST(e.id AS TEXT) AS subject, e.type || ' has no number' AS detail FROM events e
			WHERE e.at < ` + q.before(Grace) + ` AND NOT EXISTS (SELECT 1 FROM event_order o WHERE o.event_id = e.id)`
	}},
	{"event_version", "The events of a subject never go back in version.", func(dialect) string {
		return `SELECT v.subject AS subject, v.type || ' has version ' || CAST(v.version AS TEXT) || ' after ' || CAST(v.was AS TEXT) AS detail FROM (
			SELECT subject, type, version, owner_id, shop_id, LAG(version) OVER (PARTITION BY subject, shop_id ORDER BY id) AS was FROM events) v WHERE v.was IS NOT NULL AND v.version < v.was`
	}},
}
