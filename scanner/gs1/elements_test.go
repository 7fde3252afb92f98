package gs1

import (
	_ "embed"
	"errors"
	"strings"
	"testing"
)

//go:embed testdata/elements.tsv
var elementsTable string

func TestElements(t *testing.T) {
	t.Parallel()
	parse := map[string]func(string) ([]Element, error){"symbol": Parse, "printed": ParseBracketed, "uri": ParseLink}
	taken, refused, n := 0, 0, 0
	for line := range strings.Lines(elementsTable) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		if len(col) != 3 || parse[col[0]] == nil {
			t.Fatalf("line %d: %q", n, line)
		}
		list, err := parse[col[0]](strings.ReplaceAll(col[1], "␝", Separator))
		got := Bracketed(list)
		taken++
		if r := (*Refusal)(nil); errors.As(err, &r) {
			got = strings.TrimSpace("! " + string(r.Reason) + " " + r.AI)
			taken--
			refused++
		}
		if got != col[2] {
			t.Errorf("line %d: %s %s\ngot  %s\nwant %s", n, col[0], col[1], got, col[2])
		}
	}
	if taken < 300 || refused < 300 {
		t.Errorf("the table holds %d that are taken and %d that are refused", taken, refused)
	}
}
