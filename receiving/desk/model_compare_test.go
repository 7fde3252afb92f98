package desk_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/receiving/receivingtest"
)

// check holds after every act what must always hold; now and then it compares the whole.
func (h *hall) check(rt *rapid.T) {
	h.rt = rt
	for what, q := range map[string]string{
		"a piece is paid for twice":             "SELECT COALESCE(MAX(n), 0) FROM (SELECT count(*) AS n FROM refund_lines WHERE live AND unit_id IS NOT NULL GROUP BY unit_id) x",
		"a line is paid for beyond its request": "SELECT COALESCE(MAX(1 + n - q), 1) FROM (SELECT SUM(f.quantity) AS n, MIN(c.quantity) AS q FROM refund_lines f JOIN case_lines c ON c.id = f.case_line_id WHERE f.live GROUP BY c.id) x",
	} {
		if n := receivingtest.One[int](h.Site, q); n > 1 {
			rt.Fatalf("%s: %d", what, n)
		}
	}
	if n := receivingtest.One[int](h.Site, "SELECT count(*) FROM refund_lines f JOIN units u ON u.id = f.unit_id WHERE f.live AND (u.finding NOT IN ('match', 'damaged', 'accessory_missing') OR u.state = 'undone')"); n > 0 {
		rt.Fatalf("%d pieces are paid for that were not awaited", n)
	}
	if h.steps%7 == 0 {
		h.compare()
	}
}

// compare holds parcels, units, entitlements and benches against the model.
func (h *hall) compare() {
	got, want := h.seen(), h.told()
	if slices.Equal(got, want) {
		return
	}
	var diff []string
	for _, l := range got {
		if !slices.Contains(want, l) {
			diff = append(diff, "books "+l)
		}
	}
	for _, l := range want {
		if !slices.Contains(got, l) {
			diff = append(diff, "model "+l)
		}
	}
	slices.SortFunc(diff, func(a, b string) int { return strings.Compare(a[6:], b[6:]) })
	h.rt.Fatalf("books and model differ\n%s", strings.Join(diff, "\n"))
}

// told is what the model says, a line per thing.
func (h *hall) told() (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, p := range h.parcels {
		expected, received := 0, 0
		for _, l := range p.lines {
			expected, received = expected+l.expected, received+l.received
		}
		say("parcel %s %s owned=%v note=%q %d/%d pieces=%d", p.number, p.state, p.owned, p.note, received, expected, len(h.pieces(p)))
	}
	for _, u := range h.units {
		account, on := u.account, ""
		if u.undone {
			account = "customer"
		}
		if u.line != nil && !u.undone {
			on = u.line.of.c.number + "/" + u.line.of.sku
		}
		say("unit %s %s %s %s condition=%q undone=%v counts=%q", u.plate, u.finding, account, u.parcel.number, u.condition, u.undone, on)
	}
	for _, c := range h.cases {
		for _, l := range c.lines {
			if c.known {
				say("case line %s/%s %d of %d", c.number, l.sku, l.received, l.quantity)
			}
		}
	}
	for n, b := range h.benches {
		open := ""
		if b.open != nil {
			open = b.open.number
		}
		say("bench %d has %q", n+1, open)
	}
	slices.Sort(out)
	return out
}

// seen is what the books say, in the same words.
func (h *hall) seen() (out []string) {
	ask := func(q string) {
		var rows []string
		h.must(h.DB.Read.Raw(q).Scan(&rows).Error)
		out = append(out, rows...)
	}
	text := func(x string) string { return "CAST(" + x + " AS TEXT)" }
	yes := func(x string) string { return "CASE WHEN " + x + " THEN 'true' ELSE 'false' END" }
	number := "'P' || CASE WHEN p.id < 1000000 THEN SUBSTR('000000', 1, 6 - LENGTH(" + text("p.id") + ")) ELSE '' END || " + text("p.id")
	ask(`SELECT 'parcel ' || ` + number + ` || ' ' || p.state || ' owned=' || ` + yes("p.owner_id IS NOT NULL") + ` || ' note="' || p.note || '" ' || ` + text("p.received") + ` || '/' || ` +
		text("p.expected") + ` || ' pieces=' || ` + text("p.pieces") + ` FROM parcels p`)
	ask(`SELECT 'unit ' || u.plate || ' ' || u.finding || ' ' || u.account || ' ' || ` + number + ` || ' condition="' || u.condition || '" undone=' || ` + yes("u.state = 'undone'") +
		` || ' counts="' || CASE WHEN u.state = 'undone' OR l.case_line_id IS NULL OR l.expected = 0 THEN '' ELSE c.number || '/' || s.code END || '"'
 FROM units u JOIN parcels p ON p.id = u.parcel_id JOIN receipt_lines l ON l.id = u.receipt_line_id LEFT JOIN case_lines k ON k.id = l.case_line_id LEFT JOIN cases c ON c.id = k.case_id
 LEFT JOIN skus s ON s.id = k.sku_id`)
	ask(`SELECT 'case line ' || c.number || '/' || s.code || ' ' || ` + text("l.received") + ` || ' of ' || ` + text("l.quantity") + ` FROM case_lines l JOIN cases c ON c.id = l.case_id JOIN skus s ON s.id = l.sku_id`)
	ask(`SELECT 'bench ' || ` + text("b.number") + ` || ' has "' || COALESCE(` + number + `, '') || '"' FROM benches b LEFT JOIN parcels p ON p.id = b.open_parcel_id`)
	slices.Sort(out)
	return out
}
