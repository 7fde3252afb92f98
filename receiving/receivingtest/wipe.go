package receivingtest

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
)

// tables in an order in which they can be emptied.
var tables = []string{
	"work_done", "work_presence", "unscanned", "waybill_tracks", "checkpoints", "dock_policies", "parcel_parts", "waybill_parents", "dockings", "handovers",
	"adoptions", "unclaimed_ends", "unclaimed_notes", "unclaimed_policies", "event_order", "events", "tasks", "evidence_parts", "evidence_uploads", "evidence_holds", "evidence_retention", "evidence_rules", "evidence", "evidence_blobs", "conflicts", "outcomes", "refund_notices", "refund_attempts", "refund_lines", "refunds", "stock_levels", "adjustments", "count_lines", "count_plates", "counts", "reservations", "second_looks", "hand_overs", "age_alarms", "blocks", "recalls", "unit_places", "placements", "places", "inspections", "balances", "movements", "units", "waybill_aliases", "bundle_lines", "receipt_lines",
	"receipts", "plate_leases", "producers", "parcels", "enrolments", "station_tickets", "stations", "benches", "case_lines", "cases", "shipment_lines", "shipments", "order_payments",
	"payments", "line_serials", "order_lines", "orders", "sku_codes", "bundle_parts", "skus", "policies", "sessions", "grants", "shops", "users", "warehouses", "owners", "expected_changes"}

// Wipe empties a database, which is much quicker than making one: tests with many small stories tell them one after the other. Ids go on counting.
func Wipe(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.InTx(t.Context(), func(tx *gorm.DB) error {
		for _, table := range tables {
			if err := tx.Exec("DELETE FROM " + table).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
