package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		url   string
		check func(Scanner) bool
	}{
		{"serial:///dev/serial/by-id/usb-X-if00?baud=115200&suffix=crlf", func(s Scanner) bool {
			return s.Name == "usb-X-if00" && s.Profile.Suffix == frame.CRLF && s.Double == DefaultDouble && !s.Profile.KeepFirst
		}},
		{"serial://?vid=0c2e&pid=0b6a&sn=A1&beep=honeywell-ack", func(s Scanner) bool {
			return s.Name == "A1" && string(s.Feedback.Good) == "\x1b7," && string(s.Feedback.Bad) == "\x1b8,"
		}},
		{"serial://?vid=0c2e&pid=0b6a", func(s Scanner) bool { return s.Name == "0c2e:0b6a" }},
		{"serial://?vid=1a86&pid=7523&usb=1-2.3", func(s Scanner) bool { return s.Name == "1-2.3" }},
		{"serial:COM5?name=%E5%B7%A6", func(s Scanner) bool { return s.Name == "左" }},
		{"tcp://10.0.0.5:9100?suffix=lf&double=0s", func(s Scanner) bool { return s.Name == "10.0.0.5:9100" && s.Double == 0 }},
		{"replay:box.capture?speed=max", func(s Scanner) bool { return s.Name == "box.capture" && s.Profile.KeepFirst }},
		{"tcp://s:1?good=0607&bad=15&suffix=none", func(s Scanner) bool {
			return string(s.Feedback.Good) == "\x06\x07" && string(s.Feedback.Bad) == "\x15" && s.Profile.IdleAfter == 80*time.Millisecond
		}},
	} {
		s, err := Parse(tc.url)
		if err != nil || !tc.check(s) {
			t.Errorf("%s gave %+v, %v", tc.url, s, err)
		}
	}
	for url, want := range map[string]string{
		"usb://x":                     "this build has evdev, hidpos, replay, serial, tcp",
		"serial:///dev/x?suffix=wave": "suffix=",
		"serial:///dev/x?beep=loud":   "honeywell-ack",
		"serial:///dev/x?good=zz":     "hexadecimal",
		"serial:///dev/x?double=1h":   "double=",
		"serial:///dev/x?baud=fast":   "baud=",
		"serial:///dev/x?role=qc":     "enrol a second station",
		"serial://?vid=0c2e&usb=3":    "socket such as 1-2.3",
		"tcp://x":                     "tcp://host:port",
		"%":                           "URL",
	} {
		if s, err := Parse(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %+v, %v, want an error with %q", url, s, err, want)
		}
	}
}

func TestParseAllNamesApart(t *testing.T) {
	t.Parallel()
	all, err := ParseAll([]string{"tcp://a:1?name=gun", "tcp://b:1?name=gun", "tcp://c:1"})
	if err != nil || all[0].Name != "gun" || all[1].Name != "gun-2" || all[2].Name != "c:1" {
		t.Fatalf("%+v, %v", all, err)
	}
}
