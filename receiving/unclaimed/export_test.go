package unclaimed

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
)

// Explain runs a search and shows the plan of each of its questions, with sequential reading forbidden where an index will do.
func Explain(ctx context.Context, read *gorm.DB, parcel id.Parcel, show func(sql, plan string)) error {
	return read.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var p receiving.Parcel
		if err := tx.Where("id = ?", parcel).Take(&p).Error; err != nil {
			return err
		}
		if err := tx.Exec("SET LOCAL enable_seqscan = off").Error; err != nil {
			return err
		}
		type asked struct {
			sql  string
			vars []any
		}
		var all []asked
		note := func(db *gorm.DB) {
			all = append(all, asked{db.Statement.SQL.String(), append([]any(nil), db.Statement.Vars...)})
		}
		probe := tx.Session(&gorm.Session{NewDB: true})
		const name = "test:plans"
		if err := probe.Callback().Row().After("gorm:row").Register(name, note); err != nil {
			return err
		}
		defer func() { _ = probe.Callback().Row().Remove(name) }()
		if err := probe.Callback().Query().After("gorm:query").Register(name, note); err != nil {
			return err
		}
		defer func() { _ = probe.Callback().Query().Remove(name) }()
		if _, err := NewSearch(nil).Candidates(ctx, probe, p); err != nil {
			return err
		}
		for _, q := range all {
			if !strings.HasPrefix(strings.TrimSpace(q.sql), "SELECT") {
				continue
			}
			rows, err := tx.Statement.ConnPool.QueryContext(ctx, "EXPLAIN "+q.sql, q.vars...)
			if err != nil {
				return err
			}
			var plan strings.Builder
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					return err
				}
				plan.WriteString(line + "\n")
			}
			if err := rows.Close(); err != nil {
				return err
			}
			show(q.sql, plan.String())
		}
		return nil
	})
}
