package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/scanner/printer/printertest"
)

// A roll has consecutive plates that no later roll has again, on paper or as ZPL; a printer in trouble costs no number; a bench is told where its plates come from.
func TestPlates(t *testing.T) {
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
		if err := tx.Exec("INSERT INTO warehouses (code, name, time_zone) VALUES ('HZ1', '仓', 'Asia/Shanghai')").Error; err != nil {
			return err
		}
		return tx.Exec("INSERT INTO benches (warehouse_id, number, name, kind) SELECT id, 3, '3 号', 'receiving' FROM warehouses").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	plates := regexp.MustCompile(`U\d{10}`)
	first := plates.FindAllString(run(0, "plates", "roll", "--data", dir, "--warehouse", "HZ1", "--count", "3"), -1)
	p, err := printertest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	p.Set(printertest.Fault{HeadOpen: true})
	if out := run(1, "plates", "roll", "--data", dir, "--warehouse", "HZ1", "--count", "2", "--printer", p.URL("timeout=20s")); !strings.Contains(out, "close it") {
		t.Errorf("with an open head: %s", out)
	}
	p.Set(printertest.Fault{})
	run(0, "plates", "roll", "--data", dir, "--warehouse", "HZ1", "--count", "2", "--printer", p.URL("timeout=20s"))
	second := plates.FindAllString(strings.Join(p.Labels(), " "), -1)
	seen := map[string]bool{}
	for _, n := range append(first[:3:3], second...) {
		if seen[n] {
			t.Errorf("%s is on two labels", n)
		}
		seen[n] = true
	}
	if len(seen) != 5 || second[0] != "U0000000048" { // the fourth number: the printer in trouble cost none
		t.Errorf("rolls %v and %v", first, second)
	}
	p.Set(printertest.Fault{CutFull: true})
	if out := run(1, "plates", "roll", "--data", dir, "--warehouse", "HZ1", "--count", "5", "--printer", p.URL("timeout=20s")); !strings.Contains(out, "throw it away") {
		t.Errorf("cut off: %s", out)
	}
	if n := len(p.Labels()); n != 3 {
		t.Errorf("%d labels after the cut, want 3", n)
	}
	run(1, "plates", "roll", "--data", dir, "--warehouse", "XX")
	run(1, "plates", "roll", "--data", dir, "--warehouse", "HZ1", "--label", "1x1")
	run(0, "plates", "mode", "--data", dir, "--warehouse", "HZ1", "--bench", "3", "preprinted")
	run(1, "plates", "mode", "--data", dir, "--warehouse", "HZ1", "--bench", "4", "preprinted")
	run(2, "plates", "mode", "--data", dir, "--warehouse", "HZ1", "--bench", "3", "whatever")
}
