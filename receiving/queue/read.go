package queue

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// most bounds how many parcels one look sorts: the oldest of a dock that nobody could empty in a day.
const most = 5000

// atDock joins each parcel at the dock to the cases of its receipts and of its number.
const atDock = `WITH here AS (SELECT p.id, p.waybill FROM parcels p WHERE p.warehouse_id = ? AND p.state = 'at_dock' AND (%s) ORDER BY p.id LIMIT %d),
 whose AS (SELECT h.id AS parcel_id, r.case_id FROM here h JOIN receipts r ON r.parcel_id = h.id WHERE r.case_id IS NOT NULL
  UNION SELECT h.id, a.case_id FROM here h JOIN waybill_aliases a ON a.number = h.waybill WHERE h.waybill <> '' AND a.role <> 'outbound' AND a.case_id IS NOT NULL AND a.valid_to IS NULL
  UNION SELECT h.id, a.case_id FROM here h JOIN waybill_parents k ON k.child = h.waybill JOIN waybill_aliases a ON a.number = k.parent AND a.role <> 'outbound'
   WHERE a.case_id IS NOT NULL AND a.valid_to IS NULL)
 SELECT p.id AS parcel, p.waybill, p.carrier, p.kind, p.shelf, COALESCE(o.code, '') AS owner, p.created_at, d.at AS docked_at, c.number AS case_number, c.deadline_at AS deadline,
  COALESCE((SELECT CAST(SUM((l.quantity - l.received) * s.value_minor) AS BIGINT) FROM case_lines l JOIN skus s ON s.id = l.sku_id WHERE l.case_id = c.id), 0) AS value, COALESCE(c.currency, '') AS currency
 FROM here h JOIN parcels p ON p.id = h.id LEFT JOIN dockings d ON d.parcel_id = h.id AND d.undone_at IS NULL LEFT JOIN owners o ON o.id = p.owner_id LEFT JOIN whose w ON w.parcel_id = h.id LEFT JOIN cases c ON c.id = w.case_id ORDER BY h.id, c.id`

// At lists the parcels at the dock of a warehouse in the order in which they are to be fetched. within narrows them: a condition on parcels p, empty for all.
func At(tx *gorm.DB, w id.Warehouse, now time.Time, within string, args ...any) ([]Waiting, error) {
	if within == "" {
		within = "1=1"
	}
	var rows []struct {
		Parcel                               id.Parcel
		Waybill, Carrier, Kind, Shelf, Owner string
		CreatedAt                            time.Time
		DockedAt                             *time.Time
		CaseNumber                           *string
		Deadline                             *time.Time
		Value                                int64
		Currency                             string
	}
	err := tx.Raw(fmt.Sprintf(atDock, within, most), append([]any{w}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("parcels at the dock: %w", err)
	}
	var out []Waiting
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].Parcel != r.Parcel {
			since := r.CreatedAt.UTC() // a bench put it there
			if r.DockedAt != nil {
				since = r.DockedAt.UTC()
			}
			out = append(out, Waiting{Parcel: r.Parcel, Waybill: r.Waybill, Carrier: r.Carrier, Kind: r.Kind, Shelf: r.Shelf, Owner: r.Owner, Since: since, Cases: []string{}})
		}
		p := &out[len(out)-1]
		p.ValueMinor += r.Value
		if r.CaseNumber != nil {
			p.Cases, p.Currency = append(p.Cases, *r.CaseNumber), r.Currency
		}
		if r.Deadline != nil && (p.Deadline == nil || r.Deadline.Before(*p.Deadline)) {
			at := r.Deadline.UTC()
			p.Deadline = &at
		}
	}
	Sort(out, now)
	return out, nil
}

// shown is how many a bench is told of: one to fetch, and what to take along.
const shown = 3

// Fetch is what a bench without a parcel is told to fetch.
func Fetch(tx *gorm.DB, w id.Warehouse, now time.Time) ([]scanner.Fetch, error) {
	list, err := At(tx, w, now, "")
	if err != nil {
		return nil, err
	}
	var out []scanner.Fetch
	for _, p := range list[:min(shown, len(list))] {
		out = append(out, scanner.Fetch{Parcel: receiving.ParcelNumber(p.Parcel), Shelf: p.Shelf, Carrier: p.Carrier, Waybill: p.Waybill, Since: p.Since, Deadline: p.Deadline})
	}
	return out, nil
}
