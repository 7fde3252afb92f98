package serial

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// Port is a serial port of this machine, as sysfs describes it.
type Port struct {
	Path       string `json:"path"`             // /dev/ttyACM0
	Driver     string `json:"driver,omitempty"` // cdc_acm, ftdi_sio, …
	usb.Device        // of a USB port
	ByID       string `json:"by_id,omitempty"`   // link of /dev/serial/by-id
	ByPath     string `json:"by_path,omitempty"` // link of /dev/serial/by-path
}

// URL is the scanner URL that finds this port again after replugging, and none of the others in all.
func (p Port) URL(all []Port) string {
	if p.VID == "" {
		return "serial://" + p.Path
	}
	var devices []usb.Device
	for _, o := range all {
		devices = append(devices, o.Device)
	}
	return "serial://?" + usb.Only(p.Device, devices).String()
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
		p.Device, _ = usb.Above(device, r.SysDir())
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
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
