package doctor

import (
	"errors"
	"testing"

	"github.com/backdock/backdock/cmd/station/attached"
)

func TestUnused(t *testing.T) {
	zebra := attached.Device{Kind: attached.Serial, Path: port, Name: "DS8108", Maker: "Zebra", Scanner: true, VID: "05e0", URL: "serial://?vid=05e0&pid=1701"}
	ftdi := attached.Device{Kind: attached.Serial, Path: "/dev/ttyUSB0", Maker: "FTDI", VID: "0403", URL: "serial://?vid=0403&pid=6001"}
	onBoard := attached.Device{Kind: attached.Serial, Path: "/dev/ttyS0", URL: "serial:///dev/ttyS0"}
	judge(t, unused, []judged{
		{"nothing", Facts{}, ""},
		{"cannot be listed", Facts{ListErr: errors.New("no sysfs")}, "note devices_unlisted"},
		{"a scanner that nobody listens to", Facts{Devices: []attached.Device{zebra}}, "WRONG scanner_unused device=Zebra DS8108 (ttyACM0)"},
		{"a converter may be anything, a port of the board is always there", Facts{Devices: []attached.Device{ftdi, onBoard}}, "note port_unused device=ttyUSB0"},
		{"configured", Facts{Devices: []attached.Device{zebra, ftdi}, Scanners: []Scanner{gun(port, nil), gun("/dev/ttyUSB0", nil)}}, ""},
	})
}
