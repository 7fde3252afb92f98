package audit

// photos is about evidence. That each file is in the store with its content is asked by `backdock audit --evidence`: it reads all of them.
var photos = []check{
	{"evidence_blob", "Evidence that was not purged has its file: same size, same type, stored.", func(dialect) string {
		return `SELECT 'evidence ' || CAST(e.id AS TEXT) AS subject, CASE WHEN b.hash IS NULL THEN 'there is no file ' || e.hash ELSE 'its file is ' || b.state || ', ' || CAST(b.size AS TEXT) || ' bytes of ' || b.type END AS detail
			FROM evidence e LEFT JOIN evidence_blobs b ON b.hash = e.hash WHERE e.purged_at IS NULL AND (b.hash IS NULL OR b.state <> 'stored' OR b.size <> e.size OR b.type <> e.type)`
	}},
	{"evidence_scan", "Evidence of a scan belongs to the parcel that the answer to the scan names.", func(dialect) string {
		return `SELECT 'evidence ' || CAST(e.id AS TEXT) AS subject, 'belongs to parcel ' || CAST(COALESCE(e.parcel_id, 0) AS TEXT) || ', scan ' || e.producer || ':' || CAST(e.seq AS TEXT) || ' to ' || CAST(o.parcel_id AS TEXT) AS detail
			FROM evidence e JOIN outcomes o ON o.producer = e.producer AND o.seq = e.seq WHERE o.parcel_id IS NOT NULL AND e.parcel_id IS NOT NULL AND o.parcel_id <> e.parcel_id`
	}},
	{"evidence_held", "Nothing was purged while it was held.", func(dialect) string {
		return `SELECT 'evidence ' || CAST(e.id AS TEXT) AS subject, 'was purged under hold ' || CAST(h.id AS TEXT) AS detail FROM evidence e JOIN evidence_holds h
			ON h.parcel_id = e.parcel_id OR h.case_id = e.case_id OR h.case_id IN (SELECT r.case_id FROM receipts r WHERE r.parcel_id = e.parcel_id)
			WHERE e.purged_at > h.at AND (h.released_at IS NULL OR e.purged_at < h.released_at)`
	}},
	{"evidence_moved", "No piece was disposed of while its evidence was held.", func(dialect) string {
		return `SELECT 'unit/' || u.plate AS subject, i.disposition || ' under hold ' || CAST(h.id AS TEXT) AS detail FROM inspections i JOIN units u ON u.id = i.unit_id JOIN evidence_holds h
			ON h.parcel_id = u.parcel_id OR h.case_id = u.case_id OR h.case_id IN (SELECT r.case_id FROM receipts r WHERE r.parcel_id = u.parcel_id)
			WHERE i.at > h.at AND (h.released_at IS NULL OR i.at < h.released_at)`
	}},
	{"evidence_upload", "An upload has the parts that it says it received, and one that is done became evidence.", func(dialect) string {
		return `SELECT 'upload ' || u.id AS subject, 'received ' || CAST(u.received AS TEXT) || ' bytes, has parts of ' || CAST(COALESCE(SUM(p.size), 0) AS TEXT) AS detail
			FROM evidence_uploads u LEFT JOIN evidence_parts p ON p.upload_id = u.id WHERE u.state <> 'done' GROUP BY u.id, u.received HAVING u.received <> COALESCE(SUM(p.size), 0)
			UNION ALL SELECT 'upload ' || id, 'is done and is no evidence' FROM evidence_uploads WHERE state = 'done' AND evidence_id IS NULL`
	}},
}
