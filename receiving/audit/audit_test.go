package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

func TestAHealthyWarehouseIsClean(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		newWorld(t, d)
		rep, err := RunAt(t.Context(), d, now)
		if err != nil {
			t.Fatal(err)
		}
		if !rep.OK || rep.Total != 0 || len(rep.Checks) != len(checks()) {
			t.Fatalf("%+v", rep.Breaches)
		}
		raw, err := json.Marshal(rep)
		if err != nil || !strings.Contains(string(raw), `"ok":true`) || !strings.Contains(string(raw), `"breaches":[]`) {
			t.Errorf("%s, %v", raw, err)
		}
		empty := testkit.Open(t, d.Dialect)
		if rep, err := Run(t.Context(), empty); err != nil || !rep.OK {
			t.Errorf("an empty store: %v, %+v", err, rep.Breaches)
		}
	})
}

// corruption is one way to break the books behind the program's back.
type corruption struct {
	check string // that must name it
	about string // what the breach must be about
	sql   []string
}

// shot is a photo of parcel 1 whose file is there.
var shot = []string{"INSERT INTO evidence_blobs (hash, size, type, state, stored_at) VALUES ('" + strings.Repeat("ab", 32) + "', 5, 'image/jpeg', 'stored', '2026-11-20 00:00:00+00:00')",
	"INSERT INTO evidence (id, kind, hash, size, type, warehouse_id, parcel_id, captured_at, added_at) VALUES (77, 'photo', '" + strings.Repeat("ab", 32) + "', 5, 'image/jpeg', 1, 1, '2026-11-20 00:00:00+00:00', '2026-11-20 00:00:00+00:00')"}

// after is shot and what breaks it.
func after(sql ...string) []string { return append(slices.Clone(shot), sql...) }

const keptBy = "INSERT INTO evidence_holds (parcel_id, reason, by_user, at) SELECT 1, 'x', id, '2020-01-01 00:00:00+00:00' FROM users LIMIT 1"

