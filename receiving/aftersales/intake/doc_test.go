package intake

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// section returns a part of docs/import.md.
func section(t *testing.T, from, to string) string {
	t.Helper()
	doc, err := os.ReadFile("../../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "\n## "+from+"\n")
	part, _, _ := strings.Cut(rest, "\n## "+to)
	if !ok {
		t.Fatalf("no section %s", from)
	}
	return part
}

// docs/import.md names every column and every JSON field.
func TestEveryFieldIsExplained(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name, next string
		columns    []string
		record     reflect.Type
	}{
		{"Catalogue", "Orders", catalogueColumns, reflect.TypeFor[SKU]()},
		{"Orders", "Cases", orderColumns, reflect.TypeFor[Order]()},
		{"Cases", "Report", caseColumns, reflect.TypeFor[Case]()},
	} {
		text := section(t, s.name, s.next)
		for _, c := range s.columns {
			if !strings.Contains(text, "`"+c+"`") {
				t.Errorf("%s: column %s is not explained", s.name, c)
			}
		}
		for _, f := range fieldsOf(s.record) {
			if !strings.Contains(text, `"`+f+`"`) {
				t.Errorf("%s: JSON field %s is not explained", s.name, f)
			}
		}
	}
}

// docs/import.md names every code that this package can report.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	codes := section(t, "Report", "\x00")
	found := 0
	pattern := regexp.MustCompile(`(?:bad\([^"]*"[^"]*", |Code: |missing\(err, "[a-z_]+", )"([a-z_]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(src), -1) {
			found++
			if !strings.Contains(codes, "`"+m[1]+"`") {
				t.Errorf("%s: code %s is not explained", file, m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d codes found in the source: the pattern no longer fits", found)
	}
}

func fieldsOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			out = append(out, fieldsOf(inner)...)
		}
	}
	return out
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text   string
		digits int
		want   int64
		ok     bool
	}{
		{"199.00", 2, 19900, true}, {"199", 2, 19900, true}, {"199.9", 2, 19990, true}, {"0.01", 2, 1, true}, {"199.900", 2, 19990, true}, {"1980", 0, 1980, true}, {"1980.00", 0, 1980, true},
		{"199.905", 2, 0, false}, {"-1", 2, 0, false}, {"1e3", 2, 0, false}, {".5", 2, 0, false}, {"5.", 2, 0, false}, {"1.2.3", 2, 0, false}, {"", 2, 0, false}, {"99999999999999999", 2, 0, false}, {"1 000", 2, 0, false},
	} {
		if got, ok := minor(tc.text, tc.digits); got != tc.want && tc.ok || ok != tc.ok {
			t.Errorf("%q: %d, %v", tc.text, got, ok)
		}
	}
}

// Whatever bytes come, a file is read to its end and every record has a row.
func FuzzReaders(f *testing.F) {
	f.Add([]byte("shop,order,line,sku\nTB,1,1,A\nTB,1,2,\"B\n"))
	f.Add([]byte("\xef\xbb\xbfshop,order\n=\"1\",'2\n"))
	f.Add([]byte(`[{"shop":"TB","number":"1","lines":[{"line":1}]},{"x":[1]}]`))
	f.Add([]byte("{\"number\":\"1\"}\n{\"number\":2}"))
	f.Add([]byte("shop,order\n\xb6\xa9\xb5\xa5,1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if table, _, err := openTable(strings.NewReader(string(b)), orderColumns, []string{"shop", "order"}); err == nil {
			for it, err := range grouped(table, orderKeyOf, readOrder, mergeOrder) {
				if err == nil && it.row < 2 {
					t.Fatalf("row %d", it.row)
				}
			}
		}
		n := 0
		for it, err := range jsonItems(strings.NewReader(string(b)), orderKeyOf) {
			if n++; err == nil && it.row != n {
				t.Fatalf("record %d has row %d", n, it.row)
			}
		}
	})
}
