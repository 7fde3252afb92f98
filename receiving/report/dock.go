package report

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/queue"
	"github.com/backdock/backdock/receiving/track"
)

// QueueRow is a parcel that waits at the dock, in the order in which benches fetch.
type QueueRow struct {
	Number   string     `json:"number"`
	Waybill  string     `json:"waybill"`
	Carrier  string     `json:"carrier"`
	Kind     string     `json:"kind"`
	Shelf    string     `json:"shelf"`
	Owner    string     `json:"owner" doc:"code; empty while nobody knows"`
	Cases    []string   `json:"cases"`
	Since    time.Time  `json:"since" doc:"it stands at the dock"`
	Deadline *time.Time `json:"deadline,omitempty" doc:"the platform's, the earliest of its cases"`
	Value    Money      `json:"value"`
}

// QueueList is the front of the queue.
type QueueList struct {
	Items []QueueRow `json:"items"`
	Total int        `json:"total"`
}

// Queue lists what stands at a warehouse's dock, the costliest delay first.
func (r *Reports) Queue(ctx context.Context, s auth.Scope, w id.Warehouse, limit int) (QueueList, error) {
	within, args := s.SQL(parcelColumns)
	list, err := queue.At(r.db.From(ctx), w, r.clock.Now(), within, args...)
	if err != nil {
		return QueueList{}, err
	}
	out := QueueList{Items: []QueueRow{}, Total: len(list)}
	for _, p := range list[:min(limit, len(list))] {
		out.Items = append(out.Items, QueueRow{Number: parcelNumber(p.Parcel), Waybill: p.Waybill, Carrier: p.Carrier, Kind: p.Kind, Shelf: p.Shelf, Owner: p.Owner, Cases: p.Cases,
			Since: p.Since, Deadline: p.Deadline, Value: Money{p.ValueMinor, currencyOr(p.Currency)}})
	}
	return out, nil
}

func currencyOr(code string) string {
	if code == "" {
		return "CNY"
	}
	return code
}

// UnscannedRow is a waybill that was signed for and not scanned.
type UnscannedRow struct {
	Waybill  string    `json:"waybill"`
	Carrier  string    `json:"carrier"`
	Owner    string    `json:"owner"`
	Case     string    `json:"case" doc:"empty for a parcel that came back to its sender without one"`
	Value    Money     `json:"value"`
	SignedAt time.Time `json:"signed_at"`
	RaisedAt time.Time `json:"raised_at"`
}

// UnscannedList is what is open, the oldest first.
type UnscannedList struct {
	Items  []UnscannedRow `json:"items"`
	Total  int64          `json:"total"`
	Value  Money          `json:"value" doc:"of all that are open"`
	Policy DockPolicy     `json:"policy"`
}

// DockPolicy is how long a dock may take to scan what it has signed for.
type DockPolicy struct {
	Hours     int `json:"hours" minimum:"1" maximum:"720" doc:"of the dock's working time"`
	OpensMin  int `json:"opens_min" minimum:"0" maximum:"1439" doc:"minutes after the warehouse's midnight"`
	ClosesMin int `json:"closes_min" minimum:"1" maximum:"1440"`
}

var unscannedColumns = auth.Columns{Warehouse: "u.warehouse_id = ?", Owner: "u.owner_id = ?", Shop: "c.shop_id = ?"}

// Unscanned lists the open alarms of a warehouse.
func (r *Reports) Unscanned(ctx context.Context, s auth.Scope, w id.Warehouse, limit int) (UnscannedList, error) {
	tx := r.db.From(ctx)
	out := UnscannedList{Items: []UnscannedRow{}, Policy: DockPolicy(track.StandardPolicy)}
	within, args := s.SQL(unscannedColumns)
	from := "FROM unscanned u JOIN owners o ON o.id = u.owner_id LEFT JOIN cases c ON c.id = u.case_id WHERE u.resolved_at IS NULL AND u.warehouse_id = ? AND " + within
	args = append([]any{w}, args...)
	rows, err := scan[struct {
		Waybill, Carrier, Owner, Case, Currency string
		ValueMinor                              int64
		SignedAt, RaisedAt                      time.Time
	}](tx, "alarms", `SELECT u.waybill, u.carrier, o.code AS owner, COALESCE(c.number, '') AS "case", u.currency, u.value_minor, u.signed_at, u.raised_at `+from+" ORDER BY u.signed_at, u.id LIMIT ?", append(args, limit)...)
	if err != nil {
		return out, err
	}
	for _, x := range rows {
		out.Items = append(out.Items, UnscannedRow{x.Waybill, x.Carrier, x.Owner, x.Case, Money{x.ValueMinor, x.Currency}, x.SignedAt.UTC(), x.RaisedAt.UTC()})
	}
	sum, err := scan[struct {
		N, Minor int64
		Currency string
	}](tx, "alarms", "SELECT COUNT(*) AS n, COALESCE(CAST(SUM(u.value_minor) AS BIGINT), 0) AS minor, COALESCE(MAX(u.currency), 'CNY') AS currency "+from, args...)
	if err != nil {
		return out, err
	}
	out.Total, out.Value = sum[0].N, Money{sum[0].Minor, sum[0].Currency}
	policy, err := scan[struct{ UnscannedHours, OpensMin, ClosesMin int }](tx, "policy", "SELECT unscanned_hours, opens_min, closes_min FROM dock_policies WHERE warehouse_id = ?", w)
	if err == nil && len(policy) == 1 {
		out.Policy = DockPolicy{policy[0].UnscannedHours, policy[0].OpensMin, policy[0].ClosesMin}
	}
	return out, err
}

