package plug

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// udevMessage builds what udev sends: the header of its libudev protocol, then the properties.
func udevMessage(properties string) []byte {
	b := make([]byte, 40)
	copy(b, udevPrefix)
	binary.BigEndian.PutUint32(b[8:], udevMagic)
	binary.NativeEndian.PutUint32(b[12:], 40)
	binary.NativeEndian.PutUint32(b[16:], 40)
	binary.NativeEndian.PutUint32(b[20:], uint32(len(properties)))
	return append(b, properties...)
}

// recorded returns a message as it was read from the socket.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   []byte
		want Uevent // zero: no uevent
	}{
		{"kernel, recorded", recorded(t, "ttyS0-change.uevent"), Uevent{Action: "change", DevPath: "/devices/pnp0/00:00/00:00:0/00:00:0.0/tty/ttyS0", Subsystem: "tty", DevName: "ttyS0"}},
		{"kernel, usb device", []byte("remove@/devices/pci0000:00/0000:00:14.0/usb1/1-2\x00ACTION=remove\x00DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-2\x00SUBSYSTEM=usb\x00MAJOR=189\x00MINOR=5\x00DEVNAME=bus/usb/001/006\x00DEVTYPE=usb_device\x00PRODUCT=c2e/b6a/100\x00SEQNUM=4711\x00"),
			Uevent{Action: "remove", DevPath: "/devices/pci0000:00/0000:00:14.0/usb1/1-2", Subsystem: "usb", DevName: "bus/usb/001/006"}},
		{"udev", udevMessage("ACTION=add\x00DEVPATH=/devices/x/tty/ttyACM0\x00SUBSYSTEM=tty\x00DEVNAME=/dev/ttyACM0\x00DEVLINKS=/dev/serial/by-id/a\x00"),
			Uevent{Action: "add", DevPath: "/devices/x/tty/ttyACM0", Subsystem: "tty", DevName: "ttyACM0", Udev: true}},
		{"a value with =", []byte("add@/x\x00ACTION=add\x00DEVPATH=/x=y\x00"), Uevent{Action: "add", DevPath: "/x=y"}},
		{"without properties", []byte("add@/devices/x"), Uevent{}},
		{"nothing", nil, Uevent{}},
		{"text", []byte("hello"), Uevent{}},
		{"udev, header cut", []byte(udevPrefix + "abc"), Uevent{}},
		{"udev, another magic", append([]byte(udevPrefix+"\x01\x02\x03\x04"), make([]byte, 40)...), Uevent{}},
		{"udev, properties beyond the end", func() []byte {
			b := udevMessage("ACTION=add\x00DEVPATH=/x\x00")
			binary.NativeEndian.PutUint32(b[20:], 1<<31)
			return b
		}(), Uevent{}},
		{"udev, properties within the header", func() []byte {
			b := udevMessage("ACTION=add\x00DEVPATH=/x\x00")
			binary.NativeEndian.PutUint32(b[16:], 3)
			return b
		}(), Uevent{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tc.in)
			if (err != nil) != (tc.want == Uevent{}) || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// session returns the messages that a kernel sent while a scanner was plugged in and pulled again.
func session(t testing.TB) (out [][]byte) {
	t.Helper()
	for line := range strings.Lines(string(recorded(t, "plug-unplug.uevents"))) {
		if line[0] == '#' {
			continue
		}
		message, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, []byte(message))
	}
	return out
}

// A whole session as a kernel sent it: each message reads, and what matters of it is that a terminal came and went, and the USB device under it.
func TestRecordedSession(t *testing.T) {
	t.Parallel()
	var got []string
	for _, b := range session(t) {
		e, err := Parse(b)
		if err != nil {
			t.Errorf("%q: %v", b, err)
		}
		if matters(b) != (e.Subsystem == "usb" || e.Subsystem == "tty") {
			t.Errorf("%+v matters: %v", e, matters(b))
		}
		if e.DevName != "" {
			got = append(got, e.Action+" "+e.DevName)
		}
	}
	want := "add bus/usb/001/002|add ttyACM0|bind bus/usb/001/002|remove ttyACM0|unbind bus/usb/001/002|remove bus/usb/001/002"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestMatters(t *testing.T) {
	t.Parallel()
	for subsystem, want := range map[string]bool{"tty": true, "hidraw": true, "usb": true, "block": false, "net": false, "": false} {
		b := []byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00SUBSYSTEM=" + subsystem + "\x00")
		if got := matters(b); got != want {
			t.Errorf("%q matters: %v", subsystem, got)
		}
	}
	if !matters([]byte("garbage")) {
		t.Error("what cannot be read is passed over")
	}
}

// FuzzParse: any bytes give an error or an event that names a device; what is read out of a message stands in it.
func FuzzParse(f *testing.F) {
	f.Add(recorded(f, "ttyS0-change.uevent"))
	for _, b := range session(f) {
		f.Add(b)
	}
	f.Add(udevMessage("ACTION=add\x00DEVPATH=/x\x00SUBSYSTEM=tty\x00DEVNAME=/dev/ttyACM0\x00"))
	f.Add([]byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Parse(b)
		if err != nil {
			if e != (Uevent{}) {
				t.Fatalf("an error with %+v", e)
			}
			return
		}
		if e.Action == "" || e.DevPath == "" {
			t.Fatalf("%+v names nothing", e)
		}
		for _, s := range []string{e.Action, e.DevPath, e.Subsystem, e.DevName} {
			if !strings.Contains(string(b), s) || strings.ContainsRune(s, 0) {
				t.Fatalf("%q is not a property of %q", s, b)
			}
		}
	})
}
