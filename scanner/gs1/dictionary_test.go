package gs1

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// dictionaryFile is where a copy of the GS1 Barcode Syntax Dictionary may be at hand. Set GS1_DICTIONARY to use another.
func dictionaryFile() string {
	if p := os.Getenv("GS1_DICTIONARY"); p != "" {
		return p
	}
	return "../../../shared/data/gs1-syntax-dictionary.txt" // beside the repository
}

func TestTableCompiles(t *testing.T) {
	t.Parallel()
	d := dictionary()
	if len(d) != 541 {
		t.Errorf("%d identifiers", len(d))
	}
	for ai, id := range d {
		if id.min < 1 || id.max < id.min || id.max > 90 {
			t.Errorf("(%s) holds %d to %d characters", ai, id.min, id.max)
		}
		if id.fixed && id.min != id.max {
			t.Errorf("(%s) ends by its length but has none", ai)
		}
		for other := range d {
			if ai != other && strings.HasPrefix(other, ai) {
				t.Fatalf("(%s) is the beginning of (%s)", ai, other)
			}
		}
	}
	for name := range checks {
		if !used(name) {
			t.Errorf("no identifier asks for the check %s", name)
		}
	}
	for _, bad := range []row{{"x", "", "N1", "", "", "", ""}, {"1-x", "", "N1", "", "", "", ""}, {"1", "", "Q1", "", "", "", ""}, {"1", "", "Nx", "", "", "", ""}, {"1", "", "N", "", "", "", ""}, {"1", "", "N1,magic", "", "", "", ""}} {
		if _, err := compile([]row{bad}, nil); err == nil {
			t.Errorf("row %+v was taken", bad)
		}
	}
}

func used(check string) bool {
	for _, r := range rows {
		if strings.Contains(r.value+" ", ","+check) {
			return true
		}
	}
	return false
}

// The table says exactly what the dictionary says, line by line.
func TestTableIsTheDictionary(t *testing.T) {
	t.Parallel()
	f, err := os.Open(dictionaryFile())
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no copy of the GS1 Barcode Syntax Dictionary here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []row
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := lines.Text(); line != "" && line[0] != '#' {
			want = append(want, readLine(line))
		}
	}
	theirs, err := compile(want, nil)
	if err != nil {
		t.Fatal(err)
	}
	ours := dictionary()
	for ai, w := range theirs {
		g := ours[ai]
		if g == nil {
			t.Errorf("(%s) is not in the table", ai)
			continue
		}
		if got, want := fmt.Sprintf("%+v", *g), fmt.Sprintf("%+v", *w); got != want {
			t.Errorf("(%s)\ntable      %s\ndictionary %s", ai, got, want)
		}
	}
	for ai := range ours {
		if theirs[ai] == nil {
			t.Errorf("(%s) is not in the dictionary", ai)
		}
	}
}

// readLine reads a line of the dictionary: AIs [flags] components [attributes] [# title].
func readLine(line string) row {
	body, title, _ := strings.Cut(line+" ", " # ")
	words := strings.Fields(body)
	r := row{ai: words[0], title: strings.TrimSpace(title)}
	words = words[1:]
	if strings.Trim(words[0], "*?") == "" {
		r.flags, words = words[0], words[1:]
	}
	for _, w := range words {
		key, value, attribute := strings.Cut(w, "=")
		switch {
		case w == "dlpkey":
			r.link = "-"
		case !attribute:
			r.value += " " + w
		case key == "req":
			r.needs += " " + value
		case key == "ex":
			r.bars = value
		case key == "dlpkey":
			r.link = value
		}
	}
	return r
}
