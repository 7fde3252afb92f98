package hid

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/pos"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// Kind is how a device can be used.
type Kind string

const (
	KindKeyboard Kind = "keyboard" // types; may as well be a clerk's keyboard
	KindPOS      Kind = "pos"      // HID POS bar code scanner
)

// Found is a device of this machine that may be a scanner, as sysfs describes it.
type Found struct {
	Node       string // /dev/hidraw3, /dev/input/event7
	Kind       Kind
	usb.Device        // ids and serial number also of a device on another bus
	Name       string // what the device calls itself
	Page       uint16 // usage page and usage of its application: 0x8C and 2 for POS, 1 and 6 for a keyboard
	Usage      uint16
}

// URL is the scanner URL that finds this device again after replugging, and none of the others of its kind in all.
func (f Found) URL(all []Found) string {
	scheme := hidpos
	if f.Kind == KindKeyboard {
		scheme = evdev
	}
	if f.VID == "" || f.VID == "0000" {
		return scheme + "://" + f.Node
	}
	var devices []usb.Device
	for _, o := range all {
		if o.Kind == f.Kind {
			devices = append(devices, o.Device)
		}
	}
	return scheme + "://?" + usb.Only(f.Device, devices).String()
}

// List names the keyboards and HID POS scanners of a machine. It opens no device, so it disturbs none and needs no permission.
func List(r plug.Roots) ([]Found, error) {
	var out []Found
	sys := r.SysDir()
	for class, look := range map[string]func(string) (Found, bool){"hidraw": hidrawAt, "input": inputAt} {
		dir := filepath.Join(sys, "class", class)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(filepath.Join(sys, "class")); err == nil {
				continue // no such device was ever plugged in
			}
			return nil, fmt.Errorf("list HID devices: there is no sysfs at %s, it is for Linux only; elsewhere name the scanner by vid and pid", sys)
		}
		if err != nil {
			return nil, fmt.Errorf("list HID devices: %w", err)
		}
		for _, e := range entries {
			f, ok := look(filepath.Join(dir, e.Name()))
			if !ok {
				continue
			}
			f.Node = filepath.Join(r.DevDir(), f.Node)
			if device, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name(), "device")); err == nil {
				if d, ok := usb.Above(device, sys); ok {
					f.Socket, f.Interface = d.Socket, d.Interface
				}
			}
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(len(a.Node), len(b.Node)), cmp.Compare(a.Node, b.Node))
	})
	return out, nil
}

// hidrawAt looks at /sys/class/hidraw/hidrawN. ok is true for a HID POS scanner.
func hidrawAt(dir string) (f Found, ok bool) {
	device := filepath.Join(dir, "device")
	if !applications(device).Is(pos.Scanner) {
		return f, false
	}
	f = Found{Node: filepath.Base(dir), Kind: KindPOS, Page: pos.Scanner.Page(), Usage: uint16(pos.Scanner)}
	for line := range strings.Lines(plug.Attribute(device, "uevent")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "HID_NAME":
			f.Name = value
		case "HID_UNIQ":
			f.Serial = value
		case "HID_ID": // bus, vendor, product: 0003:00000C2E:00000B6A
			if ids := strings.Split(strings.ToLower(value), ":"); len(ids) == 3 {
				f.VID, f.PID = last4(ids[1]), last4(ids[2])
			}
		}
	}
	return f, true
}

// inputAt looks at /sys/class/input/eventN. ok is true for a device with the keys of a keyboard.
func inputAt(dir string) (f Found, ok bool) {
	device := filepath.Join(dir, "device")
	if !strings.HasPrefix(filepath.Base(dir), "event") || !types(plug.Attribute(device, "capabilities/key")) {
		return f, false
	}
	ids := usb.Device{VID: plug.Attribute(device, "id/vendor"), PID: plug.Attribute(device, "id/product"), Serial: plug.Attribute(device, "uniq")}
	return Found{Node: "input/" + filepath.Base(dir), Kind: KindKeyboard, Device: ids, Name: plug.Attribute(device, "name"), Page: 1, Usage: 6}, true
}

// typingKeys are the digits, Enter and A: buttons and remote controls lack them.
const typingKeys = 0x3ff<<2 | 1<<28 | 1<<30

// types reads a bitmap of keys as sysfs prints it: words in hexadecimal, the highest first, as long as the kernel's.
func types(bitmap string) bool {
	words := strings.Fields(bitmap)
	if len(words) == 0 {
		return false
	}
	low, err := strconv.ParseUint(words[len(words)-1], 16, 64)
	return err == nil && low&typingKeys == typingKeys
}

// applications reads a device's report descriptor; of one that cannot be read nothing is known.
func applications(device string) descriptor.Descriptor {
	raw, err := os.ReadFile(filepath.Join(device, "report_descriptor"))
	if err != nil {
		return descriptor.Descriptor{}
	}
	d, err := descriptor.Parse(raw)
	if err != nil {
		return descriptor.Descriptor{}
	}
	return d
}

func last4(s string) string { return s[max(0, len(s)-4):] }
