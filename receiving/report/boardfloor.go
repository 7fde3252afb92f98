package report

import (
	"encoding/json"
	"fmt"
	"time"
)

// ageingCauses sorts what lies in quarantine and custody by what it waits for.
const ageingCauses = `CASE
  WHEN u.finding = 'unclaimed' OR p.owner_id IS NULL AND p.id IS NOT NULL THEN 'unknown_owner'
  WHEN u.finding IN ('wrong_item', 'wrong_spec', 'serial_mismatch', 'counterfeit', 'other_seller', 'unknown_item', 'junk') THEN 'mismatch'
  WHEN u.finding IN ('damaged', 'accessory_missing') OR u.condition IN ('damaged', 'dirty', 'accessory_missing') THEN 'damaged'
  ELSE 'to_inspect' END`

func (m *making) ageing() error {
	rows, err := scan[struct {
		Cause          string
		B0, B1, B2, B3 int64
	}](m.tx, "ageing", fmt.Sprintf(`
SELECT %s AS cause,
  CAST(SUM(CASE WHEN u.received_at >= ? THEN 1 ELSE 0 END) AS BIGINT) AS b0,
  CAST(SUM(CASE WHEN u.received_at < ? AND u.received_at >= ? THEN 1 ELSE 0 END) AS BIGINT) AS b1,
  CAST(SUM(CASE WHEN u.received_at < ? AND u.received_at >= ? THEN 1 ELSE 0 END) AS BIGINT) AS b2,
  CAST(SUM(CASE WHEN u.received_at < ? THEN 1 ELSE 0 END) AS BIGINT) AS b3
FROM units u LEFT JOIN parcels p ON p.id = u.parcel_id
WHERE u.warehouse_id = ? AND u.account IN ('quarantine', 'custody') AND u.state IN ('quarantine', 'custody', 'inspected') GROUP BY 1`, ageingCauses),
		m.ago(4), m.ago(4), m.ago(24), m.ago(24), m.ago(72), m.ago(72), m.site.ID)
	if err != nil {
		return err
	}
	by := map[string][]int64{}
	for _, r := range rows {
		by[r.Cause] = []int64{r.B0, r.B1, r.B2, r.B3}
	}
	for _, cause := range []string{"to_inspect", "mismatch", "damaged", "unknown_owner"} {
		buckets := by[cause]
		if buckets == nil {
			buckets = make([]int64, 4)
		}
		m.board.Ageing = append(m.board.Ageing, Ageing{Cause: cause, Buckets: buckets})
	}
	return nil
}

func (m *making) ago(hours int) time.Time { return m.now.Add(-time.Duration(hours) * time.Hour) }

// Exception is something that went otherwise than it should and still needs a person.
type Exception struct {
	Kind     string            `json:"kind"`
	Ref      string            `json:"ref" doc:"plate, parcel, refund or scan"`
	Detail   string            `json:"detail"`
	Params   map[string]string `json:"params"`
	Since    time.Time         `json:"since"`
	Severity string            `json:"severity" enum:"high,mid"`
	Owner    string            `json:"owner" doc:"who deals with it; empty when nobody does"`
}

const exceptionsShown = 20

// exceptionSources give (kind, high, ref, detail, since) of everything open in a warehouse. A finding is open while its piece has not been judged, a short or
// empty parcel for three days.
const exceptionSources = `
SELECT u.finding AS kind, CASE WHEN u.finding IN ('serial_mismatch', 'wrong_item', 'counterfeit') THEN 1 ELSE 0 END AS high, u.plate AS ref, s.code AS detail, u.received_at AS since
  FROM units u JOIN skus s ON s.id = u.sku_id
  WHERE u.warehouse_id = @site AND u.account IN ('quarantine', 'custody') AND u.state IN ('quarantine', 'custody')
    AND u.finding IN ('wrong_item', 'wrong_spec', 'serial_mismatch', 'counterfeit', 'unknown_item', 'extra')
UNION ALL
SELECT 'unknown_owner', CASE WHEN created_at < @old THEN 1 ELSE 0 END, CAST(id AS TEXT), waybill, created_at FROM parcels
  WHERE warehouse_id = @site AND owner_id IS NULL AND state IN ('held', 'closed')
UNION ALL
SELECT CASE WHEN note = 'empty_box' THEN 'empty_box' ELSE 'short' END, CASE WHEN note = 'empty_box' THEN 1 ELSE 0 END, CAST(id AS TEXT), waybill, closed_at FROM parcels
  WHERE warehouse_id = @site AND closed_at >= @old AND owner_id IS NOT NULL AND (received < expected OR note = 'empty_box')
UNION ALL
SELECT 'refund_' || r.state, CASE WHEN r.state = 'held' THEN 0 ELSE 1 END, r.number, CASE WHEN r.hold_code <> '' THEN r.hold_code ELSE r.reason END, COALESCE(r.sent_at, r.requested_at)
  FROM refunds r LEFT JOIN units u ON u.id = r.unit_id LEFT JOIN cases c ON c.id = r.case_id
  WHERE COALESCE(u.warehouse_id, c.warehouse_id, @site) = @site AND r.state NOT IN ('succeeded', 'failed', 'closed', 'cancelled', 'paid_by_hand') AND r.state IN ('held', 'unknown')
UNION ALL
SELECT 'refund_failed', 1, r.number, CASE WHEN r.hold_code <> '' THEN r.hold_code ELSE r.reason END, COALESCE(r.sent_at, r.requested_at)
  FROM refunds r LEFT JOIN units u ON u.id = r.unit_id LEFT JOIN cases c ON c.id = r.case_id
  WHERE COALESCE(u.warehouse_id, c.warehouse_id, @site) = @site AND r.state = 'failed' AND NOT EXISTS (SELECT 1 FROM refunds n WHERE n.replaces = r.id)
UNION ALL
SELECT 'unscanned', 1, waybill, carrier, signed_at FROM unscanned WHERE warehouse_id = @site AND resolved_at IS NULL
UNION ALL
SELECT 'parked', 1, producer || ':' || CAST(seq AS TEXT), code, received_at FROM outcomes WHERE warehouse_id = @site AND code IN ('parked', 'seq_conflict') AND received_at >= @week`

