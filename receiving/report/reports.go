package report

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // warehouses have time zones; the machine may have none installed

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// Reports answers questions about the store.
type Reports struct {
	db     *db.DB
	clock  clock.Clock
	search *unclaimed.Search
}

// New makes Reports.
func New(d *db.DB, c clock.Clock) *Reports {
	return &Reports{db: d, clock: c, search: unclaimed.NewSearch(nil)}
}

// Money is an amount in the currency's minor unit.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Page is a part of a list; Next is the cursor of the part after it, empty at the end.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// Ask says which part of a list is wanted.
type Ask struct {
	Cursor string
	Limit  int
}

const maxLimit = 200

func (a Ask) limit() int {
	if a.Limit <= 0 {
		return 50
	}
	return min(a.Limit, maxLimit)
}

// mark is a place in a list: the sort key and the row id of the last row.
type mark struct {
	K time.Time `json:"k,omitzero"`
	I int64     `json:"i"`
	W int64     `json:"w,omitempty"` // stock is sorted by SKU, warehouse, account
	A string    `json:"a,omitempty"`
}

func (m mark) String() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers, a text and a time
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func (a Ask) mark() (m mark, ok bool, err error) {
	if a.Cursor == "" {
		return m, false, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(a.Cursor)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil || m.I <= 0 {
		return m, false, fault.New(fault.Invalid, "cursor_invalid", "the cursor is not one of ours: start the list again")
	}
	m.K = clock.Stamp(m.K)
	return m, true, nil
}

// page cuts rows, of which one more than the limit was asked for, and makes the cursor.
func page[T any](rows []T, limit int, key func(T) mark) Page[T] {
	p := Page[T]{Items: rows}
	if rows == nil {
		p.Items = []T{}
	}
	if len(rows) > limit {
		p.Items = rows[:limit]
		p.Next = key(rows[limit-1]).String()
	}
	return p
}

// convert makes a list of what a screen shows from a list of rows.
func convert[A, B any](p Page[A], fn func(A) B) Page[B] {
	out := Page[B]{Items: make([]B, len(p.Items)), Next: p.Next}
	for i, a := range p.Items {
		out.Items[i] = fn(a)
	}
	return out
}

// query collects the parts of a WHERE clause.
type query struct {
	conds []string
	args  []any
}

func (q *query) and(cond string, args ...any) {
	q.conds, q.args = append(q.conds, cond), append(q.args, args...)
}

// given narrows by one filter of the caller's; an empty one narrows nothing.
func (q *query) given(cond, want string) {
	if want != "" {
		q.and(cond, want)
	}
}

func (q *query) where() string { return "WHERE " + strings.Join(append(q.conds, "1=1"), " AND ") }

// snapshot runs fn on one consistent state of the store.
func (r *Reports) snapshot(ctx context.Context, fn func(tx *gorm.DB) error) error {
	var o *sql.TxOptions // SQLite: a reading transaction is a snapshot
	if r.db.Dialect == db.Postgres {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return r.db.Read.WithContext(ctx).Transaction(fn, o)
}

// scan runs SQL and reads all rows.
func scan[T any](tx *gorm.DB, what, sql string, args ...any) ([]T, error) {
	var rows []T
	if err := tx.Raw(sql, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return rows, nil
}

// one is scan for a row that has to be there.
func one[T any](tx *gorm.DB, what, sql string, args ...any) (T, error) {
	rows, err := scan[T](tx, what, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	if len(rows) == 0 {
		var none T
		return none, fault.New(fault.NotFound, what+"_not_found", "there is no such %s", what)
	}
	return rows[0], nil
}

// seconds is the SQL for whole seconds from one time to another, the later first.
func seconds(tx *gorm.DB, later, earlier string) string {
	if db.IsPostgres(tx) {
		return fmt.Sprintf("CAST(EXTRACT(EPOCH FROM (%s - %s)) AS BIGINT)", later, earlier)
	}
	return fmt.Sprintf("(CAST(strftime('%%s', %s) AS INTEGER) - CAST(strftime('%%s', %s) AS INTEGER))", later, earlier)
}

// utc brings times read from the store to UTC.
func utc(times ...*time.Time) {
	for _, t := range times {
		if t != nil {
			*t = t.UTC()
		}
	}
}

// like escapes a search text for LIKE … ESCAPE '!'.
func like(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// list is scan that gives an empty list for no rows.
func list[T any](tx *gorm.DB, what, sql string, args ...any) ([]T, error) {
	rows, err := scan[T](tx, what, sql, args...)
	if rows == nil {
		rows = []T{}
	}
	return rows, err
}
