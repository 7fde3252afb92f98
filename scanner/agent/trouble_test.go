package agent

import (
	"errors"
	"testing"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/usb"
)

// What goes wrong with a device reaches the page as a code with what it is about; what has no code is told in the system's own words.
func TestTroubleOfADevice(t *testing.T) {
	t.Parallel()
	twins := []usb.Named{{Path: "/dev/ttyUSB0", Device: usb.Device{VID: "1a86", Socket: "1-1"}}, {Path: "/dev/ttyUSB1", Device: usb.Device{VID: "1a86", Socket: "1-2"}}}
	_, ambiguous := usb.Find(usb.Match{VID: "1a86"}, "serial port", twins)
	for want, err := range map[trouble]error{
		{scanner.DeviceTwins, "ttyUSB0 is vid=1a86&usb=1-1, ttyUSB1 is vid=1a86&usb=1-2", fault.Of(ambiguous).Message}: ambiguous,
		{scanner.DevicePortBusy, "/dev/ttyACM0", "busy"}:                                                               errors.Join(fault.New(fault.Conflict, string(scanner.DevicePortBusy), "busy").With("about", "/dev/ttyACM0"), errors.New("close")),
		{scanner.DeviceFailed, "loop of links", "loop of links"}:                                                       errors.New("loop of links"),
	} {
		if got := whatFailed(err); got != want {
			t.Errorf("%v is %+v, want %+v", err, got, want)
		}
	}
}
