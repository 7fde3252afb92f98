package hid

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/hid/hidtest"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// sysfs is a tree as the kernel lays it out, as far as it is read.
type sysfs struct {
	t    *testing.T
	root string
}

func newSysfs(t *testing.T) sysfs {
	t.Helper()
	s := sysfs{t, t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.root, "class", "hidraw"), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s sysfs) write(dir, name, text string) {
	s.t.Helper()
	path := filepath.Join(s.root, dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// roots are this tree with the files of /dev as they are called on a real machine.
func (s sysfs) roots() plug.Roots { return plug.Roots{Sys: s.root} }

// class links a device into a class, as /sys/class/hidraw/hidraw3.
func (s sysfs) class(class, name, dir string) {
	s.t.Helper()
	at := filepath.Join(s.root, dir, class, name)
	if err := os.MkdirAll(at, 0o755); err != nil {
		s.t.Fatal(err)
	}
	for link, to := range map[string]string{filepath.Join(s.root, "class", class, name): at, filepath.Join(at, "device"): filepath.Join(s.root, dir)} {
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			s.t.Fatal(err)
		}
	}
}

// hidraw adds a HID device with a hidraw node.
func (s sysfs) hidraw(node, ids, name, uniq, desc string) {
	dir := "devices/usb1/1-2/1-2:1.0/" + ids + "." + node
	s.write(dir, "uevent", "DRIVER=hid-generic\nHID_ID="+ids+"\nHID_NAME="+name+"\nHID_PHYS=usb-1/input0\nHID_UNIQ="+uniq+"\n")
	s.write(dir, "report_descriptor", desc)
	s.class("hidraw", node, dir)
}

// input adds an input device with an event node.
func (s sysfs) input(node, vid, pid, name, uniq, keys string) {
	dir := "devices/usb1/1-3/1-3:1.0/input-" + node
	s.write(dir, "id/vendor", vid+"\n")
	s.write(dir, "id/product", pid+"\n")
	s.write(dir, "name", name+"\n")
	s.write(dir, "uniq", uniq+"\n")
	s.write(dir, "capabilities/key", keys+"\n")
	s.class("input", node, dir)
}

const keyboardKeys = "1000000000007 ff800000000007ff febeffdff3cfffff fffffffffffffffe"

// bench is a tree with two scanners of each kind and what must not be taken for one.
func bench(t *testing.T) sysfs {
	s := newSysfs(t)
	s.hidraw("hidraw0", "0003:0000046D:0000C31C", "Keyboard", "", "\x05\x01\x09\x06\xa1\x01\xc0")
	s.hidraw("hidraw2", "0003:00000C2E:00000B6A", "Scanner Maker 1950", "A 1", string(hidtest.Usual))
	s.hidraw("hidraw10", "0003:00000C2E:00000B6A", "Scanner Maker 1950", "B2", string(hidtest.Odd))
	s.hidraw("hidraw3", "0003:00000C2E:00000B6A", "no descriptor at all", "", "\x05")
	s.input("event0", "0001", "0001", "AT keyboard", "", keyboardKeys)
	s.input("event1", "0000", "0000", "Power Button", "", "10000000000000 0")
	s.input("event2", "046d", "c077", "Mouse", "", "ff0000 0 0 0 0")
	s.input("event7", "0c2e", "0b61", "Scanner Maker 1950", "A1", keyboardKeys)
	s.input("event30", "0000", "0000", "virtual", "", "7fffffff fffffffe") // of a 32-bit kernel
	s.class("input", "mouse0", "devices/usb1/1-3/1-3:1.0/input-event2")
	return s
}

func TestList(t *testing.T) {
	t.Parallel()
	found, err := List(bench(t).roots())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, strings.Join([]string{string(f.Kind), f.Node, f.Name, f.URL(found)}, " | "))
		if f.Kind == KindPOS && (f.Page != 0x8C || f.Usage != 2) || f.Kind == KindKeyboard && (f.Page != 1 || f.Usage != 6) {
			t.Errorf("usage of %+v", f)
		}
	}
	want := `keyboard | /dev/input/event0 | AT keyboard | evdev://?vid=0001&pid=0001
keyboard | /dev/input/event7 | Scanner Maker 1950 | evdev://?vid=0c2e&pid=0b61&sn=A1
keyboard | /dev/input/event30 | virtual | evdev:///dev/input/event30
pos | /dev/hidraw2 | Scanner Maker 1950 | hidpos://?vid=0c2e&pid=0b6a&sn=A+1
pos | /dev/hidraw10 | Scanner Maker 1950 | hidpos://?vid=0c2e&pid=0b6a&sn=B2`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestListWithoutDevices(t *testing.T) {
	t.Parallel()
	if found, err := List(newSysfs(t).roots()); err != nil || len(found) != 0 {
		t.Errorf("an empty machine gave %v, %v", found, err)
	}
	if _, err := List(plug.Roots{Sys: filepath.Join(t.TempDir(), "none")}); err == nil || !strings.Contains(err.Error(), "Linux only") {
		t.Errorf("no sysfs gave %v", err)
	}
}

