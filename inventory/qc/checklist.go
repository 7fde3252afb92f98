package qc

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/backdock/backdock/internal/fault"
)

// Check is one question of a category; the inspector answers yes (passed) or no.
type Check struct {
	Key          string `json:"key"`
	Title        string `json:"title"`
	TitleEN      string `json:"title_en"`
	BlocksGradeA bool   `json:"blocks_grade_a"` // "no" refuses grade A
	OnScreen     bool   `json:"on_screen"`      // needs an act of its own (a serial compared, data wiped): scanning a grade does not answer it
	Hazard       bool   `json:"hazard"`         // "no" makes the piece dangerous: it goes into a hazard tote
}

//go:embed checklists.json
var checklistFile []byte

var checklists = sync.OnceValue(func() map[string][]Check {
	var out map[string][]Check
	if err := json.Unmarshal(checklistFile, &out); err != nil {
		panic(err) // the file is compiled in and a test reads it
	}
	return out
})

// Checklist returns the questions of a category, in the order to ask them; a category without a list of its own takes the general one.
func Checklist(category string) []Check {
	if list, ok := checklists()[category]; ok {
		return slices.Clone(list)
	}
	return slices.Clone(checklists()["general"])
}

// Categories lists the categories that have a checklist, sorted.
func Categories() []string { return slices.Sorted(maps.Keys(checklists())) }

// ByScan is the list's answers when the inspector scans a grade instead of answering: grade A says yes to all, any other grade answers nothing. ok is false
// for a category with a question that has to be answered on the screen.
func ByScan(category, grade string) (answers map[string]bool, ok bool) {
	answers = map[string]bool{}
	for _, c := range Checklist(category) {
		if c.OnScreen {
			return nil, false
		}
		if grade == "A" {
			answers[c.Key] = true
		}
	}
	return answers, true
}

// dangerous reports whether an answer says that the piece is.
func dangerous(list []Check, answers map[string]bool) bool {
	return slices.ContainsFunc(list, func(c Check) bool { yes, ok := answers[c.Key]; return c.Hazard && ok && !yes })
}

// answered holds the answers against the list: every question answered, none invented, and no grade A over a "no" that blocks it.
func answered(list []Check, answers map[string]bool, grade string) error {
	known := map[string]bool{}
	var missing, failed []string
	for _, c := range list {
		known[c.Key] = true
		yes, ok := answers[c.Key]
		if !ok {
			missing = append(missing, c.Key)
		} else if !yes && c.BlocksGradeA {
			failed = append(failed, c.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		if !known[key] {
			return fault.New(fault.Invalid, "check_unknown", "there is no check %q for this category", key).With("key", key)
		}
	}
	if len(missing) > 0 {
		keys := strings.Join(missing, ",")
		return fault.New(fault.Invalid, "checks_missing", "answer every check before grading: %s", keys).With("keys", keys)
	}
	if grade == "A" && len(failed) > 0 {
		keys := strings.Join(failed, ",")
		return fault.New(fault.Invalid, "grade_refused", "grade A is not possible, these checks failed: %s", keys).With("keys", keys)
	}
	return nil
}
