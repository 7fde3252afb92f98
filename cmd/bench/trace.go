package main

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/db"
)

// Tracer collects the statements of a store while it is on.
type Tracer struct {
	mu   sync.Mutex
	on   bool
	seen []db.Statement
}

// See is given to db.Options.Trace.
func (t *Tracer) See(s db.Statement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		t.seen = append(t.seen, s)
	}
}

// During returns the statements that fn causes.
func (t *Tracer) During(fn func() error) ([]db.Statement, error) {
	t.mu.Lock()
	t.on, t.seen = true, nil
	t.mu.Unlock()
	err := fn()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = false
	return t.seen, err
}

// plain brings an argument to one of nil, int64, float64, bool, string, []byte, time.Time, or a slice of them, so that it can be compared and written.
func plain(arg any) (any, error) {
	if v, ok := arg.(driver.Valuer); ok {
		out, err := v.Value()
		if err != nil {
			return nil, err
		}
		return plain(out)
	}
	switch v := arg.(type) {
	case nil, []byte, time.Time:
		return v, nil
	}
	v := reflect.ValueOf(arg)
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return plain(v.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			var err error
			if out[i], err = plain(v.Index(i).Interface()); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("argument of type %T cannot be replayed", arg)
}

// shape reduces a statement to what the database has to do: placeholders of either kind become ?, white space single blanks.
func shape(sql string) string {
	return strings.Join(strings.Fields(placeholder.ReplaceAllString(sql, "?")), " ")
}
