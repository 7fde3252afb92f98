package doctor

import (
	"errors"
	"testing"

	"github.com/backdock/backdock/cmd/station/attached"
)

func TestUnused(t *testing.T) {
	zebra := attached.Device{Kind: attached.Serial, Path: port, Name: "DS8108", Maker: "Zebra", Scanner: true, VID: "05e0", URL: "serial://?vid=05e0&pid=1701"}
	ftdi := attached.Device{Kind: attached.Serial, Path: "/dev/ttyUSB0", Maker: "FTDI", VID: "0403", URL: "serial://?vid=0403&pid=6001"}
	datalogic := attached.Device{Kind: attached.Keyboard, Path: "/dev/input/event3", Name: "Gryphon", Maker: "Datalogic", Scanner: true, VID: "05f9", Socket: "1-2", URL: "evdev://?vid=05f9&pid=2206"}
	clerks := attached.Device{Kind: attached.Keyboard, Path: "/dev/input/event0", Name: "AT keyboard", VID: "046d", URL: "evdev:///dev/input/event0"}
	pos := attached.Device{Kind: attached.POS, Path: "/dev/hidraw3", Scanner: true, VID: "ffff", Socket: "1-2", URL: "hidpos://?vid=ffff"}
	onBoard := attached.Device{Kind: attached.Serial, Path: "/dev/ttyS0", URL: "serial:///dev/ttyS0"}
	judge(t, unused, []judged{
		{"nothing", Facts{}, ""},
		{"cannot be listed", Facts{ListErr: errors.New("no sysfs")}, "note devices_unlisted"},
		{"a scanner that nobody listens to", Facts{Devices: []attached.Device{zebra}}, "WRONG scanner_unused device=Zebra DS8108 (ttyACM0)"},
		{"a converter may be anything, a port of the board is always there", Facts{Devices: []attached.Device{ftdi, onBoard}}, "note port_unused device=ttyUSB0"},
		{"a scanner that types, and the clerk's keyboard", Facts{Devices: []attached.Device{datalogic, clerks}}, "WRONG scanner_keyboard device=Datalogic Gryphon (event3) setup=USB-COM (USB-COM-STD)"},
		{"a scanner that types, for us", Facts{Devices: []attached.Device{datalogic}, Scanners: []Scanner{gun("/dev/input/event3", nil)}}, ""},
		{"a scanner that nobody listens to, of a maker nobody knows", Facts{Devices: []attached.Device{pos}}, "WRONG scanner_unused device=hidraw3"},
		{"another interface of a configured one", Facts{Devices: []attached.Device{datalogic, pos}, Scanners: []Scanner{gun("/dev/hidraw3", nil)}}, ""},
		{"configured", Facts{Devices: []attached.Device{zebra, ftdi}, Scanners: []Scanner{gun(port, nil), gun("/dev/ttyUSB0", nil)}}, ""},
	})
}
