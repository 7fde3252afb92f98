package audit

import "fmt"

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
			LEFT JOIN dockings d ON d.parcel_id = p.id WHERE (p.state IN ('refused_at_dock', 'handed_back')) <> (d.turned_at IS NOT NULL AND d.reason IS NOT NULL)`
	}},
	{"handover_count", "The number of a hand-over is that of its parcels, and its closing told the same.", func(q dialect) string {
		return `SELECT 'handover/' || CAST(h.id AS TEXT) AS subject, 'says ' || CAST(h.parcels AS TEXT) || ' parcels, has ' || CAST(COUNT(d.parcel_id) AS TEXT) AS detail
			FROM handovers h LEFT JOIN dockings d ON d.handover_id = h.id AND d.counted GROUP BY h.id, h.parcels HAVING h.parcels <> COUNT(d.parcel_id)
			UNION ALL SELECT 'handover/' || CAST(h.id AS TEXT), 'is ' || h.state || ', ' || CAST(COUNT(e.id) AS TEXT) || ' events say closed with ' || CAST(h.parcels AS TEXT)
			FROM handovers h LEFT JOIN events e ON e.subject = 'handover/' || CAST(h.id AS TEXT) AND e.type = 'backdock.handover.closed.v1' AND ` + q.number("e.data", "parcels") + ` = h.parcels
			GROUP BY h.id, h.state, h.parcels HAVING COUNT(e.id) <> CASE WHEN h.state = 'closed' THEN 1 ELSE 0 END`
	}},
}
