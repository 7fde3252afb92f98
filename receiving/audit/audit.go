package audit

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
)

// Breach is one thing that should hold and does not.
type Breach struct {
	Check   string `json:"check"`
	Subject string `json:"subject"` // what it is about: unit/U000…, refund/R…, order line 17
	Detail  string `json:"detail"`  // what was found against what was expected
}

// Result is one check of a run.
type Result struct {
	Name     string `json:"name"`
	Says     string `json:"says"` // the rule
	Breaches int64  `json:"breaches"`
	TookMS   int64  `json:"took_ms"`
}

// Report is a whole run. Breaches holds at most PerCheck of each check; the counts are complete.
type Report struct {
	OK       bool      `json:"ok"`
	At       time.Time `json:"at"`
	TookMS   int64     `json:"took_ms"`
	Total    int64     `json:"breaches_total"`
	Checks   []Result  `json:"checks"`
	Breaches []Breach  `json:"breaches"`
}

// PerCheck bounds how many breaches of one check are listed.
const PerCheck = 50

// Grace is how long an event may wait for its number: sequencer passes are a fraction of a second apart.
const Grace = time.Minute

// check is one rule: a query for what breaks it, with columns subject and detail.
type check struct {
	name  string
	says  string
	query func(q dialect) string
}

// Run makes every check on one snapshot of d. Breaches are no error.
func Run(ctx context.Context, d *db.DB) (Report, error) { return RunAt(ctx, d, clock.System{}.Now()) }

// RunAt is Run at a time of the caller's choice.
func RunAt(ctx context.Context, d *db.DB, now time.Time) (Report, error) {
	rep := Report{At: now, Checks: []Result{}, Breaches: []Breach{}}
	opts := &sql.TxOptions{ReadOnly: true}
	if d.Dialect == db.Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	begun := clock.Mono()
	err := d.Read.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return rep.run(tx) }, opts)
	rep.TookMS = (clock.Mono() - begun) / 1000
	return rep, err
}

// run makes every check inside tx.
func (r *Report) run(tx *gorm.DB) error {
	q := dialect{postgres: db.IsPostgres(tx), now: r.At}
	if q.postgres {
		// Every check reads whole tables. Where statistics are old the planner expects a handful of rows and joins them one by one, for hours.
		for _, set := range []string{"SET LOCAL enable_nestloop = off", "SET LOCAL jit = off", "SET LOCAL work_mem = '64MB'"} {
			if err := tx.Exec(set).Error; err != nil {
				return fmt.Errorf("prepare the audit: %w", err)
			}
		}
	}
	for _, c := range checks() {
		if err := r.make(tx, q, c); err != nil {
			return err
		}
	}
	r.OK = r.Total == 0
	return nil
}

func (r *Report) make(tx *gorm.DB, q dialect, c check) error {
	var rows []struct {
		Subject, Detail string
		Total           int64
	}
	begun := clock.Mono()
	// A literal ? in a query would be taken for a parameter; none of them has one.
	err := tx.Raw(fmt.Sprintf("SELECT subject, detail, COUNT(*) OVER () AS total FROM (%s) AS broken ORDER BY subject, detail LIMIT %d", c.query(q), PerCheck)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("check %s: %w", c.name, err)
	}
	res := Result{Name: c.name, Says: c.says, TookMS: (clock.Mono() - begun) / 1000}
	for _, row := range rows {
		res.Breaches = row.Total
		r.Breaches = append(r.Breaches, Breach{Check: c.name, Subject: row.Subject, Detail: row.Detail})
	}
	r.Total += res.Breaches
	r.Checks = append(r.Checks, res)
	return nil
}

// Add puts in a check that was made elsewhere: what no query can see.
func (r *Report) Add(name, says string, breaches []Breach, tookMS int64) {
	r.Checks = append(r.Checks, Result{Name: name, Says: says, Breaches: int64(len(breaches)), TookMS: tookMS})
	r.Total += int64(len(breaches))
	r.OK = r.Total == 0
	for _, b := range breaches[:min(len(breaches), PerCheck)] {
		b.Check = name
		r.Breaches = append(r.Breaches, b)
	}
}

func checks() []check {
	var out []check
	for _, group := range [][]check{stock, promises, units, places, outcomes, floor, dock, strays, money, facets, photos, log} {
		out = append(out, group...)
	}
	return out
}
