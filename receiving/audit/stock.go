package audit

import "github.com/backdock/backdock/inventory"

var boundary = oneOf(inventory.Customer, inventory.Vendor, inventory.Scrap, inventory.Adjustment)

// held are the accounts that nothing enters or leaves without its plate.
var held = oneOf(inventory.InQuarantine, inventory.InCustody, inventory.InBlocked, inventory.InReleased, inventory.InReleasedB)

const account = "'account ' || account || ' of SKU ' || CAST(sku_id AS TEXT) || ', owner ' || CAST(owner_id AS TEXT) || ', warehouse ' || CAST(warehouse_id AS TEXT)"

var stock = []check{
	{"balance_sum", "The movements of each account add up to its balance.", func(dialect) string {
		return `SELECT ` + account + ` AS subject, 'movements add up to ' || CAST(SUM(moved) AS TEXT) || ', the balance says ' || CAST(SUM(said) AS TEXT) AS detail FROM (
			SELECT owner_id, warehouse_id, sku_id, to_account AS account, quantity AS moved, 0 AS said FROM movements
			UNION ALL SELECT owner_id, warehouse_id, sku_id, from_account, -quantity, 0 FROM movements
			UNION ALL SELECT owner_id, warehouse_id, sku_id, account, 0, quantity FROM balances) AS sides
			GROUP BY owner_id, warehouse_id, sku_id, account HAVING SUM(moved) <> SUM(said)`
	}},
	{"balance_negative", "No account but the boundary ones is below zero.", func(dialect) string {
		return `SELECT ` + account + ` AS subject, 'holds ' || CAST(quantity AS TEXT) AS detail FROM balances WHERE quantity < 0 AND account NOT IN ` + boundary
	}},
	{"counter_entry", "A counter-entry reverses exactly the movement it names.", func(dialect) string {
		return `SELECT 'movement ' || CAST(c.id AS TEXT) AS subject, 'does not reverse movement ' || CAST(m.id AS TEXT) AS detail FROM movements c JOIN movements m ON m.id = c.counter_of
			WHERE c.from_account <> m.to_account OR c.to_account <> m.from_account OR c.quantity <> m.quantity OR c.sku_id <> m.sku_id OR c.owner_id <> m.owner_id
			OR c.warehouse_id <> m.warehouse_id OR COALESCE(c.unit_id, 0) <> COALESCE(m.unit_id, 0) OR c.id < m.id`
	}},
	{"units_of_account", "Quarantine, custody, the blocked and the released that wait for a shelf are exactly the units that stand there.", func(dialect) string {
		return `SELECT ` + account + ` AS subject, 'the balance says ' || CAST(SUM(said) AS TEXT) || ', ' || CAST(SUM(there) AS TEXT) || ' units stand there' AS detail FROM (
			SELECT owner_id, warehouse_id, sku_id, account, quantity AS said, 0 AS there FROM balances WHERE account IN ` + held + `
			UNION ALL SELECT owner_id, warehouse_id, sku_id, account, 0, 1 FROM units WHERE account IN ` + held + ` AND state <> 'undone') AS sides
			GROUP BY owner_id, warehouse_id, sku_id, account HAVING SUM(said) <> SUM(there)`
	}},
}

// moves numbers each unit's movements from the last (r = 1) and gives each the account before it.
const moves = `SELECT id, unit_id, from_account, to_account, quantity, owner_id, warehouse_id, sku_id,
	LAG(to_account) OVER (PARTITION BY unit_id ORDER BY id) AS before, ROW_NUMBER() OVER (PARTITION BY unit_id ORDER BY id DESC) AS r FROM movements WHERE unit_id IS NOT NULL`

// standing lists the states a unit may have in each account.
const standing = `(account = 'quarantine' AND state IN ('quarantine', 'inspected')) OR (account IN ('available', 'second_grade', 'released', 'released_b', 'repair', 'outbound', 'custody', 'blocked') AND state = account)
	OR (account = 'scrap' AND state = 'scrapped') OR (account IN ('adjustment', 'customer', 'vendor') AND state = 'shipped') OR (account = 'adjustment' AND state = 'missing') OR state = 'undone'`