var corruptions = []corruption{
	{"evidence_blob", "evidence 77", after("DELETE FROM evidence_blobs")},
	{"evidence_blob", "evidence 77", after("UPDATE evidence_blobs SET state = 'doomed'")},
	{"evidence_blob", "evidence 77", after("UPDATE evidence_blobs SET size = 6")},
	{"evidence_scan", "evidence 77", after("UPDATE evidence SET producer = 'p1', seq = 1, parcel_id = 2", "UPDATE outcomes SET parcel_id = 1 WHERE producer = 'p1' AND seq = 1")},
	{"evidence_held", "evidence 77", after(keptBy, "UPDATE evidence SET purged_at = '2026-11-21 00:00:00+00:00'")},
	{"evidence_moved", "unit/" + plate(1), []string{keptBy}},
	{"evidence_upload", "upload u1", []string{"INSERT INTO evidence_uploads (id, principal, kind, length, received, facts, state, created_at, touched_at) VALUES ('u1', 'user/1', 'photo', 9, 5, '{}', 'open', '2026-11-20 00:00:00+00:00', '2026-11-20 00:00:00+00:00')"}},
	{"evidence_upload", "upload u1", []string{"INSERT INTO evidence_uploads (id, principal, kind, length, received, facts, state, created_at, touched_at) VALUES ('u1', 'user/1', 'photo', 9, 9, '{}', 'done', '2026-11-20 00:00:00+00:00', '2026-11-20 00:00:00+00:00')"}},
	{"balance_sum", "account available", []string{"UPDATE balances SET quantity = quantity + 1 WHERE account = 'available'"}},
	{"balance_sum", "account quarantine", []string{"DELETE FROM movements WHERE unit_id = 3"}},
	{"balance_sum", "account repair", []string{"INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (1, 1, 1, 'repair', 5)"}},
	{"balance_negative", "account available", []string{"UPDATE balances SET quantity = -1 WHERE account = 'available'"}},
	{"counter_entry", "movement", []string{"UPDATE movements SET to_account = 'vendor' WHERE cause = 'undo'"}},
	{"units_of_account", "account quarantine", []string{"UPDATE units SET account = 'custody', state = 'custody' WHERE id = 3"}},
	{"unit_account", "unit/" + plate(3), []string{"UPDATE units SET account = 'available' WHERE id = 3"}},
	{"unit_account", "unit/" + plate(3), []string{"UPDATE units SET sku_id = 99 WHERE id = 3"}},
	{"unit_account", "unit/" + plate(1), []string{"DELETE FROM movements WHERE unit_id = 1"}},
	{"unit_path", "movement", []string{"UPDATE movements SET from_account = 'custody' WHERE unit_id = 1 AND cause = 'inspection'"}},
	{"unit_path", "movement", []string{"UPDATE movements SET from_account = 'available' WHERE unit_id = 3 AND cause = 'scan'"}},
	{"unit_path", "movement", []string{"UPDATE movements SET quantity = 2 WHERE unit_id = 3"}},
	{"unit_state", "unit/" + plate(1), []string{"UPDATE units SET state = 'scrapped' WHERE id = 1"}},
	{"inspection_live", "unit/" + plate(1), []string{"UPDATE inspections SET undone_at = NULL, unit_id = 1"}},
	{"inspection_movement", "unit/" + plate(2), []string{"DELETE FROM movements WHERE cause = 'inspection_undo'"}},
	{"inspection_movement", "unit/" + plate(1), []string{"INSERT INTO movements (owner_id, warehouse_id, sku_id, from_account, to_account, quantity, unit_id, cause, cause_ref, at) SELECT owner_id, warehouse_id, sku_id, from_account, to_account, quantity, unit_id, cause, cause_ref, at FROM movements WHERE unit_id = 1 AND cause = 'inspection'"}},
	{"inspection_unit", "unit/" + plate(2), []string{"UPDATE inspections SET undone_at = NULL WHERE unit_id = 2"}},
	{"inspection_unit", "unit/" + plate(1), []string{"DELETE FROM inspections WHERE unit_id = 1"}},
	{"reserved_sum", "account reserved", []string{"UPDATE reservations SET quantity = 4 WHERE state = 'held'"}},
	{"reserved_sum", "account reserved", []string{"UPDATE balances SET quantity = 2 WHERE account = 'reserved'"}},
	{"reservation_movement", "reservation", []string{"UPDATE reservations SET state = 'held' WHERE state = 'released'"}},
	{"reservation_movement", "reservation", []string{"UPDATE reservations SET state = 'expired' WHERE state = 'held'"}},
	{"adjustment_movement", "adjustment", []string{"UPDATE adjustments SET quantity = 8"}},
	{"adjustment_movement", "adjustment", []string{"DELETE FROM movements WHERE cause = 'adjustment'"}},
	{"place_held", "place B-01", []string{"UPDATE places SET held = 2"}},
	{"place_held", "place B-01", []string{"UPDATE places SET capacity = 0"}},
	{"place_unit", "unit/" + plate(1), []string{"DELETE FROM unit_places WHERE unit_id = 1"}},
	{"place_unit", "unit/" + plate(3), []string{"INSERT INTO unit_places (unit_id, place_id, sku_id, since) SELECT 3, id, 1, '2026-11-23 05:00:00+00:00' FROM places"}},
	{"place_path", "placement", []string{"UPDATE placements SET from_place = 77 WHERE unit_id = 1"}},
	{"shelf_checked", "unit/" + plate(1), []string{"UPDATE units SET state = 'quarantine', account = 'quarantine' WHERE id = 1"}},
	{"shelf_second_look", "unit/" + plate(1), []string{"UPDATE second_looks SET state = 'due' WHERE unit_id = 1"}},
	{"second_look_other", "second look", []string{"UPDATE second_looks SET grade = 'B' WHERE unit_id = 1"}},
	{"second_look_other", "second look", []string{"UPDATE second_looks SET by_user = 2 WHERE unit_id = 1"}},
	{"blocked_why", "unit/" + plate(3), []string{"UPDATE units SET state = 'blocked', account = 'blocked' WHERE id = 3"}},
	{"scan_dismissed", "scan/p1:1", []string{"UPDATE outcomes SET code = 'dismissed' WHERE producer = 'p1' AND seq = 1"}},
	{"outcome_gap", "producer p1", []string{"DELETE FROM outcomes WHERE seq = 3"}},
	{"outcome_gap", "producer p1", []string{"UPDATE producers SET last_seq = 7 WHERE id = 'p1'"}},
	{"outcome_gap", "producer idle", []string{"UPDATE producers SET last_seq = 1 WHERE id = 'idle'"}},
	{"outcome_producer", "producer ghost", []string{"UPDATE outcomes SET producer = 'ghost' WHERE seq = 6"}},
	{"unit_booked", "unit/" + plate(3), []string{"UPDATE outcomes SET effects = '[]' WHERE seq = 4"}},
	{"unit_booked", "unit/" + plate(77), []string{fmt.Sprintf(`UPDATE outcomes SET effects = '[{"kind":"unit_booked","plate":"%s"}]' WHERE seq = 1`, plate(77))}},
	{"plate_reused", "unit/" + plate(3), []string{"UPDATE outcomes SET effects = (SELECT effects FROM outcomes WHERE seq = 4) WHERE seq = 1"}},
	{"plate_lease", "plates from 51", []string{"UPDATE plate_counter SET next = 80"}},
	{"plate_lease", "plates from 1", []string{"UPDATE plate_leases SET count = 60 WHERE first = 1"}},
	{"unit_undone", "unit/" + plate(4), []string{"UPDATE units SET state = 'quarantine', account = 'quarantine' WHERE id = 4"}},
	{"unit_undone", "unit/" + plate(3), []string{"UPDATE units SET state = 'undone' WHERE id = 3"}},
	{"parcel_pieces", "parcel 1", []string{"UPDATE parcels SET pieces = 4 WHERE id = 1"}},
	{"parcel_bench", "bench 2", []string{"UPDATE parcels SET state = 'closed' WHERE id = 2"}},
	{"parcel_bench", "parcel 2", []string{"UPDATE benches SET open_parcel_id = NULL"}},
	{"parcel_bench", "parcel 2", []string{"UPDATE benches SET open_parcel_id = 2"}},
	{"unit_finding", "unit/" + plate(3), []string{"UPDATE units SET finding = 'counterfeit' WHERE id = 3"}},
	{"bundle_received", "case line 1", []string{"INSERT INTO skus (id, owner_id, code, product, name) VALUES (90, 1, 'PART', 'PART', '件')", "INSERT INTO bundle_parts (bundle_sku_id, part_sku_id, quantity) VALUES (1, 90, 2)",
		"INSERT INTO bundle_lines (receipt_line_id, case_line_id, per_bundle) VALUES (1, 1, 2)"}},
	{"case_received", "case line 1", []string{"UPDATE case_lines SET received = 1 WHERE id = 1"}},
	{"receipt_received", "receipt line 1", []string{"UPDATE receipt_lines SET received = 2"}},
	{"dock_event", "parcel 3", []string{"DELETE FROM event_order", "DELETE FROM events WHERE type = 'backdock.parcel.docked.v1' AND subject = 'parcel/P000003'"}},
	{"dock_event", "parcel 3", []string{"UPDATE dockings SET undone_at = at WHERE parcel_id = 3"}},
	{"dock_event", "parcel/P000003", []string{"DELETE FROM dockings WHERE parcel_id = 3"}},
	{"dock_turned", "parcel 4", []string{"UPDATE dockings SET reason = NULL WHERE parcel_id = 4"}},
	{"dock_turned", "parcel 3", []string{"UPDATE parcels SET state = 'handed_back' WHERE id = 3"}},
	{"handover_count", "handover/1", []string{"UPDATE handovers SET parcels = 2 WHERE id = 1"}},
	{"handover_count", "handover/1", []string{"UPDATE dockings SET counted = TRUE WHERE parcel_id = 4"}},
	{"handover_count", "handover/1", []string{"DELETE FROM event_order", "DELETE FROM events WHERE type = 'backdock.handover.closed.v1'"}},
	{"parcel_state", "parcel 3", []string{"UPDATE parcels SET state = 'expected' WHERE id = 3"}},
	{"unscanned_task", "waybill SF7", []string{"UPDATE tasks SET state = 'done' WHERE kind = 'signed_not_scanned'"}},
	{"unscanned_task", "waybill SF7", []string{"UPDATE unscanned SET resolved_at = signed_at"}},
	{"unscanned_here", "waybill SF7", []string{"UPDATE parcels SET waybill = 'SF7', created_at = '2026-11-23 05:59:59+00:00' WHERE id = 3"}},
	{"track_signed", "waybill SF7", []string{"UPDATE waybill_tracks SET signed_at = NULL WHERE waybill = 'SF7'"}},
	{"track_signed", "waybill SF7", []string{"DELETE FROM checkpoints WHERE waybill = 'SF7'"}},
	{"work_done", "measure parcels_docked", []string{"UPDATE work_done SET n = n + 1 WHERE measure = 'parcels_docked'"}},
	{"work_done", "measure pieces", []string{"DELETE FROM work_done WHERE measure = 'pieces'"}},
	{"claimed_owner", "unit/" + plate(3), []string{"UPDATE units SET owner_id = 99 WHERE id = 3"}},
	{"unclaimed_two_persons", "parcel 1", []string{"UPDATE parcels SET kind = 'unknown', owner_id = NULL, state = 'disposed' WHERE id = 1"}},
	{"unclaimed_two_persons", "parcel 1", []string{"UPDATE parcels SET kind = 'unknown', owner_id = NULL, state = 'disposed' WHERE id = 1",
		"INSERT INTO unclaimed_ends (parcel_id, ending, reason, value_minor, requested_by, requested_at, confirmed_by, confirmed_at) VALUES (1, 'disposed', 'x', 0, 1, '2026-11-23 05:00:00+00:00', 1, '2026-11-23 05:00:00+00:00')"}},
	{"unclaimed_two_persons", "unit/" + plate(3), []string{"UPDATE movements SET cause = 'unclaimed', cause_ref = '7' WHERE unit_id = 3"}},
	{"adoption_told", "parcel 1", []string{"INSERT INTO adoptions (parcel_id, case_id, receipt_id, pieces, at) VALUES (1, 1, 1, 1, '2026-11-23 05:00:00+00:00')"}},
	{"adoption_told", "parcel/P000001", []string{`INSERT INTO events (type, subject, version, at, data) VALUES ('backdock.parcel.adopted.v1', 'parcel/P000001', 9, '2026-11-23 05:59:59+00:00', '{"case":1,"receipt":1,"pieces":1}')`}},
	{"line_approved", "order line 1", []string{"UPDATE order_lines SET approved_minor = 29999 WHERE id = 1"}},
	{"line_approved", "order line 2", []string{"UPDATE order_lines SET paid_minor = 100 WHERE id = 2"}},
	{"line_approved", "order line 2", []string{"UPDATE order_lines SET approved_quantity = 4 WHERE id = 2"}},
	{"case_approved", "case/RT1", []string{"UPDATE cases SET approved_minor = 1 WHERE id = 1"}},
	{"line_refunds", "order line 1", []string{"UPDATE order_lines SET reserved_minor = 0 WHERE id = 1"}},
	{"line_refunds", "order line 1", []string{"UPDATE order_lines SET refunded_quantity = 2 WHERE id = 1"}},
	{"line_refunds", "order line 1", []string{"UPDATE refunds SET state = 'succeeded' WHERE id = 3"}},
	{"line_over", "order line 1", []string{"UPDATE refund_lines SET amount_minor = 25000 WHERE refund_id = 1"}},
	{"line_over", "order line 1", []string{"UPDATE refund_lines SET quantity = 3 WHERE refund_id = 1"}},
	{"payment_refunds", "payment T1001", []string{"UPDATE payments SET refunded_minor = 0 WHERE id = 1"}},
	{"payment_refunds", "payment T1002", []string{"DELETE FROM refunds WHERE id = 4"}},
	{"payment_over", "payment T1001", []string{"UPDATE refunds SET amount_minor = 25000 WHERE id = 1"}},
	{"payment_over", "payment T1001", []string{"UPDATE payments SET captured_minor = 15000 WHERE id = 1"}},
	{"refund_lines", "refund/R3", []string{"DELETE FROM refund_lines WHERE refund_id = 3"}},
	{"refund_lines", "refund/R2", []string{"UPDATE refund_lines SET live = TRUE WHERE refund_id = 2"}},
	{"refund_lines", "refund/R1", []string{"UPDATE refund_lines SET live = FALSE WHERE refund_id = 1"}},
	{"refund_once", "unit/" + plate(2), []string{"UPDATE refund_lines SET live = TRUE WHERE refund_id = 2"}},
	{"refund_once", "refund for unit:2", []string{"UPDATE refunds SET state = 'succeeded' WHERE id = 2"}},
	{"refund_gateway_id", "refund/R1", []string{"UPDATE refunds SET gateway_refund_id = NULL WHERE id = 1"}},
	{"refund_gateway_id", "payment 1", []string{"UPDATE refunds SET gateway_refund_id = 'G1' WHERE id = 3"}},
	{"case_decision", "case/RT1", []string{"UPDATE cases SET decision = 'rejected' WHERE id = 1"}},
	{"case_goods", "case/RT1", []string{"UPDATE cases SET goods = 'inspected' WHERE id = 1"}},
	{"case_goods", "case/RT2", []string{"DELETE FROM event_order", "DELETE FROM events WHERE type = 'backdock.case.submitted.v1'"}},
	{"case_judgement", "case/RT2", []string{"UPDATE cases SET judgement = 'passed' WHERE id = 2"}},
	{"case_money", "case/RT1", []string{"UPDATE cases SET money = 'returned' WHERE id = 1"}},
	{"case_moves", "case/RT1", []string{`UPDATE events SET data = REPLACE(data, '"money_from":"none"', '"money_from":"recovered"') WHERE subject = 'case/RT1'`}},
	{"case_moves", "case/RT2", []string{`UPDATE events SET data = REPLACE(data, '"money_from":"none"', '"money_from":"due"') WHERE subject = 'case/RT2'`,
		`INSERT INTO events (type, subject, version, at, data) VALUES ('backdock.case.changed.v1', 'case/RT2', 9, '2026-11-23 05:59:59+00:00', '{"case":2,"money":"returned","money_from":"sending"}')`}},
	{"order_state", "order/1001", []string{"UPDATE orders SET state = 'completed' WHERE id = 1"}},
	{"order_overlay", "order/1001", []string{"UPDATE orders SET refund_overlay = 'refunded' WHERE id = 1"}},
	{"order_overlay", "order/1001", []string{"UPDATE orders SET return_in_progress = FALSE WHERE id = 1"}},
	{"order_overlay", "order/1002", []string{"UPDATE orders SET return_in_progress = TRUE WHERE id = 2"}},
	{"unit_events", "unit/" + plate(1), []string{"DELETE FROM event_order", "DELETE FROM events WHERE type IN ('backdock.unit.inspected.v1', 'backdock.unit.put_away.v1') AND subject = 'unit/" + plate(1) + "'"}},
	{"unit_events", "unit/" + plate(3), []string{"DELETE FROM event_order", "DELETE FROM events WHERE subject = 'unit/" + plate(3) + "'"}},
	{"parcel_state", "parcel 1", []string{"UPDATE parcels SET state = 'held' WHERE id = 1"}},
	{"refund_state", "refund/R3", []string{"UPDATE refunds SET state = 'accepted' WHERE id = 3"}},
	{"refund_state", "refund/R1", []string{"DELETE FROM event_order", "DELETE FROM events WHERE subject = 'refund/R1' AND type = 'backdock.refund.accepted.v1'"}},
	{"refund_state", "refund/R1", []string{`UPDATE events SET data = REPLACE(data, '"from":"sending"', '"from":"requested"') WHERE subject = 'refund/R1'`}},
	{"event_unstamped", "event", []string{"DELETE FROM event_order"}},
	{"event_version", "case/RT1", []string{"UPDATE events SET version = 0 WHERE id = (SELECT MAX(id) FROM events WHERE subject = 'case/RT1')"}},
}

