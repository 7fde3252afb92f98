package audit

var places = []check{
	{"place_held", "A place holds as many pieces as lie there, and no more than it takes.", func(dialect) string {
		return `SELECT 'place ' || p.code AS subject, 'says ' || CAST(p.held AS TEXT) || ' of ' || CAST(p.capacity AS TEXT) || ', ' || CAST(COUNT(l.unit_id) AS TEXT) || ' lie there' AS detail
			FROM places p LEFT JOIN unit_places l ON l.place_id = p.id GROUP BY p.id, p.code, p.held, p.capacity HAVING p.held <> COUNT(l.unit_id) OR p.held > p.capacity OR p.held < 0`
	}},
	{"place_unit", "A piece lies where its last placement put it, in its own warehouse, and what has left lies nowhere.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'lies in place ' || COALESCE(CAST(l.place_id AS TEXT), 'none') || ', its last placement says ' || COALESCE(CAST(m.to_place AS TEXT), 'none') AS detail
			FROM units u LEFT JOIN unit_places l ON l.unit_id = u.id LEFT JOIN places p ON p.id = l.place_id
			LEFT JOIN (SELECT unit_id, to_place, ROW_NUMBER() OVER (PARTITION BY unit_id ORDER BY id DESC) AS r FROM placements) m ON m.unit_id = u.id AND m.r = 1
			WHERE COALESCE(l.place_id, 0) <> COALESCE(m.to_place, 0) OR (l.unit_id IS NOT NULL AND (p.warehouse_id <> u.warehouse_id OR l.sku_id <> u.sku_id OR u.state IN ('shipped', 'scrapped', 'undone')))`
	}},
	{"place_path", "Every placement takes a piece from where the one before it put it.", func(dialect) string {
		return `SELECT 'placement ' || CAST(m.id AS TEXT) AS subject, 'takes unit ' || CAST(m.unit_id AS TEXT) || ' from ' || COALESCE(CAST(m.from_place AS TEXT), 'nowhere') || ', it lay in ' || COALESCE(CAST(m.before AS TEXT), 'nowhere') AS detail
			FROM (SELECT id, unit_id, from_place, LAG(to_place) OVER (PARTITION BY unit_id ORDER BY id) AS before FROM placements) m WHERE COALESCE(m.from_place, 0) <> COALESCE(m.before, 0)`
	}},
	{"shelf_checked", "Nothing unchecked lies on a shelf: only what was inspected, released and counted as available, or has been frozen there since.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'is ' || u.state || ' in ' || p.code || ', a place for ' || p.kind AS detail
			FROM unit_places l JOIN units u ON u.id = l.unit_id JOIN places p ON p.id = l.place_id
			WHERE p.kind IN ('shelf', 'second') AND u.state NOT IN ('blocked', CASE p.kind WHEN 'shelf' THEN 'available' ELSE 'second_grade' END)`
	}},
	{"shelf_second_look", "What waits for a second look lies on no shelf and has left with nobody.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'is ' || u.state || ' and its second look is ' || s.state AS detail FROM second_looks s JOIN units u ON u.id = s.unit_id
			LEFT JOIN unit_places l ON l.unit_id = u.id LEFT JOIN places p ON p.id = l.place_id
			WHERE s.state IN ('due', 'differs') AND (p.kind IN ('shelf', 'second') OR u.state IN ('quarantine', 'custody', 'shipped', 'undone'))`
	}},
	{"second_look_other", "The second look is somebody else's, and its verdict fits the two grades.", func(dialect) string {
		return `SELECT 'second look ' || CAST(s.id AS TEXT) AS subject, s.state || ' with grades ' || i.grade || ' and ' || COALESCE(s.grade, 'none') AS detail
			FROM second_looks s JOIN inspections i ON i.id = s.inspection_id
			WHERE s.by_user = i.by_user OR (s.state = 'agreed' AND COALESCE(s.grade, '') <> i.grade) OR (s.state IN ('differs', 'kept', 'changed') AND COALESCE(s.grade, i.grade) = i.grade)`
	}},
	{"blocked_why", "A piece is blocked exactly while a block says why.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'is ' || u.state || ' with ' || CAST(COUNT(b.id) AS TEXT) || ' blocks' AS detail
			FROM units u LEFT JOIN blocks b ON b.unit_id = u.id AND b.lifted_at IS NULL GROUP BY u.plate, u.state HAVING COUNT(b.id) <> CASE WHEN u.state = 'blocked' THEN 1 ELSE 0 END`
	}},
}