func (m *making) exceptions() error {
	named := map[string]any{"site": m.site.ID, "old": m.ago(72), "week": m.ago(7 * 24), "limit": exceptionsShown}
	var err error
	if m.board.ExceptionsTotal, err = m.number("exceptions", "SELECT COUNT(*) FROM ("+exceptionSources+") AS x", named); err != nil {
		return err
	}
	rows, err := scan[struct {
		Kind, Ref, Detail string
		High              int
		Since             stamp
	}](m.tx, "exceptions", "SELECT kind, high, ref, detail, since FROM ("+exceptionSources+") AS x ORDER BY high DESC, since, ref LIMIT @limit", named)
	if err != nil {
		return err
	}
	for _, r := range rows {
		e := Exception{Kind: r.Kind, Ref: r.Ref, Detail: r.Detail, Params: map[string]string{"detail": r.Detail}, Since: r.Since.Time, Severity: "mid"}
		if r.Kind == "extra" {
			e.Kind = "over"
		}
		if r.Kind == "unknown_owner" || r.Kind == "short" || r.Kind == "empty_box" {
			e.Ref = "P" + fmt.Sprintf("%06s", r.Ref)
		}
		if r.High == 1 {
			e.Severity = "high"
		}
		m.board.Exceptions = append(m.board.Exceptions, e)
	}
	return nil
}

// StationLine is one station on the board.
type StationLine struct {
	ID          string        `json:"id"`
	Number      int           `json:"number"`
	Name        string        `json:"name"`
	Clerk       string        `json:"clerk"`
	LastScan    *time.Time    `json:"last_scan,omitempty"`
	RatePerHour int64         `json:"rate_per_hour" doc:"pieces in the last hour"`
	State       string        `json:"state" enum:"ok,fallback,idle,offline" doc:"fallback: no scanner works, codes are typed"`
	Devices     []DeviceState `json:"devices"`
}

// DeviceState is how one scanner is doing.
type DeviceState struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

const idleAfter = 15 * time.Minute

func (m *making) stations() error {
	rows, err := scan[struct {
		ID, BenchID, Rate int64
		Number            int
		Name, Clerk       string
		Devices           string
		Online            bool
		LastScanAt        *time.Time
	}](m.tx, "stations", `
SELECT t.id, b.id AS bench_id, b.number, b.name, COALESCE(p.display, '') AS clerk, t.devices, t.online, b.last_scan_at,
  (SELECT COUNT(*) FROM units u WHERE u.warehouse_id = t.warehouse_id AND u.received_at >= ? AND u.bench_id = b.id AND u.state <> 'undone') AS rate
FROM stations t JOIN benches b ON b.id = t.bench_id LEFT JOIN users p ON p.id = b.operator_id
WHERE t.warehouse_id = ? AND t.revoked_at IS NULL AND t.enrolled_at IS NOT NULL ORDER BY b.number, t.id`, m.ago(1), m.site.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		utc(r.LastScanAt)
		l := StationLine{ID: fmt.Sprint(r.ID), Number: r.Number, Name: r.Name, Clerk: r.Clerk, LastScan: r.LastScanAt, RatePerHour: r.Rate, Devices: []DeviceState{}}
		if err := json.Unmarshal([]byte(r.Devices), &l.Devices); err != nil {
			return fmt.Errorf("devices of station %d: %w", r.ID, err)
		}
		l.State = stationState(r.Online, l.Devices, r.LastScanAt, m.now)
		m.board.Stations = append(m.board.Stations, l)
	}
	return nil
}

func stationState(online bool, devices []DeviceState, lastScan *time.Time, now time.Time) string {
	if !online {
		return "offline"
	}
	working := len(devices) == 0
	for _, d := range devices {
		working = working || d.State == "connected"
	}
	switch {
	case !working:
		return "fallback"
	case lastScan == nil || now.Sub(*lastScan) > idleAfter:
		return "idle"
	}
	return "ok"
}
