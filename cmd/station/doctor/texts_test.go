package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every code that a check may give has its words in both languages with the same places in them, and no words are left over.
func TestTexts(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`finding\((?:OK|Note|Wrong), "(\w+)"`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
	}
	for _, code := range problems {
		used[code] = true
	}
	used["link_problem"] = true
	b, err := os.ReadFile("../../../scanner/device.go")
	if err != nil {
		t.Fatal(err)
	}
	met := regexp.MustCompile(`DeviceCode = "(\w+)"`).FindAllStringSubmatch(string(b), -1)
	for _, m := range met {
		if !strings.HasPrefix(m[1], "scale_") { // doctor looks at scanners
			used["told_"+m[1]] = true
		}
	}
	if len(met) < 15 {
		t.Fatalf("only %d codes of devices found", len(met))
	}
	if len(used) < 30 {
		t.Fatalf("only %d codes found: %v", len(used), used)
	}
	place := regexp.MustCompile(`\{\w+\}`)
	places := func(s string) string {
		all := place.FindAllString(s, -1)
		slices.Sort(all)
		return strings.Join(slices.Compact(all), "")
	}
	for code := range used {
		w, ok := texts[code]
		if !ok || w.en == "" || w.zh == "" || (w.doEN == "") != (w.doZH == "") {
			t.Errorf("%s: %+v", code, w)
		}
		if places(w.en) != places(w.zh) {
			t.Errorf("%s tells %s in English and %s in Chinese", code, places(w.en), places(w.zh))
		}
	}
	for code := range texts {
		if !used[code] {
			t.Errorf("nobody says %s", code)
		}
	}
}

// What is wrong always comes with what to do.
func TestWrongSaysWhatToDo(t *testing.T) {
	t.Parallel()
	wrong := regexp.MustCompile(`finding\(Wrong, "(\w+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range wrong.FindAllStringSubmatch(string(b), -1) {
			n++
			if texts[m[1]].doEN == "" {
				t.Errorf("%s: %s does not say what to do", file, m[1])
			}
		}
	}
	if n < 20 {
		t.Fatalf("only %d findings that are wrong", n)
	}
}
