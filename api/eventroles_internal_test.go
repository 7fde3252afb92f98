package api

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var eventType = regexp.MustCompile(`"(backdock\.[a-z_]+\.)`)

// An event of a kind that nobody may see would be missing from every board without a word.
func TestEveryKindOfEventHasItsReaders(t *testing.T) {
	t.Parallel()
	found := 0
	for _, room := range []string{"../receiving", "../inventory", "../internal/auth", "../cmd/backdock", "."} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range eventType.FindAllStringSubmatch(string(b), -1) {
				found++
				if kind := kindOf(m[1]); len(eventRoles[kind]) == 0 {
					t.Errorf("%s tells of %s…, which no role sees", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 50 {
		t.Fatalf("only %d event types found: the test looks in the wrong place", found)
	}
}