// bare takes the schema's own guards away: what the audit is for is what no constraint caught.
func bare(tx *gorm.DB) error {
	if !db.IsPostgres(tx) {
		return run(tx, "PRAGMA ignore_check_constraints = ON", "PRAGMA defer_foreign_keys = ON", "DROP INDEX inspections_live", "DROP INDEX refund_lines_unit_once", "DROP INDEX refunds_entitlement", "DROP INDEX refunds_gateway_id")
	}
	return run(tx, `DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = current_schema()::regnamespace AND conrelid <> 0 AND conparentid = 0
			AND conrelid::regclass::text NOT LIKE 'river%' LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.conname);
		END LOOP; END $$`, "DROP INDEX inspections_live", "DROP INDEX refund_lines_unit_once", "DROP INDEX refunds_entitlement", "DROP INDEX refunds_gateway_id")
}

var errRollback = errors.New("roll back")

// Each way to break the books is found and named, on both databases, and nothing is left of it.
func TestEveryCorruptionIsNamed(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, c := range corruptions {
			rep := Report{At: now}
			err := d.Once(t.Context(), func(tx *gorm.DB) error {
				if err := bare(tx); err != nil {
					return err
				}
				if err := run(tx, c.sql...); err != nil {
					return err
				}
				at := slices.IndexFunc(checks(), func(x check) bool { return x.name == c.check })
				if err := rep.make(tx, dialect{postgres: db.IsPostgres(tx), now: now}, checks()[at]); err != nil {
					return err
				}
				return errRollback
			})
			if !errors.Is(err, errRollback) {
				t.Fatalf("%s: %v", c.check, err)
			}
			found := slices.ContainsFunc(rep.Breaches, func(b Breach) bool {
				return b.Check == c.check && strings.Contains(b.Subject, c.about) && b.Detail != ""
			})
			if !found || rep.Total == 0 {
				t.Errorf("%v\nwas not named %s about %s but %+v", c.sql, c.check, c.about, rep.Breaches)
			}
		}
		if d.Dialect == db.SQLite {
			w.do(func(tx *gorm.DB) error { return run(tx, "PRAGMA ignore_check_constraints = OFF") })
		}
		if rep, err := RunAt(t.Context(), d, now); err != nil || !rep.OK {
			t.Fatalf("after rolling back: %v, %+v", err, rep.Breaches)
		}
	})
}

