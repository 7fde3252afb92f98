package report

import (
	"fmt"
	"slices"
	"time"
)

func (m *making) kpi() error {
	k := &m.board.KPI
	const parcels = "SELECT COUNT(*) FROM parcels WHERE warehouse_id = ? AND closed_at >= ? AND closed_at < ?"
	const pieces = "SELECT COUNT(*) FROM units WHERE warehouse_id = ? AND received_at >= ? AND received_at < ? AND state <> 'undone'"
	const flow = "SELECT COALESCE(CAST(SUM(quantity) AS BIGINT), 0) FROM movements WHERE warehouse_id = ? AND at >= ? AND "
	today, yesterday := []any{m.site.ID, m.day, m.dayEnd}, []any{m.site.ID, m.dayAgo, m.sameTime}
	var matched, matchedBefore, in, out int64
	err := m.numbers("figures",
		figure{&k.Parcels.Today, parcels, today}, figure{&k.Parcels.Yesterday, parcels, yesterday},
		figure{&k.Pieces.Today, pieces, today}, figure{&k.Pieces.Yesterday, pieces, yesterday},
		figure{&matched, pieces + " AND finding = 'match'", today}, figure{&matchedBefore, pieces + " AND finding = 'match'", yesterday},
		figure{&k.Quarantine.Now, "SELECT COUNT(*) FROM units WHERE warehouse_id = ? AND account = 'quarantine' AND state <> 'undone'", []any{m.site.ID}},
		figure{&k.Quarantine.Over3D, "SELECT COUNT(*) FROM units WHERE warehouse_id = ? AND account = 'quarantine' AND state <> 'undone' AND received_at < ?", []any{m.site.ID, m.now.Add(-72 * time.Hour)}},
		figure{&in, flow + "to_account = 'quarantine'", []any{m.site.ID, m.sameTime}},
		figure{&out, flow + "from_account = 'quarantine'", []any{m.site.ID, m.sameTime}})
	if err != nil {
		return err
	}
	// What lay there yesterday is what lies there now, less what has come since and plus what has left.
	k.Quarantine.Yesterday = max(0, k.Quarantine.Now-in+out)
	k.MatchRate = Ratio{share(matched, k.Pieces.Today), share(matchedBefore, k.Pieces.Yesterday)}
	if k.MedianHandlingS.Today, err = m.median(k.Parcels.Today, today); err != nil {
		return err
	}
	k.MedianHandlingS.Yesterday, err = m.median(k.Parcels.Yesterday, yesterday)
	return err
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// median is the middle handling time of n closed parcels.
func (m *making) median(n int64, span []any) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	took := seconds(m.tx, "closed_at", "opened_at")
	sql := fmt.Sprintf("SELECT %s FROM parcels WHERE warehouse_id = ? AND closed_at >= ? AND closed_at < ? AND opened_at IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET ?", took)
	return m.number("handling time", sql, append(append([]any{}, span...), (n-1)/2)...)
}

// refundSite joins a refund to the warehouse it concerns: that of its piece, else of its case. One without either concerns every warehouse.
const refundSite = `FROM refunds r LEFT JOIN units u ON u.id = r.unit_id LEFT JOIN cases c ON c.id = r.case_id
WHERE (COALESCE(u.warehouse_id, c.warehouse_id) = ? OR COALESCE(u.warehouse_id, c.warehouse_id) IS NULL) AND `

