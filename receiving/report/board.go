package report

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// Board is the manager's screen of one warehouse: absolute values from one snapshot. Seq is the newest event that the snapshot holds.
type Board struct {
	Warehouse       string           `json:"warehouse"`
	TimeZone        string           `json:"time_zone"`
	Now             time.Time        `json:"now"`
	Seq             int64            `json:"seq"`
	KPI             KPI              `json:"kpi"`
	Hours           []Hour           `json:"hours" doc:"24 hours of the warehouse's day"`
	TargetPerHour   int              `json:"target_per_hour"`
	Ageing          []Ageing         `json:"ageing"`
	Exceptions      []Exception      `json:"exceptions" doc:"at most 20, the worst first"`
	ExceptionsTotal int64            `json:"exceptions_total"`
	Refunds         map[string]Tally `json:"refunds" doc:"by state; due sums all that are not paid yet, succeeded_today those of this day"`
	Stations        []StationLine    `json:"stations"`
	Unclaimed       Unclaimed        `json:"unclaimed"`
	AtDock          int64            `json:"at_dock"`
	Stock           Stock            `json:"stock"`
	Queue           []QueueRow       `json:"queue" doc:"what benches fetch from the dock next, at most 5"`
	DueToday        int64            `json:"due_today" doc:"parcels at the dock whose platform deadline ends today or has passed"`
	Unscanned       Alarm            `json:"unscanned" doc:"signed for and not scanned at the dock in time"`
}

// KPI is the row of large figures. Yesterday is yesterday until the same clock time.
type KPI struct {
	Parcels         Pair           `json:"parcels" doc:"closed"`
	Pieces          Pair           `json:"pieces" doc:"received"`
	MedianHandlingS Pair           `json:"median_handling_s" doc:"from opening to closing a parcel"`
	MatchRate       Ratio          `json:"match_rate"`
	Quarantine      QuarantineLoad `json:"quarantine"`
	RefundedMinor   MoneyPair      `json:"refunded_minor"`

	PiecesPerLabourHour Ratio `json:"pieces_per_labour_hour" doc:"received, per hour in which operators of receiving benches were at work"`
}

// Pair is a figure beside yesterday's.
type Pair struct {
	Today     int64 `json:"today"`
	Yesterday int64 `json:"yesterday"`
}

// Ratio is a Pair between 0 and 1.
type Ratio struct {
	Today     float64 `json:"today"`
	Yesterday float64 `json:"yesterday"`
}

// MoneyPair is a Pair of amounts.
type MoneyPair struct {
	Today     int64  `json:"today"`
	Yesterday int64  `json:"yesterday"`
	Currency  string `json:"currency"`
}

// QuarantineLoad is what waits for inspection.
type QuarantineLoad struct {
	Now       int64 `json:"now"`
	Yesterday int64 `json:"yesterday"`
	Over3D    int64 `json:"over_3d"`
}

// Hour is one hour of the day.
type Hour struct {
	Hour      int   `json:"hour"`
	Received  int64 `json:"received"`
	Released  int64 `json:"released"`
	Yesterday int64 `json:"yesterday" doc:"received in this hour yesterday"`
}

// Ageing counts what lies in quarantine and custody: under 4 hours, to a day, to 3 days, longer.
type Ageing struct {
	Cause   string  `json:"cause" enum:"to_inspect,mismatch,damaged,unknown_owner"`
	Buckets []int64 `json:"buckets"`
}

// Tally is a number of things and their money.
type Tally struct {
	N     int64 `json:"n"`
	Minor int64 `json:"minor"`
}

// Unclaimed counts parcels without an owner.
type Unclaimed struct {
	N      int64 `json:"n"`
	Over3D int64 `json:"over_3d"`
}

// Stock sums the warehouse's own accounts.
type Stock struct {
	Available   int64 `json:"available"`
	SecondGrade int64 `json:"second_grade"`
	Quarantine  int64 `json:"quarantine"`
	Custody     int64 `json:"custody"`
}

type site struct {
	ID            id.Warehouse
	Code          string
	TimeZone      string
	TargetPerHour int
}

