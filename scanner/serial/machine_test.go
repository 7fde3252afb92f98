package serial

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/plug"
)

// machine is a computer's /sys and /dev as files, with pseudo-terminals for ports.
type machine struct {
	t *testing.T
	plug.Roots
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{t, plug.Roots{Sys: t.TempDir(), Dev: t.TempDir()}}
	m.dir(m.Sys, "class/tty")
	m.dir(m.Dev, "serial/by-id")
	m.dir(m.Dev, "serial/by-path")
	return m
}

func (m machine) dir(root, path string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// file writes a file of sysfs.
func (m machine) file(path, text string) {
	m.t.Helper()
	m.dir(m.Sys, filepath.Dir(path))
	if err := os.WriteFile(filepath.Join(m.Sys, path), []byte(text+"\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// link makes a link within sysfs and what it leads to.
func (m machine) link(to, from string) {
	m.t.Helper()
	m.dir(m.Sys, to)
	m.dir(m.Sys, filepath.Dir(from))
	if err := os.Symlink(filepath.Join(m.Sys, to), filepath.Join(m.Sys, from)); err != nil {
		m.t.Fatal(err)
	}
}

// turn makes path a link to another place, at once.
func (m machine) turn(path, to string) {
	m.t.Helper()
	if err := errors.Join(os.Symlink(to, path+".new"), os.Rename(path+".new", path)); err != nil {
		m.t.Fatal(err)
	}
}

// gun is a USB scanner.
type gun struct{ vid, pid, sn, product string }

var (
	honeywell = gun{"0c2e", "0b6a", "21134B0CB2", "Area Scanner"}
	cheap     = gun{"1a86", "7523", "", "USB Serial"} // no serial number, as its twin
)

// attach plugs a scanner into a socket; the kernel calls its port name, which leads to port.
func (m machine) attach(g gun, socket, name, port string) {
	m.t.Helper()
	usb := "devices/pci0000:00/usb1/" + socket
	for attribute, value := range map[string]string{"idVendor": g.vid, "idProduct": g.pid, "serial": g.sn, "product": g.product} {
		if value != "" {
			m.file(filepath.Join(usb, attribute), value)
		}
	}
	m.interfaceOf(socket, "1.0", name, port)
}

// interfaceOf adds a port to a device.
func (m machine) interfaceOf(socket, number, name, port string) {
	m.t.Helper()
	usb := "devices/pci0000:00/usb1/" + socket
	face := filepath.Join(usb, socket+":"+number)
	m.link("bus/usb/drivers/cdc_acm", filepath.Join(face, "driver"))
	m.link(face, filepath.Join("class/tty", name, "device"))
	if port != "" {
		m.turn(filepath.Join(m.Dev, name), port)
	}
}

// detach unplugs what is in a socket, all at once as the kernel does.
func (m machine) detach(socket, name string) {
	m.t.Helper()
	if err := errors.Join(os.RemoveAll(filepath.Join(m.Sys, "class/tty", name)), os.RemoveAll(filepath.Join(m.Sys, "devices/pci0000:00/usb1", socket)), os.Remove(filepath.Join(m.Dev, name))); err != nil {
		m.t.Fatal(err)
	}
}

// driver makes a driver that looks at this machine, often.
func (m machine) driver(raw string) *Driver {
	m.t.Helper()
	d := driver(m.t, raw)
	d.Watch.Roots, d.Watch.Fast = m.Roots, 2*time.Millisecond
	return d
}
