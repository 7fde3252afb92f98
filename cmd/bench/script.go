package main

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/db"
)

// Binding is a value of the traced scan that every other scan has differently: its seq, its plate, the row it has just made.
type Binding struct {
	Traced any               // int64 or string, as it stands among the arguments
	SQL    string            // over pgbench's variables, such as "'U' || :n"
	Go     func(n int64) any // the same for the n-th replayed scan; nil for a Made binding
	Made   string            // table whose INSERT … RETURNING "id" makes the value; SQL and Go are not used then
}

var placeholder = regexp.MustCompile(`\$\d+`)

// script writes the statements of a traced act as a pgbench script. Every placeholder becomes the traced literal or, where a binding has that value, its
// expression; nothing else about a statement changes. head sets the variables.
func script(head string, trace []db.Statement, bind []Binding) (string, error) {
	var out strings.Builder
	out.WriteString(head)
	for i, s := range trace {
		line, err := written(s, bind)
		if err != nil {
			return "", fmt.Errorf("statement %d: %w", i+1, err)
		}
		out.WriteString(line)
		if made := makes(s, trace[i+1:], bind); made != "" {
			fmt.Fprintf(&out, " \\gset %s_\n", made)
			continue
		}
		out.WriteString(";\n")
	}
	return out.String(), nil
}

// makes returns the table of a Made binding that s inserts and a later statement needs.
func makes(s db.Statement, later []db.Statement, bind []Binding) string {
	for _, b := range bind {
		if b.Made == "" || !inserts(s.SQL, b.Made) {
			continue
		}
		for _, l := range later {
			for _, a := range l.Args {
				if v, err := plain(a); err == nil && same(v, b.Traced) {
					return b.Made
				}
			}
		}
	}
	return ""
}

// inserts reports whether sql is GORM's insert into table, in either database's quotes.
func inserts(sql, table string) bool {
	return strings.HasPrefix(sql, `INSERT INTO "`+table+`"`) || strings.HasPrefix(sql, "INSERT INTO `"+table+"`")
}

// same compares a plain argument with a binding's value, which is an int64 or a string.
func same(v, traced any) bool {
	switch v.(type) {
	case int64, string:
		return v == traced
	}
	return false
}

func written(s db.Statement, bind []Binding) (string, error) {
	var failed error
	text := placeholder.ReplaceAllStringFunc(s.SQL, func(p string) string {
		n, _ := strconv.Atoi(p[1:])
		if n < 1 || n > len(s.Args) {
			failed = fmt.Errorf("placeholder %s of %d arguments in %s", p, len(s.Args), s.SQL)
			return p
		}
		v, err := plain(s.Args[n-1])
		if err != nil {
			failed = err
			return p
		}
		lit, err := literal(v, bind)
		if err != nil {
			failed = err
		}
		return lit
	})
	return strings.Join(strings.Fields(text), " "), failed
}

// literal writes a value for pgbench, which takes a colon and a name for a variable even inside quotes: text escapes its colons.
func literal(v any, bind []Binding) (string, error) {
	for _, b := range bind {
		if same(v, b.Traced) {
			if b.Made != "" {
				return ":" + b.Made + "_id", nil
			}
			return "(" + b.SQL + ")", nil
		}
	}
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return quoted(v), nil
	case []byte:
		return quoted(`\x` + hex.EncodeToString(v)), nil
	case time.Time:
		return quoted(v.UTC().Format("2006-01-02 15:04:05.999999Z07:00")), nil
	case []any:
		return array(v, bind)
	}
	return "", fmt.Errorf("cannot write a %T", v)
}

func array(v []any, bind []Binding) (string, error) {
	parts := make([]string, len(v))
	for i, e := range v {
		var err error
		if parts[i], err = literal(e, bind); err != nil {
			return "", err
		}
	}
	return "ARRAY[" + strings.Join(parts, ", ") + "]", nil
}

var escapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, ":", `\x3a`, ";", `\x3b`, "\n", `\n`, "\r", `\r`, " ", `\x20`)

func quoted(s string) string { return "E'" + escapes.Replace(s) + "'" }
