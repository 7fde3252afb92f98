package audit

var outcomes = []check{
	{"outcome_gap", "A producer's outcomes count from 1 without a gap, one per seq, up to its last acknowledged seq.", func(dialect) string {
		return `SELECT 'producer ' || p.id AS subject, CAST(COALESCE(o.n, 0) AS TEXT) || ' outcomes from ' || CAST(COALESCE(o.first, 0) AS TEXT) || ' to ' || CAST(COALESCE(o.last, 0) AS TEXT)
			|| ', acknowledged up to ' || CAST(p.last_seq AS TEXT) AS detail
			FROM producers p LEFT JOIN (SELECT producer, COUNT(*) AS n, COUNT(DISTINCT seq) AS seqs, MIN(seq) AS first, MAX(seq) AS last FROM outcomes GROUP BY producer) o ON o.producer = p.id
			WHERE COALESCE(o.last, 0) <> p.last_seq OR COALESCE(o.n, 0) <> p.last_seq OR COALESCE(o.seqs, 0) <> p.last_seq OR COALESCE(o.first, 1) <> 1`
	}},
	{"outcome_producer", "Every outcome belongs to a known producer.", func(dialect) string {
		return `SELECT 'producer ' || o.producer AS subject, CAST(COUNT(*) AS TEXT) || ' outcomes of a producer that is not known' AS detail
			FROM outcomes o LEFT JOIN producers p ON p.id = o.producer WHERE p.id IS NULL GROUP BY o.producer`
	}},
	{"scan_dismissed", "A parked scan is dismissed exactly when an event says by whom.", func(dialect) string {
		const key = `'scan/' || o.producer || ':' || CAST(o.seq AS TEXT)`
		return `SELECT ` + key + ` AS subject, 'is dismissed, and no event says by whom' AS detail FROM outcomes o
			LEFT JOIN events e ON e.type = 'backdock.scan.dismissed.v1' AND e.subject = ` + key + ` AND e.by_user IS NOT NULL AND e.by_user > 0 WHERE o.code = 'dismissed' AND e.subject IS NULL
			UNION ALL SELECT e.subject, 'was dismissed, and its outcome is another' FROM events e LEFT JOIN outcomes o ON o.code = 'dismissed' AND e.subject = ` + key + `
			WHERE e.type = 'backdock.scan.dismissed.v1' AND o.producer IS NULL`
	}},
	{"unit_booked", "Units are what outcomes booked: each unit by one outcome.", func(q dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'no outcome booked it' AS detail FROM units u LEFT JOIN (` + q.plates("unit_booked") + `) b ON b.plate = u.plate WHERE b.plate IS NULL
			UNION ALL SELECT 'unit/' || COALESCE(b.plate, ''), 'booked by ' || b.ref || ' and not there' FROM (` + q.plates("unit_booked") + `) b LEFT JOIN units u ON u.plate = b.plate WHERE u.id IS NULL`
	}},
	{"plate_reused", "A license plate is stuck on one piece, once, for ever.", func(q dialect) string {
		return `SELECT 'unit/' || plate AS subject, 'booked ' || CAST(n AS TEXT) || ' times' AS detail FROM (` + q.plates("unit_booked") + `) b WHERE n > 1
			UNION ALL SELECT 'unit/' || plate, CAST(COUNT(*) AS TEXT) || ' units carry it' FROM units GROUP BY plate HAVING COUNT(*) > 1`
	}},
	{"plate_lease", "Blocks of plates do not overlap and end below the counter.", func(dialect) string {
		return `SELECT 'plates from ' || CAST(a.first AS TEXT) AS subject, 'the block overlaps the one from ' || CAST(b.first AS TEXT) AS detail
			FROM plate_leases a JOIN plate_leases b ON b.first > a.first AND b.first < a.first + a.count
			UNION ALL SELECT 'plates from ' || CAST(l.first AS TEXT), 'the block passes the counter at ' || CAST(c.next AS TEXT) FROM plate_leases l JOIN plate_counter c ON l.first + l.count > c.next`
	}},
	{"unit_undone", "A unit is undone exactly when an outcome took it back.", func(q dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, CASE WHEN n.plate IS NULL THEN 'is undone, but no outcome took it back' ELSE 'is ' || u.state || ', but ' || n.ref || ' took it back' END AS detail
			FROM units u LEFT JOIN (` + q.plates("unit_undone") + `) n ON n.plate = u.plate WHERE (u.state = 'undone') <> (n.plate IS NOT NULL)`
	}},
}