func (m *making) money() error {
	k := &m.board.KPI.RefundedMinor
	const paid = "SELECT COALESCE(CAST(SUM(r.amount_minor) AS BIGINT), 0) " + refundSite + "r.settled_at >= ? AND r.settled_at < ? AND r.state IN ('succeeded', 'paid_by_hand')"
	today := []any{m.site.ID, m.day, m.dayEnd}
	if err := m.numbers("refunded", figure{&k.Today, paid, today}, figure{&k.Yesterday, paid, []any{m.site.ID, m.dayAgo, m.sameTime}}); err != nil {
		return err
	}
	k.Currency = "CNY"
	type row struct {
		State    string
		Currency string
		N        int64
		Minor    int64
	}
	// Two queries, for two partial indexes: joined by OR they would read every refund there ever was.
	const byState = "SELECT r.state, MAX(r.currency) AS currency, COUNT(*) AS n, CAST(SUM(r.amount_minor) AS BIGINT) AS minor " + refundSite
	live, err := scan[row](m.tx, "refunds by state", byState+"r.state NOT IN ('succeeded', 'failed', 'closed', 'cancelled', 'paid_by_hand') GROUP BY r.state", m.site.ID)
	if err != nil {
		return err
	}
	failed, err := scan[row](m.tx, "failed refunds", byState+"r.state = 'failed' AND NOT EXISTS (SELECT 1 FROM refunds n WHERE n.replaces = r.id) GROUP BY r.state", m.site.ID)
	if err != nil {
		return err
	}
	settled, err := scan[row](m.tx, "refunds of today", "SELECT 'succeeded_today' AS state, COALESCE(MAX(r.currency), '') AS currency, COUNT(*) AS n, COALESCE(CAST(SUM(r.amount_minor) AS BIGINT), 0) AS minor "+
		refundSite+"r.settled_at >= ? AND r.settled_at < ? AND r.state IN ('succeeded', 'paid_by_hand')", today...)
	if err != nil {
		return err
	}
	by := m.board.Refunds
	for _, s := range []string{"due", "requested", "authorized", "sending", "unknown", "accepted", "succeeded_today", "held", "failed"} {
		by[s] = Tally{}
	}
	for _, r := range slices.Concat(live, failed, settled) {
		by[r.State] = Tally{r.N, r.Minor}
		if r.Currency != "" {
			k.Currency = r.Currency
		}
		if r.State != "failed" && r.State != "succeeded_today" {
			by["due"] = Tally{by["due"].N + r.N, by["due"].Minor + r.Minor}
		}
	}
	return nil
}

// slot is the width of what hours are put together from: half an hour, so that a day on which clocks move by half an hour still falls into hours.
const slot = 1800

// hours counts per hour of the warehouse's day. SQL counts in slots since midnight; what hour a slot belongs to is for the time zone to say.
func (m *making) hours() error {
	m.board.Hours = make([]Hour, 24)
	for h := range m.board.Hours {
		m.board.Hours[h].Hour = h
	}
	for _, q := range []struct {
		from, to   time.Time
		at, source string
		into       func(*Hour) *int64
	}{
		{m.day, m.dayEnd, "received_at", "units WHERE warehouse_id = ? AND state <> 'undone'", func(h *Hour) *int64 { return &h.Received }},
		{m.dayAgo, m.day, "received_at", "units WHERE warehouse_id = ? AND state <> 'undone'", func(h *Hour) *int64 { return &h.Yesterday }},
		{m.day, m.dayEnd, "i.at", "inspections i JOIN units u ON u.id = i.unit_id WHERE u.warehouse_id = ? AND i.undone_at IS NULL", func(h *Hour) *int64 { return &h.Released }},
	} {
		elapsed := seconds(m.tx, q.at, "CAST(? AS TIMESTAMPTZ)")
		if m.tx.Name() == "sqlite" {
			elapsed = seconds(m.tx, q.at, "?")
		}
		rows, err := scan[struct{ Slot, N int64 }](m.tx, "hours", fmt.Sprintf("SELECT %s / %d AS slot, COUNT(*) AS n FROM %s AND %s >= ? AND %s < ? GROUP BY 1", elapsed, slot, q.source, q.at, q.at),
			q.from, m.site.ID, q.from, q.to)
		if err != nil {
			return err
		}
		for _, r := range rows {
			at := q.from.Add(time.Duration(r.Slot*slot) * time.Second).In(m.zone)
			*q.into(&m.board.Hours[at.Hour()]) += r.N
		}
	}
	return nil
}