var units = []check{
	{"unit_account", "Each unit's movements end in the account it says, under its owner, warehouse and SKU; an undone unit is back outside.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'says ' || u.account || ', its movements end in ' || COALESCE(m.to_account, 'nothing') AS detail
			FROM units u LEFT JOIN (` + moves + `) m ON m.unit_id = u.id AND m.r = 1
			WHERE m.id IS NULL OR m.owner_id <> u.owner_id OR m.warehouse_id <> u.warehouse_id OR m.sku_id <> u.sku_id
			OR (u.state <> 'undone' AND m.to_account <> u.account) OR (u.state = 'undone' AND m.to_account NOT IN ` + boundary + `)`
	}},
	{"unit_path", "Each unit comes from outside and is in one account at a time: every movement begins where the one before it ended, one piece each.", func(dialect) string {
		return `SELECT 'movement ' || CAST(m.id AS TEXT) AS subject, 'takes unit ' || u.plate || ' from ' || m.from_account || ', it was in ' || COALESCE(m.before, 'nothing') AS detail
			FROM (` + moves + `) m JOIN units u ON u.id = m.unit_id
			WHERE m.quantity <> 1 OR (m.before IS NULL AND m.from_account NOT IN ` + boundary + `) OR (m.before IS NOT NULL AND m.before <> m.from_account
			AND NOT (m.before IN ` + boundary + ` AND m.from_account IN ` + boundary + `))`
	}},
	{"unit_state", "A unit's state fits its account.", func(dialect) string {
		return `SELECT 'unit/' || plate AS subject, 'is ' || state || ' in account ' || account AS detail FROM units WHERE NOT (` + standing + `)`
	}},
	{"unit_finding", "What is not ours never waits in quarantine.", func(dialect) string {
		return `SELECT 'unit/' || plate AS subject, 'is ' || finding || ' and stands in quarantine' AS detail FROM units
			WHERE account = 'quarantine' AND state <> 'undone' AND finding IN ('serial_mismatch', 'counterfeit', 'other_seller', 'unknown_item', 'junk', 'unclaimed')`
	}},
	{"inspection_live", "A unit has at most one live inspection.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, CAST(COUNT(*) AS TEXT) || ' live inspections' AS detail FROM inspections i JOIN units u ON u.id = i.unit_id
			WHERE i.undone_at IS NULL AND i.closed_at IS NULL GROUP BY u.plate HAVING COUNT(*) > 1`
	}},
	{"inspection_movement", "Each inspection moved its unit once, and its undoing moved it back once.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'inspection ' || CAST(i.id AS TEXT) || ' has ' || CAST(COUNT(m.id) AS TEXT) || ' movements' AS detail
			FROM inspections i JOIN units u ON u.id = i.unit_id
			LEFT JOIN movements m ON m.unit_id = i.unit_id AND m.cause IN ('inspection', 'inspection_undo') AND m.cause_ref = CAST(i.id AS TEXT)
			GROUP BY u.plate, i.id, i.undone_at HAVING COUNT(CASE WHEN m.cause = 'inspection' THEN 1 END) <> 1
			OR COUNT(CASE WHEN m.cause = 'inspection_undo' THEN 1 END) <> CASE WHEN i.undone_at IS NULL THEN 0 ELSE 1 END`
	}},
	{"inspection_unit", "A unit with a live inspection no longer waits, and one without does not stand where only an inspection leads.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, CASE WHEN i.id IS NULL THEN 'is ' || u.state || ' without an inspection' ELSE 'is inspected and still ' || u.state END AS detail
			FROM units u LEFT JOIN (SELECT unit_id, MIN(id) AS id FROM inspections WHERE undone_at IS NULL AND closed_at IS NULL GROUP BY unit_id) i ON i.unit_id = u.id
			WHERE (i.id IS NOT NULL AND u.state IN ('quarantine', 'custody', 'undone')) OR (i.id IS NULL AND u.state IN ('available', 'second_grade', 'released', 'released_b', 'repair', 'scrapped')
			AND NOT EXISTS (SELECT 1 FROM movements m WHERE m.unit_id = u.id AND m.cause = 'unclaimed'))`
	}},
}