var floor = []check{
	{"parcel_pieces", "A parcel's pieces are the units booked in it and not taken back.", func(dialect) string {
		return `SELECT 'parcel ' || CAST(p.id AS TEXT) AS subject, 'says ' || CAST(p.pieces AS TEXT) || ' pieces, has ' || CAST(COUNT(u.id) AS TEXT) || ' units' AS detail
			FROM parcels p LEFT JOIN units u ON u.parcel_id = p.id AND u.state <> 'undone' GROUP BY p.id, p.pieces HAVING p.pieces <> COUNT(u.id)`
	}},
	{"parcel_bench", "An open parcel is open on one bench, and a bench's open parcel is open there.", func(dialect) string {
		return `SELECT 'bench ' || CAST(b.id AS TEXT) AS subject, 'holds parcel ' || CAST(b.open_parcel_id AS TEXT) || ', which is ' || COALESCE(p.state, 'not there') AS detail
			FROM benches b LEFT JOIN parcels p ON p.id = b.open_parcel_id WHERE b.open_parcel_id IS NOT NULL AND (p.id IS NULL OR p.state <> 'open' OR COALESCE(p.bench_id, 0) <> b.id)
			UNION ALL SELECT 'parcel ' || CAST(p.id AS TEXT), 'is open on ' || CAST(COUNT(b.id) AS TEXT) || ' benches' FROM parcels p LEFT JOIN benches b ON b.open_parcel_id = p.id
			WHERE p.state = 'open' GROUP BY p.id HAVING COUNT(b.id) <> 1`
	}},
	{"case_received", "What a case line received is what came in the closed parcels of its receipts.", func(dialect) string {
		return `SELECT 'case line ' || CAST(l.id AS TEXT) AS subject, 'says ' || CAST(l.received AS TEXT) || ', its receipts ' || CAST(COALESCE(SUM(r.received), 0) AS TEXT) AS detail
			FROM case_lines l LEFT JOIN (SELECT x.case_line_id, x.received FROM receipt_lines x JOIN parcels p ON p.id = x.parcel_id AND p.state = 'closed') r ON r.case_line_id = l.id WHERE NOT EXISTS (SELECT 1 FROM bundle_lines b WHERE b.case_line_id = l.id) GROUP BY l.id, l.received HAVING l.received <> COALESCE(SUM(r.received), 0)`
	}},
	{"bundle_received", "What a case line of a bundle received is the complete sets of parts that came in closed parcels, no more than were asked back.", func(dialect) string {
		return `SELECT 'case line ' || CAST(l.id AS TEXT) AS subject, 'says ' || CAST(l.received AS TEXT) || ', its parts make ' || CAST(MIN(l.complete) AS TEXT) AS detail FROM (
			SELECT k.id, k.received, k.quantity, COALESCE((SELECT SUM(r.received) FROM bundle_lines x JOIN receipt_lines r ON r.id = x.receipt_line_id JOIN parcels p ON p.id = r.parcel_id
			WHERE x.case_line_id = k.id AND r.sku_id = b.part_sku_id AND p.state = 'closed'), 0) / b.quantity AS complete FROM case_lines k JOIN bundle_parts b ON b.bundle_sku_id = k.sku_id
			WHERE EXISTS (SELECT 1 FROM bundle_lines x WHERE x.case_line_id = k.id)) l
			GROUP BY l.id, l.received, l.quantity HAVING l.received <> CASE WHEN MIN(l.complete) > l.quantity THEN l.quantity ELSE MIN(l.complete) END`
	}},
	{"receipt_received", "What a receipt line received is the matched units booked on it.", func(dialect) string {
		return `SELECT 'receipt line ' || CAST(r.id AS TEXT) AS subject, 'says ' || CAST(r.received AS TEXT) || ', has ' || CAST(COUNT(u.id) AS TEXT) || ' units' AS detail
			FROM receipt_lines r LEFT JOIN units u ON u.receipt_line_id = r.id AND u.state <> 'undone' GROUP BY r.id, r.received HAVING r.received <> COUNT(u.id)`
	}},
}