// A check that nothing can break is no check.
func TestEveryCheckHasACorruption(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range checks() {
		if seen[c.name] || c.says == "" {
			t.Errorf("check %q", c.name)
		}
		seen[c.name] = true
		if !slices.ContainsFunc(corruptions, func(x corruption) bool { return x.check == c.name }) {
			t.Errorf("nothing breaks %s", c.name)
		}
	}
	for _, c := range corruptions {
		if !seen[c.check] {
			t.Errorf("there is no check %s", c.check)
		}
	}
}

// A young event may still wait for its number.
func TestGrace(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.do(func(tx *gorm.DB) error {
			return run(tx, "DELETE FROM event_order", "DELETE FROM work_done", "UPDATE work_cursor SET seq = 0")
		}) // what has no number is not counted yet
		for at, want := range map[time.Time]bool{now.Add(-10 * time.Minute).Add(Grace): true, now: false} {
			rep, err := RunAt(t.Context(), d, at)
			if err != nil || rep.OK != want {
				t.Errorf("at %s: %v, ok %v", at, err, rep.OK)
			}
		}
	})
}

func TestTheDocumentNamesEveryCheck(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		if row := fmt.Sprintf("| `%s` | %s |\n", c.name, c.says); !strings.Contains(string(doc), row) {
			t.Errorf("docs/audit.md lacks the row\n%s", row)
		}
	}
}
