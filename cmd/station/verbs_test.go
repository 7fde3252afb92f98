package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/cmd/station/doctor"
)

func TestDevices(t *testing.T) {
	if out, ok := run(t, nil, "devices"); !ok {
		t.Fatal(out)
	}
	out, ok := run(t, nil, "devices", "--json")
	var all []attached.Device
	if err := json.Unmarshal([]byte(out), &all); !ok || err != nil || all == nil {
		t.Fatalf("%s, %v", out, err)
	}
}

func TestPrintDevices(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := printDevices(&out, nil); err != nil || !strings.Contains(out.String(), "USB-COM") {
		t.Errorf("with nothing plugged in: %s, %v", &out, err)
	}
	out.Reset()
	err := printDevices(&out, []attached.Device{
		{Kind: attached.Serial, Path: "/dev/ttyACM0", Name: "Area Scanner", Maker: "Honeywell", VID: "0c2e", PID: "0b6a", Serial: "A1", Socket: "1-2", ByID: "/dev/serial/by-id/usb-H", URL: "serial://?vid=0c2e&pid=0b6a&sn=A1",
			Access: attached.Access{Owner: "root", Group: "dialout", Mode: "rw-rw----"}},
		{Kind: attached.Keyboard, Path: "/dev/input/event0", URL: "evdev:///dev/input/event0", Access: attached.Access{You: true}},
		{Kind: attached.Serial, Path: "/dev/ttyS0", URL: "serial:///dev/ttyS0", Access: attached.Access{You: true}},
	})
	want := `/dev/ttyACM0  Honeywell Area Scanner
  kind    serial
  id      0c2e:0b6a
  serial  A1
  socket  1-2
  by-id   /dev/serial/by-id/usb-H
  for     root:dialout rw-rw----, not for you
  url     serial://?vid=0c2e&pid=0b6a&sn=A1
/dev/input/event0
  kind    keyboard; perhaps the clerk's own
  url     evdev:///dev/input/event0
/dev/ttyS0
  kind    serial
  url     serial:///dev/ttyS0
`
	if got := out.String(); err != nil || got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// A capture says what it is of, can be replayed, and is refused while the agent has the scanner.
func TestCapture(t *testing.T) {
	server, dir, master, port := enrolled(t)
	_, stop := begin(t, dir, "serial://"+port+"?beep=acknak&name=gun")
	shoot(t, master, 0)
	if err := server.WaitScans(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gun.capture")
	url := "serial://" + port + "?name=gun"
	if out, ok := run(t, nil, "--data", dir, "capture", url, file); ok || !strings.Contains(out, "the agent has this scanner") {
		t.Fatalf("capturing beside the agent: %s", out)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	record(t, master, "capture", url, file, "--data", dir)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# " + url + "\n", "# station dev, ", "# log: ", " code code 0 ", " connected "} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
	if out, ok := run(t, nil, "replay", file); !ok || !strings.Contains(out, `"gtin":"6901234567892"`) {
		t.Errorf("replayed %s", out)
	}
	if out, ok := run(t, nil, "--data", dir, "capture", url, file); ok || !strings.Contains(out, "file exists") {
		t.Errorf("a capture was overwritten: %s", out)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"serial:///dev/ttyACM0?beep=acknak", "serial:///dev/ttyACM0?name=x", true},
		{"serial://?vid=0c2e&sn=A", "serial://?sn=A&vid=0c2e&suffix=lf", true},
		{"serial://?vid=0c2e&sn=A", "serial://?vid=0c2e&sn=B", false},
		{"serial://?vid=1a86&usb=1-1", "serial://?vid=1a86&usb=1-2", false},
		{"tcp://a:1", "tcp://a:2", false},
		{"serial:COM5", "serial:COM6", false},
	} {
		if got := sameTarget(tc.a, tc.b); got != tc.same {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
	}
}

// The doctor's words go by the language that is asked for; its exit code says that somebody has to do something.
func TestDoctorVerb(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(t.TempDir(), "report.zip")
	env := []string{"LC_ALL=zh_CN.UTF-8"}
	if out, ok := run(t, env, "--data", dir, "doctor", "--page", "none", "--report", report); ok || !strings.Contains(out, "WRONG 本机还没有登记为工作台。") || !strings.Contains(out, "things that need attention") {
		t.Errorf("in Chinese: %s", out)
	}
	if _, err := os.Stat(report); err != nil {
		t.Error(err)
	}
	if out, ok := run(t, env, "--data", dir, "doctor", "--page", "none", "--lang", "en"); ok || !strings.Contains(out, "WRONG This computer is not a station yet.\n      → Make a code") {
		t.Errorf("in English: %s", out)
	}
	out, ok := run(t, nil, "--data", dir, "doctor", "--page", "none", "--json", "--device", "serial:///dev/no-such-port")
	var found []doctor.Finding
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&found); ok || err != nil || doctor.Bad(found) < 2 {
		t.Errorf("%s, %v", out, err)
	}
}

func TestLanguage(t *testing.T) {
	for _, tc := range []struct{ want, all, lang, got string }{
		{"auto", "", "zh_CN.UTF-8", "zh"}, {"auto", "C", "zh_CN.UTF-8", "en"}, {"auto", "", "", "en"}, {"auto", "zh_TW", "C", "zh"}, {"en", "zh_CN", "", "en"}, {"zh", "", "C", "zh"},
	} {
		t.Setenv("LC_ALL", tc.all)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", tc.lang)
		if got := language(tc.want); got != tc.got {
			t.Errorf("%+v gave %s", tc, got)
		}
	}
}

func TestInstallVerb(t *testing.T) {
	out, ok := run(t, nil, "install", "--print", "--group", "dialout", "--program", "/usr/local/bin/station", "--device", "serial://?vid=0c2e&sn=A,B")
	for _, want := range []string{"# ---- /etc/udev/rules.d/70-backdock.rules", "ExecStart=/usr/local/bin/station --config /etc/backdock/station.yaml", `  - "serial://?vid=0c2e&sn=A,B"`, "u backdock-station -"} {
		if !ok || !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	root := t.TempDir()
	if out, ok := run(t, nil, "install", "--root", root, "--only", "rules", "--program", "/usr/local/bin/station"); !ok || !strings.Contains(out, "wrote") {
		t.Errorf("into an image: %s", out)
	}
	if _, err := os.Stat(filepath.Join(root, "etc/udev/rules.d/70-backdock.rules")); err != nil {
		t.Error(err)
	}
	if out, ok := run(t, nil, "install", "--root", root, "--uninstall", "--only", "rules"); !ok || !strings.Contains(out, "removed") {
		t.Errorf("out of an image: %s", out)
	}
}

// What install writes as configuration is what run reads.
func TestInstalledConfiguration(t *testing.T) {
	root := t.TempDir()
	if out, ok := run(t, nil, "install", "--root", root, "--program", "/usr/local/bin/station", "--device", "serial:///dev/no-such-port?name=left", "--device", "role-less://x"); !ok {
		t.Fatal(out)
	}
	dir := t.TempDir()
	out, ok := run(t, nil, "--config", filepath.Join(root, "etc/backdock/station.yaml"), "--data", dir, "doctor", "--page", "none", "--lang", "en")
	if ok || !strings.Contains(out, `no driver for "role-less"`) {
		t.Errorf("the doctor read other scanners:\n%s", out)
	}
}
