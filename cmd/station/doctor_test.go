package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine with ModemManager, a port that is not there any more, one that is held, an enrolment whose server is away: each is named with what to do.
func TestDoctor(t *testing.T) {
	root := t.TempDir()
	make := func(path, text string) {
		t.Helper()
		full := filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, from string) {
		t.Helper()
		full := filepath.Join(root, from)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.Symlink(to, full)); err != nil {
			t.Fatal(err)
		}
	}
	make("proc/12/comm", "ModemManager\n")
	make("proc/34/comm", "minicom\n")
	link("/dev/tty", "proc/34/fd/3")
	make("sys/devices/usb1/idVendor", "0c2e\n")
	make("sys/devices/usb1/product", "Area Scanner\n")
	for _, name := range []string{"tty", "ttyACM77"} { // /dev/tty is there on every machine
		link(filepath.Join(root, "sys/devices/usb1"), "sys/class/tty/"+name+"/device")
	}
	server := newServer(t)
	b, err := json.Marshal(enrolment{Server: server.URL(), Token: "x"})
	if err != nil {
		t.Fatal(err)
	}
	make("data/station.json", string(b))
	d := doctor{data: filepath.Join(root, "data"), sys: filepath.Join(root, "sys"), proc: filepath.Join(root, "proc")}
	look := func() string {
		var out bytes.Buffer
		d.out, d.bad = &out, 0
		d.examine(t.Context())
		return out.String()
	}
	out := look()
	for _, want := range []string{"ok    a sync of the disk takes", "ok    no agent to ask", "ok    " + server.URL() + " answers", "WRONG /dev/ttyACM77 Area Scanner: no such file", "ok    /dev/tty Area Scanner: held by minicom (process 34)",
		"WRONG ModemManager runs"} {
		if !strings.Contains(out, want) {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
	if d.bad != 2 {
		t.Errorf("%d things are wrong, want 2:\n%s", d.bad, out)
	}
	server.Stop()
	if out := look(); !strings.Contains(out, "WRONG the server does not answer") || d.bad != 3 {
		t.Errorf("with the server away:\n%s", out)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(enrolmentFile(d.data)); err != nil {
		t.Fatal(err)
	}
	if out := look(); !strings.Contains(out, "WRONG this computer is not enrolled") {
		t.Errorf("without enrolment:\n%s", out)
	}
}