// making is one board in the making.
type making struct {
	tx       *gorm.DB
	site     site
	zone     *time.Location
	now      time.Time
	day      time.Time // midnight of the warehouse
	dayEnd   time.Time // midnight after it: a piece may carry a time slightly ahead of this server's clock
	dayAgo   time.Time // midnight before it
	sameTime time.Time // yesterday, the same clock time
	board    *Board
}

// Board computes a warehouse's board.
func (r *Reports) Board(ctx context.Context, w id.Warehouse) (*Board, error) {
	var out *Board
	err := r.snapshot(ctx, func(tx *gorm.DB) error {
		s, err := one[site](tx, "warehouse", "SELECT id, code, time_zone, target_per_hour FROM warehouses WHERE id = ?", w)
		if err != nil {
			return err
		}
		m, err := begin(tx, s, r.clock.Now())
		if err != nil {
			return err
		}
		for _, part := range []func(*making) error{(*making).seq, (*making).kpi, (*making).money, (*making).hours, (*making).ageing, (*making).exceptions, (*making).stations, (*making).stock, (*making).dock, (*making).labour} {
			if err := part(m); err != nil {
				return err
			}
		}
		out = m.board
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("board of warehouse %d: %w", w, err)
	}
	return out, nil
}

func begin(tx *gorm.DB, s site, now time.Time) (*making, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of %s: %w", s.Code, err)
	}
	here := now.In(zone)
	y, mo, d := here.Date()
	m := &making{tx: tx, site: s, zone: zone, now: now,
		day: time.Date(y, mo, d, 0, 0, 0, 0, zone).UTC(), dayEnd: time.Date(y, mo, d+1, 0, 0, 0, 0, zone).UTC(), dayAgo: time.Date(y, mo, d-1, 0, 0, 0, 0, zone).UTC(),
		sameTime: time.Date(y, mo, d-1, here.Hour(), here.Minute(), here.Second(), here.Nanosecond(), zone).UTC()}
	m.board = &Board{Warehouse: s.Code, TimeZone: s.TimeZone, Now: now, TargetPerHour: s.TargetPerHour, Hours: []Hour{}, Ageing: []Ageing{}, Exceptions: []Exception{},
		Stations: []StationLine{}, Queue: []QueueRow{}, Refunds: map[string]Tally{}}
	return m, nil
}

func (m *making) seq() (err error) {
	m.board.Seq, err = event.Head(m.tx)
	return err
}

// number runs SQL that gives one number.
func (m *making) number(what, sql string, args ...any) (int64, error) {
	var n int64
	if err := m.tx.Raw(sql, args...).Scan(&n).Error; err != nil {
		return 0, fmt.Errorf("count %s: %w", what, err)
	}
	return n, nil
}

// numbers fills in several.
func (m *making) numbers(what string, queries ...figure) error {
	for _, q := range queries {
		n, err := m.number(what, q.sql, q.args...)
		if err != nil {
			return err
		}
		*q.into = n
	}
	return nil
}

type figure struct {
	into *int64
	sql  string
	args []any
}

func (m *making) stock() error {
	rows, err := scan[struct {
		Account string
		Sum     int64
	}](m.tx, "stock", "SELECT account, CAST(SUM(quantity) AS BIGINT) AS sum FROM balances WHERE warehouse_id = ? AND account IN ('available', 'second_grade', 'quarantine', 'custody') GROUP BY account", m.site.ID)
	if err != nil {
		return err
	}
	s := &m.board.Stock
	into := map[string]*int64{"available": &s.Available, "second_grade": &s.SecondGrade, "quarantine": &s.Quarantine, "custody": &s.Custody}
	for _, r := range rows {
		*into[r.Account] = r.Sum
	}
	u := &m.board.Unclaimed
	const unclaimed = "SELECT COUNT(*) FROM parcels WHERE warehouse_id = ? AND owner_id IS NULL AND state IN ('at_dock', 'open', 'held', 'closed')"
	return m.numbers("parcels",
		figure{&m.board.AtDock, "SELECT COUNT(*) FROM parcels WHERE warehouse_id = ? AND state = 'at_dock'", []any{m.site.ID}},
		figure{&u.N, unclaimed, []any{m.site.ID}},
		figure{&u.Over3D, unclaimed + " AND created_at < ?", []any{m.site.ID, m.now.Add(-72 * time.Hour)}})
}
