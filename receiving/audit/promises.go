package audit

var promises = []check{
	{"reserved_sum", "What is promised is exactly what live reservations hold.", func(dialect) string {
		return `SELECT ` + account + ` AS subject, 'the balance says ' || CAST(SUM(said) AS TEXT) || ', reservations hold ' || CAST(SUM(promised) AS TEXT) AS detail FROM (
			SELECT owner_id, warehouse_id, sku_id, account, quantity AS said, 0 AS promised FROM balances WHERE account IN ('reserved', 'reserved_b')
			UNION ALL SELECT owner_id, warehouse_id, sku_id, CASE account WHEN 'second_grade' THEN 'reserved_b' ELSE 'reserved' END, 0, quantity FROM reservations WHERE state = 'held') AS sides
			GROUP BY owner_id, warehouse_id, sku_id, account HAVING SUM(said) <> SUM(promised)`
	}},
	{"reservation_movement", "Each reservation moved its pieces once, and its end moved them back once.", func(dialect) string {
		return `SELECT 'reservation ' || CAST(r.id AS TEXT) AS subject, 'is ' || r.state || ' with ' || CAST(COUNT(c.id) AS TEXT) || ' entries that take it back' AS detail
			FROM reservations r LEFT JOIN movements m ON m.id = r.movement_id AND m.cause = 'reservation' AND m.quantity = r.quantity AND m.sku_id = r.sku_id AND m.from_account = r.account
			LEFT JOIN movements c ON c.counter_of = m.id GROUP BY r.id, r.state, m.id HAVING m.id IS NULL OR COUNT(c.id) <> CASE WHEN r.state = 'held' THEN 0 ELSE 1 END`
	}},
	{"adjustment_movement", "Each adjustment moved what it says, between one account and adjustment.", func(dialect) string {
		return `SELECT 'adjustment ' || CAST(a.id AS TEXT) AS subject, 'has ' || CAST(COUNT(m.id) AS TEXT) || ' movements' AS detail FROM adjustments a
			LEFT JOIN movements m ON m.cause = 'adjustment' AND m.cause_ref = CAST(a.id AS TEXT) AND m.sku_id = a.sku_id AND COALESCE(m.unit_id, 0) = COALESCE(a.unit_id, 0)
			AND m.quantity = ABS(a.quantity) AND m.from_account = CASE WHEN a.quantity > 0 THEN 'adjustment' ELSE a.account END AND m.to_account = CASE WHEN a.quantity > 0 THEN a.account ELSE 'adjustment' END
			GROUP BY a.id HAVING COUNT(m.id) <> 1`
	}},
}
