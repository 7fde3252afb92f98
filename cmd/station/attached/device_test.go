package attached

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/plug"
)

// tree writes files and links below a root: a value that begins with "->" is a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		full := filepath.Join(root, path)
		err := os.MkdirAll(filepath.Dir(full), 0o755)
		if to, isLink := strings.CutPrefix(text, "->"); isLink {
			err = errors.Join(err, os.MkdirAll(filepath.Join(root, to), 0o755), os.Symlink(filepath.Join(root, to), full))
		} else {
			err = errors.Join(err, os.WriteFile(full, []byte(text), 0o640))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestList(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{
		"sys/devices/usb1/1-2/idVendor":  "0c2e\n",
		"sys/devices/usb1/1-2/idProduct": "0b6a\n",
		"sys/devices/usb1/1-2/serial":    "A1\n",
		"sys/devices/usb1/1-2/product":   "Area Scanner\n",
		"sys/devices/usb1/1-3/idVendor":  "0403\n",
		"sys/devices/usb1/1-3/idProduct": "6001\n",
		"sys/class/tty/ttyACM0/device":   "->sys/devices/usb1/1-2/1-2:1.0",
		"sys/class/tty/ttyUSB0/device":   "->sys/devices/usb1/1-3/1-3:1.0/ttyUSB0",
		"sys/class/tty/ttyS0/device":     "->sys/devices/platform/serial8250",
		"dev/ttyACM0":                    "",
		"dev/ttyUSB0":                    "",
	})
	r := plug.Roots{Sys: filepath.Join(root, "sys"), Dev: filepath.Join(root, "dev")}
	extra := func(plug.Roots) ([]Device, error) {
		return []Device{{Kind: "keyboard", Path: filepath.Join(r.Dev, "input/event3"), VID: "1eab", Name: "HR200", URL: "evdev://?vid=1eab"}}, nil
	}
	all, err := List(r, append(All(), extra))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range all {
		scanner := "-"
		if d.Scanner {
			scanner = "scanner"
		}
		got = append(got, strings.Join([]string{string(d.Kind), d.Short(), d.Maker, scanner, d.VID + ":" + d.PID, d.Serial, d.USB, d.Access.Mode, strings.TrimPrefix(d.URL, "serial://"+r.Dev)}, "|"))
	}
	want := []string{
		"keyboard|Newland HR200 (event3)|Newland|scanner|1eab:||||evdev://?vid=1eab",
		"serial|Honeywell Area Scanner (ttyACM0)|Honeywell|scanner|0c2e:0b6a|A1|1-2|rw-r-----|serial://?vid=0c2e&pid=0b6a&sn=A1",
		"serial|ttyS0||-|:||||/ttyS0",
		"serial|ttyUSB0|FTDI|-|0403:6001||1-3|rw-r-----|serial://?vid=0403&pid=6001",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	if _, err := List(r, []Lister{func(plug.Roots) ([]Device, error) { return nil, errors.New("no bus") }}); err == nil {
		t.Error("a lister's error is swallowed")
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		mode   os.FileMode
		uid    int
		groups []int
		want   bool
	}{
		{"owner", 0o600, 7, nil, true},
		{"owner without", 0o060, 7, []int{20}, false}, // the owner's bits count, not the group's
		{"group", 0o660, 1000, []int{4, 20}, true},
		{"group that only reads", 0o640, 1000, []int{20}, false},
		{"another group", 0o660, 1000, []int{4}, false},
		{"everybody", 0o666, 1000, nil, true},
		{"root", 0o000, 0, nil, true},
	} {
		a := Access{UID: 7, GID: 20, Mode: tc.mode.String(), bits: uint32(tc.mode)}
		if got := a.May(tc.uid, tc.groups); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	if !(Access{}).May(1000, nil) {
		t.Error("where there are no permission bits nobody may")
	}
}
