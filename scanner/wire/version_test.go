package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// An older server refuses fields that it does not know: it is sent none.
func TestForOlderServers(t *testing.T) {
	t.Parallel()
	m := wire.FromStation{Op: wire.OpDevices, Devices: []scanner.Device{{Name: "gun", State: scanner.DeviceFault, Detail: "busy", Code: scanner.DevicePortBusy, About: "/dev/ttyACM0"}, {Kind: scanner.KindScale, Name: "scale"}}}
	for version, want := range map[int][3]bool{1: {false, false, true}, 2: {false, true, true}, 3: {true, true, true}} {
		b, err := json.Marshal(m.For(version))
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		if got := [3]bool{strings.Contains(s, `"code"`) || strings.Contains(s, `"about"`), strings.Contains(s, `"scale"`), strings.Contains(s, `"busy"`)}; got != want {
			t.Errorf("version %d is sent %s", version, s)
		}
	}
	if m.Devices[0].Code == "" {
		t.Error("the message itself was changed")
	}
}
