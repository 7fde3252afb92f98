package db_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/db"
)

func TestFailedStatementsAreLoggedWithoutValues(t *testing.T) {
	var out bytes.Buffer
	d, err := db.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "x.db"), db.Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var n int
	if err := d.Read.Raw("SELECT ?", 1).Scan(&n).Error; err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if out.Len() != 0 {
		t.Errorf("a statement that is fine was logged: %s", &out)
	}
	if err := d.Read.Raw("SELECT phone FROM nowhere WHERE phone = ?", "13800138000").Scan(&n).Error; err == nil {
		t.Fatal("read from nowhere")
	}
	if err := d.Read.Table("nowhere").Where("phone = ?", "13800138000").Find(&[]map[string]any{}).Error; err == nil {
		t.Fatal("read from nowhere")
	}
	if got := out.String(); strings.Count(got, "phone = ?") != 2 || strings.Contains(got, "13800138000") {
		t.Errorf("logged %q", got)
	}
}
