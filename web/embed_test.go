package web

import (
	"io/fs"
	"testing"
)

func TestDistIsThereWithoutABuild(t *testing.T) {
	if _, err := fs.Stat(Dist(), ".gitkeep"); err != nil {
		t.Fatalf("the marker that keeps dist in a fresh clone: %v", err)
	}
}

func TestBuiltMeansAFile(t *testing.T) {
	for _, entry := range []string{"no-such.html", ".", "assets", "../embed.go"} {
		if Built(entry) {
			t.Errorf("Built(%q) = true", entry)
		}
	}
	for _, entry := range []string{Index, Station} {
		_, err := fs.Stat(Dist(), entry)
		if Built(entry) != (err == nil) {
			t.Errorf("Built(%q) = %v, but stat says %v", entry, Built(entry), err)
		}
	}
}
