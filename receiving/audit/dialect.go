package audit

import (
	"fmt"
	"strings"
	"time"
)

// dialect writes the few things that the databases say differently.
type dialect struct {
	postgres bool
	now      time.Time
}

// text reads a key of a JSON column as text.
func (q dialect) text(column, key string) string {
	if q.postgres {
		return fmt.Sprintf("(%s::jsonb ->> '%s')", column, key)
	}
	return fmt.Sprintf("CAST(json_extract(%s, '$.%s') AS TEXT)", column, key)
}

// number reads a key of a JSON column as a whole number.
func (q dialect) number(column, key string) string {
	return fmt.Sprintf("CAST(%s AS BIGINT)", q.text(column, key))
}

// effects makes a table e with the effects of outcomes o, one row each; kind and plate are read by effectKind and effectPlate.
func (q dialect) effects() string {
	if q.postgres {
		return "outcomes o CROSS JOIN LATERAL jsonb_array_elements(o.effects::jsonb) AS e(value)"
	}
	return "outcomes o CROSS JOIN json_each(o.effects) AS e"
}

// booked is a query of plates with the number of times an effect of kind named them.
func (q dialect) plates(kind string) string {
	return fmt.Sprintf("SELECT %s AS plate, COUNT(*) AS n, MIN(o.producer || ':' || %s) AS ref FROM %s WHERE o.effects LIKE '%%%s%%' AND %s = '%s' GROUP BY 1",
		q.text("e.value", "plate"), str("o.seq"), q.effects(), kind, q.text("e.value", "kind"), kind)
}

// before writes a point in time so that the database compares it with a column.
func (q dialect) before(ago time.Duration) string {
	at := q.now.Add(-ago).UTC()
	if q.postgres {
		return "TIMESTAMPTZ '" + at.Format("2006-01-02 15:04:05.999999") + "+00'"
	}
	return "'" + at.Format("2006-01-02 15:04:05.999999") + "+00:00'"
}

func str(expr string) string { return "CAST(" + expr + " AS TEXT)" }

// oneOf writes a list for IN.
func oneOf[T ~string](values ...T) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + string(v) + "'"
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}
