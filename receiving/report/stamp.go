package report

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// stamp reads a time that SQL computed or passed through a UNION: SQLite then no longer knows that it is one and gives its text.
type stamp struct{ time.Time }

// Value implements driver.Valuer: GORM takes a struct for a relation otherwise.
func (s stamp) Value() (driver.Value, error) { return s.Time, nil }

// Scan implements sql.Scanner.
func (s *stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		s.Time = time.Time{}
		return nil
	case time.Time:
		s.Time = v.UTC()
		return nil
	case string:
		for _, layout := range []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano} {
			if t, err := time.Parse(layout, v); err == nil {
				s.Time = t.UTC()
				return nil
			}
		}
	}
	return fmt.Errorf("a time that reads %T", v)
}
