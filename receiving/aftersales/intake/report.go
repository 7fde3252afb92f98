package intake

import (
	"cmp"
	"slices"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
)

// Problem is one thing wrong with one record of a file. Row counts as an editor does: lines of a CSV, header included; records of a JSON file from 1.
type Problem struct {
	Row     int    `json:"row"`
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MaxProblems bounds each list of a report; the counts go on.
const MaxProblems = 10_000

// Report says what became of a file.
type Report struct {
	Records   int `json:"records"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Folded    int `json:"folded"` // said again in the same file
	Failed    int `json:"failed"` // records that changed nothing because of an error

	Errors        []Problem `json:"errors"`
	Warnings      []Problem `json:"warnings"` // the record was applied all the same
	ErrorsTotal   int       `json:"errors_total"`
	WarningsTotal int       `json:"warnings_total"`
}

func (r *Report) fail(p ...Problem) {
	r.Failed++
	r.ErrorsTotal += len(p)
	r.Errors = append(r.Errors, p[:min(len(p), max(0, MaxProblems-len(r.Errors)))]...)
}

func (r *Report) warn(p ...Problem) {
	r.WarningsTotal += len(p)
	r.Warnings = append(r.Warnings, p[:min(len(p), max(0, MaxProblems-len(r.Warnings)))]...)
}

// sort puts the lists in the order of the file: some problems are seen when a record is read, others when it is applied.
func (r *Report) sort() {
	byRow := func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) }
	slices.SortStableFunc(r.Errors, byRow)
	slices.SortStableFunc(r.Warnings, byRow)
}

// bad makes an error about a field of a record.
func bad(field, code, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, code, format, args...).With("field", field)
}

// problem turns an error of a record into a line of the report. ok is false for an error that is not the record's fault.
func problem(row int, err error) (p Problem, ok bool) {
	f := fault.Of(err)
	switch {
	case f.Kind != fault.Internal:
		return Problem{Row: row, Field: f.Params["field"], Code: f.Code, Message: f.Message}, true
	case db.IsCheck(err):
		return Problem{Row: row, Code: "check_refused", Message: "an amount or a quantity contradicts what is booked already"}, true
	case db.Permanent(err):
		return Problem{Row: row, Code: "database_refused", Message: "the database refuses this record"}, true
	}
	return Problem{}, false
}
