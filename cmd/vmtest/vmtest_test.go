package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/plan"
)

// unarchive reads "newc" as the kernel does: headers and data at multiples of four.
func unarchive(t *testing.T, b []byte) (out []string) {
	t.Helper()
	at := 0
	field := func(i int) int {
		n, err := strconv.ParseUint(string(b[at+6+8*i:at+14+8*i]), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	align := func(n int) int { return (n + 3) / 4 * 4 }
	for {
		if at+110 > len(b) || string(b[at:at+6]) != "070701" {
			t.Fatalf("no header at %d of %d", at, len(b))
		}
		mode, size, major, minor, length := field(1), field(6), field(9), field(10), field(11)
		name := string(b[at+110 : at+110+length-1])
		if name == "TRAILER!!!" {
			return out
		}
		at = align(at + 110 + length)
		out = append(out, fmt.Sprintf("%s %o %d,%d %s", name, mode, major, minor, b[at:at+size]))
		at = align(at + size)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("program"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := writeArchive(&b, []entry{{name: "dev", dir: true}, {name: "init", from: file, exec: true}, {name: "plan", data: []byte("12345")}}); err != nil {
		t.Fatal(err)
	}
	want := "[dev 40755 0,0  init 100755 0,0 program plan 100644 0,0 12345 dev/console 20600 5,1 ]"
	if got := fmt.Sprint(unarchive(t, b.Bytes())); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if err := writeArchive(io.Discard, []entry{{name: "init", from: file + "-missing"}}); err == nil {
		t.Fatal("a missing file was written")
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	s := shelf{files: map[string]string{"a": "a.ko", "b_c": "b-c.ko", "d": "d.ko"}, builtin: map[string]bool{"usb_common": true}}
	needs := map[string][]string{"a.ko": {"b-c", "usb-common"}, "b-c.ko": {"d"}}
	s.depends = func(file string) ([]string, error) { return needs[file], nil }
	if got, err := s.order([]string{"a", "d"}); err != nil || fmt.Sprint(got) != "[d.ko b-c.ko a.ko]" {
		t.Fatal(got, err)
	}
	needs["d.ko"] = []string{"gone"}
	if got, err := s.order([]string{"a"}); err == nil || !strings.Contains(err.Error(), "no module gone") {
		t.Fatal(got, err)
	}
	if got := dependsOf("license=GPL\x00depends=hid,usb-common\x00name=x\x00"); fmt.Sprint(got) != "[hid usb-common]" {
		t.Fatal(got)
	}
	if got := dependsOf("depends=\x00"); got != nil {
		t.Fatal(got)
	}
}

func TestExtract(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"./boot/vmlinuz-6", "./boot/config-6", "./lib/modules/6/modules.builtin", "./lib/modules/6/kernel/drivers/hid/uhid.ko", "./lib/modules/6/kernel/drivers/usb/serial/ftdi_sio.ko.xz",
		"./lib/modules/6/kernel/drivers/gpu/x.ko", "./usr/share/doc/kernel/lib/readme"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := extract(&b, dir); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "ftdi_sio.ko.xz modules.builtin uhid.ko vmlinuz-6" {
		t.Fatal(got)
	}
}

// Only the machine's own word counts: one that dies without it did not pass.
func TestFollow(t *testing.T) {
	t.Parallel()
	for console, want := range map[string]string{
		"boot\r\n" + plan.Verdict + plan.Passed + "\r\n":      plan.Passed,
		"boot\r\n" + plan.Verdict + "3 codes were lost\r\n":   "3 codes were lost",
		"boot\r\nKernel panic - not syncing: " + plan.Verdict: "",
		"": "",
	} {
		var out strings.Builder
		if got, err := follow(strings.NewReader(console), &out); got != want || err != nil {
			t.Errorf("%q gave %q, %v", console, got, err)
		}
		if strings.Contains(out.String(), "\r") || strings.Count(out.String(), "\n") != strings.Count(console, "\n")+strings.Count(console, "panic") {
			t.Errorf("%q was shown as %q", console, out.String())
		}
	}
}

func TestParse(t *testing.T) {
	t.Setenv("BACKDOCK_VM_SCANS", "250")
	o, err := parse([]string{"-seed", "7", "-limit", "1m"}, io.Discard)
	if err != nil || o.Scans != 250 || o.Seed != 7 || o.limit != time.Minute {
		t.Fatalf("%+v %v", o, err)
	}
	for _, bad := range []string{"x", "5"} {
		t.Setenv("BACKDOCK_VM_SCANS", bad)
		if _, err := parse(nil, io.Discard); err == nil {
			t.Errorf("BACKDOCK_VM_SCANS=%s was taken", bad)
		}
	}
}
