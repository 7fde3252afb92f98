package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/usb"
)

const port = "/dev/ttyACM0"

// gun is a configured scanner.
func gun(path string, err error) Scanner {
	return Scanner{Scanner: agent.Scanner{Name: "gun", URL: "serial://?vid=0c2e"}, Local: true, Path: path, Err: err}
}

func TestScanners(t *testing.T) {
	one := func(s Scanner) []Scanner { return []Scanner{s} }
	own := attached.Device{Path: port, Access: attached.Access{You: true}}
	denied := attached.Device{Path: port, Access: attached.Access{Owner: "root", Group: "dialout", Mode: "rw-rw----", UID: 1, GID: 20}}
	working := atWork(agent.Link{})
	met := func(code scanner.DeviceCode) Agent {
		a := atWork(agent.Link{})
		a.State.Devices = []scanner.Device{{Name: "gun", State: scanner.DeviceFault, Code: code, Detail: "in English"}}
		return a
	}
	busy, later := met(scanner.DevicePortBusy), met("on_fire")
	troubled := atWork(agent.Link{})
	troubled.State.Devices = []scanner.Device{{Name: "gun", State: scanner.DeviceGone, Code: scanner.DeviceAway, Detail: "unplugged"}, {Name: "other", Detail: "not this one"}}
	judge(t, scanners, []judged{
		{"a URL that is none", Facts{ConfigErr: errors.New("baud=fast")}, "WRONG config_bad"},
		{"none", Facts{}, "WRONG none_configured"},
		{"free", Facts{Scanners: one(gun(port, nil)), Devices: []attached.Device{own}, User: User{Self: true}}, "ok scanner_free device=/dev/ttyACM0 name=gun"},
		{"the agent has it", Facts{Scanners: one(gun(port, nil)), Agent: working, Holders: map[string][]Process{port: {{7, "station"}}}}, "ok scanner_held device=/dev/ttyACM0 name=gun"},
		{"not plugged in", Facts{Scanners: one(gun("", fmt.Errorf("open: %w", fs.ErrNotExist)))}, "WRONG scanner_absent name=gun"},
		{"twins", Facts{Scanners: one(gun("", fault.New(fault.Conflict, usb.CodeAmbiguous, "2 scanners match")))}, "WRONG scanner_ambiguous name=gun"},
		{"another error", Facts{Scanners: one(gun("", errors.New("loop of links")))}, "WRONG scanner_trouble name=gun"},
		{"no permission for this user", Facts{Scanners: one(gun(port, nil)), Devices: []attached.Device{denied}, User: User{Self: true, Name: "li"}},
			"WRONG scanner_denied access=root:dialout rw-rw---- device=/dev/ttyACM0 name=gun"},
		{"no permission for the agent's user, asked by root", Facts{Scanners: one(gun(port, nil)), Devices: []attached.Device{{Path: port, Access: attached.Access{You: true, Owner: "root", Group: "dialout", Mode: "rw-rw----", UID: 1, GID: 20}}}, User: User{UID: 990, Name: "backdock-station", Groups: []int{990}}},
			"WRONG scanner_denied access=root:dialout rw-rw---- device=/dev/ttyACM0 name=gun"},
		{"held by somebody else", Facts{Scanners: one(gun(port, nil)), Agent: working, Holders: map[string][]Process{port: {{7, "station"}, {9, "minicom"}}}},
			"WRONG scanner_busy device=/dev/ttyACM0 name=gun who=minicom (9)"},
		{"a keyboard that the desktop reads too", Facts{Scanners: one(Scanner{Scanner: agent.Scanner{Name: "wedge", URL: "evdev://?vid=0c2e"}, Local: true, Path: port}), Holders: map[string][]Process{port: {{9, "Xorg"}}}},
			"ok scanner_free device=/dev/ttyACM0 name=wedge"},
		{"what the agent met", Facts{Scanners: one(gun(port, nil)), Agent: troubled}, "WRONG told_device_gone name=gun"},
		{"what a later agent met", Facts{Scanners: one(gun(port, nil)), Agent: later}, "WRONG scanner_trouble name=gun"},
		{"somebody has it, and who it may be is hidden", Facts{Scanners: one(gun(port, nil)), Agent: busy, Blind: true}, "WRONG told_port_busy name=gun; note holders_hidden"},
		{"one sentence for one trouble", Facts{Scanners: one(gun("", fs.ErrNotExist)), Agent: troubled}, "WRONG scanner_absent name=gun"},
		{"Ethernet, silent", Facts{Scanners: one(Scanner{Scanner: agent.Scanner{Name: "net"}, Dialled: true, Err: errors.New("no route")})}, "WRONG scanner_unreached name=net"},
		{"Ethernet", Facts{Scanners: one(Scanner{Scanner: agent.Scanner{Name: "net"}, Dialled: true})}, "ok scanner_other name=net"},
	})
}
