package serial

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug/plugtest"
	"github.com/backdock/backdock/scanner/usb"
)

func TestList(t *testing.T) {
	t.Parallel()
	m := plugtest.New(t)
	m.Attribute("class/tty/tty1/dev", "4:1")
	m.Link("class/tty/ttyS0/device", "devices/platform/serial8250")
	m.Attribute("class/tty/ttyS0/type", "4")
	m.Link("class/tty/ttyS1/device", "devices/platform/serial8250")
	m.Attribute("class/tty/ttyS1/type", "0")
	twin := plugtest.Honeywell
	twin.Serial = "A&B 2"
	m.Attach(plugtest.Honeywell, "1-1", "ttyACM0", "")
	m.Attach(twin, "1-2.3", "ttyACM1", "")
	m.Attach(plugtest.Cheap, "1-4", "ttyUSB0", "")
	m.Turn("serial/by-id/usb-Honeywell-if00", "../../ttyACM0")
	m.Turn("serial/by-path/pci-usb-0:1:1.0", "../../ttyACM0")
	ports, err := List(m.Roots)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range ports {
		got = append(got, strings.Join([]string{filepath.Base(p.Path), p.Driver, p.Product, p.Socket, p.Interface, filepath.Base(p.ByID), filepath.Base(p.ByPath), strings.ReplaceAll(p.URL(ports), m.Dev, "/dev")}, " "))
	}
	want := []string{
		"ttyACM0 cdc_acm Area Scanner 1-1 1-1:1.0 usb-Honeywell-if00 pci-usb-0:1:1.0 serial://?vid=0c2e&pid=0b6a&sn=21134B0CB2",
		"ttyACM1 cdc_acm Area Scanner 1-2.3 1-2.3:1.0 . . serial://?vid=0c2e&pid=0b6a&sn=A%26B+2",
		"ttyS0     . . serial:///dev/ttyS0",
		"ttyUSB0 ftdi_sio USB Serial 1-4 1-4:1.0 . . serial://?vid=1a86&pid=7523",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	// Each URL leads back to its port.
	for _, p := range ports {
		d := driverOn(m, p.URL(ports))
		if path, err := d.Locate(); path != p.Path || err != nil {
			t.Errorf("%s finds %q, %v, want %s", p.URL(ports), path, err, p.Path)
		}
	}
}

// Which parameters tell devices apart depends on what is plugged in: serial numbers where each has its own, else the socket, else the interface.
func TestTwins(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		plug   func(m plugtest.Machine)
		url    string
		finds  string // name of the port; empty: a refusal
		refuse string // what it says
		urls   string // of the ports, in order
	}{
		{"different serial numbers", func(m plugtest.Machine) {
			m.Attach(plugtest.Gun{VID: "0c2e", PID: "0b6a", Serial: "A1"}, "1-1", "ttyACM0", "")
			m.Attach(plugtest.Gun{VID: "0c2e", PID: "0b6a", Serial: "B2"}, "1-2", "ttyACM1", "")
		}, "vid=0c2e&pid=0b6a", "", "2 scanners match vid=0c2e&pid=0b6a; give sn= or usb= in the scanner's URL: ttyACM0 is vid=0c2e&pid=0b6a&sn=A1, ttyACM1 is vid=0c2e&pid=0b6a&sn=B2",
			"vid=0c2e&pid=0b6a&sn=A1 vid=0c2e&pid=0b6a&sn=B2"},
		{"no serial numbers", func(m plugtest.Machine) {
			m.Attach(plugtest.Cheap, "1-1", "ttyUSB0", "")
			m.Attach(plugtest.Cheap, "1-2.3", "ttyUSB1", "")
		}, "vid=1a86&pid=7523", "", "ttyUSB0 is vid=1a86&pid=7523&usb=1-1, ttyUSB1 is vid=1a86&pid=7523&usb=1-2.3", "vid=1a86&pid=7523&usb=1-1 vid=1a86&pid=7523&usb=1-2.3"},
		{"no serial numbers, by socket", func(m plugtest.Machine) {
			m.Attach(plugtest.Cheap, "1-1", "ttyUSB0", "")
			m.Attach(plugtest.Cheap, "1-2.3", "ttyUSB1", "")
		}, "vid=1a86&pid=7523&usb=1-2.3", "ttyUSB1", "", "vid=1a86&pid=7523&usb=1-1 vid=1a86&pid=7523&usb=1-2.3"},
		{"one serial number for all", func(m plugtest.Machine) {
			m.Attach(plugtest.Gun{VID: "1eab", PID: "0106", Serial: "00000000"}, "1-1", "ttyACM0", "")
			m.Attach(plugtest.Gun{VID: "1eab", PID: "0106", Serial: "00000000"}, "1-3", "ttyACM1", "")
		}, "vid=1eab&pid=0106&sn=00000000", "", "usb=1-1", "vid=1eab&pid=0106&usb=1-1 vid=1eab&pid=0106&usb=1-3"},
		{"two ports of one device", func(m plugtest.Machine) {
			m.Attach(plugtest.Gun{VID: "05f9", PID: "4204", Serial: "X"}, "1-1", "ttyACM0", "")
			m.Interface("1-1", "1.2", "ttyACM1", "")
		}, "vid=05f9&pid=4204&sn=X&usb=1-1", "", "usb=1-1:1.0", "vid=05f9&pid=4204&usb=1-1:1.0 vid=05f9&pid=4204&usb=1-1:1.2"},
		{"two ports of one device, by interface", func(m plugtest.Machine) {
			m.Attach(plugtest.Gun{VID: "05f9", PID: "4204", Serial: "X"}, "1-1", "ttyACM0", "")
			m.Interface("1-1", "1.2", "ttyACM1", "")
		}, "usb=1-1:1.2", "ttyACM1", "", "vid=05f9&pid=4204&usb=1-1:1.0 vid=05f9&pid=4204&usb=1-1:1.2"},
		{"a hub's sockets are not its number's beginning", func(m plugtest.Machine) {
			m.Attach(plugtest.Cheap, "1-1", "ttyUSB0", "")
			m.Attach(plugtest.Cheap, "1-11", "ttyUSB1", "")
		}, "usb=1-1", "ttyUSB0", "", "vid=1a86&pid=7523&usb=1-1 vid=1a86&pid=7523&usb=1-11"},
		{"nothing plugged in", func(plugtest.Machine) {}, "vid=0c2e", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := plugtest.New(t)
			tc.plug(m)
			ports, err := List(m.Roots)
			if err != nil {
				t.Fatal(err)
			}
			var urls []string
			for _, p := range ports {
				urls = append(urls, strings.TrimPrefix(p.URL(ports), "serial://?"))
			}
			if got := strings.Join(urls, " "); got != tc.urls {
				t.Errorf("the ports are %s\nwant %s", got, tc.urls)
			}
			path, err := driverOn(m, "serial://?"+tc.url).Locate()
			if tc.finds != "" && (err != nil || filepath.Base(path) != tc.finds) {
				t.Errorf("found %q, %v, want %s", path, err, tc.finds)
			}
			if tc.refuse != "" && (fault.Code(err) != usb.CodeAmbiguous || !strings.Contains(err.Error(), tc.refuse)) {
				t.Errorf("refused with %v\nwant %s", err, tc.refuse)
			}
			if tc.finds == "" && tc.refuse == "" && err == nil {
				t.Errorf("found %q", path)
			}
		})
	}
}
