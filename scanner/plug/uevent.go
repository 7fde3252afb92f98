package plug

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// Uevent is what the kernel, or udev after its rules, says about one device.
type Uevent struct {
	Action    string // add, remove, change, bind, unbind, …
	DevPath   string // below /sys
	Subsystem string // tty, usb, hidraw, …
	DevName   string // below /dev, without it; empty for devices without a file
	Udev      bool   // udev's message: links and permissions are in place
}

// errUevent says that bytes are no uevent.
var errUevent = errors.New("no uevent")

// udev's messages begin with a header of struct monitor_netlink_header (systemd, src/libsystemd/sd-device/device-monitor.c): prefix, magic in network
// order, then sizes and offsets in the machine's own order.
const (
	udevPrefix     = "libudev\x00"
	udevMagic      = 0xfeedcafe
	udevMagicAt    = 8
	udevOffsetAt   = 16 // of the properties
	udevLengthAt   = 20
	udevHeaderSize = 24 // up to the length; filters follow
)

// Parse reads one message of the netlink family NETLINK_KOBJECT_UEVENT, group 1 (kernel) or 2 (udev).
func Parse(b []byte) (Uevent, error) {
	var e Uevent
	properties := b
	if bytes.HasPrefix(b, []byte(udevPrefix)) {
		var ok bool
		if properties, ok = udevProperties(b); !ok {
			return Uevent{}, errUevent
		}
		e.Udev = true
	} else {
		// ACTION@DEVPATH, then the properties, which say both again.
		head, rest, _ := bytes.Cut(b, []byte{0})
		if !bytes.Contains(head, []byte{'@'}) {
			return Uevent{}, errUevent
		}
		properties = rest
	}
	for line := range bytes.SplitSeq(properties, []byte{0}) {
		key, value, _ := strings.Cut(string(line), "=")
		switch key {
		case "ACTION":
			e.Action = value
		case "DEVPATH":
			e.DevPath = value
		case "SUBSYSTEM":
			e.Subsystem = value
		case "DEVNAME":
			e.DevName = strings.TrimPrefix(value, "/dev/") // udev writes the whole path
		}
	}
	if e.Action == "" || e.DevPath == "" {
		return Uevent{}, errUevent
	}
	return e, nil
}

func udevProperties(b []byte) ([]byte, bool) {
	if len(b) < udevHeaderSize || binary.BigEndian.Uint32(b[udevMagicAt:]) != udevMagic {
		return nil, false
	}
	at, n := uint64(binary.NativeEndian.Uint32(b[udevOffsetAt:])), uint64(binary.NativeEndian.Uint32(b[udevLengthAt:]))
	if at < udevHeaderSize || at+n > uint64(len(b)) {
		return nil, false
	}
	return b[at : at+n], true
}

// scannersMay lists the subsystems in which a scanner appears or disappears.
var scannersMay = map[string]bool{"tty": true, "usb": true, "usb-serial": true, "hid": true, "hidraw": true, "input": true}

// matters reports whether a message may be about a scanner. What cannot be read may be.
func matters(b []byte) bool {
	e, err := Parse(b)
	return err != nil || scannersMay[e.Subsystem]
}