// HandoverRow is what one driver handed over.
type HandoverRow struct {
	ID       int64      `json:"id"`
	Carrier  string     `json:"carrier"`
	Bench    string     `json:"bench"`
	Clerk    string     `json:"clerk"`
	State    string     `json:"state" enum:"open,closed"`
	Parcels  int        `json:"parcels"`
	Turned   int        `json:"turned" doc:"refused or handed back"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
}

// Handovers lists the hand-overs of a warehouse, the newest first.
func (r *Reports) Handovers(ctx context.Context, w id.Warehouse, a Ask) (Page[HandoverRow], error) {
	m, more, err := a.mark()
	if err != nil {
		return Page[HandoverRow]{}, err
	}
	var q query
	q.and("h.warehouse_id = ?", w)
	if more {
		q.and("h.id < ?", m.I)
	}
	rows, err := scan[HandoverRow](r.db.From(ctx), "hand-overs", `SELECT h.id, h.carrier, b.name AS bench, COALESCE(u.display, '') AS clerk, h.state, h.parcels,
 (SELECT COUNT(*) FROM dockings d WHERE d.handover_id = h.id AND d.turned_at IS NOT NULL) AS turned, h.opened_at, h.closed_at
FROM handovers h JOIN benches b ON b.id = h.bench_id LEFT JOIN users u ON u.id = COALESCE(h.closed_by, h.opened_by) `+q.where()+" ORDER BY h.id DESC LIMIT ?", append(q.args, a.limit()+1)...)
	for i := range rows {
		utc(&rows[i].OpenedAt, rows[i].ClosedAt)
	}
	return page(rows, a.limit(), func(h HandoverRow) mark { return mark{I: h.ID} }), err
}

// Alarm is what was signed for and not scanned.
type Alarm struct {
	N      int64      `json:"n"`
	Minor  int64      `json:"minor" doc:"value of the goods"`
	Oldest *time.Time `json:"oldest,omitempty" doc:"signed for"`
}

// dock fills in the board's figures of the dock: what to fetch, and what was signed for and never came to it.
func (m *making) dock() error {
	b := m.board
	list, err := queue.At(m.tx, m.site.ID, m.now, "")
	if err != nil {
		return err
	}
	for _, p := range list[:min(fetchShown, len(list))] {
		b.Queue = append(b.Queue, QueueRow{Number: parcelNumber(p.Parcel), Waybill: p.Waybill, Carrier: p.Carrier, Kind: p.Kind, Shelf: p.Shelf, Owner: p.Owner, Cases: p.Cases,
			Since: p.Since, Deadline: p.Deadline, Value: Money{p.ValueMinor, currencyOr(p.Currency)}})
	}
	for _, p := range list {
		if p.Deadline != nil && p.Deadline.Before(m.dayEnd) {
			b.DueToday++
		}
	}
	rows, err := scan[struct {
		N, Minor int64
	}](m.tx, "alarms", "SELECT COUNT(*) AS n, COALESCE(CAST(SUM(value_minor) AS BIGINT), 0) AS minor FROM unscanned WHERE warehouse_id = ? AND resolved_at IS NULL", m.site.ID)
	if err != nil || rows[0].N == 0 {
		return err
	}
	oldest, err := scan[struct{ SignedAt time.Time }](m.tx, "oldest alarm", "SELECT signed_at FROM unscanned WHERE warehouse_id = ? AND resolved_at IS NULL ORDER BY signed_at LIMIT 1", m.site.ID)
	if err != nil {
		return err
	}
	b.Unscanned = Alarm{N: rows[0].N, Minor: rows[0].Minor, Oldest: &oldest[0].SignedAt}
	utc(b.Unscanned.Oldest)
	return nil
}

// fetchShown is how many of the queue the board shows.
const fetchShown = 5

// labour fills in pieces per labour hour: an operator works at receiving in each five minutes in which a scan says so.
func (m *making) labour() error {
	k := &m.board.KPI
	today, err := labourMinutes(m.tx, m.site.ID, m.day, m.now)
	if err != nil {
		return err
	}
	yesterday, err := labourMinutes(m.tx, m.site.ID, m.dayAgo, m.sameTime)
	k.PiecesPerLabourHour = Ratio{perHour(k.Pieces.Today, today), perHour(k.Pieces.Yesterday, yesterday)}
	return err
}

func perHour(n, minutes int64) float64 {
	if minutes == 0 {
		return 0
	}
	return float64(n) * 60 / float64(minutes)
}

func labourMinutes(tx *gorm.DB, w id.Warehouse, from, to time.Time) (int64, error) {
	rows, err := scan[presence](tx, "presence", `SELECT p.bench_id, p.user_id, p.hour_at, p.slots FROM work_presence p JOIN benches b ON b.id = p.bench_id AND b.kind = 'receiving'
 WHERE p.warehouse_id = ? AND p.hour_at >= ? AND p.hour_at < ?`, w, from, to)
	return minutesOf(rows, to), err
}