// What List calls a device finds it again.
func TestFoundURLsFind(t *testing.T) {
	t.Parallel()
	s := bench(t)
	found, err := List(s.roots())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		u, err := url.Parse(f.URL(found))
		if err != nil {
			t.Fatal(err)
		}
		got, err := target(u)
		got.Within(s.roots())
		if err != nil {
			t.Fatal(err)
		}
		if node, err := got.find(f.Kind); err != nil || node != f.Node {
			t.Errorf("%s found %s, %v, want %s", f.URL(found), node, err, f.Node)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := bench(t)
	for _, tc := range []struct {
		match usb.Match
		kind  Kind
		node  string
		err   string
	}{
		{usb.Match{VID: "0c2e", PID: "0b6a"}, KindPOS, "", "2 scanners match vid=0c2e&pid=0b6a; give sn= or usb= in the scanner's URL: hidraw2 is vid=0c2e&pid=0b6a&sn=A+1, hidraw10 is"},
		{usb.Match{VID: "0c2e"}, KindKeyboard, "/dev/input/event7", ""},
		{usb.Match{Serial: "B2"}, KindPOS, "/dev/hidraw10", ""},
		{usb.Match{VID: "0c2e", PID: "0b6a"}, KindKeyboard, "", "file does not exist"},
		{usb.Match{VID: "0c2e", PID: "0b6a", Serial: "C3"}, KindPOS, "", "file does not exist"},
	} {
		node, err := Target{Match: tc.match, Watch: plug.Config{Roots: s.roots()}}.find(tc.kind)
		if node != tc.node || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%+v %s gave %q, %v", tc.match, tc.kind, node, err)
		}
	}
}

// Two scanners of one kind without serial numbers are told apart by their sockets, and each is found in its own.
func TestTwinsBySocket(t *testing.T) {
	t.Parallel()
	s := newSysfs(t)
	for socket, node := range map[string]string{"1-3": "event3", "1-4.2": "event4"} {
		device := "devices/pci0/usb1/" + socket
		s.write(device, "idVendor", "0c2e\n")
		face := device + "/" + socket + ":1.0/0003:0C2E:0B61.0001/input/input9"
		s.write(face, "id/vendor", "0c2e\n")
		s.write(face, "id/product", "0b61\n")
		s.write(face, "capabilities/key", keyboardKeys+"\n")
		s.class("input", node, face)
	}
	found, err := List(s.roots())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.Node+" "+f.URL(found))
		u, err := url.Parse(f.URL(found))
		if err != nil {
			t.Fatal(err)
		}
		k, err := NewKeyboard(u)
		if err != nil {
			t.Skip(err) // not on this system
		}
		k.Within(s.roots())
		if node, err := k.Locate(); err != nil || node != f.Node {
			t.Errorf("%s finds %s, %v", u, node, err)
		}
	}
	if text := strings.Join(got, "\n"); text != "/dev/input/event3 evdev://?vid=0c2e&pid=0b61&usb=1-3\n/dev/input/event4 evdev://?vid=0c2e&pid=0b61&usb=1-4.2" {
		t.Errorf("found\n%s", text)
	}
}
