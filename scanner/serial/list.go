package serial

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/backdock/backdock/scanner/plug"
)

// Port is a serial port of this machine, as sysfs describes it.
type Port struct {
	Path      string `json:"path"`                // /dev/ttyACM0
	Driver    string `json:"driver,omitempty"`    // cdc_acm, ftdi_sio, …
	VID       string `json:"vid,omitempty"`       // of a USB port, four hex digits
	PID       string `json:"pid,omitempty"`       //
	Serial    string `json:"serial,omitempty"`    // serial number; many cheap scanners have none, or all the same
	Product   string `json:"product,omitempty"`   // what the device calls itself
	USB       string `json:"usb,omitempty"`       // the socket it is plugged into: 1-2.3 is bus 1, port 2, hub port 3
	Interface string `json:"interface,omitempty"` // of a device with several ports: 1-2.3:1.0
	ByID      string `json:"by_id,omitempty"`     // link of /dev/serial/by-id
	ByPath    string `json:"by_path,omitempty"`   // link of /dev/serial/by-path
}

// URL is the scanner URL that finds this port again after replugging, and none of the others in all.
func (p Port) URL(all []Port) string {
	if p.VID == "" {
		return "serial://" + p.Path
	}
	m := Match{VID: p.VID, PID: p.PID, Serial: p.Serial}
	if len(m.among(all)) > 1 {
		m.Serial, m.USB = "", p.USB // a serial number that twins share tells nothing
	}
	if len(m.among(all)) > 1 {
		m.USB = p.Interface
	}
	return "serial://?" + m.String()
}

// Match names a USB device. Empty fields match anything, but one must be set.
type Match struct {
	VID, PID string // four hex digits, lower case
	Serial   string
	USB      string // socket, 1-2.3, or one port of the device in it, 1-2.3:1.0
}

// String writes the match as a URL's query.
func (m Match) String() string {
	var out []string
	for _, f := range []struct{ key, value string }{{"vid", m.VID}, {"pid", m.PID}, {"sn", m.Serial}, {"usb", m.USB}} {
		if f.value != "" {
			// Colon and dot of a socket stay readable: they need no escape in a query.
			out = append(out, f.key+"="+strings.ReplaceAll(url.QueryEscape(f.value), "%3A", ":"))
		}
	}
	return strings.Join(out, "&")
}

// Fits reports whether p is such a device.
func (m Match) Fits(p Port) bool {
	return (m.VID == "" || m.VID == p.VID) && (m.PID == "" || m.PID == p.PID) && (m.Serial == "" || m.Serial == p.Serial) &&
		(m.USB == "" || m.USB == p.USB || m.USB == p.Interface)
}

func (m Match) among(ports []Port) []Port {
	var out []Port
	for _, p := range ports {
		if m.Fits(p) {
			out = append(out, p)
		}
	}
	return out
}

// List names the serial ports of a machine, in the order of their names. It opens no port.
func List(r plug.Roots) ([]Port, error) {
	dir := filepath.Join(r.SysDir(), "class", "tty")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list serial ports (from sysfs, so on Linux only; elsewhere name the port): %w", err)
	}
	byID, byPath := links(r, "by-id"), links(r, "by-path")
	var out []Port
	for _, e := range entries {
		device, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name(), "device"))
		if err != nil {
			continue // consoles and pseudo-terminals have no device
		}
		if strings.HasPrefix(e.Name(), "ttyS") && plug.Attribute(filepath.Join(dir, e.Name()), "type") == "0" {
			continue // a port the board does not have
		}
		p := Port{Path: filepath.Join(r.DevDir(), e.Name()), ByID: byID[e.Name()], ByPath: byPath[e.Name()]}
		if driver, err := os.Readlink(filepath.Join(device, "driver")); err == nil {
			p.Driver = filepath.Base(driver)
		}
		p.device(device, r.SysDir())
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

// device reads what the USB device says of itself. It is one or two levels above the interface that the port hangs on.
func (p *Port) device(dir, sys string) {
	inner := ""
	for levels := 0; levels < 4 && len(dir) > len(sys); levels++ {
		if vid := plug.Attribute(dir, "idVendor"); vid != "" {
			p.VID, p.PID, p.Serial, p.Product = vid, plug.Attribute(dir, "idProduct"), plug.Attribute(dir, "serial"), plug.Attribute(dir, "product")
			p.USB, p.Interface = filepath.Base(dir), inner
			return
		}
		inner = filepath.Base(dir)
		dir = filepath.Dir(dir)
	}
}

// links maps the names of device files to the links of a directory of /dev/serial that point to them.
func links(r plug.Roots, kind string) map[string]string {
	dir := filepath.Join(r.DevDir(), "serial", kind)
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return out // without udev there are none
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if to, err := os.Readlink(path); err == nil {
			out[filepath.Base(to)] = path
		}
	}
	return out
}
