package refund

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTableNamesEveryState(t *testing.T) {
	reached := map[State]bool{StateRequested: true}
	for from, steps := range next {
		for _, s := range steps {
			reached[s.to] = true
			if from == s.to || !slices.Contains(States, s.to) {
				t.Errorf("%s → %s", from, s.to)
			}
		}
	}
	for _, s := range States {
		if !reached[s] {
			t.Errorf("%s is never reached", s)
		}
		if s.Final() != (s.Paid() || s.Void()) {
			t.Errorf("%s is an end without an outcome, or has an outcome and goes on", s)
		}
	}
	// Once bytes may have left, only the other side's word ends a refund.
	for _, s := range States {
		if s.Out() && s.May(StateCancelled) {
			t.Errorf("%s may be cancelled", s)
		}
	}
	// Nothing is sent from a state in which the other side may hold the refund already.
	for from := range next {
		if from != StateAuthorized && from.May(StateSending) {
			t.Errorf("%s sends", from)
		}
	}
}

// docs/refund.md shows the table as it is. The diagram is everything between ```mermaid and ```.
func TestDiagramInDocs(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/refund.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(raw), "```mermaid\n")
	got, _, closed := strings.Cut(rest, "```")
	if !found || !closed || got != Diagram() {
		t.Fatalf("docs/refund.md shows another table; it must hold:\n```mermaid\n%s```", Diagram())
	}
}

func TestFacet(t *testing.T) {
	for name, c := range map[string]struct {
		t       tally
		current string
		want    string
	}{
		"nothing":                    {tally{approved: 10}, "none", "none"},
		"refused stays":              {tally{}, "refused", "refused"},
		"asked":                      {tally{approved: 10, waiting: true}, "none", "due"},
		"out":                        {tally{approved: 10, out: true}, "due", "sending"},
		"failed":                     {tally{approved: 10, void: true}, "sending", "due"},
		"withdrawn":                  {tally{approved: 10}, "sending", "due"},
		"part":                       {tally{approved: 10, ours: 4}, "sending", "partly_returned"},
		"part, more waits":           {tally{approved: 10, ours: 4, waiting: true}, "sending", "partly_returned"},
		"part, more is out":          {tally{approved: 10, ours: 4, out: true}, "partly_returned", "sending"},
		"all":                        {tally{approved: 10, ours: 10}, "sending", "returned"},
		"all but the deduction":      {tally{approved: 10, deducted: 3, ours: 7}, "sending", "returned"},
		"all by others":              {tally{approved: 10, elsewhere: 10}, "due", "returned_elsewhere"},
		"by others before approval":  {tally{elsewhere: 10}, "none", "returned_elsewhere"},
		"by others, more than due":   {tally{approved: 10, elsewhere: 12}, "none", "returned_elsewhere"},
		"part by others":             {tally{approved: 10, elsewhere: 4}, "none", "partly_returned"},
		"together":                   {tally{approved: 10, ours: 6, elsewhere: 4}, "sending", "returned"},
		"twice":                      {tally{approved: 10, ours: 10, elsewhere: 10}, "returned", "to_recover"},
		"to recover stays":           {tally{approved: 10, ours: 10}, "to_recover", "to_recover"},
		"over, all withdrawn":        {tally{approved: 10, over: true}, "due", "none"},
		"over, one is still out":     {tally{approved: 10, over: true, out: true}, "due", "sending"},
		"over, one failed":           {tally{approved: 10, over: true, void: true}, "sending", "none"},
		"over, paid before":          {tally{approved: 10, over: true, ours: 10}, "returned", "returned"},
		"recovered stays":            {tally{approved: 10, ours: 10}, "recovered", "recovered"},
		"nothing approved, ours out": {tally{ours: 1}, "sending", "to_recover"},
	} {
		if got := c.t.facet(c.current); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
