package report

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/work"
)

// WorkRow is work done: of an operator, a bench or both, in an hour, a day or a whole period.
type WorkRow struct {
	Day           string  `json:"day" doc:"of the warehouse, YYYY-MM-DD; empty over a period"`
	Hour          *int    `json:"hour,omitempty"`
	Bench         string  `json:"bench"`
	Operator      string  `json:"operator" doc:"empty where nobody had logged on"`
	ParcelsDocked int64   `json:"parcels_docked"`
	ParcelsOpened int64   `json:"parcels_opened"`
	ParcelsClosed int64   `json:"parcels_closed"`
	Pieces        int64   `json:"pieces"`
	Inspections   int64   `json:"inspections"`
	PutAways      int64   `json:"put_aways"`
	Errors        int64   `json:"errors" doc:"found later, counted where they were made"`
	Minutes       int64   `json:"minutes" doc:"with work, in steps of five"`
	PiecesPerHour float64 `json:"pieces_per_hour" doc:"pieces per labour hour"`
}

// WorkList is a report. Seq is the newest event that it holds.
type WorkList struct {
	Items []WorkRow `json:"items"`
	Total WorkRow   `json:"total"`
	Seq   int64     `json:"seq"`
}

// WorkAsk says which work.
type WorkAsk struct {
	From, To string // days of the warehouse, YYYY-MM-DD, both counted
	By       string // operator, bench, hour (of bench and operator)
}

// longestWork bounds a report: three months of hours.
const longestWork = 93

func (a WorkAsk) check() error {
	from, err := time.Parse(time.DateOnly, a.From)
	to, err2 := time.Parse(time.DateOnly, a.To)
	if days := to.Sub(from) / (24 * time.Hour); err != nil || err2 != nil || days < 0 || days >= longestWork {
		return fault.New(fault.Invalid, "work_period", "a report is over 1 to %d days, from and to as YYYY-MM-DD", longestWork)
	}
	return nil
}

// presence is a row of work_presence.
type presence struct {
	BenchID id.Bench
	UserID  id.User
	HourAt  time.Time
	Slots   int64
}

// whose is who was at work: an operator wherever it was, or a bench where nobody had logged on.
type whose struct {
	user  id.User
	bench id.Bench
	hour  int64
}

// minutesOf adds up labour: the five minutes in which an operator worked at two benches count once. What lies after to is left out.
func minutesOf(rows []presence, to time.Time) int64 {
	slots := map[whose]int64{}
	for _, r := range rows {
		k := whose{r.UserID, 0, r.HourAt.Unix()}
		if r.UserID == 0 {
			k.bench = r.BenchID
		}
		slots[k] |= r.Slots
	}
	n := 0
	for k, s := range slots {
		if left := to.Sub(time.Unix(k.hour, 0)); left < time.Hour {
			s &= 1<<((left+work.Slot-1)/work.Slot) - 1
		}
		n += bits.OnesCount64(uint64(s))
	}
	return int64(n) * int64(work.Slot/time.Minute)
}

type workCell struct {
	Day     string
	Hour    int
	HourAt  time.Time
	BenchID id.Bench
	UserID  id.User
	Measure string
	N       int64
}

// Work reports the work done in a warehouse.
func (r *Reports) Work(ctx context.Context, w id.Warehouse, a WorkAsk) (WorkList, error) {
	if err := a.check(); err != nil {
		return WorkList{}, err
	}
	out := WorkList{Items: []WorkRow{}}
	tx := r.db.From(ctx)
	var err error
	if out.Seq, err = work.Applied(tx); err != nil {
		return out, err
	}
	cells, err := scan[workCell](tx, "work", "SELECT day, hour, hour_at, bench_id, user_id, measure, n FROM work_done WHERE warehouse_id = ? AND day >= ? AND day <= ? ORDER BY hour_at, bench_id, user_id", w, a.From, a.To)
	if err != nil {
		return out, err
	}
	there, err := scan[presence](tx, "presence", "SELECT bench_id, user_id, hour_at, slots FROM work_presence WHERE warehouse_id = ? AND day >= ? AND day <= ?", w, a.From, a.To)
	if err != nil {
		return out, err
	}
	names, err := r.workNames(ctx, w)
	if err != nil {
		return out, err
	}
	out.Items = group(cells, there, a.By, names)
	out.Total = total(cells, there)
	return out, nil
}

