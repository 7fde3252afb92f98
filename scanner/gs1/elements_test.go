package gs1

import (
	_ "embed"
	"errors"
	"os"
	"regexp"
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

// Each reason is seen in the table and named in the documentation.
func TestReasons(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/barcodes.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Reason = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 30 {
		t.Fatalf("%d reasons", len(found))
	}
	for _, m := range found {
		if !strings.Contains(elementsTable, "\t! "+m[1]) {
			t.Errorf("no text of the table is refused for %s", m[1])
		}
		if m[1] != "empty" && !strings.Contains(string(page), m[1]) {
			t.Errorf("docs/barcodes.md does not name %s", m[1])
		}
	}
}
