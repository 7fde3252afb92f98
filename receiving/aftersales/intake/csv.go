package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// table reads a CSV with a header: UTF-8 with or without mark, or GB18030 as spreadsheets in China save it.
type table struct {
	csv    *csv.Reader
	column map[string]int
	width  int
}

// openTable reads the header. Columns that nobody asked for are reported and ignored; a column that is needed and not there is an error.
func openTable(r io.Reader, known, needed []string) (*table, []Problem, error) {
	text, err := asUTF8(r)
	if err != nil {
		return nil, nil, err
	}
	c := csv.NewReader(text)
	// Lazy: ="123" with bare quotes is how spreadsheets are told to keep a number as text.
	c.FieldsPerRecord, c.ReuseRecord, c.TrimLeadingSpace, c.LazyQuotes = -1, true, true, true
	head, err := c.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("read the header: %w", err)
	}
	t := &table{csv: c, column: map[string]int{}, width: len(head)}
	var odd []Problem
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := t.column[name]
		switch {
		case twice:
			return nil, nil, fmt.Errorf("column %q is there twice", name)
		case !slices.Contains(known, name):
			odd = append(odd, Problem{Row: 1, Field: name, Code: "unknown_field", Message: "this column is not known and is ignored"})
		default:
			t.column[name] = i
		}
	}
	for _, name := range needed {
		if _, ok := t.column[name]; !ok {
			return nil, nil, fmt.Errorf("column %q is missing", name)
		}
	}
	return t, odd, nil
}

// asUTF8 looks at the beginning of r to tell its encoding.
func asUTF8(r io.Reader) (io.Reader, error) {
	const look = 64 << 10
	b := bufio.NewReaderSize(r, look)
	head, err := b.Peek(look)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, err := b.Discard(3)
		return b, err
	}
	// The look may end within a character.
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return b, nil
		}
	}
	if len(head) == 0 {
		return b, nil
	}
	return simplifiedchinese.GB18030.NewDecoder().Reader(b), nil
}

// row is one line of a table with what was found wrong with it.
type row struct {
	line     int
	cells    []string
	t        *table
	problems []Problem
}

// rows yields every line but the header. A line that csv cannot split becomes a row with a problem; the next line goes on.
func (t *table) rows() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for {
			cells, err := t.csv.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			r := row{cells: cells, t: t}
			var broken *csv.ParseError
			switch {
			case errors.As(err, &broken):
				r.line, r.cells = broken.Line, nil
				r.problems = []Problem{{Row: broken.Line, Code: "malformed", Message: broken.Err.Error()}}
			case err != nil:
				yield(r, err)
				return
			default:
				r.line, _ = t.csv.FieldPos(0)
				if len(cells) != t.width {
					r.problems = []Problem{{Row: r.line, Code: "malformed", Message: fmt.Sprintf("%d cells, the header has %d", len(cells), t.width)}}
					if strings.Contains(strings.Join(cells, ""), "\n") {
						r.cells = nil // a quote that never closed has swallowed the lines below: nothing in it can be trusted
					}
				}
			}
			if r.blank() {
				continue
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (r *row) blank() bool {
	return len(r.problems) == 0 && !slices.ContainsFunc(r.cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

func (r *row) bad(field, code, format string, args ...any) {
	r.problems = append(r.problems, Problem{Row: r.line, Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// text returns a cell without the tricks that spreadsheets play: ="123", '123, a leading tab.
func (r *row) text(field string) string {
	i, ok := r.t.column[field]
	if !ok || i >= len(r.cells) {
		return ""
	}
	s := strings.TrimSpace(r.cells[i])
	if rest, ok := strings.CutPrefix(s, `="`); ok {
		s = strings.TrimSuffix(rest, `"`)
	}
	return strings.TrimSpace(strings.TrimPrefix(s, "'"))
}

// name is a text that identifies something: a spreadsheet that has turned it into 7.73E+14 has lost digits for good.
func (r *row) name(field string) string {
	s := r.text(field)
	if scientific(s) {
		r.bad(field, "scientific_number", "%q has lost digits: format the column as text and export again", s)
		return ""
	}
	return s
}

func scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(s), "E+")
	if !ok || exponent == "" || mantissa == "" {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func (r *row) number(field string) int {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		r.bad(field, "bad_number", "%q is no whole number", s)
		return 0
	}
	return n
}

func (r *row) flag(field string) bool {
	switch s := strings.ToLower(r.text(field)); s {
	case "", "0", "no", "false", "n", "否":
		return false
	case "1", "yes", "true", "y", "是":
		return true
	default:
		r.bad(field, "bad_flag", "%q: want yes or no", s)
		return false
	}
}

// amount reads a decimal in the currency's major unit, such as 199.00, into minor units.
func (r *row) amount(field, currency string) int64 {
	s := strings.ReplaceAll(r.text(field), ",", "")
	s = strings.TrimLeft(s, "¥￥")
	if s == "" {
		return 0
	}
	n, ok := minor(s, digitsOf(currency))
	if !ok {
		r.bad(field, "bad_amount", "%q: want an amount such as 199.00", s)
	}
	return n
}

// digitsOf returns the minor digits of a currency (ISO 4217): the few that the house meets without two.
func digitsOf(currency string) int {
	switch currency {
	case "JPY", "KRW", "VND":
		return 0
	}
	return 2
}

func minor(s string, digits int) (int64, bool) {
	whole, frac, dot := strings.Cut(s, ".")
	if len(frac) > digits && strings.Trim(frac[digits:], "0") == "" {
		frac = frac[:digits]
	}
	if whole == "" || len(frac) > digits || (dot && frac == "" && digits > 0) || strings.ContainsAny(whole+frac, "+-_eE ") || len(whole) > 14 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", digits-len(frac)), 10, 64)
	return n, err == nil
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006-01-02", "2006/1/2"}

// moment reads a time; without a zone it is China's, where the channels' exports come from.
func (r *row) moment(field string) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, china); err == nil {
			return t.UTC()
		}
	}
	r.bad(field, "bad_time", "%q: want 2026-11-23 14:05:00 or RFC 3339", s)
	return time.Time{}
}

// China has had one zone without summer time since 1991.
var china = time.FixedZone("CST", 8*3600)

func (r *row) list(field string) []string {
	return strings.FieldsFunc(r.name(field), func(c rune) bool { return c == '|' || c == ';' || c == '；' || c == ' ' })
}
