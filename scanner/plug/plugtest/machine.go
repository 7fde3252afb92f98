package plugtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/plug"
)

// Machine is one computer.
type Machine struct {
	T *testing.T
	plug.Roots
}

// New makes a computer with nothing plugged in.
func New(t *testing.T) Machine {
	t.Helper()
	m := Machine{t, plug.Roots{Sys: t.TempDir(), Dev: t.TempDir()}}
	for _, dir := range []string{m.InSys("class/tty"), m.InDev("serial/by-id"), m.InDev("serial/by-path")} {
		m.must(os.MkdirAll(dir, 0o755))
	}
	return m
}

func (m Machine) must(err error) {
	m.T.Helper()
	if err != nil {
		m.T.Fatal(err)
	}
}

// InSys is a path of sysfs.
func (m Machine) InSys(path string) string { return filepath.Join(m.Sys, path) }

// InDev is a path below /dev.
func (m Machine) InDev(path string) string { return filepath.Join(m.Dev, path) }

// Attribute writes a file of sysfs.
func (m Machine) Attribute(path, text string) {
	m.T.Helper()
	full := m.InSys(path)
	m.must(errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text+"\n"), 0o644)))
}

// Link makes a link within sysfs and the directory that it leads to.
func (m Machine) Link(from, to string) {
	m.T.Helper()
	m.must(errors.Join(os.MkdirAll(m.InSys(to), 0o755), os.MkdirAll(filepath.Dir(m.InSys(from)), 0o755), os.Symlink(m.InSys(to), m.InSys(from))))
}

// Turn makes a link below /dev lead somewhere, or somewhere else, at once.
func (m Machine) Turn(path, to string) {
	m.T.Helper()
	full := m.InDev(path)
	m.must(errors.Join(os.Symlink(to, full+".new"), os.Rename(full+".new", full)))
}

// Gun is a USB scanner.
type Gun struct{ VID, PID, Serial, Product string }

// The scanners of most tests.
var (
	Honeywell = Gun{"0c2e", "0b6a", "21134B0CB2", "Area Scanner"}
	Cheap     = Gun{"1a86", "7523", "", "USB Serial"} // no serial number, as its twin
)

// Attach plugs a scanner into a socket; the kernel calls its port name, which leads to port, or is a plain file when port is empty.
func (m Machine) Attach(g Gun, socket, name, port string) {
	m.T.Helper()
	for attribute, value := range map[string]string{"idVendor": g.VID, "idProduct": g.PID, "serial": g.Serial, "product": g.Product} {
		if value != "" {
			m.Attribute(filepath.Join(usb(socket), attribute), value)
		}
	}
	m.Interface(socket, "1.0", name, port)
}

// Interface adds a port to the device in a socket.
func (m Machine) Interface(socket, number, name, port string) {
	m.T.Helper()
	face := filepath.Join(usb(socket), socket+":"+number)
	driver := "cdc_acm"
	if strings.HasPrefix(name, "ttyUSB") {
		driver = "ftdi_sio"
		face = filepath.Join(face, name) // the converter's port hangs below the interface
	}
	m.Link(filepath.Join(face, "driver"), "bus/usb/drivers/"+driver)
	m.Link(filepath.Join("class/tty", name, "device"), face)
	if port == "" {
		m.must(os.WriteFile(m.InDev(name), nil, 0o640))
		return
	}
	m.Turn(name, port)
}

// Detach unplugs what is in a socket.
func (m Machine) Detach(socket, name string) {
	m.T.Helper()
	m.must(errors.Join(os.RemoveAll(m.InSys(filepath.Join("class/tty", name))), os.RemoveAll(m.InSys(usb(socket))), os.Remove(m.InDev(name))))
}

func usb(socket string) string { return "devices/pci0000:00/usb1/" + socket }
