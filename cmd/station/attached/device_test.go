package attached

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/plug/plugtest"
)

func TestList(t *testing.T) {
	t.Parallel()
	m := plugtest.New(t)
	m.Attach(plugtest.Gun{VID: "0c2e", PID: "0b6a", Serial: "A1", Product: "Area Scanner"}, "1-2", "ttyACM0", "")
	m.Attach(plugtest.Gun{VID: "0403", PID: "6001"}, "1-3", "ttyUSB0", "")
	m.Link("class/tty/ttyS0/device", "devices/platform/serial8250")
	r := m.Roots
	keys := "devices/pci0000:00/usb1/1-4/1-4:1.0/input/input3"
	m.Attribute("devices/pci0000:00/usb1/1-4/idVendor", "1eab")
	for name, value := range map[string]string{"id/vendor": "1eab", "id/product": "0103", "name": "HR200", "capabilities/key": "1000000000007 ff800000000007ff febeffdff3cfffff fffffffffffffffe"} {
		m.Attribute(filepath.Join(keys, name), value)
	}
	m.Link("class/input/event3/device", keys)
	all, err := List(r, All())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range all {
		scanner := "-"
		if d.Scanner {
			scanner = "scanner"
		}
		got = append(got, strings.Join([]string{string(d.Kind), d.Short(), d.Maker, scanner, d.VID + ":" + d.PID, d.Serial, d.Socket, d.Access.Mode, strings.TrimPrefix(d.URL, "serial://"+r.Dev)}, "|"))
	}
	want := []string{
		"keyboard|Newland HR200 (event3)|Newland|scanner|1eab:0103||1-4||evdev://?vid=1eab&pid=0103",
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
