package hid

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/pos"
)

// Kind is how a device can be used.
type Kind string

const (
	KindKeyboard Kind = "keyboard" // types; may as well be a clerk's keyboard
	KindPOS      Kind = "pos"      // HID POS bar code scanner
)

// Found is a device of this machine that may be a scanner, as sysfs describes it.
type Found struct {
	Node   string // /dev/hidraw3, /dev/input/event7
	Kind   Kind
	VID    string // four hex digits in lower case
	PID    string
	Serial string
	Name   string // what the device calls itself
	Page   uint16 // usage page and usage of its application: 0x8C and 2 for POS, 1 and 6 for a keyboard
	Usage  uint16
}

// URL is the scanner URL that finds this device again after replugging.
func (f Found) URL() string {
	scheme := hidpos
	if f.Kind == KindKeyboard {
		scheme = evdev
	}
	if f.VID == "" || f.VID == "0000" {
		return scheme + "://" + f.Node
	}
	u := scheme + "://?vid=" + f.VID + "&pid=" + f.PID
	if f.Serial != "" {
		u += "&sn=" + url.QueryEscape(f.Serial)
	}
	return u
}

// List names the keyboards and HID POS scanners below a sysfs root. It opens no device, so it disturbs none and needs no permission.
func List(sys string) ([]Found, error) {
	var out []Found
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
			if f, ok := look(filepath.Join(dir, e.Name())); ok {
				out = append(out, f)
			}
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
	f = Found{Node: "/dev/" + filepath.Base(dir), Kind: KindPOS, Page: pos.Scanner.Page(), Usage: uint16(pos.Scanner)}
	for line := range strings.Lines(attribute(device, "uevent")) {
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
	if !strings.HasPrefix(filepath.Base(dir), "event") || !types(attribute(device, "capabilities/key")) {
		return f, false
	}
	return Found{Node: "/dev/input/" + filepath.Base(dir), Kind: KindKeyboard, VID: attribute(device, "id/vendor"), PID: attribute(device, "id/product"),
		Serial: attribute(device, "uniq"), Name: attribute(device, "name"), Page: 1, Usage: 6}, true
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

func attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func last4(s string) string { return s[max(0, len(s)-4):] }
