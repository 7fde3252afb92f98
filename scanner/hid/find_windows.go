package hid

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/backdock/backdock/scanner/hid/pos"
	"github.com/backdock/backdock/scanner/usb"
)

const eventSize = 24

func canKeyboard() error {
	return errors.New("no program can have a keyboard to itself on Windows: set the scanner to HID POS (hidpos:) or to USB-COM (serial:) with the code in its manual")
}

func canPOS() error { return nil }

// findPOS names the interface of the one HID POS scanner that matches. Serial numbers are compared as the device writes them.
func (t Target) findPOS() (string, error) {
	if t.Path != "" {
		return "", errors.New("on Windows a HID POS scanner is named by vid, pid and sn, not by a file")
	}
	if t.Socket != "" {
		return "", errors.New("on Windows a HID POS scanner is named by vid, pid and sn, not by usb=")
	}
	var guid windows.GUID
	hidGetGUID.Call(uintptr(unsafe.Pointer(&guid)))
	paths, err := windows.CM_Get_Device_Interface_List("", &guid, windows.CM_GET_DEVICE_INTERFACE_LIST_PRESENT)
	if err != nil {
		return "", fmt.Errorf("list HID devices: %w", err)
	}
	var all []usb.Named
	for _, path := range paths {
		if d, ok := posAt(path); ok {
			all = append(all, usb.Named{Path: path, Device: d})
		}
	}
	return usb.Find(t.Match, "HID POS scanner", all)
}

// posAt looks at a device without claiming it. ok is false for what is no HID POS scanner, or cannot be looked at.
func posAt(path string) (d usb.Device, ok bool) {
	h, err := openInterface(path, 0, 0)
	if err != nil {
		return d, false
	}
	defer windows.CloseHandle(h)
	a := attributes{size: uint32(unsafe.Sizeof(attributes{}))}
	if ok, _, _ := hidGetAttributes.Call(uintptr(h), uintptr(unsafe.Pointer(&a))); byte(ok) == 0 {
		return d, false
	}
	p, err := preparse(h)
	if err != nil {
		return d, false
	}
	defer p.free()
	c, err := p.caps()
	d = usb.Device{VID: fmt.Sprintf("%04x", a.vendor), PID: fmt.Sprintf("%04x", a.product), Serial: serialOf(h)}
	return d, err == nil && c.page == pos.Page && c.usage == uint16(pos.Scanner)
}

func serialOf(h windows.Handle) string {
	var b [128]uint16
	if ok, _, _ := hidGetSerial.Call(uintptr(h), uintptr(unsafe.Pointer(&b[0])), unsafe.Sizeof(b)); byte(ok) == 0 {
		return ""
	}
	return windows.UTF16ToString(b[:])
}

func openInterface(path string, access, flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, flags, 0)
}
