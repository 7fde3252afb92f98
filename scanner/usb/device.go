package usb

import (
	"path/filepath"

	"github.com/backdock/backdock/scanner/plug"
)

// Device is what a USB device says of itself, and where it is.
type Device struct {
	VID       string `json:"vid,omitempty"`       // four hex digits, lower case; empty for what is no USB device
	PID       string `json:"pid,omitempty"`       //
	Serial    string `json:"serial,omitempty"`    // many cheap scanners have none, or all the same
	Product   string `json:"product,omitempty"`   // what it calls itself
	Socket    string `json:"socket,omitempty"`    // 1-2.3
	Interface string `json:"interface,omitempty"` // 1-2.3:1.0
}

// levels is how far above a device of a class its USB device may be: an input device is five below.
const levels = 6

// Above finds the USB device that a directory of sysfs, without links in its path, belongs to.
func Above(dir, sys string) (d Device, ok bool) {
	for range levels {
		if len(dir) <= len(sys) {
			break
		}
		if d.VID = plug.Attribute(dir, "idVendor"); d.VID != "" {
			d.PID, d.Serial, d.Product, d.Socket = plug.Attribute(dir, "idProduct"), plug.Attribute(dir, "serial"), plug.Attribute(dir, "product"), filepath.Base(dir)
			return d, true
		}
		d.Interface = filepath.Base(dir)
		dir = filepath.Dir(dir)
	}
	return Device{}, false
}
