package audit

import (
	"fmt"
	"strings"

	"github.com/backdock/backdock/receiving/work"
)

// dock holds what came in at the door against the events that tell it.
var dock = []check{
	{"dock_event", "A parcel that came in at the dock did so by one scan that was not taken back; one whose scan was taken back has none left.", func(dialect) string {
		const times = `(SELECT COUNT(*) FROM events e WHERE e.subject = %s AND e.type = 'backdock.parcel.%s.v1')`
		subject := "'parcel/P' || CASE WHEN d.parcel_id < 1000000 THEN SUBSTR('000000' || CAST(d.parcel_id AS TEXT), LENGTH(CAST(d.parcel_id AS TEXT)) + 1) ELSE CAST(d.parcel_id AS TEXT) END"
		left := fmt.Sprintf(times, subject, "docked") + " - " + fmt.Sprintf(times, subject, "undocked")
		return `SELECT 'parcel ' || CAST(d.parcel_id AS TEXT) AS subject, 'docked ' || CAST(d.left_over AS TEXT) || ' times more than taken back' AS detail
			FROM (SELECT d.parcel_id, d.undone_at, ` + left + ` AS left_over FROM dockings d) d WHERE d.left_over <> CASE WHEN d.undone_at IS NULL THEN 1 ELSE 0 END
			UNION ALL SELECT e.subject, 'its events say docked, and it has no docking' FROM events e
			LEFT JOIN dockings d ON d.parcel_id = CAST(SUBSTR(e.subject, 9) AS BIGINT) WHERE e.type = 'backdock.parcel.docked.v1' AND d.parcel_id IS NULL`
	}},
	{"dock_turned", "A parcel that was refused or handed back left for a reason, and one that stands at the dock did not.", func(dialect) string {
		return `SELECT 'parcel ' || CAST(p.id AS TEXT) AS subject, 'is ' || p.state || ', its docking says ' || COALESCE(d.reason, 'nothing') AS detail FROM parcels p
			LEFT JOIN dockings d ON d.parcel_id = p.id WHERE (p.state IN ('refused_at_dock', 'handed_back')) <> (d.turned_at IS NOT NULL AND d.reason IS NOT NULL)
			AND NOT EXISTS (SELECT 1 FROM unclaimed_ends e WHERE e.parcel_id = p.id AND e.confirmed_at IS NOT NULL)`
	}},
	{"handover_count", "The number of a hand-over is that of its parcels, and its closing told the same.", func(q dialect) string {
		return `SELECT 'handover/' || CAST(h.id AS TEXT) AS subject, 'says ' || CAST(h.parcels AS TEXT) || ' parcels, has ' || CAST(COUNT(d.parcel_id) AS TEXT) AS detail
			FROM handovers h LEFT JOIN dockings d ON d.handover_id = h.id AND d.counted GROUP BY h.id, h.parcels HAVING h.parcels <> COUNT(d.parcel_id)
			UNION ALL SELECT 'handover/' || CAST(h.id AS TEXT), 'is ' || h.state || ', ' || CAST(COUNT(e.id) AS TEXT) || ' events say closed with ' || CAST(h.parcels AS TEXT)
			FROM handovers h LEFT JOIN events e ON e.subject = 'handover/' || CAST(h.id AS TEXT) AND e.type = 'backdock.handover.closed.v1' AND ` + q.number("e.data", "parcels") + ` = h.parcels
			GROUP BY h.id, h.state, h.parcels HAVING COUNT(e.id) <> CASE WHEN h.state = 'closed' THEN 1 ELSE 0 END`
	}},
	{"unscanned_task", "An alarm for what was signed for and not scanned is open exactly as long as its task.", func(q dialect) string {
		return `SELECT 'waybill ' || u.waybill AS subject, CASE WHEN u.resolved_at IS NULL THEN 'is open' ELSE 'is resolved' END || ', its task is ' || COALESCE(t.state, 'missing') AS detail FROM unscanned u
			LEFT JOIN tasks t ON t.kind = 'signed_not_scanned' AND ` + q.text("t.params", "waybill") + ` = u.waybill AND ` + q.text("t.params", "carrier") + ` = u.carrier
			WHERE (u.resolved_at IS NULL) <> (COALESCE(t.state, '') = 'open')`
	}},
	{"unscanned_here", "No alarm is open for a waybill whose parcel came in since.", func(dialect) string {
		return `SELECT 'waybill ' || u.waybill AS subject, 'parcel ' || CAST(p.id AS TEXT) || ' is ' || p.state || ' since' AS detail FROM unscanned u
			JOIN parcels p ON p.waybill = u.waybill AND p.state <> 'expected' AND p.created_at >= u.raised_at WHERE u.resolved_at IS NULL`
	}},
	{"track_signed", "A waybill counts as signed for since the first delivery that no later checkpoint takes back.", func(dialect) string {
		return `SELECT 'waybill ' || t.waybill AS subject, 'is signed for at ' || COALESCE(CAST(t.signed_at AS TEXT), 'no time') || ', its checkpoints say ' || COALESCE(CAST(c.at AS TEXT), 'no time') AS detail
			FROM waybill_tracks t LEFT JOIN (SELECT d.waybill, d.carrier, MIN(d.at) AS at FROM checkpoints d WHERE d.code IN ('delivered', 'returned')
			AND NOT EXISTS (SELECT 1 FROM checkpoints x WHERE x.waybill = d.waybill AND x.carrier = d.carrier AND x.code NOT IN ('delivered', 'returned', 'exception') AND x.at > d.at)
			GROUP BY d.waybill, d.carrier) c ON c.waybill = t.waybill AND c.carrier = t.carrier WHERE (t.signed_at IS NULL) <> (c.at IS NULL) OR t.signed_at <> c.at`
	}},
	{"work_done", "The work that is counted is what the events up to the cursor tell.", workDone},
}

// workDone recounts each measure as a whole; where in the day it belongs is the projection's own business.
func workDone(dialect) string {
	var told []string
	for _, r := range work.Rules {
		from := fmt.Sprintf("FROM events e JOIN event_order o ON o.event_id = e.id WHERE e.type = '%s' AND o.seq <= (SELECT seq FROM work_cursor)", r.Type)
		switch {
		case r.Subject != nil:
			continue // its own events say whose it is
		case r.Of != "":
			from += fmt.Sprintf(" AND EXISTS (SELECT 1 FROM events b WHERE b.subject = e.subject AND b.type = '%s' AND b.id < e.id AND b.warehouse_id IS NOT NULL)", r.Of)
		case r.First:
			from += " AND e.version = 1 AND e.warehouse_id IS NOT NULL"
		default:
			from += " AND e.warehouse_id IS NOT NULL"
		}
		told = append(told, fmt.Sprintf("SELECT '%s' AS measure, %d * COUNT(*) AS n %s", r.Measure, r.Count, from))
	}
	// Errors may also come from rules that are left out here.
	return `SELECT 'measure ' || t.measure AS subject, 'counted ' || CAST(COALESCE(w.n, 0) AS TEXT) || ', the events tell ' || CAST(t.n AS TEXT) AS detail
		FROM (SELECT measure, SUM(n) AS n FROM (` + strings.Join(told, " UNION ALL ") + `) x GROUP BY measure) t
		LEFT JOIN (SELECT measure, SUM(n) AS n FROM work_done GROUP BY measure) w ON w.measure = t.measure WHERE t.measure <> 'errors' AND COALESCE(w.n, 0) <> t.n`
}
