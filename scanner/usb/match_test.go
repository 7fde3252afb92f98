package usb

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/fault"
)

func TestFromQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]Match{
		"vid=0C2E&pid=0b6a&sn=A+1": {VID: "0c2e", PID: "0b6a", Serial: "A 1"},
		"usb=1-2.3.4":              {Socket: "1-2.3.4"},
		"usb=10-1:1.0&name=x":      {Socket: "10-1:1.0"},
		"":                         {},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := FromQuery(q); err != nil || m != want {
			t.Errorf("%s is %+v, %v", query, m, err)
		}
	}
	for _, bad := range []string{"vid=c2e", "pid=wxyz", "vid=0x0c2e", "usb=2", "usb=1-2.", "usb=1-2.3:one", "usb=usb1"} {
		q, err := url.ParseQuery(bad)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := FromQuery(q); err == nil {
			t.Errorf("%s is %+v", bad, m)
		}
	}
}

// What fits one fits not the other, if anything tells them apart.
func TestOnly(t *testing.T) {
	t.Parallel()
	at := func(sn, socket, face string) Device {
		return Device{VID: "0c2e", PID: "0b6a", Serial: sn, Socket: socket, Interface: socket + ":" + face}
	}
	for _, tc := range []struct {
		name string
		all  []Device
		want string // of the first
	}{
		{"alone", []Device{at("", "1-1", "1.0")}, "vid=0c2e&pid=0b6a"},
		{"own serial number", []Device{at("A", "1-1", "1.0"), at("B", "1-2", "1.0")}, "vid=0c2e&pid=0b6a&sn=A"},
		{"shared serial number", []Device{at("A", "1-1", "1.0"), at("A", "1-2", "1.0")}, "vid=0c2e&pid=0b6a&usb=1-1"},
		{"none, and one with", []Device{at("", "1-1", "1.0"), at("B", "1-2", "1.0")}, "vid=0c2e&pid=0b6a&usb=1-1"},
		{"one device, two interfaces", []Device{at("A", "1-1", "1.0"), at("A", "1-1", "1.2")}, "vid=0c2e&pid=0b6a&usb=1-1:1.0"},
	} {
		m := Only(tc.all[0], tc.all)
		if m.String() != tc.want || m.count(tc.all) != 1 || !m.Fits(tc.all[0]) {
			t.Errorf("%s: %s fits %d", tc.name, m, m.count(tc.all))
		}
	}
	twice := []Device{at("", "1-1", "1.0"), at("", "1-1", "1.0")}
	if m := Only(twice[0], twice); m.count(twice) != 2 {
		t.Errorf("nothing tells them apart, and %s does", m)
	}
}

// The one that fits is found; none is fs.ErrNotExist, and of two nobody guesses.
func TestFind(t *testing.T) {
	t.Parallel()
	all := []Named{{"/dev/ttyUSB0", Device{VID: "1a86", PID: "7523", Socket: "1-1"}}, {"/dev/ttyUSB1", Device{VID: "1a86", PID: "7523", Socket: "1-2"}}, {"/dev/ttyACM0", Device{VID: "0c2e"}}}
	if path, err := Find(Match{VID: "1a86", Socket: "1-2"}, "serial port", all); err != nil || path != "/dev/ttyUSB1" {
		t.Errorf("found %q, %v", path, err)
	}
	if _, err := Find(Match{VID: "05e0"}, "serial port", all); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "serial port of vid=05e0") {
		t.Errorf("nothing fits, and that is %v", err)
	}
	_, err := Find(Match{VID: "1a86"}, "serial port", all)
	const want = "2 scanners match vid=1a86; give sn= or usb= in the scanner's URL: ttyUSB0 is vid=1a86&pid=7523&usb=1-1, ttyUSB1 is vid=1a86&pid=7523&usb=1-2"
	if fault.Code(err) != CodeAmbiguous || !strings.HasSuffix(err.Error(), want) || fault.Of(err).Params["about"] == "" {
		t.Errorf("said %v", err)
	}
}

// What a match writes as a query is read back as the same match.
func FuzzMatch(f *testing.F) {
	f.Add("0c2e", "0b6a", "A&B 2+%/#", "1-2.3:1.0")
	f.Add("1a86", "", "", "")
	f.Fuzz(func(t *testing.T, vid, pid, sn, place string) {
		m := Match{VID: vid, PID: pid, Serial: sn, Socket: place}
		u, err := url.Parse("serial://?" + m.String())
		if err != nil {
			t.Fatalf("%+v writes %q: %v", m, m.String(), err)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Match{VID: q.Get("vid"), PID: q.Get("pid"), Serial: q.Get("sn"), Socket: q.Get("usb")}); got != m {
			t.Fatalf("%+v became %+v through %q", m, got, m.String())
		}
	})
}
