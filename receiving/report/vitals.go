package report

import (
	"context"

	"github.com/backdock/backdock/internal/event"
)

// Vitals are figures of the whole store, for monitoring.
type Vitals struct {
	Refunds   map[string]int64 // not final, by state
	Jobs      map[string]int64 // not final, by state
	Unstamped int64
	Head      int64
}

// Vitals reads them.
func (r *Reports) Vitals(ctx context.Context) (Vitals, error) {
	tx := r.db.Read.WithContext(ctx)
	v := Vitals{Refunds: map[string]int64{}, Jobs: map[string]int64{}}
	type row struct {
		State string
		N     int64
	}
	for _, q := range []struct {
		what, sql string
		into      map[string]int64
	}{
		{"refunds by state", "SELECT state, COUNT(*) AS n FROM refunds WHERE state NOT IN ('succeeded', 'failed', 'closed', 'cancelled', 'paid_by_hand') GROUP BY state", v.Refunds},
		{"jobs by state", "SELECT CAST(state AS TEXT) AS state, COUNT(*) AS n FROM river_job WHERE finalized_at IS NULL GROUP BY 1", v.Jobs},
	} {
		rows, err := scan[row](tx, q.what, q.sql)
		if err != nil {
			return v, err
		}
		for _, r := range rows {
			q.into[r.State] = r.N
		}
	}
	var err error
	if v.Unstamped, err = event.Unstamped(tx); err != nil {
		return v, err
	}
	v.Head, err = event.Head(tx)
	return v, err
}
