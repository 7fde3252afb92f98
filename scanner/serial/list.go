package serial

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Port is a serial port of this machine, as sysfs describes it.
type Port struct {
	Path    string // /dev/ttyACM0
	Driver  string // cdc_acm, ftdi_sio, …
	VID     string // of a USB port, four hex digits
	PID     string
	Serial  string
	Product string // what the device calls itself
}

// URL is the scanner URL that finds this port again after replugging.
func (p Port) URL() string {
	if p.VID == "" {
		return "serial://" + p.Path
	}
	u := "serial://?vid=" + p.VID + "&pid=" + p.PID
	if p.Serial != "" {
		u += "&sn=" + p.Serial
	}
	return u
}

// List names the serial ports below a sysfs root, in the order of their names. It opens no port.
func List(sys string) ([]Port, error) {
	dir := filepath.Join(sys, "class", "tty")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list serial ports (from sysfs, so on Linux only; elsewhere name the port): %w", err)
	}
	var out []Port
	for _, e := range entries {
		device, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name(), "device"))
		if err != nil {
			continue // consoles and pseudo-terminals have no device
		}
		if strings.HasPrefix(e.Name(), "ttyS") && attribute(filepath.Join(dir, e.Name()), "type") == "0" {
			continue // a port the board does not have
		}
		p := Port{Path: "/dev/" + e.Name()}
		if driver, err := os.Readlink(filepath.Join(device, "driver")); err == nil {
			p.Driver = filepath.Base(driver)
		}
		// The USB device is one or two levels above the interface that the port hangs on.
		for d, levels := device, 0; levels < 4 && len(d) > len(sys); d, levels = filepath.Dir(d), levels+1 {
			if vid := attribute(d, "idVendor"); vid != "" {
				p.VID, p.PID, p.Serial, p.Product = vid, attribute(d, "idProduct"), attribute(d, "serial"), attribute(d, "product")
				break
			}
		}
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

func attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