// workNames are what people call benches and operators.
type workNames struct {
	bench map[id.Bench]string
	user  map[id.User]string
}

func (r *Reports) workNames(ctx context.Context, w id.Warehouse) (workNames, error) {
	n := workNames{map[id.Bench]string{}, map[id.User]string{}}
	tx := r.db.From(ctx)
	benches, err := scan[struct {
		ID   id.Bench
		Name string
	}](tx, "benches", "SELECT id, name FROM benches WHERE warehouse_id = ?", w)
	if err != nil {
		return n, err
	}
	for _, b := range benches {
		n.bench[b.ID] = b.Name
	}
	users, err := scan[struct {
		ID      id.User
		Display string
	}](tx, "operators", "SELECT id, display FROM users WHERE id IN (SELECT user_id FROM work_presence WHERE warehouse_id = ?)", w)
	for _, u := range users {
		n.user[u.ID] = u.Display
	}
	return n, err
}

// workKey is what rows are put together by.
type workKey struct {
	hour  int64
	bench id.Bench
	user  id.User
}

func keyOf(by string, at time.Time, b id.Bench, u id.User) workKey {
	switch by {
	case "operator":
		return workKey{user: u}
	case "bench":
		return workKey{bench: b}
	}
	return workKey{at.Unix(), b, u}
}

// group puts cells together, in the order in which they come.
func group(cells []workCell, there []presence, by string, names workNames) []WorkRow {
	rows, at := []WorkRow{}, map[workKey]int{}
	for _, c := range cells {
		k := keyOf(by, c.HourAt, c.BenchID, c.UserID)
		i, ok := at[k]
		if !ok {
			i = len(rows)
			at[k] = i
			row := WorkRow{Bench: names.bench[k.bench], Operator: names.user[k.user]}
			if by != "operator" && by != "bench" {
				hour := c.Hour
				row.Day, row.Hour = c.Day, &hour
			}
			rows = append(rows, row)
		}
		rows[i].add(c)
	}
	present := map[workKey][]presence{}
	for _, p := range there {
		k := keyOf(by, p.HourAt, p.BenchID, p.UserID)
		present[k] = append(present[k], p)
	}
	for k, i := range at {
		rows[i].work(present[k])
	}
	return slices.DeleteFunc(rows, func(w WorkRow) bool { return w.nothing() })
}

func total(cells []workCell, there []presence) WorkRow {
	var sum WorkRow
	for _, c := range cells {
		sum.add(c)
	}
	sum.work(there)
	return sum
}

func (w *WorkRow) add(c workCell) { *w.measure(c.Measure) += c.N }

// measure is the column of a measure.
func (w *WorkRow) measure(name string) *int64 {
	switch name {
	case work.ParcelsDocked:
		return &w.ParcelsDocked
	case work.ParcelsOpened:
		return &w.ParcelsOpened
	case work.ParcelsClosed:
		return &w.ParcelsClosed
	case work.Pieces:
		return &w.Pieces
	case work.Inspections:
		return &w.Inspections
	case work.PutAways:
		return &w.PutAways
	case work.Errors:
		return &w.Errors
	}
	panic(fmt.Sprintf("there is no column of %s", name))
}

// forever lies after every presence.
var forever = time.Unix(1<<40, 0)

func (w *WorkRow) work(there []presence) {
	w.Minutes = minutesOf(there, forever)
	w.PiecesPerHour = perHour(w.Pieces, w.Minutes)
}

// nothing reports whether all that was done was taken back.
func (w WorkRow) nothing() bool {
	for _, m := range work.Measures {
		if *w.measure(m) != 0 {
			return false
		}
	}
	return w.Minutes == 0
}
