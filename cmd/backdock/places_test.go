package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
)

// Bins come from a file whose bad lines are named and leave the others alone; their labels carry their codes.
func TestImportBinsAndPrintTheirLabels(t *testing.T) {
	dir := t.TempDir()
	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Main(t.Context(), args, &out, &errs); code != want {
			t.Fatalf("%v: exit %d, want %d: %s", args, code, want, errs.String())
		}
		return out.String() + errs.String()
	}
	run(0, "migrate", "--data", dir)
	d, err := db.Open(t.Context(), "sqlite://"+filepath.Join(dir, "backdock.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = d.InTx(t.Context(), func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO warehouses (code, name, time_zone) VALUES ('HZ1', '仓', 'Asia/Shanghai')").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	file := filepath.Join(dir, "bins.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("warehouse,code,kind,capacity\nHZ1,B-01-02,shelf,20\nHZ1,T-014,tote_blue,30\n")
	if out := run(0, "import", "bins", "--data", dir, file); !strings.Contains(out, "2 records: 2 created") {
		t.Error(out)
	}
	write("warehouse,code,kind,capacity\nHZ1,B-01-02,shelf,20\nHZ1,SHELF,shelf,20\n")
	if out := run(1, "import", "bins", "--data", dir, file); !strings.Contains(out, "1 unchanged") || !strings.Contains(out, "row 2 code") || !strings.Contains(out, "place_code") {
		t.Error(out)
	}
	if out := run(0, "places", "labels", "--data", dir, "--warehouse", "HZ1"); strings.Count(out, "^XA") != 2 || !strings.Contains(out, "B-01-02") || !strings.Contains(out, "T-014") {
		t.Error(out)
	}
	if out := run(0, "places", "labels", "--data", dir, "--warehouse", "HZ1", "--kind", "shelf"); strings.Count(out, "^XA") != 1 {
		t.Error(out)
	}
	run(1, "places", "labels", "--data", dir, "--warehouse", "XX")
}
