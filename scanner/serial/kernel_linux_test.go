package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.bug.st/serial"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// These tests plug real USB devices into this kernel, by its dummy host controller and gadget drivers (dummy_hcd num=2, libcomposite, usb_f_acm), and need
// a machine that lets them: a virtual one, as root. Elsewhere they are skipped.

const gadgets = "/sys/kernel/config/usb_gadget"

// device is a USB scanner in COM-port emulation that the test plays.
type device struct {
	t    *testing.T
	dir  string
	udc  string      // the socket's controller
	line string      // its end of the line, a terminal
	wire serial.Port // that, open
}

// newDevice makes a scanner for socket n, not plugged in.
func newDevice(t *testing.T, n int, sn string) *device {
	t.Helper()
	controllers, err := filepath.Glob("/sys/class/udc/dummy_udc.*")
	if err != nil || len(controllers) <= n {
		t.Skip("no dummy USB controllers: run this in the virtual machine")
	}
	if _, err := os.Stat(gadgets); err != nil {
		t.Skip("no USB gadgets: run this in the virtual machine")
	}
	d := &device{t: t, dir: filepath.Join(gadgets, fmt.Sprintf("gun%d", n)), udc: filepath.Base(controllers[n])}
	function := filepath.Join(d.dir, fmt.Sprintf("functions/acm.gun%d", n))
	link := filepath.Join(d.dir, "configs/c.1", fmt.Sprintf("acm.gun%d", n))
	for _, dir := range []string{d.dir, filepath.Join(d.dir, "strings/0x409"), filepath.Join(d.dir, "configs/c.1"), function} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.set("idVendor", "0x0c2e")
	d.set("idProduct", "0x0b6a")
	d.set("strings/0x409/product", "Area Scanner")
	if sn != "" {
		d.set("strings/0x409/serialnumber", sn)
	}
	if err := os.Symlink(function, link); err != nil {
		t.Fatal(err)
	}
	number, err := os.ReadFile(filepath.Join(function, "port_num"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.unplug()
		for _, path := range []string{link, filepath.Join(d.dir, "configs/c.1"), function, filepath.Join(d.dir, "strings/0x409"), d.dir} {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	})
	d.line = fmt.Sprintf("/dev/ttyGS%c", number[0])
	return d
}

func (d *device) set(name, value string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(value+"\n"), 0); err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) plugIn() {
	d.t.Helper()
	var err error
	if d.wire, err = serial.Open(d.line, &serial.Mode{BaudRate: 9600}); err != nil {
		d.t.Fatal(err)
	}
	d.set("UDC", d.udc)
}

// unplug is done when the kernel has forgotten the device.
func (d *device) unplug() {
	if d.wire == nil {
		return
	}
	if err := os.WriteFile(filepath.Join(d.dir, "UDC"), []byte("\n"), 0); err != nil {
		d.t.Error(err)
	}
	d.wire.Close() // the kernel hangs this end up too
	d.wire = nil
}

func (d *device) Write(b []byte) (int, error) { return d.wire.Write(b) }

// plain is a driver as a bench has it, but for the look behind the events: only an event can be in time.
func plain(t *testing.T, raw string) *Driver {
	t.Helper()
	d := driver(t, raw)
	d.Watch.Slow = time.Hour
	return d
}

// The kernel's own events bring a scanner that was just plugged in, end its stream when it is pulled, and bring it again under another number.
func TestKernelPlugsAndUnplugs(t *testing.T) {
	gun := newDevice(t, 0, "SN-1")
	d := plain(t, "serial://?vid=0c2e&pid=0b6a&sn=SN-1")
	later := openLater(t, d)
	begin := time.Now()
	gun.plugIn()
	s := got(t, later)
	t.Logf("open %v after plugging in", time.Since(begin).Round(time.Millisecond))
	heard(t, gun, s, "690\r")
	first, err := d.Locate()
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else holds the old file, so that its number stays taken.
	holder, err := os.Open(first)
	if err == nil {
		defer holder.Close()
	}
	begin = time.Now()
	gun.unplug()
	ended(t, s)
	t.Logf("ended %v after unplugging", time.Since(begin).Round(time.Millisecond))
	s.Close()
	later = openLater(t, d)
	gun.plugIn()
	s = got(t, later)
	heard(t, gun, s, "691\r")
	second, err := d.Locate()
	if err != nil || (holder != nil && second == first) {
		t.Errorf("it came back as %s after %s, %v", second, first, err)
	}
}

// Twins without serial numbers: neither is opened by a URL that fits both; each by its socket.
func TestKernelTwins(t *testing.T) {
	left, right := newDevice(t, 0, ""), newDevice(t, 1, "")
	left.plugIn()
	right.plugIn()
	ports := wait(t, 2)
	if _, err := driver(t, "serial://?vid=0c2e&pid=0b6a").Open(t.Context()); fault.Code(err) != usb.CodeAmbiguous {
		t.Fatalf("two fit, and Open gave %v", err)
	}
	said := map[string]bool{}
	for _, p := range ports {
		if p.Driver != "cdc_acm" || p.Product != "Area Scanner" || p.Serial != "" || p.Socket == "" || p.Interface == "" {
			t.Errorf("sysfs tells %+v", p)
		}
		s := open(t, plain(t, p.URL(ports)))
		b := make([]byte, 5)
		sent := make(chan error, 1)
		go func() {
			_, err := left.Write([]byte("left\r"))
			_, err2 := right.Write([]byte("rght\r"))
			sent <- errors.Join(err, err2)
		}()
		if _, err := io.ReadFull(s, b); err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		t.Logf("%s says %q", p.URL(ports), b)
		said[string(b)] = true
		s.Close()
	}
	if !said["left\r"] || !said["rght\r"] {
		t.Errorf("the twins said %v", said)
	}
}

// wait until n scanners are listed.
func wait(t *testing.T, n int) []Port {
	t.Helper()
	w := plug.Start(plug.Config{})
	defer w.Close()
	for {
		ports, err := List(plug.Roots{})
		if err != nil {
			t.Fatal(err)
		}
		var found []Port
		for _, p := range ports {
			if p.VID == "0c2e" {
				found = append(found, p)
			}
		}
		if len(found) == n {
			return found
		}
		select {
		case <-w.Changed():
		case <-time.After(ceiling):
			t.Fatalf("%d scanners are listed, want %d", len(found), n)
		}
	}
}

func TestKernelReplugs(t *testing.T) {
	gun := newDevice(t, 0, "SN-2")
	d := plain(t, "serial://?sn=SN-2")
	times := 20
	if os.Getenv("BACKDOCK_SOAK") != "" {
		times = 200
	}
	goroutines, descriptors := 0, 0
	for i := range times + 1 {
		later := openLater(t, d)
		gun.plugIn()
		o := <-later
		if o.err != nil {
			t.Fatalf("replug %d: %v", i, o.err)
		}
		heard(t, gun, o.s, fmt.Sprintf("code %d\r", i))
		gun.unplug()
		ended(t, o.s)
		if err := o.s.Close(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			goroutines, descriptors = runtime.NumGoroutine(), fds(t)
		}
	}
	if n := fds(t); n > descriptors {
		t.Errorf("%d descriptors after %d replugs, %d after the first", n, times, descriptors)
	}
	if n := settled(goroutines); n > goroutines {
		t.Errorf("%d goroutines after %d replugs, %d after the first", n, times, goroutines)
	}
}
