package audit

var strays = []check{
	{"claimed_owner", "Once a parcel has an owner, each piece in it is an owner's of its cases and orders, or known to be another seller's.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, 'belongs to owner ' || CAST(u.owner_id AS TEXT) || ', its parcel to ' || CAST(p.owner_id AS TEXT) || ' (found ' || u.finding || ', ' || u.state || ')' AS detail
			FROM units u JOIN parcels p ON p.id = u.parcel_id WHERE p.owner_id IS NOT NULL AND u.owner_id <> p.owner_id AND u.state <> 'undone' AND u.finding <> 'other_seller'
			AND NOT EXISTS (SELECT 1 FROM receipts r LEFT JOIN cases c ON c.id = r.case_id LEFT JOIN orders o ON o.id = r.order_id WHERE r.parcel_id = p.id AND u.owner_id IN (c.owner_id, o.owner_id))`
	}},
	{"unclaimed_two_persons", "A parcel of unknown owner leaves the house as one person asked and another confirmed.", func(dialect) string {
		const agreed = `SELECT 1 FROM unclaimed_ends e WHERE e.withdrawn_at IS NULL AND e.confirmed_by IS NOT NULL AND e.confirmed_by <> e.requested_by AND `
		return `SELECT 'parcel ' || CAST(p.id AS TEXT) AS subject, 'is ' || p.state || ' and no two persons agreed' AS detail FROM parcels p
			WHERE (p.state IN ('sold_as_found', 'disposed') OR p.state = 'handed_back' AND p.kind = 'unknown' AND p.pieces > 0) AND NOT EXISTS (` + agreed + `e.parcel_id = p.id AND e.ending = p.state)
			UNION ALL SELECT 'unit/' || u.plate, 'left and no two persons agreed' FROM movements m JOIN units u ON u.id = m.unit_id
			WHERE m.cause = 'unclaimed' AND NOT EXISTS (` + agreed + `CAST(e.id AS TEXT) = m.cause_ref AND e.parcel_id = u.parcel_id)`
	}},
	{"adoption_told", "Each adoption of goods by a later case has its event, and each such event its adoption.", func(q dialect) string {
		told := `SELECT ` + q.number("data", "receipt") + ` AS receipt, ` + q.number("data", "case") + ` AS case_id, ` + q.number("data", "pieces") + ` AS pieces, subject FROM events WHERE type = 'backdock.parcel.adopted.v1'`
		return `SELECT 'parcel ' || CAST(a.parcel_id AS TEXT) AS subject, 'case ' || CAST(a.case_id AS TEXT) || ' adopted ' || CAST(a.pieces AS TEXT) || ' pieces and no event says so' AS detail
			FROM adoptions a LEFT JOIN (` + told + `) e ON e.receipt = a.receipt_id AND e.case_id = a.case_id AND e.pieces = a.pieces WHERE e.receipt IS NULL
			UNION ALL SELECT e.subject, 'tells an adoption that is not recorded' FROM (` + told + `) e LEFT JOIN adoptions a ON a.receipt_id = e.receipt WHERE a.id IS NULL`
	}},
}
